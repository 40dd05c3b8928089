"""What is kept when an operation has ended: why it failed, as far as AWS tells it, and how long its resources took."""

import structlog

from provisioning.aws import cloudformation
from provisioning.aws.clients import Clients
from provisioning.aws.cloudformation import FailedEvent
from provisioning.aws.errors import AwsError
from provisioning.engine.causes import began, failures
from provisioning.engine.timing import learn
from provisioning.engine.work import tokens_of
from provisioning.lifecycle import FAILED_BY_HOOK, FAILED_VALIDATION, stack_status
from provisioning.models import Event, Operation

log = structlog.get_logger(__name__)


def before_the_end(aws: Clients, operation: Operation, status: str) -> None:
    """An operation is about to be written down as ended in `status`. Of one that failed, AWS is asked once for the
    failures that a stack's events do not tell: of hooks and of checks (S23). Not being told is no reason to wait."""
    if not stack_status(status).failed:
        return
    try:
        told = cloudformation.failed_events(aws, stack_id=operation.stack.stack_id)
    except AwsError as trouble:
        log.warning("failures_not_told", stack=operation.stack.name, trouble=str(trouble))
        return
    tokens, since = {*tokens_of(operation), ""}, began(operation)
    known = {(event.logical_id, event.status) for event in failures(operation)}
    news = [one for one in told or () if one.token in tokens and one.at >= since and not one.warns]
    rows = [_row(operation, one) for one in news]
    new = [row for row in rows if row.status.endswith("_FAILED") and (row.logical_id, row.status) not in known]
    Event.objects.bulk_create(new, ignore_conflicts=True)


def at_the_end(operation: Operation) -> None:
    """An operation's end is being written down, in the caller's transaction."""
    learn(operation)


def _row(operation: Operation, failed: FailedEvent) -> Event:
    status = FAILED_BY_HOOK if failed.hook else FAILED_VALIDATION if failed.validation else failed.status
    who = failed.hook or " ".join(part for part in (failed.validation, failed.path) if part)
    return Event(
        change=operation.change,
        stack=operation.stack,
        aws_id=failed.event_id,
        token=failed.token,
        at=failed.at,
        logical_id=failed.logical_id,
        physical_id=failed.physical_id,
        type=failed.type,
        status=status,
        reason=f"{who}: {failed.reason}" if who else failed.reason,
    )
