"""Items as they are told: in DynamoDB's own JSON, exact; or plain, where plain JSON loses nothing of them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from django.http import HttpResponse
from ninja import Schema

from portal.tables.plain import lies
from provisioning.items.exporting import plain
from provisioning.items.patching import has_hidden
from provisioning.items.values import Item, dumps

PLAIN, TYPED = "plain", "typed"
View = Literal["typed", "plain"]
Json = dict[str, Any]
_HIDDEN = "is hidden"


class Amount(Schema):
    """Capacity units, and US dollars; `usd` is null where capacity is provisioned or has no price."""

    units: str
    usd: str | None


class ItemPage(Schema):
    """A page of what a query or scan found. `scanned` items were read and paid for, `returned` matched; `capacity` is
    in read units. `more`: the work of one request was over before the page was full. `next` null: that is all.
    `view` typed although plain was asked for: `why_typed` says what of which attribute plain JSON would lose. `missing`
    are attributes that the index does not carry, whatever the items have."""

    reads: Literal["query", "scan"]
    view: View
    why_typed: dict[str, str]
    items: list[Json]
    next: str | None
    returned: int
    scanned: int
    read_so_far: int
    share: float | None
    capacity: str
    calls: int
    more: bool
    hides: bool
    projected: list[str] | None


class ItemShape(Schema):
    """One item as it is now. `etag` is what a request to alter it takes as If-Match; what is `hidden` is shown as
    {"HIDDEN": its type}, and is sent back as it is shown. `to_save` and `to_delete` are what that takes at most, on the
    table and every index."""

    table: str
    key: Json
    view: View
    why_typed: dict[str, str]
    item: Json
    hidden: list[str]
    etag: str | None
    size_bytes: int
    capacity: str | None
    to_save: Amount | None
    to_delete: Amount | None


@dataclass(frozen=True)
class Told:
    """Items in one view, and why it is not the one that was asked for."""

    view: View
    why_typed: dict[str, str]
    items: list[Json]


def told(items: Sequence[Item], wanted: View) -> Told:
    """Items as JSON. Plain only where nothing is lost: otherwise all of them are typed, and it is said why."""
    if wanted == TYPED:
        return Told("typed", {}, [typed(item) for item in items])
    why = {name: _HIDDEN for item in items for name, value in item.items() if has_hidden(value)} | lies(_open(items))
    if why:
        return Told("typed", why, [typed(item) for item in items])
    return Told("plain", {}, [json.loads(plain(item)) for item in items])


def _open(items: Sequence[Item]) -> list[Item]:
    return [{name: value for name, value in item.items() if not has_hidden(value)} for item in items]


def typed(item: Item) -> Json:
    """An item as DynamoDB's JSON, binary content as base64."""
    found: Json = json.loads(dumps(item))
    return found


def hidden_of(item: Item) -> list[str]:
    """The attributes that are hidden, or have hidden parts."""
    return [name for name, value in item.items() if has_hidden(value)]


def units(capacity: Decimal) -> str:
    """Capacity units, exact."""
    return f"{capacity.normalize():f}"


def amount(capacity: Decimal, usd: Decimal | None) -> Amount:
    """Both, exact."""
    return Amount(units=units(capacity), usd=None if usd is None else f"{usd.normalize():f}")


def unkept(response: HttpResponse) -> None:
    """Items are kept nowhere on the way."""
    response["Cache-Control"] = "no-store, private"


def tag(version: str) -> str:
    """The ETag of an item's version."""
    return f'"{version}"'
