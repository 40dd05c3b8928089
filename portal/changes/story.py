"""The story of a change: one line per event, oldest first, each under an id that only grows.

A page shows the lines up to an id and asks for what came after it. Two writers may commit their lines in the other
order than they took their ids; so the page also says how many lines it has, and is told all of them when one turned
up in between.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.changes.resources import STACK_TYPE
from portal.changes.states import STEP_EVENT, State, event_state, in_words, short_type
from provisioning.models import Change, Event

SHOWN = 200


@dataclass(frozen=True)
class StoryLine:
    """One line: when, how many seconds after the request, what it is about, how it is, AWS's or the step's words."""

    id: int
    at: datetime
    since: int
    about: str
    type: str
    status: State
    text: str
    failed: bool


@dataclass(frozen=True)
class Story:
    """Lines to show. `last` is the newest id, `count` how many lines there are up to it, `earlier` how many of them
    are left out at the top, `late` that the asker has missed one further up."""

    lines: tuple[StoryLine, ...]
    last: int
    count: int
    earlier: int = 0
    late: bool = False


def read_events(change_id: uuid.UUID) -> list[Event]:
    """Every event of a change, oldest first: one query for the story and the resources alike."""
    return list(Event.objects.filter(change_id=change_id).order_by("id"))


def told(change: Change, events: Sequence[Event], *, failed_only: bool = False, limit: int | None = SHOWN) -> Story:
    """The story as it stands, its newest `limit` lines."""
    lines = [_line(event, change.requested_at) for event in events]
    lines = [line for line in lines if line.failed or not failed_only]
    shown = lines if limit is None else lines[-limit:]
    last = events[-1].pk if events else 0
    return Story(tuple(shown), last, len(events), len(lines) - len(shown))


def told_since(change: Change, after: int, count: int | None, *, failed_only: bool = False) -> Story:
    """What came after the line `after`. With `count`, all lines once more when that many no longer fit."""
    mine = Event.objects.filter(change=change)
    # Counted before reading: a line that comes in between is after `after`, or is found by the next count.
    known = mine.filter(pk__lte=after).count()
    if count is not None and count != known:
        whole = told(change, read_events(change.pk), failed_only=failed_only)
        return Story(whole.lines, whole.last, whole.count, whole.earlier, late=True)
    events = list(mine.filter(pk__gt=after).order_by("id"))
    part = told(change, events, failed_only=failed_only, limit=None)
    return Story(part.lines, part.last or after, known + len(events))


def _line(event: Event, start: datetime) -> StoryLine:
    of_stack = event.type == STACK_TYPE
    of_step = event.status.startswith(STEP_EVENT)
    failed = event.status.lower().endswith("_failed")
    return StoryLine(
        id=event.pk,
        at=event.at,
        since=max(0, round((event.at - start).total_seconds())),
        about=event.logical_id,
        type="" if of_step else short_type(event.type),
        status=event_state(event.status, of_stack=of_stack),
        text=in_words(event.reason) if failed and not of_step else event.reason,
        failed=failed,
    )
