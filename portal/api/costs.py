"""What was spent, as the pages about costs show it: the same lines, filters and rights. Nothing here asks AWS."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import Any, Literal

from django.http import HttpRequest, QueryDict
from ninja import Path, Query, Router, Schema
from pydantic import Field

from portal.access import access_environment, actor_of
from portal.accounts.models import Scope
from portal.api.cost_shapes import (
    CostGroup,
    CostReport,
    EnvironmentCostReport,
    MonthLine,
    ServiceCost,
    UntaggedLine,
    days_line,
    facts_of,
    facts_of_scene,
    fine,
    forecast_line,
    month_line,
)
from portal.api.operations import operation
from portal.api.paging import Paged, cursor_of, number, read_cursor
from portal.api.problems import ProblemError
from portal.api.text import Day, Line, Name
from portal.costs.exporting import exact
from portal.costs.reading import Scene, apart_of, broken_of, month_of, read_scene
from portal.costs.visibility import require_sight
from portal.costs.wanted import EVERYTHING
from portal.environment_costs.reading import EnvironmentCosts, read_costs
from provisioning.costs.spend import daily, grouped, money
from provisioning.models import CostDay, Environment

router = Router(tags=["Costs"])
_NOTHING = "0"


class CostsWanted(Paged):
    """Which costs. Without days, the last 30; with `from` or `to`, `range` counts for nothing. `environment` is
    application/name, or a part of it without a slash. `types` empty: usage alone."""

    by: Literal["day", "environment", "application", "service", "stage", "owner"] = "environment"
    range: Literal["", "month", "last-month", "7", "30", "90", "365"] = ""
    first: Day | None = Field(None, alias="from", description="The first day, in UTC.")
    to: Day | None = Field(None, description="The last day.")
    application: Line = ""
    environment: Line = ""
    stage: Line = ""
    service: Line = ""
    owner: Line = ""
    types: Line = Field("", description=f"Record types: {EVERYTHING}, or one of them such as Credit.")
    source: Literal["", "explorer", "accrual"] = ""


class DaysWanted(Schema):
    """How many days are told one by one."""

    days: Literal["14", "30", "90", "365"] = "30"


@operation(
    router, "GET", "/costs", scope=Scope.READ, page="costs_json", answers=CostReport, summary="Read costs",
)  # fmt: skip
def read_all_costs(request: HttpRequest, wanted: Query[CostsWanted]) -> CostReport:
    """By day, environment, application, service, stage or owner. The days are those of UTC, both ends included."""
    scene = read_scene(actor_of(request), _question(wanted))
    if scene is None:
        facts = facts_of(None, "USD", wanted.first, wanted.to)
        return _report(facts.model_dump(), wanted, [], None)
    wrong = {name: " ".join(map(str, said)) for name, said in scene.form.errors.items()}
    if wrong:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad-values", " ".join(wrong.values()), fields=wrong)
    groups = _by_day(scene) if wanted.by == "day" else _groups(scene)
    report = _report(facts_of_scene(scene).model_dump(), wanted, groups, scene)
    report.month = month_line(month_of(scene))
    report.untagged = [
        UntaggedLine(service=one.service, amount=exact(one.amount), shared=one.shared) for one in apart_of(scene)
    ]
    report.broken = days_line(broken_of(scene))
    return report


@operation(
    router, "GET", "/environments/{app}/{name}/costs", scope=Scope.READ, page="environment_costs",
    answers=EnvironmentCostReport, summary="Read an environment's costs",
)  # fmt: skip
def read_environment_costs(
    request: HttpRequest, app: Path[Name], name: Path[Name], wanted: Query[DaysWanted]
) -> EnvironmentCostReport:
    """Since it is there, by service, and the last days one by one."""
    environment = access_environment(request, app, name)
    require_sight(actor_of(request), environment)
    found = read_costs(environment, wanted.days)
    first, last = (found.first, found.today) if found else (None, None)
    facts = facts_of(found.known if found else None, found.currency if found else "USD", first, last)
    estimated = _estimated_from(environment, found)
    return EnvironmentCostReport(
        **facts.model_dump() | {"estimated_from": estimated, "estimated": estimated is not None},
        application=environment.application,
        environment=environment.name,
        total=exact(found.total) if found else _NOTHING,
        month=_month(found) if found else None,
        a_day=fine(found.a_day) if found and found.a_day is not None else None,
        mean_of=found.days if found else 0,
        estimated_monthly=_estimate(environment),
        services=[
            ServiceCost(service=name, amount=exact(amount)) for name, amount in (found.services if found else ())
        ],
        days=_last_days(found, int(wanted.days)) if found else {},
    )


def _question(wanted: CostsWanted) -> QueryDict:
    """What is asked for, as links to the page ask for it."""
    asked = wanted.model_dump(exclude={"cursor", "limit", "first", "to", "by"})
    days = {name: day.isoformat() for name, day in (("from", wanted.first), ("to", wanted.to)) if day}
    by = {} if wanted.by == "day" else {"by": wanted.by}
    query = QueryDict(mutable=True)
    query.update({name: value for name, value in {**asked, **days, **by}.items() if value})
    return query


def _report(facts: dict[str, Any], wanted: CostsWanted, groups: Sequence[CostGroup], scene: Scene | None) -> CostReport:
    items, after = _page(groups, wanted, scene)
    filters = (
        dict(scene.wanted.filters) | ({"types": scene.wanted.types} if scene.wanted.types else {}) if scene else {}
    )
    everything = sum((Decimal(group.total) for group in groups), Decimal(0))
    return CostReport(
        **facts, by=wanted.by, filters=filters, total=exact(everything), month=None, items=items, untagged=[],
        broken={}, next=after,
    )  # fmt: skip


def _page(groups: Sequence[CostGroup], wanted: Paged, scene: Scene | None) -> tuple[list[CostGroup], str | None]:
    """A cursor is a place in one reading of the costs; after another one the groups may have changed places."""
    version, start = scene.known.version if scene else "", 0
    if wanted.cursor:
        read, start = read_cursor(wanted.cursor, (str, number))
        if read != version or not 0 <= start <= len(groups):
            said = "The costs were read again since the first page. Begin at the first page."
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad-cursor", said, fields={"cursor": said})
    end = start + wanted.limit
    return list(groups[start:end]), cursor_of([version, str(end)]) if end < len(groups) else None


def _groups(scene: Scene) -> list[CostGroup]:
    first = scene.wanted.first
    return [
        CostGroup(
            label=group.label,
            total=exact(group.total),
            apart=group.apart,
            filters=dict(group.values),
            days=days_line({first + timedelta(days=at): money(amount) for at, amount in enumerate(group.amounts)}),
        )
        for group in grouped(scene.lines, scene.wanted.by, first, scene.end)
    ]


def _by_day(scene: Scene) -> list[CostGroup]:
    first, found = scene.wanted.first, []
    for at, amount in enumerate(daily(scene.lines, first, scene.end)):
        day = (first + timedelta(days=at)).isoformat()
        told = exact(money(amount))
        filters = {"from": day, "to": day}
        found.append(CostGroup(label=day, total=told, apart=False, filters=filters, days={day: told} if amount else {}))
    return found


def _month(found: EnvironmentCosts) -> MonthLine:
    return MonthLine(
        so_far=exact(found.month.so_far),
        forecast=forecast_line(found.month.forecast),
        last_month=exact(found.last_month),
    )


def _last_days(found: EnvironmentCosts, count: int) -> dict[str, str]:
    after: date = found.today - timedelta(days=count)
    return days_line({day: amount for day, amount in found.by_day.items() if day > after})


def _estimated_from(environment: Environment, found: EnvironmentCosts | None) -> date | None:
    """The first day whose amount AWS may still change."""
    if found is None:
        return None
    rows = CostDay.objects.filter(environment=environment, source=found.known.source, estimated=True)
    return rows.order_by("day").values_list("day", flat=True).first()


def _estimate(environment: Environment) -> str | None:
    return None if environment.monthly_cost is None else f"{environment.monthly_cost:.2f}"
