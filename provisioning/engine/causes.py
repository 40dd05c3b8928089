"""The first real cause of a failed stack operation, in words (S25)."""

from datetime import datetime, timedelta

from provisioning.aws import cloudformation
from provisioning.aws.clients import Clients
from provisioning.aws.cloudformation import ChangeSet, FailedEvent
from provisioning.aws.errors import AwsError
from provisioning.engine.outcome import Problem
from provisioning.engine.work import tokens_of
from provisioning.lifecycle import FAILED_BY_HOOK, FAILED_VALIDATION, SENT_BACK, StackStatus
from provisioning.models import Event, Operation
from provisioning.planning.reasons import ADMINISTRATOR, OWNER, YOU, consequence, explain, reason_of

EARLY_VALIDATION = "AWS::EarlyValidation"
_NAME = ("a name is taken already", "Adopt or remove what has the name, then retry.", YOU)
_BUCKET = ("a bucket still holds files", "Empty it knowingly first, then retry.", YOU)
_VALUE = ("AWS does not take one of its values", "Correct the value in the template, then retry.", OWNER)
# AWS names a check one way in a change set's reason and another way in its events (C3).
VALIDATIONS = {
    "NAME_CONFLICT_VALIDATION": _NAME,
    "ResourceExistenceCheck": _NAME,
    "BUCKET_EMPTINESS_VALIDATION": _BUCKET,
    "PROPERTY_VALIDATION": _VALUE,
    "PropertyValidation": _VALUE,
}
ROLLED_BACK_BY_HAND = "user initiated"
STACK_TYPE = "AWS::CloudFormation::Stack"
VERBS = {
    "CREATE_FAILED": "could not be created",
    "DELETE_FAILED": "could not be deleted",
    "UPDATE_FAILED": "could not be updated",
    "IMPORT_FAILED": "could not be taken over",
    FAILED_BY_HOOK: "was stopped before it was made",
    FAILED_VALIDATION: "does not pass AWS's check beforehand",
}


def failures(operation: Operation) -> list[Event]:
    """The failed events of the operation's own attempt, oldest first. A retry has another token, and its failure may
    have another cause."""
    own = operation.change.events.filter(stack=operation.stack, token__in=[*tokens_of(operation), ""])
    return list(own.filter(status__endswith="_FAILED", at__gte=began(operation)).order_by("at", "id"))


def first_failure(operation: Operation) -> Event | None:
    """The earliest failed event of the operation that is not a consequence of another (S25)."""
    return _first(failures(operation))


def _first(events: list[Event]) -> Event | None:
    real = [event for event in events if not consequence(event.reason)]
    # What a resource says is nearer to the cause than what the stack says of its resources.
    return next((event for event in real if event.type != STACK_TYPE), next(iter(real), None))


def began(operation: Operation) -> datetime:
    """When the call was made, less a minute for clocks that differ; the request, where it never was."""
    return (operation.called_at or operation.change.requested_at) - timedelta(minutes=1)


def first_cause(operation: Operation, status: StackStatus) -> Problem:
    """What went wrong, whose turn it is, what to do."""
    events = failures(operation)
    event = _first(events)
    if event is None:
        return _without_a_cause(operation, status)
    return Problem(
        *_words(event),
        raw=f"{event.status} {event.logical_id}: {event.reason}",
        code="stack-failed",
        cause=event.logical_id,
        followed=len({one.logical_id for one in events if consequence(one.reason)}),
    )


def _words(event: Event) -> tuple[str, str, str]:
    """Sentence, turn and advice about one failed resource."""
    kind = event.type.removeprefix("AWS::").replace("::", " ")
    what = f"{event.logical_id} ({kind})" if kind else event.logical_id
    happened = f"{what} {VERBS.get(event.status, VERBS['UPDATE_FAILED'])}"
    if event.status == FAILED_BY_HOOK:
        hook = reason_of("hook")
        return f"{happened}: {hook.because}. It says: “{said(event.reason)}”", hook.turn, hook.hint
    meaning = explain(event.reason)
    if meaning is not None:
        return f"{happened}: {meaning.because}.", meaning.turn, meaning.hint
    if not event.reason:
        return f"{happened}, and AWS gave no reason.", ADMINISTRATOR, "Look at it in the AWS console, then retry."
    return f"{happened}. AWS says: “{said(event.reason)}”", YOU, "Correct what AWS names, then retry."


