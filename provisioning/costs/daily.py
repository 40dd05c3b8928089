"""Usage by day of whatever is asked for, summed exactly in the database: for one environment, one application, a
budget. Credits, refunds and tax are no usage and are left out (pitfall 12)."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import F, Q, Sum

from provisioning.costs.days import Trillionths
from provisioning.costs.spend import USAGE, money
from provisioning.lifecycle import CostSource
from provisioning.models import CostDay


def daily(source: CostSource, of: Q, first: date | None = None) -> dict[date, Decimal]:
    """What `of` cost on each day that has an amount, from `first` on where that is given."""
    return {day: amount for (day,), amount in _summed(source, of, first, ("day",))}


def daily_by(source: CostSource, of: Q, first: date | None, *keys: str) -> dict[tuple[Any, ...], dict[date, Decimal]]:
    """The same, apart by some columns of CostDay: the days of each combination that occurs."""
    found: dict[tuple[Any, ...], dict[date, Decimal]] = {}
    for (*key, day), amount in _summed(source, of, first, (*keys, "day")):
        found.setdefault(tuple(key), {})[day] = amount
    return found


def added(several: Iterable[Mapping[date, Decimal]]) -> dict[date, Decimal]:
    """Days of several things as those of one."""
    sums: dict[date, Decimal] = {}
    for days in several:
        for day, amount in days.items():
            sums[day] = sums.get(day, Decimal(0)) + amount
    return sums


def _summed(
    source: CostSource, of: Q, first: date | None, keys: tuple[str, ...]
) -> Iterable[tuple[tuple[Any, ...], Decimal]]:
    rows = CostDay.objects.filter(of, source=source, record_type=USAGE)
    if first is not None:
        rows = rows.filter(day__gte=first)
    for *key, amount in (
        rows.order_by().values(*keys).annotate(sum=Sum(Trillionths(F("amount")))).values_list(*keys, "sum")
    ):
        yield tuple(key), money(amount)
