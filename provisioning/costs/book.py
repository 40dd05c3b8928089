"""The price book: list prices of one region, kept in `price_book.json` with their date and source.

Prices are never read from web pages and never asked for while a page is drawn. The book is replaced as a
whole, so one estimate never mixes two dates.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

BOOK_FILE = Path(__file__).with_name("price_book.json")
GOOD_FOR = timedelta(days=60)


class PriceBookError(ValueError):
    """The price book cannot be read; the message names the entry and what is wrong with it."""


class PriceMissingError(LookupError):
    """The price book has no such price."""


@dataclass(frozen=True)
class Price:
    """One list price.

    `amount` is what `per` units cost together; `published` is the date of the evidence, None when it bears
    none; `sku` is AWS's own number of the price, None when it is not on record.
    """

    key: str
    service: str
    unit: str
    amount: Decimal
    per: Decimal
    region: str
    source: str
    sku: str | None
    published: date | None

    @property
    def rate(self) -> Decimal:
        """What one unit costs."""
        return self.amount / self.per


@dataclass(frozen=True)
class PriceBook:
    """All prices by key, such as `dynamodb.write`; `published` is the day the book was put together."""

    published: date
    currency: str
    region: str
    prices: Mapping[str, Price]

    def price(self, key: str) -> Price:
        """Return one price; raises PriceMissingError when the book does not have it."""
        try:
            return self.prices[key]
        except KeyError:
            raise PriceMissingError(f"The price book of {self.published} has no price {key!r}.") from None

    def has(self, key: str) -> bool:
        """Say whether the book has this price."""
        return key in self.prices

    def is_old(self, today: date) -> bool:
        """Say whether the book is more than 60 days old, so that nobody should decide by it any more."""
        return today - self.published > GOOD_FOR


@cache
def book() -> PriceBook:
    """Return the shipped price book, read once per process; raises PriceBookError when the file is wrong."""
    return read_book(BOOK_FILE.read_text(encoding="utf-8"))


def read_book(text: str) -> PriceBook:
    """Read a price book from JSON; raises PriceBookError naming the entry that is wrong."""
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise PriceBookError(f"The price book is not JSON: {error}.") from error
    if not isinstance(data, dict) or not isinstance(data.get("prices"), dict):
        raise PriceBookError("The price book has no prices.")
    region = _text(data, "region", "the book")
    return PriceBook(
        published=_day(_text(data, "published", "the book"), "the book"),
        currency=_text(data, "currency", "the book"),
        region=region,
        prices={key: _price(key, entry, region) for key, entry in data["prices"].items()},
    )


def _price(key: str, entry: Any, region: str) -> Price:
    if not isinstance(entry, dict):
        raise PriceBookError(f"{key}: a price must be an object.")
    # One estimate uses one region's prices, so a stray row of another region is a mistake in the file.
    if _text(entry, "region", key) != region:
        raise PriceBookError(f"{key}: region {entry['region']} is not the book's region {region}.")
    published = entry.get("published")
    sku = entry.get("sku")
    return Price(
        key=key,
        service=_text(entry, "service", key),
        unit=_text(entry, "unit", key),
        amount=_positive(entry, "price", key),
        per=_positive(entry, "per", key),
        region=region,
        source=_text(entry, "source", key),
        sku=_text(entry, "sku", key) if sku is not None else None,
        published=_day(_text(entry, "published", key), key) if published is not None else None,
    )


def _text(entry: Mapping[str, Any], field: str, where: str) -> str:
    value = entry.get(field)
    if not isinstance(value, str) or not value.strip():
        raise PriceBookError(f"{where}: {field} must be a text that is not empty, and is {value!r}.")
    return value


def _positive(entry: Mapping[str, Any], field: str, where: str) -> Decimal:
    # Amounts are texts in the file: a JSON number would pass through binary floating point.
    try:
        amount = Decimal(_text(entry, field, where))
    except InvalidOperation:
        raise PriceBookError(f"{where}: {field} must be a decimal number, and is {entry[field]!r}.") from None
    if not amount.is_finite() or amount <= 0:
        raise PriceBookError(f"{where}: {field} must be more than zero, and is {entry[field]!r}.")
    return amount


def _day(value: str, where: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise PriceBookError(f"{where}: published must be a date such as 2026-01-31, and is {value!r}.") from None
