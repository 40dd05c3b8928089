"""Statuses with label and tone, the moves that are legal, and the meaning of CloudFormation's 23 stack statuses.

No other module holds a status literal. A tone is one of good, busy, attention, bad, quiet.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db import models
from django.utils import timezone

from provisioning.models import Change, Environment


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


# Changes that lock no stack and say nothing of what there is of an environment: they may be open beside any other.
BESIDE_STACKS = frozenset({ChangeKind.WRITE_ITEMS, ChangeKind.SET_PARAMETERS})


class JobStatus(models.TextChoices):
    """Where long work on items is."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    SUCCEEDED = "succeeded", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"

    @property
    def tone(self) -> str:
        """The colour family of its badge."""
        return _JOB_TONES[self]


_JOB_TONES: Mapping[str, str] = {
    JobStatus.QUEUED: "busy",
    JobStatus.RUNNING: "busy",
    JobStatus.SUCCEEDED: "good",
    JobStatus.FAILED: "bad",
    JobStatus.CANCELLED: "quiet",
}
MOVING_JOBS = frozenset({JobStatus.QUEUED, JobStatus.RUNNING})


class JobKind(models.TextChoices):
    """What long work on items does; the label is the verb on its button."""

    EXPORT = "export", "Export"
    IMPORT = "import", "Import"
    DELETE = "delete", "Delete items"
    COPY = "copy", "Copy a sample"
    COUNT = "count", "Count"
    COMPARE = "compare", "Compare"


class WriteVerb(models.TextChoices):
    """What was done to an item."""

    CREATE = "create", "Created"
    EDIT = "edit", "Edited"
    DELETE = "delete", "Deleted"
    COPY = "copy", "Copied to another key"
    UNDO = "undo", "Put back"


class WriteState(models.TextChoices):
    """How far a write of an item is. One that stays sent may or may not have landed: look at the item."""

    SENT = "sent", "Sent, no answer"
    DONE = "done", "Done"
    REFUSED = "refused", "Refused"


class ParameterVerb(models.TextChoices):
    """How a version of a parameter came about."""

    FOUND = "found", "Found as it was"
    CREATE = "create", "Created"
    EDIT = "edit", "Set"
    DELETE = "delete", "Deleted"
    RESTORE = "restore", "Set back"
    COPY = "copy", "Copied from another environment"
    STACK = "stack", "Set by its stack"
    OUTSIDE = "outside", "Set outside Stackyard"
    GONE = "gone", "Deleted outside Stackyard"


class ScheduleStatus(models.TextChoices):
    """Where a scheduled value is."""

    WAITING = "waiting", "Waiting"
    DONE = "done", "Done"
    SUSPENDED = "suspended", "Suspended"
    CANCELLED = "cancelled", "Cancelled"

    @property
    def tone(self) -> str:
        """The colour family of its badge."""
        return _SCHEDULE_TONES[self]


_SCHEDULE_TONES: Mapping[str, str] = {
    ScheduleStatus.WAITING: "busy",
    ScheduleStatus.DONE: "good",
    ScheduleStatus.SUSPENDED: "attention",
    ScheduleStatus.CANCELLED: "quiet",
}


class CostSource(models.TextChoices):
    """Where an amount comes from: AWS's bill, or Stackyard's own reckoning. The two are never added."""

    EXPLORER = "explorer", "Cost Explorer"
    ACCRUAL = "accrual", "Stackyard's own reckoning"


