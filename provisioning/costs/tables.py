"""Prices of DynamoDB tables: requests or capacity, storage, point-in-time recovery and stream reads.

Two rules are easy to get wrong. A write costs one unit per started KB on the table and again on every index
that it reaches, and a read one unit per started 4 KB. And a table without BillingMode is provisioned (T8).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any

from provisioning.costs.scenarios import number_words
from provisioning.costs.sheet import Bill, NotPricedError, Sheet, inside

WRITE_UNIT_BYTES = Decimal(1_024)
READ_UNIT_BYTES = Decimal(4_096)
# An index of keys alone keeps this share of an item; the other projections are taken as whole copies.
KEYS_ONLY_SHARE = Decimal("0.2")
DEFAULT_CAPACITY = 5


@dataclass(frozen=True)
class Index:
    """A secondary index: the share of each item it keeps, and its own throughput when it has one."""

    name: str
    share: Decimal
    is_global: bool
    throughput: Any


def price_table(sheet: Sheet) -> Bill:
    """Price an AWS::DynamoDB::Table; raises NotPricedError for the class whose prices are not in the book."""
    table_class = sheet.option("TableClass", "STANDARD")
    if table_class != "STANDARD":
        raise NotPricedError(f"no price on record for table class {table_class}")
    indexes = _indexes(sheet)
    requests = _provisioned(sheet, indexes) if _is_provisioned(sheet) else _on_demand(sheet, indexes)
    kept = [requests, _storage(sheet, indexes), *_recovery(sheet, indexes), *_backups(sheet), *_stream(sheet)]
    return Bill(sum((bill.monthly for bill in kept), Decimal(0)), "; ".join(bill.basis for bill in kept))


def write_units(item_bytes: Decimal) -> Decimal:
    """Return the units of one standard write of an item this large: 1 per started KB, at least 1."""
    return _started(item_bytes, WRITE_UNIT_BYTES)


def read_units(item_bytes: Decimal) -> Decimal:
    """Return the units of an eventually consistent read of an item this large: half of 1 per started 4 KB."""
    return _started(item_bytes, READ_UNIT_BYTES) / 2


def _started(size: Decimal, unit: Decimal) -> Decimal:
    return max(Decimal(1), (size / unit).to_integral_value(rounding=ROUND_CEILING))


def _is_provisioned(sheet: Sheet) -> bool:
    mode = sheet.get("BillingMode")
    if mode is None:
        sheet.assume("BillingMode is missing, which AWS reads as PROVISIONED.")
        return True
    return sheet.text(mode, name="BillingMode", default="PAY_PER_REQUEST") == "PROVISIONED"


def _indexes(sheet: Sheet) -> list[Index]:
    return [
        Index(
            name=str(inside(entry, "IndexName")),
            share=_share(sheet, inside(entry, "Projection", "ProjectionType")),
            is_global=is_global,
            throughput=inside(entry, "ProvisionedThroughput"),
        )
        for key, is_global in (("GlobalSecondaryIndexes", True), ("LocalSecondaryIndexes", False))
        for entry in sheet.entries(sheet.get(key), name=key)
    ]


def _share(sheet: Sheet, projection: Any) -> Decimal:
    kind = sheet.text(projection, name="The projection of an index", default="ALL", absent="ALL")
    if kind == "KEYS_ONLY":
        sheet.assume("An index of keys alone keeps a fifth of each item.")
        return KEYS_ONLY_SHARE
    if kind == "INCLUDE":
        sheet.assume("An index with chosen attributes counts as a whole copy.")
    return Decimal(1)


def _provisioned(sheet: Sheet, indexes: list[Index]) -> Bill:
    # A local index spends the table's capacity and has none of its own.
    owners = [("the table", sheet.get("ProvisionedThroughput"))]
    owners += [(index.name, index.throughput) for index in indexes if index.is_global]
    writes = _capacity(sheet, owners, "WriteCapacityUnits")
    reads = _capacity(sheet, owners, "ReadCapacityUnits")
    global_indexes = _count(len(owners) - 1, "global index", "global indexes")
    return Bill(
        sheet.hourly("dynamodb.write_capacity", writes) + sheet.hourly("dynamodb.read_capacity", reads),
        f"{number_words(writes)} write and {number_words(reads)} read capacity units, the table and {global_indexes}",
    )


def _capacity(sheet: Sheet, owners: list[tuple[str, Any]], key: str) -> Decimal:
    each = (
        sheet.number(inside(given, key), name=f"{key} of {owner}", default=DEFAULT_CAPACITY) for owner, given in owners
    )
    return sum(each, Decimal(0))


def _on_demand(sheet: Sheet, indexes: list[Index]) -> Bill:
    writes, reads, size = sheet.figure("writes"), sheet.figure("reads"), sheet.figure("item_bytes")
    per_write = write_units(size) + sum((write_units(size * index.share) for index in indexes), Decimal(0))
    per_read = read_units(size)
    if indexes:
        sheet.assume("Every write reaches every index.")
    written, read = writes * per_write, reads * per_read
    return Bill(
        sheet.cost("dynamodb.write", written) + sheet.cost("dynamodb.read", read),
        f"on demand: {number_words(written)} write and {number_words(read)} read units, "
        f"{_count(len(indexes), 'index', 'indexes')}",
    )


def _storage(sheet: Sheet, indexes: list[Index]) -> Bill:
    stored = sheet.figure("stored_gb") * (1 + sum((index.share for index in indexes), Decimal(0)))
    return Bill(sheet.cost("dynamodb.storage", stored), f"{number_words(stored)} GB stored")


def _recovery(sheet: Sheet, indexes: list[Index]) -> list[Bill]:
    enabled = sheet.get("PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled")
    if not sheet.truth(enabled, name="Point-in-time recovery", default=True):
        return []
    # Recovery keeps the table and its local indexes; global ones are built anew from the table.
    local = sum((index.share for index in indexes if not index.is_global), Decimal(0))
    kept = sheet.figure("stored_gb") * (1 + local)
    return [Bill(sheet.cost("dynamodb.pitr", kept), f"{number_words(kept)} GB with point-in-time recovery")]


def _backups(sheet: Sheet) -> list[Bill]:
    # Backups are no part of a template: somebody makes them, so they count once somebody says how large they are.
    if not sheet.changed.get("backup_gb") and "backup_gb" not in sheet.resource.context:
        return []
    kept = sheet.figure("backup_gb")
    return [Bill(sheet.cost("dynamodb.backup", kept), f"{number_words(kept)} GB of backups")]


def _stream(sheet: Sheet) -> list[Bill]:
    if sheet.get("StreamSpecification") is None:
        return []
    reads = sheet.figure("stream_reads")
    return [Bill(sheet.cost("dynamodb.stream_read", reads), f"{number_words(reads)} stream reads")]


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


PRICERS: Mapping[str, Callable[[Sheet], Bill]] = {"AWS::DynamoDB::Table": price_table}
