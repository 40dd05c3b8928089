"""Drift: what differs between a stack's template and what is really there, as CloudFormation finds it out (D4-D6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from provisioning.aws.clients import Clients
from provisioning.aws.errors import Refused, translated

SERVICE = "cloudformation"
IN_PROGRESS, FAILED = "DETECTION_IN_PROGRESS", "DETECTION_FAILED"
ALREADY = "already in progress"


@dataclass(frozen=True)
class Detection:
    """How far a detection is. `result` is AWS's word for the stack; `reason` says why a failed one failed."""

    status: str
    result: str
    reason: str
    at: datetime | None

    @property
    def is_moving(self) -> bool:
        """Whether AWS is still looking."""
        return self.status == IN_PROGRESS

    @property
    def has_failed(self) -> bool:
        """Whether it did not come to its end; what it found until then counts all the same (D4)."""
        return self.status == FAILED


@dataclass(frozen=True)
class Difference:
    """One property that is not as the template says. `path` is a JSON pointer such as /BillingMode; `kind` is ADD,
    REMOVE or NOT_EQUAL; values are AWS's text, "null" where there is none."""

    path: str
    expected: str
    actual: str
    kind: str


@dataclass(frozen=True)
class ResourceDrift:
    """What the newest detection says of one resource."""

    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str
    differences: tuple[Difference, ...]
    at: datetime


def detect_drift(aws: Clients, stack_id: str) -> str:
    """Have CloudFormation compare a stack with its template; alters nothing. Returns the detection's id, empty when
    one that somebody else started is under way.

    Legal in four statuses only (D4), else Refused. AWS reads every resource with the caller's own rights (D5). Needs
    cloudformation:DetectStackDrift and DetectStackResourceDrift.
    """
    try:
        with translated(SERVICE, "DetectStackDrift"):
            return str(aws.cloudformation.detect_stack_drift(StackName=stack_id)["StackDriftDetectionId"])
    except Refused as refusal:
        if ALREADY not in refusal.message:
            raise
        return ""


def drift_detection(aws: Clients, detection_id: str) -> Detection:
    """How far a detection is; raises Refused or Missing when AWS does not know it any more."""
    with translated(SERVICE, "DescribeStackDriftDetectionStatus"):
        found = aws.cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=detection_id)
    return Detection(
        status=found["DetectionStatus"],
        result=found.get("StackDriftStatus", ""),
        reason=found.get("DetectionStatusReason", ""),
        at=found.get("Timestamp"),
    )


def resource_drifts(aws: Clients, stack_id: str) -> tuple[ResourceDrift, ...]:
    """Every resource that was ever checked, as its newest detection found it, those in sync included. AWS pages this
    call, yet botocore has no paginator for it. Raises Missing when there is no such stack."""
    found: list[ResourceDrift] = []
    request: dict[str, Any] = {"StackName": stack_id, "MaxResults": 100}
    while True:
        with translated(SERVICE, "DescribeStackResourceDrifts"):
            answer = aws.cloudformation.describe_stack_resource_drifts(**request)
        found += [_drift(one) for one in answer["StackResourceDrifts"]]
        if not answer.get("NextToken"):
            return tuple(found)
        request["NextToken"] = answer["NextToken"]


def _drift(found: Mapping[str, Any]) -> ResourceDrift:
    return ResourceDrift(
        logical_id=found["LogicalResourceId"],
        physical_id=found.get("PhysicalResourceId", ""),
        type=found["ResourceType"],
        status=found["StackResourceDriftStatus"],
        reason=found.get("DriftStatusReason", ""),
        differences=tuple(
            Difference(one["PropertyPath"], one["ExpectedValue"], one["ActualValue"], one["DifferenceType"])
            for one in found.get("PropertyDifferences", [])
        ),
        at=found["Timestamp"],
    )
