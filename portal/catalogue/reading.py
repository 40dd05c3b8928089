"""The catalogue as data: each application with what it creates, asks for and costs at every stage."""

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

from django.db.models import Count
from django.http import Http404

from portal.catalogue.parts import Part, TableLine, parts_of, table_lines
from portal.requesting.prices import Price, price_of, resolved_stack
from provisioning.blueprints.loader import library
from provisioning.blueprints.model import STACK_KINDS, Blueprint, StagePolicy
from provisioning.blueprints.promises import filled_values, starting_values, table_promises
from provisioning.blueprints.shapes import Pseudo, Resolved, TemplateError
from provisioning.costs.calibration import Calibrations, calibrations
from provisioning.costs.usage import Usage
from provisioning.lifecycle import EnvironmentStatus, StackKind
from provisioning.models import Environment


@dataclass(frozen=True)
class StageLine:
    """What a stage asks for and costs."""

    policy: StagePolicy
    price: Price

    @property
    def stage(self) -> str:
        """Its name."""
        return self.policy.stage

    @property
    def approval(self) -> str:
        """Who has to agree."""
        if not self.policy.approvals:
            return "No approval"
        groups = " or ".join(self.policy.approver_groups)
        return f"{self.policy.approvals} approval{'' if self.policy.approvals == 1 else 's'} by {groups}"

    @property
    def protection(self) -> str:
        """Whether stacks and tables are kept from deletion."""
        return "Protected" if self.policy.protection else "None"

    @property
    def lifetime(self) -> str:
        """How long its environments are meant to be there."""
        days = self.policy.lifetime_days
        return f"{days} day{'' if days == 1 else 's'}" if days else "No end"


@dataclass(frozen=True)
class StackPart:
    """One stack as it would be made: its name, and the type of everything in it."""

    label: str
    name: str
    types: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Application:
    """One application of the catalogue, as it would be at its first stage. `region` is where prices are for, `usage`
    what they assume, `known` what earlier environments make of them."""

    blueprint: Blueprint
    region: str
    environments: int = 0
    usage: Usage = field(default_factory=Usage)
    known: Calibrations = field(default_factory=dict)

    @property
    def first_stage(self) -> str:
        """The stage of the primary button: dev where there is one."""
        return "dev" if "dev" in self.blueprint.stages else next(iter(self.blueprint.stages))

    @cached_property
    def stages(self) -> tuple[StageLine, ...]:
        """Every stage."""
        return tuple(
            StageLine(
                policy,
                price_of(
                    self.blueprint,
                    name=stage,
                    stage=stage,
                    region=self.region,
                    usage=self.usage,
                    known=self.known,
                ),
            )
            for stage, policy in self.blueprint.stages.items()
        )

    @property
    def first(self) -> StageLine:
        """The stage of the primary button."""
        return next(one for one in self.stages if one.stage == self.first_stage)

    @property
    def others(self) -> tuple[StageLine, ...]:
        """The other stages."""
        return tuple(one for one in self.stages if one.stage != self.first_stage)

    @cached_property
    def resolved(self) -> dict[str, Resolved]:
        """Both stacks at the first stage; one that cannot be worked out is left out."""
        found = {}
        for kind in STACK_KINDS:
            try:
                found[kind] = resolved_stack(
                    self.blueprint, kind, name=self.first_stage, stage=self.first_stage, region=self.region, values={}
                )
            except TemplateError:
                continue
        return found

    @cached_property
    def tables(self) -> tuple[TableLine, ...]:
        """Its tables, named as at the first stage."""
        if "data" not in self.resolved:
            return ()
        stage = self.first_stage
        filled = filled_values(self.blueprint, "data", environment=stage, stage=stage, owner="-", environment_id="-")
        values = starting_values(self.blueprint, "data", stage) | filled
        return table_lines(table_promises(self.blueprint, values, Pseudo(self.region, "", "")))

    @property
    def parts(self) -> tuple[Part, ...]:
        """What it creates, in words."""
        return parts_of(self.blueprint, self.resolved.values(), self.tables)

    @property
    def stacks(self) -> tuple[StackPart, ...]:
        """Both stacks with the types in them."""
        return tuple(
            StackPart(
                StackKind(kind).label,
                self.blueprint.stacks[kind].stack_name(self.first_stage),
                tuple(sorted(Counter(one.type for one in resolved.resources).items())),
            )
            for kind, resolved in self.resolved.items()
        )


def access_blueprint(slug: str) -> Blueprint:
    """The blueprint of an application, which everybody who signs in may read. Raises Http404."""
    blueprint = library().blueprints.get(slug)
    if blueprint is None:
        raise Http404(f"There is no application called {slug}.")
    return blueprint


def applications(region: str, usage: Usage) -> tuple[Application, ...]:
    """The whole catalogue, by title, priced at this use."""
    there = Environment.objects.exclude(status=EnvironmentStatus.REMOVED)
    counts = Counter(dict(there.values_list("application").annotate(Count("pk")).order_by()))
    blueprints = sorted(library().blueprints.values(), key=lambda one: one.title.lower())
    known = calibrations()
    return tuple(Application(one, region, counts[one.slug], usage, known) for one in blueprints)


def one_application(blueprint: Blueprint, region: str, usage: Usage) -> Application:
    """One application, priced at this use."""
    return Application(blueprint, region, usage=usage, known=calibrations())
