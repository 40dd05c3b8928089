"""What looking costs, before the click: capacity units and US dollars, as numbers.

All of it is about what is read, never about what is shown: filters and projections save nothing (B2, pitfall 36), so
nothing here looks at them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any

from provisioning.costs.book import PriceBook, PriceMissingError, book
from provisioning.costs.tables import KEYS_ONLY_SHARE
from provisioning.items.query import Query, shape_of
from provisioning.models import Table

UNIT_BYTES = Decimal(4096)  # of a read unit (B11)
PIECE_BYTES = Decimal(1_048_576)  # what one call reads at most (B1)
CALLS_OF_A_CLICK = 4
UNKNOWN_BYTES = Decimal(1024)  # of an item, as long as nobody has counted any
ON_DEMAND = "PAY_PER_REQUEST"
PRICE = "dynamodb.read"


@dataclass(frozen=True)
class ReadPrice:
    """The cost of a query or scan. `word` is the cost class: Query or Scan.

    Units are read capacity units: of one full `page`, of one `click` at most, and of the `whole` table or index. Those
    in `*_usd` are None where capacity is provisioned, so that a read costs nothing by itself but takes from
    `provisioned` units a second, and where there is no price. `size_bytes` is of what is read from, about, up to six
    hours old (T16); `items` is 0 when nobody knows.
    """

    word: str
    consistent: bool
    size_bytes: int
    items: int
    item_bytes: int
    page: Decimal
    click: Decimal
    whole: Decimal
    provisioned: int
    page_usd: Decimal | None
    click_usd: Decimal | None
    whole_usd: Decimal | None


def price_before(table: Table, query: Query, prices: PriceBook | None = None) -> ReadPrice:
    """What a query or scan of a table costs, by the table's row: nothing is asked of AWS."""
    described = _source(table, query.index)
    share = _share(table, query.index)
    size = Decimal(table.size_bytes) * share
    each = Decimal(table.size_bytes) / table.item_count * share if table.item_count else UNKNOWN_BYTES
    whole = units(size, consistent=query.consistent)
    most = units(PIECE_BYTES * CALLS_OF_A_CLICK, consistent=query.consistent)
    page = min(units(each * query.page_size, consistent=query.consistent), most)
    click = max(page, min(most, whole) if query.is_scan and table.item_count else most)
    rate = None if described.get("billing_mode") != ON_DEMAND else _rate(prices or book())
    return ReadPrice(
        word=query.word,
        consistent=query.consistent,
        size_bytes=int(size),
        items=table.item_count,
        item_bytes=int(each),
        page=page,
        click=click,
        whole=whole,
        provisioned=int(described.get("read_capacity") or 0),
        page_usd=_usd(page, rate),
        click_usd=_usd(click, rate),
        whole_usd=_usd(whole, rate),
    )


def units(size: Decimal, *, consistent: bool) -> Decimal:
    """The capacity units of reading so many bytes in one go: one for each 4 KB begun, half when eventually
    consistent, which is half a unit at least (B11)."""
    begun = max(Decimal(1), (size / UNIT_BYTES).to_integral_value(rounding=ROUND_CEILING))
    return begun if consistent else begun / 2


def _source(table: Table, index: str) -> Mapping[str, Any]:
    """What is described of billing and capacity: an index has capacity of its own, a local one its table's."""
    described = dict(table.described)
    for one in table.described.get("indexes", ()):
        if one["name"] == index and not one.get("is_local"):
            described["read_capacity"] = one.get("read_capacity")
    return described


def _share(table: Table, index: str) -> Decimal:
    """How much of each item there is to read: an index of keys alone keeps a fifth; others count as whole copies."""
    view = shape_of(table).view(index)
    return KEYS_ONLY_SHARE if view is not None and view.projection == "KEYS_ONLY" else Decimal(1)


def _rate(prices: PriceBook) -> Decimal | None:
    try:
        return prices.price(PRICE).rate
    except PriceMissingError:
        return None


def _usd(amount: Decimal, rate: Decimal | None) -> Decimal | None:
    return None if rate is None else amount * rate
