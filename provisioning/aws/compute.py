"""What runs: load balancers and the health behind them, groups of instances, container services."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from provisioning.aws.clients import Clients
from provisioning.aws.errors import Missing, translated

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import DeploymentTypeDef, ServiceTypeDef, TaskTypeDef

TASKS_AT_ONCE = 100  # DescribeTasks takes no more


@dataclass(frozen=True)
class LoadBalancer:
    """A load balancer; `state` is provisioning, active, active_impaired or failed."""

    arn: str
    name: str
    dns_name: str
    state: str
    reason: str
    scheme: str
    vpc_id: str


@dataclass(frozen=True)
class TargetHealth:
    """One target of a group; `state` is healthy, unhealthy, initial, draining, unused or unavailable."""

    target_id: str
    port: int | None
    state: str
    reason: str
    description: str


@dataclass(frozen=True)
class Instance:
    """An instance of a group."""

    instance_id: str
    az: str
    lifecycle: str
    health: str


@dataclass(frozen=True)
class AutoScalingGroup:
    """A group of instances and the size it is meant to have; `status` is set only while it is deleted."""

    name: str
    desired: int
    minimum: int
    maximum: int
    instances: tuple[Instance, ...]
    target_groups: tuple[str, ...]
    status: str


@dataclass(frozen=True)
class Deployment:
    """A rollout of a container service; `state` is COMPLETED, IN_PROGRESS, FAILED, or empty."""

    deployment_id: str
    status: str
    task_definition: str
    desired: int
    running: int
    failed: int
    state: str
    reason: str
    started_at: datetime | None


@dataclass(frozen=True)
class EcsService:
    """A container service: what it should run, what it runs, and its rollouts, newest first. `messages` are what ECS
    says of it, newest first: also of rollouts that it does not list any more."""

    arn: str
    name: str
    status: str
    desired: int
    running: int
    pending: int
    task_definition: str
    deployments: tuple[Deployment, ...]
    messages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Task:
    """A task of a service. `deployment` is the rollout that started it; `health` is HEALTHY, UNHEALTHY or UNKNOWN.
    Its configuration is read between `created_at` and `started_at`. `images` are digests, where AWS tells them."""

    arn: str
    definition: str
    deployment: str
    status: str
    health: str
    created_at: datetime | None
    started_at: datetime | None
    images: tuple[str, ...]


def load_balancer(aws: Clients, arn: str) -> LoadBalancer | None:
    """The load balancer, or None when there is none."""
    try:
        with translated("elbv2", "DescribeLoadBalancers"):
            answer = aws.elbv2.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"]
    except Missing:
        return None
    if not answer:
        return None
    found = answer[0]
    state = found.get("State", {})
    return LoadBalancer(
        arn=found.get("LoadBalancerArn", arn),
        name=found.get("LoadBalancerName", ""),
        dns_name=found.get("DNSName", ""),
        state=state.get("Code", ""),
        reason=state.get("Reason", ""),
        scheme=found.get("Scheme", ""),
        vpc_id=found.get("VpcId", ""),
    )


def target_health(aws: Clients, target_group_arn: str) -> tuple[TargetHealth, ...]:
    """The targets of a group and how they answer; raises Missing when there is no such group."""
    with translated("elbv2", "DescribeTargetHealth"):
        answer = aws.elbv2.describe_target_health(TargetGroupArn=target_group_arn)
    return tuple(
        TargetHealth(
            target_id=found.get("Target", {}).get("Id", ""),
            port=found.get("Target", {}).get("Port"),
            state=found.get("TargetHealth", {}).get("State", ""),
            reason=found.get("TargetHealth", {}).get("Reason", ""),
            description=found.get("TargetHealth", {}).get("Description", ""),
        )
        for found in answer["TargetHealthDescriptions"]
    )


def auto_scaling_group(aws: Clients, name: str) -> AutoScalingGroup | None:
    """The group of instances, or None when there is none."""
    with translated("autoscaling", "DescribeAutoScalingGroups"):
        answer = aws.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    groups = answer["AutoScalingGroups"]
    if not groups:
        return None
    found = groups[0]
    return AutoScalingGroup(
        name=found["AutoScalingGroupName"],
        desired=found["DesiredCapacity"],
        minimum=found["MinSize"],
        maximum=found["MaxSize"],
        instances=tuple(
            Instance(
                instance_id=instance["InstanceId"],
                az=instance.get("AvailabilityZone", ""),
                lifecycle=instance.get("LifecycleState", ""),
                health=instance.get("HealthStatus", ""),
            )
            for instance in found.get("Instances", [])
        ),
        target_groups=tuple(found.get("TargetGroupARNs", [])),
        status=found.get("Status", ""),
    )


def ecs_service(aws: Clients, cluster: str, service: str) -> EcsService | None:
    """The container service, or None when it, or its cluster, is gone; a deleted one is INACTIVE a while."""
    try:
        with translated("ecs", "DescribeServices"):
            answer = aws.ecs.describe_services(cluster=cluster, services=[service])["services"]
    except Missing:
        return None
    return _service(answer[0]) if answer else None


def force_deployment(aws: Clients, cluster: str, service: str) -> EcsService:
    """Start every task of a service anew on the task definition that it has (N1). Returns the service with the new
    deployment, which has no token of its own: look at the service's deployments before calling again."""
    with translated("ecs", "UpdateService"):
        answer = aws.ecs.update_service(cluster=cluster, service=service, forceNewDeployment=True)
    return _service(answer["service"])


