"""How costs are known: what reading them has cost, which tags split them, what AWS changed later; and reading them
now."""

from datetime import date, datetime, timedelta
from typing import Any, cast

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, QueryDict
from ninja import Router, Schema

from portal.access import actor_of
from portal.accounts.models import Scope
from portal.api.operations import operation
from portal.api.sending import once
from portal.costs.exporting import exact
from portal.costs.knowing import Knowing, Untagged, read_knowing
from portal.costs.reading import read_scene
from portal.costs.visibility import sees_all
from portal.requesting.reading import default_account
from provisioning.actions.refreshing_costs import do_refresh_costs
from provisioning.actions.refusals import Refusal
from provisioning.lifecycle import CostSource, RefreshStatus
from provisioning.models import Account, CostRefresh, CostRevision

router = Router(tags=["Costs"])
DAY = timedelta(days=1)


class Reading(Schema):
    """A reading of Cost Explorer, from `first_day` to `last_day`. `asked_by` null: its turn had come. `changed` is how
    many amounts differ from the reading before."""

    id: int
    status: RefreshStatus
    asked_by: str | None
    asked_at: datetime
    finished_at: datetime | None
    first_day: date
    last_day: date
    pages: int
    changed: int
    problem: str


class TagHealth(Schema):
    """A tag that costs are split by; `problem` says why they cannot be, and whom to ask."""

    key: str
    active: bool
    problem: str
    last_used_on: date | None
    seen_at: datetime | None


class Variants(Schema):
    """Names of one thing that differ in case only: each is another one to AWS."""

    of: str
    names: list[str]


class UntaggedStack(Schema):
    """A stack that lacks tags, so that what it costs is nobody's. `ours`: Stackyard made or adopted it."""

    name: str
    missing: list[str]
    ours: bool


class Revision(Schema):
    """An amount of a settled day that AWS changed later."""

    day: date
    application: str
    environment: str
    service: str
    record_type: str
    before: str
    after: str
    at: datetime


class CostSourceReport(Schema):
    """Where the numbers come from. `source` null: nothing is known yet. Without `cost_explorer` Stackyard reckons by
    itself, at list prices. `spent` and `cap` are US dollars that reading has cost this month, and may; `pages` were
    asked for. The newest of `readings` and `revisions` come first, `revised` is how many of the latter there are."""

    source: CostSource | None
    as_of: datetime | None
    cost_explorer: bool
    spent: str
    cap: str
    pages: int
    readings: list[Reading]
    tags: list[TagHealth]
    variants: list[Variants]
    untagged: list[UntaggedStack]
    revisions: list[Revision]
    revised: int


@operation(
    router, "GET", "/costs/source", scope=Scope.READ, page="costs_source", answers=CostSourceReport,
    summary="Show where costs come from",
)  # fmt: skip
def show_cost_source(request: HttpRequest) -> CostSourceReport:
    """Nothing of this asks AWS."""
    actor = actor_of(request)
    scene = read_scene(actor, QueryDict())
    found = read_knowing(default_account(), scene.mine if scene else (), whole=sees_all(actor))
    return CostSourceReport(
        source=scene.known.source if scene else None,
        as_of=scene.known.as_of if scene else None,
        **_ledger(found),
        tags=[TagHealth(**{name: getattr(tag, name) for name in TagHealth.model_fields}) for tag in found.tags],
        variants=[Variants(of=of, names=list(names)) for of, names in found.variants],
        untagged=[_untagged(one) for one in found.untagged],
        revisions=[_revision(one) for one in found.revisions],
        revised=found.revised,
    )


@operation(
    router, "POST", "/costs/refresh", scope=Scope.CHANGE, page="costs_refresh", answers=Reading, status=202,
    summary="Have costs read now",
)  # fmt: skip
def refresh_costs(request: HttpRequest, response: HttpResponse) -> Reading:
    """Reading is paid for by the page. Whoever asks while costs are being read is answered that reading; the readings
    of `GET /costs/source` say when it is over."""
    account = default_account()
    if account is None:
        raise Refusal("There is no account yet whose costs could be read.", "no-account")
    there = account
    made = once(
        request,
        response,
        None,
        lambda _: do_refresh_costs(actor_of(request), there),
        made_at=lambda at: _reading_of(there, at),
    )
    refresh = cast("CostRefresh", made)
    return _reading(refresh, refresh.calls.count())


def _reading_of(account: Account, at: datetime) -> CostRefresh | None:
    """The reading that was under way at that time, else the first that began after."""
    left = CostRefresh.objects.filter(Q(finished_at=None) | Q(finished_at__gte=at), account=account)
    return left.order_by("pk").first()


def _ledger(found: Knowing) -> dict[str, Any]:
    return {
        "cost_explorer": found.there,
        "spent": exact(found.spent),
        "cap": exact(found.cap),
        "pages": found.pages,
        "readings": [_reading(one.refresh, one.pages) for one in found.readings],
    }


def _reading(found: CostRefresh, pages: int) -> Reading:
    return Reading(
        id=found.pk,
        status=RefreshStatus(found.status),
        asked_by=found.asked_by.get_username() if found.asked_by else None,
        asked_at=found.asked_at,
        finished_at=found.finished_at,
        first_day=found.first_day,
        last_day=found.end_day - DAY,
        pages=pages,
        changed=found.changed,
        problem=found.problem,
    )


def _untagged(one: Untagged) -> UntaggedStack:
    return UntaggedStack(name=one.name, missing=list(one.missing), ours=one.ours)


def _revision(one: CostRevision) -> Revision:
    return Revision(
        day=one.day,
        application=one.application,
        environment=one.environment_name,
        service=one.service,
        record_type=one.record_type,
        before=exact(one.before),
        after=exact(one.after),
        at=one.at,
    )
