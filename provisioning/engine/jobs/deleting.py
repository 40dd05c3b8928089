"""A bulk deletion: first the list is frozen, and a person looks at it; then exactly that list is deleted (pitfall 34).

Freezing keeps each item as it is: what is deleted later is what somebody agreed to, on the condition that it is still
so, and the very same pieces undo it. Deleting goes item by item: batches carry no conditions (pitfall 33).

Goals: {"phase": "freeze", "query": pairs} or {"phase": "freeze", "ticked": count}, the keys then in an upload;
{"phase": "run", "of": the id of the frozen one}.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial

from provisioning.aws.clients import Clients
from provisioning.aws.items.batches import MOST_KEYS
from provisioning.aws.items.reading import ReadPage
from provisioning.engine.jobs.applying import Applying
from provisioning.engine.jobs.asked import read_of, require_readable
from provisioning.engine.jobs.chunks import Purpose, append_packed, drop_chunks, packed_for, read_lines
from provisioning.engine.jobs.entries import Entry, lines_of, source_of
from provisioning.engine.jobs.importing import RUN, place_of
from provisioning.engine.jobs.reading import Brought, Reading
from provisioning.engine.jobs.ticking import Again, Finished, StopJobError, recording, table_of
from provisioning.engine.jobs.writers import DeleteSame, Place
from provisioning.engine.outcome import Problem
from provisioning.items.query import Shape, shape_of
from provisioning.items.values import Item, restored, size_of
from provisioning.items.write_units import units_of_delete
from provisioning.models import ItemJob, JobChunk, JobPart

FREEZE = "freeze"
MOST_BYTES = 256 * 1024 * 1024  # of items that one list freezes: they are kept to undo it
ITEMS, BYTES, UNITS = "items", "bytes", "units"


def delete_items(job: ItemJob, aws: Clients, until: datetime) -> Again | Finished:
    """Bring a deletion on. Raises StopJobError, AwsError, LeaseLostError and CancelAskedError."""
    place = place_of(job, aws)
    if job.goal["phase"] != RUN:
        return _freeze_ticked(job, place) if "ticked" in job.goal else _freeze_query(job, place, until)
    source = source_of(job, Purpose.ITEMS)
    outcome = Applying(job, source, DeleteSame(place)).go_on(until)
    if isinstance(outcome, Finished):
        with recording(job):
            drop_chunks(source.job, Purpose.ITEMS)  # what can be undone is the run's own
    return outcome


@dataclass(frozen=True)
class Frozen:
    """Some items as they are kept: packed lines, how many, their bytes, what deleting them takes, and what reading them
    took beyond the page that they are from."""

    packed: bytes
    items: int
    bytes: int
    units: Decimal
    capacity: Decimal


def _freeze_query(job: ItemJob, place: Place, until: datetime) -> Again | Finished:
    """Freeze all that a query or scan finds. Its goal names no attributes: whole items are kept, and a projection
    costs the same (pitfall 36)."""
    table = table_of(job)
    query, read = read_of(job, table)
    require_readable(job.environment, table, query)
    shape = shape_of(table)
    make = partial(_page, job, place, shape, whole=shape.projected(query.index) is None)
    outcome = Reading(job, place.aws, read, make, partial(_keep, job)).go_on(until)
    return Finished() if outcome is None else outcome


def _page(job: ItemJob, place: Place, shape: Shape, page: ReadPage, *, whole: bool) -> Frozen:
    """In a thread: the items of a page as they are kept. What an index does not have is read from the table, or it
    would be lost to whoever undoes this (pitfall 26)."""
    if whole or not page.items:
        return _frozen(job, shape, page.items, Decimal(0))
    found, capacity = place.there(page.items)
    return _frozen(job, shape, tuple(found.values()), capacity)


def _frozen(job: ItemJob, shape: Shape, items: Sequence[Item], capacity: Decimal) -> Frozen:
    packed = packed_for(job, Purpose.ITEMS, lines_of(Entry(0, item) for item in items)) if items else b""
    units = sum((units_of_delete(shape, item) for item in items), Decimal(0))
    return Frozen(packed, len(items), sum(size_of(item) for item in items), units, capacity)


def _keep(job: ItemJob, part: JobPart, brought: Brought[Frozen]) -> None:
    """In the transaction that moves the part on. Raises StopJobError when the list becomes too long to be undone."""
    made = brought.made
    job.capacity += made.capacity
    _count(job, made)
    if made.packed:
        number = JobChunk.objects.filter(job=job, purpose=Purpose.ITEMS, part=part.number).count()
        append_packed(job, Purpose.ITEMS, made.packed, part=part.number, number=number, items=made.items)


def _count(job: ItemJob, frozen: Frozen) -> None:
    report = job.report
    report[ITEMS] = report.get(ITEMS, 0) + frozen.items
    report[BYTES] = report.get(BYTES, 0) + frozen.bytes
    report[UNITS] = str(Decimal(report.get(UNITS, "0")) + frozen.units)
    if report[BYTES] > MOST_BYTES:
        raise StopJobError(
            Problem(
                f"These are more than {MOST_BYTES // 1024**2} MiB of items, more than one deletion keeps for undoing.",
                "you",
                "Ask for fewer of them, and delete in parts.",
                code="too-much",
            )
        )


def _freeze_ticked(job: ItemJob, place: Place) -> Finished:
    """Freeze the items that somebody has ticked: few enough for one tick."""
    shape = shape_of(table_of(job))
    keys = [restored(line.decode()) for line in read_lines(job, Purpose.UPLOAD)]
    items: list[Item] = []
    capacity = Decimal(0)
    for begin in range(0, len(keys), MOST_KEYS):
        found, units = place.there(keys[begin : begin + MOST_KEYS])
        items += found.values()
        capacity += units
    frozen = _frozen(job, shape, items, Decimal(0))
    job.done, job.scanned, job.skipped = len(items), len(keys), len(keys) - len(items)
    job.capacity += capacity
    _count(job, frozen)
    with recording(job):
        drop_chunks(job, Purpose.UPLOAD)
        if items:
            append_packed(job, Purpose.ITEMS, frozen.packed, part=0, number=0, items=frozen.items)
    return Finished()
