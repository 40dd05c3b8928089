"""What CloudFormation says it did, oldest first."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from provisioning.aws.clients import Clients
from provisioning.aws.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef


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
