"""What happens to each resource of each stack, folded from the change's own events: now, and just so years later."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from portal.changes.expecting import Expected
from portal.changes.states import State, in_words, resource_state, short_type
from provisioning.engine.work import tokens_of
from provisioning.lifecycle import StackKind, stack_status
from provisioning.models import Event, Operation
from provisioning.planning.reasons import consequence

STACK_TYPE = "AWS::CloudFormation::Stack"
# The stack's own words for "a new operation begins"; what an earlier attempt left behind is no news any more.
BEGINNINGS = frozenset(
    {"REVIEW_IN_PROGRESS", "CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "IMPORT_IN_PROGRESS"}
)
NOT_STARTED = State("Not started", "quiet")


@dataclass(frozen=True)
class ResourceLine:
    """One resource as pieces/resource_row.html shows it; `elapsed` is seconds."""

    name: str
    type: str
    status: State
    elapsed: int | None = None
    note: str = ""
    physical_id: str = ""


@dataclass(frozen=True)
class StackProgress:
    """One stack, or one part of the work on it: what failed, what failed only because of that, what moves, what is
    done, what is still to come. `key` tells the parts of a page apart, `purpose` says what a part is for."""

    key: str
    purpose: str
    kind: str
    title: str
    name: str
    status: object
    failed: tuple[ResourceLine, ...] = ()
    consequences: tuple[ResourceLine, ...] = ()
    moving: tuple[ResourceLine, ...] = ()
    finished: tuple[ResourceLine, ...] = ()
    coming: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """How many resources this is about."""
        return sum(map(len, (self.failed, self.consequences, self.moving, self.finished, self.coming)))

    @property
    def followed(self) -> str:
        """What stands beside the number of those that failed only because of another."""
        one = len(self.consequences) == 1
        if not self.failed:  # somebody cancelled the whole of it
            return "was stopped along with the rest" if one else "were stopped along with the rest"
        return "more was cancelled because of it" if one else "more were cancelled because of it"


@dataclass(frozen=True)
class _Seen:
    """The newest event of a resource, when its present action began, and how it failed, if it did."""

    event: Event
    began: datetime
    physical_id: str
    failure: Event | None = None
    failed_after: int | None = None


def progress(
    operations: Iterable[Operation], events: Sequence[Event], *, now: datetime, slow: Expected | None = None
) -> tuple[StackProgress, ...]:
    """The stacks this change has begun to work on, with a word where something is slower than usual; empty before it
    runs."""
    begun = (_stack(operation, events, now) for operation in operations if operation.called_at is not None)
    return tuple(_remarked(stack, slow) if slow and slow.slow else stack for stack in begun)


def _remarked(stack: StackProgress, slow: Expected) -> StackProgress:
    moving = tuple(replace(line, note=slow.note(stack.name, line.name)) for line in stack.moving)
    return replace(stack, moving=moving)


def _stack(operation: Operation, events: Sequence[Event], now: datetime) -> StackProgress:
    # The parts of the work on one stack share its events; each has a token of its own (S20).
    tokens = {*tokens_of(operation), ""} if operation.purpose else None
    own = [one for one in events if one.stack_id == operation.stack_id and (tokens is None or one.token in tokens)]
    seen, newest = _folded(own, operation.stack.name)
    wrong = [one for one in seen.values() if one.failure is not None]
    fine = [one for one in seen.values() if one.failure is None]
    planned = [row["logical_id"] for row in operation.changes or [] if row["action"] != "Keep"]
    ended = operation.finished_at is not None
    return StackProgress(
        key=f"{operation.stack.kind}-{operation.part}" if operation.part else operation.stack.kind,
        purpose=operation.purpose,
        kind=operation.stack.kind,
        title=StackKind(operation.stack.kind).label,
        name=operation.stack.name,
        status=stack_status(operation.result or newest) if operation.result or newest else NOT_STARTED,
        failed=tuple(_failure(one, now) for one in wrong if not _is_consequence(one)),
        consequences=tuple(_failure(one, now) for one in wrong if _is_consequence(one)),
        moving=tuple(_line(one, now) for one in fine if _is_moving(one)),
        finished=tuple(_line(one, now) for one in fine if not _is_moving(one)),
        coming=() if ended else tuple(name for name in planned if name not in seen),
    )


def _folded(events: Iterable[Event], stack_name: str) -> tuple[Mapping[str, _Seen], str]:
    """What is known of every resource since the newest operation began, and the stack's own newest status."""
    seen: dict[str, _Seen] = {}
    newest = ""
    for event in events:
        if event.type == STACK_TYPE and event.logical_id == stack_name:
            newest = event.status
            if event.status in BEGINNINGS:
                seen = {}
            continue
        seen[event.logical_id] = _with(seen.get(event.logical_id), event)
    return seen, newest


def _with(known: _Seen | None, event: Event) -> _Seen:
    failure = event if event.status.endswith("_FAILED") else None
    if known is None:
        return _Seen(event, event.at, event.physical_id, failure)
    restarted = event.status.endswith("_IN_PROGRESS") and not _is_moving(known)
    return _Seen(
        event=event,
        began=event.at if restarted else known.began,
        physical_id=event.physical_id or known.physical_id,
        failure=known.failure or failure,
        failed_after=known.failed_after if known.failure or not failure else _seconds(known.began, event.at),
    )


def _seconds(start: datetime, end: datetime) -> int:
    return max(0, round((end - start).total_seconds()))


def _is_moving(seen: _Seen) -> bool:
    return seen.event.status.endswith("_IN_PROGRESS")


def _is_consequence(seen: _Seen) -> bool:
    return seen.failure is not None and consequence(seen.failure.reason)


def _line(seen: _Seen, now: datetime) -> ResourceLine:
    end = now if _is_moving(seen) else seen.event.at
    return ResourceLine(
        name=seen.event.logical_id,
        type=short_type(seen.event.type),
        status=resource_state(seen.event.status),
        elapsed=_seconds(seen.began, end),
        physical_id=seen.physical_id,
    )


def _failure(seen: _Seen, now: datetime) -> ResourceLine:
    """As it failed, whatever the roll-back has done with it since."""
    if seen.failure is None:
        return _line(seen, now)
    return replace(
        _line(seen, now),
        status=resource_state(seen.failure.status),
        elapsed=seen.failed_after,
        note=in_words(seen.failure.reason),
    )
