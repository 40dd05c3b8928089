"""Two sides of one table, item by item: what only one of them has, and what differs, by type and by value.

Nothing in here ever holds a hidden value: a `Side` is an item as both masks let it be seen, and for what they hide a
keyed digest, which says whether two values are the same and nothing else (pitfall 41). Numbers are the same by what
they are worth, sets by their members (pitfall 16).
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from provisioning.items.canonical import canonical
from provisioning.items.exporting import FileForm
from provisioning.items.intents import Path
from provisioning.items.masking import Mask
from provisioning.items.sealing import digest
from provisioning.items.values import Item, Value, dumps, key_of, restored, same

PURPOSE = "compare"
RESULT = FileForm(
    "ndjson",
    "Result as JSON lines",
    "ndjson",
    "application/x-ndjson",
    "One line for each key that is not the same, with the places that differ, typed.",
)


class Outcome(StrEnum):
    """What came of one key. MISSING is not here and there; EXTRA is here and not there."""

    SAME = "same"
    DIFFERENT = "different"
    MISSING = "missing"
    EXTRA = "extra"


class How(StrEnum):
    """How a place differs. HIDDEN: it differs, and neither side is told."""

    VALUE = "value"
    TYPE = "type"
    ONLY_HERE = "here"
    ONLY_THERE = "there"
    HIDDEN = "hidden"


@dataclass(frozen=True)
class Side:
    """One item on one side: its key, what may be seen of it, and digests of the attributes that are hidden in whole
    or in part."""

    key: Item
    shown: Item
    marks: Mapping[str, str]


@dataclass(frozen=True)
class Hiding:
    """What the masks of both sides hide: what is hidden on one side is hidden on both, or a value that is seen here
    would tell the one that is the same there."""

    masks: tuple[Mask, ...]
    keys: tuple[str, ...]

    def side(self, item: Item) -> Side:
        """An item as a side."""
        shown = self.shown(item)
        hidden = {name for mask in self.masks for name in mask.hidden_in(item)}
        marks = {name: digest(PURPOSE, canonical({name: item[name]}).decode()) for name in hidden}
        return Side(key_of(item, self.keys), shown, marks)

    def shown(self, item: Mapping[str, Value]) -> Item:
        """What may be seen of an item."""
        seen = dict(item)
        for mask in self.masks:
            seen = mask.apply(seen)
        return seen

    def touches(self, path: Path) -> bool:
        """Whether a place is hidden, or a part of it is."""
        return any(mask.touches(path) for mask in self.masks)


@dataclass(frozen=True)
class Difference:
    """One place that differs, with what both sides have there; None where a side has nothing, or it is hidden."""

    path: Path
    how: How
    here: Value | None = None
    there: Value | None = None


@dataclass(frozen=True)
class Compared:
    """One key and what came of it. `item` is what the one side has that has it, for MISSING and EXTRA."""

    key: Item
    outcome: Outcome
    differences: tuple[Difference, ...] = ()
    item: Item | None = None


def compare(here: Side | None, there: Side | None) -> Compared:
    """What came of one key; at least one side has it. Raises ValueError when none does."""
    if here is None or there is None:
        one = here or there
        if one is None:
            raise ValueError("There is nothing to compare.")
        return Compared(one.key, Outcome.EXTRA if here else Outcome.MISSING, item=one.shown)
    found = tuple(_differences(here, there))
    return Compared(here.key, Outcome.DIFFERENT if found else Outcome.SAME, found)


def _differences(here: Side, there: Side) -> Iterator[Difference]:
    for name in dict.fromkeys((*here.shown, *there.shown)):
        seen = tuple(_between((name,), here.shown.get(name), there.shown.get(name)))
        yield from seen
        if not seen and here.marks.get(name) != there.marks.get(name):
            yield Difference((name,), How.HIDDEN)


def _between(path: Path, here: Value | None, there: Value | None) -> Iterator[Difference]:
    if same(here, there):
        return
    if here is None or there is None:
        yield Difference(path, How.ONLY_THERE if here is None else How.ONLY_HERE, here, there)
    elif here.keys() != there.keys():
        yield Difference(path, How.TYPE, here, there)
    elif "M" in here:
        for name in dict.fromkeys((*here["M"], *there["M"])):
            yield from _between((*path, name), here["M"].get(name), there["M"].get(name))
    else:
        yield Difference(path, How.VALUE, here, there)


Order = Callable[[Mapping[str, Value]], Any]


def in_order_of(sort: str) -> Order:
    """How DynamoDB orders the items of one partition, or their keys, by the sort key: numbers by worth, texts by their
    bytes. Without a sort key there is one item at most."""

    def order(item: Mapping[str, Value]) -> Any:
        if not sort:
            return 0
        ((kind, content),) = item[sort].items()
        return Decimal(content) if kind == "N" else content.encode() if kind == "S" else content

    return order


Pair = tuple[Side | None, Side | None]


def merge(here: Iterable[Side], there: Iterable[Side], order: Order, *, descending: bool = False) -> Iterator[Pair]:
    """Sides of the same key together, out of two rows of sides whose keys are both in this order; no more than one of
    each is held at a time."""
    ours, theirs = iter(here), iter(there)
    one, other = next(ours, None), next(theirs, None)
    while one is not None or other is not None:
        first = _first(one, other, order, descending=descending)
        yield one if first <= 0 else None, other if first >= 0 else None
        if first <= 0:
            one = next(ours, None)
        if first >= 0:
            other = next(theirs, None)


def _first(one: Side | None, other: Side | None, order: Order, *, descending: bool) -> int:
    """Below 0 when the one here comes first, above when the other does, 0 for the same key."""
    if one is None or other is None:
        return 1 if one is None else -1
    left, right = order(one.key), order(other.key)
    before = -1 if left < right else int(left > right)
    return -before if descending else before


def pair_up(here: Iterable[Side], there: Iterable[Side]) -> Iterator[Pair]:
    """Sides of the same key together, in whatever order they come: those of here first, then what is only there."""
    theirs = {canonical(side.key): side for side in there}
    for side in here:
        yield side, theirs.pop(canonical(side.key), None)
    yield from ((None, side) for side in theirs.values())


def as_line(compared: Compared) -> bytes:
    """One line of a result, as typed JSON."""
    told = {
        "key": _text(compared.key),
        "is": str(compared.outcome),
        "item": _text(compared.item),
        "differences": [
            {"path": list(one.path), "how": str(one.how), "here": _text(one.here), "there": _text(one.there)}
            for one in compared.differences
        ],
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def from_line(line: bytes, hiding: Hiding) -> Compared:
    """A line of a result, with what is hidden by now hidden in it, whatever was so when it was written."""
    told = json.loads(line)
    item = told["item"] and restored(told["item"])
    differences = (
        Difference(tuple(one["path"]), How(one["how"]), _value(one["here"]), _value(one["there"]))
        for one in told["differences"]
    )
    return Compared(
        restored(told["key"]),
        Outcome(told["is"]),
        tuple(_hidden_by_now(one, hiding) for one in differences),
        None if item is None else hiding.shown(item),
    )


def _hidden_by_now(difference: Difference, hiding: Hiding) -> Difference:
    if not hiding.touches(difference.path):
        return difference
    return replace(difference, how=How.HIDDEN, here=None, there=None)


def _text(thing: Mapping[str, Any] | None) -> str | None:
    return None if thing is None else dumps(thing)


def _value(text: str | None) -> Value | None:
    return None if text is None else restored(f'{{"value":{text}}}')["value"]
