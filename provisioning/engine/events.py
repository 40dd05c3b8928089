"""CloudFormation's events, kept once each and folded into the newest state of every resource."""

from django.db import transaction

from provisioning.aws.cloudformation import StackEvent
from provisioning.models import Event, Operation, Stack, StackResource

FOLDED = ("physical_id", "type", "status", "reason", "started_at", "updated_at")


def keep_events(operation: Operation, events: tuple[StackEvent, ...]) -> None:
    """Store what is new, oldest first; an event that is there already is left alone (S24)."""
    if not events:
        return
    stack = operation.stack
    with transaction.atomic():
        Event.objects.bulk_create(
            [
                Event(
                    change_id=operation.change_id,
                    stack=stack,
                    aws_id=event.event_id,
                    token=event.token,
                    at=event.at,
                    logical_id=event.logical_id,
                    physical_id=event.physical_id,
                    type=event.type,
                    status=event.status,
                    reason=event.reason,
                )
                for event in events
            ],
            ignore_conflicts=True,
        )
        _fold(stack, events)
        stack.last_event_id = events[-1].event_id
        Stack.objects.filter(pk=stack.pk).update(last_event_id=stack.last_event_id)


def _fold(stack: Stack, events: tuple[StackEvent, ...]) -> None:
    known = {row.logical_id: row for row in stack.resources.all()}
    touched: dict[str, StackResource] = {}
    for event in events:
        if event.physical_id == stack.stack_id:
            continue
        row = touched.get(event.logical_id) or known.get(event.logical_id)
        if row is not None and _is_of_replaced(row, event):
            continue
        if row is None:
            row = StackResource(stack=stack, logical_id=event.logical_id, started_at=event.at)
        touched[event.logical_id] = row
        if event.status.endswith("_IN_PROGRESS") and not row.status.endswith("_IN_PROGRESS"):
            row.started_at = event.at
        row.physical_id = event.physical_id or row.physical_id
        row.type, row.status, row.reason, row.updated_at = event.type, event.status, event.reason, event.at
    for row in touched.values():
        row.pk = None  # a row that is known by its name need not be known by its number, too
    StackResource.objects.bulk_create(
        touched.values(), update_conflicts=True, unique_fields=["stack", "logical_id"], update_fields=FOLDED
    )


def _is_of_replaced(row: StackResource, event: StackEvent) -> bool:
    """Whether an event tells that something is deleted that another resource has replaced under the same name: the name
    is the new one's by then, which stays."""
    of_another = bool(row.physical_id) and bool(event.physical_id) and event.physical_id != row.physical_id
    return event.status.startswith("DELETE_") and of_another
