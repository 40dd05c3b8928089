"""The price book: what ships with Stackyard is complete, and a wrong book is refused with the entry named."""

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from provisioning.costs.book import BOOK_FILE, PriceBookError, PriceMissingError, book, read_book


def a_book(**changes: Any) -> dict[str, Any]:
    price = {
        "sku": None,
        "service": "AmazonDynamoDB",
        "unit": "write request unit",
        "per": "1000000",
        "price": "0.625",
        "region": "us-east-1",
        "published": None,
        "source": "a price list",
    }
    price.update(changes)
    return {
        "published": "2026-01-31",
        "currency": "USD",
        "region": "us-east-1",
        "prices": {"dynamodb.write": price},
    }


def test_a_rate_is_the_price_of_one_unit() -> None:
    price = read_book(json.dumps(a_book())).price("dynamodb.write")
    assert price.amount == Decimal("0.625")
    assert price.rate == Decimal("0.000000625")  # 0.625 / 1,000,000


def test_a_missing_price_is_named() -> None:
    with pytest.raises(PriceMissingError, match=r"2026-01-31 has no price 'dynamodb\.raed'"):
        read_book(json.dumps(a_book())).price("dynamodb.raed")


def test_the_shipped_book_bears_region_currency_and_sources() -> None:
    shipped = book()
    assert (shipped.region, shipped.currency) == ("us-east-1", "USD")
    assert len(shipped.prices) >= 30
    assert {key: price.key for key, price in shipped.prices.items()} == {key: key for key in shipped.prices}
    assert all(price.published is None or price.published <= shipped.published for price in shipped.prices.values())


def test_the_shipped_book_keeps_amounts_as_texts() -> None:
    entries = json.loads(BOOK_FILE.read_text(encoding="utf-8"))["prices"]
    assert {type(entry["price"]) for entry in entries.values()} == {str}


@pytest.mark.parametrize(("days", "old"), [(0, False), (60, False), (61, True)])
def test_a_book_is_old_after_sixty_days(days: int, old: bool) -> None:  # noqa: FBT001 (a table of answers)
    shipped = book()
    assert shipped.is_old(shipped.published + timedelta(days=days)) is old


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"price": 0.625}, r"dynamodb\.write: price must be a text"),
        ({"price": "cheap"}, r"dynamodb\.write: price must be a decimal number"),
        ({"price": "0"}, r"dynamodb\.write: price must be more than zero"),
        ({"price": "NaN"}, r"dynamodb\.write: price must be more than zero"),
        ({"per": "-1"}, r"dynamodb\.write: per must be more than zero"),
        ({"region": "eu-west-1"}, r"dynamodb\.write: region eu-west-1 is not the book's region us-east-1"),
        ({"published": "last May"}, r"dynamodb\.write: published must be a date"),
        ({"source": " "}, r"dynamodb\.write: source must be a text that is not empty"),
        ({"sku": ""}, r"dynamodb\.write: sku must be a text that is not empty"),
    ],
)
def test_a_wrong_price_is_refused_with_its_key(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(PriceBookError, match=complaint):
        read_book(json.dumps(a_book(**changes)))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "not JSON"),
        ("[]", "has no prices"),
        ('{"prices": {}}', "the book: region must be a text"),
        (
            '{"prices": {"a": 1}, "region": "r", "published": "2026-01-31", "currency": "USD"}',
            "a: a price must",
        ),
        ('{"prices": {}, "region": "r", "published": "31.1.2026"}', "the book: published must be a date"),
    ],
)
def test_a_broken_book_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(PriceBookError, match=complaint):
        read_book(text)


def test_dates_are_dates() -> None:
    assert read_book(json.dumps(a_book(published="2024-11-15"))).price("dynamodb.write").published == date(2024, 11, 15)
