"""Items as rows of a table: which columns, plain or with types and why, and what each row is called."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.safestring import SafeString

from portal.tables.asked import PLAIN, TYPED, Asked
from portal.tables.cells import Look, escaped, key_words, row_of_cells
from portal.tables.columns import Choice, Columns, arrange
from portal.tables.plain import lies, types_of
from portal.templatetags.stackyard import icon
from provisioning.items.query import Shape, View
from provisioning.items.values import Item

_TOLD = 4  # attributes that are named as the reason for showing types


@dataclass(frozen=True)
class Head:
    """The head of a column. `role` says which key it is, empty for none; `expires` that items expire by it."""

    name: str
    role: str
    number: bool
    expires: bool


@dataclass(frozen=True)
class Rows:
    """What stands below the controls; `lines` are rows as markup, for there are many of them. `why_typed` says which
    attributes plain text would lie about; `chosen` that somebody asked for this view; `unprojected` that the index
    leaves attributes out."""

    heads: tuple[Head, ...]
    lines: tuple[SafeString, ...]
    columns: Columns
    typed: bool
    chosen: bool
    why_typed: tuple[str, ...]
    unprojected: bool

    @property
    def body(self) -> SafeString:
        """All of them in one piece."""
        return SafeString("".join(self.lines))

    @property
    def other_view(self) -> str:
        """The view that this one can be switched to."""
        return PLAIN if self.typed else TYPED


def rows_of(
    found: Sequence[tuple[Item, str]],
    asked: Asked,
    shape: Shape,
    *,
    ttl: str,
    now: datetime,
    choice: Choice,
    link: Callable[[str], str],
    ticks: bool = False,
) -> Rows:
    """Items with their tokens as rows. `link` gives the address of the item of a token, empty where it has no page;
    `ticks` puts a box before each that sends its token with the form `ticked`."""
    items = [item for item, _ in found]
    view = (shape.view(asked.query.index) if asked.query else None) or shape.itself
    projected = shape.projected(view.name)
    kinds = types_of(items)
    columns = arrange(_names(kinds, asked, shape, projected, (*choice.first, ttl)), _keys(view, shape), choice)
    why, arrow = lies(items), icon("arrow")
    typed = asked.view == TYPED or (not asked.view and bool(why))
    look = Look(typed, ttl, now, lambda name: projected is None or name in projected)
    return Rows(
        heads=tuple(_head(name, view, shape, kinds.get(name, set()), ttl) for name in columns.shown),
        lines=tuple(
            _line(
                _way(key_words(item, shape.itself.keys), link(token), token if ticks else "", arrow),
                row_of_cells(columns.shown, item, look),
            )
            for item, token in found
        ),
        columns=columns,
        typed=typed,
        chosen=bool(asked.view),
        why_typed=_told(why),
        unprojected=projected is not None,
    )


def _names(
    kinds: Mapping[str, set[str]], asked: Asked, shape: Shape, projected: frozenset[str] | None, more: Iterable[str]
) -> Iterable[str]:
    """The attributes that were read; where an index leaves some out, those that are known without reading too, so that
    nobody takes them for absent (pitfall 26)."""
    if projected is None or (asked.query and asked.query.attributes):
        return kinds
    return {*kinds, *shape.types, *(name for name in more if name)}


def _keys(view: View, shape: Shape) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*view.keys, *shape.itself.keys)))


def _head(name: str, view: View, shape: Shape, kinds: set[str], ttl: str) -> Head:
    if name in view.keys:
        role = "partition key" if name == view.partition else "sort key"
    else:
        role = "key of the table" if name in shape.itself.keys else ""
    return Head(name, role, kinds == {"N"}, expires=bool(ttl) and name == ttl)


def _line(way: str, cells: str) -> SafeString:
    return SafeString(f'<tr><td class="open-item">{way}</td>{cells}</tr>')


def _way(label: str, url: str, token: str, arrow: str) -> str:
    """The box to tick an item, empty without a token, and the link to its page."""
    name, way = escaped(label), ""
    if token:
        way = (
            f'<input class="tick" type="checkbox" name="token" value="{escaped(token)}" form="ticked"'
            f' aria-label="Tick {name}">'
        )
    link = f'<a href="{escaped(url)}" aria-label="Open {name}" title="Open this item">{arrow}</a>'
    return way + link if url else way


def _told(why: Mapping[str, str]) -> tuple[str, ...]:
    told = tuple(f"{name} {reason}" for name, reason in list(why.items())[:_TOLD])
    return (*told, f"{len(why) - _TOLD} more") if len(why) > _TOLD else told
