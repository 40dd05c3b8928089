"""Deleting data: backups first, then the data stack, then the tables, then the receipt.

Nothing is deleted before the backup of every table has completed (T13: deletion protection is never switched off
here). Any step may be cut off anywhere: the receipt says what was begun, AWS says what came of it.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from provisioning.aws import backups, dynamodb
from provisioning.aws.errors import AwsError, Busy, Conflict, Missing
from provisioning.engine.claims import hold
from provisioning.engine.outcome import Done, Outcome, Problem, Stop, Wait
from provisioning.engine.owning import TABLE_TYPE, owner_of
from provisioning.engine.steps import stacks
from provisioning.engine.steps.checking import DELETE
from provisioning.engine.steps.deletion import identity
from provisioning.engine.work import Work
from provisioning.lifecycle import StackKind, Verdict, stack_status
from provisioning.models import Event, Operation, Table
from provisioning.planning import receipt

BACKUP_PAUSE, TABLE_PAUSE = 5.0, 2.0
BACKUP_LASTS = timedelta(hours=24)
SKIPPED_EVENT, GONE_EVENT = "DELETE_SKIPPED", "DELETE_COMPLETE"


def ensure_backups(work: Work) -> Outcome:
    """One on-demand backup of each table, found again by its name after a crash, and complete before anything is
    deleted. One call that makes something a pass."""
    return _going_on(work, _backed_up)


def ensure_data_stack_deleted(work: Work) -> Outcome:
    """The data stack with all but its tables, which its template keeps; the receipt follows its events."""
    return _going_on(work, _stack_deleted)


def ensure_tables_deleted(work: Work) -> Outcome:
    """Each table, looked at right before: still the same one, in no stack, unprotected, its backup there."""
    return _going_on(work, _tables_deleted)


def _going_on(work: Work, run: Callable[[Work], Outcome]) -> Outcome:
    """What AWS refuses here stops the change where it is: a retry goes on, with no second backup."""
    try:
        return run(work)
    except Busy:
        raise
    except AwsError as refused:
        advice = "Then retry: what was done stays done, and the backups count."
        return Stop(Problem(refused.sentence, "you or an administrator", advice, str(refused), "aws"), replan=False)


def _backed_up(work: Work) -> Outcome:
    _begin(work)
    waiting = []
    for entry in receipt.open_tables(_receipt(work)):
        if entry["backup_at"]:
            continue
        shown = _same_table(work, entry)
        if shown is None:
            continue
        if not entry["backup_arn"]:
            made = _find_backup(work, entry, shown) or backups.create_backup(work.aws, shown.name, _name(work, entry))
            _note(work, entry, backup_arn=made.arn)
            return Wait(f"A backup of {shown.name} is being made", 0.0)
        backup = backups.describe_backup(work.aws, entry["backup_arn"])
        if backup is None or backup.status == "DELETED":
            _note(work, entry, backup_arn="")
            return Wait(f"The backup of {shown.name} is gone; another one is made", TABLE_PAUSE)
        if backup.is_available:
            _note(work, entry, backup_at=(backup.created_at or timezone.now()).isoformat())
        else:
            waiting.append(shown.name)
    if waiting:
        return Wait(f"Waiting for the backup of {', '.join(waiting)}", BACKUP_PAUSE)
    count = sum(bool(entry["backup_at"]) for entry in _receipt(work)["tables"])
    return Done(f"{count} {'backup is' if count == 1 else 'backups are'} complete")


def _begin(work: Work) -> None:
    """The receipt of this attempt, before anything is deleted."""
    change, operation = work.change, work.operations[StackKind.DATA]
    if change.receipt is not None and change.receipt["attempt"] == change.attempt:
        return
    rows, stack = operation.changes or [], operation.stack
    own = {"name": stack.name, "stack_id": stack.stack_id, "outcome": receipt.KEPT, "reason": ""}
    header = receipt.Header(
        who=change.requested_by.get_username(),
        approved_by=_approvers(work),
        why=change.reason,
        at=timezone.now(),
        attempt=change.attempt,
    )
    _keep(
        work,
        receipt.begun(
            change.receipt,
            header,
            stack=own if operation.action == DELETE else {},
            tables=[_doomed(work, row) for row in rows if row["type"] == TABLE_TYPE],
            resources=[_listed(row) for row in rows if row["type"] != TABLE_TYPE],
        ),
    )


def _approvers(work: Work) -> tuple[str, ...]:
    decided = work.change.decisions.select_related("by").filter(plan_digest=work.change.plan_digest)
    newest = {one.reviewer: one.verdict for one in decided}
    return tuple(name for name, verdict in newest.items() if verdict == Verdict.APPROVED)


def _doomed(work: Work, row: dict[str, Any]) -> receipt.Doomed:
    shown = dynamodb.describe_table(work.aws, row["name"])
    arn, items, size = (shown.arn, shown.item_count, shown.size_bytes) if shown else ("", 0, 0)
    return receipt.Doomed(row["name"], arn, items, size, row["identity"], row["reason"])


def _listed(row: dict[str, Any]) -> dict[str, str]:
    return {"logical_id": row["logical_id"], "physical_id": row["physical_id"], "type": row["type"]}


def _same_table(work: Work, entry: receipt.Entry) -> dynamodb.Table | None:
    """The table as it is now; None, and skipped, when it is gone or another one has its name."""
    shown = dynamodb.describe_table(work.aws, entry["name"])
    if shown is not None and identity(shown) == entry["identity"]:
        return shown
    gone = "It was gone before it could be backed up." if shown is None else "Another table has this name by now."
    _note(work, entry, outcome=receipt.SKIPPED, reason=gone)
    return None


def _name(work: Work, entry: receipt.Entry) -> str:
    change = work.change
    return receipt.backup_name(change.environment.name, entry["name"], change.pk.hex, change.attempt)


def _find_backup(work: Work, entry: receipt.Entry, shown: dynamodb.Table) -> backups.Backup | None:
    """The backup that an earlier pass asked for and whose answer was lost."""
    name = _name(work, entry)
    return next(
        (
            one
            for one in backups.backups_of(work.aws, shown.name)
            if one.name == name and one.status != "DELETED" and one.table_id in {"", shown.table_id}
        ),
        None,
    )


def _stack_deleted(work: Work) -> Outcome:
    outcome = stacks.ensure_data_stack(work)
    operation = work.operations[StackKind.DATA]
    if operation.action == DELETE:
        gone = stack_status(operation.result).gone
        kept = receipt.with_resources(_receipt(work), _outcomes(work, operation, gone=gone))
        _keep(work, receipt.with_stack(kept, receipt.DELETED) if gone else kept)
    return outcome


def _outcomes(work: Work, operation: Operation, *, gone: bool) -> dict[str, tuple[str, str]]:
    """What became of each resource, as the stack's events say; of a stack that is gone also without an event."""
    newest = {
        event.logical_id: event
        for event in Event.objects.filter(change=work.change, stack=operation.stack, token=operation.token)
    }
    found = {}
    for row in operation.changes or []:
        event = newest.get(row["logical_id"])
        status = event.status if event else ""
        if status == GONE_EVENT or (gone and row["action"] == "Remove" and status != SKIPPED_EVENT):
            found[row["logical_id"]] = (receipt.DELETED, "")
        elif event is not None and event.reason:
            found[row["logical_id"]] = (receipt.KEPT, event.reason)
    return found


