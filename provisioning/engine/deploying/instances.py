"""A group of instances, redeployed by replacing them one after the other, or by running a command on each.

Needs autoscaling:StartInstanceRefresh and its Describe and Cancel, or ssm:SendCommand and ssm:ListCommands.
"""

import shlex

from provisioning.aws import compute, instance_refresh, run_command
from provisioning.aws.errors import Refused
from provisioning.blueprints.artifacts import filled
from provisioning.blueprints.deploying import PLACE
from provisioning.engine.deploying.artifacts import wanted
from provisioning.engine.deploying.asking import NoAnswerError
from provisioning.engine.deploying.seen import Before, Method, Seen, blind, done, failed, rolling
from provisioning.engine.deploying.target import NO_MACHINES, Target
from provisioning.engine.work import Work
from provisioning.models import Rollout

COMMAND_SECONDS = 15 * 60
NOTHING_REACHED = "nothing-reached"  # what stands for the id of a command that the local AWS cannot run
IN_SERVICE = "InService"
BY_STACK = "by-stack"  # what stands for the id of a refresh where CloudFormation has replaced the instances


def _before(work: Work, target: Target) -> Before:
    return Before(tuple(one.refresh_id for one in instance_refresh.refreshes(work.aws, target.group)))


def _landed(work: Work, target: Target, rollout: Rollout) -> str:
    found = instance_refresh.refreshes(work.aws, target.group)
    return next((one.refresh_id for one in found if one.refresh_id not in rollout.before), "")


def _start(work: Work, target: Target, _: Rollout) -> str:
    return instance_refresh.start_refresh(work.aws, target.group)


def _look(work: Work, target: Target, rollout: Rollout) -> Seen:
    if rollout.aws_id == BY_STACK:
        return _look_at_group(work, target)
    found = instance_refresh.refreshes(work.aws, target.group)
    mine = next((one for one in found if one.refresh_id == rollout.aws_id), None)
    group = compute.auto_scaling_group(work.aws, target.group)
    if mine is None or group is None:
        return failed("The instance refresh is not there any more.")
    of = max(group.desired, len(group.instances))
    if mine.is_moving:
        return rolling(of * mine.done // 100, of, "replaced")
    if mine.status != instance_refresh.GOOD:
        return failed(f"The instance refresh ended {mine.status}: {mine.reason or 'without a reason'}", 0, of)
    if len(group.instances) < group.desired and target.emulated:
        return blind(NO_MACHINES)
    return done(of, of, f"{of} of {of} instances replaced")


def _look_at_group(work: Work, target: Target) -> Seen:
    """After CloudFormation has replaced the instances, by the group's own update policy."""
    group = compute.auto_scaling_group(work.aws, target.group)
    if group is None:
        return failed("The group of instances is not there any more.")
    serve = sum(one.lifecycle in {"", IN_SERVICE} for one in group.instances)
    if serve < group.desired:
        return blind(NO_MACHINES) if target.emulated else rolling(serve, group.desired, "serve")
    return done(serve, serve, f"{serve} of {group.desired} instances replaced by CloudFormation")


REFRESH = Method(_before, _landed, _start, _look)
"""Auto Scaling: an instance refresh."""


def _nothing(work: Work, target: Target) -> Before:
    return Before()


def _ids(work: Work, target: Target) -> list[str]:
    """The instances that serve now."""
    group = compute.auto_scaling_group(work.aws, target.group)
    return [one.instance_id for one in group.instances if one.lifecycle in {"", IN_SERVICE}] if group else []


def _comment(rollout: Rollout) -> str:
    """By what a command is found again."""
    return f"Stackyard redeploys, {rollout.pk.hex}"


def _command_landed(work: Work, target: Target, rollout: Rollout) -> str:
    ids = _ids(work, target)
    found = run_command.command_by_comment(work.aws, ids[0], _comment(rollout)) if ids else None
    return found.command_id if found else ""


def _send(work: Work, target: Target, rollout: Rollout) -> str:
    ids, names = _ids(work, target), {"artifact": wanted(work, rollout.number)}
    command, document = target.deploy.command, target.deploy.document
    if not names["artifact"] and any(PLACE in one for one in (command, *target.deploy.document_parameters.values())):
        raise NoAnswerError("Nothing has been deployed here yet, so there is nothing to run it with.", passes=False)
    if not ids or len(ids) > run_command.MOST_INSTANCES:
        return NOTHING_REACHED
    try:
        return run_command.send_command(
            work.aws,
            ids,
            comment=_comment(rollout),
            command=filled(command, {name: shlex.quote(value) for name, value in names.items()}),
            document=document,
            parameters={key: filled(value, names) for key, value in target.deploy.document_parameters.items()},
            seconds=COMMAND_SECONDS,
        )
    except Refused:
        if not target.emulated:
            raise
        return NOTHING_REACHED


def _look_at_command(work: Work, target: Target, rollout: Rollout) -> Seen:
    if rollout.aws_id == NOTHING_REACHED:
        if target.emulated:
            return blind(NO_MACHINES)
        most = run_command.MOST_INSTANCES
        return failed(f"A command reaches 1 to {most} instances that serve; the group has none, or more than that.")
    found = run_command.command(work.aws, rollout.aws_id)
    if found is None:
        return failed("The command is not there any more.")
    well = found.completed - found.errors
    if found.is_moving:
        return rolling(well, found.targets, "have run the command")
    if found.status != run_command.GOOD:
        return failed(f"The command ended {found.status}: {well} of {found.targets} ran it well.", well, found.targets)
    return done(well, found.targets, f"{well} of {found.targets} instances have run the command")


COMMAND = Method(_nothing, _command_landed, _send, _look_at_command)
"""Systems Manager: Run Command."""


def cancelled(work: Work, target: Target) -> bool:
    """Stop a refresh that still moves, so that another one can begin. True when there was one."""
    moving = [one for one in instance_refresh.refreshes(work.aws, target.group) if one.is_moving]
    if moving and moving[0].status in instance_refresh.CANCELLABLE:
        instance_refresh.cancel_refresh(work.aws, target.group)
    return bool(moving)
