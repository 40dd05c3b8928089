"""Loads folders of blueprints. A broken one becomes problems (file, line, fix); the others stay usable."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from provisioning.blueprints.checks import check
from provisioning.blueprints.deploying import deploy_of
from provisioning.blueprints.fields import Problems, Section
from provisioning.blueprints.model import (
    CHOICES,
    FILLERS,
    FLAG_AFTER,
    FLAG_TYPES,
    STACK_KINDS,
    STAGES,
    AccessPattern,
    Blueprint,
    BlueprintProblem,
    ConfigValue,
    Flag,
    Library,
    MaskRule,
    ParameterGroup,
    ParameterHelp,
    StackBlueprint,
    StagePolicy,
)
from provisioning.blueprints.policies import EVERY, POLICY_KEYS, PolicyFloor, under, written
from provisioning.blueprints.reading import read
from provisioning.blueprints.shapes import Template, TemplateError
from provisioning.blueprints.template import parse

SHIPPED = Path(__file__).parent / "library"

_FILE = "blueprint.yaml"
_SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_KNOWN = frozenset(
    (
        *("title", "summary", "description", "owner", "version", "parameter_path", "stacks", "stages"),
        *("parameters", "patterns", "masking", "flags", "deploy", "configuration", "formats"),
    )
)
_STACK = frozenset(("template", "name", "capabilities", "filled"))
_STAGE = POLICY_KEYS | {"personal", "lifetime_days", "lifetime_max_days", "defaults"}
_FIELD = frozenset(("stack", "name", "label", "help", "choices", "unit", "advanced"))
_PATTERN = frozenset(("table", "title", "index", "partition_key", "sort_key", "descending"))
_MASK = frozenset(("table", "hide", "stages"))
_FLAG = frozenset(("key", "title", "description", "type", "default", "after", "allowed", "owner", "stale_after"))

Loaded = tuple[Blueprint | None, tuple[BlueprintProblem, ...]]


def library() -> Library:
    """The shipped blueprints and those of `settings.BLUEPRINT_DIRS`, read again when a file changes, each stage's
    policy under what the platform says of it (`settings.POLICIES`)."""
    dirs = (SHIPPED, *settings.BLUEPRINT_DIRS)
    stamps = tuple(_stamp(file) for folder in dirs for file in _files(folder))
    return _loaded(dirs, stamps, tuple(settings.POLICIES))


@lru_cache(maxsize=2)
def _loaded(
    dirs: tuple[Path, ...], stamps: tuple[tuple[str, int, int], ...], floors: tuple[PolicyFloor, ...]
) -> Library:
    return governed(load_library(dirs, _unchanged), floors)


def governed(found: Library, floors: Sequence[PolicyFloor]) -> Library:
    """The library with the platform's policies over those of its blueprints; one of no application is a problem."""
    blueprints = {
        slug: replace(
            blueprint, stages={stage: under(policy, slug, floors) for stage, policy in blueprint.stages.items()}
        )
        for slug, blueprint in found.blueprints.items()
    }
    homeless = tuple(
        BlueprintProblem(floor.file, floor.line, f"There is no application {floor.application}.", "Correct its name.")
        for floor in floors
        if floor.application not in {EVERY, *blueprints}
    )
    return Library(blueprints, (*found.problems, *homeless))


def _files(folder: Path) -> list[Path]:
    return sorted([*folder.glob("*"), *folder.glob("*/*")])


def _stamp(file: Path) -> tuple[str, int, int]:
    try:
        found = file.stat()
    except OSError:  # removed since it was listed
        return str(file), 0, 0
    return str(file), found.st_mtime_ns, found.st_size


def load_library(dirs: Sequence[Path], load: Callable[[Path], Loaded] | None = None) -> Library:
    """Load every folder below `dirs` that is not hidden, each by `load`, which is `load_blueprint` unless given.
    Never raises for what is in them: see `problems`.

    When two folders have the same slug the first wins and the second is a problem.
    """
    load = load or load_blueprint
    blueprints: dict[str, Blueprint] = {}
    problems: list[BlueprintProblem] = []
    for parent in dirs:
        if not parent.is_dir():
            problems.append(BlueprintProblem(str(parent), 1, "This folder does not exist.", "Correct BLUEPRINT_DIRS."))
            continue
        for folder in sorted(parent.iterdir()):
            if not folder.is_dir() or folder.name.startswith((".", "_")):
                continue
            if folder.name in blueprints:
                problems.append(
                    BlueprintProblem(
                        str(folder / _FILE),
                        1,
                        f"There already is a blueprint called {folder.name}.",
                        "Rename this folder.",
                    )
                )
                continue
            blueprint, found = load(folder)
            problems += found
            if blueprint:
                blueprints[blueprint.slug] = blueprint
    return Library(blueprints, tuple(problems))


