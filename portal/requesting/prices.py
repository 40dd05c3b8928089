"""What an environment will cost a month, before anything exists: for the catalogue and the forms.

It is reckoned from the same templates, values, assumptions and price list as the plan that follows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from provisioning.blueprints.model import STACK_KINDS, Blueprint
from provisioning.blueprints.promises import filled_values, starting_values
from provisioning.blueprints.resolving import resolve
from provisioning.blueprints.shapes import Pseudo, Resolved, TemplateError
from provisioning.costs.allowance import Allowance
from provisioning.costs.book import book
from provisioning.costs.calibration import Calibrated, Calibrations, calibrated
from provisioning.costs.estimate import estimate
from provisioning.costs.model import CostLine, Estimate, PricedInput, Scenario
from provisioning.costs.scenarios import SCENARIOS
from provisioning.costs.usage import Usage
from provisioning.lifecycle import StackKind

Values = Mapping[str, Mapping[str, str]]
_LATER = "known-later"


@dataclass(frozen=True)
class StackPrice:
    """What one stack costs a month in US dollars; `lines` have the dear ones first and leave out what is free."""

    kind: StackKind
    monthly: Decimal
    lines: tuple[CostLine, ...]
    free: int

    @property
    def label(self) -> str:
        """What people call it."""
        return str(self.kind.label)


@dataclass(frozen=True)
class Total:
    """What an environment costs a month in one scenario; the figures that were changed belong to the chosen one."""

    scenario: Scenario
    monthly: Decimal
    chosen: bool


@dataclass(frozen=True)
class Price:
    """What an environment costs a month; `monthly` is None, and `problem` says why, when that cannot be told. It is the
    list price at `usage`; `calibrated` is what earlier environments make of it, shown beside it and never instead."""

    monthly: Decimal | None
    stacks: tuple[StackPrice, ...] = ()
    not_priced: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    problem: str = ""
    usage: Usage = field(default_factory=Usage)
    totals: tuple[Total, ...] = ()
    calibrated: Calibrated | None = None
    published: date | None = None


def resolved_stack(
    blueprint: Blueprint, kind: str, *, name: str, stage: str, region: str, values: Mapping[str, str]
) -> Resolved:
    """One stack as it would be requested with these values over the stage's own. Raises TemplateError."""
    filled = filled_values(blueprint, kind, environment=name, stage=stage, owner=_LATER, environment_id=_LATER)
    stack = blueprint.stacks[kind]
    given = {key: value for key, value in values.items() if key in stack.template.parameters}
    pseudo = Pseudo(region=region, account_id="", stack_name=stack.stack_name(name))
    return resolve(stack.template, {**starting_values(blueprint, kind, stage), **given, **filled}, pseudo=pseudo)


def price_of(
    blueprint: Blueprint,
    *,
    name: str,
    stage: str,
    region: str,
    values: Values | None = None,
    usage: Usage | None = None,
    known: Calibrations | None = None,
    kinds: Iterable[str] = STACK_KINDS,
) -> Price:
    """The monthly price of an environment under these values and this use; the stage's own values and the usual use
    where none are given. `known` are the calibrations that it is shown with, `kinds` the stacks that it is of."""
    usage = usage or Usage()
    inputs: dict[str, list[PricedInput]] = {}
    for kind in kinds:
        given = (values or {}).get(kind, {})
        try:
            resolved = resolved_stack(blueprint, kind, name=name, stage=stage, region=region, values=given)
        except TemplateError:
            return Price(None, problem="There is no price while a value does not fit.", usage=usage)
        context = {"region": region}
        inputs[kind] = [PricedInput(one.logical_id, one.type, one.properties, context) for one in resolved.resources]
    found = _estimates(inputs, usage)
    stacks = tuple(_stack_price(kind, one) for kind, one in found.items())
    monthly = _sum(found)
    notes = [
        text
        for kind, stack in zip(found, stacks, strict=True)
        for text in (*found[kind].assumptions, *(note for line in stack.lines for note in line.assumptions))
    ]
    return Price(
        monthly=monthly,
        stacks=stacks,
        not_priced=tuple(name for one in found.values() for name in one.not_priced),
        assumptions=tuple(dict.fromkeys(notes)),
        usage=usage,
        totals=tuple(
            Total(one, _sum(_estimates(inputs, usage.within(one))), one == usage.scenario) for one in SCENARIOS
        ),
        calibrated=calibrated(blueprint.slug, stage, monthly, known or {}),
        published=book().published,
    )


def _estimates(inputs: Mapping[str, list[PricedInput]], usage: Usage) -> dict[str, Estimate]:
    """Every stack, with what is free in the account given away once."""
    allowance = Allowance()
    return {kind: estimate(found, usage=usage, allowance=allowance) for kind, found in inputs.items()}


def _sum(estimates: Mapping[str, Estimate]) -> Decimal:
    return sum((one.monthly for one in estimates.values()), Decimal(0))


def _stack_price(kind: str, found: Estimate) -> StackPrice:
    dear = sorted((line for line in found.lines if line.monthly), key=lambda line: line.monthly or 0, reverse=True)
    free = sum(1 for line in found.lines if line.monthly == 0)
    return StackPrice(StackKind(kind), found.monthly, tuple(dear), free)
