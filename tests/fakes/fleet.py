# ruff: noqa: N803  (botocore spells its arguments so)
"""Groups of instances: refreshed one after the other, or told to run a command."""

from collections.abc import Mapping, Sequence
from typing import Any

from .script import client_error
from .service import Answer, Service
from .world import Placed

MOVING = frozenset({"Pending", "InProgress"})


class AutoScaling(Service):
    """Groups of instances."""

    def describe_auto_scaling_groups(self, AutoScalingGroupNames: Sequence[str]) -> Answer:
        """A group with as many instances as it should have."""
        placed = self.world.things.get(AutoScalingGroupNames[0])
        if placed is None:
            return {"AutoScalingGroups": []}
        wanted = int(placed.properties["DesiredCapacity"])
        group = {
            "AutoScalingGroupName": placed.physical_id,
            "DesiredCapacity": wanted,
            "MinSize": int(placed.properties["MinSize"]),
            "MaxSize": int(placed.properties["MaxSize"]),
            "Instances": [{"InstanceId": f"i-{number}"} for number in range(wanted)],
        }
        return {"AutoScalingGroups": [group]}

    def start_instance_refresh(
        self, AutoScalingGroupName: str, Strategy: str, Preferences: Mapping[str, Any]
    ) -> Answer:
        """Begin to replace every instance; one refresh of a group at a time."""
        assert Strategy == "Rolling"
        self._group(AutoScalingGroupName, "StartInstanceRefresh")
        known = self.world.refreshes.setdefault(AutoScalingGroupName, [])
        if any(one["Status"] in MOVING for one in known):
            text = "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh."
            raise client_error("InstanceRefreshInProgress", text, "StartInstanceRefresh")
        fails = self.world.rollouts_fail.pop(0) if self.world.rollouts_fail else ""
        made = {
            "InstanceRefreshId": f"refresh-{self.world.number():08d}",
            "AutoScalingGroupName": AutoScalingGroupName,
            "Status": "Pending",
            "PercentageComplete": 0,
            "StartTime": self.world.now(),
            "fails": fails,
        }
        known.insert(0, made)
        return {"InstanceRefreshId": made["InstanceRefreshId"]}

    def describe_instance_refreshes(self, AutoScalingGroupName: str) -> Answer:
        """The refreshes of a group, newest first; each look brings the newest on."""
        known = self.world.refreshes.get(AutoScalingGroupName, [])
        shown = [{key: value for key, value in one.items() if key != "fails"} for one in known]
        if known and known[0]["Status"] in MOVING:
            _advance(known[0])
        return {"InstanceRefreshes": shown}

    def cancel_instance_refresh(self, AutoScalingGroupName: str) -> Answer:
        """Stop the refresh that moves."""
        moving = [one for one in self.world.refreshes.get(AutoScalingGroupName, []) if one["Status"] in MOVING]
        if not moving:
            text = "No in progress or pending Instance Refresh found for Auto Scaling group."
            raise client_error("ActiveInstanceRefreshNotFound", text, "CancelInstanceRefresh")
        moving[0]["Status"] = "Cancelled"
        return {"InstanceRefreshId": moving[0]["InstanceRefreshId"]}

    def _group(self, name: str, operation: str) -> Placed:
        if name not in self.world.things:
            raise client_error("ValidationError", f"AutoScalingGroup name not found - {name}", operation)
        return self.world.things[name]


def _advance(refresh: dict[str, Any]) -> None:
    if refresh["Status"] == "Pending":
        refresh["Status"] = "InProgress"
    elif refresh["fails"]:
        refresh["Status"], refresh["StatusReason"] = "Failed", refresh["fails"]
    elif refresh["PercentageComplete"] < 50:
        refresh["PercentageComplete"] = 50
    else:
        refresh["Status"], refresh["PercentageComplete"] = "Successful", 100


class RunCommand(Service):
    """Commands on instances, each done at the second look at it."""

    def send_command(self, InstanceIds: Sequence[str], DocumentName: str, Comment: str, **asked: Any) -> Answer:
        """Run something on these instances."""
        fails = self.world.rollouts_fail.pop(0) if self.world.rollouts_fail else ""
        made = {
            "CommandId": f"command-{self.world.number():08d}",
            "Comment": Comment,
            "DocumentName": DocumentName,
            "Parameters": asked.get("Parameters", {}),
            "InstanceIds": list(InstanceIds),
            "Status": "Pending",
            "TargetCount": len(InstanceIds),
            "CompletedCount": 0,
            "ErrorCount": 0,
            "RequestedDateTime": self.world.now(),
            "fails": fails,
        }
        self.world.commands.insert(0, made)
        return {"Command": {"CommandId": made["CommandId"]}}

    def list_commands(self, CommandId: str = "", InstanceId: str = "", MaxResults: int = 25) -> Answer:
        """A command, or those of an instance, newest first."""
        found = [
            one
            for one in self.world.commands
            if CommandId in {"", one["CommandId"]} and (not InstanceId or InstanceId in one["InstanceIds"])
        ]
        shown = [{key: value for key, value in one.items() if key != "fails"} for one in found[:MaxResults]]
        for one in found if CommandId else ():
            _run(one)
        return {"Commands": shown}


def _run(command: dict[str, Any]) -> None:
    if command["Status"] == "Pending":
        command["Status"] = "InProgress"
    elif command["Status"] == "InProgress":
        failed = bool(command["fails"])
        command["Status"] = "Failed" if failed else "Success"
        command["CompletedCount"] = command["TargetCount"]
        command["ErrorCount"] = int(failed)
