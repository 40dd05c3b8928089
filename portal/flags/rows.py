"""Parameters as rows and columns: what is known of each in each environment, from our own rows in a few queries."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db.models import Case, F, Value, When
from django.urls import reverse
from django.utils import timezone

from portal.flags.showing import Shown, belongs, shown
from provisioning.actions.actor import is_personal
from provisioning.blueprints.model import STAGES, Blueprint, Flag
from provisioning.flags.rules import SECURE
from provisioning.lifecycle import OPEN_CHANGES, ChangeKind, ChangeStatus, ParameterVerb, ScheduleStatus
from provisioning.models import Change, Environment, Parameter, ParameterPath, ParameterSchedule, ParameterVersion

ASKED = "asked for"  # the word on a parameter that an open change is about
OUTSIDER, ITS_STACK = "outside Stackyard", "its stack"  # who put a value, where it was no person
_OUTSIDERS = frozenset({ParameterVerb.OUTSIDE, ParameterVerb.GONE})
_COLUMNS = (
    *("pk", "environment_id", "key", "name", "type", "value", "digest", "version", "modified_at"),
    *("owned_by", "outside", "live_version", "live_on", "live_of"),
)
_OUTSIDE = Case(When(outside_at__isnull=False, then=Value(1)), default=Value(0))  # a time would be parsed for each row


@dataclass(frozen=True)
class Column:
    """One environment, and how old what is known of its parameters is."""

    environment: Environment
    path: str
    read_at: datetime | None
    reading: bool
    problem: str
    pages: int
    reads: int

    @property
    def personal(self) -> bool:
        """Whether it is somebody's own."""
        return is_personal(self.environment.name)

    @property
    def url(self) -> str:
        """The flags of this environment alone."""
        return reverse("environment_flags", args=(self.environment.application, self.environment.name))


@dataclass(frozen=True, slots=True)
class Mark:
    """A word about a value that asks for a look, with its colour family and what it means."""

    word: str
    tone: str
    title: str = ""


class Cell(NamedTuple):
    """One parameter in one environment. `shown` is None where it is not there; `digest` compares without showing. A
    tuple: a page has more than a thousand."""

    shown: Shown | None = None
    version: int = 0
    digest: str = ""
    at: datetime | None = None
    who: str = ""
    owned: str = ""
    secret: bool = False
    text: str = ""
    marks: tuple[Mark, ...] = ()


MISSING = Cell()


@dataclass(frozen=True)
class Line:
    """One parameter over all columns. `flag` is what the blueprint declares of it; `odd` are the places of the values
    that most others do not have, where they are compared."""

    key: str
    flag: Flag | None
    cells: tuple[Cell, ...]
    stale: date | None = None
    odd: frozenset[int] = frozenset()
    letters: tuple[str, ...] = ()

    @property
    def owned(self) -> str:
        """The stack resource that makes it, if one does: then nobody sets it here (pitfall 21)."""
        return next((one.owned for one in self.cells if one.owned), "")

    @property
    def is_secret(self) -> bool:
        """Whether its values are never shown."""
        return any(one.secret for one in self.cells) or (self.flag is not None and self.flag.type == "secret")


def columns_of(environments: Iterable[Environment], blueprint: Blueprint | None) -> tuple[Column, ...]:
    """Environments as columns: by stage, personal ones after. Needs `parameter_path` at hand."""
    order = {stage: place for place, stage in enumerate(STAGES)}
    made = [_column(one, (blueprint and blueprint.path(one.name)) or "") for one in environments]
    return tuple(
        sorted(made, key=lambda one: (one.personal, order.get(one.environment.stage, len(order)), one.environment.name))
    )


def _column(environment: Environment, below: str) -> Column:
    try:
        path = environment.parameter_path
    except ParameterPath.DoesNotExist:
        return Column(environment, below, None, reading=False, problem="", pages=0, reads=0)
    now = timezone.now()
    due = path.read_due_at is not None and (path.read_due_at <= now or not path.problem)
    return Column(
        environment,
        below,
        path.read_at,
        reading=due or (path.reading_until is not None and path.reading_until > now),
        problem=path.problem,
        pages=path.pages,
        reads=path.reads,
    )


