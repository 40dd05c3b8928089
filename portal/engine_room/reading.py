"""What the engine's page shows, in a number of queries that does not grow with what is under way."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Max, Min, Q
from django.utils import timezone

from provisioning.actions.actor import Actor
from provisioning.actions.setting_aside import set_aside_changes, why_not_take_up
from provisioning.engine.budgets import BudgetState, budget_states
from provisioning.engine.heartbeats import SILENT_AFTER, Worker, last_sweep, workers
from provisioning.lifecycle import ChangeKind
from provisioning.models import Account, Change, HintQueue, Operation, Stack

OVERDUE = timedelta(seconds=10)  # five sweeps
SHOWN = 50


@dataclass(frozen=True)
class SetAside:
    """A change that no worker takes up. `why_not` says why this person cannot have it taken up, empty when they can."""

    change: Change
    kind: str
    why_not: str


@dataclass(frozen=True)
class Due:
    """The changes that a worker should look at now. `lag` is how long the one that waits longest has been due,
    in seconds, None when none is."""

    changes: int
    overdue: int
    lag: float | None


@dataclass(frozen=True)
class Watched:
    """One account: what moves in it, when a stack of it was last seen, what it may still be asked."""

    account: Account
    moving: int
    seen_at: datetime | None
    budgets: tuple[BudgetState, ...]


@dataclass(frozen=True)
class Hints:
    """The queue of hints. `queue` is None before anybody listened, `on` says whether one is set at all."""

    on: bool
    queue: HintQueue | None


@dataclass(frozen=True)
class Engine:
    """The page. `silent`: no sweep was finished lately, so that nothing goes on."""

    sweep_at: datetime | None
    silent: bool
    workers: tuple[Worker, ...]
    due: Due
    moving: int
    set_aside: tuple[SetAside, ...]
    set_aside_count: int
    accounts: tuple[Watched, ...]
    hints: Hints


def read_engine(actor: Actor) -> Engine:
    """Everything, as it is now."""
    swept, now = last_sweep(), timezone.now()
    accounts = _accounts()
    return Engine(
        sweep_at=swept,
        silent=swept is None or swept < now - SILENT_AFTER,
        workers=workers(),
        due=_due(now),
        moving=sum(one.moving for one in accounts),
        set_aside=_set_aside(actor),
        set_aside_count=set_aside_changes().count(),
        accounts=accounts,
        hints=_hints(),
    )


def _due(now: datetime) -> Due:
    """A change that is being worked on at this moment is due and does not wait."""
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    found = Change.objects.filter(free, next_check_at__lte=now).aggregate(
        changes=Count("pk"),
        overdue=Count("pk", filter=Q(next_check_at__lt=now - OVERDUE)),
        oldest=Min("next_check_at"),
    )
    lag = (now - found["oldest"]).total_seconds() if found["oldest"] else None
    return Due(found["changes"], found["overdue"], lag)


def _set_aside(actor: Actor) -> tuple[SetAside, ...]:
    rows = set_aside_changes().defer("plan", "goal", "findings")[:SHOWN]
    return tuple(SetAside(row, ChangeKind(row.kind).label, why_not_take_up(actor, row)) for row in rows)


def _accounts() -> tuple[Watched, ...]:
    rows = list(Account.objects.order_by("slug"))
    account = "stack__environment__account"
    operations = Operation.objects.filter(is_open=True, called_at__isnull=False, finished_at__isnull=True)
    moving = dict(operations.order_by().values_list(account).annotate(Count("pk")))
    stacks = Stack.objects.order_by().values_list("environment__account")
    seen = dict(stacks.annotate(Max("observed_at")))
    states = budget_states(*(row.pk for row in rows))
    return tuple(Watched(row, moving.get(row.pk, 0), seen.get(row.pk), states[row.pk]) for row in rows)


def _hints() -> Hints:
    url = settings.AWS_EVENTS_QUEUE_URL
    return Hints(bool(url), HintQueue.objects.filter(url=url).first() if url else None)
