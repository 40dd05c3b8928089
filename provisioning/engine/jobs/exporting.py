"""An export: what a query or a scan finds, kept as typed JSON lines until it has been downloaded or a day is over.

What prod hides is hidden before a line is written (pitfall 41). The attributes that items were seen with are kept
beside them, because CSV needs them all before its first row.
"""

from datetime import datetime
from functools import partial

from provisioning.aws.clients import Clients
from provisioning.aws.items.reading import ReadPage
from provisioning.engine.jobs.asked import read_of, require_readable
from provisioning.engine.jobs.chunks import Purpose, append_packed, packed_for, put_chunk, read_chunk
from provisioning.engine.jobs.reading import Brought, Reading
from provisioning.engine.jobs.ticking import Again, Finished, table_of
from provisioning.items.exporting import Columns, seen_in, typed_lines
from provisioning.items.masking import Mask, mask_for
from provisioning.models import ItemJob, JobChunk, JobPart, Table

BYTES, PIECES = "bytes", "pieces"
Page = tuple[bytes, int, list[tuple[str, str]]]  # what is kept of a page: packed lines, their length, attributes


def export(job: ItemJob, aws: Clients, until: datetime) -> Again | Finished:
    """Bring an export on. Raises StopJobError, AwsError, LeaseLostError and CancelAskedError."""
    table = table_of(job)
    query, read = read_of(job, table)
    require_readable(job.environment, table, query)
    columns = columns_of(job, table)
    make = partial(_page, job, mask_for(job.environment, table))
    again = Reading(job, aws, read, make, partial(_keep, job, columns)).go_on(until)
    return Finished() if again is None else again


def columns_of(job: ItemJob, table: Table | None = None) -> Columns:
    """The attributes that an export has come by so far. Raises NotSealedError."""
    kept = read_chunk(job, Purpose.COLUMNS)
    if kept is not None:
        return Columns.from_text(kept.decode())
    return Columns.of(key["attribute"] for key in (table.described if table else {}).get("keys", ()))


def _page(job: ItemJob, mask: Mask, page: ReadPage) -> Page:
    """In a thread: the items of a page as they are kept. Nothing else of them is left in memory then."""
    items = page.items if mask.is_empty else [mask.apply(item) for item in page.items]
    lines = typed_lines(items)
    return packed_for(job, Purpose.RESULT, lines) if items else b"", len(lines), seen_in(items)


def _keep(job: ItemJob, columns: Columns, part: JobPart, brought: Brought[Page]) -> None:
    """In the transaction that moves the part on."""
    packed, length, seen = brought.made
    if not packed:
        return
    number = JobChunk.objects.filter(job=job, purpose=Purpose.RESULT, part=part.number).count()
    append_packed(job, Purpose.RESULT, packed, part=part.number, number=number, items=brought.returned)
    job.report[BYTES] = job.report.get(BYTES, 0) + length
    if columns.add(seen):
        put_chunk(job, Purpose.COLUMNS, columns.as_text().encode())
