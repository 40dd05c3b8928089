"""Stuck stacks as people see them: state and cause in words, the one way out, and what it needs."""

from collections.abc import Collection
from dataclasses import dataclass, field

from django.urls import reverse

from portal.requesting.asking import Asks, asks_of
from provisioning.actions.actor import Actor
from provisioning.actions.recovering import Stuck, stuck, why_not_recover
from provisioning.blueprints.loader import library
from provisioning.blueprints.model import StagePolicy
from provisioning.lifecycle import ChangeKind, StackKind, StackStatus, stack_status
from provisioning.models import Environment
from provisioning.planning.policy import may_start_later, needed
from provisioning.planning.ways_out import CONTINUE, Proposal


@dataclass(frozen=True)
class Tick:
    """One resource that the way out may skip or retain."""

    proposal: Proposal
    ticked: bool

    @property
    def short_type(self) -> str:
        """Its type without the parts that all types share."""
        return self.proposal.type.removeprefix("AWS::").replace("::", " ")


@dataclass(frozen=True)
class Doctor:
    """One stuck stack. `blocked` is why its way out cannot be asked for now, empty when it can; `frozen` says that
    there is none. A way out that is a retry posts to `retry_url`, any other one is asked for at `form_url`."""

    stuck: Stuck
    kind: StackKind
    status: StackStatus
    blocked: str
    retry_url: str
    form_url: str
    asks: Asks | None

    @property
    def frozen(self) -> bool:
        """Whether nothing can be done from here."""
        return not self.stuck.way_out.what

    @property
    def skips(self) -> bool:
        """Whether what is ticked is skipped, and not left behind."""
        return self.stuck.way_out.what == CONTINUE

    @property
    def asks_when_ticked(self) -> bool:
        """Whether a second person has to agree only if something is ticked."""
        way_out = self.stuck.way_out
        return way_out.chooses and way_out.second_person and not way_out.asks_two(())


@dataclass(frozen=True)
class Patient:
    """Whose stacks are read, and for whom. `policy` is None where the blueprint is gone."""

    actor: Actor
    environment: Environment
    policy: StagePolicy | None = field(default=None)

    def asked(self, found: Stuck, spared: Collection[str]) -> StagePolicy | None:
        """What is asked for its way out when these resources are skipped or retained."""
        if self.policy is None:
            return None
        way_out = found.way_out
        two = way_out.asks_two(tuple(spared))
        goal = {"stack": found.stack.kind, "what": way_out.what, "spared": list(spared), "second_person": two}
        return needed(self.policy, ChangeKind.RECOVER, goal)

    def may_start_later(self, found: Stuck) -> bool:
        """Whether a start may be asked for."""
        asked = self.asked(found, proposed(found))
        return asked is not None and may_start_later(asked, ChangeKind.RECOVER)


def patient(actor: Actor, environment: Environment) -> Patient:
    """The environment with the policy of its stage."""
    blueprint = library().blueprints.get(environment.application)
    return Patient(actor, environment, blueprint.stages.get(environment.stage) if blueprint else None)


def read_doctors(actor: Actor, environment: Environment) -> tuple[Doctor, ...]:
    """Every stuck stack of the environment, the data stack first."""
    whose = patient(actor, environment)
    return tuple(_doctor(whose, found) for found in stuck(environment))


def read_doctor(actor: Actor, environment: Environment, kind: StackKind) -> Doctor | None:
    """One stack; None when it is not stuck."""
    return next((one for one in read_doctors(actor, environment) if one.kind is kind), None)


def ticks(doctor: Doctor, chosen: Collection[str] | None = None) -> tuple[Tick, ...]:
    """The resources to choose from: as `chosen`, or as the way out proposes."""
    way_out = doctor.stuck.way_out
    if not way_out.chooses:
        return ()
    return tuple(Tick(one, way_out.ticked if chosen is None else one.logical_id in chosen) for one in way_out.proposals)


def proposed(found: Stuck) -> tuple[str, ...]:
    """The logical ids that the way out may skip or retain."""
    return tuple(one.logical_id for one in found.way_out.proposals)


def _doctor(whose: Patient, found: Stuck) -> Doctor:
    kind = StackKind(found.stack.kind)
    names = [whose.environment.application, whose.environment.name]
    retries = found.way_out.retry and found.change is not None
    asked = whose.asked(found, proposed(found) if found.way_out.ticked else ())
    return Doctor(
        stuck=found,
        kind=kind,
        status=stack_status(found.stack.status),
        blocked=why_not_recover(whose.actor, whose.environment, stack=kind),
        retry_url=reverse("change_retry", args=[found.change.pk]) if retries and found.change else "",
        form_url=reverse("environment_recover", args=[*names, kind.value]),
        asks=asks_of(asked, whose.actor.user_id) if asked is not None else None,
    )
