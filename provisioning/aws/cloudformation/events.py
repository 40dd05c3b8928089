"""What CloudFormation says it did, oldest first."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from provisioning.aws.clients import Clients
from provisioning.aws.cloudformation.stacks import NOT_THERE
from provisioning.aws.errors import Refused, translated

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import OperationEventTypeDef, StackEventTypeDef

# The endpoints that have answered that they do not know DescribeEvents: asked once per process, not once per failure.
_without_events: WeakSet[Clients] = WeakSet()


@dataclass(frozen=True)
class StackEvent:
    """One stack event; `token` is the request token of the operation it belongs to (S20)."""

    event_id: str
    at: datetime
    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str
    token: str
    detailed_status: str


@dataclass(frozen=True)
class FailedEvent:
    """One failure of an operation, as DescribeEvents tells it (S23): of a resource (`status`, `reason`), of a hook
    (`hook`), or of a check before anything is made (`validation`, `path`). `warns` is one that stops nothing."""

    event_id: str
    at: datetime
    operation_id: str
    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str
    token: str
    hook: str = ""
    validation: str = ""
    path: str = ""
    warns: bool = False


def failed_events(
    aws: Clients, *, stack_id: str = "", change_set_id: str = "", operation_id: str = ""
) -> tuple[FailedEvent, ...] | None:
    """Why operations failed, oldest first, of a stack, a change set or one operation; None where the endpoint does
    not offer DescribeEvents (S23). Give one of the three. Raises Missing."""
    if aws.origin in _without_events:
        return None
    about = {"StackName": stack_id, "ChangeSetName": change_set_id, "OperationId": operation_id}
    asked: dict[str, Any] = {name: value for name, value in about.items() if value}
    asked["Filters"] = {"FailedEvents": True}
    try:
        with translated("cloudformation", "DescribeEvents"):
            pages = aws.cloudformation.get_paginator("describe_events").paginate(**asked)
            found = {event["EventId"]: event for page in pages for event in page.get("OperationEvents", [])}
    except Refused as refusal:
        if refusal.code not in NOT_THERE:
            raise
        _without_events.add(aws.origin)
        return None
    return tuple(sorted((_failed(event) for event in found.values()), key=lambda event: event.at))


def stack_events(aws: Clients, stack_id: str, *, after: str | None) -> tuple[StackEvent, ...]:
    """The events that came after the event id `after` (all of them for None), oldest first, each once.

    AWS answers newest first, so pages are read only until `after` appears (S24). Raises Missing.
    """
    newest_first: dict[str, StackEvent] = {}
    with translated("cloudformation", "DescribeStackEvents"):
        pages = aws.cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack_id)
        for found in (event for page in pages for event in page["StackEvents"]):
            if found["EventId"] == after:
                break
            newest_first.setdefault(found["EventId"], _event(found))
    return tuple(reversed(newest_first.values()))


def _event(found: "StackEventTypeDef") -> StackEvent:
    return StackEvent(
        event_id=found["EventId"],
        at=found["Timestamp"],
        logical_id=found.get("LogicalResourceId", ""),
        physical_id=found.get("PhysicalResourceId", ""),
        type=found.get("ResourceType", ""),
        status=found.get("ResourceStatus", ""),
        reason=found.get("ResourceStatusReason", ""),
        token=found.get("ClientRequestToken", ""),
        detailed_status=found.get("DetailedStatus", ""),
    )


def _failed(found: "OperationEventTypeDef") -> FailedEvent:
    reasons = (
        found.get("ValidationStatusReason", ""),
        found.get("HookStatusReason", ""),
        found.get("ResourceStatusReason", ""),
    )
    modes = {found.get("ValidationFailureMode", ""), found.get("HookFailureMode", "")}
    return FailedEvent(
        event_id=found.get("EventId", ""),
        at=found["Timestamp"],
        operation_id=found.get("OperationId", ""),
        logical_id=found.get("LogicalResourceId", ""),
        physical_id=found.get("PhysicalResourceId", ""),
        type=found.get("ResourceType", ""),
        status=found.get("ResourceStatus", ""),
        reason=next((reason for reason in reasons if reason), ""),
        token=found.get("ClientRequestToken", ""),
        hook=found.get("HookType", ""),
        validation=found.get("ValidationName", ""),
        path=found.get("ValidationPath", ""),
        warns="WARN" in modes,
    )
