"""The engine: whether work gets done, what is set aside, how much may still be asked of AWS."""

import uuid
from datetime import datetime

from django.http import HttpRequest
from ninja import Router, Schema

from portal.access import actor_of
from portal.accounts.models import Scope
from portal.api.operations import operation
from portal.engine_room.reading import Hints, SetAside, Watched, read_engine
from provisioning.engine.budgets import BudgetState
from provisioning.lifecycle import ChangeKind

router = Router(tags=["Engine"])


class WorkerLine(Schema):
    """A worker process, and when it last finished a sweep: that may be minutes ago though it is well."""

    name: str
    at: datetime


class SetAsideLine(Schema):
    """A change that no worker takes up. `why_not` says why this person cannot have it taken up, empty when they can."""

    id: uuid.UUID
    environment: str
    kind: ChangeKind
    title: str
    because: str
    set_aside_at: datetime | None
    requested_by: str
    why_not: str


class CallBudget(Schema):
    """How many calls may still go out now: `left` of `burst`, `rate` more a second."""

    kind: str
    rate: float
    burst: int
    left: int
    taken: int
    held_back: int
    throttled: int
    throttled_at: datetime | None


class WatchedAccount(Schema):
    """An AWS account: how many stacks move in it, when one was last seen. No `budgets`: calls are not budgeted."""

    account: str
    account_id: str
    region: str
    moving: int
    seen_at: datetime | None
    compared_at: datetime | None
    budgets: list[CallBudget]


class HintsLine(Schema):
    """The queue of hints from AWS. `on`: one is set; times are null, and counts 0, before anybody listened."""

    on: bool
    listened_at: datetime | None
    hint_at: datetime | None
    ours: int
    foreign: int
    unreadable: int
    problem: str


class EngineReport(Schema):
    """How the engine is. `silent`: no worker finished a sweep within a minute, so nothing goes on. `due` changes wait
    for a worker, `overdue` of them for more than 10 seconds, `lag` seconds at the longest. `set_aside` has the oldest
    of `set_aside_count`."""

    silent: bool
    sweep_at: datetime | None
    workers: list[WorkerLine]
    moving: int
    due: int
    overdue: int
    lag: float | None
    set_aside: list[SetAsideLine]
    set_aside_count: int
    accounts: list[WatchedAccount]
    hints: HintsLine


@operation(
    router, "GET", "/engine", scope=Scope.READ, page="engine", answers=EngineReport, summary="Show the engine",
)  # fmt: skip
def show_engine(request: HttpRequest) -> EngineReport:
    """For admins and auditors. What needs no token is /healthz and /readyz."""
    found = read_engine(actor_of(request))
    return EngineReport(
        silent=found.silent,
        sweep_at=found.sweep_at,
        workers=[WorkerLine(name=one.name, at=one.at) for one in found.workers],
        moving=found.moving,
        due=found.due.changes,
        overdue=found.due.overdue,
        lag=found.due.lag,
        set_aside=[_aside(one) for one in found.set_aside],
        set_aside_count=found.set_aside_count,
        accounts=[_account(one) for one in found.accounts],
        hints=_hints(found.hints),
    )


def _aside(one: SetAside) -> SetAsideLine:
    change = one.change
    return SetAsideLine(
        id=change.pk,
        environment=str(change.environment),
        kind=ChangeKind(change.kind),
        title=one.kind,
        because=change.set_aside_because,
        set_aside_at=change.set_aside_at,
        requested_by=change.requested_by.get_username(),
        why_not=one.why_not,
    )


def _account(one: Watched) -> WatchedAccount:
    return WatchedAccount(
        account=one.account.slug,
        account_id=one.account.account_id,
        region=one.account.region,
        moving=one.moving,
        seen_at=one.seen_at,
        compared_at=one.account.compared_at,
        budgets=[_budget(state) for state in one.budgets],
    )


def _budget(state: BudgetState) -> CallBudget:
    return CallBudget(
        kind=state.budget.kind,
        rate=state.budget.rate,
        burst=state.budget.burst,
        left=state.left,
        taken=state.taken,
        held_back=state.held_back,
        throttled=state.throttled,
        throttled_at=state.throttled_at,
    )


def _hints(found: Hints) -> HintsLine:
    queue = found.queue
    return HintsLine(
        on=found.on,
        listened_at=queue.listened_at if queue else None,
        hint_at=queue.hint_at if queue else None,
        ours=queue.ours if queue else 0,
        foreign=queue.foreign if queue else 0,
        unreadable=queue.unreadable if queue else 0,
        problem=queue.problem if queue else "",
    )
