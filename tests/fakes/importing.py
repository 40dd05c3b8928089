"""What an IMPORT change set may ask for (R5, R6). Each answer is AWS's reason why not, or empty."""

from collections.abc import Mapping, Sequence
from typing import Any

from provisioning.blueprints.shapes import Resolved, Template

from .naming import NAMED_BY
from .resources import TABLE
from .world import Stack, World

Targets = Sequence[Mapping[str, Any]]
REVIEW = (
    "Verify that resources and their properties defined in the template match the intended configuration of the"
    " resource import to avoid unexpected changes."
)
ONLY = "Update, create or delete operations cannot be executed during import operations."


def frozen(stack: Stack, tags: Mapping[str, str], *, outputs_differ: bool) -> str:
    """Outputs and tags stay what they are."""
    what = "Outputs" if outputs_differ else "Tags" if tags != stack.tags else ""
    return f"As part of the import operation, you cannot modify or add [{what}]" if what else ""


def ill_named(targets: Targets, wanted: Resolved) -> str:
    """Every target is there once, in the template too, with its type and identifier."""
    names = [one["LogicalResourceId"] for one in targets]
    if not names:
        return "Must Provide at least one resource to import"
    if len(set(names)) != len(names):
        return "Every resource to import must have unique LogicalResourceId"
    declared = {one.logical_id: one for one in wanted.resources}
    unknown = [name for name in names if name not in declared]
    if unknown:
        return f"The logical resource ids {_list(unknown)} provided in ResourceToImport do not exist in the template."
    for one in targets:
        resource, key = declared[one["LogicalResourceId"]], NAMED_BY.get(one["ResourceType"], "")
        if resource.type != one["ResourceType"]:
            text = f"Resource type of [{resource.logical_id}] passed in ResourceToImport does not match"
            return f"{text} with resource type defined in the template."
        if set(one["ResourceIdentifier"]) != {key}:
            return f"Invalid resource identifier for resource type {resource.type}. Expected [{key}]"
        if resource.properties.get(key, "") != one["ResourceIdentifier"][key]:
            return f"The identifier of [{resource.logical_id}] does not match its {key} in the template."
    return ""


def more_than_import(stack: Stack, targets: Targets, wanted: Resolved, template: Template) -> str:
    """Nothing else is made, changed or taken away, and every target says what becomes of it later."""
    names = [one["LogicalResourceId"] for one in targets]
    there = stack.resources
    known = [name for name in names if name in there]
    if known:
        return f"Resources {_list(known)} passed in ResourceToImport are already in a stack and cannot be imported."
    declared = {one.logical_id: one for one in wanted.resources}
    extra = [name for name in declared if name not in there and name not in names]
    if extra:
        return f"Resources {_list(extra)} is missing from ResourceToImport list"
    touched = [name for name in there if name not in declared or declared[name].properties != there[name].properties]
    if touched:
        return f"You have modified resources {_list(touched)} in your template that are not being imported. {ONLY}"
    unkept = [name for name in names if "DeletionPolicy" not in template.resources[name]]
    if unkept:
        text = f"The following resources to import {_list(unkept)} must have DeletionPolicy attribute"
        return f"{text} specified in the template."
    return ""


def not_importable(world: World, targets: Targets) -> str:
    """Why the change set fails: a target is not there, or another stack has it."""
    for one in targets:
        (name,) = one["ResourceIdentifier"].values()
        table = world.tables.get(name)
        if one["ResourceType"] != TABLE or table is None:
            return f"Table: {name} does not exist."
        if table.stack_id:
            return f"{name} already exists in stack {table.stack_id}"
    return ""


def _list(names: Sequence[str]) -> str:
    return f"[{', '.join(names)}]"
