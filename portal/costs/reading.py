"""What the costs page shows: total, change, where, who; out of one person's lines of costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import QueryDict
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from portal.charts import Bar, Chart, Series
from portal.costs.forms import CostFilter
from portal.costs.visibility import sees_all, visible
from portal.costs.wanted import DAY, KINDS, Wanted
from provisioning.actions.actor import Actor
from provisioning.costs.days import Days, Known, known, lines_of, read_days
from provisioning.costs.forecast import Forecast, month_forecast
from provisioning.costs.spend import (
    SHOWN,
    USAGE,
    Change,
    Group,
    Line,
    change,
    daily,
    does_not_add_up,
    fold,
    grouped,
    is_shared,
    money,
    month_before,
    total,
)

PAGE_SIZE = 25
DAYS_ONE_BY_ONE = 92  # with more of them a bar is a week
DEFAULT_SORT = "-amount"


@dataclass(frozen=True)
class Month:
    """This month: what it cost so far, what it will, what the last one did. `settled` is the last complete day."""

    first: date
    so_far: Decimal
    forecast: Forecast | None
    last_month: Decimal
    settled: date


@dataclass(frozen=True)
class Row:
    """A group as a line of the table. `place` is its colour in the chart, None for those folded into "other"; `share`
    is of all that was spent, without what came back, in per cent; `a_day` the mean of settled days from
    its first on."""

    group: Group
    url: str
    environment_url: str
    place: int | None
    share: Decimal | None
    a_day: Decimal | None
    forecast: Forecast | None


@dataclass(frozen=True)
class Apart:
    """Spend without tags on one service. `shared`: AWS bills it so, whatever is tagged."""

    service: str
    amount: Decimal
    shared: bool


@dataclass(frozen=True)
class Scene:
    """What one person asks for and may see, before it is shown: as a page, or as a file."""

    known: Known
    days: Days
    form: CostFilter
    wanted: Wanted
    lines: Sequence[Line]
    mine: Sequence[Line]
    today: date
    whole: bool

    @property
    def currency(self) -> str:
        """What the amounts are in."""
        return self.days.currencies[0] if self.days.currencies else "USD"

    @property
    def estimated(self) -> bool:
        """Whether AWS may still change some of the days that are shown."""
        return self.days.estimated_from is not None and self.days.estimated_from < self.wanted.end

    @property
    def end(self) -> date:
        """The end of what is shown: no later than what is known."""
        return min(self.wanted.end, max(self.known.last, self.known.as_of.date()) + DAY)

    @property
    def last(self) -> date:
        """The last day that is shown."""
        return self.end - DAY

    @property
    def by_words(self) -> str:
        """What the groups are."""
        return KINDS[self.wanted.by]


@dataclass(frozen=True)
class Overview:
    """The page. `apart` is spend without tags, `broken` the days on which groups and total differ, and by how much."""

    scene: Scene
    month: Month
    change: Change | None
    chart: Chart
    rows: Page[Any]
    shown: Sequence[Row]
    total: Decimal
    apart: Sequence[Apart]
    broken: Mapping[date, Decimal]


def read_scene(actor: Actor, query: QueryDict) -> Scene | None:
    """Everything that the page, its CSV and its JSON are made of. None before there are any costs."""
    found = known(query.get("source", ""))
    if found is None:
        return None
    today = timezone.now().date()
    wanted = CostFilter(query, (), found.sources).wanted(today)
    days = read_days(found, min(wanted.first, month_before(today.replace(day=1))))
    mine = visible(actor, lines_of(days)) if days.currencies else []
    form = CostFilter(query, mine, found.sources)
    wanted = form.wanted(today)
    return Scene(found, days, form, wanted, wanted.kept(mine), mine, today, sees_all(actor))


def read_overview(scene: Scene, sort: str, page: str) -> Overview:
    """The page of a scene; `sort` is name, amount or share, with a minus for the other way around."""
    wanted = scene.wanted
    groups = grouped(scene.lines, wanted.by, wanted.first, scene.end)
    everything = sum((group.total for group in groups), Decimal(0))
    spent = sum((group.total for group in groups if group.total > 0), Decimal(0))
    paged = Paginator(_sorted(groups, sort), PAGE_SIZE).get_page(page)
    places = {group.label: place for place, group in enumerate(groups[:SHOWN])}
    return Overview(
        scene=scene,
        month=month_of(scene),
        change=change(scene.lines, scene.today, scene.known.settled),
        chart=chart_of(scene, groups),
        rows=paged,
        shown=[_row(scene, group, places, spent) for group in paged.object_list],
        total=everything,
        apart=apart_of(scene),
        broken=broken_of(scene),
    )


def month_of(scene: Scene) -> Month:
    """This month of what is asked for."""
    first = scene.today.replace(day=1)
    return Month(
        first=first,
        so_far=total(scene.lines, first, scene.today + DAY),
        forecast=_forecast(scene, scene.lines),
        last_month=total(scene.lines, month_before(first), first),
        settled=scene.known.settled,
    )


def _forecast(scene: Scene, lines: Sequence[Line]) -> Forecast | None:
    start = month_before(scene.today.replace(day=1))
    amounts = daily(lines, start, scene.today + DAY)
    by_day = {start + timedelta(days=number): money(amount) for number, amount in enumerate(amounts) if amount}
    return month_forecast(by_day, scene.today, scene.known.settled)


def _sorted(groups: Sequence[Group], sort: str) -> list[Group]:
    if sort.removeprefix("-") == "name":
        return sorted(groups, key=lambda one: one.label.casefold(), reverse=sort.startswith("-"))
    return sorted(groups, key=lambda one: one.total, reverse=sort != "amount")


def _row(scene: Scene, group: Group, places: Mapping[str, int], spent: Decimal) -> Row:
    settled = group.amounts[: max(0, (scene.known.settled + DAY - scene.wanted.first).days)]
    counted = settled[next((number for number, amount in enumerate(settled) if amount), len(settled)) :]
    members = [line for line in scene.lines if line.environment_id == group.environment_id]
    return Row(
        group=group,
        url=link_of(scene.wanted, group),
        environment_url=environment_url(group, scene.mine),
        place=places.get(group.label),
        share=group.total * 100 / spent if group.total > 0 else None,
        a_day=money(sum(counted)) / len(counted) if counted else None,
        forecast=_forecast(scene, members) if group.environment_id is not None else None,
    )


def link_of(wanted: Wanted, group: Group) -> str:
    """The same days, of this group only; an application's by environment, an environment's by service."""
    if not group.values:
        return ""
    by = {"environment": "service", "application": "environment", "stage": "environment", "owner": "environment"}
    return wanted.link(**group.values, by=by.get(wanted.by, "environment"))


def environment_url(group: Group, lines: Sequence[Line]) -> str:
    """The costs of the environment that a group is; empty for what is none of ours."""
    if group.environment_id is None:
        return ""
    line = next(line for line in lines if line.environment_id == group.environment_id)
    return url_of_environment(line.application, line.environment)


def url_of_environment(application: str, name: str) -> str:
    """The costs of one environment; empty where its tags are no names of ours."""
    try:
        return reverse("environment_costs", args=[application, name])
    except NoReverseMatch:
        return ""


def chart_of(scene: Scene, groups: Sequence[Group]) -> Chart:
    """The groups by day, or by week when there are many days; all but the dearest as one."""
    wanted, folded = scene.wanted, fold(groups)
    spans = spans_of(wanted.first, scene.end)
    weekly = len(spans) < (scene.end - wanted.first).days
    unit = "US dollars" if scene.currency == "USD" else scene.currency
    return Chart(
        id="where",
        title=f"Costs by {KINDS[wanted.by].lower()}, {'week' if weekly else 'day'} by {'week' if weekly else 'day'}",
        unit=f"{unit} a {'week' if weekly else 'day'}",
        series=tuple(Series(one.label, environment_url(one, scene.mine) or link_of(wanted, one)) for one in folded),
        bars=tuple(_bar(scene, folded, span) for span in spans),
        currency=scene.currency,
    )


def spans_of(first: date, end: date) -> list[tuple[date, date]]:
    """One span a day, or one a week (from Monday on) when there are many days; ends are exclusive."""
    step = 7 if (end - first).days > DAYS_ONE_BY_ONE else 1
    spans = []
    while first < end:
        stop = min(first + (step - first.weekday() if step == 7 else 1) * DAY, end)
        spans.append((first, stop))
        first = stop
    return spans


def _bar(scene: Scene, groups: Sequence[Group], span: tuple[date, date]) -> Bar:
    start, stop = (span[0] - scene.wanted.first).days, (span[1] - scene.wanted.first).days
    first, last = span[0], span[1] - DAY
    return Bar(
        short=f"{first.day} {first:%b}",
        label=f"{first:%a} {first.day} {first:%b %Y}"
        if first == last
        else f"{first.day} {first:%b} to {last.day} {last:%b %Y}",
        amounts=tuple(money(sum(group.amounts[start:stop])) for group in groups),
        url=scene.wanted.link(**{"from": first.isoformat(), "to": last.isoformat()}),
        incomplete=last > scene.known.settled,
    )


def apart_of(scene: Scene) -> list[Apart]:
    """What has neither tag, by service: first what could have them."""
    untagged = [line for line in scene.lines if not line.tagged and line.record_type == USAGE]
    groups = grouped(untagged, "service", scene.wanted.first, scene.end)
    rows = [Apart(one.label, one.total, is_shared(one.label)) for one in groups]
    return sorted(rows, key=lambda one: one.shared)


def broken_of(scene: Scene) -> Mapping[date, Decimal]:
    """Days on which the groups are not the total. Only who sees everything can tell."""
    if not scene.whole:
        return {}
    shown = {day: amount for day, amount in scene.days.totals.items() if scene.wanted.first <= day < scene.end}
    if not shown:
        return {}
    sums = {scene.days.first + number * DAY: amount for number, amount in enumerate(scene.days.by_day)}
    return does_not_add_up(sums, shown)
