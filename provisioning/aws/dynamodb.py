"""Tables as a whole: shape, protection, time to live, backups. Their items are read elsewhere."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from provisioning.aws.clients import Clients
from provisioning.aws.errors import Missing, translated

SERVICE = "dynamodb"


@dataclass(frozen=True)
class Key:
    """A key attribute; `role` is HASH or RANGE."""

    attribute: str
    role: str


@dataclass(frozen=True)
class Index:
    """A secondary index. `projection` is ALL, KEYS_ONLY or INCLUDE, then of `included` too."""

    name: str
    keys: tuple[Key, ...]
    projection: str
    included: tuple[str, ...]
    status: str
    backfilling: bool
    is_local: bool
    read_capacity: int
    write_capacity: int


@dataclass(frozen=True)
class Table:
    """A table as DescribeTable shows it.

    Capacities are units a second, 0 on demand. `item_count` and `size_bytes` are up to six hours old (T16).
    `table_id` is another one for every table that ever had this name. `billing_switched_at` is when it last went on
    demand, None when it never was switched there (T7).
    """

    arn: str
    name: str
    status: str
    keys: tuple[Key, ...]
    attribute_types: Mapping[str, str]
    indexes: tuple[Index, ...]
    billing_mode: str
    read_capacity: int
    write_capacity: int
    stream_view: str
    stream_arn: str
    protection: bool
    item_count: int
    size_bytes: int
    created_at: datetime | None
    table_id: str = ""
    billing_switched_at: datetime | None = None


@dataclass(frozen=True)
class TimeToLive:
    """`status` is ENABLED, ENABLING, DISABLING or DISABLED; `attribute` is empty while it is off."""

    status: str
    attribute: str

    @property
    def is_on(self) -> bool:
        """Whether items expire, or soon will."""
        return self.status in {"ENABLED", "ENABLING"}


@dataclass(frozen=True)
class PointInTimeRecovery:
    """Whether a table can be restored to any second between `earliest` and `latest`."""

    enabled: bool
    earliest: datetime | None
    latest: datetime | None


def describe_table(aws: Clients, name: str) -> Table | None:
    """The table, or None when there is none; one just created may not be seen yet (T16)."""
    try:
        with translated(SERVICE, "DescribeTable"):
            return _table(aws.dynamodb.describe_table(TableName=name)["Table"])
    except Missing:
        return None


def list_tables(aws: Clients) -> tuple[str, ...]:
    """Names of every table of the account and region, every page."""
    with translated(SERVICE, "ListTables"):
        pages = aws.dynamodb.get_paginator("list_tables").paginate()
        return tuple(name for page in pages for name in page["TableNames"])


def delete_table(aws: Clients, name: str) -> None:
    """Start deleting a table with all its items; DescribeTable says when it is gone.

    Raises Missing when it is gone already, Conflict with the kind `protected` while its deletion protection is on
    (T13) and `in_use` while it changes (T1).
    """
    with translated(SERVICE, "DeleteTable"):
        aws.dynamodb.delete_table(TableName=name)


def time_to_live(aws: Clients, name: str) -> TimeToLive:
    """How a table forgets items (T6); raises Missing."""
    with translated(SERVICE, "DescribeTimeToLive"):
        found = aws.dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    return TimeToLive(found.get("TimeToLiveStatus", "DISABLED"), found.get("AttributeName", ""))


def enable_time_to_live(aws: Clients, name: str, attribute: str) -> None:
    """Switch time to live on; raises Refused when it is on already or was switched within the hour (T5)."""
    with translated(SERVICE, "UpdateTimeToLive"):
        aws.dynamodb.update_time_to_live(
            TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": attribute}
        )


def point_in_time_recovery(aws: Clients, name: str) -> PointInTimeRecovery:
    """Whether and how far back a table can be restored (R16); raises Missing."""
    with translated(SERVICE, "DescribeContinuousBackups"):
        backups = aws.dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    found = backups.get("PointInTimeRecoveryDescription", {})
    return PointInTimeRecovery(
        enabled=found.get("PointInTimeRecoveryStatus") == "ENABLED",
        earliest=found.get("EarliestRestorableDateTime"),
        latest=found.get("LatestRestorableDateTime"),
    )


def enable_point_in_time_recovery(aws: Clients, name: str) -> None:
    """Switch point-in-time recovery on. Off and on again starts a new window: look first (R16)."""
    with translated(SERVICE, "UpdateContinuousBackups"):
        aws.dynamodb.update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )


def table_tags(aws: Clients, arn: str) -> dict[str, str]:
    """The tags of a table, every page, AWS's own among them; raises Missing."""
    with translated(SERVICE, "ListTagsOfResource"):
        pages = aws.dynamodb.get_paginator("list_tags_of_resource").paginate(ResourceArn=arn)
        return {tag["Key"]: tag["Value"] for page in pages for tag in page.get("Tags", [])}


