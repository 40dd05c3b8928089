"""When a running change is likely to be through, what in it is slower than usual, and what has gone silent."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.core.cache import cache

from portal.templatetags.stackyard import duration_text
from provisioning.blueprints.shapes import TemplateError
from provisioning.blueprints.template import parse
from provisioning.engine.timing import times_of
from provisioning.engine.work import tokens_of
from provisioning.lifecycle import stack_status
from provisioning.models import Event, Operation, Template
from provisioning.planning import eta
from provisioning.planning.eta import Part, Usual

KEPT = 60  # seconds; a page that polls each second must not ask for history each second
SEEN_LATELY = timedelta(minutes=5)  # silence is AWS's only while somebody listens
_VERBS = {"Add": "create", "Import": "create", "Modify": "update", "Dynamic": "update", "Remove": "delete"}
Graph = tuple[Mapping[str, frozenset[str]], frozenset[str]]


@dataclass(frozen=True)
class Expected:
    """What a page says about time. `left` is a sentence, `slow` a remark by stack and resource, `stalled` what has gone
    silent, in sentences."""

    left: str = ""
    slow: tuple[tuple[str, str, str], ...] = ()
    stalled: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Changes with the sentence about what is left, so that it is read aloud once."""
        return hashlib.sha256(self.left.encode()).hexdigest()[:8]

    def note(self, stack: str, resource: str) -> str:
        """The remark about one resource, empty when it goes as usual."""
        return next((text for one, name, text in self.slow if (one, name) == (stack, resource)), "")


@dataclass(frozen=True)
class _Up:
    """One operation with what is known of its resources."""

    operation: Operation
    parts: tuple[Part, ...]
    graph: Graph
    newest: datetime


def expected(operations: Sequence[Operation], events: Sequence[Event], *, now: datetime) -> Expected:
    """Of a change that runs; empty when nothing of it is up in AWS, or when it is rolled back."""
    todo = [one for one in operations if one.finished_at is None and one.action not in {"", "none"}]
    up = next((one for one in todo if one.called_at is not None), None)
    if up is None or up.cancelled_at is not None or stack_status(up.stack.status).failed:
        return Expected()
    known = _usual(sorted({row["type"] for one in todo for row in one.changes or []} | {one.type for one in events}))

    def usual_of(type_: str, verb: str) -> Usual:
        return known.get((type_, verb)) or eta.usual((), type_, verb)

    views = [_view(one, [event for event in events if _about(one, event)], now) for one in todo]
    left = [found for one in views if (found := eta.remaining(one.parts, one.graph[0], usual_of)) is not None]
    slow = tuple(
        (one.operation.stack.name, part.name, _slower(part.elapsed, usual_of(part.type, part.verb)))
        for one in views
        for part in one.parts
        if part.elapsed is not None and not part.done and eta.is_slow(part.elapsed, usual_of(part.type, part.verb))
    )
    stalled = tuple(text for one in views if one.operation is up and (text := _silent(one, now)))
    return Expected(_left(left), slow, stalled)


def _about(operation: Operation, event: Event) -> bool:
    return event.stack_id == operation.stack_id and event.token in {*tokens_of(operation), ""}


def _view(operation: Operation, events: Sequence[Event], now: datetime) -> _Up:
    begun: dict[str, Event] = {}
    over: set[str] = set()
    for event in events if operation.called_at is not None else ():
        if event.status.endswith("_IN_PROGRESS"):
            begun.setdefault(event.logical_id, event)
        elif event.logical_id in begun:
            over.add(event.logical_id)
    rows = [row for row in operation.changes or [] if row["action"] in _VERBS]
    parts = tuple(_part(row, begun.get(row["logical_id"]), now, done=row["logical_id"] in over) for row in rows)
    newest = max((event.at for event in events), default=operation.called_at or now)
    template = operation.template_id or operation.stack.template_id
    graph = _graph(template) if template else ({}, frozenset())
    return _Up(operation, parts, graph, max(newest, operation.called_at or newest))


def _part(row: Mapping[str, Any], begun: Event | None, now: datetime, *, done: bool) -> Part:
    verb = "create" if row.get("replacement") == "True" else _VERBS[row["action"]]
    elapsed = None if begun is None else max(0.0, (now - begun.at).total_seconds())
    return Part(row["logical_id"], row["type"], verb, elapsed, done)


@lru_cache(maxsize=256)
def _graph(digest: str) -> Graph:
    """What of a template needs what, and which of its tables have indexes; read once per process."""
    body = Template.objects.values_list("body", flat=True).get(pk=digest)
    try:
        resources = parse(body).resources
    except TemplateError:
        return {}, frozenset()
    indexed = (name for name, one in resources.items() if "GlobalSecondaryIndexes" in (one.get("Properties") or {}))
    return eta.dependencies(resources), frozenset(indexed)


def _usual(types: Sequence[str]) -> Mapping[tuple[str, str], Usual]:
    key = f"usual-resources:{hashlib.sha256(' '.join(types).encode()).hexdigest()[:16]}"
    known: Mapping[tuple[str, str], Usual] | None = cache.get(key)
    if known is None:
        known = {(kind, verb): eta.usual(times, kind, verb) for (kind, verb), times in times_of(types).items()}
        cache.set(key, known, KEPT)
    return known


def _left(found: Iterable[eta.Eta]) -> str:
    parts = list(found)
    if not parts:
        return ""
    seconds, first = sum(one.seconds for one in parts), parts[0]
    late = next((one.late for one in parts if one.late), "")
    if late:
        return f"It takes longer than usual; {late} holds it up."
    hangs_on = f"; {first.critical} takes longest" if seconds >= eta.MINUTE else ""
    guess = " This is a first guess: too few past runs to go by." if any(one.guessed for one in parts) else ""
    return f"{_about_so_long(seconds)} left{hangs_on}.{guess}"


def _about_so_long(seconds: float) -> str:
    if seconds < eta.MINUTE:
        return "Less than a minute"
    if seconds < 2 * eta.HOUR:
        return f"About {round(seconds / eta.MINUTE)} min"
    return f"About {round(seconds / eta.HOUR)} h"


def _slower(elapsed: float, known: Usual) -> str:
    first = "by a first guess " if known.guessed else ""
    return f"Usually {first}{duration_text(known.half)}, now {_whole(elapsed)}. AWS goes on by itself."


def _whole(seconds: float) -> str:
    """Minutes while it is long, so that a page that is read aloud does not change every second."""
    return duration_text(seconds - seconds % eta.MINUTE if seconds >= eta.MINUTE else seconds)


def _silent(one: _Up, now: datetime) -> str:
    stack, silence = one.operation.stack, (now - one.newest).total_seconds()
    moving = [part for part in one.parts if part.elapsed is not None and not part.done]
    indexes = any(part.name in one.graph[1] for part in moving)
    heard = stack.observed_at is not None and now - stack.observed_at < SEEN_LATELY
    if not heard or silence < eta.longest_silence((part.type for part in moving), indexes=indexes):
        return ""
    at = f" at {', '.join(part.name for part in moving[:3])}" if moving else ""
    return (
        f"{stack.name} seems to stand still{at}: nothing new from CloudFormation for {_whole(silence)}. Nothing is"
        " stopped because of that; it may still end well. Look at the resource's own logs in AWS."
    )
