"""Lines of the matrix as rows of a table. They are put together here and not in a template, because a page has more
than a thousand cells; whatever comes from outside is escaped in here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from html import escape
from urllib.parse import quote

from django.urls import reverse
from django.utils.safestring import SafeString

from portal.flags.rows import Column, Line, Mark
from portal.flags.showing import BOOLEAN, Shown
from portal.templatetags.stackyard import icon, relative_text

_KEY = "~"  # stands for a parameter's key while the addresses of a column are made
_SAFE = "/~"


@dataclass(frozen=True)
class _Place:
    """A column's addresses: of a parameter, with ~ for its key, and of the form for a new one, empty for those who may
    not make one; its environment's name, escaped."""

    of: str
    new: str
    name: str


def rows(lines: Iterable[Line], columns: Sequence[Column], *, may_change: bool) -> SafeString:
    """A row for each line, its cells in the order of the columns."""
    places = [_place(column, may_change=may_change) for column in columns]
    return SafeString("".join(_row(line, places) for line in lines))


def wide_rows(lines: Iterable[Line], column: Column, *, may_change: bool) -> SafeString:
    """The same for one environment alone, with what is stored, what is live and who in cells of their own."""
    place = _place(column, may_change=may_change)
    return SafeString("".join(_wide_row(line, place) for line in lines))


def _place(column: Column, *, may_change: bool) -> _Place:
    return _addresses(column.environment.application, column.environment.name, may_change)


@lru_cache(maxsize=1_000)
def _addresses(application: str, name: str, may_change: bool) -> _Place:  # noqa: FBT001  (kept by its value)
    """Made once: each folder of the tree asks for those of every column."""
    new = reverse("parameter_new", args=(application, name)) if may_change else ""
    return _Place(reverse("parameter", args=(application, name, _KEY)), new, escape(name))


def _row(line: Line, places: Sequence[_Place]) -> str:
    cells = "".join(_cell(line, number, place) for number, place in enumerate(places))
    return f"<tr>{_head(line)}{cells}</tr>"


def _wide_row(line: Line, place: _Place) -> str:
    (cell,) = line.cells
    marks = _marks(cell.marks)
    if cell.shown is None:
        return f'<tr>{_head(line)}<td>{_missing(line, place)}</td><td>{marks}</td><td class="minor"></td></tr>'
    value = f'{_link(line, cell.shown, place)} <span class="quiet small">v{cell.version}</span>'
    who = f"{_when(cell.at)}{f' · {escape(cell.who)}' if cell.who else ''}"
    return f'<tr>{_head(line)}<td>{value}</td><td>{marks}</td><td class="minor quiet small">{who}</td></tr>'


def _head(line: Line) -> str:
    name = escape(line.key.rpartition("/")[2])
    title = f'<span class="flag-title">{escape(line.flag.title)}</span>' if line.flag and line.flag.title else ""
    marks = ""
    if line.owned:
        marks += f' <span class="flag-lock" title="Made by a stack as {escape(line.owned)}: read only">{_lock()}</span>'
    if line.stale is not None:
        marks += _mark(Mark("still used?", "attention", f"To be asked about since {line.stale:%Y-%m-%d}"))
    return f'<th scope="row"><code title="{escape(line.key)}">{name}</code>{marks}{title}</th>'


def _cell(line: Line, number: int, place: _Place) -> str:
    cell = line.cells[number]
    odd = ' class="flag-odd"' if number in line.odd else ""
    if cell.shown is None:
        return f"<td{odd}>{_missing(line, place)}{_marks(cell.marks)}</td>"
    letter = f" {line.letters[number]}" if line.letters and line.letters[number] else ""
    value = _link(line, cell.shown, place, letter)
    who = f" · {escape(cell.who)}" if cell.who else ""
    about = f'<span class="flag-about">v{cell.version} · {_when(cell.at)}{who}</span>'
    return f"<td{odd}>{value}{about}{_marks(cell.marks)}</td>"


def _missing(line: Line, place: _Place) -> str:
    if not place.new or line.owned:
        return '<span class="quiet">missing</span>'
    href = f"{place.new}?key={quote(line.key, safe='/')}"
    return f'<a class="quiet" href="{href}" aria-label="Make {escape(line.key)} in {place.name}: missing">missing</a>'


def _link(line: Line, look: Shown, place: _Place, letter: str = "") -> str:
    href = place.of.replace(_KEY, _quoted(line.key))
    short = f"{escape(look.short)}{letter}"
    title = f' title="{escape(look.wrong)}"' if look.wrong else ""
    label = f'aria-label="{escape(line.key)} in {place.name}: {short}"'
    return f'<a class="{css_of(look)}" href="{href}" {label}{title}>{short}</a>'


@lru_cache(maxsize=10_000)
def _quoted(key: str) -> str:
    """A key in an address; every column has the same ones."""
    return quote(key, safe=_SAFE)


def css_of(look: Shown) -> str:
    """The classes of a shown value."""
    if look.wrong:
        return "flag-value flag-wrong"
    if look.kind == BOOLEAN:
        return "flag-value flag-on" if look.on else "flag-value flag-off"
    return "flag-value flag-hidden" if look.kind == "hidden" else "flag-value"


def _marks(marks: Iterable[Mark]) -> str:
    return "".join(map(_mark, marks))


def _mark(mark: Mark) -> str:
    title = f' title="{escape(mark.title)}"' if mark.title else ""
    return f' <span class="badge badge-{mark.tone}"{title}><span class="dot"></span>{escape(mark.word)}</span>'


@lru_cache(maxsize=1)
def _lock() -> str:
    return icon("lock", "Read only")


def _when(at: datetime | None) -> str:
    if at is None:
        return "—"
    utc = at.astimezone(UTC)
    day, clock = utc.date().isoformat(), utc.time().isoformat("seconds")
    return (
        f'<time datetime="{day}T{clock}Z" title="{day} {clock[:5]} UTC" data-when="relative">'
        f"{relative_text(utc)}</time>"
    )
