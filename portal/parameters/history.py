"""Every version of a parameter from our own table, which goes beyond the hundred that AWS keeps (pitfall 11).

Since when it has its value, what differs between two, and why one cannot be restored.
"""

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.urls import reverse

from portal.flags.rows import who_put
from portal.flags.showing import Shown, shown
from portal.parameters.place import Place
from provisioning.flags.rules import SECURE, is_secret
from provisioning.flags.sealing import UnreadableError, digest, opened
from provisioning.lifecycle import ParameterVerb, WriteState
from provisioning.models import ParameterVersion

PAGE_SIZE, RECENT = 25, 8
OLDEST = 1_000  # versions that are looked through for since when a value stands
MOST_LINES = 400  # of a difference
SAME_HIDDEN = "Both have the same value. It is compared by a keyed digest and not shown."
OTHER_HIDDEN = "The values differ. They are compared by a keyed digest and not shown."
UNKNOWN_HIDDEN = "The value of one of them is not known here, so they cannot be compared."


@dataclass(frozen=True)
class HistoryLine:
    """One version. `look` is None for a deletion, and for a value that was never read; `why_not` says why it cannot be
    restored, empty when it can."""

    row: ParameterVersion
    look: Shown | None
    word: str
    who: str
    change_url: str
    restores: ParameterVersion | None
    current: bool
    why_not: str
    hidden: bool

    @property
    def name(self) -> str:
        """How it is called: v7; a deletion and what is being sent have no number."""
        if self.row.version is not None:
            return f"v{self.row.version}"
        return "being stored" if self.row.state == WriteState.SENT else "—"


@dataclass(frozen=True)
class Blame:
    """Since which version the stored value stands, and who put it there."""

    version: int
    at: datetime
    who: str
    reason: str
    change_url: str


@dataclass(frozen=True)
class DiffLine:
    """A line of a difference; `mark` is minus, plus or empty."""

    mark: str
    text: str


@dataclass(frozen=True)
class Difference:
    """Two versions held against each other. `said` stands where no lines can be shown."""

    before: ParameterVersion
    after: ParameterVersion
    lines: tuple[DiffLine, ...]
    said: str = ""


def read_history(place: Place, page: str) -> tuple[Page[ParameterVersion], tuple[HistoryLine, ...]]:
    """One page of its versions, newest first."""
    shown_page = Paginator(_versions(place), PAGE_SIZE).get_page(page)
    return shown_page, tuple(_line(place, row) for row in shown_page.object_list)


def recent_history(place: Place) -> tuple[HistoryLine, ...]:
    """The newest ones."""
    return tuple(_line(place, row) for row in _versions(place)[:RECENT])


def _versions(place: Place) -> QuerySet[ParameterVersion]:
    rows = ParameterVersion.objects.filter(parameter=place.row).exclude(state=WriteState.REFUSED)
    return rows.select_related("by", "restores", "change").order_by("-generation", "-at", "-id")


def version_of(place: Place, number: int) -> ParameterVersion | None:
    """The version row of that id, if it is one of this parameter."""
    return ParameterVersion.objects.filter(parameter=place.row, pk=number).select_related("by").first()


def _line(place: Place, row: ParameterVersion) -> HistoryLine:
    there = place.there
    current = there is not None and (row.generation, row.version) == (there.generation, there.version)
    return HistoryLine(
        row=row,
        look=look_of(place, row),
        word=ParameterVerb(row.verb).label,
        who=_who(row),
        change_url=reverse("change", args=[row.change_id]) if row.change_id else "",
        restores=row.restores,
        current=current,
        why_not=why_not_restore(place, row),
        hidden=is_hidden(place, row),
    )


def is_hidden(place: Place, row: ParameterVersion) -> bool:
    """Whether a version's value is a secret, and there is one to reveal."""
    secret = is_secret(row.type, place.flag.type if place.flag else "")
    return secret and row.version is not None and row.verb != ParameterVerb.DELETE and place.row is not None


def _who(row: ParameterVersion) -> str:
    names = (row.by.first_name, row.by.last_name, row.by.get_username()) if row.by else ("", "", "")
    return who_put((row.parameter_id, row.verb, row.who, *names))


def look_of(place: Place, row: ParameterVersion) -> Shown | None:
    """A version's value for people; None where there is none."""
    if row.verb in {ParameterVerb.DELETE, ParameterVerb.GONE} or not row.type:
        return None
    if row.type != SECURE and not row.value:
        return None
    return shown(row.type, "" if row.type == SECURE else row.value, place.flag)


def value_of(row: ParameterVersion) -> str:
    """The value of a version, a secret's too: for storing it again, never for a page. Empty where it is not known."""
    try:
        return opened(row.type, row.value)
    except UnreadableError:
        return ""


def why_not_restore(place: Place, row: ParameterVersion) -> str:
    """Why a version cannot be restored; empty when it can (pitfall 10)."""
    there = place.there
    if row.verb in {ParameterVerb.DELETE, ParameterVerb.GONE}:
        return "It was deleted then."
    if row.state != WriteState.DONE or not row.digest:
        return "Its value was never read."
    if there is not None and row.digest == there.digest:
        return "It has this value now."
    if there is not None and row.type != there.type:
        return f"It was a {row.type} then, and AWS cannot change the type."
    return "" if value_of(row) else "Its value cannot be read any more."


def blame_of(place: Place) -> Blame | None:
    """Since when it has the value that it has, and by whom: the oldest of an unbroken row with the same value."""
    there = place.there
    if there is None:
        return None
    rows = ParameterVersion.objects.filter(
        parameter=there, generation=there.generation, state=WriteState.DONE, version__isnull=False
    )
    oldest = None
    for row in rows.select_related("by").order_by("-version")[:OLDEST]:
        if row.digest != there.digest:
            break
        oldest = row
    if oldest is None or oldest.version is None:
        return None
    url = reverse("change", args=[oldest.change_id]) if oldest.change_id else ""
    return Blame(oldest.version, oldest.at, _who(oldest), oldest.reason, url)


def difference_of(place: Place, before: ParameterVersion, after: ParameterVersion) -> Difference:
    """Two versions held against each other, line by line; secrets only by whether they differ (pitfall 20)."""
    secret = shown(before.type, "", place.flag).kind == "hidden" or SECURE in {before.type, after.type}
    if secret:
        known = before.digest and after.digest
        said = (SAME_HIDDEN if before.digest == after.digest else OTHER_HIDDEN) if known else UNKNOWN_HIDDEN
        return Difference(before, after, (), said)
    return Difference(before, after, lines_between(before.value, after.value))


def lines_between(before: str, after: str) -> tuple[DiffLine, ...]:
    """The lines of two values with what goes and what comes; JSON is laid out first, so that little stands out."""
    if digest(before) == digest(after):
        return (DiffLine("", before),)
    both = difflib.ndiff(_laid_out(before, after), _laid_out(after, before))
    return tuple(_marked(both))[:MOST_LINES]


def _marked(lines: Iterable[str]) -> Iterable[DiffLine]:
    marks = {"- ": "minus", "+ ": "plus", "  ": ""}
    for line in lines:
        if line[:2] in marks:  # what begins with ? only points at characters
            yield DiffLine(marks[line[:2]], line[2:])


def _laid_out(text: str, other: str) -> list[str]:
    first, second = _as_json(text), _as_json(other)
    return (first if first is not None and second is not None else text).splitlines() or [text]


def _as_json(text: str) -> str | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return json.dumps(found, indent=2, ensure_ascii=False) if isinstance(found, dict | list) else None
