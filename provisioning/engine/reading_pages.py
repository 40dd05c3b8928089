"""One page of results out of as many calls as one click may make.

Without a filter that is one call: it asks for one item more than the page has, so that "next" is only offered where
there is a next one (pitfall 3). With a filter DynamoDB reads first and filters then (pitfall 10), so pieces are larger
and grow; what is over is cut, and the next page starts after the last item that was shown (pitfall 4).
"""

import time
from dataclasses import dataclass, field, replace
from decimal import Decimal

from provisioning.aws.clients import Clients
from provisioning.aws.errors import Busy
from provisioning.aws.items.reading import Read, ReadPage, read_page
from provisioning.items.expressions import expressions_of
from provisioning.items.query import Query, Shape
from provisioning.items.values import Item, key_of

MOST_CALLS = 4
MOST_SECONDS = 2.0  # of one click; what is not found by then is left to the next one (pitfall 37)
PIECES: tuple[int | None, ...] = (0, 1000, None, None)  # items that each call evaluates; None is 1 MB
TIMES = 4  # so many pages' worth is the first piece of a filtered read


@dataclass(frozen=True)
class Gathered:
    """The items of one page, and where the next one starts: None is the end, whatever was found.

    `matched` were found by the calls, of which the page shows as many as it has; `scanned` were read and paid for.
    `stopped` says that the work of one click was over before the page was full.
    """

    items: tuple[Item, ...]
    next_start: Item | None
    matched: int
    scanned: int
    capacity: Decimal
    calls: int
    stopped: bool


@dataclass
class _Sum:
    items: list[Item] = field(default_factory=list)
    scanned: int = 0
    capacity: Decimal = Decimal(0)
    calls: int = 0
    last_key: Item | None = None

    def add(self, page: ReadPage) -> None:
        self.items += page.items
        self.scanned += page.scanned
        self.capacity += page.capacity
        self.calls += 1
        self.last_key = page.last_key


def read_of(query: Query, shape: Shape) -> Read:
    """The call that a query comes to, without start, limit and segments. Raises BadQueryError for one too long."""
    found = expressions_of(query, shape)
    return Read(
        table=shape.table,
        index=query.index,
        key_condition=found.key_condition,
        filter=found.filter,
        projection=found.projection,
        names=found.names,
        values=found.values,
        descending=query.descending,
        consistent=query.consistent,
        keys={name: shape.types[name] for name in shape.start_names(query.index) if name in shape.types},
    )


def gather(aws: Clients, query: Query, shape: Shape, start: Item | None) -> Gathered:
    """The page of a query that begins after `start`. Raises what `read_page` does, BadQueryError.

    AWS asking to slow down after something was found ends the work of this click, no more.
    """
    read = read_of(query, shape)
    found, begun = _Sum(last_key=start), time.time()
    while found.calls < MOST_CALLS and len(found.items) < query.page_size:
        if found.calls and (found.last_key is None or time.time() - begun >= MOST_SECONDS):
            break
        try:
            page = read_page(aws, replace(read, start=found.last_key, limit=_limit(query, found)))
        except Busy:
            if not found.calls:
                raise
            break
        found.add(page)
    return _page(found, query, shape)


def _limit(query: Query, found: _Sum) -> int | None:
    if not query.filters:
        return query.page_size + 1 - len(found.items)
    piece = PIECES[found.calls]
    return piece if piece is None else max(piece, query.page_size * TIMES)


def _page(found: _Sum, query: Query, shape: Shape) -> Gathered:
    over = len(found.items) > query.page_size
    shown = found.items[: query.page_size]
    next_start = key_of(shown[-1], shape.start_names(query.index)) if over else found.last_key
    return Gathered(
        items=tuple(shown),
        next_start=next_start,
        matched=len(found.items),
        scanned=found.scanned,
        capacity=found.capacity,
        calls=found.calls,
        stopped=next_start is not None and len(shown) < query.page_size,
    )
