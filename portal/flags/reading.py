"""The matrix of an application's parameters: filtered, compared between stages, as a tree."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from django.core.paginator import Page, Paginator
from django.db.models import Case, IntegerField, Q, Value, When
from django.utils import timezone

from portal.flags.forms import DIFFERS, FLAGS, MINE, PARAMETERS, SECRETS, SHARED, STACKS
from portal.flags.rows import ASKED, MISSING, Cell, Column, Line, cells_of, columns_of
from portal.flags.tree import Folder, tree_of
from provisioning.actions.actor import Actor
from provisioning.blueprints.loader import library
from provisioning.blueprints.model import Blueprint, Flag
from provisioning.lifecycle import EnvironmentStatus
from provisioning.models import Environment

PAGE_SIZE = 250  # rows of a page
MOST_COLUMNS = 20
FAST, SLOW = 2, 30  # seconds between two looks: while something moves, while nothing does
NOBODYS = (EnvironmentStatus.REMOVED, EnvironmentStatus.REQUESTED)


@dataclass(frozen=True)
class Board:
    """Everything below the filters. `left_out` counts environments that no column is for, `compared` says that only
    differing values are listed, `seen` changes when anything in it does."""

    columns: tuple[Column, ...]
    root: Folder
    page: Page[Line]
    total: int
    left_out: int
    compared: bool
    pause: int
    seen: str


def application_of(slug: str) -> Blueprint | None:
    """The application that was chosen; else the first one that has parameters."""
    known = library().blueprints
    with_path = [name for name, one in sorted(known.items()) if one.parameter_path is not None]
    return known.get(slug) or next((known[name] for name in (*with_path, *sorted(known))), None)


def environments_of(application: str, actor: Actor, columns: str = "") -> tuple[list[Environment], int]:
    """The environments of an application that have parameters, twenty at most: shared ones, then one's own, then the
    rest; and how many there are besides."""
    shared, mine = ~Q(name__contains="-"), Q(owner_id=actor.user_id)  # personal ones have a dash in their name
    found = Environment.objects.filter(application=application).exclude(status__in=NOBODYS)
    if columns in {SHARED, MINE}:
        found = found.filter(shared | mine if columns == MINE else shared)
    rank = Case(When(shared, then=Value(0)), When(mine, then=Value(1)), default=Value(2), output_field=IntegerField())
    shown = list(found.select_related("parameter_path").order_by(rank, "name")[: MOST_COLUMNS + 1])
    left_out = found.count() - MOST_COLUMNS if len(shown) > MOST_COLUMNS else 0
    return shown[:MOST_COLUMNS], left_out


def read_board(
    blueprint: Blueprint | None,
    environments: Sequence[Environment],
    wanted: Mapping[str, str],
    *,
    page: str = "1",
    left_out: int = 0,
    asked: int = 0,
) -> Board:
    """The matrix from rows alone: no AWS call. `asked` is how many readings were just asked for."""
    columns, lines = read_lines(blueprint, environments)
    shown = Paginator(fitting(lines, columns, wanted), PAGE_SIZE).get_page(page)
    moving = asked or any(one.reading or _moves(one, lines, place) for place, one in enumerate(columns))
    return Board(
        columns=columns,
        root=tree_of(shown.object_list),
        page=shown,
        total=len(lines),
        left_out=left_out,
        compared=wanted.get("view") == DIFFERS,
        pause=FAST if moving else SLOW,
        seen=_seen(columns, shown.object_list),
    )


def read_lines(
    blueprint: Blueprint | None, environments: Sequence[Environment]
) -> tuple[tuple[Column, ...], list[Line]]:
    """The environments as columns, and every parameter that is stored in one of them or declared, by key."""
    flags = {flag.key: flag for flag in blueprint.flags} if blueprint else {}
    columns = columns_of(environments, blueprint)
    return columns, _lines(columns, cells_of(columns, flags), flags)


def fitting(lines: Iterable[Line], columns: Sequence[Column], wanted: Mapping[str, str]) -> list[Line]:
    """Those that the filters want; with what differs of them, where only that is wanted."""
    found = [line for line in lines if _fits(line, wanted)]
    if wanted.get("view") == DIFFERS:
        found = [line for line in (_compared(line, columns) for line in found) if line.odd]
    return found


def _moves(column: Column, lines: Iterable[Line], place: int) -> bool:
    """Whether a value of that column is on its way."""
    return any(mark.tone == "busy" and mark.word == ASKED for line in lines for mark in line.cells[place].marks)


def _seen(columns: Sequence[Column], lines: Iterable[Line]) -> str:
    """Of what is declared and of what makes a cell what it is; a value is in it by its digest."""
    about = [f"{one.environment.pk}" for one in columns]
    for line in lines:
        about.append(f"{line.key}\n{line.flag}\n{line.stale}\n{sorted(line.odd)}")
        about += [
            f"{version} {digest} {at and at.timestamp()} {who}\n{owned}\n{marks}"
            for _, version, digest, at, who, owned, _, _, marks in line.cells
        ]
    return hashlib.sha256("\n".join(about).encode()).hexdigest()[:16]


def _lines(columns: Sequence[Column], known: Mapping[int, Mapping[str, Cell]], flags: Mapping[str, Flag]) -> list[Line]:
    today = timezone.now().date()
    of_columns = [known[one.environment.pk] for one in columns]
    keys = sorted({key for cells in of_columns for key in cells} | (set(flags) if columns else set()))
    return [
        Line(key, flags.get(key), tuple(cells.get(key, MISSING) for cells in of_columns), _stale(flags.get(key), today))
        for key in keys
    ]


def _stale(flag: Flag | None, today: date) -> date | None:
    return flag.stale_after if flag and flag.stale_after and flag.stale_after <= today else None


def _fits(line: Line, wanted: Mapping[str, str]) -> bool:
    only = wanted.get("only", "")
    if only == FLAGS and line.flag is None:
        return False
    if only == PARAMETERS and (line.flag is not None or line.owned):
        return False
    if only == SECRETS and not line.is_secret:
        return False
    if only == STACKS and not line.owned:
        return False
    words = wanted.get("q", "").lower().split()
    return not words or all(word in _searched(line) for word in words)


def _searched(line: Line) -> str:
    """What a word is looked for in. A secret's value is not in it: finding it would tell it bit by bit."""
    title = line.flag.title if line.flag else ""
    return "\n".join((line.key, title, *(cell.text for cell in line.cells))).lower()


def _compared(line: Line, columns: Sequence[Column]) -> Line:
    """The line with what differs of it. Shared environments are compared, all where there are fewer than two; one that
    was never read is left out, and so is what stacks make: it names what there is, and always differs. Secrets are
    compared by their keyed digests (pitfall 20)."""
    if line.owned:
        return line
    places = [place for place, one in enumerate(columns) if one.read_at is not None]
    shared = [place for place in places if not columns[place].personal]
    places = shared if len(shared) > 1 else places
    digests = [line.cells[place].digest for place in places]
    if len(set(digests)) < 2:
        return line
    usual = Counter(digests).most_common(1)[0][0]
    odd = frozenset(place for place in places if line.cells[place].digest != usual)
    return replace(line, odd=odd, letters=_letters(line) if line.is_secret else ())


def _letters(line: Line) -> tuple[str, ...]:
    """A letter for each value of a secret, so that one sees which are the same."""
    known: dict[str, str] = {}
    for cell in line.cells:
        if cell.digest:
            known.setdefault(cell.digest, chr(ord("A") + len(known) % 26))
    return tuple(known.get(cell.digest, "") for cell in line.cells)
