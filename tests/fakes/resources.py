"""What a stack's resources are to the services that own them: made, changed and removed."""

from collections.abc import Mapping
from typing import Any

from provisioning.blueprints.shapes import ResolvedResource

from .naming import NAMED_BY, facts
from .tables import ResourceError, change_table, check_indexes, forget, new_table
from .world import Placed, Stack, Tags, World

TABLE, PARAMETER = "AWS::DynamoDB::Table", "AWS::SSM::Parameter"
INDEXES = "GlobalSecondaryIndexes"
POLICY, SCALING = "AWS::IAM::ManagedPolicy", "AWS::ApplicationAutoScaling::ScalableTarget"
# Found through calls of their own, by physical id.
THINGS = frozenset(
    {
        "AWS::IAM::Role",
        POLICY,
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        "AWS::AutoScaling::AutoScalingGroup",
        "AWS::ECS::Service",
    }
)


def physical_id(world: World, stack: Stack, resource: ResolvedResource) -> str:
    """What the resource is or will be called."""
    return facts(world, stack, resource.logical_id, resource.type, resource.properties)["ref"]


def arn_of(world: World, placed: Placed) -> str:
    """The ARN of a resource that is there."""
    if placed.type == TABLE:
        return world.arn("dynamodb", f"table/{placed.physical_id}")
    if placed.type == PARAMETER:
        return world.arn("ssm", f"parameter{placed.physical_id}")
    return placed.physical_id if placed.physical_id.startswith("arn:") else f"{placed.type}/{placed.physical_id}"


def name_taken(world: World, resource: ResolvedResource) -> bool:
    """Whether the resource's fixed name belongs to something already (R4)."""
    name = resource.properties.get(NAMED_BY.get(resource.type, ""))
    owners: Mapping[str, Mapping[str, Any]] = {TABLE: world.tables, PARAMETER: world.parameters}
    return name is not None and name in owners.get(resource.type, {})


def make(world: World, stack: Stack, placed: Placed) -> None:
    """Bring a resource about. Raises ResourceError when its name is taken."""
    tags = stack.tags | tags_of(placed.properties)
    if placed.type == TABLE:
        if placed.physical_id in world.tables:
            raise ResourceError(f"Table already exists: {placed.physical_id}")
        new_table(world, placed.physical_id, placed.properties, stack.stack_id)
    if placed.type == PARAMETER:
        if placed.physical_id in world.parameters:
            raise ResourceError(f"{placed.physical_id} already exists")
        put_version(world, placed.physical_id, str(placed.properties["Value"]), "String")
    if placed.type == SCALING:
        if placed.physical_id in world.scalable:
            raise ResourceError(f"{placed.physical_id} already exists")
        world.scalable[placed.physical_id] = stack.stack_id
    if placed.type in THINGS:
        world.things[placed.physical_id] = placed
    world.tag(arn_of(world, placed), tags)


def check(world: World, placed: Placed, properties: Mapping[str, Any]) -> None:
    """Raise ResourceError when the resource cannot be brought to these properties in one update."""
    if placed.type == TABLE and placed.physical_id not in world.tables:
        raise ResourceError(f"Requested resource not found: Table: {placed.physical_id} not found")
    if placed.type == TABLE and placed.properties.get(INDEXES) != properties.get(INDEXES):
        check_indexes(world.tables[placed.physical_id], properties)


def change(world: World, stack: Stack, placed: Placed, properties: dict[str, Any]) -> None:
    """Bring a resource to other properties, where it is."""
    before, placed.properties, placed.updated_at = placed.properties, properties, world.now()
    for key in [key for key in world.altered.get(placed.physical_id, {}) if before.get(key) != properties.get(key)]:
        del world.altered[placed.physical_id][key]
    if placed.type == TABLE and placed.physical_id in world.tables:
        changed = [key for key in before.keys() | properties.keys() if before.get(key) != properties.get(key)]
        change_table(world, world.tables[placed.physical_id], properties, changed)
    if placed.type == PARAMETER:
        put_version(world, placed.physical_id, str(properties["Value"]), "String")
    world.tag(arn_of(world, placed), stack.tags | tags_of(properties))


def remove(world: World, placed: Placed) -> None:
    """Take a resource away. Raises ResourceError when it refuses."""
    if placed.type == TABLE:
        table = world.tables.get(placed.physical_id)
        if table is not None and table.protected:
            raise ResourceError(
                f"Resource cannot be deleted as it is currently protected against deletion: {placed.physical_id}"
            )
        if table is not None:
            forget(world, table)
    world.scalable.pop(placed.physical_id, None)
    if placed.type == PARAMETER:
        world.parameters.pop(placed.physical_id, None)
    world.things.pop(placed.physical_id, None)
    world.untag(arn_of(world, placed))


def release(world: World, placed: Placed) -> None:
    """Leave a resource where it is, in no stack (R1)."""
    if placed.type == TABLE and placed.physical_id in world.tables:
        world.tables[placed.physical_id].stack_id = ""


def adopt(world: World, stack: Stack, placed: Placed) -> None:
    """Take an existing table into a stack as it is, whatever the template says of it (R5, R7).

    Raises ResourceError when it is not there, or another's.
    """
    table = world.tables.get(placed.physical_id)
    if placed.type != TABLE or table is None or table.stack_id:
        raise ResourceError(f"{placed.physical_id} cannot be imported")
    table.stack_id = stack.stack_id
    world.tag(table.arn, world.tags.get(table.arn, {}) | stack.tags)


def tags_of(properties: Mapping[str, Any]) -> Tags:
    """The tags a template gives a resource, in either of the two forms it writes them."""
    raw = properties.get("Tags") or {}
    pairs = raw.items() if isinstance(raw, dict) else ((tag["Key"], tag["Value"]) for tag in raw)
    return {str(key): str(value) for key, value in pairs}


def put_version(world: World, name: str, value: str, kind: str) -> int:
    """Add a version of a parameter and return its number."""
    versions = world.parameters.setdefault(name, [])
    number = versions[-1]["Version"] + 1 if versions else 1
    versions.append(
        {
            "Name": name,
            "Value": value,
            "Type": kind,
            "Version": number,
            "LastModifiedDate": world.now(),
            "ARN": world.arn("ssm", f"parameter{name}"),
            "DataType": "text",
        }
    )
    return number
