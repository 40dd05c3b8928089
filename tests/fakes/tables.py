"""What a table is made of, and what changing it may not do."""

import copy
from collections.abc import Collection, Mapping
from typing import Any

from .world import Backup, Table, World

Index = Mapping[str, Any]
BACKFILLING = {"IndexStatus": "CREATING", "Backfilling": True}
TOO_MANY = "Cannot perform more than one GSI creation or deletion in a single update"
ALTERED = (
    "Cannot update GSI's properties other than Provisioned Throughput and Contributor Insights Specification."
    " You can create a new GSI with a different name."
)
ONE_AT_A_TIME = "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"


class ResourceError(Exception):
    """A service refuses what CloudFormation asks of it."""


def new_table(world: World, name: str, properties: Mapping[str, Any], stack_id: str = "") -> Table:
    """A table as CreateTable makes it from a template's properties, put into the world."""
    described = {
        "TableArn": world.arn("dynamodb", f"table/{name}"),
        "TableName": name,
        "TableStatus": "ACTIVE",
        "CreationDateTime": world.now(),
        "TableId": f"table-{world.number()}",
        "DeletionProtectionEnabled": False,
        "GlobalSecondaryIndexes": [],
        "BillingModeSummary": {"BillingMode": "PROVISIONED"},
    }
    table = world.tables[name] = Table(described, stack_id=stack_id)
    for key, bring in SETTERS.items():
        bring(world, table, properties.get(key))
    for index in table.indexes:
        index.pop("Backfilling", None)
        index["IndexStatus"] = "ACTIVE"
    table.filling.clear()
    table.described["BillingModeSummary"].pop("LastUpdateToPayPerRequestDateTime", None)
    return table


def change_table(world: World, table: Table, properties: Mapping[str, Any], changed: Collection[str]) -> None:
    """Bring the properties that changed to a table that is there; the others stay as they really are (R7)."""
    for key, bring in SETTERS.items():
        if key in changed:
            bring(world, table, properties.get(key))


def check_indexes(table: Table, wanted: Mapping[str, Any]) -> None:
    """Raise ResourceError when an update asks for more than DynamoDB does at once with indexes (T1, T4)."""
    before = {index["IndexName"]: _shape(index) for index in table.indexes}
    after = {index["IndexName"]: _shape(index) for index in wanted.get("GlobalSecondaryIndexes") or []}
    if any(before[name] != after[name] for name in before.keys() & after.keys()):
        raise ResourceError(ALTERED)
    made_or_gone = before.keys() ^ after.keys()
    if len(made_or_gone) > 1:
        raise ResourceError(TOO_MANY)
    if made_or_gone and any(index["IndexStatus"] != "ACTIVE" for index in table.indexes):
        raise ResourceError(ONE_AT_A_TIME)


def forget(world: World, table: Table) -> None:
    """A table is gone, with its items and tags."""
    world.tables.pop(table.name, None)
    world.untag(table.arn)


def switch_recovery(world: World, table: Table, *, enabled: bool) -> None:
    """Switch point-in-time recovery; on again starts a new window (R16)."""
    if enabled and not table.recovery:
        table.recovery_since = world.now()
    table.recovery = enabled


def add_backup(world: World, table: Table, name: str) -> Backup:
    """A backup of what is in the table now, on its way or ready as the pace says."""
    arn = f"{table.arn}/backup/{world.number():014}-{table.described['TableId']}"
    looks = world.pace.backup_looks
    items = copy.deepcopy(table.items)
    status = "CREATING" if looks else "AVAILABLE"
    made = Backup(arn, name, table.name, str(table.described["TableId"]), world.now(), items, status, looks)
    world.backups[arn] = made
    return made


def _set_schema(_: World, table: Table, value: Any) -> None:
    table.described["KeySchema"] = copy.deepcopy(value)


def _set_attributes(_: World, table: Table, value: Any) -> None:
    table.described["AttributeDefinitions"] = copy.deepcopy(value)


def _set_indexes(world: World, table: Table, value: Any) -> None:
    known = {index["IndexName"]: index for index in table.indexes}
    table.described["GlobalSecondaryIndexes"] = [
        {**copy.deepcopy(index), **_index_status(world, table, index["IndexName"], known)} for index in value or []
    ]


def _index_status(world: World, table: Table, name: str, known: Mapping[str, Index]) -> dict[str, Any]:
    if name in known:
        return {key: known[name][key] for key in ("IndexStatus", "Backfilling") if key in known[name]}
    if not world.pace.index_looks:
        return {"IndexStatus": "ACTIVE"}
    table.filling[name] = world.pace.index_looks
    return dict(BACKFILLING)


def _set_local_indexes(_: World, table: Table, value: Any) -> None:
    table.described["LocalSecondaryIndexes"] = copy.deepcopy(value or [])


def _set_billing(world: World, table: Table, value: Any) -> None:
    before, after = table.described["BillingModeSummary"], value or "PROVISIONED"
    if before["BillingMode"] != after == "PAY_PER_REQUEST":
        before = {"LastUpdateToPayPerRequestDateTime": world.now()}
    table.described["BillingModeSummary"] = before | {"BillingMode": after}


def _set_throughput(_: World, table: Table, value: Any) -> None:
    units = value or {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}
    table.described["ProvisionedThroughput"] = {key: int(number) for key, number in units.items()}


def _set_protection(_: World, table: Table, value: Any) -> None:
    table.described["DeletionProtectionEnabled"] = bool(value)


def _set_stream(world: World, table: Table, value: Any) -> None:
    table.described.pop("StreamSpecification", None)
    if value:
        table.described["StreamSpecification"] = {"StreamEnabled": True, **value}
        table.described["LatestStreamArn"] = f"{table.arn}/stream/2026-01-01T00:00:00.000"


def _set_expiry(world: World, table: Table, value: Any) -> None:
    if world.applies_table_settings:
        table.ttl_attribute = str(value["AttributeName"]) if value and value.get("Enabled") else ""


def _set_recovery(world: World, table: Table, value: Any) -> None:
    if world.applies_table_settings:
        switch_recovery(world, table, enabled=bool((value or {}).get("PointInTimeRecoveryEnabled", False)))


SETTERS = {
    "KeySchema": _set_schema,
    "AttributeDefinitions": _set_attributes,
    "GlobalSecondaryIndexes": _set_indexes,
    "LocalSecondaryIndexes": _set_local_indexes,
    "BillingMode": _set_billing,
    "ProvisionedThroughput": _set_throughput,
    "DeletionProtectionEnabled": _set_protection,
    "StreamSpecification": _set_stream,
    "TimeToLiveSpecification": _set_expiry,
    "PointInTimeRecoverySpecification": _set_recovery,
}


def _shape(index: Index) -> tuple[Any, Any]:
    """What cannot be changed of an index: keys and projection."""
    return index["KeySchema"], index["Projection"]