def _tables_deleted(work: Work) -> Outcome:
    waiting = []
    for entry in receipt.open_tables(_receipt(work)):
        shown = dynamodb.describe_table(work.aws, entry["name"])
        if shown is None:
            _note(work, entry, **_gone(work, entry))
        elif shown.status == "DELETING":
            waiting.append(entry["name"])
        elif identity(shown) != entry["identity"]:
            _note(work, entry, outcome=receipt.SKIPPED, reason="Another table has this name by now.")
        elif entry["attempt"] != work.change.attempt:
            _note(work, entry, reason="It is still there, and the newest plan does not speak of it.")
        else:
            return _delete(work, entry, shown)
    if waiting:
        return Wait(f"{', '.join(waiting)} is being deleted", TABLE_PAUSE)
    return Done(receipt.summary(_receipt(work)))


def _gone(work: Work, entry: receipt.Entry) -> dict[str, str]:
    with_stack = Event.objects.filter(
        change=work.change, stack=work.stacks[StackKind.DATA], physical_id=entry["name"], status=GONE_EVENT
    )
    if entry["asked"] or with_stack.exists():
        return {"outcome": receipt.DELETED}
    return {"outcome": receipt.SKIPPED, "reason": "Somebody else deleted it after its backup was made."}


def _delete(work: Work, entry: receipt.Entry, table: dynamodb.Table) -> Outcome:
    """Delete one table that is there, unless something speaks against it now."""
    if table.protection:
        return _protected_again(table.name)
    owner = owner_of(work.aws, table.name)
    if owner:
        _note(work, entry, outcome=receipt.SKIPPED, reason=f"It belongs to the stack {owner} by now.")
        return Wait(f"{table.name} is left where it is", 0.0)
    backup = backups.describe_backup(work.aws, entry["backup_arn"]) if entry["backup_arn"] else None
    if backup is None or not backup.is_available or _is_old(entry):
        return _no_good_backup(table.name)
    _note(work, entry, asked=True)
    try:
        dynamodb.delete_table(work.aws, table.name)
    except Missing:
        return Wait(f"{table.name} is gone", 0.0)
    except Conflict as conflict:
        if conflict.kind == "protected":
            return _protected_again(table.name)
        return Wait(f"{table.name} is busy", BACKUP_PAUSE)
    return Wait(f"{table.name} is being deleted", 0.0)