def said(reason: str) -> str:
    """AWS's own words, fit to be quoted: one line, without a full stop at the end."""
    return " ".join(reason.split()).rstrip(".")


def _without_a_cause(operation: Operation, status: StackStatus) -> Problem:
    name = operation.stack.name
    if status.live and status.failed and rolled_back_by_hand(operation):
        return Problem(
            f"The update of {name} was cancelled in AWS, outside Stackyard, and rolled back.",
            YOU,
            "Ask whoever cancelled it there, then retry.",
            operation.stack.status_reason,
            "cancelled-outside",
        )
    return Problem(
        f"{name} ended as “{status.label.lower()}” and AWS gave no reason.",
        ADMINISTRATOR,
        "Look at the stack in the AWS console, then retry.",
        operation.stack.status_reason,
        "stack-failed",
    )


def rolled_back_by_hand(operation: Operation) -> bool:
    """Whether the operation was sent back by a call, ours or another's, rather than by a failure of its own (S10)."""
    return operation.change.events.filter(
        stack=operation.stack,
        type=STACK_TYPE,
        status=SENT_BACK,
        at__gte=began(operation),
        reason__icontains=ROLLED_BACK_BY_HAND,
    ).exists()


def refused_plan(aws: Clients, operation: Operation, found: ChangeSet) -> Problem:
    """Why CloudFormation made no plan, in words. Of its early checks the change set has only the name: which resource
    and which value it is about is asked for (C3)."""
    name, reason = operation.stack.name, said(found.reason or found.status)
    if EARLY_VALIDATION in found.reason:
        failed = next((one for one in _checks(aws, found.change_set_id) if not one.warns), None)
        if failed is not None:
            return _failed_check(name, failed, found.reason)
        known = next((words for check, words in VALIDATIONS.items() if check in found.reason), None)
        if known is not None:
            because, advice, turn = known
            sentence = f"The plan for {name} does not pass AWS's checks: {because}."
            return Problem(sentence, turn, advice, reason, "early-validation")
    meaning = explain(found.reason)
    if meaning is None:
        because, advice, turn = f"AWS says: “{reason}”", "Correct the values or the template, then retry.", YOU
        return Problem(f"CloudFormation refused the plan for {name}. {because}", turn, advice, reason, "change-set")
    sentence = f"CloudFormation refused the plan for {name}: {meaning.because}."
    return Problem(sentence, meaning.turn, meaning.hint, reason, "change-set")


def _checks(aws: Clients, change_set_id: str) -> tuple[FailedEvent, ...]:
    try:
        return cloudformation.failed_events(aws, change_set_id=change_set_id) or ()
    except AwsError:
        return ()  # what the change set itself says is told instead


def _failed_check(stack: str, failed: FailedEvent, reason: str) -> Problem:
    known = failed.validation.rpartition("::")[2]
    words = (f"the check “{known.replace('_', ' ').lower()}” failed", "Correct what AWS names, then retry.", YOU)
    because, advice, turn = VALIDATIONS.get(known, words)
    place = f" at {failed.path}" if failed.path else ""
    about = f"{failed.logical_id or stack}{place}"
    quoted = f" AWS says: “{said(failed.reason)}”" if failed.reason else ""
    sentence = f"The plan for {stack} does not pass AWS's checks: {because} ({about}).{quoted}"
    raw = f"{failed.validation} {about}: {failed.reason}\n{reason}"
    return Problem(sentence, turn, advice, raw, "early-validation")
