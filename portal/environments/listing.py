"""The list of environments: filtered, sorted and paged in the database."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.db.models.expressions import OrderBy
from django.utils import timezone

from portal.environments.forms import ANY, MINE
from portal.environments.forms import SOON as EXPIRES_SOON
from portal.environments.versions import newer_version
from provisioning.blueprints.loader import library
from provisioning.blueprints.model import STAGES
from provisioning.lifecycle import STACK_STATUSES, EnvironmentStatus, Outside, StackKind, stack_status
from provisioning.models import Environment, Stack
from provisioning.planning.lifetimes import SOON, Expiry, expiry

PAGE_SIZE = 25
DEFAULT_SORT = "-changed"

_THERE = tuple(status.name for status in STACK_STATUSES.values() if not status.gone)

# What asks for a look comes first when people sort by status.
_STATUS_ORDER = (
    EnvironmentStatus.ATTENTION,
    EnvironmentStatus.BUSY,
    EnvironmentStatus.REQUESTED,
    EnvironmentStatus.READY,
    EnvironmentStatus.PARKED,
    EnvironmentStatus.DATA_ONLY,
    EnvironmentStatus.REMOVED,
)


def _rank(field: str, values: tuple[str, ...]) -> Case:
    return Case(
        *(When(**{field: value}, then=Value(place)) for place, value in enumerate(values)),
        default=Value(len(values)),
        output_field=IntegerField(),
    )


@dataclass(frozen=True)
class Noted:
    """A badge beside the status: a few words and their colour family."""

    label: str
    tone: str


@dataclass(frozen=True)
class Row:
    """One line of the list; `outside` is what somebody did to its stacks outside Stackyard, `expiry` an end that is
    near."""

    environment: Environment
    status: EnvironmentStatus
    newer: str
    outside: tuple[Noted, ...] = ()
    expiry: Expiry | None = None


def list_environments(user_id: int, wanted: Mapping[str, str], sort: str, page: str) -> tuple[Page[int], list[Row]]:
    """One page of what was `wanted` (q, application, stage, status, owner), and its lines. Pages out of range
    give the nearest one; an unknown `sort` gives the newest change first."""
    found = _filtered(user_id, wanted)
    ordered = found.order_by(*_order(sort)).values_list("pk", flat=True)
    shown = Paginator(ordered, PAGE_SIZE).get_page(page)
    # The page's keys first, then its rows: the database sorts 10,000 keys quicker than rows with their joins.
    keys = list(shown.object_list)
    rows = Environment.objects.select_related("owner").prefetch_related("stacks").in_bulk(keys)
    blueprints = library().blueprints
    return shown, [
        Row(
            one,
            EnvironmentStatus(one.status),
            newer_version(one.stacks.all(), blueprints.get(one.application)),
            _outside(one),
            _near_end(one),
        )
        for one in (rows[key] for key in keys if key in rows)
    ]


def _outside(environment: Environment) -> tuple[Noted, ...]:
    """What somebody did to its stacks outside Stackyard, each once; the heading of the environment says more."""
    done = sorted({Outside(stack.outside) for stack in environment.stacks.all() if stack.outside})
    return tuple(Noted(one.label.removesuffix(" Stackyard"), one.tone) for one in done)


def _near_end(environment: Environment) -> Expiry | None:
    """The end of its lifetime where that is near; what is parked already has none."""
    found = expiry(environment.expires_at, timezone.now())
    if found is None or not found.tone:
        return None
    there = (stack for stack in environment.stacks.all() if not stack_status(stack.status).gone)
    return found if any(stack.kind == StackKind.COMPUTE for stack in there) else None


def _filtered(user_id: int, wanted: Mapping[str, str]) -> QuerySet[Environment]:
    found = Environment.objects.all()
    if wanted.get("owner") == MINE:
        found = found.filter(owner_id=user_id)
    if wanted.get("application"):
        found = found.filter(application=wanted["application"])
    if wanted.get("stage"):
        found = found.filter(stage=wanted["stage"])
    if wanted.get("expires") == EXPIRES_SOON:
        there = Stack.objects.filter(environment=OuterRef("pk"), kind=StackKind.COMPUTE, status__in=_THERE)
        found = found.filter(Exists(there), expires_at__lte=timezone.now() + SOON)
    status = wanted.get("status", "")
    if status and status != ANY:
        found = found.filter(status=status)
    elif not status:
        found = found.exclude(status=EnvironmentStatus.REMOVED)
    for word in wanted.get("q", "").replace("/", " ").split():
        found = found.filter(
            Q(application__icontains=word) | Q(name__icontains=word) | Q(owner__username__icontains=word)
        )
    return found


def _order(sort: str) -> list[OrderBy | str]:
    name = sort.removeprefix("-")
    columns: dict[str, tuple[F | Case, ...]] = {
        "name": (F("name"), F("application")),
        "application": (F("application"), F("name")),
        "stage": (_rank("stage", STAGES), F("name")),
        "status": (_rank("status", _STATUS_ORDER), F("name")),
        "cost": (F("monthly_cost"),),
        "changed": (F("changed_at"),),
    }
    if name not in columns:
        return _order(DEFAULT_SORT)
    down = sort.startswith("-")
    # What is not known comes last either way; only the cost can be unknown.
    nulls = {"nulls_last": True} if name == "cost" else {}
    first, *rest = columns[name]
    return [OrderBy(first, descending=down, **nulls), *(OrderBy(one) for one in rest), "pk"]
