"""What an environment will cost a month at expected use, before anything exists: for the catalogue and the forms.

It is reckoned from the same templates, values and price list as the plan that follows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from provisioning.blueprints.model import STACK_KINDS, Blueprint
from provisioning.blueprints.promises import filled_values, starting_values
from provisioning.blueprints.resolving import resolve
from provisioning.blueprints.shapes import Pseudo, Resolved, TemplateError
from provisioning.costs.estimate import estimate
from provisioning.costs.model import CostLine, PricedInput
from provisioning.lifecycle import StackKind

Values = Mapping[str, Mapping[str, str]]
_LATER = "known-later"


@dataclass(frozen=True)
class StackPrice:
    """What one stack costs a month in US dollars; `lines` have the dear ones first and leave out what is free."""

    label: str
    monthly: Decimal
    lines: tuple[CostLine, ...]
    free: int


@dataclass(frozen=True)
class Price:
    """What an environment costs a month; `monthly` is None, and `problem` says why, when that cannot be told."""

    monthly: Decimal | None
    stacks: tuple[StackPrice, ...] = ()
    not_priced: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    problem: str = ""


def resolved_stack(
    blueprint: Blueprint, kind: str, *, name: str, stage: str, region: str, values: Mapping[str, str]
) -> Resolved:
    """One stack as it would be requested with these values over the stage's own. Raises TemplateError."""
    filled = filled_values(blueprint, kind, environment=name, stage=stage, owner=_LATER, environment_id=_LATER)
    stack = blueprint.stacks[kind]
    given = {key: value for key, value in values.items() if key in stack.template.parameters}
    pseudo = Pseudo(region=region, account_id="", stack_name=stack.stack_name(name))
    return resolve(stack.template, {**starting_values(blueprint, kind, stage), **given, **filled}, pseudo=pseudo)


def price_of(blueprint: Blueprint, *, name: str, stage: str, region: str, values: Values | None = None) -> Price:
    """The monthly price of an environment under these values; the stage's own where none are given."""
    stacks: list[StackPrice] = []
    not_priced: list[str] = []
    assumptions: list[str] = []
    for kind in STACK_KINDS:
        given = (values or {}).get(kind, {})
        try:
            resolved = resolved_stack(blueprint, kind, name=name, stage=stage, region=region, values=given)
        except TemplateError:
            return Price(None, problem="There is no price while a value does not fit.")
        found = estimate(
            [PricedInput(one.logical_id, one.type, one.properties, {"region": region}) for one in resolved.resources]
        )
        dear = sorted((line for line in found.lines if line.monthly), key=lambda line: line.monthly or 0, reverse=True)
        free = sum(1 for line in found.lines if line.monthly == 0)
        stacks.append(StackPrice(StackKind(kind).label, found.monthly, tuple(dear), free))
        not_priced += found.not_priced
        assumptions += [*found.assumptions, *(note for line in dear for note in line.assumptions)]
    monthly = sum((stack.monthly for stack in stacks), Decimal(0))
    return Price(monthly, tuple(stacks), tuple(not_priced), tuple(dict.fromkeys(assumptions)))