def _unchanged(folder: Path) -> Loaded:
    """The folder as it was read last, unless one of its files has changed: an edit costs the reading of one."""
    return _read(folder, tuple(_stamp(file) for file in _files(folder)))


@lru_cache(maxsize=64)
def _read(folder: Path, _: tuple[tuple[str, int, int], ...]) -> Loaded:
    return load_blueprint(folder)


def load_blueprint(folder: Path) -> Loaded:
    """Load one folder: the blueprint, or None and everything that is wrong with it."""
    file = folder / _FILE
    try:
        text = _text(file)
        document = read(text, str(file))
    except TemplateError as error:
        return None, (_as_problem(error),)
    problems = Problems(str(file), document)
    top = Section(document.data, (), problems, _KNOWN)
    if not _SLUG.fullmatch(folder.name):
        top.complain((), f"The folder name “{folder.name}” cannot be a slug.", "Use small letters and hyphens.")
    stacks = _stacks(top, folder)
    if stacks is None:
        return None, tuple(problems.found)
    blueprint = _blueprint(top, folder.name, _digest(text, stacks), stacks)
    if not problems.found:
        check(blueprint, problems)
    return (None if problems.found else blueprint), tuple(problems.found)


def _as_problem(error: TemplateError) -> BlueprintProblem:
    return BlueprintProblem(error.file, error.line, error.sentence, error.fix)


