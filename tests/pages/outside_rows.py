"""Stacks as looks and drift checks leave them: stuck, drifted, deleted or changed outside Stackyard."""

import uuid
from datetime import timedelta
from typing import Any

from django.utils import timezone

from portal.accounts.models import User
from provisioning.lifecycle import ChangeKind, ChangeStatus, DriftStatus, EnvironmentStatus, Outside, StackKind
from provisioning.models import Change, DriftCheck, DriftedResource, Environment, Event, Stack

from . import rows

GROUP = "AWS::AutoScaling::AutoScalingGroup"
TABLE = "AWS::DynamoDB::Table"
NO_CAPACITY = "We currently do not have sufficient t3.nano capacity"


def failed(made: Environment, by: User, kind: StackKind, of: ChangeKind, **columns: Any) -> Change:
    """A change that failed while it worked on that stack, and left the environment in need of attention."""
    problem = {"sentence": "Group could not be updated: no capacity.", "turn": "you", "advice": "Try another size."}
    change = rows.change(made, by, ChangeStatus.FAILED, of, ago=60, **{"problem": problem, **columns})
    change.operations.create(stack=made.stacks.get(kind=kind), is_open=False)
    Environment.objects.filter(pk=made.pk).update(status=EnvironmentStatus.ATTENTION)
    return change


def event(change: Change, stack: Stack, name: str, type_: str, *, status: str, reason: str = "") -> None:
    """CloudFormation told something of a stack; of the stack itself where the name is its own."""
    Event.objects.create(
        change=change,
        stack=stack,
        aws_id=uuid.uuid4().hex,
        at=timezone.now(),
        logical_id=name,
        physical_id=stack.stack_id if name == stack.name else f"real-{name}",
        type=type_,
        status=status,
        reason=reason,
    )


def stuck_roll_back(made: Environment, by: User, kind: StackKind, name: str = "Group", type_: str = GROUP) -> Change:
    """The update of a stack failed, and so did undoing it, because of one resource."""
    change, stack = failed(made, by, kind, ChangeKind.UPDATE), made.stacks.get(kind=kind)
    rows.resource(made, kind, name, type_, f"real-{name}", status="UPDATE_FAILED", reason=NO_CAPACITY)
    told = [
        (stack.name, "AWS::CloudFormation::Stack", "CREATE_COMPLETE", ""),
        (stack.name, "AWS::CloudFormation::Stack", "UPDATE_IN_PROGRESS", ""),
        (stack.name, "AWS::CloudFormation::Stack", "UPDATE_ROLLBACK_IN_PROGRESS", ""),
        (name, type_, "UPDATE_FAILED", NO_CAPACITY),
        (stack.name, "AWS::CloudFormation::Stack", "UPDATE_ROLLBACK_FAILED", ""),
    ]
    for logical_id, of, status, reason in told:
        event(change, stack, logical_id, of, status=status, reason=reason)
    made.stacks.filter(kind=kind).update(status="UPDATE_ROLLBACK_FAILED")
    return change


def stuck_delete(made: Environment, by: User, kind: StackKind, times: int, *blocking: tuple[str, str]) -> Change:
    """Deleting a stack failed that often, because of these resources (name and type)."""
    of = ChangeKind.PARK if kind is StackKind.COMPUTE else ChangeKind.DELETE_DATA_STACK
    change, stack = failed(made, by, kind, of), made.stacks.get(kind=kind)
    event(change, stack, stack.name, "AWS::CloudFormation::Stack", status="CREATE_COMPLETE")
    for name, type_ in blocking:
        rows.resource(made, kind, name, type_, f"real-{name}", status="DELETE_FAILED", reason=f"{name} is in use")
    for _ in range(times):
        event(change, stack, stack.name, "AWS::CloudFormation::Stack", status="DELETE_FAILED")
    made.stacks.filter(kind=kind).update(status="DELETE_FAILED")
    return change


def resting(made: Environment, kind: StackKind, status: str) -> None:
    """A stack rests in that status, and its environment needs attention."""
    made.stacks.filter(kind=kind).update(status=status)
    Environment.objects.filter(pk=made.pk).update(status=EnvironmentStatus.ATTENTION)


def outside(made: Environment, kind: StackKind, what: Outside, status: str = "", *, minutes: int = 5) -> None:
    """Somebody did something to a stack outside; `status` is what it is now."""
    columns = {"outside": what, "outside_at": timezone.now() - timedelta(minutes=minutes)}
    made.stacks.filter(kind=kind).update(**columns, **({"status": status} if status else {}))


def checked(made: Environment, kind: StackKind, result: str = DriftStatus.IN_SYNC, **columns: Any) -> DriftCheck:
    """A drift check of a stack that ended an hour ago."""
    stack = made.stacks.get(kind=kind)
    return DriftCheck.objects.create(
        stack=stack, **{"result": result, "seen_at": timezone.now() - timedelta(hours=1), **columns}
    )


def difference(path: str, expected: str, actual: str, kind: str = "NOT_EQUAL") -> dict[str, str]:
    """One property that is not as the template says, in AWS's words."""
    return {"path": path, "expected": expected, "actual": actual, "kind": kind}


def drifted(check: DriftCheck, name: str, type_: str, *differences: dict[str, str], **columns: Any) -> DriftedResource:
    """A resource of that check that differs."""
    DriftCheck.objects.filter(pk=check.pk).update(result=DriftStatus.DRIFTED)
    columns = {"status": DriftStatus.MODIFIED, "seen_at": timezone.now(), **columns}
    return DriftedResource.objects.create(
        check_of=check,
        logical_id=name,
        physical_id=f"real-{name}",
        type=type_,
        differences=list(differences),
        **columns,
    )
