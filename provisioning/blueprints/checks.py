"""Holds a blueprint against its own templates: whatever one says about the other must be so."""

import json
import re
from collections.abc import Iterator, Mapping

from provisioning.blueprints.deploying import check_deploy
from provisioning.blueprints.fields import Problems
from provisioning.blueprints.masking import check_masking
from provisioning.blueprints.model import (
    FORMATS,
    STACK_KINDS,
    Blueprint,
    BlueprintProblem,
    Flag,
    StackBlueprint,
    TablePromise,
)
from provisioning.blueprints.policies import policy_problems
from provisioning.blueprints.promises import computed_names, filled_values, starting_values, table_promises
from provisioning.blueprints.shapes import Pseudo, TemplateError
from provisioning.blueprints.values import validate_values

_PLACEHOLDER = "{environment}"
_STACK_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_PATH = re.compile(r"(/[A-Za-z0-9_.-]+)+/")
_FLAG_KEY = re.compile(r"[A-Za-z0-9_.-]+")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_KEEPING = ("Retain", "RetainExceptOnCreate")
_HOLDS_DATA = frozenset(("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"))
_SAMPLE = Pseudo("us-east-1", "000000000000", "sample")


def check(blueprint: Blueprint, problems: Problems) -> None:
    """Add to `problems` whatever in the blueprint does not fit its templates or could lose data (R2)."""
    for kind in STACK_KINDS:
        _check_stack(blueprint.stacks[kind], problems)
    _check_tables_stay(blueprint, problems)
    _check_form(blueprint, problems)
    _check_stages(blueprint, problems)
    _check_path(blueprint, problems)
    check_deploy(blueprint, problems)
    if problems.found:
        return
    try:
        tables = {table.logical_id: table for table in _sample_tables(blueprint)}
        parameters = computed_names(blueprint, "dev", "dev", _SAMPLE).parameters
    except TemplateError as error:
        problems.found.append(BlueprintProblem(error.file, error.line, error.sentence, error.fix))
        return
    except (AttributeError, KeyError, TypeError, ValueError):
        # A template may hold any shape where a table's keys belong; AWS would refuse it later anyway.
        problems.add(("stacks", "data", "template"), "A table is not described as AWS asks.", "Run cfn-lint.")
        return
    _check_patterns(blueprint, tables, problems)
    check_masking(blueprint, tables, problems)
    _check_flags(blueprint, parameters, problems)
    _check_configuration(blueprint, parameters, problems)


def _sample_tables(blueprint: Blueprint) -> tuple[TablePromise, ...]:
    filled = filled_values(blueprint, "data", environment="dev", stage="dev", owner="someone", environment_id="1")
    return table_promises(blueprint, starting_values(blueprint, "data", "dev") | filled, _SAMPLE)


def _check_stack(stack: StackBlueprint, problems: Problems) -> None:
    at = ("stacks", stack.kind)
    name = stack.name_pattern
    if name.count(_PLACEHOLDER) != 1 or not _STACK_NAME.fullmatch(name.replace(_PLACEHOLDER, "dev")):
        problems.add(
            (*at, "name"),
            f"“{name}” cannot name a stack of each environment.",
            f"Use letters, digits, hyphens and {_PLACEHOLDER} once, such as app-{_PLACEHOLDER}.",
        )
    missing = stack.template.capabilities - stack.capabilities_allowed
    if missing:
        problems.add(
            (*at, "capabilities"),
            f"The {stack.kind} template makes IAM resources that are not allowed here.",
            f"Add {', '.join(sorted(missing))} to capabilities, or take them out.",
        )
    for parameter, filler in stack.filled.items():
        if parameter not in stack.template.parameters:
            problems.add(
                (*at, "filled", parameter),
                f"The {stack.kind} template has no parameter {parameter}.",
                "Remove the line, or declare the parameter.",
            )
        if filler == "data_stack_name" and stack.kind == "data":
            problems.add((*at, "filled", parameter), "The data stack cannot use its own exports.", "Remove the line.")


def _check_tables_stay(blueprint: Blueprint, problems: Problems) -> None:
    for stack in blueprint.stacks.values():
        for name, body in stack.template.resources.items():
            if body["Type"] not in _HOLDS_DATA:
                continue
            for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
                if body.get(policy) not in _KEEPING:
                    line = stack.template.line("Resources", name, policy)
                    problems.found.append(
                        BlueprintProblem(
                            stack.template.source,
                            line,
                            f"{name} would lose its data.",
                            f"Set {policy}: Retain on it.",
                        )
                    )


def _check_form(blueprint: Blueprint, problems: Problems) -> None:
    seen = set()
    for at, group in enumerate(blueprint.groups):
        for index, field in enumerate(group.parameters):
            path = ("parameters", str(at), "fields", str(index), "name")
            stack = blueprint.stacks[field.stack]
            if field.name not in stack.template.parameters:
                problems.add(
                    path,
                    f"The {field.stack} template has no parameter {field.name}.",
                    "Correct the name, or declare the parameter.",
                )
            if field.name in stack.filled:
                problems.add(path, f"Stackyard fills {field.name} itself.", "Remove it from the form.")
            if (field.stack, field.name) in seen:
                problems.add(path, f"{field.name} is on the form twice.", "Remove one of the two.")
            seen.add((field.stack, field.name))


