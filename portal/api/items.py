"""Items: pages of queries and scans, one item, and what is hidden of it. What the pages refuse is refused here."""

from dataclasses import dataclass
from http import HTTPStatus

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Body, Path, Query, Router, Schema
from pydantic import Field

from portal.access import actor_of
from portal.accounts.models import Scope
from portal.api.item_queries import ItemsWanted
from portal.api.item_shapes import ItemPage, ItemShape, View, amount, hidden_of, tag, told, typed, units, unkept
from portal.api.operations import operation
from portal.api.problems import ProblemError
from portal.api.tables import Where, table_of
from portal.api.text import Line, Sent, Value
from provisioning.actions.actor import Actor
from provisioning.actions.browsing import PageOfItems, do_read
from provisioning.actions.opening_items import Opened, do_open_item
from provisioning.actions.revealing import do_reveal
from provisioning.engine.item_rows import key_types
from provisioning.items.values import BadValueError, Item, loads_item, size_of
from provisioning.models import Environment, Table

router = Router(tags=["Items"])
ONE = "/environments/{app}/{name}/tables/{table}/item"


class Which(Schema):
    """Which item."""

    key: Value = Field(min_length=1, description='Its whole key as DynamoDB\'s JSON: {"id": {"S": "a"}}.')


class ItemWanted(Which):
    """Which item, and how it is to be written."""

    view: View = "typed"


class Why(Sent):
    """Why: the audit keeps it."""

    reason: Line


@dataclass(frozen=True)
class Place:
    """Where an item is, and who asks."""

    actor: Actor
    environment: Environment
    table: Table
    key: Item

    @property
    def where(self) -> tuple[Actor, Environment, Table]:
        """What every verb about a table takes first."""
        return self.actor, self.environment, self.table


def place_of(request: HttpRequest, where: Where, which: Which) -> Place:
    """The place of an address. Raises Http404 for a table that is not of this environment, ProblemError for what is no
    key of it."""
    environment, row = table_of(request, where)
    types = key_types(row)
    wanted = " and ".join(f"{name} ({kind})" for name, kind in types.items())
    try:
        key = loads_item(which.key)
    except BadValueError as wrong:
        raise _no_key(f"{wrong} The key of this table is {wanted}.") from None
    if {name: next(iter(value)) for name, value in key.items()} != types:
        raise _no_key(f"The key of this table is {wanted}.")
    return Place(actor_of(request), environment, row, {name: key[name] for name in types})


def no_item(place: Place) -> Http404:
    """There is none under this key."""
    return Http404(f"{place.table.name} has no item under this key.")


@operation(
    router, "GET", "/environments/{app}/{name}/tables/{table}/items", scope=Scope.READ, page="table",
    answers=ItemPage, summary="Query or scan items",
)  # fmt: skip
def list_items(
    request: HttpRequest,
    response: HttpResponse,
    where: Path[Where],
    wanted: Query[ItemsWanted],
) -> ItemPage:
    """With `pk` a query, without it a scan, which prod refuses. At most four calls a request: follow `next`. A cursor
    is for the person and the question that it was given for."""
    environment, row = table_of(request, where)
    found = do_read(actor_of(request), environment, row, wanted.query(row), wanted.cursor)
    unkept(response)
    return _page(found, wanted.view)


@operation(router, "GET", ONE, scope=Scope.READ, page="table_item", answers=ItemShape, summary="Read an item")
def show_item(
    request: HttpRequest,
    response: HttpResponse,
    where: Path[Where],
    wanted: Query[ItemWanted],
) -> ItemShape:
    """As it is now, strongly consistent. Its ETag is what a request to alter it takes as If-Match."""
    place = place_of(request, where, wanted)
    opened = do_open_item(*place.where, place.key)
    unkept(response)
    if opened is None:
        raise no_item(place)
    response["ETag"] = tag(opened.version)
    return _item(place, opened.shown, wanted.view, size=opened.size, opened=opened)


@operation(
    router, "POST", f"{ONE}/reveal", scope=Scope.CHANGE, page="table_item_reveal", answers=ItemShape,
    summary="Show what is hidden of an item",
)  # fmt: skip
def reveal_item(
    request: HttpRequest,
    response: HttpResponse,
    where: Path[Where],
    which: Query[Which],
    sent: Body[Why],
) -> ItemShape:
    """Needs a reason. That it was shown is written down first."""
    place = place_of(request, where, which)
    found = do_reveal(*place.where, place.key, reason=sent.reason)
    unkept(response)
    if found is None:
        raise no_item(place)
    return _item(place, found, "typed", size=size_of(found))


def _page(found: PageOfItems, wanted: View) -> ItemPage:
    shown = told(found.items, wanted)
    return ItemPage(
        reads="scan" if found.query.is_scan else "query",
        view=shown.view,
        why_typed=shown.why_typed,
        items=shown.items,
        next=found.next,
        returned=found.returned,
        scanned=found.scanned,
        read_so_far=found.read_so_far,
        share=found.share,
        capacity=units(found.capacity),
        calls=found.calls,
        more=found.carry_on,
        hides=not found.mask.is_empty,
        projected=None if found.projected is None else sorted(found.projected),
    )


def _item(place: Place, item: Item, wanted: View, *, size: int, opened: Opened | None = None) -> ItemShape:
    shown = told([item], wanted)
    return ItemShape(
        table=place.table.name,
        key=typed(place.key),
        view=shown.view,
        why_typed=shown.why_typed,
        item=shown.items[0],
        hidden=hidden_of(item),
        etag=tag(opened.version) if opened else None,
        size_bytes=size,
        capacity=units(opened.read_units) if opened else None,
        to_save=amount(opened.save_units, opened.save_price) if opened else None,
        to_delete=amount(opened.delete_units, opened.delete_price) if opened else None,
    )


def _no_key(said: str) -> ProblemError:
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad-key", said, fields={"key": said})
