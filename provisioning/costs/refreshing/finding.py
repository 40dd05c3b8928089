"""Which entry of a bulk price file is which price of the book: by the product's attributes, as `selectors.json` says.

In most regions, and for some services in all of them, AWS writes a prefix before a usage type (`USE1-`, `EU-`), so that
both forms are the same one.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

from provisioning.costs.model import HOURS

SELECTORS_FILE = Path(__file__).with_name("selectors.json")
USAGE_TYPE = "usagetype"
_PREFIX = r"(?:[A-Z]{2,4}\d?-)?"


class NotOneError(LookupError):
    """A price was not found, or more than one fits; the message says which and why."""


@dataclass(frozen=True)
class Selector:
    """Which product a price is of. Where the file's unit is one of `month_of`, it is an hour of what the book has by
    the month."""

    key: str
    service: str
    where: Mapping[str, str]
    month_of: tuple[str, ...] = ()
    family: str = ""

    def fits(self, product: Mapping[str, Any]) -> bool:
        """Whether this product is the one."""
        attributes = product.get("attributes")
        if not isinstance(attributes, dict) or (self.family and product.get("productFamily") != self.family):
            return False
        return all(
            _same_usage(str(attributes.get(name, "")), wanted) if name == USAGE_TYPE else attributes.get(name) == wanted
            for name, wanted in self.where.items()
        )


@dataclass(frozen=True)
class Found:
    """What one file has for a price: the price of one unit in US dollars, and where it stands."""

    sku: str
    unit: str
    rate: Decimal


@dataclass
class Candidates:
    """The products that fit each selector, while one file is read."""

    selectors: tuple[Selector, ...]
    skus: dict[str, list[str]] = field(default_factory=dict)

    def look_at(self, sku: str, product: Mapping[str, Any]) -> None:
        """Note a product under every selector that it fits."""
        for one in self.selectors:
            if one.fits(product):
                self.skus.setdefault(one.key, []).append(sku)

    @property
    def wanted(self) -> frozenset[str]:
        """The SKUs whose terms are to be read."""
        return frozenset(sku for found in self.skus.values() for sku in found)


@cache
def selectors() -> Mapping[str, Selector]:
    """The selectors of every price of the book, by key."""
    data = json.loads(SELECTORS_FILE.read_text(encoding="utf-8"))
    return {
        key: Selector(key, one["service"], one["where"], tuple(one.get("month_of", ())), one.get("family", ""))
        for key, one in data.items()
    }


def pick(selector: Selector, skus: Iterable[str], terms: Mapping[str, Mapping[str, Any]]) -> Found:
    """The one price of the products that fit. Products that cost the same are one price; of several tiers the first one
    that costs anything counts, as what is free for a while is no list price. Raises NotOneError."""
    found = [one for sku in sorted(skus) if (one := _price(selector, sku, terms.get(sku, {}))) is not None]
    if not found:
        raise NotOneError(f"{selector.key}: the files have no price for {_words(selector)}.")
    if len({one.rate for one in found}) > 1:
        many = ", ".join(f"{one.sku} {one.rate}" for one in found)
        raise NotOneError(f"{selector.key}: several prices fit {_words(selector)}: {many}.")
    return found[0]


def _same_usage(given: str, wanted: str) -> bool:
    return re.fullmatch(_PREFIX + re.escape(wanted), given) is not None


def _price(selector: Selector, sku: str, offers: Mapping[str, Any]) -> Found | None:
    tiers = [
        (start, rate, str(one.get("unit", "")))
        for offer in offers.values()
        for one in offer.get("priceDimensions", {}).values()
        if (rate := _number(one.get("pricePerUnit", {}).get("USD"))) is not None
        and (start := _number(one.get("beginRange", "0"))) is not None
        and rate > 0
    ]
    if not tiers:
        return None
    _, rate, unit = min(tiers)
    return Found(sku, unit, rate * HOURS if unit in selector.month_of else rate)


def _number(text: Any) -> Decimal | None:
    try:
        number = Decimal(str(text))
    except InvalidOperation:
        return None
    return number if number.is_finite() and number >= 0 else None


def _words(selector: Selector) -> str:
    return " and ".join(f"{name} {wanted}" for name, wanted in selector.where.items())
