"""Stacks: the two kinds, and the meaning of CloudFormation's 23 statuses (S1–S3)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db import models


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
IMPORT_UNDONE = "IMPORT_ROLLBACK_COMPLETE"
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
