"""What writing items takes, before it is done: write units of the table and of every index, and what they cost.

One unit a started KB of the larger of what is there and what comes, on the table and on each index that the item is or
was in; an index that an item moves within is written twice.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from provisioning.costs.book import book
from provisioning.costs.tables import write_units
from provisioning.items.query import Shape, View
from provisioning.items.values import Item, Value, same_item, size_of

TRANSACTION = 2  # times the units of a plain write


def units_of_put(shape: Shape, new: Mapping[str, Value], old: Mapping[str, Value] | None = None) -> Decimal:
    """The write units of putting an item over what is there, None for nothing."""
    size = max(size_of(new), size_of(old or {}))
    return _units(size) + sum((_units_in(shape, view, new, old) for view in shape.indexes), Decimal(0))


def units_of_delete(shape: Shape, item: Mapping[str, Value]) -> Decimal:
    """The write units of deleting an item."""
    entries = (_entry(shape, view, item) for view in shape.indexes)
    return _units(size_of(item)) + sum((_units(size_of(entry)) for entry in entries if entry), Decimal(0))


def units_of(shape: Shape, legs: Sequence[tuple[Item | None, Item | None]]) -> Decimal:
    """The write units of one write: of each item that it reaches, before and after it, None for none. Several items at
    once are a transaction, which costs twice as much."""
    units = sum((_units_of_one(shape, before, after) for before, after in legs), Decimal(0))
    return units * TRANSACTION if len(legs) > 1 else units


def _units_of_one(shape: Shape, before: Item | None, after: Item | None) -> Decimal:
    return units_of_delete(shape, before or {}) if after is None else units_of_put(shape, after, before)


def dollars(units: Decimal, billing_mode: str) -> Decimal | None:
    """What write units cost in US dollars. None where capacity is provisioned: it is paid for whether used or not."""
    if billing_mode == "PROVISIONED":
        return None
    return units * book().price("dynamodb.write").rate


def _units(size: int) -> Decimal:
    return write_units(Decimal(size))


def _units_in(shape: Shape, view: View, new: Mapping[str, Value], old: Mapping[str, Value] | None) -> Decimal:
    after, before = _entry(shape, view, new), _entry(shape, view, old or {})
    if same_item(after, before):
        return Decimal(0)
    if after is None or before is None:
        return _units(size_of(after or before or {}))
    stays = all(same_item({name: after[name]}, {name: before[name]}) for name in view.keys)
    sizes = size_of(after), size_of(before)
    return _units(max(sizes)) if stays else _units(sizes[0]) + _units(sizes[1])


def _entry(shape: Shape, view: View, item: Mapping[str, Value]) -> Item | None:
    """What an index has of an item; None when the item lacks one of its keys and so is not in it."""
    if not all(name in item for name in view.keys):
        return None
    projected = shape.projected(view.name)
    return {name: value for name, value in item.items() if projected is None or name in projected}