def _check_stages(blueprint: Blueprint, problems: Problems) -> None:
    for stage, policy in blueprint.stages.items():
        at = ("stages", stage)
        for path, sentence, fix in policy_problems(policy):
            problems.add((*at, *path), sentence, fix)
        if policy.promote_from and blueprint.deploy.artifact is None:
            fix = "Add artifact: to deploy:, or remove it."
            problems.add((*at, "promote_from"), "Nothing is deployed here that could be promoted.", fix)
        for kind, defaults in policy.defaults.items():
            stack = blueprint.stacks[kind]
            wrong = validate_values(stack.template, defaults)
            for name in defaults:
                if name in stack.filled:
                    wrong[name] = "Stackyard fills it itself."
                if name in wrong:
                    problems.add(
                        (*at, "defaults", kind, name),
                        f"The default of {name} does not fit: {wrong[name]}",
                        "Correct or remove it.",
                    )


def _check_path(blueprint: Blueprint, problems: Problems) -> None:
    """M2: what a parameter's name may be."""
    path = blueprint.parameter_path
    if path is None:
        return
    plain = path.replace(_PLACEHOLDER, "dev")
    reserved = plain.lower().startswith(("/aws", "/ssm"))
    if path.count(_PLACEHOLDER) != 1 or not _PATH.fullmatch(plain) or reserved:
        problems.add(
            ("parameter_path",),
            f"“{path}” cannot be the parameter path of each environment.",
            f"Write it as /application/{_PLACEHOLDER}/, not under /aws or /ssm.",
        )


def _check_patterns(blueprint: Blueprint, tables: Mapping[str, TablePromise], problems: Problems) -> None:
    for at, pattern in enumerate(blueprint.patterns):
        path = ("patterns", str(at))
        table = tables.get(pattern.table)
        if table is None:
            problems.add((*path, "table"), f"The data template has no table {pattern.table}.", "Correct it.")
            continue
        schemas = {None: table.key_schema} | {index.name: index.key_schema for index in table.indexes}
        if pattern.index not in schemas:
            problems.add((*path, "index"), f"{pattern.table} has no index {pattern.index}.", "Correct the name.")
            continue
        keys = {kind: name for name, kind in schemas[pattern.index]}
        for key, kind in (("partition_key", "HASH"), ("sort_key", "RANGE")):
            given = getattr(pattern, key)
            if given != keys.get(kind) and (given or kind == "HASH"):
                problems.add(
                    (*path, key),
                    f"{given} is not the {key.replace('_', ' ')} there.",
                    f"It is {keys.get(kind) or 'none'}.",
                )


def _check_flags(blueprint: Blueprint, parameters: tuple[str, ...], problems: Problems) -> None:
    """M13: a parameter belongs either to a stack or to Stackyard."""
    for at, flag in enumerate(blueprint.flags):
        path = ("flags", str(at))
        if blueprint.parameter_path is None:
            problems.add(path, "Flags need a parameter path.", "Add parameter_path: to the blueprint.")
        elif parameters.count(f"{blueprint.path('dev')}{flag.key}") > 1:
            problems.add(
                (*path, "key"),
                f"{flag.key} is there twice.",
                "A stack must not own it; keep one flag of the name.",
            )
        if not _FLAG_KEY.fullmatch(flag.key):
            problems.add((*path, "key"), f"“{flag.key}” cannot be a key.", "Use letters, digits and _ . -")
        if not _fits(flag):
            problems.add((*path, "default"), "The default does not fit the type.", "Correct one of the two.")


def _fits(flag: Flag) -> bool:
    return {
        "boolean": flag.default in ("true", "false"),
        "number": bool(_NUMBER.fullmatch(flag.default)),
        "choice": flag.default in flag.allowed,
        "text": bool(flag.default),
        "list": bool(flag.default) and all(member.strip() for member in flag.default.split(",")),
        "json": _is_json(flag.default),
        "secret": not flag.default,
    }[flag.type]


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _check_configuration(blueprint: Blueprint, parameters: tuple[str, ...], problems: Problems) -> None:
    for value in blueprint.configuration:
        path = ("configuration", value.variable)
        if not _VARIABLE.fullmatch(value.variable):
            problems.add(path, f"“{value.variable}” cannot be a variable.", "Use letters, digits and _.")
        for sentence in _source_problems(blueprint, value.source, parameters):
            problems.add(
                path,
                sentence,
                "Use output:<stack>:<output>, parameter:<key>, region, environment, stage or text:…",
            )
    for name in blueprint.formats:
        if name not in FORMATS:
            problems.add(("formats",), f"“{name}” is not a format.", f"Use some of {', '.join(FORMATS)}.")


def _source_problems(blueprint: Blueprint, source: str, parameters: tuple[str, ...]) -> Iterator[str]:
    kind, _, rest = source.partition(":")
    if kind == "output":
        stack, _, name = rest.partition(":")
        if stack not in STACK_KINDS or name not in blueprint.stacks[stack].template.outputs:
            yield f"There is no output {rest}."
    elif kind == "parameter":
        if f"{blueprint.path('dev') or ''}{rest}" not in parameters:
            yield f"There is no parameter {rest}."
    elif kind not in ("region", "environment", "stage", "text"):
        yield f"“{source}” is not a source."
