"""Running: execute the reviewed change set, or delete a stack, and wait until the observer has seen the end."""

from collections.abc import Iterable

from django.utils import timezone

from provisioning.aws import cloudformation
from provisioning.aws.errors import Conflict, Missing, Refused
from provisioning.engine.causes import first_cause
from provisioning.engine.outcome import Done, Outcome, Problem, Stop, Wait
from provisioning.engine.steps import dividing, guarding
from provisioning.engine.steps.change_sets import as_reviewed
from provisioning.engine.steps.checking import CREATE, DELETE, IMPORT, NONE, UPDATE
from provisioning.engine.work import Work
from provisioning.lifecycle import UNDER_REVIEW, StackKind, stack_status
from provisioning.models import Operation

DOING = {CREATE: "created", UPDATE: "updated", DELETE: "deleted", IMPORT: "given its tables"}
WATCHED = 60.0  # the observer rings when the stack comes to rest; this is for a ring that got lost


def ensure_data_stack(work: Work) -> Outcome:
    """The data stack as planned."""
    return _ensure_stack(work, StackKind.DATA)


def ensure_compute_stack(work: Work) -> Outcome:
    """The compute stack as planned."""
    return _ensure_stack(work, StackKind.COMPUTE)


def _ensure_stack(work: Work, kind: StackKind) -> Outcome:
    outcome: Outcome = Done(skipped=True)
    for operation in work.parts.get(kind, ()):
        outcome = _ensure_part(work, operation)
        if not isinstance(outcome, Done):
            break
    return outcome


def _ensure_part(work: Work, operation: Operation) -> Outcome:
    """One part of a stack's work: its reviewed change set is executed, or the stack deleted, and the end waited for."""
    if operation.action == NONE:
        return Done("Nothing to change", skipped=True)
    if operation.finished_at is not None:
        return _result(operation)
    if operation.called_at is None:
        for ready in (dividing.before_part, as_reviewed):
            outcome = ready(work, operation)
            if not isinstance(outcome, Done):
                return outcome
        if operation.action == NONE:
            return Done("Nothing to change", skipped=True)
        refused = guarding.refusal(work, operation)
        if refused is not None:
            return refused
        _call_once(work, operation)
    return Wait(f"{operation.stack.name} is being {DOING[operation.action]}", WATCHED, look=True)


def _call_once(work: Work, operation: Operation) -> None:
    """Store the intent, call, store that it was called. After a crash in between, look before calling (L16)."""
    token = work.token(operation, "run")
    crashed = operation.token == token
    if not crashed:
        operation.token = token
        work.store(operation)
    if not (crashed and _landed(work, operation)):
        _call(work, operation)
    operation.called_at = operation.next_events_at = timezone.now()
    work.store(operation)


def _call(work: Work, operation: Operation) -> None:
    try:
        if operation.action == DELETE:
            cloudformation.delete_stack(work.aws, operation.stack.stack_id, token=operation.token)
        else:
            cloudformation.execute_change_set(
                work.aws, operation.change_set_id, token=operation.token, retain_except_on_create=True
            )
    except (Conflict, Refused, Missing):
        # Accepted earlier and the answer lost? Then the stack has moved on, and this is no refusal (S21).
        if not _landed(work, operation):
            raise


def _landed(work: Work, operation: Operation) -> bool:
    """Whether an earlier call with this token reached AWS: its events carry the token (S20)."""
    events = cloudformation.stack_events(
        work.aws, operation.stack.stack_id, after=operation.stack.last_event_id or None
    )
    return any(event.token == operation.token for event in events)


def _result(operation: Operation) -> Outcome:
    status = stack_status(operation.result)
    if operation.action == DELETE and status.gone:
        return Done("Deleted")
    if operation.action != DELETE and status.live and not status.failed:
        return Done(status.label)
    return Stop(first_cause(operation, status))


def ensure_compute_gone(work: Work) -> Outcome:
    """The data stack may only go when no compute stack uses it (X5)."""
    stack = work.stacks[StackKind.COMPUTE]
    state = cloudformation.describe_stack(work.aws, stack.name)
    if state is None or stack_status(state.status).gone:
        return Done("No compute stack uses it")
    return Stop(
        Problem(
            f"{stack.name} is still there and uses the data stack.",
            "you",
            "Park the environment or delete its compute first.",
            code="wrong-order",
        )
    )


def ensure_change_sets_gone(work: Work) -> Outcome:
    """After a change that will not run: remove its change sets, and the shell a CREATE one made (S7)."""
    return without_change_sets(work, work.every_part())


def without_change_sets(work: Work, operations: Iterable[Operation]) -> Outcome:
    """Remove the change sets of work that was never begun, and the shells around them (S7). Safe to repeat."""
    for operation in operations:
        if operation.called_at is not None or operation.action not in {CREATE, UPDATE, IMPORT}:
            continue
        if not operation.change_set_id and not _left_behind(work, operation):
            continue
        _remove(work, operation.change_set_id)
        operation.change_set_id = ""
        state = cloudformation.describe_stack(work.aws, operation.stack.stack_id)
        if state is not None and state.status == UNDER_REVIEW:
            cloudformation.delete_stack(work.aws, operation.stack.stack_id, token=work.token(operation, "shell"))
            operation.stack.stack_id = operation.stack.status = ""
        work.store(operation)
    return Done("Nothing is left behind")


def _remove(work: Work, change_set_id: str) -> None:
    """Delete a change set. One that somebody executed outside Stackyard is history, and stays."""
    try:
        cloudformation.delete_change_set(work.aws, change_set_id)
    except Refused:
        found = cloudformation.describe_change_set(work.aws, change_set_id, values=False)
        if not found.execution_status.startswith("EXECUTE_"):
            raise


def _left_behind(work: Work, operation: Operation) -> bool:
    """Whether there is a change set whose id never reached us; its name is made from the change's id (C14)."""
    name = work.token(operation, "plan")
    try:
        found = cloudformation.describe_change_set(work.aws, name, stack=operation.stack.name, values=False)
    except Missing:
        return False
    operation.change_set_id, operation.stack.stack_id = found.change_set_id, found.stack_id
    work.store(operation)
    return True
