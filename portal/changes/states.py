"""What a resource's status means to people: CloudFormation's words for one resource, a step's words for itself."""

from collections.abc import Mapping
from dataclasses import dataclass

from provisioning.actions.changing import waits_to_run
from provisioning.engine.causes import said
from provisioning.lifecycle import (
    CANCEL_LATE,
    FAILED_BY_HOOK,
    FAILED_VALIDATION,
    STACK_STATUSES,
    ChangeStatus,
    StepState,
)
from provisioning.models import Change
from provisioning.planning.reasons import consequence, explain


@dataclass(frozen=True)
class State:
    """A word and the colour family of its badge."""

    label: str
    tone: str


TO_DO = State("To do", "quiet")

RESOURCE_STATES: Mapping[str, State] = {
    "CREATE_IN_PROGRESS": State("Creating", "busy"),
    "CREATE_COMPLETE": State("Created", "good"),
    "CREATE_FAILED": State("Create failed", "bad"),
    "UPDATE_IN_PROGRESS": State("Updating", "busy"),
    "UPDATE_COMPLETE": State("Updated", "good"),
    "UPDATE_FAILED": State("Update failed", "bad"),
    "DELETE_IN_PROGRESS": State("Deleting", "busy"),
    "DELETE_COMPLETE": State("Deleted", "good"),
    "DELETE_FAILED": State("Delete failed", "bad"),
    "DELETE_SKIPPED": State("Kept", "good"),
    "IMPORT_IN_PROGRESS": State("Taking over", "busy"),
    "IMPORT_COMPLETE": State("Taken over", "good"),
    "IMPORT_FAILED": State("Taking over failed", "bad"),
    "ROLLBACK_IN_PROGRESS": State("Undoing", "busy"),
    "ROLLBACK_COMPLETE": State("Undone", "attention"),
    "ROLLBACK_FAILED": State("Undoing failed", "bad"),
    "UPDATE_ROLLBACK_IN_PROGRESS": State("Undoing the update", "busy"),
    "UPDATE_ROLLBACK_COMPLETE": State("Update undone", "attention"),
    "UPDATE_ROLLBACK_FAILED": State("Undoing the update failed", "bad"),
    "IMPORT_ROLLBACK_IN_PROGRESS": State("Giving back", "busy"),
    "IMPORT_ROLLBACK_COMPLETE": State("Given back", "attention"),
    "IMPORT_ROLLBACK_FAILED": State("Giving back failed", "bad"),
    FAILED_BY_HOOK: State("Stopped by a check", "bad"),
    FAILED_VALIDATION: State("Check failed", "bad"),
    CANCEL_LATE: State("Too late", "attention"),
}

STEP_EVENT = "step_"
_STEP_TONES: Mapping[str, str] = {StepState.DONE: "good", StepState.FAILED: "bad", StepState.WAITING: "busy"}


def change_state(change: Change) -> State:
    """How a change is, finer than its status: whether it was sent back, or is approved and waits to be run."""
    status = ChangeStatus(change.status)
    if status is ChangeStatus.AWAITING_APPROVAL and change.sent_back:
        return State("Sent back", status.tone)
    if waits_to_run(change):
        return State("Approved, held" if change.held else "Approved, scheduled", ChangeStatus.AWAITING_APPROVAL.tone)
    return State(status.label, status.tone)


def resource_state(status: str) -> State:
    """The meaning of a resource's status; an unknown one is shown as AWS writes it."""
    return RESOURCE_STATES.get(status) or State(status.replace("_", " ").capitalize(), "quiet")


def event_state(status: str, *, of_stack: bool) -> State:
    """The meaning of an event's status, whether it tells of a step, of a stack as a whole, or of a resource."""
    if status.startswith(STEP_EVENT):
        state = status.removeprefix(STEP_EVENT)
        label = StepState(state).label if state in StepState.values else state.capitalize()
        return State(label, _STEP_TONES.get(state, "quiet"))
    if of_stack and status in STACK_STATUSES:
        return State(STACK_STATUSES[status].label, STACK_STATUSES[status].tone)
    return resource_state(status)


def in_words(reason: str) -> str:
    """AWS's reason for a failure, with what it means beside it."""
    if not reason:
        return "AWS gave no reason."
    quoted = f"AWS says: “{said(reason)}”"
    if consequence(reason):
        return f"Stopped along with the rest. {quoted}"
    meaning = explain(reason)
    return f"{meaning.because[0].upper()}{meaning.because[1:]}. {quoted}" if meaning else quoted


def short_type(resource_type: str) -> str:
    """A resource type as people say it: "DynamoDB Table" for AWS::DynamoDB::Table."""
    return resource_type.removeprefix("AWS::").replace("::", " ")
