"""What a stack's resources really are, whatever its template says of them: read, compared, and brought back."""

from collections.abc import Iterator, Mapping
from typing import Any

from provisioning.blueprints.shapes import ResolvedResource

from .naming import NoExportError, resolved
from .resources import PARAMETER, TABLE, THINGS, make, put_version
from .tables import change_table
from .world import Placed, Stack, World

INDEXES = "GlobalSecondaryIndexes"
# What drift detection reads of a table; expiry and recovery have calls of their own, and are left out as in ministack.
OF_TABLES = (
    "BillingMode",
    "ProvisionedThroughput",
    "DeletionProtectionEnabled",
    "StreamSpecification",
    "KeySchema",
    "AttributeDefinitions",
    INDEXES,
)
CHECKED = THINGS | {TABLE, PARAMETER, "AWS::EC2::SecurityGroup", "AWS::Logs::LogGroup"}
Difference = dict[str, str]


def expected(world: World, stack: Stack) -> dict[str, ResolvedResource]:
    """The resources as the stack's own template says, by logical id."""
    try:
        wanted, _ = resolved(world, stack, stack.body, stack.parameters)
    except NoExportError:
        return {}
    return {one.logical_id: one for one in wanted.resources if one.logical_id in stack.resources}


def is_gone(world: World, placed: Placed) -> bool:
    """Whether somebody deleted the resource behind the stack's back."""
    if placed.type == TABLE:
        return placed.physical_id not in world.tables
    if placed.type == PARAMETER:
        return placed.physical_id not in world.parameters
    return (placed.type in THINGS and placed.physical_id not in world.things) or placed.physical_id in world.lost


def differences(world: World, placed: Placed, wanted: ResolvedResource) -> list[Difference]:
    """Each property that the template sets and that is another one now (D5)."""
    now = _now(world, placed)
    said = {key: value for key, value in wanted.properties.items() if key in now}
    return list(_between(said, {key: now[key] for key in said}, ""))


def alter(world: World, placed: Placed, properties: Mapping[str, Any]) -> None:
    """Give a resource other properties behind its stack's back."""
    if placed.type == TABLE:
        change_table(world, world.tables[placed.physical_id], properties, properties.keys())
    elif placed.type == PARAMETER:
        put_version(world, placed.physical_id, str(properties["Value"]), "String")
    else:
        world.altered.setdefault(placed.physical_id, {}).update(properties)


def bring_back(world: World, stack: Stack, placed: Placed, wanted: ResolvedResource) -> None:
    """Make a resource what its template says again, or make it again."""
    if is_gone(world, placed):
        world.lost.discard(placed.physical_id)
        placed.properties = wanted.properties
        make(world, stack, placed)
        return
    drifted = {one["PropertyPath"].split("/")[1] for one in differences(world, placed, wanted)}
    if placed.type in {TABLE, PARAMETER} and drifted:
        alter(world, placed, {key: wanted.properties.get(key) for key in drifted})
    world.altered.pop(placed.physical_id, None)


def _now(world: World, placed: Placed) -> dict[str, Any]:
    if placed.type == PARAMETER:
        return {"Value": world.parameters[placed.physical_id][-1]["Value"]}
    if placed.type != TABLE:
        return placed.properties | world.altered.get(placed.physical_id, {})
    described = world.tables[placed.physical_id].described
    stream = described.get("StreamSpecification") or {}
    found = {key: described[key] for key in OF_TABLES if key in described}
    return found | {
        "BillingMode": described["BillingModeSummary"]["BillingMode"],
        "StreamSpecification": {key: value for key, value in stream.items() if key != "StreamEnabled"},
    }


def _between(said: Any, now: Any, path: str) -> Iterator[Difference]:
    """Leaf by leaf, along what the template says."""
    if isinstance(said, dict) and isinstance(now, dict):
        for key, value in said.items():
            yield from _between(value, now.get(key), f"{path}/{key}")
    elif isinstance(said, list) and isinstance(now, list):
        for number in range(max(len(said), len(now))):
            before, after = (one[number] if number < len(one) else None for one in (said, now))
            yield from _between(before, after, f"{path}/{number}")
    elif text(said) != text(now):
        kind = "REMOVE" if now is None else "ADD" if said is None else "NOT_EQUAL"
        yield {
            "PropertyPath": path,
            "ExpectedValue": text(said),
            "ActualValue": text(now),
            "DifferenceType": kind,
        }


def text(value: Any) -> str:
    """A value as AWS writes it into a difference."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