class RefreshStatus(models.TextChoices):
    """Where a reading of Cost Explorer is."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Reading"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CAPPED = "capped", "Stopped at the monthly cap"


class EnvironmentStatus(models.TextChoices):
    """What there is of an environment, as last seen."""

    REQUESTED = "requested", "Requested"
    BUSY = "busy", "Changing"
    READY = "ready", "Ready"
    PARKED = "parked", "Parked"
    DATA_ONLY = "data_only", "Data only"
    ATTENTION = "attention", "Needs attention"
    REMOVED = "removed", "Removed"

    @property
    def tone(self) -> str:
        """The colour family of its badge."""
        return _ENVIRONMENT_TONES[self]


_ENVIRONMENT_TONES: Mapping[str, str] = {
    EnvironmentStatus.REQUESTED: "quiet",
    EnvironmentStatus.BUSY: "busy",
    EnvironmentStatus.READY: "good",
    EnvironmentStatus.PARKED: "quiet",
    EnvironmentStatus.DATA_ONLY: "quiet",
    EnvironmentStatus.ATTENTION: "bad",
    EnvironmentStatus.REMOVED: "quiet",
}


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


class Outcome(models.TextChoices):
    """What a check found."""

    GOOD = "good", "As promised"
    BAD = "bad", "Not as promised"
    UNKNOWN = "unknown", "Cannot be checked here"

    @property
    def tone(self) -> str:
        """The colour family of its mark."""
        return {Outcome.GOOD: "good", Outcome.BAD: "bad", Outcome.UNKNOWN: "quiet"}[self]


class Outside(models.TextChoices):
    """What somebody did to a stack outside Stackyard, as a look found it."""

    DELETED = "deleted", "Deleted outside Stackyard"
    CHANGED = "changed", "Changed outside Stackyard"
    MOVING = "moving", "Being changed outside Stackyard"

    @property
    def tone(self) -> str:
        """The colour family of its badge."""
        return {Outside.DELETED: "bad", Outside.CHANGED: "attention", Outside.MOVING: "busy"}[self]


class DriftStatus(models.TextChoices):
    """What drift detection says of a stack, or of one of its resources (D4, D5): AWS's own words."""

    IN_SYNC = "IN_SYNC", "As its template says"
    DRIFTED = "DRIFTED", "Not as its template says"
    MODIFIED = "MODIFIED", "Changed outside Stackyard"
    DELETED = "DELETED", "Deleted outside Stackyard"
    NOT_CHECKED = "NOT_CHECKED", "Not checked"
    UNKNOWN = "UNKNOWN", "Could not be read"
    UNSUPPORTED = "UNSUPPORTED", "Cannot be checked by AWS"

    @property
    def tone(self) -> str:
        """The colour family of its badge."""
        return _DRIFT_TONES[self]


_DRIFT_TONES: Mapping[str, str] = {
    DriftStatus.IN_SYNC: "good",
    DriftStatus.DRIFTED: "attention",
    DriftStatus.MODIFIED: "attention",
    DriftStatus.DELETED: "bad",
    DriftStatus.NOT_CHECKED: "quiet",
    DriftStatus.UNKNOWN: "quiet",
    DriftStatus.UNSUPPORTED: "quiet",
}


class StackKind(models.TextChoices):
    """The two stacks of an environment."""

    DATA = "data", "Data stack"
    COMPUTE = "compute", "Compute stack"


@dataclass(frozen=True)
class StackStatus:
    """The meaning of one CloudFormation status (S1): `moving` changes by itself; `live` serves its last good
    configuration; `failed` says that the newest operation did not do what was asked (S5); `updatable` takes an
    UPDATE change set; `gone` means that the name is free."""

    name: str
    label: str
    tone: str
    moving: bool = False
    live: bool = False
    failed: bool = False
    updatable: bool = False
    gone: bool = False
    shell: bool = False


