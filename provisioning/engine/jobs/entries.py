"""What a job that writes goes through: entries, in the pieces that an earlier job, or phase, has made of them.

A line of a piece is a line number of the file that the item came from, 0 without one, a tab, and the item as typed
JSON; lines that begin with the item, as those of undo files do, have no number.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from provisioning.engine.jobs.chunks import Purpose, read_chunk, sealed_for
from provisioning.engine.jobs.ticking import StopJobError
from provisioning.engine.outcome import Problem
from provisioning.items.sealing import unpack
from provisioning.items.values import Item, Value, dumps, restored
from provisioning.models import ItemJob, JobChunk


@dataclass(frozen=True)
class Entry:
    """One item to write or delete, and the line that it was on. `left_as` is how a job left it behind, as a digest,
    where this entry is what was there before."""

    line: int
    item: Item
    left_as: str = ""


def lines_of(entries: Iterable[Entry]) -> bytes:
    """Entries as a piece keeps them."""
    return b"".join(f"{entry.line}\t{dumps(entry.item)}\n".encode() for entry in entries)


def entries_of(content: bytes, digests: Sequence[str] = ()) -> tuple[Entry, ...]:
    """The entries of a piece. `digests` are those of how they were left, one for each, or none."""
    lines = [line for line in content.split(b"\n") if line]
    left = digests or ("",) * len(lines)
    return tuple(_entry(line, digest) for line, digest in zip(lines, left, strict=True))


def _entry(line: bytes, digest: str) -> Entry:
    number, _, text = line.partition(b"\t") if line[:1].isdigit() else (b"0", b"", line)
    return Entry(int(number), restored(text.decode()), digest)


@dataclass
class Source:
    """The pieces of `job` for `purpose`, in order. One piece is in memory at a time."""

    job: ItemJob
    purpose: Purpose
    _pieces: list[int] = field(init=False)
    _at: int = field(init=False, default=-1)
    _entries: tuple[Entry, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        mine = JobChunk.objects.filter(job=self.job, purpose=self.purpose)
        self._pieces = list(mine.order_by("part", "number").values_list("pk", flat=True))

    def entries(self, piece: int) -> tuple[Entry, ...] | None:
        """The entries of a piece by its place; None behind the last one. Raises StopJobError, NotSealedError."""
        if piece >= len(self._pieces):
            return None
        if piece != self._at:
            found = JobChunk.objects.filter(pk=self._pieces[piece]).first()
            if found is None:
                raise StopJobError(expired())
            content = unpack(sealed_for(self.job, self.purpose), bytes(found.content))
            self._entries, self._at = entries_of(content, self._digests(found.number)), piece
        return self._entries

    def _digests(self, number: int) -> Sequence[str]:
        if self.purpose is not Purpose.UNDO:
            return ()
        kept = read_chunk(self.job, Purpose.KEYS, number=number)
        return kept.decode().split() if kept else ()


def expired() -> Problem:
    """What is said when what was checked, frozen or kept is not there any more."""
    return Problem(
        "What this job works on was kept for a while only, and is removed.", "you", "Begin anew.", code="time-over"
    )


def source_of(job: ItemJob, purpose: Purpose) -> Source:
    """What a run works on: the pieces of the job that its goal names. Raises StopJobError when they are gone."""
    of = ItemJob.objects.filter(pk=job.goal.get("of"), environment=job.environment_id, table=job.table).first()
    source = None if of is None else Source(of, purpose)
    if source is None or source.entries(0) is None:
        raise StopJobError(expired())
    return source


def report_line(line: int, key: Mapping[str, Value], problem: str) -> bytes:
    """One line of a report: what of the file, which item, what about it."""
    told = {"line": line, "key": dumps(key) if key else "", "problem": problem}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
