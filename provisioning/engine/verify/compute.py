"""Compute: the role reaches exactly its own tables; load balancer, targets and instances or tasks are there."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from provisioning.aws import compute, identity
from provisioning.aws.clients import Clients
from provisioning.engine.verify.line import Line, line, unknown
from provisioning.lifecycle import Outcome
from provisioning.models import StackResource

NO_MACHINES = "The local AWS starts no machines, so nothing can answer."


def compute_lines(
    aws: Clients,
    resources: Mapping[str, list[StackResource]],
    table_arns: frozenset[str],
    *,
    account_id: str,
    emulated: bool,
) -> Iterator[Line]:
    """The lines of the compute stack; `resources` groups its resources by type, `table_arns` are its own tables."""
    roles = {f"arn:aws:iam::{account_id}:role/{one.physical_id}" for one in resources.get("AWS::IAM::Role", [])}
    yield from _role_lines(aws, sorted(roles), table_arns)
    yield from _balancing(aws, resources, emulated=emulated)
    yield from _instances(aws, resources, emulated=emulated)
    yield from _services(aws, resources, emulated=emulated)


def _balancing(aws: Clients, resources: Mapping[str, list[StackResource]], *, emulated: bool) -> Iterator[Line]:
    groups = resources.get("AWS::ElasticLoadBalancingV2::TargetGroup", [])
    targets = [_targets(aws, group.physical_id, emulated=emulated) for group in groups]
    balancers = resources.get("AWS::ElasticLoadBalancingV2::LoadBalancer", [])
    reached = len(balancers) == 1 and bool(targets) and all(one.outcome is Outcome.GOOD for one in targets)
    yield from (_balancer(aws, balancer.physical_id, reached=reached) for balancer in balancers)
    yield from targets


def _instances(aws: Clients, resources: Mapping[str, list[StackResource]], *, emulated: bool) -> Iterator[Line]:
    for scaling in resources.get("AWS::AutoScaling::AutoScalingGroup", []):
        there = compute.auto_scaling_group(aws, scaling.physical_id)
        detail = f"{len(there.instances)} of {there.desired} instances" if there else "not there"
        if there is not None and emulated and len(there.instances) != there.desired:
            yield unknown("Compute", "Instances run", NO_MACHINES)
        else:
            good = there is not None and len(there.instances) >= there.desired
            yield line("Compute", "Instances run", good, detail)


def _balancer(aws: Clients, arn: str, *, reached: bool) -> Line:
    """One that is not active checks no target's health: where all groups are `reached`, it need not be asked itself."""
    label = "Load balancer is active"
    if reached:
        return line("Compute", label, good=True, detail="it reaches healthy targets")
    found = compute.load_balancer(aws, arn)
    state = found.state if found else "not there"
    return line("Compute", label, state == "active", state)


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


def _role_lines(aws: Clients, roles: Sequence[str], table_arns: frozenset[str]) -> Iterator[Line]:
    """Only the roles that reach tables are measured; at least one must reach all of them and nothing else."""
    if not roles:
        return
    allowed = table_arns | {f"{arn}/index/*" for arn in table_arns}
    reached = _reached(one for arn in roles for one in identity.service_permissions(aws, arn, "dynamodb"))
    if reached != allowed:
        # IAM may be late to say what a new role's policies grant; all of them are read before anything is held amiss.
        names = [arn.rpartition("/")[2] for arn in roles]
        reached = _reached(one for name in names for one in identity.role_permissions(aws, name))
    beyond, short = sorted(reached - allowed), sorted(allowed - reached)
    detail = f"{len(table_arns)} tables and their indexes"
    if beyond:
        detail = f"also reaches {', '.join(beyond)}"
    elif short:
        detail = f"does not reach {', '.join(short)}"
    yield line("Compute", "The role reaches exactly its own tables", not beyond and not short, detail)


def _reached(statements: Iterable[identity.Statement]) -> set[str]:
    """What the statements that let somebody use DynamoDB are about."""
    return {
        resource
        for one in statements
        if one.effect == "Allow" and any(_dynamodb(action) for action in one.actions)
        for resource in one.resources
    }


def _dynamodb(action: str) -> bool:
    return action == "*" or action.lower().startswith("dynamodb:")
