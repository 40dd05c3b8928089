"""Lines of the matrix as rows of a table. They are put together here and not in a template, because a page has more
than a thousand cells; whatever comes from outside is escaped in here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from html import escape
from urllib.parse import quote

from django.urls import reverse
from django.utils import timezone

from portal.flags.rows import Column, Line, Mark
from portal.flags.showing import BOOLEAN, Shown
from portal.templatetags.stackyard import icon, relative_text

_KEY = "~"  # stands for a parameter's key while the addresses of a column are made
_SAFE = "/~"


@dataclass(frozen=True)
class _Place:
    """A column's addresses: of a parameter, before and after its key, and of the form for a new one, empty for those
    who may not make one; its environment's name, escaped."""

    before: str
    after: str
    new: str
    name: str


@dataclass(frozen=True)
class _Row:
    """A line, and what all its cells have in common: its key escaped and as it stands in an address, and now."""

    line: Line
    key: str
    quoted: str
    now: datetime


def rows(lines: Iterable[Line], columns: Sequence[Column], *, may_change: bool) -> list[str]:
    """A row for each line, its cells in the order of the columns."""
    places, now = [_place(column, may_change=may_change) for column in columns], timezone.now()
    return [_narrow_row(_row(line, now), places) for line in lines]


def wide_rows(lines: Iterable[Line], column: Column, *, may_change: bool) -> list[str]:
    """The same for one environment alone, with what is stored, what is live and who in cells of their own."""
    place, now = _place(column, may_change=may_change), timezone.now()
    return [_wide_row(_row(line, now), place) for line in lines]


def _place(column: Column, *, may_change: bool) -> _Place:
    return _addresses(column.environment.application, column.environment.name, may_change)


@lru_cache(maxsize=1_000)
def _addresses(application: str, name: str, may_change: bool) -> _Place:  # noqa: FBT001  (kept by its value)
    """Made once: each folder of the tree asks for those of every column."""
    new = reverse("parameter_new", args=(application, name)) if may_change else ""
    before, _, after = reverse("parameter", args=(application, name, _KEY)).rpartition(_KEY)
    return _Place(before, after, new, escape(name))


def _row(line: Line, now: datetime) -> _Row:
    return _Row(line, escape(line.key), quote(line.key, safe=_SAFE), now)


def _narrow_row(row: _Row, places: Sequence[_Place]) -> str:
    cells = [_cell(row, number, place) for number, place in enumerate(places)]
    return f"<tr>{_head(row)}{''.join(cells)}</tr>"


def _wide_row(row: _Row, place: _Place) -> str:
    (cell,) = row.line.cells
    marks = _marks(cell.marks)
    if cell.shown is None:
        return f'<tr>{_head(row)}<td>{_missing(row, place)}</td><td>{marks}</td><td class="minor"></td></tr>'
    value = f'{_link(row, cell.shown, place)} <span class="quiet small">v{cell.version}</span>'
    who = f"{_since(cell.at, row.now)}{_by(cell.who)}"
    return f'<tr>{_head(row)}<td>{value}</td><td>{marks}</td><td class="minor quiet small">{who}</td></tr>'


def _head(row: _Row) -> str:
    line = row.line
    name = escape(line.key.rpartition("/")[2])
    title = f'<span class="flag-title">{escape(line.flag.title)}</span>' if line.flag and line.flag.title else ""
    marks = ""
    if line.owned:
        marks += f' <span class="flag-lock" title="Made by a stack as {escape(line.owned)}: read only">{_lock()}</span>'
    if line.stale is not None:
        marks += _mark(Mark("still used?", "attention", f"To be asked about since {line.stale:%Y-%m-%d}"))
    return f'<th scope="row"><code title="{row.key}">{name}</code>{marks}{title}</th>'


def _cell(row: _Row, number: int, place: _Place) -> str:
    line = row.line
    look, version, _, at, who, _, _, _, marks = line.cells[number]
    odd = ' class="flag-odd"' if number in line.odd else ""
    more = _marks(marks) if marks else ""
    if look is None:
        return f"<td{odd}>{_missing(row, place)}{more}</td>"
    letter = f" {line.letters[number]}" if line.letters and line.letters[number] else ""
    about = f"v{version} · {_since(at, row.now)}{_by(who)}"
    return f'<td{odd}>{_link(row, look, place, letter)}<span class="flag-about">{about}</span>{more}</td>'


def _missing(row: _Row, place: _Place) -> str:
    if not place.new or row.line.owned:
        return '<span class="quiet">missing</span>'
    href = f"{place.new}?key={quote(row.line.key, safe='/')}"
    return f'<a class="quiet" href="{href}" aria-label="Make {row.key} in {place.name}: missing">missing</a>'


def _link(row: _Row, look: Shown, place: _Place, letter: str = "") -> str:
    css, short, title = _drawn(look)
    said = short + letter
    href = f"{place.before}{row.quoted}{place.after}"
    return f'<a class="{css}" href="{href}" aria-label="{row.key} in {place.name}: {said}"{title}>{said}</a>'


@lru_cache(maxsize=4_096)
def _drawn(look: Shown) -> tuple[str, str, str]:
    """A value's classes, its line, and the title that says what is wrong with it, escaped."""
    return css_of(look), escape(look.short), f' title="{escape(look.wrong)}"' if look.wrong else ""


@lru_cache(maxsize=1_000)
def _by(who: str) -> str:
    return f" · {escape(who)}" if who else ""


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


def _since(at: datetime | None, now: datetime) -> str:
    return f"{_moment(at)}{relative_text(at, now)}</time>" if at else "—"


@lru_cache(maxsize=4_096)
def _moment(at: datetime) -> str:
    """The beginning of a time's element."""
    said = at.astimezone(UTC).isoformat(timespec="seconds")
    return f'<time datetime="{said[:19]}Z" title="{said[:10]} {said[11:16]} UTC" data-when="relative">'
