# ruff: noqa: N803  (botocore spells its arguments so)
"""CloudFormation's calls about drift, in botocore's shape (D4-D6)."""

import uuid
from collections.abc import Sequence
from typing import Any

from . import reality
from .service import Answer, page
from .stacks import Stacks
from .world import Detection, Placed, Stack

DETECTABLE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED"})
STATUS = "StackResourceDriftStatus"


class Drifting(Stacks):
    """A detection is ready after as many looks as the pace says; until then another one is refused."""

    def detect_stack_drift(self, StackName: str) -> Answer:
        """Begin to compare a stack with its template (D4)."""
        operation = "DetectStackDrift"
        stack = self._found(StackName, operation)
        if stack.status not in DETECTABLE:
            text = f"Stack [{stack.name}] is in {stack.status} state; drift detection cannot be performed"
            raise self._invalid(operation, text)
        if any(one.stack_id == stack.stack_id and one.looks_left > 0 for one in self.world.detections.values()):
            raise self._invalid(operation, f"Drift detection is already in progress for stack [{stack.name}]")
        found = Detection(str(uuid.uuid4()), stack.stack_id, self.world.now(), self.world.pace.drift_looks)
        self.world.detections[found.detection_id] = found
        if not found.looks_left:
            self._compare(found)
        return {"StackDriftDetectionId": found.detection_id}

    def describe_stack_drift_detection_status(self, StackDriftDetectionId: str) -> Answer:
        """How far it is."""
        found = self.world.detections.get(StackDriftDetectionId)
        if found is None:
            text = f"Drift detection with id [{StackDriftDetectionId}] does not exist"
            raise self._invalid("DescribeStackDriftDetectionStatus", text)
        if found.looks_left > 0:
            found.looks_left -= 1
            if not found.looks_left:
                self._compare(found)
        answer: Answer = {
            "StackId": found.stack_id,
            "StackDriftDetectionId": found.detection_id,
            "DetectionStatus": found.status,
            "Timestamp": found.at,
        }
        if found.result:
            answer["StackDriftStatus"] = found.result
        return answer | ({"DetectionStatusReason": found.reason} if found.reason else {})

    def describe_stack_resource_drifts(
        self,
        StackName: str,
        StackResourceDriftStatusFilters: Sequence[str] = (),
        NextToken: str = "",
        MaxResults: int = 100,
    ) -> Answer:
        """What the newest detection of each resource found, a hundred a page."""
        stack = self._found(StackName, "DescribeStackResourceDrifts")
        wanted = StackResourceDriftStatusFilters
        rows = [
            one for one in self.world.drifts.get(stack.stack_id, {}).values() if not wanted or one[STATUS] in wanted
        ]
        return page("StackResourceDrifts", rows, NextToken, size=MaxResults)

    def _compare(self, found: Detection) -> None:
        stack = self.world.stacks[found.stack_id]
        rows = self.world.drifts.setdefault(stack.stack_id, {})
        wanted = reality.expected(self.world, stack)
        for logical_id, resource in wanted.items():
            placed = stack.resources[logical_id]
            if placed.type in reality.CHECKED:
                rows[logical_id] = self._row(stack, placed, resource)
        unread = sorted(name for name in wanted if name in self.world.unreadable)
        drifted = any(one[STATUS] in {"MODIFIED", "DELETED"} for one in rows.values())
        found.result = "DRIFTED" if drifted else "UNKNOWN" if unread else "IN_SYNC"
        found.status = "DETECTION_FAILED" if unread else "DETECTION_COMPLETE"
        found.reason = f"Failed to detect drift on resources [{', '.join(unread)}]" if unread else ""

    def _row(self, stack: Stack, placed: Placed, wanted: Any) -> dict[str, Any]:
        row: dict[str, Any] = {
            "StackId": stack.stack_id,
            "LogicalResourceId": placed.logical_id,
            "PhysicalResourceId": placed.physical_id,
            "ResourceType": placed.type,
            "Timestamp": self.world.now(),
        }
        if placed.logical_id in self.world.unreadable:
            return row | {STATUS: "UNKNOWN", "DriftStatusReason": "Access denied"}
        if reality.is_gone(self.world, placed):
            return row | {STATUS: "DELETED"}
        differences = reality.differences(self.world, placed, wanted)
        return row | {STATUS: "MODIFIED" if differences else "IN_SYNC", "PropertyDifferences": differences}
