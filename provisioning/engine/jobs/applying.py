"""Writing many items, group by group: what is about to be sent is recorded before it is sent, what came of it after.

A worker that is killed in between leaves a group that was begun. Whoever takes it up sends it again: every kind of
write in `writers.py` can be sent twice, and where it cannot tell its own earlier attempt from somebody else's write it
says so (B9). What AWS did not take (pitfall 33) is left in the group and sent after a pause, so that nobody waits
inside a worker.
"""

import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from django.utils import timezone

from provisioning.engine.jobs.chunks import Purpose, append_chunk
from provisioning.engine.jobs.entries import Entry, Source, report_line
from provisioning.engine.jobs.pacing import Pace
from provisioning.engine.jobs.ticking import Again, Finished, recording
from provisioning.engine.jobs.undoing import Trace, UndoLog
from provisioning.items.canonical import canonical
from provisioning.items.values import key_of, size_of
from provisioning.models import ItemJob, JobPart

PART = 1_000  # the number of the part that is about writing; those below are about reading
GROUP = 100  # items, as many as one BatchGet takes
GROUP_BYTES = 4 * 1024 * 1024
PAUSE_FIRST, PAUSE_LAST = 0.5, 60.0  # seconds
KEPT = "kept"  # the report's name for items that were kept to be put back
UNSURE = "unsure"  # and for those of which is not known whether this job was at them
MORE = "more"  # and for those of which more was written over, or deleted, than had been read
IS_UNSURE = "It is as it was to become. Whether this job did that or somebody else is not known: a worker ended then."
HAD_MORE = "Something was added to it in that very moment, and went too. Putting this back brings it back."
SLOW = "Going on at the rate that was asked for."


class Outcome(StrEnum):
    """What became of one entry. LATER ones are sent again."""

    DONE = "done"
    SAME = "same"
    EXISTS = "exists"
    CHANGED = "changed"
    GONE = "gone"
    REFUSED = "refused"
    LATER = "later"


SKIPPED: Mapping[Outcome, str] = {
    Outcome.SAME: "It is there already, the same.",
    Outcome.EXISTS: "There is an item with this key, which was left as it is.",
    Outcome.CHANGED: "It was changed meanwhile, and left as it is.",
    Outcome.GONE: "It is not there any more.",
}


@dataclass(frozen=True)
class Result:
    """What became of one entry, the write units it took, and in words why AWS refused it. `trace` is how to take it
    back. `unsure`: it is as it was to become, and an earlier attempt of this job may have made it so, or somebody else.
    `more`: there was more to it than had been read."""

    outcome: Outcome
    capacity: Decimal = Decimal(0)
    problem: str = ""
    trace: Trace | None = None
    unsure: bool = False
    more: bool = False


@dataclass(frozen=True)
class Ready:
    """What has to be known, and kept, before a group is sent: results that need no write, the read units it took, and
    what is about to be done to the others."""

    results: Mapping[int, Result]
    traces: Sequence[Trace]
    capacity: Decimal = Decimal(0)


class Writer(Protocol):
    """How entries are written. It calls AWS and touches no row."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The key attributes of the table."""

    def ready(self, group: Sequence[Entry]) -> Ready:
        """Look at what is there before a group is sent. Raises AwsError."""

    def write(self, group: Sequence[Entry], left: Sequence[int], *, again: bool) -> Mapping[int, Result]:
        """Write these of the group, by their places. `again`: an earlier attempt may have landed. Raises AwsError
        when nothing can be written at all."""


@dataclass
class Position:
    """How far the writing is: the piece, the place in it, the size of the group there, and which of it are left; None
    for a group that is not begun. `number` counts groups."""

    piece: int = 0
    at: int = 0
    size: int = 0
    left: list[int] | None = None
    pauses: int = 0
    number: int = 0


