"""Planning a deployment: the compute stack as it is with the new artifact alone put in, and what is sealed about it."""

from typing import Any

from provisioning.blueprints.artifacts import held_in, wrong_with
from provisioning.blueprints.shapes import Template
from provisioning.engine.deploying import artifacts
from provisioning.engine.deploying.coming_up import notice_parameters
from provisioning.engine.deploying.health import health_of
from provisioning.engine.deploying.live import versions_now
from provisioning.engine.deploying.target import target_of
from provisioning.engine.outcome import Done, Outcome, Problem, Stop
from provisioning.engine.work import Work
from provisioning.lifecycle import RolloutState, StackKind
from provisioning.models import Release, Rollout
from provisioning.planning import deploy_plans
from provisioning.planning.deploy_plans import ENOUGH

NOT_NOW = "not-deployable"
PAST = 3 * ENOUGH  # deployments that say how long one takes


def ensure_deploy_prepared(work: Work) -> Outcome:
    """What the compute stack is sent: its own template and values, and the artifact. Planned anew each time, so that no
    earlier plan, and no way back of an earlier attempt, is ever sent as what was asked for."""
    artifact, stack = work.blueprint.deploy.artifact, work.stacks[StackKind.COMPUTE]
    if target_of(work) is None or stack.template is None:
        return _cannot("Nothing runs here, so there is nothing to deploy to.", "Wake or create the environment first.")
    if artifact is None:
        return _cannot("The blueprint does not say any more what is deployed.", "Have artifact: added to its deploy:.")
    template = work.parsed(stack.template)
    wrong = wrong_with(artifact, template, artifacts.asked(work.change))
    if wrong:
        return _cannot(f"{artifact.label}: {wrong}", "Ask for it again.")
    notice_parameters(work)
    for operation in work.parts.get(StackKind.COMPUTE, ())[:1]:
        operation.template = stack.template
        operation.parameters = {**stack.parameters, artifact.parameter: artifacts.asked(work.change)}
        operation.keep = _hidden(template)
    return Done(f"{artifact.label}: {artifacts.in_stack(work) or 'none'} → {artifacts.asked(work.change)}")


def _cannot(sentence: str, advice: str) -> Stop:
    return Stop(Problem(sentence, "you", advice, code=NOT_NOW))


def _hidden(template: Template) -> list[str]:
    """The values that stay as they are, because nobody can read them (P2, P3)."""
    return sorted(name for name, one in template.parameters.items() if one.no_echo)


def deploy_part(work: Work, *, look: bool = True) -> dict[str, Any]:
    """What a plan says of a deployment; with `look` also how well what runs is now, and how long it may take."""
    deploy, change = work.blueprint.deploy, work.change
    stack = work.stacks[StackKind.COMPUTE]
    template = work.parsed(stack.template) if stack.template else None
    before, after = artifacts.deployed_now(work.blueprint, change.environment, template), artifacts.asked(change)
    newest = Release.objects.filter(environment=change.environment).order_by("-number").first()
    back = _back(work, after)
    return {
        "label": deploy.artifact.label if deploy.artifact else "",
        "before": before,
        "after": after,
        "kept_in": held_in(deploy),
        "release": newest.number if newest else None,
        "back": {"release": back.number, "artifact": back.artifact, "value": _value(work, back)} if back else None,
        "template": stack.template_id or "",
        "versions": versions_now(change.environment),
        "promoted_from": change.goal.get("promoted_from"),
        **(_now(work) if look else {}),
    }


def _back(work: Work, after: str) -> Release | None:
    """The last good release that ran something else: where the deployment fails, its artifact is put back."""
    good = Release.objects.filter(environment=work.change.environment, good=True).order_by("-number")
    name = held_in(work.blueprint.deploy)
    if not name:
        return good.exclude(artifact__in=("", after)).first()
    held = good.exclude(**{f"stack_parameters__{name}": after})
    return held.filter(**{f"stack_parameters__{name}__isnull": False}).first()


def _value(work: Work, release: Release) -> str:
    """What is put where the artifact is held; empty, too, where a machine ran without any."""
    name = held_in(work.blueprint.deploy)
    return str(release.stack_parameters[name]) if name else release.artifact


def _now(work: Work) -> dict[str, Any]:
    """How well what runs is, in lines, and the minutes until the deployment is proved."""
    deploy, target = work.blueprint.deploy, target_of(work)
    wanted = target.definition if target else ""
    health = health_of(work, target, Rollout(environment=work.change.environment, wanted=wanted)) if target else None
    return {
        "runs": {"good": health.good, "bad": health.bad, "blind": list(dict.fromkeys(health.blind))}
        if health
        else None,
        "minutes": deploy_plans.minutes(_past(work), deploy.method, deploy.watch_minutes),
    }


def _past(work: Work) -> list[float]:
    """Seconds from the begin of a deployment's change to the end of its rollout, of the newest ones of the
    application."""
    of_application = Rollout.objects.filter(
        environment__application=work.change.environment.application,
        change__kind=work.change.kind,
        number=artifacts.FORWARD,
        state=RolloutState.DONE,
        finished_at__isnull=False,
        change__started_at__isnull=False,
    )
    times = of_application.order_by("-asked_at").values_list("finished_at", "change__started_at")[:PAST]
    return [(end - begin).total_seconds() for end, begin in times if end is not None and begin is not None]
