"""Looking at items: a page of a query or a scan, and one item. Whatever is hidden of them never leaves here.

Nothing is asked of AWS about the table itself: its keys and indexes are known from its row (budget: one data call for
a page without filters). Calls are made with no transaction open.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import ceil

from provisioning.actions.actor import Actor, audit
from provisioning.actions.reading_troubles import in_words
from provisioning.actions.refusals import Refusal
from provisioning.aws.clients import Clients
from provisioning.aws.errors import AwsError
from provisioning.aws.items.reading import get_item
from provisioning.engine.reaching import default_aws, reach
from provisioning.engine.reading_budget import spend, wait_before_reading
from provisioning.engine.reading_pages import Gathered, gather
from provisioning.engine.reading_trails import Place, find_place, keep_next, previous_of
from provisioning.items.allowed import ban_on
from provisioning.items.masking import PROD, Mask, mask_for
from provisioning.items.paths import steps_of
from provisioning.items.query import BadQueryError, Query, Shape, check_query, shape_of
from provisioning.items.trails import BadCursorError, Bound, bound_to
from provisioning.items.values import Item, Value, key_of, key_token
from provisioning.models import Environment, Table


@dataclass(frozen=True)
class Row:
    """One item as it may be shown, and what stands for it in an address."""

    item: Item
    token: str


@dataclass(frozen=True)
class PageOfItems:
    """One page of results, and what it took.

    `next` and `previous` are cursors: None where there is no such page, empty for the first one. `number` counts pages
    and `first` rows, from 1. `returned` items matched of the `scanned` ones that were read for this page (pitfall 8);
    `read_so_far` counts those of the pages before as well, and `share` is that part of the whole table or index, about,
    None where nobody can say. `carry_on`: the work of one click was over before the page was full, and there is more
    to read. `attributes` are the names that are there, keys first; `projected` those that an index has, None for all.
    """

    query: Query
    rows: tuple[Row, ...]
    next: str | None
    previous: str | None
    number: int
    first: int
    returned: int
    scanned: int
    read_so_far: int
    share: float | None
    capacity: Decimal
    calls: int
    carry_on: bool
    attributes: tuple[str, ...]
    projected: frozenset[str] | None
    mask: Mask

    @property
    def items(self) -> tuple[Item, ...]:
        """The items as they may be shown."""
        return tuple(row.item for row in self.rows)

    @property
    def last(self) -> int:
        """The number of the last row, counted like `first`; one less than that for a page without rows."""
        return self.first + len(self.rows) - 1

    @property
    def efficiency(self) -> int | None:
        """How many of a hundred items that were read matched; None when none was read."""
        return round(100 * self.returned / self.scanned) if self.scanned else None

    def lacks(self, attribute: str) -> bool:
        """Whether an attribute is not here because the index does not have it or it was not asked for, whatever the
        item has (pitfall 26)."""
        asked = {str(steps_of(path)[0]) for path in self.query.attributes}
        if asked and attribute not in asked and attribute not in self.attributes:
            return True
        return self.projected is not None and attribute not in self.projected


@dataclass(frozen=True)
class _Look:
    """One look into a table: who looks, where, and at what."""

    actor: Actor
    environment: Environment
    table: Table
    query: Query
    shape: Shape
    mask: Mask
    bound: Bound
    place: Place


@dataclass(frozen=True)
class Found:
    """One item as it may be shown, None when there is none, and what reading it consumed."""

    item: Item | None
    capacity: Decimal
    mask: Mask


def do_read(actor: Actor, environment: Environment, table: Table, query: Query, cursor: str = "") -> PageOfItems:
    """A page of a query or scan: the one of `cursor`, or the first. Raises Refusal, with the fields it is about.

    In prod a scan is refused, what is hidden cannot be asked for, and each read leaves an audit entry without values.
    """
    require_own(environment, table)
    try:
        look = _look(actor, environment, table, query, cursor)
        found = _gathered(look)
    except BadQueryError as wrong:
        raise Refusal(wrong.sentence, "bad-query", fields=wrong.fields) from None
    except BadCursorError as wrong:
        raise Refusal(wrong.sentence, "bad-cursor") from None
    if environment.stage == PROD:
        _audit_read(look, len(found.items))
    return _page(look, found)


def do_get(actor: Actor, environment: Environment, table: Table, key: Mapping[str, Value]) -> Found:
    """One item by its key, as it is now (strongly consistent). Raises Refusal. In prod it leaves an audit entry."""
    item, capacity = read_one(actor, environment, table, key)
    mask = mask_for(environment, table)
    return Found(None if item is None else mask.apply(item), capacity, mask)


def read_one(
    actor: Actor, environment: Environment, table: Table, key: Mapping[str, Value]
) -> tuple[Item | None, Decimal]:
    """One item as it is, nothing of it hidden, and what reading it consumed: for verbs, which mask it before they hand
    it on. Raises Refusal. In prod it leaves an audit entry."""
    require_own(environment, table)
    aws = reached(actor, environment, table)
    try:
        item, capacity = get_item(aws, table.name, key)
    except AwsError as trouble:
        raise in_words(trouble, table.name) from trouble
    spend(actor.user_id, table, capacity)
    if environment.stage == PROD:
        detail: dict[str, object] = {"table": table.name, "found": item is not None}
        audit(actor, "read_items", f"Read one item of {table.name}", environment=environment, detail=detail)
    return item, capacity


def require_allowed(environment: Environment, table: Table, query: Query) -> None:
    """Refuse a checked query that may not be asked here, whoever reads for it, a job too. Raises Refusal, with the
    fields it is about."""
    require_own(environment, table)
    ban = ban_on(environment, table, query)
    if ban is not None:
        raise Refusal(ban.sentence, ban.code, fields=ban.fields, forbidden=True)


def require_own(environment: Environment, table: Table) -> None:
    """A table is read through its own environment only, whoever calls (pitfall 42)."""
    if table.environment_id != environment.pk or table.account_id != environment.account_id:
        raise Refusal(f"{environment} has no table {table.name}.", "no-table")


def _look(actor: Actor, environment: Environment, table: Table, query: Query, cursor: str) -> _Look:
    shape, mask = shape_of(table), mask_for(environment, table)
    query = check_query(query, shape)
    require_allowed(environment, table, query)
    bound = bound_to(actor.user_id, environment.pk, table.name, query)
    return _Look(actor, environment, table, query, shape, mask, bound, find_place(cursor, bound))


def reached(actor: Actor, environment: Environment, table: Table) -> Clients:
    """The AWS to read from, within the budget of person and table (pitfall 35)."""
    wait = wait_before_reading(actor.user_id, table)
    if wait > 0:
        seconds = ceil(wait)
        when = "a second" if seconds == 1 else f"{seconds} seconds"
        raise Refusal(
            f"Enough of {table.name} has been read for the moment, to leave its capacity to the application."
            f" Try again in {when}.",
            "held-back",
            retry_after=seconds,
        )
    return reach(environment.account, default_aws)


def _gathered(look: _Look) -> Gathered:
    aws = reached(look.actor, look.environment, look.table)
    try:
        found = gather(aws, look.query, look.shape, look.place.start)
    except AwsError as trouble:
        raise in_words(trouble, look.table.name, look.query.index) from trouble
    spend(look.actor.user_id, look.table, found.capacity)
    return found


def _audit_read(look: _Look, returned: int) -> None:
    """The entry names what was asked of which index, and no value."""
    query, table = look.query, look.table.name
    operators = ["="] if query.sort is None else ["=", query.sort.operator]
    detail: dict[str, object] = {
        "table": table,
        "index": query.index,
        "operators": operators + [condition.operator for condition in query.filters],
        "returned": returned,
    }
    of = f"{table} by {query.index}" if query.index else table
    summary = f"Read {returned} item{'' if returned == 1 else 's'} of {of}"
    audit(look.actor, "read_items", summary, environment=look.environment, detail=detail)


def _page(look: _Look, found: Gathered) -> PageOfItems:
    place, shape, keys = look.place, look.shape, look.shape.itself.keys
    following = None
    if found.next_start is not None:
        shown, scanned = len(found.items), found.scanned
        following = keep_next(place, look.bound, look.table.name, found.next_start, shown=shown, scanned=scanned)
    read_so_far = place.scanned + found.scanned
    return PageOfItems(
        query=look.query,
        rows=tuple(Row(look.mask.apply(item), key_token(key_of(item, keys))) for item in found.items),
        next=following,
        previous=previous_of(place, look.bound),
        number=place.number,
        first=place.shown + 1,
        returned=found.matched,
        scanned=found.scanned,
        read_so_far=read_so_far,
        share=_share(look.table, look.query, read_so_far, at_end=following is None),
        capacity=found.capacity,
        calls=found.calls,
        carry_on=found.stopped,
        attributes=_attributes(found.items, shape.start_names(look.query.index)),
        projected=shape.projected(look.query.index),
        mask=look.mask,
    )


def _share(table: Table, query: Query, read: int, *, at_end: bool) -> float | None:
    """How much of everything a scan has read; counts are hours old, so all of it is only said at the end."""
    if not query.is_scan:
        return None
    if at_end:
        return 1.0
    return min(0.99, read / table.item_count) if table.item_count else None


def _attributes(items: tuple[Item, ...], keys: tuple[str, ...]) -> tuple[str, ...]:
    seen = {name for item in items for name in item}
    return (*(key for key in keys if key in seen), *sorted(seen - set(keys)))
