"""What several journeys look at: AWS past Stackyard, and what a waiting change says."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from bench.running import until
from bench.visitor import Visitor

Aws = Callable[[str], Any]

AWAY = "could not be reached in time"


def has_stack(aws: Aws, name: str) -> bool:
    """Whether a stack of that name is there now, be it an empty shell."""
    try:
        (stack,) = aws("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except ClientError:
        return False
    return bool(stack["StackStatus"] != "DELETE_COMPLETE")


def executions(aws: Aws, stack: str) -> int:
    """How often something was begun on the one stack of that name: its events that say so."""
    cloudformation = aws("cloudformation")
    pages = cloudformation.get_paginator("list_stacks").paginate()
    ids = [one["StackId"] for page in pages for one in page["StackSummaries"] if one["StackName"] == stack]
    assert len(ids) == 1, f"{stack}: {ids}"
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=ids[0])
    statuses = Counter(
        event["ResourceStatus"]
        for page in pages
        for event in page["StackEvents"]
        if event["ResourceType"] == "AWS::CloudFormation::Stack"
    )
    return statuses["CREATE_IN_PROGRESS"]


def waiting_for_aws(person: Visitor, path: str) -> str:
    """What a change's page says once it says that AWS does not answer."""

    def look() -> str:
        words = person.get(path).words
        return words if AWAY in words else ""

    return until(look, "the page says that AWS does not answer")


def deployments(aws: Aws, stack: str) -> set[str]:
    """The deployments that ECS lists of the service of a compute stack."""
    resources = aws("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    ids = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in resources}
    (found,) = aws("ecs").describe_services(cluster=ids["Cluster"], services=[ids["Service"]])["services"]
    return {one["id"] for one in found["deployments"]}