def _is_old(entry: receipt.Entry) -> bool:
    return datetime.fromisoformat(entry["backup_at"]) < timezone.now() - BACKUP_LASTS


def _protected_again(name: str) -> Stop:
    return Stop(
        Problem(
            f"{name} is protected against deletion again, so it was not deleted.",
            "you",
            "If it shall go, switch protection off: that is a change of its own. Then ask again.",
            code="protected",
        )
    )


def _no_good_backup(name: str) -> Stop:
    return Stop(
        Problem(
            f"The backup of {name} is gone or more than a day old, so the table was not deleted.",
            "you",
            "Retry: a new plan is made, and new backups.",
            code="backup",
        )
    )


def ensure_receipt(work: Work) -> Outcome:
    """The receipt is closed; what is gone leaves Stackyard's rows; whatever has this name next is protected."""
    change, environment = work.change, work.change.environment
    done = receipt.ended(_receipt(work), timezone.now())
    gone = [one["name"] for one in done["tables"] if one["outcome"] == receipt.DELETED]
    with transaction.atomic():
        hold(change)
        change.receipt = done
        change.save(update_fields=["receipt"])
        Table.objects.filter(account=environment.account, name__in=gone).delete()
        environment.data_protected, environment.unprotected_by = True, None
        environment.unprotected_at, environment.unprotected_because = None, ""
        environment.save(update_fields=["data_protected", "unprotected_by", "unprotected_at", "unprotected_because"])
    return Done(receipt.summary(done))


def _receipt(work: Work) -> receipt.Receipt:
    kept: receipt.Receipt | None = work.change.receipt
    if kept is None:
        raise ValueError(f"{work.change} has no receipt yet")
    return kept


def _note(work: Work, entry: receipt.Entry, **facts: Any) -> None:
    _keep(work, receipt.with_table(_receipt(work), entry["name"], **facts))


def _keep(work: Work, kept: receipt.Receipt) -> None:
    """Write the receipt, while the lease holds, before and after each call that deletes (L16)."""
    if kept == work.change.receipt:
        return
    with transaction.atomic():
        hold(work.change)
        work.change.receipt = kept
        work.change.save(update_fields=["receipt"])