@dataclass
class Applying:
    """One tick's writing."""

    job: ItemJob
    source: Source
    writer: Writer

    def go_on(self, until: datetime) -> Again | Finished:
        """Write until then. Raises AwsError, StopJobError, LeaseLostError and CancelAskedError."""
        part, pace = self._part(), Pace.of(self.job)
        position = Position(**json.loads(part.position)) if part.position else Position()
        begun_before = position.left is not None
        while timezone.now() < until:
            entries = self.source.entries(position.piece)
            if entries is None:
                return Finished()
            if position.at >= len(entries):
                position.piece, position.at = position.piece + 1, 0
                continue
            pause = pace.seconds_until_free()
            if pause:
                return Again(pause, SLOW)
            if position.left is None:
                self._begin(part, position, entries, pace)
            if self._send(part, position, entries, pace, again=begun_before):
                return _pause(position)
            begun_before = False
        return Again()

    def _part(self) -> JobPart:
        return JobPart.objects.get_or_create(job=self.job, number=PART)[0]

    def _begin(self, part: JobPart, position: Position, entries: Sequence[Entry], pace: Pace) -> None:
        """Look at the next group, and record what is about to be sent."""
        position.size = _size(entries, position.at, self.job.rate)
        group = entries[position.at : position.at + position.size]
        ready = self.writer.ready(group)
        position.left = [place for place in range(len(group)) if place not in ready.results]
        position.pauses = 0
        pace.spend(ready.capacity, self.job)
        self.job.capacity += ready.capacity
        told = self._tally(group, ready.results)
        with recording(self.job):
            self._undo.intend(position.number, ready.traces)
            self._report(told)
            _save(part, position)

    def _send(self, part: JobPart, position: Position, entries: Sequence[Entry], pace: Pace, *, again: bool) -> bool:
        """Send what is left of the group; whether something still is."""
        group = entries[position.at : position.at + position.size]
        left = position.left or []
        again = again or bool(position.pauses)
        number = position.number
        results = self.writer.write(group, left, again=again) if left else {}
        spent = sum((result.capacity for result in results.values()), Decimal(0))
        pace.spend(spent, self.job)
        self.job.capacity += spent
        told = self._tally(group, results)
        later = [place for place in left if results[place].outcome is Outcome.LATER]
        if later:
            # Something went through, so the next pause is a short one again.
            position.left, position.pauses = later, position.pauses + 1 if len(later) == len(left) else 1
        else:
            position.at, position.left = position.at + len(group), None
            position.pauses, position.number = 0, number + 1
        with recording(self.job):
            self._keep(number, group, results)
            self._report(told)
            _save(part, position)
        return bool(later)

    @property
    def _undo(self) -> UndoLog:
        return UndoLog(self.job, self.writer.keys)

    def _keep(self, number: int, group: Sequence[Entry], results: Mapping[int, Result]) -> None:
        """What AWS has told of a group is what it can be put back with."""
        known = {
            canonical(key_of(group[place].item, self.writer.keys))
            for place, result in results.items()
            if result.outcome is not Outcome.LATER and not result.unsure
        }
        traces = [result.trace for result in results.values() if result.trace]
        self._undo.settle(number, known, traces)
        if traces:
            self.job.report[KEPT] = self.job.report.get(KEPT, 0) + len(traces)

    def _tally(self, group: Sequence[Entry], results: Mapping[int, Result]) -> bytes:
        """Count results into the job; the lines about those that were not written."""
        job = self.job
        count = Counter(result.outcome for result in results.values())
        job.done += count[Outcome.DONE]
        job.failed += count[Outcome.REFUSED]
        job.skipped += sum(count[outcome] for outcome in SKIPPED)
        told = {str(outcome): count[outcome] for outcome in (*SKIPPED, Outcome.REFUSED)}
        told |= {UNSURE: sum(one.unsure for one in results.values()), MORE: sum(one.more for one in results.values())}
        for name, number in told.items():
            if number:
                job.report[name] = job.report.get(name, 0) + number
        lines = (self._line(group[place], result) for place, result in sorted(results.items()))
        return b"".join(lines)

    def _line(self, entry: Entry, result: Result) -> bytes:
        words = result.problem or SKIPPED.get(result.outcome, "")
        words = words or (IS_UNSURE if result.unsure else HAD_MORE if result.more else "")
        key = {name: entry.item[name] for name in self.writer.keys}
        return report_line(entry.line, key, words) if words else b""

    def _report(self, told: bytes) -> None:
        if told:
            append_chunk(self.job, Purpose.REPORT, told, items=told.count(b"\n"))


def _save(part: JobPart, position: Position) -> None:
    part.position = json.dumps(asdict(position), separators=(",", ":"))
    part.items = position.number
    part.save(update_fields=["position", "items"])


def _size(entries: Sequence[Entry], at: int, rate: int | None) -> int:
    """How many entries make the next group: so many, so many bytes, and no more than the rate has in a second."""
    most, size, count = min(GROUP, rate or GROUP), 0, 0
    for entry in entries[at : at + most]:
        size += size_of(entry.item)
        if count and size > GROUP_BYTES:
            break
        count += 1
    return count


def _pause(position: Position) -> Again:
    """When to send the rest: later each time, spread by chance (pitfall 33)."""
    longest = min(PAUSE_LAST, PAUSE_FIRST * 2**position.pauses)
    count = len(position.left or [])
    what = "1 item was" if count == 1 else f"{count} items were"
    return Again(random.uniform(PAUSE_FIRST / 2, longest), f"{what} not taken by AWS yet; sent again in a moment.")  # noqa: S311
