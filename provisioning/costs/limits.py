"""Budgets as numbers: which thresholds are passed, and how a bar of one is drawn. Pure.

Only settled days count for what is told (pitfall 6); what is coming is the forecast's part.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from provisioning.costs.forecast import Forecast

FORECAST = 0  # the place of "the forecast passes it" among thresholds, which are per cents
DEFAULT_THRESHOLDS = (50, 80, 100)
MOST_THRESHOLDS, HIGHEST_THRESHOLD = 10, 1_000
WHOLE = 100


@dataclass(frozen=True)
class Spent:
    """Of one month: what settled days have cost, what the days that are still coming in have so far, the forecast."""

    settled: Decimal
    incoming: Decimal
    forecast: Forecast | None

    @property
    def so_far(self) -> Decimal:
        """Everything up to now."""
        return self.settled + self.incoming


def passed(spent: Spent, monthly: Decimal, thresholds: Iterable[int]) -> tuple[int, ...]:
    """The thresholds that are passed, lowest first; FORECAST among them when the month is to end above the budget.
    A forecast from a few days says too little to be told."""
    found = [one for one in sorted(set(thresholds)) if spent.settled > 0 and spent.settled * WHOLE >= monthly * one]
    forecast = spent.forecast
    if forecast is not None and not forecast.rough and forecast.expected > monthly:
        found.insert(0, FORECAST)
    return tuple(found)


def per_cent(amount: Decimal, monthly: Decimal) -> int:
    """An amount in whole per cents of a budget, rounded down: 100 is said when it is used up, not before."""
    return int(amount * WHOLE / monthly)
