"""What commands show, before anything draws it: tables, facts, lines. Texts may come from anywhere; `plain` makes them
harmless to a terminal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

Tone = Literal["good", "bad", "busy", "attention", "quiet", ""]
# The families of the badges that pages have, by the API's own words.
_TONES: dict[str, Tone] = {
    "planning": "busy", "queued": "busy", "running": "busy", "creating": "busy", "updating": "busy", "deleting": "busy",
    "awaiting_approval": "attention", "approved": "good", "rejected": "attention",
    "sent_back": "attention", "refused": "attention", "sent": "attention", "waiting": "busy",
    "succeeded": "good", "ready": "good", "done": "good", "failed": "bad", "cancelled": "quiet",
    "superseded": "quiet", "parked": "quiet", "pending": "quiet", "skipped": "quiet",
}  # fmt: skip


@dataclass(frozen=True)
class Word:
    """A text in the colour of its family, where there are colours."""

    text: str
    tone: Tone = ""


Cell = str | Word | None


@dataclass(frozen=True)
class Table:
    """Rows under columns. A column whose name begins with # is of numbers. `empty` is said where there is no row."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    empty: str = "None."


@dataclass(frozen=True)
class Facts:
    """Names and what they are, one a line; those without a value are left out."""

    pairs: Sequence[tuple[str, Cell]]
    title: str = ""


@dataclass(frozen=True)
class Lines:
    """Text as it is, a line each."""

    lines: Sequence[Cell] = field(default_factory=tuple)


Shown = Table | Facts | Lines | Sequence["Table | Facts | Lines"]


def status(word: str) -> Word:
    """A status of the API in words and colour."""
    return Word(word.replace("_", " "), _TONES.get(word, ""))


def when(moment: str | None) -> str:
    """A moment of the API as a person here reads it; nothing where there is none."""
    if not moment:
        return ""
    return _read(moment).astimezone().strftime("%Y-%m-%d %H:%M")


def clock(moment: str) -> str:
    """The time of day of a moment of the API, as a person here reads it."""
    return _read(moment).astimezone().strftime("%H:%M:%S")


def since(moment: str | None, until: str | None = None) -> str:
    """How long ago a moment of the API was, or how long before `until`: 3 min 20 s."""
    if not moment:
        return ""
    end = _read(until) if until else datetime.now(UTC)
    return duration(end - _read(moment))


def duration(span: timedelta) -> str:
    """A span in its two largest units."""
    seconds = max(0, int(span.total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days:
        return f"{days} d {hours % 24} h"
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min {seconds % 60} s" if minutes else f"{seconds} s"


def duration_of(seconds: float) -> str:
    """So many seconds in their two largest units."""
    return duration(timedelta(seconds=seconds))


def plain(text: object) -> str:
    """A text without what a terminal would obey: control characters are shown as what they are, as are those that turn
    the direction of writing."""
    return "".join(one if one in "\n\t" or _harmless(one) else ascii(one)[1:-1] for one in str(text))


def some(values: Iterable[object]) -> str:
    """Several on one line."""
    return ", ".join(str(value) for value in values)


def _harmless(one: str) -> bool:
    number = ord(one)
    return not (number < 0x20 or 0x7F <= number < 0xA0 or 0x202A <= number <= 0x202E or 0x2066 <= number <= 0x2069)


def _read(moment: str) -> datetime:
    return datetime.fromisoformat(moment.replace("Z", "+00:00"))
