"""What a job keeps so that it can be put back: of each item what was there before, and how the job has left it.

What is about to be written is kept as unsure before it is sent. What AWS has answered moves it to what is sure, or
takes it out again; a worker that ends in between leaves it unsure, and that is put back only where somebody asks for
it by name: it may have been somebody else (B9).

UNDO pieces hold the items that were there, and beside them KEYS pieces the digests of how they were left, `-` for a
deleted one. MADE pieces hold the keys of what was not there before. Each group of writes has its own numbers.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db.models import Sum

from provisioning.engine.jobs.chunks import Purpose, put_chunk, read_chunk
from provisioning.engine.jobs.entries import NOTHING, SURE, UNSURE, Entry, digests_of, entries_of, made_lines
from provisioning.items.canonical import canonical, image_digest
from provisioning.items.exporting import typed_lines
from provisioning.items.values import Item, key_of
from provisioning.models import ItemJob, JobChunk

PURPOSES = (Purpose.UNDO, Purpose.MADE)


@dataclass(frozen=True)
class Trace:
    """What was or is to be done to one item: what was there before, None for nothing, and how it is left, as a digest,
    empty for nothing."""

    key: Item
    before: Item | None
    left_as: str = ""

    @property
    def name(self) -> bytes:
        """What is the same for the same item."""
        return canonical(self.key)


@dataclass(frozen=True)
class Count:
    """How many items a job has kept: those that it had deleted or written over, those that it made; and those of which
    is not known whether it was this job."""

    put: int = 0
    made: int = 0
    unsure: int = 0

    @property
    def sure(self) -> int:
        """How many are put back without being asked about."""
        return self.put + self.made


def put_over(key: Item, before: Item | None, after: Item) -> Trace:
    """The trace of an item that is put."""
    return Trace(key, before, image_digest(after))


@dataclass(frozen=True)
class UndoLog:
    """What a job keeps of the items of a table with these key attributes. Both verbs belong inside `recording`."""

    job: ItemJob
    keys: tuple[str, ...]

    def intend(self, number: int, traces: Sequence[Trace]) -> None:
        """Keep what is about to be done to the items of a group, as unsure."""
        self._put(UNSURE, number, traces)

    def settle(self, number: int, known: Collection[bytes], traces: Sequence[Trace]) -> None:
        """Keep what was done to items of a group. `known` are the names of those of which AWS has told what became of
        them: what was intended for them is taken out."""
        intents = self._kept(UNSURE, number) if known else []
        left = [trace for trace in intents if trace.name not in known]
        if len(left) < len(intents):
            self._put(UNSURE, number, left)
        if traces:
            done = {trace.name: trace for trace in (*self._kept(SURE, number), *traces)}
            self._put(SURE, number, list(done.values()))

    def _put(self, part: int, number: int, traces: Sequence[Trace]) -> None:
        befores = [(trace.before, trace.left_as or NOTHING) for trace in traces if trace.before is not None]
        made = [Entry(0, one.key, one.left_as, made=True) for one in traces if one.before is None]
        pieces = {
            Purpose.UNDO: (typed_lines(before for before, _ in befores), len(befores)),
            Purpose.KEYS: ("\n".join(digest for _, digest in befores).encode(), len(befores)),
            Purpose.MADE: (made_lines(made), len(made)),
        }
        for purpose, (content, items) in pieces.items():
            if items:
                put_chunk(self.job, purpose, content, part=part, number=number, items=items)
            else:
                JobChunk.objects.filter(job=self.job, purpose=purpose, part=part, number=number).delete()

    def _kept(self, part: int, number: int) -> list[Trace]:
        job = self.job
        befores = read_chunk(job, Purpose.UNDO, part=part, number=number) or b""
        entries = entries_of(befores, digests_of(job, part, number) if befores else ())
        traces = [Trace(key_of(entry.item, self.keys), entry.item, entry.left_as) for entry in entries]
        made = entries_of(read_chunk(job, Purpose.MADE, part=part, number=number) or b"", made=True)
        return traces + [Trace(entry.item, None, entry.left_as) for entry in made]


def count_of(job: ItemJob) -> Count:
    """How many items a job has kept."""
    mine = JobChunk.objects.filter(job=job, purpose__in=PURPOSES)
    sums = mine.order_by().values_list("purpose", "part").annotate(Sum("items"))
    counts = {(Purpose(purpose), part): items for purpose, part, items in sums}
    unsure = sum(counts.get((purpose, UNSURE), 0) for purpose in PURPOSES)
    return Count(counts.get((Purpose.UNDO, SURE), 0), counts.get((Purpose.MADE, SURE), 0), unsure)
