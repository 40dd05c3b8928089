"""What is deployed in an environment: in which parameter of its compute stack it is held, or which release tells it.

An image or an artifact that the stack holds is changed by the stack alone, through a change set: a task definition that
is registered beside CloudFormation would be drift, and the next update of the stack would go back from it in silence.
"""

import re
from collections.abc import Mapping

from provisioning.blueprints.artifacts import held_in, is_told
from provisioning.blueprints.model import Blueprint, Deploy
from provisioning.blueprints.shapes import ResolvedResource, Template
from provisioning.engine.work import Work
from provisioning.lifecycle import ChangeKind, StackKind
from provisioning.models import Change, Environment, Release
from provisioning.planning.releases import artifact_of

FORWARD, BACK = 0, 1
Back = Mapping[str, str | int]


def held(deploy: Deploy, template: Template | None, values: Mapping[str, str]) -> str:
    """What a stack's parameters hold; empty where they hold none."""
    name = held_in(deploy)
    if not name or template is None or name not in template.parameters:
        return ""
    return values.get(name, template.parameters[name].default or "")


def told(deploy: Deploy, environment: Environment) -> str:
    """What the newest release was told to be; empty before the first one that was, or where a release from before
    anything was declared names something else, such as a machine image."""
    named = Release.objects.filter(environment=environment).exclude(artifact="").order_by("-number").first()
    pattern = deploy.artifact.pattern if deploy.artifact else ""
    return named.artifact if named and re.fullmatch(pattern, named.artifact) else ""


def deployed_now(blueprint: Blueprint, environment: Environment, template: Template | None) -> str:
    """What is deployed, as far as it was said; `template` is that of the compute stack as it is now."""
    if is_told(blueprint.deploy):
        return told(blueprint.deploy, environment)
    stack = environment.stacks.get(kind=StackKind.COMPUTE)
    return held(blueprint.deploy, template, stack.parameters)


def in_stack(work: Work) -> str:
    """What the compute stack holds now."""
    stack = work.stacks[StackKind.COMPUTE]
    template = work.parsed(stack.template) if stack.template is not None else None
    return held(work.blueprint.deploy, template, stack.parameters)


def wanted(work: Work, number: int = FORWARD) -> str:
    """What is to run after a redeploy of this change, forward or back; empty where nothing was ever said."""
    if not is_told(work.blueprint.deploy):
        return in_stack(work)
    change = work.change
    if change.kind == ChangeKind.DEPLOY:
        return asked(change) if number == FORWARD else str((way_back(change) or {}).get("value", ""))
    restored = change.goal.get("release")
    named = Release.objects.filter(environment=change.environment, number=restored).first() if restored else None
    return named.artifact if named and named.artifact else told(work.blueprint.deploy, change.environment)


def asked(change: Change) -> str:
    """What a deployment is asked to deploy."""
    return str(change.goal.get("artifact", ""))


def way_back(change: Change) -> Back | None:
    """The release that a deployment goes back to where it fails, as its plan says: {release, artifact, value}."""
    part: Mapping[str, Back | None] = (change.plan or {}).get("deploy") or {}
    return part.get("back")


def of_release(work: Work, number: int, resources: tuple[ResolvedResource, ...]) -> str:
    """What a release keeps as what ran: what was declared, else what the template says plainly."""
    if is_told(work.blueprint.deploy):
        return wanted(work, number)
    return wanted(work, number) or artifact_of(resources)
