"""Planning: the environment's tables as they are now, so that whoever decides sees what is at stake."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from provisioning.aws import dynamodb, metrics
from provisioning.aws.dynamodb import PointInTimeRecovery, Table
from provisioning.aws.errors import Denied, Missing, Refused
from provisioning.engine.outcome import Done, Outcome
from provisioning.engine.work import Work
from provisioning.lifecycle import ChangeKind, StackKind
from provisioning.planning.impact import TableSeen, data_impact
from provisioning.planning.stage_below import difference

TABLE_TYPE = "AWS::DynamoDB::Table"
WRITES_LOOKED_FOR = timedelta(days=60)


def ensure_data_looked_at(work: Work) -> Outcome:
    """Count, size, protection and recovery of every table that is there; a create from nothing has none."""
    tables = tables_seen(work)
    if not tables:
        return Done("There are no tables yet", skipped=True)
    items = sum(table.items for table in tables)
    return Done(f"About {items:,} items in {len(tables)} {'table' if len(tables) == 1 else 'tables'}")


def impact(work: Work) -> dict[str, Any]:
    """The plan's impact on data, every table of the environment included."""
    rows = [row for operation in work.every_part() for row in operation.changes or []]
    return data_impact(rows, tables_seen(work), meant=work.change.kind == ChangeKind.DELETE_DATA)


def below(work: Work) -> dict[str, Any] | None:
    """How the plan differs from the stage below."""
    return difference(work.change.environment, work.every_part())


def tables_seen(work: Work) -> tuple[TableSeen, ...]:
    """The tables of the environment's data stack, and those to be taken into it, as AWS shows them; read once a
    tick. When a table was last written to is not known where nothing is measured."""
    if work.tables_seen is None:
        there = [table for name in _names(work) if (table := dynamodb.describe_table(work.aws, name)) is not None]
        written = _last_writes(work, [table.name for table in there])
        work.tables_seen = tuple(_seen(table, _recovery(work, table), written.get(table.name)) for table in there)
    return work.tables_seen


def _names(work: Work) -> list[str]:
    placed = work.stacks[StackKind.DATA].resources.filter(type=TABLE_TYPE).exclude(physical_id="")
    imported = [one["name"] for operation in work.every_part() for one in operation.imports]
    rows = [row for operation in work.every_part() for row in operation.changes or [] if row["type"] == TABLE_TYPE]
    named = [row["physical_id"] for row in rows if row["physical_id"]]  # kept tables, too, that no stack has
    return sorted({*placed.values_list("physical_id", flat=True), *imported, *named})


def _last_writes(work: Work, names: list[str]) -> dict[str, datetime]:
    try:
        return dict(metrics.last_writes(work.aws, names, timezone.now() - WRITES_LOOKED_FOR)) if names else {}
    except (Missing, Refused, Denied):
        return {}


def _recovery(work: Work, table: Table) -> PointInTimeRecovery | None:
    try:
        return dynamodb.point_in_time_recovery(work.aws, table.name)
    except (Missing, Refused):
        return None


def _seen(table: Table, recovery: PointInTimeRecovery | None, written: datetime | None) -> TableSeen:
    return TableSeen(
        name=table.name,
        items=table.item_count,
        bytes=table.size_bytes,
        protected=table.protection,
        restorable=recovery.enabled if recovery else None,
        earliest=recovery.earliest if recovery else None,
        latest=recovery.latest if recovery else None,
        last_write=written,
    )