def cells_of(columns: Sequence[Column], flags: Mapping[str, Flag]) -> dict[int, dict[str, Cell]]:
    """By environment and key what is known; four queries, however many there are."""
    paths = {one.environment.pk: one.path for one in columns}
    there = Parameter.objects.filter(environment__in=paths, gone_at=None).annotate(outside=_OUTSIDE)
    writers, planned = _writers(paths), _schedules(paths)
    asked = _asked(paths)
    found: dict[int, dict[str, Cell]] = {pk: {} for pk in paths}
    for row in there.values_list(*_COLUMNS):
        pk, environment, key, name = row[:4]
        if belongs(paths[environment], name):
            marks = (*asked.get((environment, key), ()), *planned.get(pk, ()))
            found[environment][key] = _cell(row, flags.get(key), writers.get(pk), marks)
    for (pk, key), marks in asked.items():
        found[pk].setdefault(key, Cell(marks=marks))  # what is about to be made
    return found


def _cell(row: Sequence[Any], flag: Flag | None, writer: tuple[Any, ...] | None, marks: tuple[Mark, ...]) -> Cell:
    kind, value, digest, version, at, owned, outside, live_version, live_on, live_of = row[4:]
    look = shown(kind, value, flag)
    if live_of and (live := live_words(version, live_version, live_on, live_of)):
        marks = (Mark(live, "attention", "What runs does not have the stored version yet"), *marks)
    if outside:
        marks = (Mark("outside", "attention", "Set outside Stackyard"), *marks)
    return Cell(
        shown=look,
        version=version,
        digest=digest,
        at=at,
        who=who_put(writer),
        owned=owned,
        secret=kind == SECURE,
        text="" if look.kind == "hidden" else value,
        marks=marks,
    )


def live_words(version: int, live_version: int | None, live_on: int | None, live_of: int | None) -> str:
    """How what runs differs from what is stored; empty where it does not, or where nothing is known of it."""
    if not live_of or live_on is None or live_on >= live_of:
        return ""
    if live_on == 0 and live_version is not None:
        return f"live: v{live_version}"
    return f"live: {live_on} of {live_of} on v{version}"


def who_put(writer: tuple[Any, ...] | None) -> str:
    """Who put the present version: the person, never the role that Stackyard has in AWS (pitfall 23)."""
    if writer is None:
        return ""
    _, verb, outsider, first, last, name = writer
    if name:
        return f"{first} {last}".strip() or str(name)
    if verb in _OUTSIDERS:
        return f"{OUTSIDER}{f', as {outsider}' if outsider else ''}"
    return ITS_STACK if verb == ParameterVerb.STACK else ""


def _writers(environments: Iterable[int]) -> dict[int, tuple[Any, ...]]:
    newest = ParameterVersion.objects.filter(
        parameter__environment__in=environments,
        version=F("parameter__version"),
        generation=F("parameter__generation"),
    ).order_by()
    return {
        row[0]: row
        for row in newest.values_list("parameter_id", "verb", "who", "by__first_name", "by__last_name", "by__username")
    }


def _asked(environments: Iterable[int]) -> dict[tuple[int, str], tuple[Mark, ...]]:
    """The parameters that an open change is about."""
    changes = Change.objects.filter(
        environment__in=environments, kind=ChangeKind.SET_PARAMETERS, status__in=OPEN_CHANGES
    ).values_list("environment_id", "status", "goal", "requested_by__username")
    found: dict[tuple[int, str], tuple[Mark, ...]] = {}
    for environment, status, goal, who in changes:
        state = ChangeStatus(status)
        mark = Mark(ASKED, state.tone, f"{who} asked for another value: {state.label.lower()}")
        for one in goal.get("sets", ()):
            found[environment, one["key"]] = (mark,)
    return found


def _schedules(environments: Iterable[int]) -> dict[int, tuple[Mark, ...]]:
    waiting = ParameterSchedule.objects.filter(
        parameter__environment__in=environments, status__in=[ScheduleStatus.WAITING, ScheduleStatus.SUSPENDED]
    ).order_by("at")
    found: dict[int, tuple[Mark, ...]] = {}
    for parameter, status, at in waiting.values_list("parameter_id", "status", "at"):
        suspended = status == ScheduleStatus.SUSPENDED
        words = ("suspended", "attention") if suspended else ("scheduled", "busy")
        found.setdefault(parameter, (Mark(*words, title=f"Another value at {at:%Y-%m-%d %H:%M} UTC"),))
    return found
