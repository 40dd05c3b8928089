"""How a comparison reads: two rows of items merged, or one looked up in the other; and how what it finds is kept."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property

from provisioning.aws.clients import Clients
from provisioning.aws.errors import Busy
from provisioning.aws.items.batches import MOST_KEYS, batch_get
from provisioning.aws.items.reading import Read, read_page
from provisioning.engine.jobs.chunks import Purpose, append_chunk
from provisioning.engine.jobs.pacing import Pace
from provisioning.engine.jobs.ticking import recording
from provisioning.engine.reading_pages import read_of
from provisioning.items.canonical import canonical
from provisioning.items.comparing import Compared, Hiding, Order, Outcome, Side, as_line, compare, in_order_of, merge
from provisioning.items.paths import steps_of
from provisioning.items.query import Query, Shape
from provisioning.items.sealing import seal, unseal
from provisioning.items.selecting import selects
from provisioning.items.values import Item, dumps, key_of, restored
from provisioning.models import ItemJob, JobPart, Table

MOST_ROWS = 20_000  # differences that are kept; further ones are counted
PAGE = 100  # items of one read: as many as one look-up takes
HERE, THERE = "here", "there"
TRIES = 5  # for what a look-up leaves unprocessed, before the job waits


@dataclass(frozen=True)
class Place:
    """One side: its table, and what is asked of it."""

    aws: Clients
    row: Table
    shape: Shape
    query: Query

    @property
    def keys(self) -> Mapping[str, str]:
        """The key attributes of the table and their types."""
        return {name: self.shape.types.get(name, "S") for name in self.shape.itself.keys}

    @cached_property
    def read(self) -> Read:
        """The call, for whole items."""
        return replace(read_of(replace(self.query, attributes=()), self.shape), limit=PAGE)

    @property
    def is_whole(self) -> bool:
        """Whether what is read has every attribute (pitfall 26)."""
        return self.shape.projected(self.query.index) is None

    def restricted(self, item: Item) -> Item:
        """The attributes that were asked for, keys among them."""
        if not self.query.attributes:
            return item
        wanted = {*self.keys, *(str(steps_of(path)[0]) for path in self.query.attributes)}
        return {name: value for name, value in item.items() if name in wanted}


@dataclass
class Results:
    """What a job has found, and what it has used: counted, and kept as lines."""

    job: ItemJob
    hiding: Hiding
    pace: Pace
    _found: list[Compared] = field(default_factory=list)

    def add(self, found: Iterable[Compared]) -> None:
        """Take note of what came of some keys."""
        self._found += found

    def spend(self, capacity: Decimal, scanned: int = 0) -> None:
        """Take note of what a call used."""
        self.job.capacity += capacity
        self.job.scanned += scanned
        self.pace.spend(capacity, self.job)

    def record(self, part: JobPart, position: Item | None) -> None:
        """Keep what was found together with how far it is: after this key, or through with the part."""
        report, lines = self.job.report, list[bytes]()
        for one in self._found:
            report[str(one.outcome)] = report.get(str(one.outcome), 0) + 1
            if one.outcome is not Outcome.SAME and report.get("rows", 0) < MOST_ROWS:
                report["rows"] = report.get("rows", 0) + 1
                lines.append(as_line(one))
            elif one.outcome is not Outcome.SAME:
                report["cut"] = True
        self.job.done += len(self._found)
        part.items += len(self._found)
        part.position = "" if position is None else seal(_purpose(part), dumps(position))
        part.done = position is None
        self._found = []
        with recording(self.job):
            part.save(update_fields=["position", "done", "items"])
            if lines:
                append_chunk(self.job, Purpose.RESULT, b"\n".join(lines) + b"\n", part=part.number, items=len(lines))


def position_of(part: JobPart) -> Item | None:
    """The key that a part goes on after; None for its beginning. Raises NotSealedError."""
    return restored(unseal(_purpose(part), part.position)) if part.position else None


def _purpose(part: JobPart) -> str:
    return f"position:{part.job_id}:{part.number}"


@dataclass
class _Stream:
    """One side as it is read. `start` is where another tick goes on: after the last item that was compared, or that is
    known not to match; `after` where the next call does."""

    place: Place
    results: Results
    start: Item | None = None
    ended: bool = False
    after: Item | None = field(init=False)
    sides: deque[Side] = field(init=False, default_factory=deque)

    def __post_init__(self) -> None:
        self.after = self.start

    @property
    def is_known(self) -> bool:
        """Whether something is in hand, or there is nothing more."""
        return bool(self.sides) or self.ended

    def fill(self) -> None:
        """Read one page, unless something is in hand."""
        if self.is_known:
            return
        page = read_page(self.place.aws, replace(self.place.read, start=self.after))
        self.results.spend(page.capacity, page.scanned)
        self.sides.extend(self.results.hiding.side(self.place.restricted(item)) for item in page.items)
        self.after, self.ended = page.last_key, page.last_key is None
        if not self.sides:
            self.start = self.after

    def take(self, fits: Callable[[Side], bool]) -> list[Side]:
        """What is in hand up to the first that does not fit."""
        taken: list[Side] = []
        while self.sides and fits(self.sides[0]):
            taken.append(self.sides.popleft())
        if taken:
            self.start = taken[-1].key if self.sides or self.ended else self.after
        return taken


class Merging:
    """Both sides in the order of their sort key, compared as far as both are known."""

    def __init__(self, here: Place, there: Place, results: Results) -> None:
        self._places, self._results = (here, there), results
        self._streams: tuple[_Stream, _Stream] | None = None
        self._order: Order = in_order_of(here.shape.itself.sort)
        self._descending = here.query.descending

    def step(self, part: JobPart) -> None:
        """One page of each side at most, compared and recorded."""
        ours, theirs = self._streams = self._streams or self._begun(part)
        ours.fill()
        theirs.fill()
        if ours.is_known and theirs.is_known:
            last = self._horizon((ours, theirs))
            left, right = (stream.take(lambda side: self._fits(side, last)) for stream in (ours, theirs))
            pairs = merge(left, right, self._order, descending=self._descending)
            self._results.add(compare(*pair) for pair in pairs)
        ended = all(stream.ended and not stream.sides for stream in (ours, theirs))
        self._results.record(part, None if ended else _kept(ours, theirs))

    def _begun(self, part: JobPart) -> tuple[_Stream, _Stream]:
        kept = position_of(part) or {}
        ended = kept.get("ended", {}).get("L", [])
        here, there = (
            _Stream(place, self._results, kept.get(name, {}).get("M"), ended={"S": name} in ended)
            for name, place in zip((HERE, THERE), self._places, strict=True)
        )
        return here, there

    def _horizon(self, streams: Sequence[_Stream]) -> Side | None:
        """The last of the sides that both are known up to; None when both are known to their end."""
        open_ends = [stream.sides[-1] for stream in streams if not stream.ended]
        if not open_ends:
            return None
        return (max if self._descending else min)(open_ends, key=lambda side: self._order(side.key))

    def _fits(self, side: Side, last: Side | None) -> bool:
        if last is None:
            return True
        here, there = self._order(side.key), self._order(last.key)
        return bool(here >= there if self._descending else here <= there)


def _kept(ours: _Stream, theirs: _Stream) -> Item:
    """Where both sides go on, in the form of an item."""
    both = {HERE: ours, THERE: theirs}
    ended = [{"S": name} for name, stream in both.items() if stream.ended and not stream.sides]
    starts: Item = {name: {"M": stream.start} for name, stream in both.items() if stream.start is not None}
    return {**starts, "ended": {"L": ended}}


class Looking:
    """One side is read, and its keys are looked up on the other: from here to there, then back."""

    def __init__(self, here: Place, there: Place, results: Results, sample: int | None) -> None:
        self._here, self._there, self._results, self._sample = here, there, results, sample

    def step(self, part: JobPart) -> None:
        """One page, compared and recorded."""
        back = part.number == 1
        mine, other = (self._there, self._here) if back else (self._here, self._there)
        page = read_page(mine.aws, replace(mine.read, start=position_of(part)))
        self._results.spend(page.capacity, page.scanned)
        items = page.items if self._sample is None else page.items[: max(0, self._sample - part.items)]
        keys = [key_of(item, mine.keys) for item in items]
        known = {canonical(key_of(item, mine.keys)): item for item in items} if mine.is_whole else self._all(mine, keys)
        found = self._all(other, keys)
        for key in map(canonical, keys):
            if key in known:
                self._compare(known[key], found.get(key), back=back)
        full = self._sample is not None and part.items + len(items) >= self._sample
        self._results.record(part, None if full else page.last_key)

    def _compare(self, item: Item, other: Item | None, *, back: bool) -> None:
        """What is on both sides was compared on the way there, unless the query did not select it there."""
        if back and other is not None and selects(self._here.query, self._here.shape, other):
            return
        side = self._results.hiding.side(self._here.restricted(item))
        match = None if other is None else self._results.hiding.side(self._here.restricted(other))
        self._results.add([compare(match, side) if back else compare(side, match)])

    def _all(self, place: Place, keys: Sequence[Item]) -> dict[bytes, Item]:
        """The items of these keys by their keys. Raises Busy when DynamoDB leaves some unanswered again and again."""
        found: dict[bytes, Item] = {}
        waiting: Sequence[Mapping[str, dict[str, object]]] = keys
        for _ in range(TRIES):
            if not waiting:
                return found
            got = batch_get(place.aws, place.row.name, waiting[:MOST_KEYS])
            self._results.spend(got.capacity)
            found |= {canonical(key_of(item, place.keys)): item for item in got.items}
            waiting = [*got.unprocessed, *waiting[MOST_KEYS:]]
        raise Busy("Some items were not looked up.", reason="throttled", service="dynamodb", operation="BatchGetItem")