def _text(file: Path) -> str:
    """The file's text. Raises TemplateError when there is none."""
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise TemplateError(str(file), 1, "This file is missing.", "Write it, or remove the folder.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateError(str(file), 1, "This file cannot be read.", "Check its rights; save it as UTF-8.") from error


def _blueprint(top: Section, slug: str, digest: str, stacks: Mapping[str, StackBlueprint]) -> Blueprint:
    return Blueprint(
        slug=slug,
        title=top.text("title"),
        summary=top.text("summary"),
        description=top.text("description", ""),
        owner=top.text("owner"),
        version=top.text("version"),
        stacks=stacks,
        stages=_stages(top),
        groups=_groups(top, stacks),
        patterns=_patterns(top),
        flags=_flags(top),
        deploy=deploy_of(top),
        configuration=tuple(ConfigValue(*pair) for pair in top.pairs("configuration").items()),
        formats=top.texts("formats"),
        parameter_path=top.text("parameter_path", "") or None,
        digest=digest,
        masking=_masking(top),
    )


def _digest(text: str, stacks: Mapping[str, StackBlueprint]) -> str:
    parts = (text, *(stacks[kind].template.digest for kind in STACK_KINDS))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _stacks(top: Section, folder: Path) -> dict[str, StackBlueprint] | None:
    """Both stacks, or None when a template cannot be read (nothing else can be checked then)."""
    section = top.section("stacks", STACK_KINDS)
    found = {}
    for kind in STACK_KINDS:
        if kind not in section.data:
            section.complain((kind,), f"There is no {kind} stack.", f"Add {kind}: under stacks.")
            continue
        stack = section.section(kind, _STACK)
        template = _template(stack, folder)
        if template is None:
            continue
        found[kind] = StackBlueprint(
            kind=kind,
            name_pattern=stack.text("name"),
            template=template,
            capabilities_allowed=frozenset(stack.texts("capabilities")),
            filled=_filled(stack),
        )
    return found if len(found) == len(STACK_KINDS) else None


def _template(stack: Section, folder: Path) -> Template | None:
    name = stack.text("template")
    if not name:
        return None
    if Path(name).name != name:
        stack.complain(("template",), f"“{name}” is not in the blueprint's folder.", "Name a file beside it.")
        return None
    if not (folder / name).is_file():
        stack.complain(("template",), f"The template {name} is missing.", f"Write {name} beside {_FILE}.")
        return None
    try:
        return parse(_text(folder / name), str(folder / name))
    except TemplateError as error:
        stack.problems.found.append(_as_problem(error))
        return None


def _filled(stack: Section) -> dict[str, str]:
    filled = stack.pairs("filled")
    section = stack.section("filled", filled)
    return {name: section.one_of(name, FILLERS) for name in filled}


def _stages(top: Section) -> dict[str, StagePolicy]:
    section = top.section("stages", STAGES)
    found = {}
    for stage in STAGES:
        if stage not in section.data:
            section.complain((stage,), f"The stage {stage} is missing.", f"Add {stage}: under stages.")
            continue
        policy = section.section(stage, _STAGE)
        defaults = policy.section("defaults", STACK_KINDS)
        parts = {"approver_groups": (), **written(policy, needed=("approvals", "protection"))}
        found[stage] = StagePolicy(
            stage=stage,
            lifetime_days=policy.count("lifetime_days", optional=True) or None,
            lifetime_max_days=policy.count("lifetime_max_days", optional=True) or None,
            personal=policy.flag("personal", default=False),
            defaults={kind: defaults.pairs(kind) for kind in STACK_KINDS},
            **parts,
        )
    return found


def _groups(top: Section, stacks: Mapping[str, StackBlueprint]) -> tuple[ParameterGroup, ...]:
    """The form's groups; parameters that no group names come last, under the template's own words."""
    groups = []
    for group in top.sections("parameters", frozenset(("title", "fields"))):
        fields = tuple(_field(field) for field in group.sections("fields", _FIELD))
        groups.append(ParameterGroup(group.text("title"), fields))
    named = {(field.stack, field.name) for group in groups for field in group.parameters}
    rest = tuple(
        ParameterHelp(kind, name, name, parameter.description)
        for kind, stack in stacks.items()
        for name, parameter in stack.template.parameters.items()
        if (kind, name) not in named and name not in stack.filled
    )
    return (*groups, ParameterGroup("Other settings", rest)) if rest else tuple(groups)


def _field(field: Section) -> ParameterHelp:
    return ParameterHelp(
        stack=field.one_of("stack", STACK_KINDS),
        name=field.text("name"),
        label=field.text("label"),
        help=field.text("help", ""),
        choices_from=field.one_of("choices", CHOICES, ""),
        unit=field.text("unit", ""),
        advanced=field.flag("advanced", default=False),
    )


def _patterns(top: Section) -> tuple[AccessPattern, ...]:
    return tuple(
        AccessPattern(
            table=pattern.text("table"),
            title=pattern.text("title"),
            index=pattern.text("index", "") or None,
            partition_key=pattern.text("partition_key"),
            sort_key=pattern.text("sort_key", "") or None,
            descending=pattern.flag("descending", default=False),
        )
        for pattern in top.sections("patterns", _PATTERN)
    )


def _masking(top: Section) -> tuple[MaskRule, ...]:
    """The rules; one without stages is for prod. `hide: []` says on purpose that nothing of a table is hidden."""
    rules = []
    for rule in top.sections("masking", _MASK):
        if "hide" not in rule.data:
            rule.complain(("hide",), "The rule does not say what to hide.", "Add hide: [one, two], or hide: [].")
        stages = rule.texts("stages") if "stages" in rule.data else ("prod",)
        for stage in stages:
            if stage not in STAGES:
                rule.complain(("stages",), f"“{stage}” is no stage.", f"Use some of {', '.join(STAGES)}.")
        rules.append(MaskRule(rule.text("table"), rule.texts("hide"), frozenset(stages)))
    return tuple(rules)


def _flags(top: Section) -> tuple[Flag, ...]:
    return tuple(_flag(flag, top.text("owner", "")) for flag in top.sections("flags", _FLAG))


def _flag(flag: Section, owner: str) -> Flag:
    kind = flag.one_of("type", FLAG_TYPES)
    return Flag(
        key=flag.text("key"),
        title=flag.text("title"),
        type=kind,
        default=flag.text("default", "" if kind == "secret" else None),
        after=flag.one_of("after", FLAG_AFTER),
        allowed=flag.texts("allowed"),
        description=flag.text("description", ""),
        owner=flag.text("owner", owner),
        stale_after=flag.day("stale_after"),
    )
