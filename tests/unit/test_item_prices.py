"""What looking costs, before the click."""

from decimal import Decimal
from typing import Any

import pytest

from provisioning.items.prices import price_before, units
from provisioning.items.query import Condition, Query
from provisioning.models import Table

MB = 1_048_576
DESCRIBED = {
    "keys": [{"attribute": "id", "role": "HASH"}],
    "attribute_types": {"id": "S", "mail": "S"},
    "billing_mode": "PAY_PER_REQUEST",
    "indexes": [
        {
            "name": "keys",
            "keys": [{"attribute": "mail", "role": "HASH"}],
            "projection": "KEYS_ONLY",
            "read_capacity": 7,
        },
        {"name": "all", "keys": [{"attribute": "mail", "role": "HASH"}], "projection": "ALL", "read_capacity": 7},
        {"name": "local", "keys": [{"attribute": "id", "role": "HASH"}], "projection": "ALL", "is_local": True},
    ],
}


def table(items: int, size: int, **described: Any) -> Table:
    return Table(name="t", item_count=items, size_bytes=size, described=DESCRIBED | described)


def test_a_whole_scan_is_priced_by_the_size_of_the_table() -> None:
    price = price_before(table(1_000_000, 1_800 * MB), Query())
    assert (price.word, price.whole) == ("Scan", Decimal(1_800 * 128))
    assert price.whole_usd == Decimal("230400") * Decimal("0.125") / 1_000_000  # about 3 cents
    assert price.click == 512
    assert price.page == units(Decimal(1_800 * MB) / 1_000_000 * 25, consistent=False)


def test_strong_is_twice_eventual() -> None:
    big = table(1_000, 100 * MB)
    eventual, strong = price_before(big, Query()), price_before(big, Query(consistent=True))
    assert (strong.page, strong.click, strong.whole) == (eventual.page * 2, eventual.click * 2, eventual.whole * 2)


def test_pitfall_36_filters_and_projections_do_not_change_the_price() -> None:
    big = table(1_000_000, 1_800 * MB)
    for plain in (Query(), Query(partition="1"), Query(index="all", partition="m", page_size=100)):
        filtered = Query(
            index=plain.index,
            partition=plain.partition,
            page_size=plain.page_size,
            filters=(Condition("a", "exists"), Condition("b", "=", "S", "x")),
            attributes=("a",),
        )
        assert price_before(big, filtered) == price_before(big, plain)


def test_a_small_table_costs_no_more_than_all_of_it() -> None:
    price = price_before(table(10, 2_000), Query())
    assert (price.page, price.click, price.whole) == (Decimal(1), Decimal(1), Decimal("0.5"))
    assert price_before(table(10, 2_000), Query(page_size=10)).click == Decimal("0.5")


def test_an_index_of_keys_alone_is_a_fifth() -> None:
    full, keys = (price_before(table(1_000, 100 * MB), Query(index=name)) for name in ("all", "keys"))
    assert keys.whole * 5 == full.whole
    assert (full.items, keys.items) == (1_000, 1_000)


def test_provisioned_capacity_has_no_price_of_its_own() -> None:
    provisioned = table(1_000, MB, billing_mode="PROVISIONED", read_capacity=40)
    price = price_before(provisioned, Query())
    assert (price.page_usd, price.click_usd, price.whole_usd, price.provisioned) == (None, None, None, 40)
    assert price_before(provisioned, Query(index="all")).provisioned == 7
    assert price_before(provisioned, Query(index="local")).provisioned == 40


@pytest.mark.parametrize("query", [Query(), Query(partition="1")])
def test_a_table_that_nobody_has_counted_is_bounded_by_one_click(query: Query) -> None:
    price = price_before(table(0, 0), query)
    assert (price.click, price.items, price.item_bytes) == (Decimal(512), 0, 1024)
    assert price.page == Decimal("3.5")
