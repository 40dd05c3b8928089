"""Addresses of the AWS console for what is in a stack. Pure: a type, a physical id and a region make a link."""

from collections.abc import Callable, Mapping
from urllib.parse import quote

_DOMAINS = {"cn-": "console.amazonaws.cn", "us-gov-": "console.amazonaws-us-gov.com"}


def console_link(kind: str, physical_id: str, region: str) -> str:
    """Where the console shows a resource of that CloudFormation type; "" for types without a page of their own.

    A `physical_id` is what CloudFormation gives: a name for tables and roles, an ARN for load balancers.
    """
    page = _PAGES.get(kind)
    if page is None or not physical_id:
        return ""
    return f"https://{region}.{_domain(region)}/{page(physical_id, region)}"


def _domain(region: str) -> str:
    return next((host for start, host in _DOMAINS.items() if region.startswith(start)), "console.aws.amazon.com")


def _q(text: str) -> str:
    return quote(text, safe="")


def _log_text(name: str) -> str:
    """CloudWatch's own way to write a name after the hash: percent-encoded twice, with $ for the outer %."""
    return _q(_q(name)).replace("%", "$")


def _ecs_service(physical_id: str, region: str) -> str:
    """From `arn:…:service/<cluster>/<service>`; a bare name belongs to the default cluster."""
    path = physical_id.rpartition(":service/")[2].split("/")
    cluster = path[0] if len(path) > 1 else "default"
    return f"ecs/v2/clusters/{_q(cluster)}/services/{_q(path[-1])}/health?region={region}"


def _ecs_cluster(physical_id: str, region: str) -> str:
    return f"ecs/v2/clusters/{_q(physical_id.rpartition('/')[2])}/services?region={region}"


def _ec2(page: str) -> Callable[[str, str], str]:
    return lambda physical_id, region: f"ec2/home?region={region}#{page}{_q(physical_id)}"


def _iam(page: str) -> Callable[[str, str], str]:
    return lambda physical_id, region: f"iam/home?region={region}#/{page}/{_q(physical_id)}"


_PAGES: Mapping[str, Callable[[str, str], str]] = {
    "AWS::CloudFormation::Stack": lambda found, region: (
        f"cloudformation/home?region={region}#/stacks/stackinfo?stackId={_q(found)}"
    ),
    "AWS::DynamoDB::Table": lambda found, region: f"dynamodbv2/home?region={region}#table?name={_q(found)}",
    "AWS::SSM::Parameter": lambda found, region: (
        f"systems-manager/parameters/{_q(found)}/description?region={region}&tab=Table"
    ),
    "AWS::Logs::LogGroup": lambda found, region: (
        f"cloudwatch/home?region={region}#logsV2:log-groups/log-group/{_log_text(found)}"
    ),
    "AWS::CloudWatch::Alarm": lambda found, region: f"cloudwatch/home?region={region}#alarmsV2:alarm/{_q(found)}",
    "AWS::IAM::Role": _iam("roles/details"),
    "AWS::IAM::ManagedPolicy": _iam("policies/details"),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _ec2("LoadBalancer:loadBalancerArn="),
    "AWS::ElasticLoadBalancingV2::TargetGroup": _ec2("TargetGroup:targetGroupArn="),
    "AWS::AutoScaling::AutoScalingGroup": _ec2("AutoScalingGroupDetails:id="),
    "AWS::EC2::LaunchTemplate": _ec2("LaunchTemplateDetails:launchTemplateId="),
    "AWS::EC2::SecurityGroup": _ec2("SecurityGroup:groupId="),
    "AWS::ECS::Cluster": _ecs_cluster,
    "AWS::ECS::Service": _ecs_service,
}
