"""What writes take: a unit a started KB, on the table and on each index that the item is or was in."""

from decimal import Decimal

import pytest

from provisioning.items.query import Shape, View
from provisioning.items.values import Item
from provisioning.items.write_units import dollars, units_of_delete, units_of_put

SHAPE = Shape(
    "things",
    View("", "id"),
    (View("by-kind", "kind"), View("keys-of-owner", "owner", projection="KEYS_ONLY")),
    {"id": "S", "kind": "S", "owner": "S"},
)


def item(size: int = 10, **more: str) -> Item:
    """An item of about so many bytes."""
    return {"id": {"S": "a"}, "text": {"S": "x" * size}, **{name: {"S": text} for name, text in more.items()}}


@pytest.mark.parametrize(
    ("new", "old", "units"),
    [
        (item(), None, 1),
        (item(1500), None, 2),
        (item(10), item(1500), 2),  # the larger of the two counts
        (item(kind="k"), None, 2),
        (item(1500, kind="k", owner="o"), None, 5),  # two, two on the whole index, one on the one of keys
        (item(10, kind="k"), item(20, kind="k"), 2),
        (item(10, kind="k"), item(10, kind="other"), 3),  # it moves within the index: away and anew
        (item(10), item(10, kind="k"), 2),  # it leaves the index
        (item(10, owner="o"), item(20, owner="o"), 1),  # what the index has of it stays
    ],
)
def test_a_put(new: Item, old: Item | None, units: int) -> None:
    assert units_of_put(SHAPE, new, old) == units


def test_a_deletion() -> None:
    assert units_of_delete(SHAPE, item(1500, kind="k", owner="o")) == 5
    assert units_of_delete(SHAPE, item()) == 1


def test_dollars() -> None:
    assert dollars(Decimal(1_000_000), "PAY_PER_REQUEST") == Decimal("0.625")
    assert dollars(Decimal(1_000_000), "PROVISIONED") is None
