"""Compute: the role reaches exactly its own tables; load balancer, targets and instances or tasks are there."""

from collections.abc import Iterator, Mapping

from provisioning.aws import compute, identity
from provisioning.aws.clients import Clients
from provisioning.engine.verify.line import Line, line, unknown
from provisioning.models import StackResource

NO_MACHINES = "The local AWS starts no machines, so nothing can answer."


def compute_lines(
    aws: Clients, resources: Mapping[str, list[StackResource]], table_arns: frozenset[str], *, emulated: bool
) -> Iterator[Line]:
    """Lines about the compute stack; `resources` groups its resources by type, `table_arns` are its own tables."""
    yield from _role_lines(aws, resources, table_arns)
    for balancer in resources.get("AWS::ElasticLoadBalancingV2::LoadBalancer", []):
        found = compute.load_balancer(aws, balancer.physical_id)
        state = found.state if found else "not there"
        yield line("Compute", "Load balancer is active", state == "active", state)
    for group in resources.get("AWS::ElasticLoadBalancingV2::TargetGroup", []):
        yield _targets(aws, group.physical_id, emulated=emulated)
    for scaling in resources.get("AWS::AutoScaling::AutoScalingGroup", []):
        there = compute.auto_scaling_group(aws, scaling.physical_id)
        detail = f"{len(there.instances)} of {there.desired} instances" if there else "not there"
        if there is not None and emulated and len(there.instances) != there.desired:
            yield unknown("Compute", "Instances run", NO_MACHINES)
        else:
            good = there is not None and len(there.instances) >= there.desired
            yield line("Compute", "Instances run", good, detail)
    yield from _services(aws, resources, emulated=emulated)


def _targets(aws: Clients, arn: str, *, emulated: bool) -> Line:
    targets = compute.target_health(aws, arn)
    healthy = sum(target.state == "healthy" for target in targets)
    if emulated:
        return unknown("Compute", "Targets are healthy", f"{len(targets)} registered. {NO_MACHINES}")
    return line("Compute", "Targets are healthy", healthy > 0, f"{healthy} of {len(targets)} healthy")


def _services(aws: Clients, resources: Mapping[str, list[StackResource]], *, emulated: bool) -> Iterator[Line]:
    clusters = resources.get("AWS::ECS::Cluster", [])
    for service in resources.get("AWS::ECS::Service", []):
        cluster = clusters[0].physical_id if clusters else "default"
        found = compute.ecs_service(aws, cluster, service.physical_id)
        detail = f"{found.running} of {found.desired} tasks run" if found else "not there"
        if found is not None and emulated and found.running < found.desired:
            yield unknown("Compute", "Tasks run", f"{detail}. {NO_MACHINES}")
        else:
            yield line("Compute", "Tasks run", found is not None and found.running >= found.desired, detail)


def _role_lines(
    aws: Clients, resources: Mapping[str, list[StackResource]], table_arns: frozenset[str]
) -> Iterator[Line]:
    """Only the roles that reach tables are measured; at least one must reach all of them and nothing else."""
    reached: set[str] = set()
    for role in resources.get("AWS::IAM::Role", []):
        for statement in identity.role_permissions(aws, role.physical_id):
            if statement.effect == "Allow" and any(_dynamodb(action) for action in statement.actions):
                reached.update(statement.resources)
    if not resources.get("AWS::IAM::Role"):
        return
    allowed = table_arns | {f"{arn}/index/*" for arn in table_arns}
    beyond, short = sorted(reached - allowed), sorted(allowed - reached)
    detail = f"{len(table_arns)} tables and their indexes"
    if beyond:
        detail = f"also reaches {', '.join(beyond)}"
    elif short:
        detail = f"does not reach {', '.join(short)}"
    yield line("Compute", "The role reaches exactly its own tables", not beyond and not short, detail)


def _dynamodb(action: str) -> bool:
    return action == "*" or action.lower().startswith("dynamodb:")
