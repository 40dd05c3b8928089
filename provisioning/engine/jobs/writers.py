"""The ways in which a job writes items: new ones only, over what is there, back to what was there, away.

Each of them can be sent twice (B9). Conditions go with single writes, a few at once, because batches have none
(pitfall 33); only overwriting, which has no condition, goes by batches. Before anything is overwritten or deleted, what
is there is kept in pieces for undoing (pitfall 34).
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal

from provisioning.aws.clients import Clients
from provisioning.aws.errors import Busy, Refused
from provisioning.aws.items.batches import batch_get
from provisioning.aws.items.reading import get_item
from provisioning.aws.items.writing import (
    MOST_IN_BATCH,
    Check,
    Delete,
    ItemConflict,
    Put,
    Written,
    batch_write,
    delete_item,
    put_item,
)
from provisioning.engine.jobs.applying import Outcome, Ready, Result
from provisioning.engine.jobs.chunks import Purpose, put_chunk, read_chunk
from provisioning.engine.jobs.entries import Entry
from provisioning.items.canonical import canonical, image_digest
from provisioning.items.exporting import typed_lines
from provisioning.items.masking import Mask, redacted
from provisioning.items.patching import checks_of_item
from provisioning.items.values import Item, key_of, restored, same_item
from provisioning.models import ItemJob

AT_ONCE = 8  # single writes under way
LATER = Result(Outcome.LATER)


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
        return Ready({})

    def write(self, group: Sequence[Entry], left: Sequence[int], *, again: bool) -> Mapping[int, Result]:
        """Put each on the condition that nothing is there."""
        return _each(group, left, lambda entry: self._put(entry, again=again))

    def _put(self, entry: Entry, *, again: bool) -> Result:
        place, item = self.place, entry.item
        try:
            written = put_item(place.aws, Put(place.table, item, (Check((place.keys[0],), "absent"),)))
        except ItemConflict as conflict:
            if not same_item(conflict.item, item):
                return Result(Outcome.EXISTS)
            return Result(Outcome.DONE if again or conflict.retried else Outcome.SAME)
        except Refused as refused:
            return place.refused(refused, item)
        return Result(Outcome.DONE, written.capacity)

    def kept(self, number: int, group: Sequence[Entry], results: Mapping[int, Result]) -> None:
        """Nothing was kept."""


@dataclass(frozen=True)
class PutOver:
    """Puts items over what is there, by batches, and keeps what was there: items to put back, and with them digests of
    what was put, so that only what is still so is put back."""

    place: Place

    @property
    def keys(self) -> tuple[str, ...]:
        """The key attributes of the table."""
        return self.place.keys

    def ready(self, group: Sequence[Entry]) -> Ready:
        """Look at what is there. What is the same already needs no write."""
        there, capacity = self.place.there([entry.item for entry in group])
        results: dict[int, Result] = {}
        befores: list[tuple[Item, str]] = []
        for place, entry in enumerate(group):
            before = there.get(canonical(self.place.key(entry.item)))
            if before is not None and same_item(before, entry.item):
                results[place] = Result(Outcome.SAME)
            elif before is not None:
                befores.append((before, image_digest(entry.item)))
        undo = typed_lines(before for before, _ in befores)
        digests = "\n".join(digest for _, digest in befores).encode()
        return Ready(results, capacity, {Purpose.UNDO: (undo, len(befores)), Purpose.KEYS: (digests, len(befores))})

    def write(self, group: Sequence[Entry], left: Sequence[int], *, again: bool) -> Mapping[int, Result]:
        """Put by batches of 25; what AWS did not process is left for later (pitfall 33)."""
        results: dict[int, Result] = {}
        for begin in range(0, len(left), MOST_IN_BATCH):
            batch = left[begin : begin + MOST_IN_BATCH]
            try:
                results |= self._batch(group, batch)
            except Busy:
                if not results:
                    raise
                return results | dict.fromkeys(left[begin:], LATER)
        return results

    def _batch(self, group: Sequence[Entry], batch: Sequence[int]) -> dict[int, Result]:
        place = self.place
        try:
            written = batch_write(place.aws, place.table, puts=[group[one].item for one in batch])
        except Refused:
            # One item that AWS does not take spoils its batch: by themselves, the others go through.
            return _each(group, batch, self._alone)
        open_keys = {canonical(place.key(item)) for item in written.unprocessed_puts}
        results = {
            one: LATER if canonical(place.key(group[one].item)) in open_keys else Result(Outcome.DONE) for one in batch
        }
        first = next((one for one, result in results.items() if result is not LATER), None)
        if first is not None:
            results[first] = Result(Outcome.DONE, written.capacity)
        return results

    def _alone(self, entry: Entry) -> Result:
        try:
            return Result(Outcome.DONE, put_item(self.place.aws, Put(self.place.table, entry.item)).capacity)
        except Refused as refused:
            return self.place.refused(refused, entry.item)

    def kept(self, number: int, group: Sequence[Entry], results: Mapping[int, Result]) -> None:
        """What is kept of an item that AWS refused is harmless: it is as it was, and is not put back."""


@dataclass(frozen=True)
class PutBack:
    """Puts items back over what a job left, where that is still so."""

    place: Place

    @property
    def keys(self) -> tuple[str, ...]:
        """The key attributes of the table."""
        return self.place.keys

    def ready(self, group: Sequence[Entry]) -> Ready:
        """Each is looked at right before it is written."""
        return Ready({})

    def write(self, group: Sequence[Entry], left: Sequence[int], *, again: bool) -> Mapping[int, Result]:
        """Put each back on the condition that the item is as the job left it."""
        return _each(group, left, lambda entry: self._back(entry, again=again))

    def _back(self, entry: Entry, *, again: bool) -> Result:
        place = self.place
        now, read = get_item(place.aws, place.table, place.key(entry.item))
        if now is None:
            return Result(Outcome.GONE, read)
        if same_item(now, entry.item):
            return Result(Outcome.DONE if again else Outcome.SAME, read)
        if image_digest(now) != entry.left_as:
            return Result(Outcome.CHANGED, read)
        try:
            written = put_item(place.aws, Put(place.table, entry.item, checks_of_item(now, place.keys)))
        except ItemConflict as conflict:
            landed = conflict.retried and same_item(conflict.item, entry.item)
            return Result(Outcome.DONE if landed else Outcome.CHANGED, read)
        except Refused as refused:
            return place.refused(refused, entry.item)
        return Result(Outcome.DONE, read + written.capacity)

    def kept(self, number: int, group: Sequence[Entry], results: Mapping[int, Result]) -> None:
        """Nothing was kept."""


@dataclass(frozen=True)
class DeleteSame:
    """Deletes items that are still as they were when their list was frozen, one by one because batches have no
    conditions (pitfall 33); what was deleted is kept to be put back (pitfall 34)."""

    place: Place
    job: ItemJob

    @property
    def keys(self) -> tuple[str, ...]:
        """The key attributes of the table."""
        return self.place.keys

    def ready(self, group: Sequence[Entry]) -> Ready:
        """Keep all of the group; what turns out not to be deleted here is taken out again."""
        return Ready({}, pieces={Purpose.UNDO: (typed_lines(entry.item for entry in group), len(group))})

    def write(self, group: Sequence[Entry], left: Sequence[int], *, again: bool) -> Mapping[int, Result]:
        """Delete each on the condition that it is as it was."""
        return _each(group, left, lambda entry: self._delete(entry, again=again))

    def _delete(self, entry: Entry, *, again: bool) -> Result:
        place = self.place
        try:
            delete = Delete(place.table, place.key(entry.item), checks_of_item(entry.item, place.keys))
            written: Written = delete_item(place.aws, delete)
        except ItemConflict as conflict:
            if conflict.item is not None:
                return Result(Outcome.CHANGED)
            return Result(Outcome.DONE if again or conflict.retried else Outcome.GONE)
        except Refused as refused:
            return place.refused(refused, entry.item)
        # An attribute that somebody added meanwhile is in no condition; what was deleted is kept with it.
        more = written.before is not None and not same_item(written.before, entry.item)
        return Result(Outcome.DONE, written.capacity, before=written.before if more else None)

    def kept(self, number: int, group: Sequence[Entry], results: Mapping[int, Result]) -> None:
        """Take out what was not deleted here, and put right what was more than was known."""
        wrong = {
            canonical(self.place.key(group[one].item)): result.before
            for one, result in results.items()
            if result.before is not None or result.outcome not in {Outcome.DONE, Outcome.LATER}
        }
        if not wrong:
            return
        lines = (read_chunk(self.job, Purpose.UNDO, number=number) or b"").split(b"\n")
        kept = [restored(line.decode()) for line in lines if line]
        right = [wrong.get(canonical(self.place.key(item)), item) for item in kept]
        deleted = [item for item in right if item is not None]
        put_chunk(self.job, Purpose.UNDO, typed_lines(deleted), number=number, items=len(deleted))
