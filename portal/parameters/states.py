"""The three states of a parameter: asked for, stored, live. From rows alone."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from cryptography.fernet import InvalidToken
from django.urls import reverse
from django.utils import timezone

from portal.changes.states import change_state
from portal.flags.rows import who_put
from portal.flags.showing import Shown, shown
from portal.parameters.place import Place
from provisioning.flags.sealing import UnreadableError, opened
from provisioning.lifecycle import (
    MOVING_CHANGES,
    OPEN_CHANGES,
    ChangeStatus,
    LiveFrom,
    ParameterVerb,
    WriteState,
)
from provisioning.models import Change, ParameterPath, ParameterVersion
from provisioning.planning import secrets

FAST, SLOW = 1, 20  # seconds between two looks
VALUES = "values"  # under which a change keeps what it asks for, by key


@dataclass(frozen=True)
class State:
    """One of the three. `look` is None where there is no value; `note` says more, `tone` how good that is; `at` and
    `who` of the value; `url` where more is told."""

    title: str
    look: Shown | None
    label: str
    tone: str
    note: str = ""
    at: datetime | None = None
    who: str = ""
    url: str = ""


@dataclass(frozen=True)
class States:
    """All three, when to look again (seconds), and how old the reading is, with its trouble."""

    asked: State
    stored: State
    live: State
    pause: int
    read_at: datetime | None
    problem: str
    rests: bool

    @property
    def seen(self) -> str:
        """Changes when anything of it does, but for the reading's age."""
        about = (self.asked, self.stored, self.live, self.pause, self.problem)
        return hashlib.sha256(repr(about).encode()).hexdigest()[:16]

    @property
    def said(self) -> str:
        """What a screen reader is told when it has moved."""
        return ". ".join(f"{one.title}: {_said(one)}" for one in (self.asked, self.stored, self.live))


def _said(state: State) -> str:
    return f"{state.look.short}, {state.label}" if state.look else state.label


def read_states(place: Place) -> States:
    """The three states as they are now."""
    path = ParameterPath.objects.filter(environment=place.environment).first()
    now = timezone.now()
    reading = path is not None and (
        (path.read_due_at is not None and path.read_due_at <= now)
        or (path.reading_until is not None and path.reading_until > now)
    )
    moving = place.change is not None and place.change.status in MOVING_CHANGES
    return States(
        asked=_asked(place),
        stored=_stored(place),
        live=_live(place),
        pause=FAST if moving or reading else SLOW,
        read_at=path.read_at if path else None,
        problem=path.problem if path else "",
        rests=not moving,
    )


def _asked(place: Place) -> State:
    change = place.change
    if change is None:
        return State("Asked for", None, "Nobody asked", "quiet", note="It is as it was found.")
    state = change_state(change)
    verb = next((wish["verb"] for wish in change.goal["sets"] if wish["key"] == place.key), "")
    return State(
        title="Asked for",
        look=None if verb == ParameterVerb.DELETE else _asked_value(place, change),
        label=f"To be deleted: {state.label.lower()}" if verb == ParameterVerb.DELETE else state.label,
        tone=state.tone,
        note=_note(change),
        at=change.requested_at,
        who=change.requested_by.get_full_name() or change.requested_by.get_username(),
        url=reverse("change", args=[change.pk]),
    )


def _note(change: Change) -> str:
    if change.status == ChangeStatus.FAILED:
        return str((change.problem or {}).get("sentence", ""))
    return change.waiting_for if change.status in OPEN_CHANGES else ""


def _asked_value(place: Place, change: Change) -> Shown | None:
    row = place.row
    if row is not None and row.asked_by_id == change.pk:
        return _shown(place, row.type, row.asked_value)
    try:  # of one that is about to be made there is no row yet
        wanted = secrets.opened(change.secrets).get(VALUES, {}).get(place.key)
    except InvalidToken:  # kept under another SECRET_KEY
        return None
    if wanted is None:
        return None
    kind = next(wish["type"] for wish in change.goal["sets"] if wish["key"] == place.key)
    return shown(kind, wanted, place.flag)


def _shown(place: Place, kind: str, kept: str) -> Shown | None:
    try:
        return shown(kind, "" if kind == "SecureString" else opened(kind, kept), place.flag) if kept else None
    except UnreadableError:
        return None


def _stored(place: Place) -> State:
    row = place.row
    if row is None:
        return State("Stored", None, "Missing", "attention", note="Parameter Store has none of this name.")
    if row.gone_at is not None:
        return State("Stored", None, "Deleted", "quiet", at=row.gone_at, note="Its history is kept here.")
    look = shown(row.type, row.value, place.flag)
    note, tone = look.wrong and f"Not as declared. {look.wrong}", "bad" if look.wrong else "good"
    if row.outside_at is not None:
        note, tone = f"Set outside Stackyard. {note}".strip(), "bad" if look.wrong else "attention"
    return State("Stored", look, f"v{row.version}", tone, note=note, at=row.modified_at, who=writer_of(place))


def writer_of(place: Place) -> str:
    """Who put the stored version."""
    row = place.row
    if row is None:
        return ""
    found = ParameterVersion.objects.filter(parameter=row, generation=row.generation, version=row.version)
    names = ("parameter_id", "verb", "who", "by__first_name", "by__last_name", "by__username")
    return who_put(found.filter(state=WriteState.DONE).values_list(*names).first())


def _live(place: Place) -> State:
    row = place.there
    if row is None or row.live_at is None:
        waits = place.flag is not None and place.flag.after == "redeploy"
        note = "The next redeploy tells what runs." if waits else "Nothing that runs has told what it has."
        return State("Live", None, "Not known", "quiet", note=note)
    if not row.live_of:
        return State("Live", None, "Nothing can be seen", "quiet", note=_unseen(place), at=row.live_at)
    on, of = row.live_on or 0, row.live_of
    look = _shown(place, row.type, row.live_value)
    source = LiveFrom(row.live_from).label if row.live_from in LiveFrom.values else ""
    if on >= of:
        return State(
            "Live", look, f"v{row.version} on all {of}" if of > 1 else f"v{row.version}", "good", source, row.live_at
        )
    rolling = place.change is not None and place.change.status in MOVING_CHANGES
    label = f"{'rolling: ' if rolling else ''}{on} of {of} on v{row.version}"
    behind = f"The rest still has v{row.live_version}. " if row.live_version is not None else ""
    return State("Live", look, label, "busy" if rolling else "attention", f"{behind}{source}", row.live_at)


def _unseen(place: Place) -> str:
    if place.environment.status == "parked":
        return "The environment is parked: nothing runs."
    return "Nothing runs, or it cannot be seen: a local AWS starts no machines."
