"""What a change set says: each resource that differs, in the shape of AWS's own answer."""

import json
from collections.abc import Iterator
from typing import Any

from provisioning.blueprints.shapes import Resolved, ResolvedResource

from .naming import ALWAYS, CONDITIONALLY, NEVER, recreation
from .resources import physical_id
from .world import Placed, Stack, World

Row = dict[str, Any]


def differences(world: World, stack: Stack, wanted: Resolved, tags: dict[str, str]) -> list[Row]:
    """The changes from what the stack has to what is wanted, by logical id."""
    rows = list(_rows(world, stack, wanted, retagged=tags != stack.tags))
    return [
        {"Type": "Resource", "ResourceChange": row} for row in sorted(rows, key=lambda row: row["LogicalResourceId"])
    ]


def _rows(world: World, stack: Stack, wanted: Resolved, *, retagged: bool) -> Iterator[Row]:
    there = stack.resources
    for resource in wanted.resources:
        placed = there.get(resource.logical_id)
        if placed is None:
            yield _row("Add", resource.logical_id, resource.type, "")
        elif placed.properties != resource.properties or retagged:
            yield _modified(placed, resource, retagged=retagged)
    kept = {resource.logical_id for resource in wanted.resources}
    for logical_id, placed in there.items():
        if logical_id not in kept:
            policy = "Retain" if placed.deletion_policy.startswith("Retain") else "Delete"
            yield {**_row("Remove", logical_id, placed.type, placed.physical_id), "PolicyAction": policy}


def imports(world: World, stack: Stack, wanted: Resolved) -> list[Row]:
    """The changes of an IMPORT: every resource of the template is taken over (R5, R6)."""
    return [
        {
            "Type": "Resource",
            "ResourceChange": _row("Import", resource.logical_id, resource.type, physical_id(world, stack, resource)),
        }
        for resource in wanted.resources
        if resource.logical_id not in stack.resources
    ]


def replacement(placed: Placed, resource: ResolvedResource) -> str:
    """Whether these new properties need another resource in its place: True, False or Conditional (C8)."""
    found = {recreation(placed.type, key) for key in changed(placed, resource)}
    if ALWAYS in found:
        return "True"
    return "Conditional" if CONDITIONALLY in found else "False"


def changed(placed: Placed, resource: ResolvedResource) -> list[str]:
    """The names of the properties that differ."""
    before, after = placed.properties, resource.properties
    return sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))


def _modified(placed: Placed, resource: ResolvedResource, *, retagged: bool) -> Row:
    replaced = replacement(placed, resource)
    row = _row("Modify", resource.logical_id, resource.type, placed.physical_id)
    row |= {"Replacement": replaced, "Details": [_detail(placed, resource, key) for key in changed(placed, resource)]}
    row["Scope"] = ["Properties"] if row["Details"] else ["Tags"]
    if retagged and not row["Details"]:
        row["Details"] = [{"Target": {"Attribute": "Tags", "RequiresRecreation": NEVER}, "Evaluation": "Static"}]
    if replaced == "True":
        retained = placed.update_replace_policy == "Retain"
        row["PolicyAction"] = "ReplaceAndRetain" if retained else "ReplaceAndDelete"
    return row


def _detail(placed: Placed, resource: ResolvedResource, key: str) -> Row:
    target: Row = {
        "Attribute": "Properties",
        "Name": key,
        "Path": f"/Properties/{key}",
        "RequiresRecreation": recreation(placed.type, key),
    }
    for name, properties in (("BeforeValue", placed.properties), ("AfterValue", resource.properties)):
        if key in properties:
            value = properties[key]
            target[name] = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return {"Target": target, "Evaluation": "Static", "ChangeSource": "DirectModification"}


def _row(action: str, logical_id: str, kind: str, found: str) -> Row:
    row: Row = {"Action": action, "LogicalResourceId": logical_id, "ResourceType": kind, "Scope": [], "Details": []}
    return row | ({"PhysicalResourceId": found} if found else {})


def without_values(rows: list[Row]) -> list[Row]:
    """The rows as a plain reading shows them: property names only."""
    plain = []
    for row in rows:
        change = dict(row["ResourceChange"])
        change["Details"] = [
            {
                **detail,
                "Target": {
                    key: value
                    for key, value in detail["Target"].items()
                    if key not in {"Path", "BeforeValue", "AfterValue"}
                },
            }
            for detail in change["Details"]
        ]
        plain.append({**row, "ResourceChange": change})
    return plain
