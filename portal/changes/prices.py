"""What a change costs: before, after, the difference, by resource, and what the numbers rest on."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from portal.changes.states import short_type
from provisioning.costs.model import CostDifference, Estimate, Scenario
from provisioning.costs.scenarios import SCENARIOS
from provisioning.costs.usage import Usage, kept_usage
from provisioning.lifecycle import StackKind


@dataclass(frozen=True)
class PriceLine:
    """One resource; amounts are dollars a month, None where there is no price."""

    stack: str
    name: str
    type: str
    before: Decimal | None
    after: Decimal | None
    delta: Decimal | None
    basis: str


@dataclass(frozen=True)
class Total:
    """What the plan's outcome costs a month in one scenario."""

    scenario: Scenario
    monthly: Decimal
    chosen: bool


@dataclass(frozen=True)
class PriceView:
    """Dollars a month at the use that the request assumed. `not_priced` is left out of the sums, and said beside them.
    `totals` are empty for plans of an earlier release; `published` is the day of the prices."""

    before: Decimal
    after: Decimal
    delta: Decimal
    lines: tuple[PriceLine, ...]
    not_priced: tuple[str, ...]
    assumptions: tuple[str, ...]
    usage: Usage
    totals: tuple[Total, ...]
    published: date | None

    @property
    def more(self) -> bool:
        """Whether it costs more afterwards."""
        return self.delta > 0


def price_view(cost: Mapping[str, Any] | None) -> PriceView | None:
    """The price of a plan; None for a plan that was never priced."""
    if cost is None:
        return None
    stacks = {kind: CostDifference.from_dict(found) for kind, found in cost["stacks"].items()}
    usage = kept_usage(cost)
    return PriceView(
        before=Decimal(cost["before"]),
        after=Decimal(cost["after"]),
        delta=Decimal(cost["delta"]),
        lines=tuple(line for kind, found in stacks.items() for line in _lines(kind, found)),
        not_priced=tuple(name for found in stacks.values() for name in found.after.not_priced),
        assumptions=tuple(dict.fromkeys(_assumptions(stacks.values()))),
        usage=usage,
        totals=tuple(
            Total(one, Decimal(cost["totals"][one]), one == usage.scenario)
            for one in SCENARIOS
            if one in cost.get("totals", {})
        ),
        published=min((found.after.published for found in stacks.values()), default=None),
    )


def difference(cost: Mapping[str, Any] | None) -> Decimal | None:
    """Only the difference a month, for a list."""
    return None if cost is None else Decimal(cost["delta"])


def _lines(kind: str, found: CostDifference) -> list[PriceLine]:
    basis = {**_bases(found.before), **_bases(found.after)}
    return [
        PriceLine(
            StackKind(kind).label,
            line.logical_id,
            short_type(line.type),
            line.before,
            line.after,
            line.delta,
            basis.get(line.logical_id, ""),
        )
        for line in found.lines
        if line.before or line.after
    ]


def _assumptions(found: Iterable[CostDifference]) -> Iterator[str]:
    """The general ones first, then those of what costs something."""
    all_of_them = tuple(found)
    for one in all_of_them:
        yield from one.after.assumptions
    for one in all_of_them:
        for line in one.after.lines:
            if line.monthly:
                yield from line.assumptions


def _bases(estimate: Estimate | None) -> dict[str, str]:
    return {line.logical_id: line.basis for line in estimate.lines} if estimate else {}
