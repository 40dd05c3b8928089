"""The costs of one environment as its page shows them: since it is there, this month, by service and day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import urlencode

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from portal.charts import Bar, Chart, Series
from portal.environment_costs.happenings import Happening, happenings, marks
from provisioning.costs.daily import added, daily_by
from provisioning.costs.days import Known, known
from provisioning.costs.forecast import WINDOW
from provisioning.costs.limits import Spent
from provisioning.costs.spend import SHOWN, Group, fold, money, month_before, trillionths
from provisioning.engine.costing.budgeting import spent_of
from provisioning.models import CostDay, Environment

RANGES: Mapping[str, str] = {"14": "14 days", "30": "30 days", "90": "90 days", "365": "A year"}
DEFAULT_RANGE = "30"
ONE_BY_ONE = 92  # with more days a bar is a week
A_DAY = timedelta(days=1)
Days = Mapping[date, Decimal]


@dataclass(frozen=True)
class DayLine:
    """A day on which something happened, or a week: its cost, and what it was. `anchor` is its place on the page."""

    anchor: str
    label: str
    amount: Decimal
    found: Sequence[Happening]


@dataclass(frozen=True)
class EnvironmentCosts:
    """The page's numbers. `a_day` is the mean of the last settled days, None while none is; `first` the first day that
    cost something; `by_day` are all days since."""

    known: Known
    currency: str
    first: date
    today: date
    total: Decimal
    month: Spent
    last_month: Decimal
    a_day: Decimal | None
    days: int
    range: str
    chart: Chart
    timeline: Sequence[DayLine]
    services: Sequence[tuple[str, Decimal]]
    by_day: Days

    @property
    def settled(self) -> date:
        """The last day that is complete."""
        return self.known.settled


def read_costs(environment: Environment, asked: str = DEFAULT_RANGE) -> EnvironmentCosts | None:
    """The costs of an environment, the last days of which one by one; None before there are any."""
    what = known()
    if what is None:
        return None
    by_service = {
        service: days for (service,), days in daily_by(what.source, Q(environment=environment), None, "service").items()
    }
    days = added(by_service.values())
    if not days:
        return None
    today = timezone.now().date()
    chosen = asked if asked in RANGES else DEFAULT_RANGE
    first = max(min(days), today - int(chosen) * A_DAY + A_DAY)
    found = happenings(environment, first, today)
    bars = _spans(first, max(today, *days), 1 if int(chosen) <= ONE_BY_ONE else 7)
    before, window = month_before(today.replace(day=1)), _window(days, what.settled)
    return EnvironmentCosts(
        known=what,
        currency=_currency(what, environment),
        first=min(days),
        today=today,
        total=sum(days.values(), Decimal(0)),
        month=spent_of(days, today, what.settled),
        last_month=_sum(days, before, today.replace(day=1) - A_DAY),
        a_day=sum(window, Decimal(0)) / len(window) if window else None,
        days=len(window),
        range=chosen,
        chart=_chart(environment, by_service, bars, found, what.settled),
        timeline=_timeline(days, bars, found),
        services=_services(by_service),
        by_day=days,
    )


def _currency(what: Known, environment: Environment) -> str:
    rows = CostDay.objects.filter(environment=environment, source=what.source).order_by("-day")
    return rows.values_list("currency", flat=True).first() or "USD"


def _window(days: Days, settled: date) -> list[Decimal]:
    """The last settled days, at most as many as a forecast looks at, from the first that cost something on."""
    first = max(min(days), settled - (WINDOW - 1) * A_DAY)
    return [days.get(first + number * A_DAY, Decimal(0)) for number in range((settled - first).days + 1)]


def _sum(days: Days, first: date, last: date) -> Decimal:
    return sum((amount for day, amount in days.items() if first <= day <= last), Decimal(0))


def _spans(first: date, last: date, length: int) -> list[tuple[date, date]]:
    """The bars: each from its first to its last day."""
    starts = [first + number * A_DAY for number in range(0, (last - first).days + 1, length)]
    return [(start, min(start + (length - 1) * A_DAY, last)) for start in starts]


def _services(by_service: Mapping[str, Days]) -> list[tuple[str, Decimal]]:
    sums = [(service, sum(days.values(), Decimal(0))) for service, days in by_service.items()]
    return sorted((one for one in sums if one[1]), key=lambda one: (-one[1], one[0]))


def _chart(
    environment: Environment,
    by_service: Mapping[str, Days],
    bars: Sequence[tuple[date, date]],
    found: Sequence[Happening],
    settled: date,
) -> Chart:
    groups = fold(_groups(by_service, bars), SHOWN)
    return Chart(
        id="cost-days",
        title=f"Cost of {environment} by service and {'day' if _is_days(bars) else 'week'}",
        unit=f"a {'day' if _is_days(bars) else 'week'} (UTC)",
        series=tuple(Series(group.label, _filtered(environment, group)) for group in groups),
        bars=tuple(
            Bar(
                short=f"{first.day} {first:%b}",
                label=_label(first, last),
                amounts=tuple(money(group.amounts[place]) for group in groups),
                url=f"#{_anchor(first)}" if _within(found, first, last) else "",
                incomplete=last > settled,
                marks=marks(_within(found, first, last), _anchor(first)),
            )
            for place, (first, last) in enumerate(bars)
        ),
    )


def _is_days(bars: Sequence[tuple[date, date]]) -> bool:
    return all(first == last for first, last in bars)


def _groups(by_service: Mapping[str, Days], bars: Sequence[tuple[date, date]]) -> list[Group]:
    """The services that cost something in these days, dearest first."""
    groups = [
        Group(service, [trillionths(_sum(days, *bar)) for bar in bars], {"service": service})
        for service, days in by_service.items()
    ]
    return sorted((one for one in groups if any(one.amounts)), key=lambda one: (-sum(one.amounts), one.label))


def _filtered(environment: Environment, group: Group) -> str:
    """The costs page, about one service of this environment."""
    asked = {"environment": str(environment), "by": "service", **group.values}
    return f"{reverse('costs')}?{urlencode(asked)}"


def _timeline(days: Days, bars: Sequence[tuple[date, date]], found: Sequence[Happening]) -> list[DayLine]:
    """The same as text, newest first: days on which something happened."""
    lines = [
        DayLine(_anchor(first), _label(first, last), _sum(days, first, last), here)
        for first, last in bars
        if (here := _within(found, first, last))
    ]
    return lines[::-1]


def _within(found: Sequence[Happening], first: date, last: date) -> list[Happening]:
    return [one for one in found if first <= one.day <= last]


def _anchor(day: date) -> str:
    return f"day-{day.isoformat()}"


def _label(first: date, last: date) -> str:
    words = f"{first.day} {first:%B %Y}"
    return words if first == last else f"{words} to {last.day} {last:%B}"
