"""Environments that are in trouble, written as rows: stuck, frozen, drifted, deleted or changed outside Stackyard.

`write` runs inside Stackyard's own programs (`manage.py shell`), `paths` beside the browser.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta

from django.urls import reverse
from django.utils import timezone
from pages import outside_rows, rows

from bench.scene import APPLICATION
from portal.accounts.models import User
from provisioning.lifecycle import ChangeKind, ChangeStatus, DriftStatus, EnvironmentStatus, Outside, StackKind
from provisioning.models import DriftedResource, Environment

TABLE, GROUP = outside_rows.TABLE, outside_rows.GROUP
GROUP_NAME = "EchoServiceAutoScalingGroupWithRollingReplacement"


def paths() -> list[str]:
    """Every page of these environments that looks otherwise than of one in order."""
    overviews = [reverse("environment", args=[APPLICATION, name]) for name in TROUBLES]
    ways = [
        reverse("environment_recover", args=[APPLICATION, name, kind])
        for name, kind in (("dev-stuck", "compute"), ("dev-stuck-data", "data"), ("dev-forced", "data"))
    ]
    drift = [reverse("environment_drift", args=[APPLICATION, name]) for name in ("dev-drifted", "dev-checking")]
    return [*overviews, *ways, *drift]


def write() -> None:
    """Every environment of TROUBLES."""
    alice = User.objects.get(username="alice")
    for name, make in TROUBLES.items():
        make(rows.environment(alice, name, stage="prod" if name == "dev-stuck-data" else "dev"), alice)


def _stuck(made: Environment, alice: User) -> None:
    outside_rows.stuck_roll_back(made, alice, StackKind.COMPUTE, GROUP_NAME)


def _stuck_data(made: Environment, alice: User) -> None:
    outside_rows.stuck_roll_back(made, alice, StackKind.DATA, "MessagesTable", TABLE)


def _forced(made: Environment, alice: User) -> None:
    rows.without(made, StackKind.COMPUTE)
    outside_rows.stuck_delete(made, alice, StackKind.DATA, 3)


def _frozen(made: Environment, alice: User) -> None:
    outside_rows.resting(made, StackKind.COMPUTE, "UPDATE_PONDERED")


def _shell(made: Environment, alice: User) -> None:
    outside_rows.failed(made, alice, StackKind.COMPUTE, ChangeKind.CREATE)
    outside_rows.resting(made, StackKind.COMPUTE, "ROLLBACK_COMPLETE")


def _drifted(made: Environment, alice: User) -> None:
    data = outside_rows.checked(made, StackKind.DATA, asked_by=alice)
    outside_rows.drifted(data, "SessionsTable", TABLE, status=DriftStatus.DELETED)
    capacity = outside_rows.difference("/ProvisionedThroughput/ReadCapacityUnits", "5", "40")
    change = rows.change(made, alice, ChangeStatus.SUCCEEDED, ChangeKind.ACCEPT_DRIFT)
    agreed = {"accepted": [capacity], "accepted_by": change}
    outside_rows.drifted(data, "MessagesTable", TABLE, capacity, **agreed)
    compute = outside_rows.checked(made, StackKind.COMPUTE)
    rule = '{"CidrIp": "203.0.113.0/24", "FromPort": 22, "IpProtocol": "tcp", "ToPort": 22}'
    outside_rows.drifted(
        compute,
        GROUP_NAME,
        GROUP,
        outside_rows.difference("/MaxSize", "1", "4"),
        outside_rows.difference("/SecurityGroupIngress/1", "null", rule, "ADD"),
        outside_rows.difference("/MetricsCollection/0/Granularity", "1Minute", "null", "REMOVE"),
    )


def _checking(made: Environment, alice: User) -> None:
    _drifted(made, alice)
    made.stacks.filter(kind=StackKind.COMPUTE).update(skipped=[GROUP_NAME])
    check = made.stacks.get(kind=StackKind.COMPUTE).drift
    check.asked_by, check.asked_at, check.detection_id = alice, timezone.now(), "by-hand"
    check.looking_until = timezone.now() + timedelta(hours=2)
    check.save()
    DriftedResource.objects.filter(check_of__stack__environment=made, type=TABLE).delete()


def _deleted(made: Environment, alice: User) -> None:
    outside_rows.outside(made, StackKind.COMPUTE, Outside.DELETED, "DELETE_COMPLETE")
    Environment.objects.filter(pk=made.pk).update(status=EnvironmentStatus.DATA_ONLY)


def _changed(made: Environment, alice: User) -> None:
    outside_rows.outside(made, StackKind.COMPUTE, Outside.CHANGED, "UPDATE_COMPLETE")


def _moving(made: Environment, alice: User) -> None:
    outside_rows.outside(made, StackKind.DATA, Outside.MOVING, "UPDATE_IN_PROGRESS")


TROUBLES: Mapping[str, Callable[[Environment, User], None]] = {
    "dev-stuck": _stuck,
    "dev-stuck-data": _stuck_data,
    "dev-forced": _forced,
    "dev-frozen": _frozen,
    "dev-shell": _shell,
    "dev-drifted": _drifted,
    "dev-checking": _checking,
    "dev-gone-outside": _deleted,
    "dev-changed-outside": _changed,
    "dev-moving-outside": _moving,
}
