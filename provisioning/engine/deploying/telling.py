"""Somebody else redeploys: a signed webhook, or a workflow of GitHub, is told to.

Who is told may be told twice: a worker that ended between the call and the record sends again, with the same delivery
id. No value of a parameter is ever sent.
"""

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from provisioning.blueprints.deploying import PLACE
from provisioning.blueprints.model import Workflow
from provisioning.engine.deploying.artifacts import wanted
from provisioning.engine.deploying.asking import NoAnswerError, dispatch, tell
from provisioning.engine.deploying.seen import Before, Method, Seen, blind, done
from provisioning.engine.deploying.target import Target
from provisioning.engine.work import Work
from provisioning.lifecycle import ChangeKind
from provisioning.models import Rollout

DEPLOYS, REDEPLOYS = "deploy", "redeploy"
ONLY_TOLD = "It was taken; whether it is live, nothing here can see."


def _nothing(work: Work, target: Target) -> Before:
    return Before()


def _never(work: Work, target: Target, rollout: Rollout) -> str:
    """Nobody can be asked whether they were told."""
    return ""


def _tell(work: Work, target: Target, rollout: Rollout) -> str:
    hook = settings.DEPLOY_WEBHOOKS.get(target.deploy.webhook)
    if hook is None:
        raise NoAnswerError(f"DEPLOY_WEBHOOKS has no webhook “{target.deploy.webhook}”.", passes=False)
    tell(hook, message(work, rollout), delivery=str(rollout.pk))
    return str(rollout.pk)


def message(work: Work, rollout: Rollout) -> Mapping[str, Any]:
    """What a receiver is told: which environment, which change, what is to run where that is declared, and the versions
    that are stored, by key. All of it is in the body that is signed."""
    environment, is_deployed = work.change.environment, work.blueprint.deploy.artifact is not None
    return {
        "event": DEPLOYS if work.change.kind == ChangeKind.DEPLOY else REDEPLOYS,
        **({"artifact": wanted(work, rollout.number)} if is_deployed else {}),
        "application": environment.application,
        "environment": environment.name,
        "stage": environment.stage,
        "change": str(work.change.pk),
        "delivery": str(rollout.pk),
        "back": rollout.number > 0,
        "parameters": {key: one["version"] for key, one in rollout.versions.items()},
    }


def _dispatch(work: Work, target: Target, rollout: Rollout) -> str:
    environment = work.change.environment
    if target.deploy.github is None:
        raise NoAnswerError("The blueprint names no workflow.", passes=False)
    names = {"environment": environment.name, "stage": environment.stage, "artifact": wanted(work, rollout.number)}
    if not names["artifact"] and any(PLACE in one for one in _texts(target.deploy.github)):
        raise NoAnswerError("Nothing has been deployed here yet, so the workflow has nothing to deploy.", passes=False)
    dispatch(target.deploy.github, names)
    return str(rollout.pk)


def _texts(workflow: Workflow) -> tuple[str, ...]:
    return (workflow.ref, *workflow.inputs.values())


def _look(work: Work, target: Target, rollout: Rollout) -> Seen:
    return (
        done(0, 0, "It was taken; the backend's report says when it is live")
        if target.deploy.report
        else blind(ONLY_TOLD)
    )


WEBHOOK = Method(_nothing, _never, _tell, _look)
"""A receiver of DEPLOY_WEBHOOKS."""
GITHUB = Method(_nothing, _never, _dispatch, _look)
"""A workflow dispatch."""
