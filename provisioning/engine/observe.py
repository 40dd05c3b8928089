"""Watching stacks in bulk: one ListStacks over the moving statuses per account and look (Q4–Q8).

A stack that has left that list is read once, together with its newest events, and its change is woken. Events of
moving stacks are tailed at growing pauses. Nothing in here alters AWS.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from provisioning.aws import cloudformation
from provisioning.aws.clients import Clients
from provisioning.aws.cloudformation import StackEvent, StackState
from provisioning.aws.errors import AwsError
from provisioning.engine.claims import claim_account, release_account, wake
from provisioning.engine.events import keep_events
from provisioning.engine.reaching import AwsFor, default_aws, reach
from provisioning.lifecycle import MOVING_STACKS, UNDER_REVIEW, stack_status
from provisioning.models import Operation, Stack, StackResource

log = structlog.get_logger(__name__)

STACK_TYPE = "AWS::CloudFormation::Stack"
PAUSES = ((2.0, 0.2), (10.0, 0.5), (60.0, 1.0))
LONGEST_PAUSE = 2.0
EVENT_PAUSES = ((4.0, 1.0), (20.0, 4.0))
LONGEST_EVENT_PAUSE = 20.0
UNREACHABLE_PAUSE = 5.0


@dataclass(frozen=True)
class Look:
    """What one look led to: the changes to ring for, and when to look again (None: nothing moves)."""

    woken: tuple[uuid.UUID, ...] = ()
    again_in: float | None = None


def observe(account_id: int, aws_for: AwsFor = default_aws) -> Look:
    """Look once at everything that moves in one account."""
    account = claim_account(account_id)
    if account is None:
        return Look()
    again: float | None = UNREACHABLE_PAUSE
    woken: list[uuid.UUID] = []
    try:
        watched = list(
            Operation.objects.filter(
                is_open=True,
                called_at__isnull=False,
                finished_at__isnull=True,
                stack__environment__account=account,
            ).select_related("stack", "change", "template")
        )
        woken, again = _look(reach(account, aws_for), watched) if watched else ([], None)
    except AwsError as trouble:
        log.warning("observe_failed", account=account.slug, trouble=str(trouble))
    finally:
        due = None if again is None else timezone.now() + timedelta(seconds=again)
        release_account(account, due)
    return Look(tuple(woken), again)


def _look(aws: Clients, watched: list[Operation]) -> tuple[list[uuid.UUID], float | None]:
    moving = {stack.stack_id: stack for stack in cloudformation.list_stacks(aws, MOVING_STACKS)}
    woken = []
    for operation in watched:
        summary = moving.get(operation.stack.stack_id)
        if summary is not None:
            _still_moving(aws, operation, summary.status)
        elif _has_ended(aws, operation):
            woken.append(operation.change_id)
    if woken:
        wake(woken)
    remaining = [operation for operation in watched if operation.finished_at is None]
    return woken, min((_pause(_age(one), PAUSES, LONGEST_PAUSE) for one in remaining), default=None)


def _age(operation: Operation) -> float:
    return (timezone.now() - (operation.called_at or timezone.now())).total_seconds()


def _pause(age: float, pauses: tuple[tuple[float, float], ...], longest: float) -> float:
    return next((pause for limit, pause in pauses if age < limit), longest)


def _still_moving(aws: Clients, operation: Operation, status: str) -> None:
    now = timezone.now()
    Stack.objects.filter(pk=operation.stack.pk).update(status=status, observed_at=now)
    if operation.next_events_at is None or operation.next_events_at <= now:
        keep_events(operation, _new_events(aws, operation))
        _events_due(operation, now + timedelta(seconds=_pause(_age(operation), EVENT_PAUSES, LONGEST_EVENT_PAUSE)))


def _events_due(operation: Operation, at: datetime) -> None:
    Operation.objects.filter(pk=operation.pk).update(next_events_at=at)


def _new_events(aws: Clients, operation: Operation) -> tuple[StackEvent, ...]:
    return cloudformation.stack_events(aws, operation.stack.stack_id, after=operation.stack.last_event_id or None)


def _has_ended(aws: Clients, operation: Operation) -> bool:
    """Whether our operation, not just the stack, has come to rest: the stack's own newest event says so."""
    keep_events(operation, _new_events(aws, operation))
    newest = (
        operation.change.events.filter(stack=operation.stack, type=STACK_TYPE)
        .filter(Q(token=operation.token) | Q(token="", at__gte=_since(operation)))
        .order_by("-at", "-id")
        .first()
    )
    if newest is None or newest.status == UNDER_REVIEW or stack_status(newest.status).moving:
        return False
    state = cloudformation.describe_stack(aws, operation.stack.stack_id)
    if state is not None and stack_status(state.status).moving:
        return False
    _finish(operation, state, newest.status)
    return True


def _since(operation: Operation) -> datetime:
    """For events without a token: from when on they can be this operation's. A minute of grace for clocks."""
    return (operation.called_at or timezone.now()) - timedelta(seconds=60)


def _finish(operation: Operation, state: StackState | None, ended: str) -> None:
    status = state.status if state is not None else ended
    now, stack = timezone.now(), operation.stack
    with transaction.atomic():
        operation.finished_at, operation.result = now, status
        operation.save(update_fields=["finished_at", "result"])
        stack = Stack.objects.select_for_update().get(pk=stack.pk)
        stack.status, stack.observed_at = status, now
        meaning = stack_status(status)
        if meaning.gone or state is None:
            _forget(stack)
        else:
            remember(stack, state)
            if not meaning.failed:
                stack.template, stack.parameters = operation.template, operation.parameters
                stack.blueprint_version = operation.change.goal.get("blueprint_version", "")
        stack.save()
        StackResource.objects.filter(stack=stack, status__in=["DELETE_COMPLETE", "DELETE_SKIPPED"]).delete()


def _forget(stack: Stack) -> None:
    """Nothing of it is there any more; template and parameters stay, so that it can be woken as it was."""
    stack.outputs, stack.tags, stack.stack_id, stack.last_event_id = [], {}, "", ""
    stack.created_at = stack.updated_at = None
    stack.termination_protection = stack.update_policy = False
    stack.protection_seen_at = None
    StackResource.objects.filter(stack=stack).delete()


def remember(stack: Stack, state: StackState) -> None:
    """Put what AWS says of a stack on its row, which the caller saves; the status is the caller's."""
    stack.status_reason = state.status_reason
    stack.outputs = [
        {"key": one.key, "value": one.value, "description": one.description, "export": one.export_name}
        for one in state.outputs
    ]
    stack.tags = dict(state.tags)
    stack.termination_protection = state.termination_protection
    stack.created_at, stack.updated_at = state.created_at, state.updated_at
