"""Which release an environment can go back to, from rows alone: pages and verbs ask this, and AWS is not asked."""

from collections.abc import Collection, Mapping
from typing import Any

from provisioning.blueprints.artifacts import is_told
from provisioning.blueprints.loader import library
from provisioning.blueprints.resolving import resolve
from provisioning.blueprints.shapes import Pseudo
from provisioning.blueprints.template import parse
from provisioning.engine.deploying import artifacts
from provisioning.engine.deploying.live import there, versions_now
from provisioning.engine.deploying.planned import facts_of
from provisioning.lifecycle import StackKind
from provisioning.models import Environment, Release
from provisioning.planning.releases import Difference, Kept, ReleaseFacts, artifact_of, difference, last_good

LOOKED_AT = 50  # releases back: what ran before that is gone back to by hand


def facts_now_of(environment: Environment) -> ReleaseFacts:
    """What runs, or would run, in an environment, without the parameters that its stacks make."""
    stack = environment.stacks.select_related("template").get(kind=StackKind.COMPUTE)
    account, blueprint = environment.account, library().blueprints.get(environment.application)
    artifact = ""
    if stack.template is not None and stack.stack_id:
        pseudo = Pseudo(account.region, account.account_id, stack.name)
        template = parse(stack.template.body)
        artifact = artifacts.deployed_now(blueprint, environment, template) if blueprint else ""
        artifact = artifact or artifact_of(resolve(template, stack.parameters, pseudo=pseudo).resources)
    return ReleaseFacts(
        template=stack.template_id or "",
        stack_parameters=dict(stack.parameters),
        artifact=artifact,
        versions=_ours(versions_now(environment), _owned(environment)),
        told=blueprint is not None and is_told(blueprint.deploy),
    )


def facts_without(environment: Environment, release: Release) -> ReleaseFacts:
    """What ran in a release, without the parameters that stacks make: those are put back by their stacks alone."""
    kept = facts_of(release)
    return ReleaseFacts(kept.template, kept.stack_parameters, kept.artifact, _ours(kept.versions, _owned(environment)))


def _owned(environment: Environment) -> frozenset[str]:
    return frozenset(row.key for row in there(environment) if row.owned_by)


def _ours(versions: Mapping[str, Mapping[str, Any]], owned: Collection[str]) -> dict[str, Mapping[str, Any]]:
    return {key: version for key, version in versions.items() if key not in owned}


def last_good_release(environment: Environment) -> Release | None:
    """The release that “Roll back” puts back: the newest good one that differs from what there is now."""
    rows = list(
        Release.objects.filter(environment=environment, good=True)
        .select_related("restores")
        .order_by("-number")[:LOOKED_AT]
    )
    kept = [
        Kept(row.number, facts_without(environment, row), row.restores.number if row.restores else None) for row in rows
    ]
    found = last_good(facts_now_of(environment), kept)
    return next((row for row in rows if found is not None and row.number == found.number), None)


def from_now_to(environment: Environment, release: Release) -> Difference:
    """How a release differs from what there is now."""
    return difference(facts_now_of(environment), facts_without(environment, release))
