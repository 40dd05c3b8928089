"""A container service, redeployed by a forced deployment (N1), and followed until ECS calls it complete.

The circuit breaker is respected: a rollout that ECS has rolled back is a failure, also where the service looks well
again, because what runs is then not what was asked for (N2). Needs ecs:UpdateService, ecs:DescribeServices.
"""

from collections.abc import Sequence

from provisioning.aws import compute
from provisioning.aws.compute import Deployment, EcsService
from provisioning.engine.deploying.seen import Before, Method, Seen, blind, done, failed, rolling
from provisioning.engine.deploying.target import NO_MACHINES, Target
from provisioning.engine.work import Work
from provisioning.models import Rollout

PRIMARY, COMPLETED, FAILED = "PRIMARY", "COMPLETED", "FAILED"
GONE = "The service is not there any more."
ROLLED_BACK = "rolling back"  # in ECS's own words about a deployment that its circuit breaker has begun
NAMED = "ecs-svc/"  # how the id of a deployment begins


def _before(work: Work, target: Target) -> Before:
    service = compute.ecs_service(work.aws, target.cluster, target.service)
    if service is None:
        return Before()
    newest = primary_of(service.deployments)
    ids = tuple(one.deployment_id for one in service.deployments)
    return Before(ids, newest.deployment_id if newest else "", service.task_definition)


def _landed(work: Work, target: Target, rollout: Rollout) -> str:
    """ECS takes no request token: a primary deployment that was not there before the call is ours, or one that somebody
    else forced after it, which serves as well."""
    service = compute.ecs_service(work.aws, target.cluster, target.service)
    newest = primary_of(service.deployments) if service else None
    return newest.deployment_id if newest and newest.deployment_id not in rollout.before else ""


def _send(work: Work, target: Target, rollout: Rollout) -> str:
    service = compute.force_deployment(work.aws, target.cluster, target.service)
    newest = primary_of(service.deployments)
    return newest.deployment_id if newest and newest.deployment_id not in rollout.before else ""


def primary_of(deployments: Sequence[Deployment]) -> Deployment | None:
    """The deployment that the service goes to."""
    return next((one for one in deployments if one.status == PRIMARY), None)


def _look(work: Work, target: Target, rollout: Rollout) -> Seen:
    service = compute.ecs_service(work.aws, target.cluster, target.service)
    if service is None or service.status == "INACTIVE":
        return failed(GONE)
    mine = next((one for one in service.deployments if one.deployment_id == rollout.aws_id), None)
    newest = primary_of(service.deployments)
    if mine is not None and mine.state == FAILED:
        return failed(
            f"ECS gave it up: {mine.reason or 'the new tasks do not stay up.'}", mine.running, service.running
        )
    if newest is None:
        return rolling(0, service.running)
    if newest.deployment_id != rollout.aws_id:
        return _replaced(newest, service, rollout)
    return _progress(newest, service, rollout, target)


def went_back(newest: Deployment, rollout: Rollout) -> bool:
    """Whether ECS's circuit breaker has gone back to a deployment from before this redeploy. One that goes back to this
    one, or to a later one, is about a redeploy that came after it."""
    if ROLLED_BACK not in newest.reason.lower():
        return False
    older = [one for one in rollout.before if one != rollout.aws_id]
    return any(one in newest.reason for one in older) or NAMED not in newest.reason


def _replaced(newest: Deployment, service: EcsService, rollout: Rollout) -> Seen:
    """Another deployment has taken its place: the circuit breaker's, which is a failure, or one that somebody forced
    later, whose tasks read the same values."""
    if went_back(newest, rollout):
        return failed(f"ECS rolled it back: {newest.reason}", 0, service.running)
    # Once ECS has gone back, neither the one that failed nor why the newest began is listed any more; it has said so.
    said = next((one for one in service.messages if rollout.aws_id in one and "failed" in one.lower()), "")
    if said:
        return failed(f"ECS gave it up: {said}", 0, service.running)
    seen = rolling(newest.running, service.running, "on a newer deployment")
    return Seen(seen.state, seen.note, seen.on, seen.of, aws_id=newest.deployment_id)


def _progress(mine: Deployment, service: EcsService, rollout: Rollout, target: Target) -> Seen:
    wrong = wrong_definition(service, rollout, target)
    if wrong:
        return failed(wrong, mine.running, service.running)
    alone = len(service.deployments) == 1 and mine.running >= mine.desired
    if mine.state != COMPLETED and not (not mine.state and alone):
        return rolling(mine.running, max(service.running, mine.running))
    if service.desired == 0:
        return done(0, 0, "No task is wanted, so none was started")
    if mine.running < service.desired:
        return blind(NO_MACHINES) if target.emulated else rolling(mine.running, max(service.running, service.desired))
    if service.running > mine.running:
        return rolling(mine.running, service.running)
    return done(mine.running, service.running, f"{mine.running} of {service.running} tasks on the new deployment")


def wrong_definition(service: EcsService, rollout: Rollout, target: Target) -> str:
    """Why the service does not run what it should (N2); empty when it does, or when its stack has since given it
    another definition."""
    should = rollout.wanted
    if not should or service.task_definition in {should, *target.definitions}:
        return ""
    runs, wanted = (arn.rpartition("/")[2] for arn in (service.task_definition, should))
    return f"ECS runs {runs}, not {wanted}: it has gone back by itself."


CONTAINERS = Method(_before, _landed, _send, _look)
"""ECS: UpdateService with forceNewDeployment."""