_ALL = (
    StackStatus("REVIEW_IN_PROGRESS", "Under review", "quiet", shell=True),
    StackStatus("CREATE_IN_PROGRESS", "Creating", "busy", moving=True),
    StackStatus("CREATE_COMPLETE", "Ready", "good", live=True, updatable=True),
    StackStatus("CREATE_FAILED", "Create failed", "bad", failed=True, updatable=True),
    StackStatus("ROLLBACK_IN_PROGRESS", "Rolling back", "busy", moving=True, failed=True),
    StackStatus("ROLLBACK_COMPLETE", "Create failed, rolled back", "bad", failed=True, shell=True),
    StackStatus("ROLLBACK_FAILED", "Roll-back failed", "bad", failed=True),
    StackStatus("UPDATE_IN_PROGRESS", "Updating", "busy", moving=True, live=True),
    StackStatus("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "Ready, cleaning up", "busy", moving=True, live=True),
    StackStatus("UPDATE_COMPLETE", "Ready", "good", live=True, updatable=True),
    StackStatus("UPDATE_FAILED", "Update failed", "bad", failed=True, updatable=True),
    StackStatus("UPDATE_ROLLBACK_IN_PROGRESS", "Update failed, rolling back", "busy", moving=True, failed=True),
    StackStatus(
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "Update undone, cleaning up",
        "busy",
        moving=True,
        live=True,
        failed=True,
    ),
    StackStatus(
        "UPDATE_ROLLBACK_COMPLETE", "Ready, last update undone", "good", live=True, failed=True, updatable=True
    ),
    StackStatus("UPDATE_ROLLBACK_FAILED", "Stuck: undoing the update failed", "bad", failed=True),
    StackStatus("DELETE_IN_PROGRESS", "Deleting", "busy", moving=True),
    StackStatus("DELETE_FAILED", "Stuck: delete failed", "bad", failed=True),
    StackStatus("DELETE_COMPLETE", "Gone", "quiet", gone=True),
    StackStatus("IMPORT_IN_PROGRESS", "Importing", "busy", moving=True),
    StackStatus("IMPORT_COMPLETE", "Ready", "good", live=True, updatable=True),
    StackStatus("IMPORT_ROLLBACK_IN_PROGRESS", "Import failed, rolling back", "busy", moving=True, failed=True),
    StackStatus(
        "IMPORT_ROLLBACK_COMPLETE", "Ready, last import undone", "good", live=True, failed=True, updatable=True
    ),
    StackStatus("IMPORT_ROLLBACK_FAILED", "Stuck: undoing the import failed", "bad", failed=True),
)
STACK_STATUSES: Mapping[str, StackStatus] = {status.name: status for status in _ALL}
MOVING_STACKS: Collection[str] = tuple(status.name for status in _ALL if status.moving)
UNDER_REVIEW = "REVIEW_IN_PROGRESS"
BEING_UPDATED = "UPDATE_IN_PROGRESS"  # the one status from which CloudFormation takes a cancel (S10)
SENT_BACK = "UPDATE_ROLLBACK_IN_PROGRESS"
BEING_DELETED = "DELETE_IN_PROGRESS"
FAILED_BY_HOOK, FAILED_VALIDATION = "HOOK_FAILED", "VALIDATION_FAILED"
CANCEL_LATE = "cancel_late"  # a line of a change's story: somebody wanted it cancelled, and it could not be any more
IMPORT_UNDONE = "IMPORT_ROLLBACK_COMPLETE"
DRIFT_CHECKED = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED"})
NO_STACK = StackStatus("", "Not there", "quiet", gone=True)


def stack_status(name: str) -> StackStatus:
    """The meaning of a status by exact match, never by suffix (S3). An unknown one that says it is in progress
    is moving; any other unknown one freezes the environment (S2)."""
    if not name:
        return NO_STACK
    if name in STACK_STATUSES:
        return STACK_STATUSES[name]
    if name.endswith("_IN_PROGRESS"):
        return StackStatus(name, f"Working ({name})", "busy", moving=True)
    return StackStatus(name, f"Unknown ({name})", "bad", failed=True)


def set_environment_status(environment: Environment, status: EnvironmentStatus) -> None:
    """Write what there is of an environment now."""
    environment.status = status
    environment.changed_at = timezone.now()
    environment.save(update_fields=["status", "changed_at"])
