"""What a change set says: each resource that differs, in the shape of AWS's own answer."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from provisioning.blueprints.shapes import Resolved, ResolvedResource

from .naming import ALWAYS, CONDITIONALLY, NEVER, recreation
from .world import Placed, Stack

Row = dict[str, Any]
POLICIES = ("DeletionPolicy", "UpdateReplacePolicy")


def differences(stack: Stack, wanted: Resolved, tags: dict[str, str]) -> list[Row]:
    """The changes from what the stack has to what is wanted, by logical id."""
    rows = list(_rows(stack, wanted, retagged=tags != stack.tags))
    return [
        {"Type": "Resource", "ResourceChange": row} for row in sorted(rows, key=lambda row: row["LogicalResourceId"])
    ]


def _rows(stack: Stack, wanted: Resolved, *, retagged: bool) -> Iterator[Row]:
    there = stack.resources
    for resource in wanted.resources:
        placed = there.get(resource.logical_id)
        if placed is None:
            yield row_of("Add", resource.logical_id, resource.type, "")
        elif placed.properties != resource.properties or _policies(placed) != _policies(resource) or retagged:
            yield _modified(placed, resource, retagged=retagged)
    kept = {resource.logical_id for resource in wanted.resources}
    for logical_id, placed in there.items():
        if logical_id not in kept:
            policy = "Retain" if placed.deletion_policy.startswith("Retain") else "Delete"
            yield {**row_of("Remove", logical_id, placed.type, placed.physical_id), "PolicyAction": policy}


def imports(targets: Sequence[Mapping[str, Any]]) -> list[Row]:
    """The changes of an IMPORT: what it was told to take over, and nothing else (R5, R6)."""
    return [
        {
            "Type": "Resource",
            "ResourceChange": row_of(
                "Import", one["LogicalResourceId"], one["ResourceType"], *one["ResourceIdentifier"].values()
            ),
        }
        for one in targets
    ]


def replacement(placed: Placed, resource: ResolvedResource) -> str:
    """Whether these new properties need another resource in its place: True, False or Conditional (C8)."""
    found = {_recreation(placed, resource, key) for key in changed(placed, resource)}
    if ALWAYS in found:
        return "True"
    return "Conditional" if CONDITIONALLY in found else "False"


def changed(placed: Placed, resource: ResolvedResource) -> list[str]:
    """The names of the properties that differ."""
    before, after = placed.properties, resource.properties
    return sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))


def _modified(placed: Placed, resource: ResolvedResource, *, retagged: bool) -> Row:
    replaced = replacement(placed, resource)
    row = row_of("Modify", resource.logical_id, resource.type, placed.physical_id)
    row |= {"Replacement": replaced, "Details": [_detail(placed, resource, key) for key in changed(placed, resource)]}
    row["Scope"] = ["Properties"] if row["Details"] else []
    if retagged and not row["Details"]:
        _also(row, "Tags", {})
    for attribute, before, after in zip(POLICIES, _policies(placed), _policies(resource), strict=True):
        if before != after:
            _also(row, attribute, {"BeforeValue": before, "AfterValue": after})
    if replaced == "True":
        retained = placed.update_replace_policy == "Retain"
        row["PolicyAction"] = "ReplaceAndRetain" if retained else "ReplaceAndDelete"
    return row


def _detail(placed: Placed, resource: ResolvedResource, key: str) -> Row:
    target: Row = {
        "Attribute": "Properties",
        "Name": key,
        "Path": f"/Properties/{key}",
        "RequiresRecreation": _recreation(placed, resource, key),
    }
    for name, properties in (("BeforeValue", placed.properties), ("AfterValue", resource.properties)):
        if key in properties:
            value = properties[key]
            target[name] = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return {"Target": target, "Evaluation": "Static", "ChangeSource": "DirectModification"}


def _also(row: Row, attribute: str, values: dict[str, str]) -> None:
    row["Scope"] = [*row["Scope"], attribute]
    target = {"Attribute": attribute, "RequiresRecreation": NEVER, **values}
    row["Details"] = [*row["Details"], {"Target": target, "Evaluation": "Static"}]


def _policies(one: Placed | ResolvedResource) -> tuple[str, str]:
    return one.deletion_policy, one.update_replace_policy


def _recreation(placed: Placed, resource: ResolvedResource, key: str) -> str:
    """Whether this change of a property needs another resource; another type of a known attribute does (R11)."""
    if key != "AttributeDefinitions":
        return recreation(placed.type, key)
    before, after = (
        {one["AttributeName"]: one["AttributeType"] for one in side.properties[key]} for side in (placed, resource)
    )
    return CONDITIONALLY if any(before[name] != after[name] for name in before.keys() & after.keys()) else NEVER


def row_of(action: str, logical_id: str, kind: str, found: str) -> Row:
    """A change in the shape of AWS's own answer."""
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
