"""Redeploying what runs, and rolling an environment back to a release that was proved good.

To go back to the last good release that differs asks nobody where the stage's policy says so
(`revert_without_approval`); any other release takes the approvals, because it may as well be a step forward.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction

from provisioning.actions.actor import Actor, require_change_right
from provisioning.actions.order import in_the_way
from provisioning.actions.redeploy_asks import (
    blueprint_of,
    first_click,
    locked_environment,
    opened_change,
    require_alone,
    require_running,
    same_click,
)
from provisioning.actions.refusals import Refusal
from provisioning.actions.setting import require_free
from provisioning.blueprints.model import StagePolicy
from provisioning.blueprints.template import parse
from provisioning.engine.deploying.comparing import from_now_to, last_good_release
from provisioning.engine.steps.parameters import VALUES
from provisioning.flags.sealing import UnreadableError, opened
from provisioning.lifecycle import (
    ChangeKind,
    ParameterVerb,
    StackKind,
    WriteState,
)
from provisioning.models import Change, Environment, Operation, Parameter, ParameterVersion, Release
from provisioning.planning.parameter_plans import Wish
from provisioning.planning.policy import GUARDED_STAGE, needed
from provisioning.planning.releases import ONLY_BEFORE, Difference


@dataclass(frozen=True)
class AskToRedeploy:
    """Why, and the form's own key so that a second click finds the first one's change."""

    reason: str = ""
    key: uuid.UUID | None = None


@dataclass(frozen=True)
class AskToRollBack:
    """The same; `release` is the number of the release to put back, the last good one that differs unless given."""

    reason: str = ""
    key: uuid.UUID | None = None
    release: int | None = None


def do_redeploy(actor: Actor, environment: Environment, ask: AskToRedeploy) -> Change:
    """Start what runs anew without changing anything: the same image, the values that are stored now. Returns the
    change; the same one again for a second click. Raises Refusal."""
    require_change_right(actor, environment)
    known = same_click(actor, ask.key)
    if known is not None:
        return known
    blueprint = blueprint_of(environment)
    goal = {"sets": [], "redeploy": True, "reverts": False, "blueprint_version": blueprint.version}
    said = f"{ChangeKind.REDEPLOY.label} {environment}"
    try:
        with transaction.atomic():
            locked = locked_environment(environment)
            require_running(locked)
            require_alone(locked, ChangeKind.REDEPLOY)
            return opened_change(actor, locked, ChangeKind.REDEPLOY, goal, said=said, reason=ask.reason, key=ask.key)
    except IntegrityError:
        return first_click(actor, ask.key)


def needs_reason(environment: Environment) -> bool:
    """Whether a roll-back here says why: in prod. Elsewhere it is one click, also to rehearse it."""
    return environment.stage == GUARDED_STAGE


def do_roll_back(actor: Actor, environment: Environment, ask: AskToRollBack) -> Change:
    """Put a good release back: template, its parameters, and the values of that time as new versions; redeployed and
    proved. Returns the change; the same one again for a second click. Raises Refusal, with the field `reason`."""
    require_change_right(actor, environment)
    known = same_click(actor, ask.key)
    if known is not None:
        return known
    if needs_reason(environment) and not ask.reason.strip():
        raise Refusal("Say why: it is kept with the change.", "no-reason", fields={"reason": "Say why."})
    blueprint_of(environment)
    try:
        with transaction.atomic():
            locked = locked_environment(environment)
            require_running(locked)
            require_alone(locked, ChangeKind.ROLL_BACK)
            return _rolled_back(actor, locked, ask)
    except IntegrityError:
        return first_click(actor, ask.key)


def _rolled_back(actor: Actor, environment: Environment, ask: AskToRollBack) -> Change:
    last = last_good_release(environment)
    release = last if ask.release is None else _release(environment, ask.release)
    if release is None:
        raise Refusal("No good release is known that differs from what runs now.", "no-release")
    differs = from_now_to(environment, release)
    if not differs.can_go:
        raise Refusal(f"Release {release.number} is what runs now.", "no-difference")
    wishes = _wishes(environment, release, differs)
    require_free(environment, {wish.key for wish in wishes})
    goal = {
        "release": release.number,
        "sets": [wish.as_dict() for wish in wishes],
        "redeploy": True,
        "reverts": last is not None and last.pk == release.pk,
        "blueprint_version": f"release {release.number}",
    }
    values = {VALUES: {wish.key: wish.value for wish in wishes if wish.value is not None}}
    said = f"{ChangeKind.ROLL_BACK.label} {environment} to release {release.number}"
    if differs.stack_differs and Operation.objects.filter(stack__environment=environment, is_open=True).exists():
        raise in_the_way(environment)
    change = opened_change(
        actor, environment, ChangeKind.ROLL_BACK, goal, said=said, reason=ask.reason, key=ask.key, values=values
    )
    if differs.stack_differs:
        _hold_compute(change, release)
    return change


def _hold_compute(change: Change, release: Release) -> None:
    """The compute stack's part: the template and the parameters of the release, hidden ones as they are (P2, P3)."""
    stack = change.environment.stacks.get(kind=StackKind.COMPUTE)
    if release.template is None:
        raise Refusal(f"The template of release {release.number} is not known.", "no-template")
    hidden = [name for name, one in parse(release.template.body).parameters.items() if one.no_echo]
    Operation.objects.create(
        change=change,
        stack=stack,
        template=release.template,
        parameters=dict(release.stack_parameters),
        keep=sorted(hidden),
    )


