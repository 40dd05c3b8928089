"""The shapes of an estimate: what goes in, what comes out, and how it is kept with a plan as JSON.

All amounts are US dollars as Decimal, kept to 4 decimals. Rounding to cents happens once, where they are
shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any, Literal

HOURS = Decimal(730)
ZERO = Decimal("0.0000")
# An absurd size in a template gives an absurd price, and not a crash for want of digits.
WIDE = Context(prec=60)

Scenario = Literal["idle", "expected", "peak"]
Change = Literal["added", "removed", "changed", "same"]


def to_money(amount: Decimal) -> Decimal:
    """Bring an amount to the 4 decimals that estimates keep."""
    return amount.quantize(ZERO, rounding=ROUND_HALF_UP, context=WIDE)


def daily(monthly: Decimal) -> Decimal:
    """Return what a monthly amount is per day of 24 hours, in a month of 730 hours."""
    return to_money(monthly * 24 / HOURS)


@dataclass(frozen=True)
class PricedInput:
    """One resource of a resolved template.

    A property value that is not a text, number, truth value, list or dict counts as not known yet. `context`
    is what is known from elsewhere: `region`, and measured figures that replace those of the scenario, under
    the same names (`stored_gb`, `reads`, `log_gb`, ...).
    """

    logical_id: str
    type: str
    properties: Mapping[str, Any]
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CostLine:
    """What one resource costs a month; `monthly` is None when it has no price, and `basis` then says why."""

    logical_id: str
    type: str
    monthly: Decimal | None
    basis: str
    assumptions: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the line as JSON-safe values."""
        return {
            "logical_id": self.logical_id,
            "type": self.type,
            "monthly": _to_text(self.monthly),
            "basis": self.basis,
            "assumptions": list(self.assumptions),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "CostLine":
        """Read back what `as_dict` wrote; raises KeyError or decimal.InvalidOperation on anything else."""
        return cls(
            logical_id=data["logical_id"],
            type=data["type"],
            monthly=_from_text(data["monthly"]),
            basis=data["basis"],
            assumptions=tuple(data["assumptions"]),
        )


@dataclass(frozen=True)
class Estimate:
    """What a stack will cost a month in one scenario.

    `monthly` is the sum of the priced lines. `not_priced` names, as `Id (type)`, the resources that the sum
    leaves out; a page must show them beside the sum, because a missing price is not a price of zero.
    """

    lines: tuple[CostLine, ...]
    monthly: Decimal
    not_priced: tuple[str, ...]
    assumptions: tuple[str, ...]
    scenario: Scenario
    published: date

    def as_dict(self) -> dict[str, Any]:
        """Return the estimate as JSON-safe values, amounts as texts."""
        return {
            "lines": [line.as_dict() for line in self.lines],
            "monthly": str(self.monthly),
            "not_priced": list(self.not_priced),
            "assumptions": list(self.assumptions),
            "scenario": self.scenario,
            "published": self.published.isoformat(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Estimate":
        """Read back what `as_dict` wrote; raises KeyError or ValueError on anything else."""
        return cls(
            lines=tuple(CostLine.from_dict(line) for line in data["lines"]),
            monthly=Decimal(data["monthly"]),
            not_priced=tuple(data["not_priced"]),
            assumptions=tuple(data["assumptions"]),
            scenario=data["scenario"],
            published=date.fromisoformat(data["published"]),
        )


@dataclass(frozen=True)
class LineDifference:
    """One resource before and after; amounts are None where it does not exist or could not be priced.

    `delta` is None when either side exists and could not be priced: the difference is then not known.
    """

    logical_id: str
    type: str
    change: Change
    before: Decimal | None
    after: Decimal | None
    delta: Decimal | None

    def as_dict(self) -> dict[str, Any]:
        """Return the difference as JSON-safe values."""
        return {
            "logical_id": self.logical_id,
            "type": self.type,
            "change": self.change,
            "before": _to_text(self.before),
            "after": _to_text(self.after),
            "delta": _to_text(self.delta),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "LineDifference":
        """Read back what `as_dict` wrote; raises KeyError or decimal.InvalidOperation on anything else."""
        return cls(
            logical_id=data["logical_id"],
            type=data["type"],
            change=data["change"],
            before=_from_text(data["before"]),
            after=_from_text(data["after"]),
            delta=_from_text(data["delta"]),
        )


@dataclass(frozen=True)
class CostDifference:
    """Monthly cost before and after a change; `before` is None when the stack does not exist yet."""

    before: Estimate | None
    after: Estimate
    delta: Decimal
    lines: tuple[LineDifference, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the difference as JSON-safe values, to keep with a plan."""
        return {
            "before": self.before.as_dict() if self.before else None,
            "after": self.after.as_dict(),
            "delta": str(self.delta),
            "lines": [line.as_dict() for line in self.lines],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "CostDifference":
        """Read back what `as_dict` wrote; raises KeyError or ValueError on anything else."""
        return cls(
            before=Estimate.from_dict(data["before"]) if data["before"] is not None else None,
            after=Estimate.from_dict(data["after"]),
            delta=Decimal(data["delta"]),
            lines=tuple(LineDifference.from_dict(line) for line in data["lines"]),
        )


def _to_text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _from_text(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
