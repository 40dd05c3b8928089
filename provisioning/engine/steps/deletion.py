"""Planning a deletion of data: every table with its counts, what stands in the way, and what it saves."""

from decimal import Decimal
from typing import Any

from provisioning.aws import cloudformation, dynamodb
from provisioning.costs.estimate import estimate
from provisioning.costs.model import PricedInput
from provisioning.engine.outcome import Done, Outcome
from provisioning.engine.owning import TABLE_TYPE, OwnTable, own_tables
from provisioning.engine.steps import guarding
from provisioning.engine.steps.checking import DELETE, noted
from provisioning.engine.table_rows import kept_cost
from provisioning.engine.work import Work
from provisioning.lifecycle import ChangeKind, StackKind
from provisioning.models import Environment, Operation
from provisioning.planning.changes import DATA_TYPES
from provisioning.planning.findings import Finding
from provisioning.planning.switches import LOCK_TYPE, setting_row

UNLOCK = "Switch protection off first: that is a change of its own. Then ask again."


def ensure_deletion_planned(work: Work) -> Outcome:
    """Every table with what becomes of it, and every other resource of the data stack. Stops while anything is
    protected, and when something beside tables holds data: that has no backup here."""
    operation = work.operations[StackKind.DATA]
    if operation.action == DELETE:
        outcome = guarding.deletion_planned(work, operation)
        if not isinstance(outcome, Done):
            return outcome
    else:
        operation.changes = []
    found: list[Finding] = []
    tables = [_table_row(work, table, found) for table in _tables(work)]
    others = [row for row in operation.changes or [] if row["type"] != TABLE_TYPE]
    found += [*_locks(work, operation), *(_no_backup(row) for row in others if _holds_data(row))]
    operation.changes, operation.read_from = [*tables, *others, *_unfinished(work)], "stack"
    doomed = sum(row["action"] == "Remove" for row in tables)
    return noted(work, found, f"{doomed} {'table is' if doomed == 1 else 'tables are'} deleted")


def _unfinished(work: Work) -> list[dict[str, Any]]:
    """An earlier attempt may have been cut off between the last table and its receipt: that is still to be closed."""
    kept = work.change.receipt
    if kept is None or kept["ended_at"]:
        return []
    name = str(work.change.environment)
    return [setting_row(about="Receipt", name=name, kind=LOCK_TYPE, setting="Receipt", on=True)]


def _tables(work: Work) -> tuple[OwnTable, ...]:
    return own_tables(work.aws, work.blueprint, work.change.environment, work.stacks[StackKind.DATA])


def _table_row(work: Work, table: OwnTable, found: list[Finding]) -> dict[str, Any]:
    """The row of one table; adds to `found` why it stays, or what has to happen first."""
    reason = _why_it_stays(work, table)
    if reason:
        found.append(Finding("warning", table.name, reason, "It is left as it is."))
    elif table.shown.protection:
        found.append(
            Finding(
                "error",
                table.name,
                f"{table.name} is protected against deletion.",
                UNLOCK,
            )
        )
    return {
        "logical_id": table.logical_id or table.name,
        "physical_id": table.name,
        "name": table.name,
        "type": TABLE_TYPE,
        "action": "Keep" if reason else "Remove",
        "replacement": "",
        "policy_action": "Retain" if reason else "Delete",
        "details": [],
        "identity": identity(table.shown),
        "reason": reason,
    }


def _why_it_stays(work: Work, table: OwnTable) -> str:
    """Why a table under one of our names is not ours to delete; empty when it is."""
    if table.owner == work.stacks[StackKind.DATA].name:
        return ""
    if table.owner:
        return f"{table.name} belongs to the stack {table.owner}, so it stays."
    tagged = dynamodb.table_tags(work.aws, table.shown.arn).get("EnvironmentId", "")
    own = work.change.environment
    others = Environment.objects.filter(account=own.account).exclude(pk=own.pk)
    other = next((one for one in others.filter(pk=tagged)), None) if tagged.isdigit() else None
    return f"{table.name} carries the tag of {other}, so it stays." if other else ""


def identity(table: dynamodb.Table) -> str:
    """What tells a table from another one of the same name."""
    return table.table_id or (table.created_at.isoformat() if table.created_at else "")


def _locks(work: Work, operation: Operation) -> list[Finding]:
    environment = work.change.environment
    if environment.data_protected:
        return [Finding("error", "data", f"The data of {environment} is protected.", UNLOCK)]
    state = cloudformation.describe_stack(work.aws, operation.stack.stack_id) if operation.action == DELETE else None
    if state is None or not state.termination_protection:
        return []
    return [Finding("error", "data", f"{state.name} has termination protection.", UNLOCK)]


def _holds_data(row: dict[str, Any]) -> bool:
    return bool(row["type"] in DATA_TYPES and row["action"] != "Keep")


def _no_backup(row: dict[str, Any]) -> Finding:
    return Finding(
        "error",
        row["name"],
        f"{row['name']} ({row['type']}) holds data that Stackyard cannot back up, and would go with the stack.",
        "Give it the deletion policy Retain in an update first.",
    )


def deletion(work: Work) -> dict[str, Any] | None:
    """What the plan says of the tables that go: items and bytes as AWS counts them (T16), each backed up first; who
    imports the stack's exports; the US dollars a month that are saved. None for every other kind of change."""
    if work.change.kind != ChangeKind.DELETE_DATA:
        return None
    rows = work.operations[StackKind.DATA].changes or []
    doomed = {row["name"]: row["identity"] for row in rows if is_doomed(row)}
    there = [table for table in _tables(work) if doomed.get(table.name) == identity(table.shown)]
    return {
        "tables": [
            {"name": one.name, "items": one.shown.item_count, "bytes": one.shown.size_bytes, "backup": True}
            for one in there
        ],
        "importers": _importers(work),
        "saved_monthly": str(_saved(work, there)),
    }


def is_doomed(row: dict[str, Any]) -> bool:
    return bool(row["type"] == TABLE_TYPE and row["action"] == "Remove")


def _importers(work: Work) -> list[str]:
    names = [one["export"] for one in work.stacks[StackKind.DATA].outputs if one.get("export")]
    return sorted({user for name in names for user in cloudformation.list_imports(work.aws, name)})


def _saved(work: Work, tables: list[OwnTable]) -> Decimal:
    deployed = work.deployed(work.stacks[StackKind.DATA])
    if deployed:
        return estimate([PricedInput(one.logical_id, one.type, one.properties) for one in deployed]).monthly
    return sum((kept_cost(one.shown, recovers=False) or Decimal(0) for one in tables), Decimal(0))
