"""Measured figures beside their budgets, as a table."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line: what was measured, how much it was and how much it may be, in `unit`; no `budget`, no verdict."""

    what: str
    measured: float
    unit: str
    budget: float | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        """Whether it is within its budget; empty when it has none."""
        if self.budget is None:
            return ""
        return "within" if self.measured <= self.budget else "over"


def p95(values: Sequence[float]) -> float:
    """The value that 95 % of at least two values do not exceed."""
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


def table(figures: Sequence[Figure]) -> str:
    """The figures, one a line."""
    rows = [("", "measured", "budget", "", "")]
    rows += [
        (
            figure.what,
            _amount(figure.measured, figure.unit),
            "" if figure.budget is None else f"≤ {_amount(figure.budget, figure.unit)}",
            figure.verdict,
            figure.note,
        )
        for figure in figures
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = (
        f"{what:{widths[0]}}  {measured:>{widths[1]}}  {budget:>{widths[2]}}  {verdict:{widths[3]}}  {note}".rstrip()
        for what, measured, budget, verdict, note in rows
    )
    return "\n".join(lines)


def _amount(value: float, unit: str) -> str:
    digits = 0 if value == int(value) or value >= 100 else 2
    return f"{value:.{digits}f} {unit}".rstrip()
