"""What home shows: my environments and what they cost, what waits for me, what is running, what happened."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Q, QuerySet, Sum, Value, When, Window
from django.http import HttpRequest
from django.utils import timezone

from portal.access import actor_of
from portal.approvals.waiting import decidable_by, waiting_count
from portal.budgets.reading import Told, notices_for, told_this_month
from portal.environments.listing import Row
from portal.environments.versions import newer_version
from provisioning.blueprints.loader import library
from provisioning.costs.days import spent_since
from provisioning.costs.spend import money
from provisioning.lifecycle import MOVING_CHANGES, MOVING_JOBS, ChangeKind, ChangeStatus, EnvironmentStatus
from provisioning.models import Change, Environment, ItemJob, Stack

MY_ENVIRONMENTS = 10
LINES = 6
BUSY_PAUSE, CALM_PAUSE = 2, 20  # seconds between two looks: something moves, nothing does


@dataclass(frozen=True)
class ChangeLine:
    """One change in a short list."""

    change: Change
    kind: ChangeKind
    status: ChangeStatus


@dataclass(frozen=True)
class Board:
    """Everything on home below its heading. `spent` is what my environments have cost this month so far, None before
    there are any costs; `told` is what budgets told; `pause` is when to look again, in seconds."""

    mine: tuple[Row, ...]
    mine_count: int
    monthly: Decimal | None
    spent: Decimal | None
    told: tuple[Told, ...]
    waiting: tuple[ChangeLine, ...]
    waiting_count: int
    running: tuple[ChangeLine, ...]
    running_count: int
    jobs_count: int
    recent: tuple[ChangeLine, ...]
    recent_is_mine: bool
    pause: int


@dataclass(frozen=True)
class Numbers:
    """My environments in numbers: the estimate of those that have stacks (None without any), how many there are, what
    they have cost this month so far (None before there are any costs). `told` is False where no budget told anything;
    who has no environments has to look."""

    monthly: Decimal | None
    count: int
    spent: Decimal | None
    told: bool


def read_board(request: HttpRequest) -> Board:
    """The board of the person who asks."""
    actor = actor_of(request)
    user_id = actor.user_id
    mine = _mine(user_id)
    numbers = _mine_in_numbers(user_id)
    waiting = waiting_count(request)
    moving = _changes().filter(status__in=MOVING_CHANGES)
    running = list(
        moving.annotate(others=_not_mine(user_id), every=Window(Count("pk"))).order_by("others", "-requested_at")[
            :LINES
        ]
    )
    recent, recent_is_mine = _recent(user_id)
    return Board(
        mine=mine,
        mine_count=numbers.count,
        monthly=numbers.monthly,
        spent=numbers.spent,
        told=tuple(notices_for(actor)) if numbers.told else (),
        waiting=_lines(decidable_by(actor).defer("plan", "goal", "findings")[:LINES]) if waiting else (),
        waiting_count=waiting,
        running=_lines(running),
        running_count=running[0].every if running else 0,
        jobs_count=ItemJob.objects.filter(status__in=MOVING_JOBS).count(),
        recent=recent,
        recent_is_mine=recent_is_mine,
        pause=BUSY_PAUSE if running else CALM_PAUSE,
    )


def _mine(user_id: int) -> tuple[Row, ...]:
    found = (
        Environment.objects.filter(owner_id=user_id)
        .exclude(status=EnvironmentStatus.REMOVED)
        .select_related("owner")
        .prefetch_related("stacks")
        .order_by("-changed_at")[:MY_ENVIRONMENTS]
    )
    blueprints = library().blueprints
    return tuple(
        Row(one, EnvironmentStatus(one.status), newer_version(one.stacks.all(), blueprints.get(one.application)))
        for one in found
    )


def _mine_in_numbers(user_id: int) -> Numbers:
    there = Stack.objects.filter(environment=OuterRef("pk")).exclude(status__in=["", "DELETE_COMPLETE"])
    everything = Environment.objects.filter(owner_id=user_id).annotate(
        left=~Q(status=EnvironmentStatus.REMOVED),
        there=Exists(there),
        spent=spent_since(_first_of_month()),
        told=Exists(told_this_month()),
    )
    found = everything.aggregate(
        rows=Count("pk"),
        count=Count("pk", filter=Q(left=True)),
        monthly=Sum(Case(When(there=True, left=True, then="monthly_cost"))),
        all_spent=Sum("spent"),
        any_told=Count("pk", filter=Q(told=True)),
    )
    spent = found["all_spent"]
    return Numbers(
        monthly=found["monthly"],
        count=found["count"],
        spent=money(spent) if spent is not None else None,
        told=bool(found["any_told"]) or not found["rows"],
    )


def _first_of_month() -> date:
    return timezone.now().date().replace(day=1)


def _changes() -> QuerySet[Change]:
    return Change.objects.select_related("environment", "requested_by").defer("plan", "goal", "findings")


def _not_mine(user_id: int) -> Case:
    mine = [When(requested_by_id=user_id, then=Value(0)), When(environment__owner_id=user_id, then=Value(0))]
    return Case(*mine, default=Value(1), output_field=IntegerField())


def _recent(user_id: int) -> tuple[tuple[ChangeLine, ...], bool]:
    """The newest changes that I asked for or that are of my environments; everybody's for who has none.

    Two questions that an index answers each, instead of one with an OR that none does.
    """
    changes = Change.objects.order_by("-requested_at")
    asked = newest_of(changes.filter(requested_by_id=user_id), LINES)
    owned = newest_of(changes.filter(environment__owner_id=user_id), LINES)
    both = {change.pk: change for change in [*asked, *owned]}
    newest = sorted(both.values(), key=lambda change: change.requested_at, reverse=True)[:LINES]
    if newest:
        return _lines(newest), True
    return _lines(newest_of(changes, LINES)), False


def newest_of(changes: QuerySet[Change], limit: int) -> list[Change]:
    """The first `limit` of ordered changes. Keys first, then rows: whoever sorts rows drags their plans along."""
    keys = list(changes.values_list("pk", flat=True)[:limit])
    found = _changes().in_bulk(keys)
    return [found[key] for key in keys if key in found]


def _lines(changes: Iterable[Change]) -> tuple[ChangeLine, ...]:
    return tuple(ChangeLine(one, ChangeKind(one.kind), ChangeStatus(one.status)) for one in changes)
