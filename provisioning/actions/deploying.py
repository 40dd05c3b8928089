"""Deploying an image or an artifact: a change of its own, with a plan, a proof, and a way back by itself.

What is deployed is what the blueprint's `deploy:` declares as `artifact:`. Where the compute stack holds it, in one of
its parameters, the change is a change set of that stack which sets this parameter alone; everything else stays.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from provisioning.actions.actor import Actor, require_change_right
from provisioning.actions.changing import require_start
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
from provisioning.blueprints.artifacts import held_in, wrong_with
from provisioning.blueprints.model import Artifact, Blueprint, StagePolicy
from provisioning.blueprints.template import parse
from provisioning.engine.deploying.promotions import judged
from provisioning.lifecycle import ChangeKind, StackKind
from provisioning.models import Change, Environment, Operation, Release
from provisioning.planning.policy import GUARDED_STAGE, may_start_later, needed
from provisioning.planning.promoting import REFUSED


@dataclass(frozen=True)
class AskToDeploy:
    """What to deploy, why, and the form's own key so that a second click finds the first one's change. `promoted_from`
    is the release of another environment whose artifact it is; `start_at` is not to run before."""

    artifact: str
    reason: str = ""
    key: uuid.UUID | None = None
    promoted_from: Release | None = None
    start_at: datetime | None = None


def do_deploy(actor: Actor, environment: Environment, ask: AskToDeploy) -> Change:
    """Deploy an artifact. Returns the change; the same one again for a second click. Raises Refusal, with the fields
    `artifact`, `reason` and `start_at`."""
    require_change_right(actor, environment)
    known = same_click(actor, ask.key)
    if known is not None:
        return known
    blueprint = blueprint_of(environment)
    if environment.stage == GUARDED_STAGE and not ask.reason.strip():
        raise Refusal("Say why: it is kept with the change.", "no-reason", fields={"reason": "Say why."})
    _check_start(blueprint.stages[environment.stage], ask)
    _check_promotion(environment, ask)
    try:
        with transaction.atomic():
            locked = locked_environment(environment)
            require_running(locked)
            require_alone(locked, ChangeKind.DEPLOY)
            if Operation.objects.filter(stack__environment=locked, is_open=True).exists():
                raise in_the_way(locked)
            _check_artifact(locked, blueprint, ask.artifact.strip())
            _check_proved(actor, locked, blueprint, ask)
            return _deployed(actor, locked, blueprint, ask)
    except IntegrityError:
        return first_click(actor, ask.key)


def _deployed(actor: Actor, environment: Environment, blueprint: Blueprint, ask: AskToDeploy) -> Change:
    artifact, origin = ask.artifact.strip(), ask.promoted_from
    goal = {
        "artifact": artifact,
        "sets": [],
        "redeploy": True,
        "reverts": False,
        "blueprint_version": blueprint.version,
        **({"promoted_from": _origin(origin)} if origin else {}),
    }
    from_where = f", from {origin}" if origin else ""
    change = opened_change(
        actor,
        environment,
        ChangeKind.DEPLOY,
        goal,
        said=f"Deploy {artifact} to {environment}{from_where}"[:300],
        reason=ask.reason,
        key=ask.key,
        start_at=ask.start_at,
    )
    if held_in(blueprint.deploy):
        stack = environment.stacks.get(kind=StackKind.COMPUTE)
        Operation.objects.create(change=change, stack=stack, template=stack.template, parameters=dict(stack.parameters))
    return change


def _origin(release: Release) -> Mapping[str, Any]:
    """The release that is promoted, as the goal and the sealed plan carry it."""
    return {
        "id": release.pk,
        "environment": release.environment.name,
        "stage": release.environment.stage,
        "release": release.number,
        "template": release.template_id or "",
    }


def _check_start(policy: StagePolicy, ask: AskToDeploy) -> None:
    if ask.start_at is None:
        return
    if not may_start_later(policy, ChangeKind.DEPLOY):
        sentence = f"Nothing waits at {policy.stage}: send it when it should run."
        raise Refusal(sentence, "bad-start", fields={"start_at": sentence})
    require_start(ask.start_at)


def _check_promotion(environment: Environment, ask: AskToDeploy) -> None:
    """What is promoted was proved good somewhere else, and is that very artifact."""
    origin = ask.promoted_from
    if origin is None:
        return
    if origin.environment.application != environment.application or origin.environment_id == environment.pk:
        raise Refusal(f"{origin} cannot be promoted to {environment}.", "not-promotable")
    if not origin.good:
        raise Refusal(f"{origin} was not proved good.".capitalize(), "not-good")
    if origin.artifact != ask.artifact.strip():
        raise Refusal(f"{origin} ran {origin.artifact or 'nothing'}.".capitalize(), "not-promotable")


def _check_artifact(environment: Environment, blueprint: Blueprint, artifact: str) -> None:
    declared = declared_artifact(blueprint)
    stack = environment.stacks.select_related("template").get(kind=StackKind.COMPUTE)
    if stack.template is None:
        raise Refusal("What is deployed here is not known. Update the environment first.", "no-template")
    wrong = wrong_with(declared, parse(stack.template.body), artifact)
    if wrong:
        raise Refusal(f"{declared.label}: {wrong}", "bad-artifact", fields={"artifact": wrong})


def _check_proved(actor: Actor, environment: Environment, blueprint: Blueprint, ask: AskToDeploy) -> None:
    """A stage may take only what was proved good at a lower one, but for those whom its policy lets say why."""
    rule = judged(blueprint, environment, ask.artifact.strip(), is_admin=actor.is_admin, reason=ask.reason)
    if rule is not None and rule.how == REFUSED:
        raise Refusal(rule.sentence, "not-proved", fields={rule.field: rule.sentence} if rule.field else {})


def declared_artifact(blueprint: Blueprint) -> Artifact:
    """What the blueprint says is deployed. Raises Refusal where it says nothing of it."""
    if blueprint.deploy.artifact is None:
        sentence = f"The blueprint of {blueprint.title} does not say what is deployed, so it can only be redeployed."
        raise Refusal(sentence, "nothing-to-deploy")
    return blueprint.deploy.artifact


def why_not_deploy(actor: Actor, environment: Environment) -> str:
    """Why this person cannot deploy here now, as the verb would say; empty when they can."""
    try:
        require_change_right(actor, environment)
        declared_artifact(blueprint_of(environment))
        require_running(environment)
        require_alone(environment, ChangeKind.DEPLOY)
    except Refusal as refusal:
        return refusal.sentence
    if Operation.objects.filter(stack__environment=environment, is_open=True).exists():
        return in_the_way(environment).sentence
    return ""


def asked_of_deploying(environment: Environment) -> StagePolicy:
    """What is asked for a deployment here: how many approvals, of whom. Raises Refusal."""
    return needed(blueprint_of(environment).stages[environment.stage], ChangeKind.DEPLOY)
