"""What is known of a stuck stack, for the choice of its way out: from our rows, or from AWS itself. Alters nothing."""

from dataclasses import replace

from provisioning.aws import cloudformation
from provisioning.aws.clients import Clients
from provisioning.lifecycle import BESIDE_STACKS, ChangeKind, ChangeStatus, StackKind
from provisioning.models import Change, Event, Operation, Stack
from provisioning.planning.ways_out import (
    RETAIN,
    Held,
    Said,
    StackFacts,
    WayOut,
    may_be_stuck,
    was_stable,
    way_out,
)

# What a retry of these makes of a stack: it starts from nothing, or is deleted once more.
MAKES = frozenset({ChangeKind.CREATE, ChangeKind.WAKE})
TAKES_AWAY = frozenset(
    {ChangeKind.PARK, ChangeKind.DELETE_COMPUTE, ChangeKind.DELETE_DATA_STACK, ChangeKind.DELETE_DATA}
)


def known_facts(stack: Stack, status: str = "") -> StackFacts:
    """What our own rows say of a stack, as last seen; `status` where AWS has just shown another one."""
    return _facts(stack, status or stack.status, _held(stack), _said(stack))


def read_facts(aws: Clients, stack: Stack, status: str) -> StackFacts:
    """What AWS says of a stack now: its resources, and every event of its life. Raises Missing."""
    held = tuple(
        Held(one.logical_id, one.physical_id, one.type, one.status, one.reason)
        for one in cloudformation.list_resources(aws, stack.stack_id)
    )
    said = tuple(
        Said(one.logical_id, one.type, one.status, one.reason, one.physical_id == stack.stack_id)
        for one in cloudformation.stack_events(aws, stack.stack_id, after=None)
    )
    return _facts(stack, status, held, said)


def known_way_out(stack: Stack, status: str = "") -> WayOut | None:
    """The way out of where a stack was last seen; None while it moves, serves, or is not there."""
    return way_out(known_facts(stack, status)) if may_be_stuck(status or stack.status) else None


def to_retry(stack: Stack, status: str = "") -> Change | None:
    """The newest change of the environment, when it failed and trying it again gets this stack out of where it is."""
    stacks = Change.objects.filter(environment=stack.environment_id).exclude(kind__in=BESIDE_STACKS)
    newest = stacks.order_by("-requested_at").first()
    if newest is None or newest.status != ChangeStatus.FAILED or newest.cleanup:
        return None
    helps = TAKES_AWAY if (status or stack.status) == "DELETE_FAILED" else MAKES
    if newest.kind not in helps or not newest.operations.filter(stack=stack).exists():
        return None
    return newest


def _facts(stack: Stack, status: str, held: tuple[Held, ...], said: tuple[Said, ...]) -> StackFacts:
    retained = Operation.objects.filter(
        stack=stack, action=RETAIN, change__goal__stack_id=stack.stack_id, finished_at__isnull=False
    )
    return StackFacts(
        kind=StackKind(stack.kind),
        name=stack.name,
        status=status,
        held=_with_reasons(held, said),
        said=said,
        # What came before an adoption is not among our events.
        stable=stack.adopted_at is not None or was_stable(said),
        retained_before=retained.exists(),
        retry=to_retry(stack, status) is not None,
    )


def _held(stack: Stack) -> tuple[Held, ...]:
    rows = stack.resources.order_by("logical_id")
    return tuple(Held(row.logical_id, row.physical_id, row.type, row.status, row.reason) for row in rows)


def _said(stack: Stack) -> tuple[Said, ...]:
    """The events of this stack's life; an earlier stack of that name had another id."""
    rows = Event.objects.filter(stack=stack).exclude(aws_id="").order_by("id")
    first = rows.filter(physical_id=stack.stack_id).first() if stack.stack_id else None
    if first is None:
        return ()
    return tuple(
        Said(row.logical_id, row.type, row.status, row.reason, row.physical_id == stack.stack_id)
        for row in rows.filter(pk__gte=first.pk)
    )


def _with_reasons(held: tuple[Held, ...], said: tuple[Said, ...]) -> tuple[Held, ...]:
    """Not every listing says why: the newest event of a resource in that state does."""
    why = {(one.logical_id, one.status): one.reason for one in said if one.reason}
    return tuple(replace(one, reason=one.reason or why.get((one.logical_id, one.status), "")) for one in held)
