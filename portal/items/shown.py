"""The attributes of an item on its page: everything of them, exact, each with its type."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from urllib.parse import urlencode

from portal.tables.action import usd_text
from portal.tables.cells import moment_of, time_hint
from portal.tables.plain import word
from provisioning.actions.item_history import Told
from provisioning.items.operators import as_text
from provisioning.items.query import Condition, Query, Shape
from provisioning.items.values import HIDDEN, TYPES, Item, Value, dumps, size_of
from provisioning.lifecycle import WriteState, WriteVerb
from provisioning.models import ItemWrite

MOST = 4_000  # characters of a value in a list of writes
LONG = 100  # characters from which a text stands in a block of its own
_BLOCKS = frozenset({"M", "L", "SS", "NS", "BS", "B"})


@dataclass(frozen=True)
class Attribute:
    """One attribute as the page shows it. `role` is the key that it is part of; `text` is exact, `is_block` puts it on
    lines of its own; `expires` is set for the attribute that the item expires by, `hint` for a number that may be a
    time. `links` lead to the indexes that this attribute is the key of."""

    name: str
    kind: str
    label: str
    text: str
    role: str = ""
    is_block: bool = False
    is_hidden: bool = False
    is_empty: bool = False
    expires: datetime | None = None
    is_expired: bool = False
    hint: str = ""
    size: int = 0


def attributes_of(item: Item, shape: Shape, ttl: str, now: datetime) -> tuple[Attribute, ...]:
    """Every attribute of an item, keys first, the others by name."""
    keys = [name for name in shape.itself.keys if name in item]
    names = [*keys, *sorted(name for name in item if name not in keys)]
    return tuple(_attribute(name, item[name], shape, ttl, now) for name in names)


def _attribute(name: str, value: Value, shape: Shape, ttl: str, now: datetime) -> Attribute:
    ((kind, content),) = value.items()
    if kind == HIDDEN:
        return Attribute(name, kind, TYPES.get(content, "Hidden"), "hidden", _role(name, shape), is_hidden=True)
    text = full_text(value)
    expires = moment_of(content) if kind == "N" and name == ttl else None
    return Attribute(
        name,
        kind,
        TYPES[kind],
        text,
        _role(name, shape),
        is_block=kind in _BLOCKS or len(text) > LONG or "\n" in text,
        is_empty=kind == "S" and not text,
        expires=expires,
        is_expired=expires is not None and expires <= now,
        hint="" if kind != "N" or expires else time_hint(name, content),
        size=size_of({name: value}),
    )


def _role(name: str, shape: Shape) -> str:
    return {shape.itself.partition: "partition key", shape.itself.sort: "sort key"}.get(name, "")


def full_text(value: Value) -> str:
    """All of a value as text; maps, lists and sets as typed JSON over several lines."""
    ((kind, _content),) = value.items()
    return dumps(value, pretty=True) if kind in _BLOCKS and kind != "B" else word(value)


def short_text(value: Value | None, most: int = 80) -> str:
    """A value in one line, cut where it is long; empty for none."""
    if value is None:
        return ""
    text = full_text(value) if "S" in value or "N" in value else dumps(value)
    text = "hidden" if HIDDEN in value else " ".join(text.split()) if "S" not in value else text
    return text if len(text) <= most else f"{text[: most - 1]}…"


def key_text(key: Item, names: Iterable[str] = (), most: int = 60) -> str:
    """A key in one line, such as `alice · 3`."""
    return " · ".join(short_text(key[name], most) or "“”" for name in (names or key) if name in key)


@dataclass(frozen=True)
class Change:
    """One place before and after, as texts; empty where there is nothing."""

    path: str
    before: str
    after: str


@dataclass(frozen=True)
class WriteLine:
    """A write as a list shows it; `token` stands for its item in an address, empty where that cannot be told."""

    write: ItemWrite
    verb: WriteVerb
    state: WriteState
    token: str
    key_text: str
    from_text: str
    differences: tuple[Change, ...]
    unreadable: bool
    why_not_undo: str


def write_lines(told: Iterable[Told]) -> tuple[WriteLine, ...]:
    """Writes as a list shows them."""
    return tuple(
        WriteLine(
            one.write,
            one.verb,
            one.state,
            one.token,
            key_text(one.key),
            key_text(one.from_key) if one.from_key else "",
            tuple(Change(diff.path, _cut(diff.before), _cut(diff.after)) for diff in one.differences),
            one.unreadable,
            one.why_not_undo,
        )
        for one in told
    )


def _cut(value: Value | None) -> str:
    if value is None:
        return ""
    text = "hidden" if HIDDEN in value else full_text(value) or "“”"
    return text if len(text) <= MOST else f"{text[:MOST]}\n… {len(text) - MOST:,} more characters"


@dataclass(frozen=True)
class IndexLink:
    """Where else the item stands: an index, with the query that finds it there."""

    index: str
    query: str


def index_links(item: Item, shape: Shape) -> tuple[IndexLink, ...]:
    """The indexes that have this item, each with the query for its partition."""
    found = []
    for view in shape.indexes:
        values = [item.get(name) for name in view.keys]
        if any(value is None or HIDDEN in value for value in values):
            continue
        sort = Condition(view.sort, "=", *_typed(item[view.sort])) if view.sort else None
        query = Query(index=view.name, partition=as_text(item[view.partition]), sort=sort)
        found.append(IndexLink(view.name, urlencode([*query.pairs(), ("run", "1")])))
    return tuple(found)


def _typed(value: Value) -> tuple[str, str]:
    return next(iter(value)), as_text(value)


def cost_words(units: Decimal, price: Decimal | None) -> str:
    """Write units and what they cost, such as `2 write units ≈ $0.0000025`."""
    told = f"{units:f} write unit{'' if units == 1 else 's'}"
    if price is None:
        return told
    text = usd_text(price)
    return f"{told}, {text}" if text.startswith("<") else f"{told} ≈ {text}"