def set_deletion_protection(aws: Clients, name: str, *, enabled: bool) -> None:
    """Switch deletion protection (T13); raises Conflict while the table changes (T1), or Missing."""
    with translated(SERVICE, "UpdateTable"):
        aws.dynamodb.update_table(TableName=name, DeletionProtectionEnabled=enabled)


def _table(found: Mapping[str, Any]) -> Table:
    # A table that was always provisioned has no summary of its billing mode (T8).
    billing = found.get("BillingModeSummary") or {}
    billing_mode = billing.get("BillingMode", "PROVISIONED")
    read_capacity, write_capacity = _capacity(found, billing_mode)
    local = (_index(index, billing_mode, is_local=True) for index in found.get("LocalSecondaryIndexes") or [])
    everywhere = (_index(index, billing_mode, is_local=False) for index in found.get("GlobalSecondaryIndexes") or [])
    return Table(
        arn=found["TableArn"],
        name=found["TableName"],
        status=found["TableStatus"],
        keys=_keys(found["KeySchema"]),
        attribute_types={a["AttributeName"]: a["AttributeType"] for a in found["AttributeDefinitions"]},
        indexes=(*everywhere, *local),
        billing_mode=billing_mode,
        read_capacity=read_capacity,
        write_capacity=write_capacity,
        stream_view=_stream_view(found.get("StreamSpecification") or {}),
        stream_arn=found.get("LatestStreamArn") or "",
        protection=found.get("DeletionProtectionEnabled", False),
        item_count=found.get("ItemCount", 0),
        size_bytes=found.get("TableSizeBytes", 0),
        created_at=found.get("CreationDateTime"),
        table_id=found.get("TableId") or "",
        billing_switched_at=billing.get("LastUpdateToPayPerRequestDateTime"),
    )


def _index(found: Mapping[str, Any], billing_mode: str, *, is_local: bool) -> Index:
    projection = found.get("Projection", {})
    read_capacity, write_capacity = _capacity(found, billing_mode)
    return Index(
        name=found["IndexName"],
        keys=_keys(found["KeySchema"]),
        projection=projection.get("ProjectionType", ""),
        included=tuple(projection.get("NonKeyAttributes") or []),
        # A local index lives and dies with its table and has no status.
        status=found.get("IndexStatus", "ACTIVE"),
        backfilling=found.get("Backfilling", False),
        is_local=is_local,
        read_capacity=read_capacity,
        write_capacity=write_capacity,
    )


def _capacity(found: Mapping[str, Any], billing_mode: str) -> tuple[int, int]:
    """Read and write units a second; what stands there on demand is left over from before (T9)."""
    if billing_mode != "PROVISIONED":
        return 0, 0
    throughput = found.get("ProvisionedThroughput") or {}
    return throughput.get("ReadCapacityUnits", 0), throughput.get("WriteCapacityUnits", 0)


def _keys(schema: Iterable[Mapping[str, str]]) -> tuple[Key, ...]:
    return tuple(Key(key["AttributeName"], key["KeyType"]) for key in schema)


def _stream_view(stream: Mapping[str, Any]) -> str:
    return str(stream.get("StreamViewType", "")) if stream.get("StreamEnabled") else ""
