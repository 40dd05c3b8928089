"""Tables of an environment: what was last seen of them. Nothing is asked of AWS."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import slugify
from ninja import Path, Query, Router, Schema
from pydantic import Field

from portal.access import access_environment, access_table
from portal.accounts.models import Scope
from portal.api.operations import operation
from portal.api.paging import Paged, number, page_of_rows
from portal.api.text import Line, Name, TableName
from portal.table_list.reading import filtered, totals_of
from portal.tables.patterns import patterns_of
from provisioning.blueprints.model import AccessPattern
from provisioning.items.masking import PROD, mask_for
from provisioning.items.query import shape_of
from provisioning.models import Environment, Table

router = Router(tags=["Tables"])


class Where(Schema):
    """Which table of which environment."""

    app: Name
    name: Name
    table: TableName


class KeyShape(Schema):
    """A key attribute: its type is S, N or B, its role partition or sort."""

    name: str
    type: str
    role: Literal["partition", "sort"]


class IndexShape(Schema):
    """An index. `projection` is ALL, KEYS_ONLY, or INCLUDE of `included`; `backfilling`: it cannot be asked yet."""

    name: str
    keys: list[KeyShape]
    projection: str
    included: list[str]
    local: bool
    state: str
    backfilling: bool


class Pattern(Schema):
    """A question that the application asks of the table: `name` is what a query takes as `pattern`, beside the value
    of `partition_key`."""

    name: str
    title: str
    index: str | None
    partition_key: str
    sort_key: str | None
    order: Literal["asc", "desc"]


class AlarmShape(Schema):
    """An alarm on a table."""

    name: str
    state: str
    metric: str


class TableShape(Schema):
    """A table as it was at `seen_at`. `item_count` and `size_bytes` are DynamoDB's own counts, which are up to six
    hours older; null elsewhere is not known, or off. `stack` null: no stack owns it. `hides`: something of its items is
    hidden here; `scans`: it may be read without a partition key. `monthly_cost` is an estimate in US dollars."""

    name: str
    environment: str
    arn: str
    logical_id: str | None
    stack: str | None
    state: str
    keys: list[KeyShape]
    indexes: list[IndexShape]
    access_patterns: list[Pattern]
    item_count: int
    size_bytes: int
    seen_at: datetime
    billing: str
    read_capacity: int | None
    write_capacity: int | None
    expires_by: str | None
    stream: str | None
    point_in_time_recovery: bool
    recovery_from: datetime | None
    protected: bool
    backups: int | None
    backup_at: datetime | None
    alarms: list[AlarmShape] | None
    last_write_at: datetime | None
    made_at: datetime | None
    monthly_cost: str | None
    hides: bool
    scans: bool
    url: str


class TableList(Schema):
    """A page of tables, by name."""

    items: list[TableShape]
    next: str | None


class TablesWanted(Paged):
    """Which tables of all environments: with these words in their name or their environment's, of an application, at a
    stage, with something wrong."""

    q: Line = ""
    application: Line = ""
    stage: Literal["", "dev", "staging", "prod"] = ""
    problem: Literal["", "any", "alarms", "unprotected", "unrecoverable", "no-expiry"] = Field(
        "", description="Alarms that fire; unprotected or unrecoverable in prod; no expiry; any of them but the last."
    )


class TableTotals(Schema):
    """All that fit, whatever page is told."""

    tables: int
    items: int
    size_bytes: int


class EveryTableList(TableList):
    """A page of the tables of every environment, by name, and what all of them come to."""

    totals: TableTotals


@operation(
    router, "GET", "/tables", scope=Scope.READ, page="tables", answers=EveryTableList,
    summary="List the tables of every environment",
)  # fmt: skip
def list_every_table(request: HttpRequest, wanted: Query[TablesWanted]) -> EveryTableList:
    """As last seen. Those that no stack owns are not among them."""
    found = filtered(wanted.model_dump(exclude={"cursor", "limit"}))
    rows, after = page_of_rows(found.select_related("environment"), ("name", "id"), wanted, (str, number))
    totals = totals_of(found)
    return EveryTableList(
        items=[_table(row.environment, row) for row in rows if row.environment],
        next=after,
        totals=TableTotals(tables=totals.tables, items=totals.items, size_bytes=totals.size),
    )


@operation(
    router, "GET", "/environments/{app}/{name}/tables", scope=Scope.READ, page="environment_tables",
    answers=TableList, summary="List an environment's tables",
)  # fmt: skip
def list_tables(request: HttpRequest, app: Path[Name], name: Path[Name], wanted: Query[Paged]) -> TableList:
    """As last seen, those that were kept without a stack among them."""
    environment = access_environment(request, app, name)
    found = Table.objects.filter(environment=environment, account=environment.account)
    rows, after = page_of_rows(found, ("name", "id"), wanted, (str, number))
    return TableList(items=[_table(environment, row) for row in rows], next=after)


@operation(
    router, "GET", "/environments/{app}/{name}/tables/{table}", scope=Scope.READ, page="table",
    answers=TableShape, summary="Show a table",
)  # fmt: skip
def show_table(request: HttpRequest, where: Path[Where]) -> TableShape:
    """A table is reached through its own environment only."""
    return _table(*table_of(request, where))


def table_of(request: HttpRequest, where: Where) -> tuple[Environment, Table]:
    """The table, with its environment. Raises Http404."""
    return access_table(request, where.app, where.name, where.table)


def pattern_name(pattern: AccessPattern) -> str:
    """What a query calls a pattern."""
    return slugify(pattern.title)


def _table(environment: Environment, row: Table) -> TableShape:
    described, shape = row.described, shape_of(row)
    provisioned = described.get("billing_mode") == "PROVISIONED"
    return TableShape(
        name=row.name,
        environment=str(environment),
        arn=row.arn,
        logical_id=row.logical_id or None,
        stack=row.stack_name or None,
        state=described.get("status") or "ACTIVE",
        keys=_keys(described.get("keys", ()), shape.types),
        indexes=[_index(one, shape.types) for one in described.get("indexes", ())],
        access_patterns=[_pattern(one) for one in patterns_of(row, shape)],
        item_count=row.item_count,
        size_bytes=row.size_bytes,
        seen_at=row.seen_at,
        billing=described.get("billing_mode") or "",
        read_capacity=described.get("read_capacity") if provisioned else None,
        write_capacity=described.get("write_capacity") if provisioned else None,
        expires_by=row.ttl_attribute or None,
        stream=described.get("stream_view") or None,
        point_in_time_recovery=row.recovery_from is not None,
        recovery_from=row.recovery_from,
        protected=row.protected,
        backups=row.backups,
        backup_at=row.backup_at,
        alarms=None if row.alarms is None else [AlarmShape(**_alarm(one)) for one in row.alarms],
        last_write_at=row.last_write_at,
        made_at=row.made_at,
        monthly_cost=None if row.monthly_cost is None else str(row.monthly_cost),
        hides=not mask_for(environment, row).is_empty,
        scans=environment.stage != PROD,
        url=reverse("table", args=[environment.application, environment.name, row.name]),
    )


def _alarm(one: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(one.get(name) or "") for name in ("name", "state", "metric")}


def _keys(keys: Iterable[Mapping[str, str]], types: Mapping[str, str]) -> list[KeyShape]:
    ordered = sorted(keys, key=lambda key: key["role"] != "HASH")
    return [
        KeyShape(
            name=key["attribute"],
            type=types.get(key["attribute"], ""),
            role="partition" if key["role"] == "HASH" else "sort",
        )
        for key in ordered
    ]


def _index(index: Mapping[str, Any], types: Mapping[str, str]) -> IndexShape:
    return IndexShape(
        name=index["name"],
        keys=_keys(index.get("keys", ()), types),
        projection=index.get("projection") or "ALL",
        included=list(index.get("included", ())),
        local=bool(index.get("is_local")),
        state=index.get("status") or "ACTIVE",
        backfilling=bool(index.get("backfilling")),
    )


def _pattern(pattern: AccessPattern) -> Pattern:
    return Pattern(
        name=pattern_name(pattern),
        title=pattern.title,
        index=pattern.index,
        partition_key=pattern.partition_key,
        sort_key=pattern.sort_key,
        order="desc" if pattern.descending else "asc",
    )
