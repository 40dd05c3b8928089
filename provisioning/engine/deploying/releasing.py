"""Releases: what runs together, written down each time a deployment is proved, so that it can be put back together."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from provisioning.aws import parameters as store
from provisioning.aws.errors import AwsError
from provisioning.blueprints.shapes import ResolvedResource
from provisioning.engine.claims import hold
from provisioning.engine.deploying.live import there, versions_now
from provisioning.engine.steps.parameters import OUR_LABEL
from provisioning.engine.work import Work
from provisioning.lifecycle import StackKind
from provisioning.models import Release
from provisioning.planning.releases import ReleaseFacts, artifact_of


def keep_release(
    work: Work, *, good: bool, proof: Mapping[str, Any], restores: Release | None = None
) -> tuple[Release, Release | None]:
    """Write down what runs now, once for a change, an attempt and an end. Returns it and the good one before it."""
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
        newest = of_environment.aggregate(newest=Max("number"))["newest"] or 0
        made = Release.objects.create(
            environment=change.environment,
            number=newest + 1,
            at=now,
            by_id=change.requested_by_id,
            change=change,
            template=stack.template,
            stack_parameters=stack.parameters,
            artifact=artifact_of(deployed(work)),
            versions=versions_now(change.environment),
            good=good,
            proved_at=now,
            proof={**proof, "attempt": change.attempt},
            restores=restores,
        )
    return made, previous


def deployed(work: Work) -> tuple[ResolvedResource, ...]:
    """The compute stack's resources as they were last sent."""
    return work.deployed(work.stacks[StackKind.COMPUTE])


def facts_now(work: Work) -> ReleaseFacts:
    """What runs, or would run, now."""
    stack = work.stacks[StackKind.COMPUTE]
    return ReleaseFacts(
        template=stack.template_id or "",
        stack_parameters=dict(stack.parameters),
        artifact=artifact_of(deployed(work)),
        versions=versions_now(work.change.environment),
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
