"""Between the plan and its running: the wait for people, for a start time, or for the end of everybody's patience;
then the last look at what the plan rests on."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from provisioning.engine import ending
from provisioning.engine.claims import hold
from provisioning.engine.guarded import guarded
from provisioning.engine.outcome import Stop, Wait
from provisioning.engine.playbooks import REREAD
from provisioning.engine.steps.rereading import MOVED
from provisioning.engine.work import Work
from provisioning.lifecycle import ChangeStatus
from provisioning.models import Change

UNTIL_IT_RUNS = frozenset({ChangeStatus.AWAITING_APPROVAL, ChangeStatus.QUEUED})
HELD = "Approved; waits until somebody runs it"


def until_it_runs(work: Work, *, sealed_now: bool) -> Wait | None:
    """What a planned change waits for; None when nothing is left to wait for, or its status has changed.

    A QUEUED change that comes back QUEUED may run: everything that its plan rests on was read again and is as it was
    (C15). That is left out only when the plan was sealed in this very tick and runs in it: then nobody was asked in
    between, no start was awaited, and all of it was read moments ago.
    """
    change, now = work.change, timezone.now()
    if _is_over(change, now):
        ending.expired(work)
        return None
    if change.status == ChangeStatus.AWAITING_APPROVAL:
        return _rest(change, change.expires_at, "")
    if change.held:
        return _rest(change, change.expires_at, HELD)
    if change.start_at is not None and change.start_at > now:
        due = min(change.start_at, change.expires_at or change.start_at)
        return _rest(change, due, f"Starts {change.start_at:%Y-%m-%d %H:%M} UTC")
    return None if sealed_now else _read_again(work)


def _is_over(change: Change, now: datetime) -> bool:
    """Whether its time is up. What was approved to run now runs, however late a worker comes to it."""
    if change.expires_at is None or change.expires_at > now:
        return False
    return change.status == ChangeStatus.AWAITING_APPROVAL or change.held or change.start_at is not None


def _rest(change: Change, due: datetime | None, reason: str) -> Wait | None:
    if change.waiting_for != reason:
        _note(change, reason)
    return Wait(reason, (due - timezone.now()).total_seconds()) if due is not None else None


def _note(change: Change, reason: str) -> None:
    change.waiting_for = reason[:300]
    with transaction.atomic():
        hold(change)
        change.save(update_fields=["waiting_for", "tries", "served"])


def _read_again(work: Work) -> Wait | None:
    outcome = guarded(work, REREAD)
    if isinstance(outcome, Wait):
        _note(work.change, outcome.reason)
        return outcome
    if isinstance(outcome, Stop) and outcome.problem.code == MOVED:
        ending.moved(work, outcome.problem.sentence)
    elif isinstance(outcome, Stop):
        ending.fail(work.change, list(work.every_part()), outcome.problem, replan=outcome.replan)
    return None
