"""What an environment would cost a month, before anybody asks for it: as the request form shows it."""

from datetime import date
from decimal import Decimal

from django.http import HttpRequest
from ninja import Body, Path, Router, Schema
from pydantic import Field

from portal.access import access_environment
from portal.accounts.models import Scope
from portal.api.environment_shapes import NewEnvironment, Parameters, Stacks, UsageSent, stacks_of, usage_of
from portal.api.environments import require_known
from portal.api.listed import refuse_values
from portal.api.operations import operation
from portal.api.text import Line, Name, Sent
from portal.catalogue.reading import access_blueprint
from portal.costs.exporting import exact
from portal.requesting.naming import name_and_stage
from portal.requesting.prices import Price, StackPrice, price_of
from portal.requesting.reading import default_account, living_stacks, monthly_now
from portal.requesting.starting import start_of_update
from provisioning.actions.naming import name_problem, stage_of
from provisioning.actions.refusals import Refusal
from provisioning.blueprints.model import STACK_KINDS, Blueprint
from provisioning.costs.calibration import Calibrated, calibrations
from provisioning.costs.model import Scenario
from provisioning.engine.usage import usage_of as usual_usage
from provisioning.lifecycle import StackKind

router = Router(tags=["Applications"])


class PriceAsked(NewEnvironment):
    """The body of a request that would create it. Without `name`, the first stage; what has no bearing on a price may
    be in it and is left out."""

    application: Line = ""
    name: Line = ""


class UpdatePriced(Sent):
    """What an update would say: what is left out stays as it is. `stacks` are those that it is about, all unless
    said."""

    parameters: Parameters = Field(default_factory=dict)
    stacks: Stacks = Field(default_factory=list)
    usage: UsageSent | None = None


class PriceLine(Schema):
    """What one resource costs a month, and what that rests on."""

    logical_id: str
    type: str
    monthly: str
    basis: str
    assumptions: list[str]


class StackPriced(Schema):
    """One stack: `lines` are what costs something, the dearest first; `free` more of it cost nothing."""

    stack: StackKind
    monthly: str
    lines: list[PriceLine]
    free: int


class Total(Schema):
    """The whole in one scenario."""

    scenario: Scenario
    monthly: str
    chosen: bool


class Corrected(Schema):
    """What earlier environments of the application and stage make of it: they cost `factor` of what was estimated."""

    monthly: str
    factor: str
    samples: int


class Assumed(Schema):
    """What is assumed of the use: a scenario, and what was changed in it."""

    scenario: Scenario
    figures: dict[str, str]
    free_tier: bool


class PriceReport(Schema):
    """What it would cost a month in US dollars, at the list prices of `published`. `monthly` null: it cannot be told,
    and `problem` says why. What is `not_priced` is not in the sum. `monthly_now` is what an environment of that name is
    estimated to cost as it is, null without one."""

    application: str
    name: str
    stage: str
    region: str
    monthly: str | None
    monthly_now: str | None
    problem: str
    stacks: list[StackPriced]
    not_priced: list[str]
    assumptions: list[str]
    usage: Assumed
    totals: list[Total]
    corrected: Corrected | None
    published: date | None


@operation(
    router, "POST", "/applications/{app}/price", scope=Scope.READ, page="request_price", answers=PriceReport,
    summary="Price an environment",
)  # fmt: skip
def price_environment(request: HttpRequest, app: Path[Name], sent: Body[PriceAsked]) -> PriceReport:
    """Asks for nothing, and asks nothing of AWS."""
    blueprint, account = access_blueprint(app), default_account()
    if account is None:
        raise Refusal("No AWS account is set up yet. Ask an admin.", "no-account")
    if sent.application not in {"", app}:
        refuse_values({"application": f"This is the address of {app}."})
    require_known(app, sent.parameters, sent.stacks)
    _require_name(blueprint, sent.name)
    name, stage = name_and_stage(blueprint, sent.name)
    price = price_of(
        blueprint,
        name=name,
        stage=stage,
        region=account.region,
        values={kind: _told(blueprint, kind, values) for kind, values in sent.parameters.items()},
        usage=usage_of(sent.usage),
        known=calibrations(),
        kinds=stacks_of(sent.stacks) or STACK_KINDS,
    )
    now = monthly_now(app, sent.name) if sent.name else None
    return _report(price, application=app, name=name, stage=stage, region=account.region, now=_text(now))


