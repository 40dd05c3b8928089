"""What a job that writes goes through: entries, in the pieces that an earlier job, or phase, has made of them.

A line of a piece is a line number of the file that the item came from, 0 without one, a tab, and the item as typed
JSON; lines that begin with the item, as those of undo files do, have no number. A line about an item that a job made
is its key, a tab, and the digest of how it was left.
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

SURE, UNSURE = 0, 1  # parts of what is kept to be put back: what was done, and what may have been
NOTHING = "-"  # the digest of an item that is left deleted


@dataclass(frozen=True)
class Entry:
    """One item to write or delete, and the line that it was on. `left_as` is how a job left it behind, as a digest,
    where this entry is what was there before; empty where nothing was left. `made`: nothing was there before, and
    `item` is only the key."""

    line: int
    item: Item
    left_as: str = ""
    made: bool = False


def lines_of(entries: Iterable[Entry]) -> bytes:
    """Entries as a piece keeps them."""
    return b"".join(f"{entry.line}\t{dumps(entry.item)}\n".encode() for entry in entries)


def made_lines(entries: Iterable[Entry]) -> bytes:
    """Entries of items that a job made, as a piece keeps them."""
    return b"".join(f"{dumps(one.item)}\t{one.left_as}\n".encode() for one in entries)


def entries_of(content: bytes, digests: Sequence[str] = (), *, made: bool = False) -> tuple[Entry, ...]:
    """The entries of a piece. `digests` are those of how they were left, one for each, or none."""
    lines = [line for line in content.split(b"\n") if line]
    if made:
        return tuple(_made(line) for line in lines)
    left = digests or ("",) * len(lines)
    return tuple(_entry(line, digest) for line, digest in zip(lines, left, strict=True))


def _entry(line: bytes, digest: str) -> Entry:
    number, _, text = line.partition(b"\t") if line[:1].isdigit() else (b"0", b"", line)
    return Entry(int(number), restored(text.decode()), "" if digest == NOTHING else digest)


def _made(line: bytes) -> Entry:
    key, _, digest = line.decode().partition("\t")
    return Entry(0, restored(key), digest, made=True)


def digests_of(job: ItemJob, part: int, number: int) -> Sequence[str]:
    """How the items of an UNDO piece were left, in their order; none where all of them were deleted."""
    kept = read_chunk(job, Purpose.KEYS, part=part, number=number)
    return kept.decode().split() if kept else ()


@dataclass
class Source:
    """The pieces of `job` for `purposes`, in order, of these `parts` or of all. One piece is in memory at a time."""

    job: ItemJob
    purposes: Sequence[Purpose]
    parts: Sequence[int] | None = None
    _pieces: list[int] = field(init=False)
    _at: int = field(init=False, default=-1)
    _entries: tuple[Entry, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        mine = JobChunk.objects.filter(job=self.job)
        if self.parts is not None:
            mine = mine.filter(part__in=self.parts)
        in_order = mine.order_by("part", "number")
        self._pieces = [
            pk for purpose in self.purposes for pk in in_order.filter(purpose=purpose).values_list("pk", flat=True)
        ]

    def entries(self, piece: int) -> tuple[Entry, ...] | None:
        """The entries of a piece by its place; None behind the last one. Raises StopJobError, NotSealedError."""
        if piece >= len(self._pieces):
            return None
        if piece != self._at:
            found = JobChunk.objects.filter(pk=self._pieces[piece]).first()
            if found is None:
                raise StopJobError(expired())
            purpose = Purpose(found.purpose)
            content = unpack(sealed_for(self.job, purpose), bytes(found.content))
            digests = digests_of(self.job, found.part, found.number) if purpose is Purpose.UNDO else ()
            self._entries = entries_of(content, digests, made=purpose is Purpose.MADE)
            self._at = piece
        return self._entries


def expired() -> Problem:
    """What is said when what was checked, frozen or kept is not there any more."""
    return Problem(
        "What this job works on was kept for a while only, and is removed.", "you", "Begin anew.", code="time-over"
    )


def source_of(job: ItemJob, *purposes: Purpose, parts: Sequence[int] | None = None) -> Source:
    """What a run works on: the pieces of the job that its goal names. Raises StopJobError when they are gone."""
    of = ItemJob.objects.filter(pk=job.goal.get("of"), environment=job.environment_id, table=job.table).first()
    source = None if of is None else Source(of, purposes, parts)
    if source is None or source.entries(0) is None:
        raise StopJobError(expired())
    return source


def report_line(line: int, key: Mapping[str, Value], problem: str) -> bytes:
    """One line of a report: what of the file, which item, what about it."""
    told = {"line": line, "key": dumps(key) if key else "", "problem": problem}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
