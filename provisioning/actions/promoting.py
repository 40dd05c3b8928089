"""Promoting: the artifact of a release that was proved good goes one environment further, from dev towards prod.

What is deployed there is that very artifact, by a deployment of its own: planned, and decided about where the stage
asks for it, on a plan that says where the artifact ran.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from provisioning.actions.actor import Actor, require_change_right
from provisioning.actions.deploying import AskToDeploy, declared_artifact, do_deploy, why_not_deploy
from provisioning.actions.redeploy_asks import blueprint_of
from provisioning.actions.refusals import Refusal
from provisioning.blueprints.artifacts import wrong_with
from provisioning.blueprints.model import STAGES
from provisioning.blueprints.policies import is_below
from provisioning.blueprints.template import parse
from provisioning.engine.deploying.promotions import judged
from provisioning.lifecycle import EnvironmentStatus, StackKind
from provisioning.models import Change, Environment, Release
from provisioning.planning.promoting import REFUSED, Rule

_NOWHERE = (EnvironmentStatus.REMOVED, EnvironmentStatus.REQUESTED)


@dataclass(frozen=True)
class AskToPromote:
    """Where to, why, and the form's own key so that a second click finds the first one's change. `start_at` is not to
    run before."""

    to: Environment
    reason: str = ""
    key: uuid.UUID | None = None
    start_at: datetime | None = None


def do_promote(actor: Actor, release: Release, ask: AskToPromote) -> Change:
    """Deploy what a release ran in an environment of a higher stage. Returns the change there; the same one again for a
    second click. Raises Refusal, with the fields `to`, `reason` and `start_at`."""
    require_change_right(actor, ask.to)
    wrong = why_not_further(release, ask.to)
    if wrong:
        raise Refusal(wrong, "not-promotable", fields={"to": wrong})
    return do_deploy(
        actor,
        ask.to,
        AskToDeploy(release.artifact, ask.reason, ask.key, promoted_from=release, start_at=ask.start_at),
    )


def targets_of(release: Release) -> Sequence[Environment]:
    """The environments that a release could go to: those of its application at higher stages, the next one first."""
    stage = release.environment.stage
    above = [one for one in STAGES if is_below(stage, one)]
    found = Environment.objects.filter(application=release.environment.application, stage__in=above)
    rows = found.exclude(status__in=_NOWHERE).select_related("account", "owner")
    # The stage's own environment before personal ones.
    return sorted(rows, key=lambda one: (STAGES.index(one.stage), one.name != one.stage, one.name, one.pk))


def why_not_further(release: Release, target: Environment) -> str:
    """Why what a release ran cannot go to an environment at all; empty when it can."""
    here = release.environment
    if here.application != target.application or not is_below(here.stage, target.stage):
        return f"Nothing goes from {here} to {target}: what is promoted goes from dev over staging to prod."
    if not release.good:
        return f"Release {release.number} of {here.name} was not proved good."
    if not release.artifact:
        return f"Of release {release.number} of {here.name} nobody knows what it ran."
    return ""


def why_not_promote(actor: Actor, release: Release, target: Environment) -> str:
    """Why this person cannot promote a release there now, as the verb would say; empty when they can, as far as a
    reason does not help."""
    wrong = why_not_further(release, target) or why_not_deploy(actor, target) or _unfit(release, target)
    if wrong:
        return wrong
    rule = rule_for(actor, target, release.artifact, reason="any")
    return rule.sentence if rule is not None and rule.how == REFUSED else ""


def _unfit(release: Release, target: Environment) -> str:
    """Why what a release ran is nothing that can be deployed there: a machine image, say, from before anything was."""
    declared = declared_artifact(blueprint_of(target))
    stack = target.stacks.select_related("template").get(kind=StackKind.COMPUTE)
    if stack.template is None:
        return ""
    wrong = wrong_with(declared, parse(stack.template.body), release.artifact)
    return f"{declared.label} {release.artifact}: {wrong}" if wrong else ""


def rule_for(actor: Actor, environment: Environment, artifact: str, *, reason: str) -> Rule | None:
    """How an artifact stands against the policy of an environment's stage, asked for by this person with this reason;
    None where the stage asks nothing of it. Raises Refusal."""
    blueprint = blueprint_of(environment)
    declared_artifact(blueprint)
    return judged(blueprint, environment, artifact, is_admin=actor.is_admin, reason=reason)
