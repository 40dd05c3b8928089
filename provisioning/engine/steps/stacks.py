"""Running: execute the reviewed change set, or delete a stack, and wait until the observer has seen the end."""

from collections.abc import Callable, Iterable

from django.utils import timezone

from provisioning.aws import cloudformation
from provisioning.aws.errors import Busy, Conflict, Missing, Refused
from provisioning.engine import cancelling
from provisioning.engine.causes import first_cause
from provisioning.engine.outcome import Done, Outcome, Problem, Stop, Wait
from provisioning.engine.steps import dividing, guarding
from provisioning.engine.steps.change_sets import as_reviewed, nothing_to_do
from provisioning.engine.steps.checking import ACCEPT, CREATE, DELETE, IMPORT, NONE, UPDATE
from provisioning.engine.work import Work, shell_token
from provisioning.lifecycle import BEING_DELETED, UNDER_REVIEW, StackKind, stack_status
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
        outcome = ensure_part(work, operation)
        if not isinstance(outcome, Done):
            break
    return outcome


def ensure_part(work: Work, operation: Operation) -> Outcome:
    """One part of a stack's work: its reviewed change set is executed, or the stack deleted, and the end waited for."""
    if operation.action in {NONE, ACCEPT}:
        return Done("Nothing to change", skipped=True)
    if operation.finished_at is not None:
        return _result(work, operation)
    if operation.called_at is None:
        held_up = _held_up(work, operation)
        if held_up is not None:
            return held_up
        call_once(work, operation, _run)
    doing = Wait(f"{operation.stack.name} is being {DOING[operation.action]}", WATCHED, look=True)
    return cancelling.send_back(work, operation) or doing


def _held_up(work: Work, operation: Operation) -> Outcome | None:
    """Why a part is not begun now: somebody cancelled, it is not ready, there is nothing to do, the data guard."""
    if work.change.cancel_asked_at is not None and not _called_before(work, operation):
        cancelled = cancelling.before_the_call(work, operation)
        if cancelled is not None:
            return cancelled
    for ready in (dividing.before_part, as_reviewed):
        outcome = ready(work, operation)
        if not isinstance(outcome, Done):
            return outcome
    if nothing_to_do(operation):
        return Done("Nothing to change", skipped=True)
    return guarding.refusal(work, operation)


def call_once(work: Work, operation: Operation, send: Callable[[Work, Operation], None]) -> None:
    """Store the intent, call, store that it was called. After a crash in between, look before calling (L16)."""
    token = work.token(operation, "run")
    crashed = operation.token == token
    if not crashed:
        operation.token = token
        work.store(operation)
    if not (crashed and _landed(work, operation)):
        try:
            _call(work, operation, send)
        except Busy as busy:
            if not crashed and busy.reason in {"throttled", "budget"}:
                operation.token = ""  # turned away at the door: nothing can have landed, so the next try need not look
                work.store(operation)
            raise
    operation.called_at = operation.next_events_at = timezone.now()
    work.store(operation)


def _called_before(work: Work, operation: Operation) -> bool:
    """Whether a worker that was cut off may have made the call that nobody wrote down (L16)."""
    return operation.token == work.token(operation, "run") and _landed(work, operation)


def _run(work: Work, operation: Operation) -> None:
    if operation.action == DELETE:
        cloudformation.delete_stack(work.aws, operation.stack.stack_id, token=operation.token)
        return
    cloudformation.execute_change_set(
        work.aws, operation.change_set_id, token=operation.token, retain_except_on_create=True
    )


def _call(work: Work, operation: Operation, send: Callable[[Work, Operation], None]) -> None:
    try:
        send(work, operation)
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


def _result(work: Work, operation: Operation) -> Outcome:
    status = stack_status(operation.result)
    cancelled = cancelling.end_of(work, operation, status)
    if cancelled is not None:
        return cancelled
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
        if operation.called_at is not None or not _has_change_set(work, operation):
            continue
        _remove(work, operation.change_set_id)
        operation.change_set_id = ""
        _without_shell(work, operation)
        work.store(operation)
    return Done("Nothing is left behind")


def _without_shell(work: Work, operation: Operation) -> None:
    """Delete the stack that a change set made, as long as it is empty. One that goes already was told to by a worker
    that was cut off before it wrote that down: it is forgotten all the same."""
    shell = operation.stack.stack_id
    state = cloudformation.describe_stack(work.aws, shell)
    if state is not None and state.status == UNDER_REVIEW:
        cloudformation.delete_stack(work.aws, shell, token=shell_token(operation, shell))
    elif operation.action == UPDATE or (state is not None and not _goes(state.status)):
        return
    operation.stack.stack_id = operation.stack.status = ""


def _goes(status: str) -> bool:
    return status == BEING_DELETED or stack_status(status).gone


def _remove(work: Work, change_set_id: str) -> None:
    """Delete a change set. One that somebody executed outside Stackyard is history, and stays."""
    try:
        cloudformation.delete_change_set(work.aws, change_set_id)
    except Refused:
        found = cloudformation.describe_change_set(work.aws, change_set_id, values=False)
        if not found.execution_status.startswith("EXECUTE_"):
            raise


def _has_change_set(work: Work, operation: Operation) -> bool:
    """Whether a change set is there: one whose id is kept, or one whose id never reached us."""
    if operation.change_set_id:
        return True
    return operation.action in {CREATE, UPDATE, IMPORT} and _left_behind(work, operation)


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
