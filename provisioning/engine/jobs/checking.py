"""The dry run of an import: every line is read and checked, and held against the table; nothing is written.

It leaves the items that can be written, in pieces for the run, and a report line by line. The upload itself is not
needed any more after that, and removed.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from provisioning.aws.clients import Clients
from provisioning.aws.errors import Busy
from provisioning.aws.items.batches import MOST_KEYS, batch_get
from provisioning.engine.jobs.chunks import Purpose, append_chunk, drop_chunks, read_chunks
from provisioning.engine.jobs.entries import Entry, lines_of, report_line
from provisioning.engine.jobs.ticking import Again, Finished, recording, table_of
from provisioning.items.canonical import canonical
from provisioning.items.importing import FileForm, Keys, Line, form_of_dict, keys_of, read
from provisioning.items.query import Shape, shape_of
from provisioning.items.seen import Seen
from provisioning.items.splitting import Place
from provisioning.items.values import Item, key_of, same_item, size_of
from provisioning.items.write_units import units_of_put
from provisioning.models import ItemJob, JobPart

PIECE = 1024 * 1024  # bytes of the upload in one piece: all but the last one have exactly so many
BATCH_ITEMS, BATCH_BYTES = 500, 1024 * 1024
MOST_ITEMS = 1_000_000
MOST_WRONG = 10_000
STATES = {"exists": "There is an item with this key already.", "same": "It is there already, the same."}
NEW, SAME, EXISTS, WRONG, BYTES = "new", "same", "exists", "wrong", "bytes"
UNITS_NEW, UNITS_OVER = "units_new", "units_over"
CUT = "cut"  # the report's name for why the rest of a file was not read


@dataclass
class _Batch:
    """Some lines that were read, until they are recorded."""

    lines: list[Line] = field(default_factory=list)
    items: list[Line] = field(default_factory=list)
    bytes: int = 0

    @property
    def is_full(self) -> bool:
        """Whether it should be recorded before more is read."""
        return len(self.lines) >= BATCH_ITEMS or self.bytes >= BATCH_BYTES


@dataclass
class Checking:
    """One tick of the dry run."""

    job: ItemJob
    aws: Clients
    shape: Shape = field(init=False)
    keys: Keys = field(init=False)
    form: FileForm = field(init=False)
    part: JobPart = field(init=False)
    seen: Seen = field(init=False, default_factory=Seen)

    def __post_init__(self) -> None:
        table = table_of(self.job)
        self.shape = shape_of(table)
        self.keys, self.form = keys_of(self.shape), form_of_dict(self.job.goal["form"])
        self.part = JobPart.objects.get_or_create(job=self.job, number=0)[0]

    def go_on(self, until: datetime) -> Again | Finished:
        """Read and check until then. Raises AwsError, NotSealedError, LeaseLostError and CancelAskedError."""
        for run in read_chunks(self.job, Purpose.SEEN):
            self.seen.load(run)
        place = Place(*json.loads(self.part.position)) if self.part.position else self.form.start
        batch = _Batch()
        for line in read(self.form, self.keys, _upload_from(self.job, place), place):
            self._take(batch, line)
            if batch.is_full:
                self._record(batch)
                if self._too_much() or timezone.now() >= until:
                    return self._finished() if self._too_much() else Again()
                batch = _Batch()
        if batch.lines:
            self._record(batch)
        return self._finished()

    def _take(self, batch: _Batch, line: Line) -> None:
        batch.bytes += max(0, line.after.offset - (batch.lines[-1].after.offset if batch.lines else line.after.offset))
        if line.item is not None:
            earlier = self.seen.first(key_of(line.item, self.keys.names), line.number)
            if earlier:
                told = f"The same key as in line {earlier:,}, which counts."
                line = Line(line.number, None, told, line.after, line.key)
            else:
                batch.items.append(line)
        batch.lines.append(line)

    def _record(self, batch: _Batch) -> None:
        """Hold the items against the table, and keep everything of the batch together with the place behind it."""
        items = [line.item for line in batch.items if line.item is not None]
        there, capacity = self._there(items)
        states = {line.number: self._state(line.item, there) for line in batch.items if line.item is not None}
        wrong = sum(1 for line in batch.lines if line.problem)
        job = self.job
        job.scanned += len(batch.lines)
        job.done += len(items)
        job.failed += wrong
        job.capacity += capacity
        job.report[WRONG] = job.report.get(WRONG, 0) + wrong
        told = {
            0: b"".join(_told(line, line.problem) for line in batch.lines),
            1: b"".join(_told(line, STATES.get(states.get(line.number, ""), "")) for line in batch.items),
        }
        after = batch.lines[-1].after
        with recording(job):
            if items:
                entries = (Entry(line.number, line.item) for line in batch.items if line.item is not None)
                append_chunk(job, Purpose.ITEMS, b"".join(lines_of([one]) for one in entries), items=len(items))
                append_chunk(job, Purpose.SEEN, self.seen.run())
            for part, lines in told.items():  # what is wrong stands before what is only to be known
                if lines:
                    append_chunk(job, Purpose.REPORT, lines, part=part, items=lines.count(b"\n"))
            self.part.position = json.dumps([after.offset, after.line])
            self.part.save(update_fields=["position"])

    def _there(self, items: Sequence[Item]) -> tuple[dict[bytes, Item], Decimal]:
        """What the table has under the keys of these items, and the read units that it took."""
        found: dict[bytes, Item] = {}
        capacity = Decimal(0)
        wanted = [key_of(item, self.keys.names) for item in items]
        while wanted:
            now, wanted = wanted[:MOST_KEYS], wanted[MOST_KEYS:]
            got = batch_get(self.aws, self.job.table, now)
            if len(got.unprocessed) == len(now):
                raise Busy("", reason="throttled", service="dynamodb", operation="BatchGetItem")
            found |= {canonical(key_of(item, self.keys.names)): item for item in got.items}
            capacity += got.capacity
            wanted = [*got.unprocessed, *wanted]
        return found, capacity

    def _state(self, item: Item, there: dict[bytes, Item]) -> str:
        """Count an item as new, the same, or different from what is there, with what writing it takes."""
        before = there.get(canonical(key_of(item, self.keys.names)))
        state = NEW if before is None else SAME if same_item(before, item) else EXISTS
        report = self.job.report
        report[state] = report.get(state, 0) + 1
        report[BYTES] = report.get(BYTES, 0) + size_of(item)
        if state != SAME:
            units = UNITS_NEW if state == NEW else UNITS_OVER
            report[units] = str(Decimal(report.get(units, "0")) + units_of_put(self.shape, item, before))
        return state

    def _too_much(self) -> bool:
        """Whether the rest is not read, because there is too much of it or too much of it is wrong."""
        if self.job.failed >= MOST_WRONG:
            self.job.report[CUT] = f"{MOST_WRONG:,} lines are wrong, so the rest was not read."
        elif self.job.done >= MOST_ITEMS:
            self.job.report[CUT] = f"An import takes {MOST_ITEMS:,} items. Split the file."
        return CUT in self.job.report

    def _finished(self) -> Finished:
        with recording(self.job):
            drop_chunks(self.job, Purpose.UPLOAD)
            drop_chunks(self.job, Purpose.SEEN)
        return Finished()


def _upload_from(job: ItemJob, place: Place) -> Iterator[bytes]:
    """The upload from an offset on."""
    first, skipped = divmod(place.offset, PIECE)
    for number, piece in enumerate(read_chunks(job, Purpose.UPLOAD, start=first)):
        yield piece[skipped:] if number == 0 else piece


def _told(line: Line, words: str) -> bytes:
    return report_line(line.number, line.key or {}, words) if words else b""
