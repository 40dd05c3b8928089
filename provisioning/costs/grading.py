"""Estimate against actual: how far an environment's estimate was off, and what that says of the next one. Pure.

Held against each other are whole days (UTC) that are settled (pitfall 6) and on which nothing was changed, so that a
day of an update, or half a day of parking, grades nobody. An environment counts from 14 such days on. What it came to
is a ratio; those of several are brought together by their median, so that one odd environment moves nothing, and
neither a ratio nor the factor leaves its bounds (pitfall 20).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from statistics import median

from provisioning.costs.model import HOURS

ENOUGH = 14  # days that an environment's grade needs
LOOKED_AT = 60  # settled days that are graded, so that a factor follows how things are used now
LOWEST, HIGHEST = Decimal("0.2"), Decimal(5)
PLACES = Decimal("0.0001")
A_DAY = timedelta(days=1)
ZERO = Decimal(0)


@dataclass(frozen=True)
class Expected:
    """From a moment on, what an environment was estimated to cost a month, at list prices."""

    at: datetime
    monthly: Decimal


@dataclass(frozen=True)
class Grade:
    """What so many `days` were estimated to cost and have cost; the first and the last of them."""

    estimated: Decimal
    actual: Decimal
    days: int
    first: date
    last: date

    @property
    def ratio(self) -> Decimal:
        """Actual for each unit of the estimate."""
        return self.actual / self.estimated

    @property
    def error(self) -> Decimal:
        """By how many per cent more was spent than estimated; below 0 for less."""
        return (self.ratio - 1) * 100

    @property
    def off(self) -> Decimal:
        """The error without its sign."""
        return abs(self.error)

    @property
    def is_enough(self) -> bool:
        """Whether it may be told, and learnt from."""
        return self.days >= ENOUGH


def grade(daily: Mapping[date, Decimal], expected: Sequence[Expected], settled: date) -> Grade | None:
    """The grade of one environment from its days; None while no day counts.

    A day without an amount cost nothing, once the first amount is there: before that, its tags may not have been
    active.
    """
    if not daily or not expected:
        return None
    days = [
        (day, estimate)
        for day in _days(max(min(daily), settled - (LOOKED_AT - 1) * A_DAY), settled)
        if (estimate := _estimate(expected, day)) is not None and estimate > 0
    ]
    if not days:
        return None
    estimated = sum((monthly * 24 / HOURS for _, monthly in days), ZERO)
    actual = sum((daily.get(day, ZERO) for day, _ in days), ZERO)
    return Grade(estimated, actual, len(days), days[0][0], days[-1][0])


def factor(grades: Iterable[Grade]) -> tuple[Decimal, int] | None:
    """By what to multiply the next estimate, and from how many environments that is known; None from none."""
    ratios = [min(max(one.ratio, LOWEST), HIGHEST) for one in grades if one.is_enough]
    return (median(ratios).quantize(PLACES), len(ratios)) if ratios else None


def _days(first: date, last: date) -> Iterable[date]:
    for number in range((last - first).days + 1):
        yield first + number * A_DAY


def _estimate(expected: Sequence[Expected], day: date) -> Decimal | None:
    """The estimate that held all through a day; None before the first, and on a day on which it changed."""
    before = [one for one in expected if one.at.date() < day]
    if not before or any(one.at.date() == day for one in expected):
        return None
    return max(before, key=lambda one: one.at).monthly
