"""Stacks: what they are, what is in them, and the few calls that act on one without a change set."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from provisioning.aws.clients import Clients
from provisioning.aws.errors import Missing, Refused, translated

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.literals import StackStatusType
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

SERVICE = "cloudformation"
NOT_THERE = frozenset({"InvalidAction", "UnknownOperationException"})
LEFT = frozenset({"DELETE_COMPLETE", "DELETE_SKIPPED"})  # what a stack no longer has, though it still lists it


@dataclass(frozen=True)
class Output:
    """An output of a stack; `export_name` is empty when it is not exported."""

    key: str
    value: str
    description: str = ""
    export_name: str = ""


@dataclass(frozen=True)
class Operation:
    """An operation AWS ran on a stack (S22)."""

    type: str
    operation_id: str


@dataclass(frozen=True)
class StackState:
    """One stack as DescribeStacks shows it; statuses are AWS's own words."""

    stack_id: str
    name: str
    status: str
    status_reason: str
    detailed_status: str
    parameters: Mapping[str, str]
    outputs: tuple[Output, ...]
    tags: Mapping[str, str]
    capabilities: tuple[str, ...]
    termination_protection: bool
    created_at: datetime
    updated_at: datetime | None
    last_operations: tuple[Operation, ...]
    role_arn: str
    description: str
    change_set_id: str


@dataclass(frozen=True)
class StackSummary:
    """One line of ListStacks."""

    stack_id: str
    name: str
    status: str
    reason: str
    updated_at: datetime | None


@dataclass(frozen=True)
class StackResource:
    """A resource of a stack and how it stands."""

    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str
    updated_at: datetime


@dataclass(frozen=True)
class StackOwner:
    """The stack that a resource belongs to, and what the resource is called in it."""

    stack_id: str
    stack_name: str
    logical_id: str


@dataclass(frozen=True)
class StackLimits:
    """Quotas of CloudFormation in this account and region; None where AWS does not say (Q1, Q9)."""

    stacks: int | None
    outputs: int | None
    concurrent_resources: int | None


def describe_stack(aws: Clients, name_or_id: str) -> StackState | None:
    """The stack, or None when there is none (S9).

    By id a deleted stack still answers, as DELETE_COMPLETE, for 90 days; by name it is gone.
    """
    try:
        with translated(SERVICE, "DescribeStacks"):
            stacks = aws.cloudformation.describe_stacks(StackName=name_or_id)["Stacks"]
    except Missing:
        return None
    return _stack(stacks[0]) if stacks else None


def list_stacks(aws: Clients, statuses: Collection[str]) -> tuple[StackSummary, ...]:
    """Every stack of the account and region in one of these statuses; no statuses, no call (Q4)."""
    if not statuses:
        return ()
    wanted = cast("list[StackStatusType]", sorted(statuses))
    with translated(SERVICE, "ListStacks"):
        pages = aws.cloudformation.get_paginator("list_stacks").paginate(StackStatusFilter=wanted)
        return tuple(
            StackSummary(
                stack_id=found.get("StackId", ""),
                name=found["StackName"],
                status=found["StackStatus"],
                reason=found.get("StackStatusReason", ""),
                updated_at=found.get("LastUpdatedTime") or found.get("CreationTime"),
            )
            for page in pages
            for found in page["StackSummaries"]
        )


def list_resources(aws: Clients, stack_id: str) -> tuple[StackResource, ...]:
    """Every resource of a stack; raises Missing when there is no such stack."""
    with translated(SERVICE, "ListStackResources"):
        pages = aws.cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack_id)
        return tuple(
            StackResource(
                logical_id=found["LogicalResourceId"],
                physical_id=found.get("PhysicalResourceId", ""),
                type=found["ResourceType"],
                status=found["ResourceStatus"],
                reason=found.get("ResourceStatusReason", ""),
                updated_at=found["LastUpdatedTimestamp"],
            )
            for page in pages
            for found in page["StackResourceSummaries"]
        )


def owner_of(aws: Clients, physical_id: str) -> StackOwner | None:
    """The stack that has this resource, such as a table by its name; None when no stack has it (R6, R10)."""
    try:
        with translated(SERVICE, "DescribeStackResources"):
            answer = aws.cloudformation.describe_stack_resources(PhysicalResourceId=physical_id)
    except Missing as missing:
        # Not every AWS-compatible endpoint looks by physical id: one that misses a stack without a name did not.
        return _owner_by_search(aws, physical_id) if "Stack [] " in missing.message else None
    # AWS answers with every resource of that stack.
    for found in answer["StackResources"]:
        if found.get("PhysicalResourceId") == physical_id and found["ResourceStatus"] not in LEFT:
            return StackOwner(found.get("StackId", ""), found.get("StackName", ""), found["LogicalResourceId"])
    return None


