"""Everything the page of one change shows, read in a handful of queries."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from portal.changes.plans import FindingLine, PlanView, findings_view, plan_view
from portal.changes.prices import PriceView, price_view
from portal.changes.rail import Record, Stop, rail
from portal.changes.resources import StackProgress, progress
from portal.changes.rights import Rights, rights, stage_policy
from portal.changes.states import State
from portal.changes.story import Story, read_events, told
from portal.changes.usual import usual_times
from provisioning.actions.actor import Actor
from provisioning.engine.ending import NOTHING
from provisioning.lifecycle import (
    MOVING_CHANGES,
    OPEN_CHANGES,
    ChangeKind,
    ChangeStatus,
    StepState,
    Verdict,
)
from provisioning.models import Change, Decision, Event, Operation

FAST, SLOW = 1, 5  # seconds between two looks: while something moves, while somebody is asked
_DONE = {
    ChangeKind.CREATE: "{} was created.",
    ChangeKind.UPDATE: "{} was updated.",
    ChangeKind.PARK: "{} was parked: its compute is gone, its tables stay.",
    ChangeKind.WAKE: "{} was woken.",
    ChangeKind.DELETE_COMPUTE: "The compute of {} was deleted, its tables stay.",
    ChangeKind.DELETE_DATA_STACK: "The data stack of {} was deleted, its tables stay.",
}
_OTHER_ENDS = {
    ChangeStatus.CANCELLED: ("quiet", "This change was taken back before anything was altered."),
    ChangeStatus.EXPIRED: ("quiet", "Nobody decided in time, so nothing was altered. Ask again if it is still wanted."),
    ChangeStatus.SUPERSEDED: ("quiet", "Another change overtook this one before it ran. Nothing was altered."),
}


@dataclass(frozen=True)
class Failure:
    """Why it failed, whose turn it is and what to do, AWS's own words apart."""

    sentence: str
    turn: str
    raw: str


@dataclass(frozen=True)
class End:
    """How it ended, in a sentence; `tone` colours it."""

    tone: str
    sentence: str


