"""Instance refreshes: the instances of a group, replaced one after the other."""

from dataclasses import dataclass
from datetime import datetime

from provisioning.aws.clients import Clients
from provisioning.aws.errors import translated

MOVING = frozenset({"Pending", "InProgress", "Cancelling", "RollbackInProgress", "Baking"})
CANCELLABLE = frozenset({"Pending", "InProgress", "Baking"})
GOOD = "Successful"


@dataclass(frozen=True)
class InstanceRefresh:
    """One refresh; `status` is AWS's word, `done` the percentage, `left` how many instances are still old."""

    refresh_id: str
    status: str
    reason: str
    done: int
    left: int
    started_at: datetime | None

    @property
    def is_moving(self) -> bool:
        """Whether it goes on by itself."""
        return self.status in MOVING


def start_refresh(aws: Clients, group: str, *, healthy_percent: int = 90) -> str:
    """Begin to replace every instance; returns the refresh's id. It has no request token, and a group has one refresh
    at a time: raises Conflict ("in_use") while another one moves."""
    with translated("autoscaling", "StartInstanceRefresh"):
        answer = aws.autoscaling.start_instance_refresh(
            AutoScalingGroupName=group,
            Strategy="Rolling",
            Preferences={"MinHealthyPercentage": healthy_percent, "SkipMatching": False},
        )
    return answer["InstanceRefreshId"]


def refreshes(aws: Clients, group: str) -> tuple[InstanceRefresh, ...]:
    """The refreshes of a group of the last six weeks that fit on a page, newest first."""
    with translated("autoscaling", "DescribeInstanceRefreshes"):
        answer = aws.autoscaling.describe_instance_refreshes(AutoScalingGroupName=group)
    return tuple(
        InstanceRefresh(
            refresh_id=found.get("InstanceRefreshId", ""),
            status=found.get("Status", ""),
            reason=found.get("StatusReason", ""),
            done=found.get("PercentageComplete", 0),
            left=found.get("InstancesToUpdate", 0),
            started_at=found.get("StartTime"),
        )
        for found in answer["InstanceRefreshes"]
    )


def cancel_refresh(aws: Clients, group: str) -> None:
    """Stop the refresh of a group that moves. What it has replaced stays new. Raises Missing when none moves."""
    with translated("autoscaling", "CancelInstanceRefresh"):
        aws.autoscaling.cancel_instance_refresh(AutoScalingGroupName=group)