@operation(
    router, "POST", "/environments/{app}/{name}/price", scope=Scope.READ, page="request_price", answers=PriceReport,
    summary="Price an update",
)  # fmt: skip
def price_update(request: HttpRequest, app: Path[Name], name: Path[Name], sent: Body[UpdatePriced]) -> PriceReport:
    """What the stacks that are there would cost with these values. Asks for nothing, and asks nothing of AWS."""
    environment = access_environment(request, app, name)
    blueprint = access_blueprint(app)
    require_known(app, sent.parameters, sent.stacks)
    kinds = [kind for kind in living_stacks(environment) if not sent.stacks or kind in sent.stacks]
    if not kinds:
        raise Refusal(f"{environment} has no stack that could be updated.", "no-stack")
    now = start_of_update(blueprint, environment)
    given = {str(kind): _told(blueprint, kind, values) for kind, values in sent.parameters.items()}
    price = price_of(
        blueprint,
        name=name,
        stage=environment.stage,
        region=environment.account.region,
        values={kind: {**now[kind], **given.get(kind, {})} for kind in kinds},
        usage=usage_of(sent.usage) if sent.usage else usual_usage(environment),
        known=calibrations(),
        kinds=kinds,
    )
    return _report(
        price,
        application=app,
        name=name,
        stage=environment.stage,
        region=environment.account.region,
        now=_text(environment.monthly_cost),
    )


def _require_name(blueprint: Blueprint, name: str) -> None:
    """Refuse a name that no environment of the application can have; none is the first stage's. Raises ProblemError."""
    problem = name_problem(name) if name else ""
    if name and not problem and stage_of(name) not in blueprint.stages:
        problem = f"{blueprint.title} has no stage {stage_of(name)}."
    refuse_values({"name": problem} if problem else {})


def _told(blueprint: Blueprint, kind: str, values: dict[str, str]) -> dict[str, str]:
    """The values without the secret ones, which no price rests on."""
    known = blueprint.stacks[kind].template.parameters
    return {name: value for name, value in values.items() if value and not known[name].no_echo}


def _report(price: Price, *, application: str, name: str, stage: str, region: str, now: str | None) -> PriceReport:
    return PriceReport(
        application=application,
        name=name,
        stage=stage,
        region=region,
        monthly=_text(price.monthly),
        monthly_now=now,
        problem=price.problem,
        stacks=[_stack(one) for one in price.stacks],
        not_priced=list(price.not_priced),
        assumptions=list(price.assumptions),
        usage=Assumed(
            scenario=price.usage.scenario,
            figures={key: exact(amount) for key, amount in price.usage.figures.items()},
            free_tier=price.usage.free_tier,
        ),
        totals=[Total(scenario=one.scenario, monthly=exact(one.monthly), chosen=one.chosen) for one in price.totals],
        corrected=_corrected(price.calibrated),
        published=price.published,
    )


def _stack(one: StackPrice) -> StackPriced:
    lines = [
        PriceLine(
            logical_id=line.logical_id,
            type=line.type,
            monthly=exact(line.monthly or Decimal(0)),
            basis=line.basis,
            assumptions=list(line.assumptions),
        )
        for line in one.lines
    ]
    return StackPriced(stack=one.kind, monthly=exact(one.monthly), lines=lines, free=one.free)


def _corrected(known: Calibrated | None) -> Corrected | None:
    if known is None:
        return None
    return Corrected(monthly=exact(known.monthly), factor=exact(known.factor), samples=known.samples)


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else exact(amount)
