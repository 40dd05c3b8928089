"""The turns of a change's status that the engine makes, each with its audit entry, in one transaction each."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from provisioning.engine.claims import hold
from provisioning.engine.outcome import Problem
from provisioning.engine.work import Work
from provisioning.lifecycle import (
    UNDER_REVIEW,
    ChangeKind,
    ChangeStatus,
    EnvironmentStatus,
    StackKind,
    move,
    set_environment_status,
    stack_status,
)
from provisioning.models import AuditEntry, Change, Operation, Stack

NOTHING = "Nothing to change: everything is already as asked."


def planned(work: Work) -> None:
    """After planning: nothing to do, somebody to ask, or straight on."""
    change = work.change
    if not any(operation.changes for operation in work.every_part()):
        change.waiting_for = NOTHING
        _turn(work, ChangeStatus.SUCCEEDED, NOTHING)
    elif work.policy.approvals > 0:
        _turn(work, ChangeStatus.AWAITING_APPROVAL, f"{_what(change)}: planned, waits for approval")
    else:
        _turn(work, ChangeStatus.QUEUED, f"{_what(change)}: planned, no approval asked at {work.policy.stage}")


def started(work: Work) -> None:
    """The engine begins to alter AWS."""
    with transaction.atomic():
        hold(work.change)
        move(work.change, ChangeStatus.RUNNING)
        work.change.save(update_fields=["status", "started_at", "finished_at"])
        set_environment_status(work.change.environment, EnvironmentStatus.BUSY)


def succeeded(work: Work) -> None:
    """Every step is done."""
    _turn(work, ChangeStatus.SUCCEEDED, f"{_what(work.change)}: done")


def fail(change: Change, operations: Sequence[Operation], problem: Problem, *, replan: bool) -> None:
    """A step stopped: keep the problem on the change, free the stacks, say what there is now."""
    with transaction.atomic():
        hold(change)
        change.problem = {**problem.as_dict(), "replan": replan}
        move(change, ChangeStatus.FAILED)
        # Change sets that were never executed are removed before the stacks are free again (S7, C6).
        planned = (one for one in operations if one.called_at is None)
        change.cleanup = replan and any(
            one.change_set_id or one.action not in {"", "delete", "none"} for one in planned
        )
        _save(change)
        _close(change)
        set_environment_status(change.environment, resting_status(change))
        _audit(change, "fail", f"{_what(change)}: failed. {problem.sentence}")


def cleaned(work: Work) -> None:
    """What the plan left in AWS is gone; the stacks are free for another change."""
    with transaction.atomic():
        hold(work.change)
        work.change.cleanup = False
        _save(work.change)
        _close(work.change)


def _turn(work: Work, to: ChangeStatus, summary: str) -> None:
    change = work.change
    with transaction.atomic():
        hold(change)
        move(change, to)
        if change.finished_at is not None:
            change.secrets = ""
        _save(change)
        _close(change)
        if change.finished_at is not None:
            set_environment_status(change.environment, resting_status(change))
        _audit(change, str(to), summary)


def _save(change: Change) -> None:
    change.save(update_fields=["status", "problem", "cleanup", "started_at", "finished_at", "secrets", "waiting_for"])


def _close(change: Change) -> None:
    if change.finished_at is not None and not change.cleanup:
        change.operations.update(is_open=False)


def _what(change: Change) -> str:
    return f"{ChangeKind(change.kind).label} {change.environment}"


def _audit(change: Change, verb: str, summary: str) -> None:
    AuditEntry.objects.create(
        at=timezone.now(),
        verb=verb,
        environment=change.environment,
        change=change,
        summary=summary[:300],
        detail={"attempt": change.attempt},
    )


def resting_status(change: Change) -> EnvironmentStatus:
    """What there is of the environment, from its stacks (S5: a failed update can leave a healthy environment)."""
    stacks = {StackKind(stack.kind): stack for stack in Stack.objects.filter(environment=change.environment)}
    data = stack_status(stacks[StackKind.DATA].status)
    compute = stack_status(stacks[StackKind.COMPUTE].status)
    failed = change.status == ChangeStatus.FAILED
    if failed and change.kind in {ChangeKind.CREATE, ChangeKind.WAKE}:
        return EnvironmentStatus.ATTENTION
    if not all(status.live or status.gone or status.name == UNDER_REVIEW for status in (data, compute)):
        return EnvironmentStatus.ATTENTION
    if data.live and compute.live:
        return EnvironmentStatus.READY
    if data.live:
        return EnvironmentStatus.PARKED if change.kind == ChangeKind.PARK else _without_compute(change)
    return EnvironmentStatus.REMOVED if change.kind == ChangeKind.DELETE_DATA_STACK else EnvironmentStatus.REQUESTED


def _without_compute(change: Change) -> EnvironmentStatus:
    was = change.environment.status
    return EnvironmentStatus.PARKED if was == EnvironmentStatus.PARKED else EnvironmentStatus.DATA_ONLY
