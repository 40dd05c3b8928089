"""An environment's estimate beside what it cost, and its idle time beside what parking would save."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from portal.environments.acts import Act, Asked, monthly_of, plain_act
from portal.environments.heading import is_there
from provisioning.actions.actor import Actor
from provisioning.blueprints.loader import library
from provisioning.costs.days import Known
from provisioning.costs.grading import ENOUGH, Grade
from provisioning.costs.model import daily
from provisioning.costs.usage import read_usage
from provisioning.engine.costing.calibrating import grades
from provisioning.engine.costing.idling import Use, last_uses
from provisioning.lifecycle import ChangeKind, ChangeStatus, CostSource, StackKind
from provisioning.models import Change, CostCalibration, Environment

DEV = "dev"


@dataclass(frozen=True)
class Basis:
    """What was estimated when the newest plan was approved: by which change, on which assumptions."""

    change: Change
    kind: ChangeKind
    monthly: Decimal
    words: str
    published: date | None
    assumptions: tuple[str, ...]


@dataclass(frozen=True)
class Compared:
    """`grade` is None while no day counts; `missing` says how many days it still needs; `learns` whether it feeds the
    next estimate, and `factor` what the application's stage has learnt."""

    basis: Basis | None
    grade: Grade | None
    learns: bool
    factor: CostCalibration | None

    @property
    def missing(self) -> int:
        """How many more days the grade needs."""
        return max(0, ENOUGH - (self.grade.days if self.grade else 0))


@dataclass(frozen=True)
class Idle:
    """An environment that nobody uses. `park` is the act; None where it cannot be parked at all."""

    use: Use
    length: timedelta
    a_day: Decimal | None
    park: Act | None

    @property
    def days(self) -> int:
        """Whole days."""
        return self.length.days


def compare(environment: Environment, what: Known) -> Compared:
    """Estimate against actual."""
    factor = CostCalibration.objects.filter(application=environment.application, stage=environment.stage).first()
    return Compared(
        basis=_basis(environment),
        grade=grades([environment.pk], what.source, what.settled).get(environment.pk),
        learns=what.source == CostSource.EXPLORER,
        factor=factor,
    )


def _basis(environment: Environment) -> Basis | None:
    rows = environment.changes.filter(status=ChangeStatus.SUCCEEDED, plan__cost__after__isnull=False)
    change = rows.order_by("-finished_at").first()
    if change is None:
        return None
    cost: Mapping[str, Any] = (change.plan or {})["cost"]
    stacks = [one["after"] for one in cost.get("stacks", {}).values()]
    published = [date.fromisoformat(one["published"]) for one in stacks if one.get("published")]
    return Basis(
        change=change,
        kind=ChangeKind(change.kind),
        monthly=Decimal(cost["after"]),
        words=read_usage(cost.get("usage")).words,
        published=max(published, default=None),
        assumptions=tuple(dict.fromkeys(text for one in stacks for text in one.get("assumptions", ()))),
    )


def read_idle(actor: Actor, environment: Environment, open_change: Change | None) -> Idle | None:
    """How long a dev environment was not used; None while it is used, and where there is nothing to park."""
    if environment.stage != DEV or not is_there(environment, StackKind.COMPUTE):
        return None
    now, use = timezone.now(), last_uses([environment])[environment.pk]
    if not use.is_idle(now):
        return None
    blueprint = library().blueprints.get(environment.application)
    policy = blueprint.stages.get(environment.stage) if blueprint else None
    monthly = monthly_of(environment, StackKind.COMPUTE)
    park = plain_act(Asked(actor, environment, open_change, policy), ChangeKind.PARK, monthly)
    return Idle(use, use.idle(now), daily(monthly) if monthly else None, park)
