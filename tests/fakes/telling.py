# ruff: noqa: N803  (botocore spells its arguments so)
"""DescribeEvents: failures, with those of hooks and early checks that a stack's events do not have (S23)."""

from collections.abc import Mapping
from typing import Any

from .script import client_error
from .service import Answer, page
from .stacks import Stacks


class Telling(Stacks):
    """Why operations failed."""

    def describe_events(
        self,
        Filters: Mapping[str, bool],
        StackName: str = "",
        ChangeSetName: str = "",
        OperationId: str = "",
        NextToken: str = "",
    ) -> Answer:
        """What failed, newest first; only of failures, as it is asked here."""
        if not self.world.tells_events:
            raise client_error("InvalidAction", "Could not find operation DescribeEvents", "DescribeEvents")
        assert Filters == {"FailedEvents": True}
        if ChangeSetName:
            rows = [one for one in self.world.told if one.get("ChangeSetName") in ChangeSetName.split("/")]
        else:
            stack = self._found(StackName, "DescribeEvents")
            failed = [one for one in stack.events if one["ResourceStatus"].endswith("_FAILED")]
            rows = [{**one, "EventId": f"op-{one['EventId']}", "EventType": "STACK_EVENT"} for one in failed]
            rows += [one for one in self.world.told if one.get("StackId") == stack.stack_id]
        rows = [one for one in rows if OperationId in {"", one.get("OperationId")}]
        newest_first = sorted(rows, key=lambda one: one["Timestamp"], reverse=True)
        return page("OperationEvents", [_shaped(one) for one in newest_first], NextToken)


def _shaped(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in {"ChangeSetName", "StackName"}}
