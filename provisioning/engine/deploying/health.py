"""Whether what runs is well after a redeploy, as far as it can be seen."""

from dataclasses import dataclass, field

from provisioning.aws import compute
from provisioning.engine.deploying.asking import NoAnswerError, Report, ask_report, report_url
from provisioning.engine.deploying.containers import primary_of, went_back, wrong_definition
from provisioning.engine.deploying.target import NO_MACHINES, Target
from provisioning.engine.work import Work
from provisioning.models import Rollout

RUNNING = "RUNNING"
WELL, UNWELL, LEAVING = "healthy", frozenset({"unhealthy", "unavailable"}), frozenset({"draining"})


@dataclass
class Health:
    """What was seen: `good` lines, `bad` ones, what cannot be seen. `over` when it will not get better by itself."""

    good: list[str] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)
    blind: list[str] = field(default_factory=list)
    report: Report | None = None
    over: bool = False
    images: tuple[str, ...] = ()

    @property
    def is_well(self) -> bool | None:
        """Whether it is well; None when nothing of it can be seen."""
        if self.bad:
            return False
        return True if self.good else None


def health_of(work: Work, target: Target, rollout: Rollout) -> Health:
    """Look at tasks or instances, at the targets behind the load balancer, and at what the backend says of itself."""
    found = Health()
    if target.service:
        _service(work, target, rollout, found)
    elif target.group:
        _instances(work, target, found)
    for arn in target.target_groups:
        _targets(work, target, arn, found)
    if target.deploy.report:
        _report(target, found)
    return found


def _service(work: Work, target: Target, rollout: Rollout, found: Health) -> None:
    service = compute.ecs_service(work.aws, target.cluster, target.service)
    if service is None:
        found.bad.append("the service is not there any more")
        found.over = True
        return
    newest = primary_of(service.deployments)
    gone_back = wrong_definition(service, rollout, target)
    if newest is not None and went_back(newest, rollout):
        gone_back = f"ECS rolled it back: {newest.reason}"
    if gone_back:
        found.bad.append(gone_back)
        found.over = True
    if service.running >= service.desired:
        found.good.append(f"{service.running} of {service.desired} tasks run")
    elif target.emulated:
        found.blind.append(NO_MACHINES)
    else:
        found.bad.append(f"only {service.running} of {service.desired} tasks run")
    _tasks(work, target, rollout, found)


def _tasks(work: Work, target: Target, rollout: Rollout, found: Health) -> None:
    """No task that runs is from before this redeploy, or unhealthy by its own check; which images they run. A redeploy
    that came later reads the same values, and newer ones."""
    every = compute.service_tasks(work.aws, target.cluster, target.service)
    runs = [task for task in every if task.status == RUNNING]
    old = [task for task in runs if task.deployment in rollout.before and task.deployment != rollout.aws_id]
    sick = [task for task in runs if task.health == "UNHEALTHY"]
    if old:
        found.bad.append(f"{len(old)} of {len(runs)} tasks are from before the redeploy")
    if sick:
        found.bad.append(f"{len(sick)} of {len(runs)} tasks are unhealthy by their own check")
    found.images = tuple(sorted({image for task in runs for image in task.images}))


def _instances(work: Work, target: Target, found: Health) -> None:
    group = compute.auto_scaling_group(work.aws, target.group)
    if group is None:
        found.bad.append("the group of instances is not there any more")
        found.over = True
        return
    well = [one for one in group.instances if one.health in {"", "Healthy"}]
    if len(well) >= group.desired:
        found.good.append(f"{len(well)} of {group.desired} instances serve")
    elif target.emulated:
        found.blind.append(NO_MACHINES)
    else:
        found.bad.append(f"only {len(well)} of {group.desired} instances serve")


def _targets(work: Work, target: Target, arn: str, found: Health) -> None:
    if target.emulated:
        found.blind.append("The local AWS checks no target's health.")
        return
    all_of_them = compute.target_health(work.aws, arn)
    stay = [one for one in all_of_them if one.state not in LEAVING]
    well = sum(one.state == WELL for one in stay)
    unwell = [one for one in stay if one.state in UNWELL]
    if well and not unwell:
        found.good.append(f"{well} of {len(stay)} targets are healthy")
    else:
        why = f": {unwell[0].description or unwell[0].reason}" if unwell and unwell[0].reason else ""
        found.bad.append(f"{well} of {len(stay)} targets are healthy{why}")


def _report(target: Target, found: Health) -> None:
    try:
        found.report = ask_report(report_url(target.address, target.deploy.report))
    except NoAnswerError as trouble:
        (found.blind if target.emulated else found.bad).append(trouble.sentence)
        return
    if found.report.healthy is False:
        found.bad.append("the backend says that it is not healthy")
    elif found.report.healthy:
        found.good.append("the backend says that it is healthy")
