"""What drift detection found, per stack, resource and property, shaped for its page. From rows alone: no AWS call."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractUser

from portal.changes.states import short_type
from portal.environments.heading import why_not_act
from portal.requesting.asking import Asks, asks_of
from provisioning.actions.actor import Actor
from provisioning.actions.drifting import why_not_accept, why_not_detect, why_not_repair
from provisioning.blueprints.loader import library
from provisioning.blueprints.model import StagePolicy
from provisioning.engine.drifting import is_checking
from provisioning.lifecycle import ChangeKind, DriftStatus, StackKind, stack_status
from provisioning.models import Change, DriftCheck, DriftedResource, Environment, Stack
from provisioning.planning.drift import open_differences
from provisioning.planning.policy import may_start_later, needed

SEPARATOR = "|"  # between the parts of a pick; neither a kind nor a logical id can have one
_WORDS = {"ADD": "Added", "REMOVE": "Removed", "NOT_EQUAL": "Changed"}
Pick = tuple[StackKind, str, str]


@dataclass(frozen=True)
class PropertyDrift:
    """One property that is not as the template says. `pick` stands for it in the form that accepts."""

    path: str
    word: str
    expected: str
    actual: str
    pick: str
    ticked: bool = False


@dataclass(frozen=True)
class ResourceDrift:
    """One resource: what of it differs, what of that was accepted and by which change, or why nothing can be."""

    logical_id: str
    type: str
    physical_id: str
    status: DriftStatus
    open: tuple[PropertyDrift, ...]
    accepted: tuple[PropertyDrift, ...]
    accepted_by: Change | None
    why_not_accept: str

    @property
    def short_type(self) -> str:
        """Its type as people say it."""
        return short_type(self.type)

    @property
    def deleted(self) -> bool:
        """Whether it is not there any more."""
        return self.status == DriftStatus.DELETED


@dataclass(frozen=True)
class StackDrift:
    """One stack: what the last detection said, when and for whom. `trouble` is why it did not end, `why_not` why
    none can begin now; `skipped` are resources that a roll-back left as they were (S11)."""

    kind: StackKind
    name: str
    there: bool
    status: DriftStatus
    checking: bool
    seen_at: datetime | None
    asked_by: AbstractUser | None
    trouble: str
    why_not: str
    skipped: tuple[str, ...]
    resources: tuple[ResourceDrift, ...]
    why_not_repair: str = ""

    @property
    def differs(self) -> bool:
        """Whether something is open: neither as the template says, nor accepted."""
        return any(one.open or one.deleted for one in self.resources)

    @property
    def badge(self) -> "Said | DriftStatus":
        """What the last check said, where somebody has accepted all of it, that."""
        settled = self.status == DriftStatus.DRIFTED and self.resources and not self.differs
        return Said("Differs, as accepted", "good") if settled else self.status


@dataclass(frozen=True)
class Said:
    """A badge: a word and its colour family."""

    label: str
    tone: str


@dataclass(frozen=True)
class DriftPage:
    """The whole page. `why_not_…` say why this person cannot now, empty when they can; `checking` asks the page to
    look again."""

    stacks: tuple[StackDrift, ...]
    checking: bool
    why_not_check: str
    why_not_repair: str
    why_not_accept: str
    repair_asks: Asks | None
    accept_asks: Asks | None

    @property
    def repairable(self) -> tuple[StackDrift, ...]:
        """The stacks that a repair can be about."""
        return tuple(one for one in self.stacks if one.differs and not one.why_not_repair)

    @property
    def differs(self) -> bool:
        """Whether anything is open."""
        return any(one.differs for one in self.stacks)

    @property
    def repair_blocked(self) -> str:
        """Why nothing can be repaired now."""
        return self.why_not_repair or next((one.why_not_repair for one in self.stacks if one.differs), "")

    @property
    def acceptable(self) -> bool:
        """Whether anything can be ticked."""
        return any(line for one in self.stacks for row in one.resources if not row.why_not_accept for line in row.open)

    @property
    def picks(self) -> tuple[str, ...]:
        """Everything that can be ticked."""
        return tuple(line.pick for one in self.stacks for row in one.resources for line in row.open)


def read_drift(actor: Actor, environment: Environment, ticked: Collection[str] = ()) -> DriftPage:
    """The page for one person; `ticked` are the picks of a form that has just been refused."""
    may_not = why_not_act(actor, environment)
    # Looking alters nothing: everybody who may change things at all may have it done.
    looks = "" if actor.may_change else may_not
    stacks = tuple(_stack(environment, stack, ticked) for stack in environment.stacks.all())
    return DriftPage(
        stacks=stacks,
        checking=any(stack.checking for stack in stacks),
        why_not_check=looks or ("" if any(not stack.why_not for stack in stacks) else stacks[0].why_not),
        why_not_repair=may_not,
        why_not_accept=may_not or why_not_accept(environment),
        repair_asks=_asks(actor, environment, ChangeKind.REPAIR_DRIFT),
        accept_asks=_asks(actor, environment, ChangeKind.ACCEPT_DRIFT),
    )


def split_pick(pick: str) -> Pick:
    """Stack, logical id and property path of a pick. Raises ValueError for what is none."""
    kind, logical_id, path = pick.split(SEPARATOR, 2)
    return StackKind(kind), logical_id, path


def starts_later(environment: Environment, kind: ChangeKind) -> bool:
    """Whether a start may be asked for."""
    policy = _policy(environment)
    return policy is not None and may_start_later(policy, kind)


def _policy(environment: Environment) -> StagePolicy | None:
    blueprint = library().blueprints.get(environment.application)
    return blueprint.stages.get(environment.stage) if blueprint else None


def _asks(actor: Actor, environment: Environment, kind: ChangeKind) -> Asks | None:
    policy = _policy(environment)
    return asks_of(needed(policy, kind), actor.user_id) if policy else None


def _stack(environment: Environment, stack: Stack, ticked: Collection[str]) -> StackDrift:
    kind, check = StackKind(stack.kind), _check(stack)
    rows = check.resources.select_related("accepted_by__requested_by").order_by("logical_id") if check else []
    resources = tuple(_resource(environment, kind, row, ticked) for row in rows)
    found = StackDrift(
        kind=kind,
        name=stack.name,
        there=not stack_status(stack.status).gone,
        status=_said(check),
        checking=check is not None and is_checking(check),
        seen_at=check.seen_at if check else None,
        asked_by=check.asked_by if check else None,
        trouble=check.reason if check else "",
        why_not=why_not_detect(environment, kind),
        skipped=tuple(stack.skipped),
        resources=resources,
    )
    return replace(found, why_not_repair=why_not_repair(environment, kind)) if found.differs else found


def _check(stack: Stack) -> DriftCheck | None:
    found: DriftCheck | None = getattr(stack, "drift", None)
    return found


def _said(check: DriftCheck | None) -> DriftStatus:
    """What the last detection said; the same as before the first one where its word is not known."""
    said = check.result if check else ""
    return DriftStatus(said) if said in DriftStatus.values else DriftStatus.NOT_CHECKED


def _resource(
    environment: Environment, kind: StackKind, row: DriftedResource, ticked: Collection[str]
) -> ResourceDrift:
    left = open_differences(row.differences, row.accepted)
    accepted = [one for one in row.differences if one not in left]
    return ResourceDrift(
        logical_id=row.logical_id,
        type=row.type,
        physical_id=row.physical_id,
        status=DriftStatus(row.status),
        open=tuple(_lines(kind, row, left, ticked)),
        accepted=tuple(_lines(kind, row, accepted, ())),
        accepted_by=row.accepted_by if accepted else None,
        # What differs and is there can be accepted as far as the row goes; the page says what else is in the way.
        why_not_accept="" if left and row.status == DriftStatus.MODIFIED else why_not_accept(environment, row),
    )


def _lines(
    kind: StackKind, row: DriftedResource, found: Iterable[Mapping[str, Any]], ticked: Collection[str]
) -> Iterable[PropertyDrift]:
    for one in found:
        pick = SEPARATOR.join((kind.value, row.logical_id, one["path"]))
        yield PropertyDrift(
            path=one["path"].strip("/").replace("/", "."),
            word=_WORDS.get(one.get("kind", ""), "Changed"),
            expected=_text(one.get("expected")),
            actual=_text(one.get("actual")),
            pick=pick,
            ticked=pick in ticked,
        )


def _text(value: object) -> str:
    """A value as people read it; "" for what is not there."""
    if value is None or value == "null":
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
