"""The first real cause of a failed stack operation, in words (S25)."""

from datetime import datetime, timedelta

from provisioning.engine.outcome import Problem
from provisioning.lifecycle import StackStatus
from provisioning.models import Event, Operation

CONSEQUENCES = ("resource creation cancelled", "resource update cancelled", "resource deletion cancelled")

_HINTS = (
    ("already exists", "The name is taken. Remove or adopt what has it, then retry."),
    ("keypair", "Choose a key pair that exists in this region."),
    ("key pair", "Choose a key pair that exists in this region."),
    ("subnet", "Choose subnets that exist and belong to the chosen VPC."),
    ("no export named", "Create the data stack first; compute uses its exports."),
    ("in use by", "Delete the stacks that use its exports first."),
    ("not authorized", "An administrator has to grant CloudFormation's role this right."),
    ("access denied", "An administrator has to grant CloudFormation's role this right."),
    ("limit", "An administrator has to raise the limit or free some of it."),
    ("protected", "Switch the protection off knowingly first."),
    ("stabilize", "The resource did not become healthy in time; look at its own logs."),
    ("capacity", "AWS has no capacity of this kind now; try another size or zone."),
)


def first_failure(operation: Operation) -> Event | None:
    """The earliest failed event of the operation that is not a consequence of another (S25)."""
    # Of this attempt only: a retry has another token, and its failure may have another cause.
    own = operation.change.events.filter(stack=operation.stack, token__in=[operation.token, ""])
    failed = own.filter(status__endswith="_FAILED", at__gte=_began(operation)).order_by("at", "id")
    for event in failed:
        if not event.reason.lower().startswith(CONSEQUENCES):
            return event
    return None


def _began(operation: Operation) -> datetime:
    """When the call was made, less a minute for clocks that differ; the request, where it never was."""
    return (operation.called_at or operation.change.requested_at) - timedelta(minutes=1)


def first_cause(operation: Operation, status: StackStatus) -> Problem:
    """What went wrong, whose turn it is, what to do."""
    event = first_failure(operation)
    if event is None:
        return Problem(
            f"{operation.stack.name} ended as “{status.label.lower()}” and AWS gave no reason.",
            "an administrator",
            "Look at the stack in the AWS console, then retry.",
            operation.stack.status_reason,
            "stack-failed",
        )
    reason = event.reason or "AWS gave no reason"
    hint = next((advice for text, advice in _HINTS if text in reason.lower()), "Correct the cause, then retry.")
    return Problem(
        f"{event.logical_id} ({event.type.removeprefix('AWS::').replace('::', ' ')}) could not be"
        f" {_verb(event.status)}: {reason.strip().rstrip('.')}.",
        "you",
        hint,
        f"{event.status} {event.logical_id}: {event.reason}",
        "stack-failed",
    )


def _verb(status: str) -> str:
    return {"CREATE_FAILED": "created", "DELETE_FAILED": "deleted"}.get(status, "updated")
