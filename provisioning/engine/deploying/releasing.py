"""Releases: what runs together, written down each time a deployment is proved, so that it can be put back together."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from provisioning.aws import parameters as store
from provisioning.aws.errors import AwsError
from provisioning.blueprints.artifacts import is_told
from provisioning.blueprints.shapes import ResolvedResource
from provisioning.engine.claims import hold
from provisioning.engine.deploying import artifacts
from provisioning.engine.deploying.live import there, versions_now
from provisioning.engine.steps.parameters import OUR_LABEL
from provisioning.engine.work import Work
from provisioning.lifecycle import StackKind
from provisioning.models import Change, Release, Rollout
from provisioning.planning.releases import ReleaseFacts, artifact_of


def keep_release(
    work: Work, *, good: bool, proof: Mapping[str, Any], restores: Release | None = None, rollout: Rollout | None = None
) -> tuple[Release, Release | None]:
    """Write down what runs now, once for a change, an attempt and an end: what its `rollout` brought up, with the
    versions that were stored then. Returns it and the good one before it."""
    change, stack = work.change, work.stacks[StackKind.COMPUTE]
    now = timezone.now()
    with transaction.atomic():
        hold(change)
        of_environment = Release.objects.filter(environment=change.environment)
        known = of_environment.filter(change=change, good=good, proof__attempt=change.attempt).first()
        before = of_environment.filter(good=True)
        if known is not None:
            return known, before.filter(number__lt=known.number).first()
        previous = before.first()
        made = Release.objects.create(
            environment=change.environment,
            number=_next(of_environment),
            at=now,
            by_id=change.requested_by_id,
            change=change,
            template=stack.template,
            stack_parameters=stack.parameters,
            artifact=artifacts.of_release(work, rollout.number if rollout else artifacts.FORWARD, deployed(work)),
            versions=rollout.versions if rollout else versions_now(change.environment),
            good=good,
            proved_at=now,
            proof={**proof, "attempt": change.attempt},
            restores=restores,
            promoted_from_id=_promoted(change, rollout),
        )
    return made, previous


def keep_attempt(work: Work, artifact: str, lines: Sequence[str]) -> None:
    """Write down what was to run and did not come up, so that it was rolled back: it is part of the history."""
    change, stack = work.change, work.stacks[StackKind.COMPUTE]
    sent, now = work.parts[StackKind.COMPUTE][0], timezone.now()
    with transaction.atomic():
        hold(change)
        of_environment = Release.objects.filter(environment=change.environment)
        if of_environment.filter(change=change, good=False, proof__attempt=change.attempt).exists():
            return
        Release.objects.create(
            environment=change.environment,
            number=_next(of_environment),
            at=now,
            by_id=change.requested_by_id,
            change=change,
            template=sent.template or stack.template,
            stack_parameters=sent.parameters,
            artifact=artifact,
            versions=versions_now(change.environment),
            good=False,
            proved_at=now,
            promoted_from_id=_promoted(change, None),
            proof={"healthy": False, "lines": list(lines), "attempt": change.attempt},
        )


def _promoted(change: Change, rollout: Rollout | None) -> int | None:
    """The release of another environment that a deployment promotes; what it goes back to was not promoted by it."""
    origin: Mapping[str, Any] | None = change.goal.get("promoted_from")
    if origin is None or (rollout is not None and rollout.number != artifacts.FORWARD):
        return None
    return Release.objects.filter(pk=origin["id"]).values_list("pk", flat=True).first()


def _next(of_environment: QuerySet[Release]) -> int:
    return (of_environment.aggregate(newest=Max("number"))["newest"] or 0) + 1


def deployed(work: Work) -> tuple[ResolvedResource, ...]:
    """The compute stack's resources as they were last sent."""
    return work.deployed(work.stacks[StackKind.COMPUTE])


def facts_now(work: Work) -> ReleaseFacts:
    """What runs, or would run, now."""
    stack = work.stacks[StackKind.COMPUTE]
    template = work.parsed(stack.template) if stack.template is not None else None
    return ReleaseFacts(
        template=stack.template_id or "",
        stack_parameters=dict(stack.parameters),
        artifact=artifacts.deployed_now(work.blueprint, work.change.environment, template)
        or artifact_of(deployed(work)),
        versions=versions_now(work.change.environment),
        told=is_told(work.blueprint.deploy),
    )


def label_good(work: Work, release: Release, previous: Release | None) -> int:
    """Let the label move to the versions that are good (M4): AWS keeps a labelled version, so one that stayed behind
    would block a parameter after a hundred puts (pitfall 12). A parameter with one version needs none, a stack's own
    has none. What AWS refuses of it is no reason to fail. Returns how many were moved."""
    had: Mapping[str, Mapping[str, Any]] = previous.versions if previous else {}
    moved = 0
    for row in there(work.change.environment):
        now, was = release.versions.get(row.key), had.get(row.key)
        if row.owned_by or now is None or now["version"] == 1 or now["version"] != row.version or now == was:
            continue
        try:
            store.label_version(work.aws, row.name, row.version, OUR_LABEL)
        except AwsError:
            continue
        moved += 1
    return moved