@dataclass(frozen=True)
class Live:
    """What moves while one looks. `poll` is seconds to the next look, 0 when it is over."""

    stops: tuple[Stop, ...]
    stacks: tuple[StackProgress, ...]
    waiting: str
    next_try_at: datetime | None
    failure: Failure | None
    end: End | None
    tidying: bool
    asks: bool
    poll: int
    took: int | None

    @property
    def seen(self) -> str:
        """Changes whenever anything on it changes, so that a look that finds nothing new is answered with nothing."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class DecisionLine:
    """One decision; `earlier` when it was about a plan that is no longer this one."""

    person: object
    verdict: State
    comment: str
    at: datetime
    earlier: bool


@dataclass(frozen=True)
class ChangePage:
    """The whole page."""

    change: Change
    live: Live
    state: str
    plan: PlanView | None
    findings: tuple[FindingLine, ...]
    price: PriceView | None
    asked_for: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    decisions: tuple[DecisionLine, ...]
    rights: Rights
    story: Story


@dataclass(frozen=True)
class _Rows:
    operations: list[Operation]
    decisions: list[Decision]
    events: list[Event]


def read_page(actor: Actor, change: Change, *, failed_only: bool = False) -> ChangePage:
    """The page of a change for one person."""
    rows = _rows(change)
    return ChangePage(
        change=change,
        live=_live(actor, change, rows),
        state=state_of(change, len(rows.decisions)),
        plan=plan_view(change.plan, change.plan_digest) if change.plan else None,
        findings=findings_view(change.findings),
        price=price_view(change.plan["cost"]) if change.plan else None,
        asked_for=() if change.plan else _asked_for(rows.operations),
        decisions=tuple(_decision(change, decision) for decision in rows.decisions),
        rights=rights(actor, change),
        story=told(change, rows.events, failed_only=failed_only),
    )


def read_live(actor: Actor, change: Change) -> tuple[Live, str]:
    """Only what moves, and the state that the rest of the page depends on."""
    rows = _rows(change)
    return _live(actor, change, rows), state_of(change, len(rows.decisions))


def state_of(change: Change, decisions: int) -> str:
    """Changes when the parts around the live one have to be shown anew: status, plan, decisions, buttons."""
    parts = (change.status, change.attempt, change.cleanup, change.plan_digest, len(change.findings), decisions)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def poll_pause(change: Change) -> int:
    """Seconds until another look is worth it; 0 when the change is over."""
    if change.status in MOVING_CHANGES or change.cleanup:
        return FAST
    return SLOW if change.status == ChangeStatus.AWAITING_APPROVAL else 0


def _rows(change: Change) -> _Rows:
    operations = change.operations.select_related("stack").order_by("stack__kind")
    return _Rows(
        operations=sorted(operations, key=lambda one: one.stack.kind, reverse=True),
        decisions=list(change.decisions.select_related("by")),
        events=read_events(change.pk),
    )


def _live(actor: Actor, change: Change, rows: _Rows) -> Live:
    now = timezone.now()
    record = Record(change, list(change.steps.all()), rows.decisions, stage_policy(change))
    moving = change.status in MOVING_CHANGES
    retrying = moving and change.tries > 0
    return Live(
        stops=rail(record, now=now, usual=usual_times(change) if moving else None),
        stacks=progress(rows.operations, rows.events, now=now),
        waiting=_waiting(record) if moving else "",
        next_try_at=change.next_check_at if retrying else None,
        failure=_failure(actor, change),
        end=_end(change, rows.decisions),
        tidying=change.cleanup,
        asks=change.status == ChangeStatus.AWAITING_APPROVAL,
        poll=poll_pause(change),
        took=took(change),
    )


def _waiting(record: Record) -> str:
    change = record.change
    if change.waiting_for:
        return change.waiting_for
    unstarted = not any(step.state != StepState.PENDING for step in record.steps)
    return "Waits for a worker" if change.status == ChangeStatus.QUEUED or unstarted else ""


def _failure(actor: Actor, change: Change) -> Failure | None:
    problem: Mapping[str, str] | None = change.problem
    if change.status != ChangeStatus.FAILED or not problem:
        return None
    advice = problem.get("advice", "")
    return Failure(
        problem["sentence"], f"{_turn(actor, change, problem.get('turn', ''))} {advice}", problem.get("raw", "")
    )


def _turn(actor: Actor, change: Change, turn: str) -> str:
    """Whose turn it is, from where the reader stands: "you" in a problem is the requester."""
    if turn in {"you", "the requester"}:
        who = change.requested_by.get_full_name() or change.requested_by.get_username()
        return "It is your turn." if change.requested_by_id == actor.user_id else f"It is {who}'s turn."
    return f"It is the turn of {turn}." if turn else ""


def _end(change: Change, decisions: list[Decision]) -> End | None:
    if change.status == ChangeStatus.SUCCEEDED:
        if change.waiting_for == NOTHING:
            return End("good", NOTHING)
        return End("good", _DONE[ChangeKind(change.kind)].format(change.environment))
    if change.status == ChangeStatus.REJECTED and decisions:
        last = decisions[-1]
        return End("attention", f"{last.reviewer} rejected this: {last.comment}")
    known = _OTHER_ENDS.get(ChangeStatus(change.status))
    return End(*known) if known else None


def took(change: Change) -> int | None:
    """Seconds from the request to the end; None while it is not over."""
    if change.finished_at is None:
        return None
    return round((change.finished_at - change.requested_at).total_seconds())


def _asked_for(operations: list[Operation]) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """The values that were sent, for a change that has no plan (yet). NoEcho values are not among them (P3)."""
    return tuple(
        (operation.stack.name, tuple(sorted(operation.parameters.items())))
        for operation in operations
        if operation.parameters
    )


def _decision(change: Change, decision: Decision) -> DecisionLine:
    approved = decision.verdict == Verdict.APPROVED
    return DecisionLine(
        person=decision.by,
        verdict=State(Verdict(decision.verdict).label, "good" if approved else "attention"),
        comment=decision.comment,
        at=decision.at,
        earlier=decision.plan_digest != change.plan_digest,
    )


def say_state(change: Change) -> str:
    """What a screen reader is told when the state changes."""
    if change.status in OPEN_CHANGES:
        return f"{ChangeKind(change.kind).label} {change.environment}: {ChangeStatus(change.status).label.lower()}"
    return (
        f"{ChangeKind(change.kind).label} {change.environment} has ended: {ChangeStatus(change.status).label.lower()}"
    )