def service_tasks(aws: Clients, cluster: str, service: str) -> tuple[Task, ...]:
    """The tasks of a service that run or come up, every page of them; `service` is its name or its ARN."""
    name = service.rpartition("/")[2]
    with translated("ecs", "ListTasks"):
        pages = aws.ecs.get_paginator("list_tasks").paginate(cluster=cluster, serviceName=name)
        arns = [arn for page in pages for arn in page.get("taskArns", [])]
    found: list[Task] = []
    for start in range(0, len(arns), TASKS_AT_ONCE):
        with translated("ecs", "DescribeTasks"):
            answer = aws.ecs.describe_tasks(cluster=cluster, tasks=arns[start : start + TASKS_AT_ONCE])
        found += [_task(task) for task in answer.get("tasks", [])]
    return tuple(found)


def _task(found: "TaskTypeDef") -> Task:
    digests = (container.get("imageDigest", "") for container in found.get("containers", []))
    return Task(
        arn=found.get("taskArn", ""),
        definition=found.get("taskDefinitionArn", ""),
        deployment=found.get("startedBy", ""),
        status=found.get("lastStatus", ""),
        health=found.get("healthStatus", ""),
        created_at=found.get("createdAt"),
        started_at=found.get("startedAt"),
        images=tuple(digest for digest in digests if digest),
    )


def _service(found: "ServiceTypeDef") -> EcsService:
    return EcsService(
        arn=found.get("serviceArn", ""),
        name=found.get("serviceName", ""),
        status=found.get("status", ""),
        desired=found.get("desiredCount", 0),
        running=found.get("runningCount", 0),
        pending=found.get("pendingCount", 0),
        task_definition=found.get("taskDefinition", ""),
        deployments=tuple(_deployment(deployment) for deployment in found.get("deployments", [])),
        messages=tuple(event.get("message", "") for event in found.get("events", [])),
    )


def _deployment(found: "DeploymentTypeDef") -> Deployment:
    return Deployment(
        deployment_id=found.get("id", ""),
        status=found.get("status", ""),
        task_definition=found.get("taskDefinition", ""),
        desired=found.get("desiredCount", 0),
        running=found.get("runningCount", 0),
        failed=found.get("failedTasks", 0),
        state=found.get("rolloutState", ""),
        reason=found.get("rolloutStateReason", ""),
        started_at=found.get("createdAt"),
    )
