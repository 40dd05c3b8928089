"""What a redeploy is about: the service or the group of an environment's compute stack, and what it should run."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.conf import settings

from provisioning.aws.endpoint import is_emulator
from provisioning.blueprints.model import Deploy
from provisioning.engine.work import Work
from provisioning.lifecycle import StackKind, stack_status
from provisioning.models import StackResource

NO_MACHINES = "The local AWS starts no machines, so what runs cannot be seen."
PARKED = "Nothing runs: the values are read when it wakes."
DEFINITION, GROUP = "AWS::ECS::TaskDefinition", "AWS::ElasticLoadBalancingV2::TargetGroup"
# What brings up new tasks when CloudFormation changes it.
ROLLS = frozenset({"AWS::ECS::Service", DEFINITION})
INSTANCES = "AWS::AutoScaling::AutoScalingGroup"
REPLACES = frozenset({"AutoScalingRollingUpdate", "AutoScalingReplacingUpdate"})


@dataclass(frozen=True)
class Target:
    """Physical names of what is redeployed. `definitions` are the task definitions that the stack has made (N2);
    `address` is the application's, empty without one."""

    deploy: Deploy
    cluster: str
    service: str
    group: str
    definitions: frozenset[str]
    target_groups: tuple[str, ...]
    address: str
    emulated: bool

    @property
    def definition(self) -> str:
        """The task definition that the stack has made; empty where it has made none, or several."""
        return next(iter(self.definitions)) if len(self.definitions) == 1 else ""


def target_of(work: Work) -> Target | None:
    """What is redeployed; None while there is no compute stack, as in a parked environment."""
    stack, deploy = work.stacks[StackKind.COMPUTE], work.blueprint.deploy
    if stack_status(stack.status).gone or not stack.stack_id:
        return None
    rows = StackResource.objects.filter(stack=stack).exclude(status="DELETE_COMPLETE")
    resources = list(rows.values_list("logical_id", "type", "physical_id"))
    named = {logical_id: physical_id for logical_id, _, physical_id in resources}
    name = partial(_physical, named)
    addresses = [one["value"] for one in stack.outputs if deploy.url_output and one["key"] == deploy.url_output]
    return Target(
        deploy=deploy,
        cluster=name(deploy.cluster),
        service=name(deploy.service),
        group=name(deploy.group),
        definitions=frozenset(physical for _, kind, physical in resources if kind == DEFINITION),
        target_groups=tuple(physical for _, kind, physical in resources if kind == GROUP),
        address=addresses[0] if addresses else "",
        emulated=is_emulator(settings.AWS_ENDPOINT_URL),
    )


def _physical(named: Mapping[str, str], logical_id: str | None) -> str:
    return named.get(logical_id or "", "")


def rolled_by_stack(work: Work, part: int = 0) -> bool:
    """Whether this part of the change's own work on the compute stack has brought up new tasks. Part 1 is the way back
    of a deployment."""
    return any(row["type"] in ROLLS for row in _sent_rows(work, part))


def replaced_by_stack(work: Work, part: int = 0) -> bool:
    """The same for instances: where the group has an update policy, CloudFormation replaces each of them itself."""
    stack = work.stacks[StackKind.COMPUTE]
    if stack.template is None:
        return False
    bodies = work.parsed(stack.template).resources
    groups = {row["logical_id"] for row in _sent_rows(work, part) if row["type"] == INSTANCES}
    return any(REPLACES & set(bodies.get(name, {}).get("UpdatePolicy") or {}) for name in groups)


def _sent_rows(work: Work, part: int) -> list[Mapping[str, Any]]:
    parts = work.parts.get(StackKind.COMPUTE, [])
    return [row for one in parts[part : part + 1] if one.called_at is not None for row in one.changes or ()]
