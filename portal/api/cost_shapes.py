"""Costs as they are told. Amounts are texts with all of their decimals, because numbers of JSON keep fewer."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from ninja import Schema

from portal.costs.exporting import exact
from portal.costs.reading import Month, Scene
from provisioning.costs.days import Known
from provisioning.costs.forecast import Forecast
from provisioning.lifecycle import CostSource

_FINEST = Decimal(1).scaleb(-12)  # as fine as amounts are kept


class ForecastLine(Schema):
    """What the month is to cost, and between what. `rough`: it rests on few days."""

    expected: str
    low: str
    high: str
    rough: bool


class MonthLine(Schema):
    """This month up to now, what it is to cost (null: nothing is known of it yet), and the whole of the last one."""

    so_far: str
    forecast: ForecastLine | None
    last_month: str


class CostGroup(Schema):
    """What belongs together. `apart`: without tags, or no usage; it is never divided among environments. `filters` ask
    for this group alone. `days` are those that cost something, by date."""

    label: str
    total: str
    apart: bool
    filters: dict[str, str]
    days: dict[str, str]


class UntaggedLine(Schema):
    """What one service cost without tags. `shared`: AWS bills it so, whatever is tagged."""

    service: str
    amount: str
    shared: bool


class CostFacts(Schema):
    """Where amounts come from and how sure they are. `source` null: nothing is known yet. Days after `complete_until`
    are still coming in, and AWS may change those from `estimated_from` on: `estimated` says that some of them are told
    here."""

    source: CostSource | None
    as_of: datetime | None
    currency: str
    first_day: date | None
    last_day: date | None
    complete_until: date | None
    estimated_from: date | None
    estimated: bool


class CostReport(CostFacts):
    """A page of groups, the dearest first; of days the earliest. `total` is of all of them, `untagged` what of it has
    no tags, by service. `broken` are days whose groups are not AWS's own total, and by how much. `filters` are those
    that were asked for."""

    by: str
    filters: dict[str, str]
    total: str
    month: MonthLine | None
    items: list[CostGroup]
    untagged: list[UntaggedLine]
    broken: dict[str, str]
    next: str | None


class ServiceCost(Schema):
    """What one service cost since the environment is there."""

    service: str
    amount: str


class EnvironmentCostReport(CostFacts):
    """What one environment has cost since it is there. `first_day` is the first that cost something, `total` of all
    days, `a_day` the mean of `mean_of` complete ones, `estimated_monthly` what the book of prices says that it costs.
    `days` are those that were asked for and cost something."""

    application: str
    environment: str
    total: str
    month: MonthLine | None
    a_day: str | None
    mean_of: int
    estimated_monthly: str | None
    services: list[ServiceCost]
    days: dict[str, str]


def facts_of(known: Known | None, currency: str, first: date | None, last: date | None) -> CostFacts:
    """What is known of the source of amounts, of nothing that may change."""
    return CostFacts(
        source=known.source if known else None,
        as_of=known.as_of if known else None,
        currency=currency,
        first_day=first,
        last_day=last,
        complete_until=known.settled if known else None,
        estimated_from=None,
        estimated=False,
    )


def facts_of_scene(scene: Scene) -> CostFacts:
    """The same of what was asked for."""
    found = facts_of(scene.known, scene.currency, scene.wanted.first, scene.last)
    return found.model_copy(update={"estimated_from": scene.days.estimated_from, "estimated": scene.estimated})


def month_line(month: Month) -> MonthLine:
    """This month."""
    return MonthLine(
        so_far=exact(month.so_far), forecast=forecast_line(month.forecast), last_month=exact(month.last_month)
    )


def forecast_line(found: Forecast | None) -> ForecastLine | None:
    """A forecast, if there is one."""
    if found is None:
        return None
    return ForecastLine(expected=fine(found.expected), low=fine(found.low), high=fine(found.high), rough=found.rough)


def fine(amount: Decimal) -> str:
    """An amount that was divided, as fine as amounts are kept."""
    return exact(amount.quantize(_FINEST))


def days_line(days: Mapping[date, Decimal]) -> dict[str, str]:
    """Days that cost something, in order."""
    return {day.isoformat(): exact(amount) for day, amount in sorted(days.items()) if amount}
