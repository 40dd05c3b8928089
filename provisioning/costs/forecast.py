"""What a month will cost when it is over: our own reckoning from the run rate, with a band. Pure.

AWS's forecast knows no tags (E9), so each environment's is made here: what its settled days of the month cost, and the
mean of its last settled days for every other day. Weekdays matter little to what runs around the clock, and are left
out. The two newest days are still coming in and count for nothing (pitfall 6).
"""

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

INCOMPLETE = timedelta(days=2)  # the two newest days of what was read
WINDOW = 14  # settled days that the run rate is made of
FEW = 3  # fewer days than these say nothing about their spread
WIDTH = Decimal("1.28")  # of the band: four of five months end within it, if days scatter as they did
ROUGH_SPREAD = Decimal("0.5")  # of the daily mean, while there are few days


@dataclass(frozen=True)
class Forecast:
    """What a month is to cost in all, and between what; it rests on so many settled `days`. `rough`: on few."""

    expected: Decimal
    low: Decimal
    high: Decimal
    days: int
    rough: bool


def settled_day(as_of: date) -> date:
    """The last day whose amounts are all there, of what was read on a day (UTC)."""
    return as_of - INCOMPLETE


def month_forecast(daily: Mapping[date, Decimal], today: date, settled: date) -> Forecast | None:
    """The forecast for the month of `today` (UTC) from amounts by day; a day that is not there cost nothing, once
    something did. None while no day with costs is settled."""
    window = _window(daily, settled)
    if not window:
        return None
    first = today.replace(day=1)
    so_far = sum((amount for day, amount in daily.items() if first <= day <= today), Decimal(0))
    certain = sum((amount for day, amount in daily.items() if first <= day <= min(settled, today)), Decimal(0))
    left = calendar.monthrange(today.year, today.month)[1] - max(0, (settled - first).days + 1)
    mean = sum(window, Decimal(0)) / len(window)
    expected = certain + mean * left
    half = WIDTH * _deviation(window, mean) * (left * (1 + Decimal(left) / len(window))).sqrt()
    low, high = expected - half, expected + half
    if min(daily.values()) >= 0:  # what is spent is spent; only a credit takes it back
        expected, low, high = max(expected, so_far), max(low, so_far), max(high, so_far)
    return Forecast(expected, low, high, len(window), rough=len(window) < FEW)


def _window(daily: Mapping[date, Decimal], settled: date) -> Sequence[Decimal]:
    """The last settled days, from the first that cost something on."""
    known = [day for day, amount in daily.items() if amount and day <= settled]
    if not known:
        return ()
    first = max(min(known), settled - timedelta(days=WINDOW - 1))
    return [daily.get(first + timedelta(days=number), Decimal(0)) for number in range((settled - first).days + 1)]


def _deviation(window: Sequence[Decimal], mean: Decimal) -> Decimal:
    if len(window) < FEW:
        return abs(mean) * ROUGH_SPREAD
    return (sum(((amount - mean) ** 2 for amount in window), Decimal(0)) / (len(window) - 1)).sqrt()
