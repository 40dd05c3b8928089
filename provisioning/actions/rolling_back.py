"""Redeploying what runs, and rolling an environment back to a release that was proved good.

To go back to the last good release that differs asks nobody where the stage's policy says so
(`revert_without_approval`); any other release takes the approvals, because it may as well be a step forward.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from provisioning.actions.actor import Actor, audit, require_change_right
from provisioning.actions.order import in_the_way
from provisioning.actions.refusals import Refusal
from provisioning.actions.setting import require_free
from provisioning.blueprints.loader import library
from provisioning.blueprints.model import Blueprint, StagePolicy
from provisioning.blueprints.template import parse
from provisioning.engine.deploying.comparing import from_now_to, last_good_release
from provisioning.engine.steps.parameters import VALUES
from provisioning.flags.sealing import UnreadableError, opened
from provisioning.lifecycle import (
    OPEN_CHANGES,
    ChangeKind,
    ChangeStatus,
    ParameterVerb,
    StackKind,
    WriteState,
    stack_status,
)
from provisioning.models import Change, Environment, Operation, Parameter, ParameterVersion, Release
from provisioning.planning.parameter_plans import Wish
from provisioning.planning.policy import GUARDED_STAGE, needed
from provisioning.planning.releases import ONLY_BEFORE, Difference
from provisioning.planning.secrets import sealed
from provisioning.tasks import ring

NOTHING_RUNS = "{} has no compute, so nothing runs. Wake or create it first."


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
    known = _same_click(actor, ask.key)
    if known is not None:
        return known
    blueprint = _blueprint(environment)
    goal = {"sets": [], "redeploy": True, "reverts": False, "blueprint_version": blueprint.version}
    said = f"{ChangeKind.REDEPLOY.label} {environment}"
    try:
        with transaction.atomic():
            locked = _locked(environment)
            _require_running(locked)
            _require_alone(locked, ChangeKind.REDEPLOY)
            return _opened(actor, locked, ChangeKind.REDEPLOY, ask, goal, said=said)
    except IntegrityError:
        return _first_click(actor, ask.key)


def needs_reason(environment: Environment) -> bool:
    """Whether a roll-back here says why: in prod. Elsewhere it is one click, also to rehearse it."""
    return environment.stage == GUARDED_STAGE


def do_roll_back(actor: Actor, environment: Environment, ask: AskToRollBack) -> Change:
    """Put a good release back: template, its parameters, and the values of that time as new versions; redeployed and
    proved. Returns the change; the same one again for a second click. Raises Refusal, with the field `reason`."""
    require_change_right(actor, environment)
    known = _same_click(actor, ask.key)
    if known is not None:
        return known
    if needs_reason(environment) and not ask.reason.strip():
        raise Refusal("Say why: it is kept with the change.", "no-reason", fields={"reason": "Say why."})
    _blueprint(environment)
    try:
        with transaction.atomic():
            locked = _locked(environment)
            _require_running(locked)
            _require_alone(locked, ChangeKind.ROLL_BACK)
            return _rolled_back(actor, locked, ask)
    except IntegrityError:
        return _first_click(actor, ask.key)


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
    change = _opened(actor, environment, ChangeKind.ROLL_BACK, ask, goal, said=said, values=values)
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
    return needed(_blueprint(environment).stages[environment.stage], kind, {"reverts": reverts})


def _why_not(actor: Actor, environment: Environment, kind: ChangeKind) -> str:
    try:
        require_change_right(actor, environment)
        _blueprint(environment)
        _require_running(environment)
        _require_alone(environment, kind)
    except Refusal as refusal:
        return refusal.sentence
    return ""


def _blueprint(environment: Environment) -> Blueprint:
    blueprint = library().blueprints.get(environment.application)
    if blueprint is None:
        raise Refusal("The blueprint of this application cannot be read any more. Ask an admin.", "no-application")
    return blueprint


def _locked(environment: Environment) -> Environment:
    rows = Environment.objects.select_for_update(of=("self",), no_key=True).select_related("account", "owner")
    return rows.get(pk=environment.pk)


def _require_running(environment: Environment) -> None:
    stack = environment.stacks.filter(kind=StackKind.COMPUTE).first()
    if stack is None or stack_status(stack.status).gone:
        raise Refusal(NOTHING_RUNS.format(environment), "nothing-runs")


def _require_alone(environment: Environment, kind: ChangeKind) -> None:
    open_ones = Change.objects.filter(environment=environment, kind=kind, status__in=OPEN_CHANGES)
    change = open_ones.select_related("requested_by").first()
    if change is None:
        return
    who, status = change.requested_by.get_username(), ChangeStatus(change.status).label.lower()
    sentence = f"{who} has one open already: {kind.label.lower()}, {status}. One at a time."
    raise Refusal(sentence, "change-open", change_id=str(change.pk))


def _same_click(actor: Actor, key: uuid.UUID | None) -> Change | None:
    found = Change.objects.filter(request_key=key).first() if key else None
    if found is not None and found.requested_by_id != actor.user_id:
        raise Refusal("This form was sent already. Open it again.", "sent-already")
    return found


def _first_click(actor: Actor, key: uuid.UUID | None) -> Change:
    """Another request committed first: the same click, or one that stands in the way."""
    known = _same_click(actor, key)
    if known is None:
        raise Refusal("Somebody else changed this at the same moment. Nothing was sent; try again.", "race")
    return known


def _opened(
    actor: Actor,
    environment: Environment,
    kind: ChangeKind,
    ask: AskToRedeploy | AskToRollBack,
    goal: Mapping[str, Any],
    *,
    said: str,
    values: Mapping[str, dict[str, str]] | None = None,
) -> Change:
    now = timezone.now()
    change = Change.objects.create(
        request_key=ask.key,
        environment=environment,
        kind=kind,
        status=ChangeStatus.PLANNING,
        requested_by_id=actor.user_id,
        requested_at=now,
        reason=ask.reason.strip(),
        next_check_at=now,
        goal=dict(goal),
        secrets=sealed(dict(values or {})),
    )
    keys: Sequence[str] = [one["key"] for one in goal["sets"]]
    audit(
        actor,
        f"request_{kind}",
        said,
        environment=environment,
        change=change,
        reason=change.reason,
        detail={"keys": list(keys), **({"release": goal["release"]} if "release" in goal else {})},
    )
    ring(change.pk)
    return change
