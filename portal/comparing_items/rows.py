"""What came of a comparison, as rows: a head for each key, and below it each place that differs, with both sides."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.safestring import SafeString, mark_safe

from portal.tables.cells import Look, cell, key_words
from portal.tables.plain import word
from provisioning.items.comparing import Compared, Difference, How, Outcome
from provisioning.items.intents import shown_path
from provisioning.items.values import Item, Value, key_token

_HIDDEN_CELL = mark_safe(
    '<td><span class="chip" title="It differs; what it is is hidden on one of the sides.">hidden</span></td>'
)
_TOLD = 6  # attributes of an item that only one side has
_CUT = 40
_HOWS: Mapping[How, str] = {
    How.VALUE: "",
    How.TYPE: "another type",
    How.ONLY_HERE: "only here",
    How.ONLY_THERE: "only there",
    How.HIDDEN: "differs",
}


@dataclass(frozen=True)
class Place:
    """A place that differs: its path, in which way, and the cells of both sides."""

    path: str
    how: str
    cells: SafeString


@dataclass(frozen=True)
class Row:
    """One key. `here` and `there` are the addresses of its item, empty on the side that has none; `told` is some of an
    item that only one side has."""

    outcome: Outcome
    key: str
    here: str
    there: str
    places: tuple[Place, ...]
    told: str


Link = Callable[[str], str]


def rows_of(found: Iterable[Compared], here: Link, there: Link, now: datetime) -> tuple[Row, ...]:
    """The rows; the links give the address of the item of a token on each side."""
    look = Look(typed=True, ttl="", now=now, carries=lambda _: True)
    return tuple(_row(one, here, there, look) for one in found)


def _row(one: Compared, here: Link, there: Link, look: Look) -> Row:
    token = key_token(one.key)
    return Row(
        outcome=one.outcome,
        key=key_words(one.key, tuple(one.key)),
        here="" if one.outcome is Outcome.MISSING else here(token),
        there="" if one.outcome is Outcome.EXTRA else there(token),
        places=tuple(_place(difference, look) for difference in one.differences),
        told=_told(one.item, one.key),
    )


def _place(difference: Difference, look: Look) -> Place:
    if difference.how is How.HIDDEN:
        cells = _HIDDEN_CELL + _HIDDEN_CELL
    else:
        cells = _cell(difference.here, look) + _cell(difference.there, look)
    return Place(shown_path(difference.path), _HOWS[difference.how], cells)


def _cell(value: Value | None, look: Look) -> SafeString:
    return cell("value", {} if value is None else {"value": value}, look)


def _told(item: Item | None, key: Item) -> str:
    others = [(name, value) for name, value in (item or {}).items() if name not in key]
    told = [f"{name} {_cut(word(value, quoted='S' in value))}" for name, value in others[:_TOLD]]
    return ", ".join([*told, "…"] if len(others) > _TOLD else told)


def _cut(text: str) -> str:
    return text if len(text) <= _CUT else f"{text[:_CUT]}…"