def _owner_by_search(aws: Clients, physical_id: str) -> StackOwner | None:
    with translated(SERVICE, "DescribeStacks"):
        pages = aws.cloudformation.get_paginator("describe_stacks").paginate()
        stacks = [(found["StackId"], found["StackName"]) for page in pages for found in page["Stacks"]]
    for stack_id, name in stacks:
        for row in list_resources(aws, stack_id):
            if row.physical_id == physical_id and row.status not in LEFT:
                return StackOwner(stack_id, name, row.logical_id)
    return None


def delete_stack(aws: Clients, stack_id: str, *, token: str, role_arn: str = "") -> None:
    """Start deleting a stack; one that is gone already counts as deleted.

    `role_arn` replaces a service role that no longer exists (A5). Never retains or forces: a stuck delete is
    a person's decision (S8). Raises Conflict when it is protected (D1) or its exports are in use (X2).
    """
    role: dict[str, Any] = {"RoleARN": role_arn} if role_arn else {}
    try:
        with translated(SERVICE, "DeleteStack"):
            aws.cloudformation.delete_stack(StackName=stack_id, ClientRequestToken=token, **role)
    except Missing:
        return


def cancel_update(aws: Clients, stack_id: str, *, token: str) -> None:
    """Roll an UPDATE_IN_PROGRESS back; raises Refused in any other status (S10)."""
    with translated(SERVICE, "CancelUpdateStack"):
        aws.cloudformation.cancel_update_stack(StackName=stack_id, ClientRequestToken=token)


def set_termination_protection(aws: Clients, stack_id: str, *, enabled: bool) -> None:
    """Switch termination protection; a change set cannot, so this is a second call (D1)."""
    with translated(SERVICE, "UpdateTerminationProtection"):
        aws.cloudformation.update_termination_protection(StackName=stack_id, EnableTerminationProtection=enabled)


def set_stack_policy(aws: Clients, stack_id: str, *, policy: str) -> None:
    """Replace the stack policy, a JSON document; it applies to updates only and cannot be removed (D3)."""
    with translated(SERVICE, "SetStackPolicy"):
        aws.cloudformation.set_stack_policy(StackName=stack_id, StackPolicyBody=policy)


def get_stack_policy(aws: Clients, stack_id: str) -> str:
    """The stack policy as JSON, empty when none was ever set (D3)."""
    with translated(SERVICE, "GetStackPolicy"):
        return aws.cloudformation.get_stack_policy(StackName=stack_id).get("StackPolicyBody", "")


def account_limits(aws: Clients) -> StackLimits:
    """Quotas of this account and region (Q1, Q9), unknown where the endpoint does not have the operation."""
    try:
        with translated(SERVICE, "DescribeAccountLimits"):
            pages = aws.cloudformation.get_paginator("describe_account_limits").paginate()
            found = {limit["Name"]: limit["Value"] for page in pages for limit in page["AccountLimits"]}
    except Refused as refusal:
        if refusal.code not in NOT_THERE:
            raise
        found = {}
    return StackLimits(
        stacks=found.get("StackLimit"),
        outputs=found.get("StackOutputsLimit"),
        concurrent_resources=found.get("ConcurrentResourcesLimit"),
    )


def _stack(found: "StackTypeDef") -> StackState:
    return StackState(
        stack_id=found.get("StackId", ""),
        name=found["StackName"],
        status=found["StackStatus"],
        status_reason=found.get("StackStatusReason", ""),
        detailed_status=found.get("DetailedStatus", ""),
        parameters={p["ParameterKey"]: p.get("ParameterValue", "") for p in found.get("Parameters", [])},
        outputs=tuple(
            Output(o["OutputKey"], o.get("OutputValue", ""), o.get("Description", ""), o.get("ExportName", ""))
            for o in found.get("Outputs", [])
        ),
        tags={tag["Key"]: tag["Value"] for tag in found.get("Tags", [])},
        capabilities=tuple(found.get("Capabilities", [])),
        termination_protection=found.get("EnableTerminationProtection", False),
        created_at=found["CreationTime"],
        updated_at=found.get("LastUpdatedTime"),
        last_operations=tuple(
            Operation(o.get("OperationType", ""), o.get("OperationId", "")) for o in found.get("LastOperations", [])
        ),
        role_arn=found.get("RoleARN", ""),
        description=found.get("Description", ""),
        change_set_id=found.get("ChangeSetId", ""),
    )
