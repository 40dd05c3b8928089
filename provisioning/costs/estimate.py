"""Estimates: what a stack costs a month in one scenario, and the difference that a change makes."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from provisioning.costs import compute, other, tables
from provisioning.costs.allowance import Allowance
from provisioning.costs.book import PriceBook, book
from provisioning.costs.model import (
    ZERO,
    Change,
    CostDifference,
    CostLine,
    Estimate,
    LineDifference,
    PricedInput,
    Scenario,
    to_money,
)
from provisioning.costs.scenarios import SCENARIOS, SUMMARIES
from provisioning.costs.sheet import Bill, NotPricedError, Sheet
from provisioning.costs.usage import Usage

FREE_TIER = "Free allowances are deducted, as if nothing else in the account used them; credits"
PRICERS: Mapping[str, Callable[[Sheet], Bill]] = {**tables.PRICERS, **compute.PRICERS, **other.PRICERS}


def estimate(
    resources: Sequence[PricedInput],
    *,
    scenario: Scenario = "expected",
    prices: PriceBook | None = None,
    usage: Usage | None = None,
    allowance: Allowance | None = None,
) -> Estimate:
    """Estimate what these resources of one stack cost a month; `prices` defaults to the shipped book.

    `usage` says more than a scenario and goes before it; with its free allowances, an `allowance` shared by several
    estimates gives each free unit away once. A resource that cannot be priced is listed as such and never counts as $0.
    Raises ValueError for an unknown scenario and for a logical id given twice.
    """
    if scenario not in SCENARIOS:
        raise ValueError(f"There is no scenario {scenario!r}; there are {', '.join(SCENARIOS)}.")
    usage = usage or Usage(scenario)
    free = (allowance or Allowance()) if usage.free_tier else None
    siblings = {resource.logical_id: resource for resource in resources}
    if len(siblings) != len(resources):
        raise ValueError("A logical id is given twice; estimate one stack at a time.")
    prices = prices or book()
    lines = tuple(
        _line(Sheet(one, siblings, SCENARIOS[usage.scenario], prices, usage.figures, free)) for one in resources
    )
    return Estimate(
        lines=lines,
        monthly=sum((line.monthly for line in lines if line.monthly is not None), ZERO),
        not_priced=tuple(f"{line.logical_id} ({line.type})" for line in lines if line.monthly is None),
        assumptions=_general_assumptions(resources, usage, prices),
        scenario=usage.scenario,
        published=prices.published,
    )


def difference(before: Estimate | None, after: Estimate) -> CostDifference:
    """Compare two estimates of one stack; `before` is None when it does not exist yet.

    Raises ValueError when the two are of different scenarios: such a difference would mean nothing.
    """
    if before is not None and before.scenario != after.scenario:
        raise ValueError(f"Scenario {before.scenario} cannot be compared with {after.scenario}.")
    # The type is part of the key: a logical id whose type changes is one resource gone and another one new.
    old = {(line.logical_id, line.type): line for line in before.lines} if before else {}
    new = {(line.logical_id, line.type): line for line in after.lines}
    return CostDifference(
        before=before,
        after=after,
        delta=after.monthly - (before.monthly if before else ZERO),
        lines=tuple(_compare(key, old.get(key), new.get(key)) for key in {**old, **new}),
    )


def _line(sheet: Sheet) -> CostLine:
    resource = sheet.resource
    pricer = PRICERS.get(resource.type)
    if pricer is None:
        return _not_priced(resource, "this type is not in Stackyard's price list")
    try:
        bill = pricer(sheet)
    except NotPricedError as reason:
        return _not_priced(resource, str(reason))
    return CostLine(
        resource.logical_id, resource.type, to_money(bill.monthly), bill.basis, assumptions=tuple(sheet.notes)
    )


def _not_priced(resource: PricedInput, reason: str) -> CostLine:
    return CostLine(resource.logical_id, resource.type, None, f"not priced: {reason}", assumptions=())


def _general_assumptions(resources: Sequence[PricedInput], usage: Usage, prices: PriceBook) -> tuple[str, ...]:
    elsewhere = sorted(
        {
            region
            for resource in resources
            if isinstance(region := resource.context.get("region"), str) and region != prices.region
        }
    )
    region_words = (f"Prices in {region} differ; those of {prices.region} are used." for region in elsewhere)
    return (
        SUMMARIES[usage.scenario],
        f"{prices.currency} list prices of {prices.region} as of {prices.published}, on demand, before tax.",
        f"A month has 730 hours. {FREE_TIER if usage.free_tier else 'Free allowances, credits'} and discounts are not "
        "deducted.",
        "Traffic to the internet is not counted.",
        *region_words,
    )


def _compare(key: tuple[str, str], before: CostLine | None, after: CostLine | None) -> LineDifference:
    old = before.monthly if before else None
    new = after.monthly if after else None
    not_known = (before is not None and old is None) or (after is not None and new is None)
    delta = None if not_known else (new or Decimal(0)) - (old or Decimal(0))
    return LineDifference(
        logical_id=key[0],
        type=key[1],
        change=_change(before, after),
        before=old,
        after=new,
        delta=None if delta is None else to_money(delta),
    )


def _change(before: CostLine | None, after: CostLine | None) -> Change:
    if before is None:
        return "added"
    if after is None:
        return "removed"
    return "same" if before.monthly == after.monthly else "changed"
