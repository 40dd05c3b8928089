"""Reading all that a query or a scan finds, page by page, over as many ticks as it takes.

A scan is read in segments, a few at once; each is a JobPart. What a page brought and the position after it are
committed together: a worker that is killed between a call and its commit has read a page in vain, and nothing is lost
or doubled (pitfall 2). While a page is being committed the next one of its part is read already.

Threads make calls and prepare what is to be kept; only the tick itself talks to the database.
"""

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar

from django.utils import timezone

from provisioning.aws.clients import Clients
from provisioning.aws.items.reading import Read, ReadPage, read_page
from provisioning.engine.jobs.pacing import Pace
from provisioning.engine.jobs.ticking import Again, recording
from provisioning.items.sealing import seal, unseal
from provisioning.items.values import Item, dumps, loads_item
from provisioning.models import ItemJob, JobPart

Made = TypeVar("Made")
POSITION = "position"
SLOW = "Going on at the rate that was asked for."


@dataclass(frozen=True)
class Brought(Generic[Made]):
    """What one page came to: its counts, where the next one begins (None: the part is through), and what `make` made
    of its items."""

    returned: int
    scanned: int
    capacity: Decimal
    next: Item | None
    made: Made


Make = Callable[[ReadPage], Made]
Keep = Callable[[JobPart, Brought[Made]], None]


@dataclass
class Reading(Generic[Made]):
    """One tick's reading. `make` runs in a thread, on the items of a page as AWS gave them; `keep` runs in the
    transaction that moves the part's position on."""

    job: ItemJob
    aws: Clients
    read: Read
    make: Make[Made]
    keep: Keep[Made]
    _pace: Pace = field(init=False)
    _until: datetime = field(init=False)
    _threads: ThreadPoolExecutor = field(init=False)
    _flying: dict[Future[Brought[Made]], JobPart] = field(init=False, default_factory=dict)
    _error: Exception | None = field(init=False, default=None)

    def go_on(self, until: datetime) -> Again | None:
        """Read until then; None when everything has been read. What was paid for is recorded before the first error
        is raised. Raises AwsError, LeaseLostError and CancelAskedError."""
        self._pace, self._until = Pace.of(self.job), until
        waiting = [part for part in self._parts() if not part.done]
        with ThreadPoolExecutor(max_workers=max(1, len(waiting)), thread_name_prefix="reading") as threads:
            self._threads = threads
            try:
                waiting = self._read(waiting)
            finally:
                threads.shutdown(cancel_futures=True)
        if self._error is not None:
            raise self._error
        if not waiting:
            return None
        pause = self._pace.seconds_until_free()
        return Again(pause, SLOW if pause else "")

    def _read(self, waiting: list[JobPart]) -> list[JobPart]:
        """Read until the time, the rate or AWS ends it; the parts that are not through."""
        left = self._begin(waiting)
        while self._flying:
            landed, _ = wait(self._flying, return_when=FIRST_COMPLETED)
            for future in landed:
                part = self._flying.pop(future)
                brought = self._landed(future)
                if brought is None:
                    left.append(part)
                    continue
                self._pace.spend(brought.capacity, self.job)
                if brought.next is not None and not self._start(part, brought.next):
                    left.append(part)
                self._record(part, brought)
            left = self._begin(left)
        return left

    def _begin(self, waiting: list[JobPart]) -> list[JobPart]:
        """Read on in parts that wait, as far as that may be; those that still wait."""
        return [part for part in waiting if not self._start(part, _position(part))]

    def _start(self, part: JobPart, position: Item | None) -> bool:
        """Have the next page of a part read, unless the tick is to end."""
        if self._error is not None or timezone.now() >= self._until:
            return False
        if self._pace.seconds_until_free(len(self._flying)):
            return False
        self._flying[self._threads.submit(self._bring, part.number, position)] = part
        return True

    def _bring(self, number: int, position: Item | None) -> Brought[Made]:
        """One page, in a thread."""
        segment = number if self.read.segments else None
        page = read_page(self.aws, replace(self.read, start=position, segment=segment))
        return Brought(page.returned, page.scanned, page.capacity, page.last_key, self.make(page))

    def _landed(self, future: "Future[Brought[Made]]") -> Brought[Made] | None:
        """What a thread brought; None when it brought an error, which is kept until the others have landed."""
        error = future.exception()
        if error is None:
            return future.result()
        if not isinstance(error, Exception):
            raise error
        self._error = self._error or error
        return None

    def _record(self, part: JobPart, brought: Brought[Made]) -> None:
        job = self.job
        job.done += brought.returned
        job.scanned += brought.scanned
        job.capacity += brought.capacity
        part.items += brought.returned
        part.position = "" if brought.next is None else seal(_purpose(part), dumps(brought.next))
        part.done = brought.next is None
        with recording(job):
            part.save(update_fields=["position", "done", "items"])
            self.keep(part, brought)

    def _parts(self) -> list[JobPart]:
        parts = list(self.job.parts.all())
        if not parts:
            with recording(self.job):
                count = self.read.segments or 1
                JobPart.objects.bulk_create(JobPart(job=self.job, number=number) for number in range(count))
            parts = list(self.job.parts.all())
        return parts


def _position(part: JobPart) -> Item | None:
    """Where a part goes on; None for its beginning. Raises NotSealedError."""
    return loads_item(unseal(_purpose(part), part.position)) if part.position else None


def _purpose(part: JobPart) -> str:
    return f"{POSITION}:{part.job_id}:{part.number}"
