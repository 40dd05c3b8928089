"""Comparing the same query in two environments of an application: at once for what a click may read, as a job for more.

Both sides are read as everything else is: governed, masked by the masks of both, prod by queries only and written down.
"""

import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from provisioning.actions.actor import Actor, audit
from provisioning.actions.browsing import reached, require_own
from provisioning.actions.exporting import Estimate, estimate_of
from provisioning.actions.jobs import Asked, open_job
from provisioning.actions.reading_troubles import in_words
from provisioning.actions.refusals import Refusal
from provisioning.aws.errors import AwsError
from provisioning.aws.items.reading import read_page
from provisioning.engine.jobs.asked import goal_of
from provisioning.engine.reading_budget import spend
from provisioning.engine.reading_pages import read_of
from provisioning.items.allowed import why_not_read
from provisioning.items.comparing import Compared, Hiding, Pair, Side, compare, in_order_of, merge, pair_up
from provisioning.items.masking import PROD, mask_for
from provisioning.items.query import BadQueryError, Query, Shape, check_query, shape_of
from provisioning.items.values import Item
from provisioning.lifecycle import JobKind
from provisioning.models import Environment, ItemJob, Table

CALLS, PIECE = 4, 250  # of one side: calls of a click, and the items that each evaluates
LARGEST_SAMPLE = 10_000


@dataclass(frozen=True)
class Corner:
    """One side of a comparison."""

    environment: Environment
    table: Table

    @property
    def shape(self) -> Shape:
        """What can be asked of it."""
        return shape_of(self.table)


@dataclass(frozen=True)
class Comparison:
    """What a click could compare. `rows` are what differs, `counts` all by outcome. `more` says that there is more to
    read on a side, so that what comes behind `until` in its order was left out."""

    rows: tuple[Compared, ...]
    counts: Mapping[str, int]
    more: bool
    capacity: Decimal
    calls: int


def counterparts(environment: Environment, table: Table) -> tuple[Corner, ...]:
    """The same table in the other environments of the application, by what it is called in their template."""
    if not table.logical_id:
        return ()
    rows = Table.objects.filter(
        application=table.application, logical_id=table.logical_id, environment__application=environment.application
    )
    others = rows.exclude(environment=environment).select_related("environment__account", "environment__owner")
    found = (Corner(one.environment, one) for one in others.order_by("environment__name") if one.environment)
    return tuple(one for one in found if one.table.account_id == one.environment.account_id)


def counterpart(environment: Environment, table: Table, name: str) -> Corner:
    """The same table in the environment of that name. Raises Refusal when there is none (pitfall 42)."""
    found = next((one for one in counterparts(environment, table) if one.environment.name == name), None)
    if found is None:
        sentence = f"{environment.application}/{name} has no such table to compare with."
        raise Refusal(sentence, "no-counterpart", fields={"with": sentence})
    return found


def why_not_compare(here: Corner, there: Corner, query: Query) -> str:
    """Why the two cannot be compared by this query, as the verbs would say; empty when they can."""
    if here.shape.itself.keys != there.shape.itself.keys or _key_types(here.shape) != _key_types(there.shape):
        return "The two tables have different keys, so their items cannot be compared."
    for corner in (here, there):
        try:
            check_query(query, corner.shape)
        except BadQueryError as wrong:
            return f"{corner.environment}: {wrong.sentence}"
        why = why_not_read(corner.environment, corner.table, query)
        if why:
            return f"{corner.environment}: {why}"
    return ""


def _key_types(shape: Shape) -> dict[str, str]:
    return {name: shape.types.get(name, "S") for name in shape.itself.keys}


def do_compare(actor: Actor, here: Corner, there: Corner, query: Query) -> Comparison:
    """Compare what a query finds on both sides, four calls on each at most. Raises Refusal. In prod it leaves an audit
    entry without values."""
    _require_comparable(here, there, query)
    if query.is_scan:
        raise Refusal("A whole table is compared in the background.", "scan", fields={"pk": "Needed to compare now."})
    hiding = _hiding(here, there)
    ours = _read(actor, here, query)
    theirs = _read(actor, there, query)
    for corner, read in ((here, ours), (there, theirs)):
        _audit(actor, corner, query, len(read.items))
    pairs = [compare(*pair) for pair in _pairs(ours, theirs, here, query, hiding)]
    counts = Counter(str(one.outcome) for one in pairs)
    return Comparison(
        rows=tuple(one for one in pairs if one.differences or one.item is not None),
        counts=counts,
        more=ours.last is not None or theirs.last is not None,
        capacity=ours.capacity + theirs.capacity,
        calls=ours.calls + theirs.calls,
    )


