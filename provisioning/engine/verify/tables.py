"""Tables: active, with the keys, indexes, stream, expiry, recovery, protection and tags that were promised."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from provisioning.aws import dynamodb
from provisioning.aws.clients import Clients
from provisioning.blueprints.model import TablePromise
from provisioning.engine.verify.line import Line, line, unknown
from provisioning.engine.verify.protection import KNOWINGLY


@dataclass(frozen=True)
class Settings:
    """The two settings of a table that have calls of their own; None for one that was not read."""

    expiry: dynamodb.TimeToLive | None = None
    recovery: dynamodb.PointInTimeRecovery | None = None


@dataclass(frozen=True)
class TableFound:
    """What is promised of a table and what was read of it: None when there is none of this name. `settings` has those
    that are promised."""

    promise: TablePromise
    table: dynamodb.Table | None
    settings: Settings


def read_table(aws: Clients, promise: TablePromise, settings: Settings) -> TableFound:
    """The table as it is. `settings` were read a moment ago; what is promised and not among them is read here."""
    table = dynamodb.describe_table(aws, promise.name)
    if table is None:
        return TableFound(promise, None, settings)
    expiry, recovery = settings.expiry, settings.recovery
    if promise.ttl_attribute and expiry is None:
        expiry = dynamodb.time_to_live(aws, promise.name)
    if promise.point_in_time_recovery and recovery is None:
        recovery = dynamodb.point_in_time_recovery(aws, promise.name)
    return TableFound(promise, table, Settings(expiry, recovery))


def table_lines(found: TableFound, tags: Mapping[str, str] | None, *, unprotected: bool) -> Iterator[Line]:
    """One line per promise about one table. `tags` are those AWS shows for it; None when it shows none. Where somebody
    switched protection off knowingly, a table without it breaks no promise."""
    promise, table, settings = found.promise, found.table, found.settings
    group = promise.name
    if table is None:
        yield line(group, "Table is there", good=False, detail="There is no table of this name.")
        return
    yield line(group, "Table is active", table.status == "ACTIVE", table.status)
    keys = tuple((key.attribute, key.role) for key in table.keys)
    yield line(group, f"Keys: {_keys(promise.key_schema)}", keys == tuple(promise.key_schema), _keys(keys))
    yield from _indexes(group, promise, table)
    if promise.stream or table.stream_view:
        yield line(
            group,
            f"Stream: {promise.stream or 'off'}",
            table.stream_view == (promise.stream or ""),
            table.stream_view or "off",
        )
    if promise.ttl_attribute and settings.expiry:
        expiry = settings.expiry
        good = expiry.is_on and expiry.attribute in {promise.ttl_attribute, ""}
        yield line(group, f"Items expire by {promise.ttl_attribute}", good, expiry.status.lower())
    if promise.point_in_time_recovery and settings.recovery:
        on = settings.recovery.enabled
        yield line(group, "Point-in-time recovery is on", on, _on(on))
    label = f"Deletion protection is {_on(promise.deletion_protection)}"
    if unprotected and promise.deletion_protection and not table.protection:
        yield unknown(group, label, KNOWINGLY)
    else:
        # More protection than was promised, on a table that was taken over, is no fault.
        yield line(group, label, table.protection or not promise.deletion_protection, _on(table.protection))
    yield line(
        group, f"Billing: {promise.billing_mode}", table.billing_mode == promise.billing_mode, table.billing_mode
    )
    yield _tags(group, promise, tags or {})


def _indexes(group: str, promise: TablePromise, table: dynamodb.Table) -> Iterator[Line]:
    there = {index.name: index for index in table.indexes}
    for wanted in promise.indexes:
        found = there.get(wanted.name)
        keys = tuple((key.attribute, key.role) for key in found.keys) if found else ()
        good = found is not None and keys == tuple(wanted.key_schema) and found.projection == wanted.projection
        state = f"{_keys(keys)}, {found.projection}, {found.status or 'ACTIVE'}" if found else "not there"
        yield line(group, f"Index {wanted.name}: {_keys(wanted.key_schema)}", good, state)


def _tags(group: str, promise: TablePromise, tags: Mapping[str, str]) -> Line:
    wrong = sorted(key for key, value in promise.tags.items() if tags.get(key) != value)
    return line(
        group,
        "Tags for cost and ownership",
        not wrong,
        f"missing or other: {', '.join(wrong)}" if wrong else f"{len(promise.tags)} tags",
    )


def _keys(keys: tuple[tuple[str, str], ...]) -> str:
    return " + ".join(attribute for attribute, _ in keys) or "none"


def _on(value: bool) -> str:  # noqa: FBT001  (it is said, not switched)
    return "on" if value else "off"
