"""The worksheet on which one resource is priced: it reads properties and notes down what it had to assume."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from provisioning.costs.allowance import Allowance
from provisioning.costs.book import PriceBook
from provisioning.costs.model import HOURS, PricedInput
from provisioning.costs.scenarios import FIGURE_WORDS, number_words

FREE = "free of charge"
# Templates take texts from people: what is larger, or written with an exponent, is no size of anything.
LARGEST = Decimal(10) ** 15
WRITTEN_NUMBER = re.compile(r"\d{1,15}(\.\d{1,9})?", re.ASCII)


class NotPricedError(Exception):
    """This resource cannot be priced; the message says why, for people."""


@dataclass(frozen=True)
class Bill:
    """What a resource costs a month, not rounded yet, and from what that was reckoned."""

    monthly: Decimal
    basis: str


def is_known(value: Any) -> bool:
    """Say whether a value can be read; None (absent) and objects standing for a later value cannot."""
    return isinstance(value, str | int | float | Decimal | list | dict)


def to_number(value: Any) -> Decimal | None:
    """Read a number from 0 up, which may be text as CloudFormation parameters are; None otherwise."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    if isinstance(value, str) and not WRITTEN_NUMBER.fullmatch(value.strip()):
        return None
    number = Decimal(str(value).strip())
    return number if number.is_finite() and 0 <= number <= LARGEST else None


def to_truth(value: Any) -> bool | None:
    """Read a truth value that may be written as text; None when it is none."""
    return {"true": True, "false": False}.get(str(value).strip().lower()) if is_known(value) else None


def inside(value: Any, *path: str) -> Any:
    """Follow keys into nested dicts: None where one is absent, an unknown itself where one is in the way."""
    for key in path:
        if not isinstance(value, Mapping):
            return value if value is not None and not is_known(value) else None
        value = value.get(key)
    return value


@dataclass(frozen=True)
class Sheet:
    """One resource with its siblings, the figures of the scenario, the prices, and the notes taken. `changed` are the
    figures that a person gave instead of the scenario's; `allowance` is what is free, None where nothing is."""

    resource: PricedInput
    siblings: Mapping[str, PricedInput]
    figures: Mapping[str, Decimal]
    book: PriceBook
    changed: Mapping[str, Decimal] = field(default_factory=dict)
    allowance: Allowance | None = None
    notes: list[str] = field(default_factory=list)

    def get(self, *path: str) -> Any:
        """Return the property at this path, None when it is absent."""
        return inside(self.resource.properties, *path)

    def assume(self, sentence: str) -> None:
        """Note an assumption once, as a sentence for people."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def number(self, value: Any, *, name: str, default: int, absent: int | None = None) -> Decimal:
        """Read a number from 0 up; `absent` is AWS's default, `default` stands in for what is not known."""
        if value is None and absent is not None:
            return Decimal(absent)
        number = to_number(value)
        if number is not None:
            return number
        self.assume(f"{name} is not known yet; {default} assumed.")
        return Decimal(default)

    def truth(self, value: Any, *, name: str, default: bool) -> bool:
        """Read a truth value; absent is false, and `default` stands in for what is not known."""
        if value is None:
            return False
        truth = to_truth(value)
        if truth is not None:
            return truth
        self.assume(f"{name} is not known yet; {'on' if default else 'off'} assumed.")
        return default

    def text(self, value: Any, *, name: str, default: str, absent: str = "") -> str:
        """Read a text; `absent` is AWS's own default, `default` stands in for what is not known."""
        if value is None:
            return absent
        if isinstance(value, str):
            return value
        self.assume(f"{name} is not known yet; {default} assumed.")
        return default

    def option(self, key: str, absent: str) -> str:
        """Read a text property whose AWS default also stands in for what is not known."""
        return self.text(self.get(key), name=key, default=absent, absent=absent)

    def entries(self, value: Any, *, name: str) -> list[Any]:
        """Read a list, empty when absent; one that is not known yet counts as empty, and says so."""
        if isinstance(value, list):
            return value
        if value is not None:
            self.assume(f"{name} are not known yet; none counted.")
        return []

    def figure(self, key: str) -> Decimal:
        """Return how much is used: as measured when the context knows it, else as given, else the scenario's."""
        measured = to_number(self.resource.context.get(key))
        amount = self.changed.get(key, self.figures[key]) if measured is None else measured
        words = FIGURE_WORDS[key].format(number_words(amount))
        if measured is None:
            self.assume(f"As given: {words}" if key in self.changed else words)
        else:
            self.assume(f"Measured: {words}")
        return amount

    def cost(self, key: str, quantity: Decimal | int) -> Decimal:
        """Price a quantity of units, without those that are free."""
        free = self.allowance.take(key, Decimal(quantity)) if self.allowance else Decimal(0)
        if free:
            self.assume(f"Deducted as free: {number_words(free)} x {self.book.price(key).unit}.")
        return self.book.price(key).rate * (quantity - free)

    def hourly(self, key: str, quantity: Decimal | int = 1) -> Decimal:
        """Price a quantity of units through every hour of a month."""
        return self.cost(key, quantity) * HOURS

    def sibling(self, value: Any, type_: str) -> PricedInput | None:
        """Find the resource of this template that a reference means, None when it is not one of them.

        A reference arrives as an unknown whose text names the logical id, or as an unresolved `Ref` or
        `Fn::GetAtt`.
        """
        candidates = [one for one in self.siblings.values() if one.type == type_]
        text = _reference_text(value)
        named = [one for one in candidates if re.search(rf"(?<!\w){re.escape(one.logical_id)}(?!\w)", text)]
        if len(named) == 1:
            return named[0]
        if named or is_known(value) or len(candidates) != 1:
            return None
        self.assume(f"It is taken to use {candidates[0].logical_id}, the only one of its kind here.")
        return candidates[0]


def _reference_text(value: Any) -> str:
    if not isinstance(value, dict):
        return str(value)
    target = value.get("Ref") or value.get("Fn::GetAtt") or ""
    return str(target[0]) if isinstance(target, list) and target else str(target)