def do_compare_all(
    actor: Actor,
    here: Corner,
    there: Corner,
    query: Query,
    *,
    rate: int,
    sample: int | None = None,
    key: uuid.UUID | None = None,
) -> ItemJob:
    """Begin to compare all that a query or scan finds on both sides, or so many items of each. Raises Refusal."""
    _require_comparable(here, there, query)
    if rate < 1:
        raise Refusal("A rate is 1 unit a second at least.", "rate", fields={"rate": "1 at least."})
    if sample is not None and not 0 < sample <= LARGEST_SAMPLE:
        sentence = f"A sample has 1 to {LARGEST_SAMPLE:,} items."
        raise Refusal(sentence, "sample", fields={"sample": sentence})
    other = {"with": there.environment.pk, "with_table": there.table.name}
    goal = goal_of(query, sample=sample, **other)
    expected = price_of(here, there, query, sample=sample, rate=rate).as_dict()
    asked = Asked(goal=goal, expected=expected, rate=rate)
    return open_job(actor, here.environment, here.table.name, JobKind.COMPARE, asked, request_key=key)


def price_of(
    here: Corner, there: Corner, query: Query, *, sample: int | None = None, rate: int | None = None
) -> Estimate:
    """What comparing takes at most, both sides together. One partition of a table is read once on each side; of an
    index or a whole table everything is looked up on the other side as well."""
    ours, theirs = (estimate_of(corner.table, query, rate) for corner in (here, there))
    merged = not query.is_scan and not query.index
    times = 1 if merged else 2
    share = Decimal(1)
    items = ours.items + theirs.items
    if sample is not None and items:
        share = min(Decimal(1), Decimal(2 * sample) / items)
    units = (ours.units + theirs.units) * times * share
    usd = None if ours.usd is None or theirs.usd is None else (ours.usd + theirs.usd) * times * share
    both = replace(ours, items=int(items * share), size_bytes=int((ours.size_bytes + theirs.size_bytes) * share))
    speed = rate or min(ours.rate, theirs.rate)
    return replace(both, units=units, usd=usd, rate=speed, seconds=max(1, int(units / speed)))


def _require_comparable(here: Corner, there: Corner, query: Query) -> None:
    require_own(here.environment, here.table)
    require_own(there.environment, there.table)
    if here.environment.application != there.environment.application or here.table.pk == there.table.pk:
        raise Refusal("Only the same table of another environment can be compared.", "no-counterpart")
    why = why_not_compare(here, there, query)
    if why:
        raise Refusal(why, "not-comparable", forbidden=True)


def _hiding(here: Corner, there: Corner) -> Hiding:
    masks = (mask_for(corner.environment, corner.table) for corner in (here, there))
    return Hiding(tuple(mask for mask in masks if not mask.is_empty), here.shape.itself.keys)


@dataclass(frozen=True)
class _Read:
    """What a side has, as it is. `last` is the key that it was read up to, None for its end."""

    items: tuple[Item, ...]
    last: Item | None
    capacity: Decimal
    calls: int


def _read(actor: Actor, corner: Corner, query: Query) -> _Read:
    aws = reached(actor, corner.environment, corner.table)
    read = replace(read_of(query, corner.shape), limit=PIECE)
    items: list[Item] = []
    capacity, calls, start = Decimal(0), 0, None
    try:
        while calls < CALLS and (not calls or start is not None):
            page = read_page(aws, replace(read, start=start))
            items += page.items
            capacity, calls, start = capacity + page.capacity, calls + 1, page.last_key
    except AwsError as trouble:
        raise in_words(trouble, corner.table.name, query.index) from trouble
    finally:
        spend(actor.user_id, corner.table, capacity)
    return _Read(tuple(items), start, capacity, calls)


def _pairs(ours: _Read, theirs: _Read, here: Corner, query: Query, hiding: Hiding) -> Iterator[Pair]:
    """Sides of the same key together, as far as both are known. Of an index, what has the very sort key that a side was
    read up to is not: more of the same may follow there."""
    order = in_order_of((here.shape.view(query.index) or here.shape.itself).sort)
    ends = [order(read.last) for read in (ours, theirs) if read.last is not None]
    end = (max if query.descending else min)(ends) if ends else None

    def known(items: tuple[Item, ...]) -> Iterator[Side]:
        for item in items:
            place = order(item)
            inside = end is None or (place > end if query.descending else place < end)
            if inside or (place == end and not query.index):
                yield hiding.side(item)

    if query.index:
        return pair_up(known(ours.items), known(theirs.items))
    return merge(known(ours.items), known(theirs.items), order, descending=query.descending)


def _audit(actor: Actor, corner: Corner, query: Query, read: int) -> None:
    if corner.environment.stage != PROD:
        return
    operators = [] if query.is_scan else ["="]
    operators += [query.sort.operator] if query.sort else []
    detail: dict[str, object] = {
        "table": corner.table.name,
        "index": query.index,
        "operators": operators + [one.operator for one in query.filters],
        "returned": read,
        "compared": True,
    }
    summary = f"Read {read} item{'' if read == 1 else 's'} of {corner.table.name} to compare them"
    audit(actor, "read_items", summary, environment=corner.environment, detail=detail)
