"""Everything the page of one change shows, read in a handful of queries."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from portal.changes.deciding import DecisionCard, decision_card
from portal.changes.deploys import PlannedDeploy, deploy_view
from portal.changes.earlier import EarlierPlan, earlier_plans, sealed_plans
from portal.changes.ends import Failure, Remark, failure_of, remarks
from portal.changes.expecting import Expected, expected
from portal.changes.items import PlannedItems, items_view
from portal.changes.parameters import PlannedParameters, parameters_view
from portal.changes.plans import FindingLine, PlanView, findings_view, plan_view
from portal.changes.rail import Record, Stop, rail
from portal.changes.receipts import Receipt, receipt_view
from portal.changes.resources import StackProgress, progress
from portal.changes.rights import Rights, rights, stage_policy
from portal.changes.standing import standing_of
from portal.changes.states import change_state
from portal.changes.story import Story, read_events, told
from portal.changes.usual import usual_times
from provisioning.actions.actor import Actor
from provisioning.actions.changing import waits_to_run
from provisioning.lifecycle import (
    MOVING_CHANGES,
    OPEN_CHANGES,
    ChangeKind,
    ChangeStatus,
    StepState,
)
from provisioning.models import Change, Decision, Event, Operation, SealedPlan

FAST, SLOW = 1, 5  # seconds between two looks: while something moves, while somebody is asked


@dataclass(frozen=True)
class Live:
    """What moves while one looks. `poll` is seconds to the next look, 0 when it is over."""

    stops: tuple[Stop, ...]
    stacks: tuple[StackProgress, ...]
    waiting: str
    next_try_at: datetime | None
    tried: int
    expected: Expected
    failure: Failure | None
    remarks: tuple[Remark, ...]
    tidying: bool
    rests: str
    poll: int
    took: int | None

    @property
    def seen(self) -> str:
        """Changes whenever anything on it changes, so that a look that finds nothing new is answered with nothing."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class ChangePage:
    """The whole page."""

    change: Change
    live: Live
    state: str
    plan: PlanView | None
    items: PlannedItems | None
    parameters: PlannedParameters | None
    deploy: PlannedDeploy | None
    earlier: tuple[EarlierPlan, ...]
    findings: tuple[FindingLine, ...]
    asked_for: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    decision: DecisionCard
    receipt: Receipt | None
    supersedes: Change | None
    rights: Rights
    story: Story


@dataclass(frozen=True)
class _Rows:
    operations: list[Operation]
    decisions: list[Decision]
    plans: list[SealedPlan]
    events: list[Event]


def read_page(actor: Actor, change: Change, *, failed_only: bool = False, revealed: bool = False) -> ChangePage:
    """The page of a change for one person; `revealed` shows what is hidden of items, which is an act of its own."""
    rows = _rows(change)
    return ChangePage(
        change=change,
        live=_live(actor, change, rows),
        state=_state(change, rows),
        plan=plan_view(change.plan, change.plan_digest) if change.plan else None,
        items=items_view(change, change.plan, revealed=revealed) if change.plan else None,
        parameters=parameters_view(change, change.plan) if change.plan else None,
        deploy=deploy_view(change, change.plan) if change.plan else None,
        earlier=earlier_plans(change, rows.plans),
        findings=findings_view(change.findings),
        asked_for=() if change.plan else _asked_for(rows.operations),
        decision=decision_card(actor, change, rows.decisions),
        receipt=receipt_view(change.receipt),
        supersedes=change.supersedes,
        rights=rights(actor, change),
        story=told(change, rows.events, failed_only=failed_only),
    )


def read_live(actor: Actor, change: Change) -> tuple[Live, str]:
    """Only what moves, and the state that the rest of the page depends on."""
    rows = _rows(change)
    return _live(actor, change, rows), _state(change, rows)


def _state(change: Change, rows: _Rows) -> str:
    """Changes when the parts around the live one have to be shown anew: status, plan, decisions, buttons."""
    parts = (
        (change.status, change.attempt, change.cleanup, change.plan_digest, len(change.findings)),
        (change.held, change.sent_back, change.start_at, change.expires_at, waits_to_run(change)),
        bool(change.expires_at and change.expires_at <= timezone.now()),
        (len(rows.decisions), len(rows.plans), bool(change.receipt)),
        (change.cancel_asked_at, change.set_aside_at),
        [_where(one) for one in rows.operations if change.status == ChangeStatus.RUNNING],
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _where(operation: Operation) -> tuple[object, ...]:
    """How far one part is: whether what runs can be cancelled depends on it."""
    return operation.called_at, operation.finished_at, operation.cancelled_at, operation.stack.status


def poll_pause(change: Change) -> int:
    """Seconds until another look is worth it; 0 when the change is over."""
    if change.set_aside_at is not None:
        return SLOW
    if change.status == ChangeStatus.AWAITING_APPROVAL or waits_to_run(change):
        return SLOW
    return FAST if change.status in MOVING_CHANGES or change.cleanup else 0


def _rows(change: Change) -> _Rows:
    operations = change.operations.select_related("stack").order_by("stack__kind")
    return _Rows(
        operations=sorted(operations, key=lambda one: one.stack.kind, reverse=True),
        decisions=list(change.decisions.select_related("by")),
        plans=sealed_plans(change),
        events=read_events(change.pk),
    )


def _live(actor: Actor, change: Change, rows: _Rows) -> Live:
    now = timezone.now()
    record = Record(change, list(change.steps.all()), rows.decisions, stage_policy(change))
    moving = change.status in MOVING_CHANGES and not waits_to_run(change) and change.set_aside_at is None
    retrying = moving and change.tries > 0
    runs = change.status == ChangeStatus.RUNNING and moving
    times = expected(rows.operations, rows.events, now=now) if runs else Expected()
    return Live(
        stops=rail(record, now=now, usual=usual_times(change) if moving else None),
        stacks=progress(rows.operations, rows.events, now=now, slow=times),
        waiting=_waiting(record) if moving else "",
        next_try_at=change.next_check_at if retrying else None,
        tried=change.tries,
        expected=times,
        failure=failure_of(actor, change),
        remarks=remarks(actor, change, standing_of(change, rows.decisions), rows.plans, rows.events),
        tidying=change.cleanup,
        rests=_rests(change),
        poll=poll_pause(change),
        took=took(change),
    )


def _waiting(record: Record) -> str:
    change = record.change
    if change.waiting_for:
        return change.waiting_for.removeprefix(f"Try {change.tries}: ")
    unstarted = not any(step.state != StepState.PENDING for step in record.steps)
    return "Waits for a worker" if change.status == ChangeStatus.QUEUED or unstarted else ""


def _rests(change: Change) -> str:
    """How it goes on, for those who look at it while it is open."""
    if change.set_aside_at is not None:
        return "It waits until an administrator has it taken up again"
    if waits_to_run(change):
        return "It waits until somebody runs it" if change.held else "It starts by itself at its time"
    if change.status != ChangeStatus.AWAITING_APPROVAL:
        return "This goes on by itself"
    return "It waits for another version of the request" if change.sent_back else "It waits until somebody has decided"


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


def say_state(change: Change) -> str:
    """What a screen reader is told when the state changes."""
    what = f"{ChangeKind(change.kind).label} {change.environment}"
    state = change_state(change).label.lower()
    return f"{what}: {state}" if change.status in OPEN_CHANGES else f"{what} has ended: {state}"