def _wishes(environment: Environment, release: Release, differs: Difference) -> list[Wish]:
    """What each parameter is put to. What is new since the release stays."""
    keys = [line.name for line in differs.parameters if line.how != ONLY_BEFORE]
    rows = {row.key: row for row in Parameter.objects.filter(environment=environment, key__in=keys)}
    found = []
    for key in keys:
        row = rows.get(key)
        past = _past(row, release.versions[key]) if row else None
        value = _value(past) if past else None
        if row is None or past is None or value is None:
            raise Refusal(f"What {key} was in release {release.number} is not known any more.", "value-unknown")
        expected = None if row.gone_at is not None else row.version
        found.append(Wish(key, row.name, ParameterVerb.RESTORE, past.type, value, expected, past.pk))
    return found


def _past(row: Parameter, was: Mapping[str, Any]) -> ParameterVersion | None:
    """The version of then from our own history, which AWS's hundred do not limit (pitfall 11); else any of the same
    value."""
    known = ParameterVersion.objects.filter(parameter=row, state=WriteState.DONE, digest=was["digest"])
    exact = known.filter(generation=was["generation"], version=was["version"]).first()
    return exact or known.order_by("-pk").first()


def _value(past: ParameterVersion) -> str | None:
    try:
        return opened(past.type, past.value)
    except UnreadableError:
        return None


def _release(environment: Environment, number: int) -> Release:
    found = Release.objects.filter(environment=environment, number=number).first()
    if found is None:
        raise Refusal(f"{environment} has no release {number}.", "no-release")
    if not found.good:
        raise Refusal(f"Release {number} was not proved good.", "not-good")
    return found


def why_not_redeploy(actor: Actor, environment: Environment) -> str:
    """Why this person cannot redeploy now, as the verb would say; empty when they can."""
    return _why_not(actor, environment, ChangeKind.REDEPLOY)


def why_not_roll_back(actor: Actor, environment: Environment) -> str:
    """Why this person cannot roll back now; empty when they can, as long as there is a release to go back to."""
    return _why_not(actor, environment, ChangeKind.ROLL_BACK)


def asked_of(environment: Environment, kind: ChangeKind, *, reverts: bool = False) -> StagePolicy:
    """What is asked for it here: how many approvals, of whom. Raises Refusal."""
    return needed(blueprint_of(environment).stages[environment.stage], kind, {"reverts": reverts})


def _why_not(actor: Actor, environment: Environment, kind: ChangeKind) -> str:
    try:
        require_change_right(actor, environment)
        blueprint_of(environment)
        require_running(environment)
        require_alone(environment, kind)
    except Refusal as refusal:
        return refusal.sentence
    return ""
