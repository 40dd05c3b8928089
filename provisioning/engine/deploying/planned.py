"""What a plan says of a redeploy, and of the release that is put back."""

from typing import Any

from provisioning.blueprints.artifacts import held_in
from provisioning.blueprints.model import Deploy
from provisioning.engine.deploying.artifacts import way_back
from provisioning.engine.deploying.releasing import facts_now
from provisioning.engine.deploying.target import PARKED, target_of
from provisioning.engine.work import Work
from provisioning.lifecycle import ChangeKind
from provisioning.models import Change, Release
from provisioning.planning.releases import ReleaseFacts, difference

HOW = {
    "ecs": "Every task of the service is started anew, one after the other, on the image that it has.",
    "instance_refresh": "Every instance of the group is replaced, one after the other.",
    "run_command": "A command is run on every instance of the group, one after the other.",
    "webhook": "Whoever deploys it is told to, by a signed webhook.",
    "github": "A workflow of GitHub is started.",
}

# The same where the compute stack itself is sent another artifact.
REPLACED = {
    "ecs": "Every task of the service is replaced by one on the new artifact, one after the other.",
    "instance_refresh": "Every instance of the group is replaced by one with the new artifact, one after the other.",
}
GO_BACK = frozenset({ChangeKind.SET_PARAMETERS, ChangeKind.DEPLOY})


def redeploy_part(work: Work) -> dict[str, Any] | None:
    """What is redeployed, and how it is proved; None for a change that redeploys nothing."""
    if not work.change.goal.get("redeploy"):
        return None
    deploy = work.blueprint.deploy
    is_parked = target_of(work) is None
    return {
        "method": deploy.method,
        "how": PARKED if is_parked else _how(work),
        "reports": bool(deploy.report),
        "watch_minutes": deploy.watch_minutes,
        "goes_back": work.change.kind in GO_BACK,
        "parked": is_parked,
    }


def _how(work: Work) -> str:
    """How what runs is brought up anew, in one sentence."""
    deploy = work.blueprint.deploy
    return how_deployed(deploy) if work.change.kind == ChangeKind.DEPLOY else HOW[deploy.method]


def how_deployed(deploy: Deploy) -> str:
    """How another artifact comes up, in one sentence."""
    return REPLACED.get(deploy.method, HOW[deploy.method]) if held_in(deploy) else HOW[deploy.method]


def rollback_part(work: Work) -> dict[str, Any] | None:
    """The release that is put back, and how it differs from what runs."""
    release = restored(work.change)
    if release is None:
        return None
    return {
        "release": release.number,
        "at": release.at.isoformat(),
        **difference(facts_now(work), facts_of(release)).as_dict(),
    }


def restored(change: Change) -> Release | None:
    """The release that a change puts back; None for any other change."""
    number = change.goal.get("release")
    if number is None:
        return None
    return Release.objects.filter(environment=change.environment_id, number=number).first()


def released_back(change: Change) -> Release | None:
    """The release whose artifact a failed deployment puts back; None for any other change."""
    back = way_back(change)
    if back is None:
        return None
    return Release.objects.filter(environment=change.environment_id, number=back["release"]).first()


def facts_of(release: Release) -> ReleaseFacts:
    """What ran in a release."""
    return ReleaseFacts(release.template_id or "", release.stack_parameters, release.artifact, release.versions)
