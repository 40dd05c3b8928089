"""Changes: where one is, the moves that are legal, what it does, and how its steps and decisions stand."""

from collections.abc import Mapping

from django.db import models
from django.utils import timezone

from provisioning.models import Change


class IllegalMoveError(Exception):
    """A change was asked to go where its status does not allow."""


class ChangeStatus(models.TextChoices):
    """Where a change is between its request and its result."""

    PLANNING = "planning", "Planning"
    AWAITING_APPROVAL = "awaiting_approval", "Awaiting approval"
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    REJECTED = "rejected", "Rejected"
    EXPIRED = "expired", "Expired"
    SUPERSEDED = "superseded", "Superseded"

    @property
    def tone(self) -> str:
        """The colour family of its badge."""
        return _CHANGE_TONES[self]


_CHANGE_TONES: Mapping[str, str] = {
    ChangeStatus.PLANNING: "busy",
    ChangeStatus.AWAITING_APPROVAL: "attention",
    ChangeStatus.QUEUED: "busy",
    ChangeStatus.RUNNING: "busy",
    ChangeStatus.SUCCEEDED: "good",
    ChangeStatus.FAILED: "bad",
    ChangeStatus.CANCELLED: "quiet",
    ChangeStatus.REJECTED: "attention",
    ChangeStatus.EXPIRED: "quiet",
    ChangeStatus.SUPERSEDED: "quiet",
}

_MOVES: Mapping[ChangeStatus, frozenset[ChangeStatus]] = {
    ChangeStatus.PLANNING: frozenset(
        {
            ChangeStatus.AWAITING_APPROVAL,
            ChangeStatus.QUEUED,
            ChangeStatus.SUCCEEDED,
            ChangeStatus.FAILED,
            ChangeStatus.CANCELLED,
            ChangeStatus.SUPERSEDED,
        }
    ),
    ChangeStatus.AWAITING_APPROVAL: frozenset(
        {
            ChangeStatus.QUEUED,
            ChangeStatus.REJECTED,
            ChangeStatus.CANCELLED,
            ChangeStatus.EXPIRED,
            ChangeStatus.SUPERSEDED,
            ChangeStatus.PLANNING,
            ChangeStatus.FAILED,
        }
    ),
    ChangeStatus.QUEUED: frozenset(
        {
            ChangeStatus.RUNNING,
            ChangeStatus.CANCELLED,
            ChangeStatus.FAILED,
            ChangeStatus.REJECTED,
            ChangeStatus.EXPIRED,
            ChangeStatus.SUPERSEDED,
            ChangeStatus.PLANNING,
        }
    ),
    ChangeStatus.RUNNING: frozenset({ChangeStatus.SUCCEEDED, ChangeStatus.FAILED, ChangeStatus.CANCELLED}),
    ChangeStatus.FAILED: frozenset({ChangeStatus.PLANNING, ChangeStatus.QUEUED}),
    ChangeStatus.SUCCEEDED: frozenset(),
    ChangeStatus.CANCELLED: frozenset(),
    ChangeStatus.REJECTED: frozenset(),
    ChangeStatus.EXPIRED: frozenset(),
    ChangeStatus.SUPERSEDED: frozenset(),
}

OPEN_CHANGES = frozenset(
    {ChangeStatus.PLANNING, ChangeStatus.AWAITING_APPROVAL, ChangeStatus.QUEUED, ChangeStatus.RUNNING}
)
MOVING_CHANGES = frozenset({ChangeStatus.PLANNING, ChangeStatus.QUEUED, ChangeStatus.RUNNING})
CANCELLABLE_CHANGES = frozenset({ChangeStatus.PLANNING, ChangeStatus.AWAITING_APPROVAL, ChangeStatus.QUEUED})


def move(change: Change, to: ChangeStatus) -> None:
    """Set the status of a change whose row the caller holds; times follow. Raises IllegalMoveError."""
    here = ChangeStatus(change.status)
    if to not in _MOVES[here]:
        raise IllegalMoveError(f"A change that is {here.label.lower()} cannot become {to.label.lower()}.")
    change.status = to
    if to is ChangeStatus.RUNNING:
        change.started_at = change.started_at or timezone.now()
    change.finished_at = None if to in OPEN_CHANGES else timezone.now()


class ChangeKind(models.TextChoices):
    """What a change does; the label is the verb on its button."""

    CREATE = "create", "Create environment"
    UPDATE = "update", "Update"
    PARK = "park", "Park"
    WAKE = "wake", "Wake"
    DELETE_COMPUTE = "delete_compute", "Delete compute"
    DELETE_DATA_STACK = "delete_data_stack", "Delete data stack, keep tables"
    UNPROTECT = "unprotect", "Switch protection off"
    PROTECT = "protect", "Switch protection on"
    DELETE_DATA = "delete_data", "Delete data"
    ADOPT = "adopt", "Adopt"
    RECOVER = "recover", "Recover"
    REPAIR_DRIFT = "repair_drift", "Repair drift"
    ACCEPT_DRIFT = "accept_drift", "Accept drift"
    WRITE_ITEMS = "write_items", "Write items"
    SET_PARAMETERS = "set_parameters", "Set parameters"
    REDEPLOY = "redeploy", "Redeploy"
    ROLL_BACK = "roll_back", "Roll back"
    DEPLOY = "deploy", "Deploy"


# Changes that lock no stack and say nothing of what there is of an environment: they may be open beside any other.
BESIDE_STACKS = frozenset({ChangeKind.WRITE_ITEMS, ChangeKind.SET_PARAMETERS, ChangeKind.REDEPLOY})


class StepState(models.TextChoices):
    """How far a step is."""

    PENDING = "pending", "To do"
    RUNNING = "running", "Running"
    WAITING = "waiting", "Waiting"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    SKIPPED = "skipped", "Not needed"
    CANCELLED = "cancelled", "Cancelled"


class Verdict(models.TextChoices):
    """What a person decided about a plan."""

    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    SENT_BACK = "sent_back", "Sent back"

    @property
    def tone(self) -> str:
        """The colour family of its badge."""
        return "good" if self is Verdict.APPROVED else "attention"


CANCEL_LATE = "cancel_late"  # a line of a change's story: somebody wanted it cancelled, and it could not be any more
