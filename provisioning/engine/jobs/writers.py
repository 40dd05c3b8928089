"""The ways in which a job writes items: new ones only, over what is there, back to what was there, away.

Each of them can be sent twice (B9). They go one by one, a few at once: batches carry no conditions and do not say
what they wrote over (pitfall 33). What is to be done to an item, and what was, is told as a trace, which is kept for
undoing (pitfall 34); where an earlier attempt may have landed, and what is there does not tell, the result is unsure.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from decimal import Decimal

from provisioning.aws.clients import Clients
from provisioning.aws.errors import Busy, Refused
from provisioning.aws.items.batches import batch_get
from provisioning.aws.items.reading import get_item
from provisioning.aws.items.writing import Check, Delete, ItemConflict, Put, Written, delete_item, put_item
from provisioning.engine.jobs.applying import Outcome, Ready, Result
from provisioning.engine.jobs.entries import Entry
from provisioning.engine.jobs.undoing import Trace, put_over
from provisioning.items.canonical import canonical, image_digest
from provisioning.items.masking import Mask, redacted
from provisioning.items.patching import checks_of_item
from provisioning.items.values import Item, key_of, same_item

AT_ONCE = 8  # single writes under way
LATER = Result(Outcome.LATER)
UNSURE = Result(Outcome.DONE, unsure=True)


@dataclass(frozen=True)
class Place:
    """Where a job writes. `mask` keeps what is hidden out of what AWS says about items."""

    aws: Clients
    table: str
    keys: tuple[str, ...]
    mask: Mask

    def key(self, item: Item) -> Item:
        """The key of an item."""
        return key_of(item, self.keys)

    def refused(self, refused: Refused, item: Item) -> Result:
        """What is told of an item that AWS does not take."""
        return Result(Outcome.REFUSED, problem=f"AWS does not take it: {redacted(refused.message, self.mask, item)}")

    def there(self, items: Sequence[Item]) -> tuple[dict[bytes, Item], Decimal]:
        """What is there now under the keys of these items, by key, and the read units that it took. Raises AwsError;
        Busy when AWS does not answer for all of them."""
        wanted = list({canonical(self.key(item)): self.key(item) for item in items}.values())
        found: dict[bytes, Item] = {}
        capacity = Decimal(0)
        while wanted:
            got = batch_get(self.aws, self.table, wanted, consistent=True)
            capacity += got.capacity
            found |= {canonical(self.key(item)): item for item in got.items}
            if len(got.unprocessed) == len(wanted):
                raise Busy("", reason="throttled", service="dynamodb", operation="BatchGetItem")
            wanted = list(got.unprocessed)
        return found, capacity


def _each(group: Sequence[Entry], left: Sequence[int], write: Callable[[Entry], Result]) -> dict[int, Result]:
    """Write each of these by itself, a few at once. What AWS was too busy for is left for later; any other error is
    raised once all that were under way have landed, unless something was written: then that is recorded first, and
    the error comes again with the next attempt."""
    results: dict[int, Result] = {}
    errors: list[Exception] = []
    with ThreadPoolExecutor(max_workers=min(AT_ONCE, len(left)), thread_name_prefix="writing") as threads:
        flying = {place: threads.submit(write, group[place]) for place in left}
    for place, future in flying.items():
        error = future.exception()
        if error is None:
            results[place] = future.result()
            continue
        if not isinstance(error, Exception):
            raise error
        results[place] = LATER
        errors.append(error)
    if errors and all(result is LATER for result in results.values()):
        raise errors[0]
    return results


def _put_new(place: Place, item: Item, *, again: bool) -> Result:
    """Put an item on the condition that nothing is there (pitfall 30)."""
    try:
        written = put_item(place.aws, Put(place.table, item, (Check((place.keys[0],), "absent"),)))
    except ItemConflict as conflict:
        if not same_item(conflict.item, item):
            return Result(Outcome.EXISTS)
        return UNSURE if again or conflict.retried else Result(Outcome.SAME)
    except Refused as refused:
        return place.refused(refused, item)
    return Result(Outcome.DONE, written.capacity, trace=put_over(place.key(item), None, item))


@dataclass(frozen=True)
class PutNew:
    """Puts items whose keys are free, and nothing over anything (pitfall 30)."""

    place: Place

    @property
    def keys(self) -> tuple[str, ...]:
        """The key attributes of the table."""
        return self.place.keys

    def ready(self, group: Sequence[Entry]) -> Ready:
        """Nothing has to be known before."""
        return Ready({}, [put_over(self.place.key(entry.item), None, entry.item) for entry in group])

    def write(self, group: Sequence[Entry], left: Sequence[int], *, again: bool) -> Mapping[int, Result]:
        """Put each on the condition that nothing is there."""
        return _each(group, left, lambda entry: _put_new(self.place, entry.item, again=again))


@dataclass(frozen=True)
class PutOver:
    """Puts items over what is there, one by one: only the answer to a single put says what it really wrote over, and
    that is what can be put back. Batches do not (pitfall 33)."""

    place: Place

    @property
    def keys(self) -> tuple[str, ...]:
        """The key attributes of the table."""
        return self.place.keys

    def ready(self, group: Sequence[Entry]) -> Ready:
        """Look at what is there. What is the same already needs no write."""
        there, capacity = self.place.there([entry.item for entry in group])
        results: dict[int, Result] = {}
        traces: list[Trace] = []
        for place, entry in enumerate(group):
            key = self.place.key(entry.item)
            before = there.get(canonical(key))
            if before is not None and same_item(before, entry.item):
                results[place] = Result(Outcome.SAME)
            else:
                traces.append(put_over(key, before, entry.item))
        return Ready(results, traces, capacity)

    def write(self, group: Sequence[Entry], left: Sequence[int], *, again: bool) -> Mapping[int, Result]:
        """Put each, whatever is there."""
        return _each(group, left, self._over)

    def _over(self, entry: Entry) -> Result:
        place, item = self.place, entry.item
        try:
            written = put_item(place.aws, Put(place.table, item))
        except Refused as refused:
            return place.refused(refused, item)
        if same_item(written.before, item):
            # An earlier attempt of this job, or of this very call, has landed; what it wrote over was read before it.
            return replace(UNSURE, capacity=written.capacity)
        return Result(Outcome.DONE, written.capacity, trace=put_over(place.key(item), written.before, item))


@dataclass
class PutBack:
    """Takes back what a job did to items that still are as it left them: puts over what it had written over, puts
    again what it had deleted where the key is free, and deletes what it had made. That is kept to be taken back, too.
    """

    place: Place
    _seen: dict[bytes, Item] = field(default_factory=dict)  # by this worker, just before

    @property
    def keys(self) -> tuple[str, ...]:
        """The key attributes of the table."""
        return self.place.keys

    def ready(self, group: Sequence[Entry]) -> Ready:
        """Look at what is there, where something has to be. What is not as it was left needs no write."""
        left = [entry.item for entry in group if entry.left_as]
        self._seen, capacity = self.place.there(left) if left else ({}, Decimal(0))
        results: dict[int, Result] = {}
        traces: list[Trace] = []
        for place, entry in enumerate(group):
            key = self.place.key(entry.item)
            now = self._seen.get(canonical(key))
            outcome = _stands(entry, now) if entry.left_as else None
            if outcome is not None:
                results[place] = Result(outcome)
            else:
                traces.append(Trace(key, now) if entry.made else put_over(key, now, entry.item))
        return Ready(results, traces, capacity)

    def write(self, group: Sequence[Entry], left: Sequence[int], *, again: bool) -> Mapping[int, Result]:
        """Take each back on the condition that the item is as the job left it."""
        return _each(group, left, lambda entry: self._back(entry, again=again))

    def _back(self, entry: Entry, *, again: bool) -> Result:
        place, key = self.place, self.place.key(entry.item)
        if not entry.left_as:
            return _put_new(place, entry.item, again=again)
        now, read = self._seen.get(canonical(key)), Decimal(0)
        if now is None:
            now, read = get_item(place.aws, place.table, key)
        outcome = _stands(entry, now)
        if outcome is not None:
            return replace(UNSURE if again and _is_back(entry, now) else Result(outcome), capacity=read)
        try:
            written = _delete(place, key, now or {}) if entry.made else _put(place, entry.item, now or {})
        except ItemConflict as conflict:
            return replace(_conflict(entry, conflict, again=again), capacity=read)
        except Refused as refused:
            return place.refused(refused, entry.item)
        before = written.before or now
        trace = Trace(key, before) if entry.made else put_over(key, before, entry.item)
        more = not same_item(before, now)
        return Result(Outcome.DONE, read + written.capacity, trace=trace, more=more)


def _stands(entry: Entry, now: Item | None) -> Outcome | None:
    """Why an item needs no write, or gets none, to be as before the job; None where it is as the job left it."""
    if now is None:
        return Outcome.GONE
    if not entry.made and same_item(now, entry.item):
        return Outcome.SAME
    return None if image_digest(now) == entry.left_as else Outcome.CHANGED


def _is_back(entry: Entry, now: Item | None) -> bool:
    """Whether an item is as it was before the job."""
    return now is None if entry.made else same_item(now, entry.item)


def _conflict(entry: Entry, conflict: ItemConflict, *, again: bool) -> Result:
    """What is told of an item that is not as it was seen a moment ago."""
    if (again or conflict.retried) and _is_back(entry, conflict.item):
        return UNSURE
    return Result(Outcome.GONE if conflict.item is None else Outcome.CHANGED)


def _put(place: Place, item: Item, over: Item) -> Written:
    return put_item(place.aws, Put(place.table, item, checks_of_item(over, place.keys)))


def _delete(place: Place, key: Item, seen: Item) -> Written:
    return delete_item(place.aws, Delete(place.table, key, checks_of_item(seen, place.keys)))


@dataclass(frozen=True)
class DeleteSame:
    """Deletes items that are still as they were when their list was frozen, one by one because batches have no
    conditions (pitfall 33); what was deleted is kept to be put back (pitfall 34)."""

    place: Place

    @property
    def keys(self) -> tuple[str, ...]:
        """The key attributes of the table."""
        return self.place.keys

    def ready(self, group: Sequence[Entry]) -> Ready:
        """Look at each once more: an attribute that was added since is in no condition, and is a change too."""
        there, capacity = self.place.there([entry.item for entry in group])
        results: dict[int, Result] = {}
        traces: list[Trace] = []
        for place, entry in enumerate(group):
            key = self.place.key(entry.item)
            now = there.get(canonical(key))
            if same_item(now, entry.item):
                traces.append(Trace(key, entry.item))
            else:
                results[place] = Result(Outcome.GONE if now is None else Outcome.CHANGED)
        return Ready(results, traces, capacity)

    def write(self, group: Sequence[Entry], left: Sequence[int], *, again: bool) -> Mapping[int, Result]:
        """Delete each on the condition that it is as it was."""
        return _each(group, left, lambda entry: self._delete(entry, again=again))

    def _delete(self, entry: Entry, *, again: bool) -> Result:
        place, key = self.place, self.place.key(entry.item)
        try:
            written = _delete(place, key, entry.item)
        except ItemConflict as conflict:
            if conflict.item is not None:
                return Result(Outcome.CHANGED)
            return UNSURE if again or conflict.retried else Result(Outcome.GONE)
        except Refused as refused:
            return place.refused(refused, entry.item)
        # An attribute that somebody added in between is in no condition; what was deleted is kept with it.
        before = written.before or entry.item
        return Result(Outcome.DONE, written.capacity, trace=Trace(key, before), more=not same_item(before, entry.item))
