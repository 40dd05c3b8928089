"""What a job carries, in pieces of about a megabyte: compressed, encrypted, and removed when it expires.

Pieces of one part are in order; lines never cross from one into the next. Appending belongs inside `recording`,
together with the position that the piece was read up to, so that neither is there without the other (pitfalls 2, 33).
"""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from django.db.models import Max

from provisioning.items.sealing import pack, unpack
from provisioning.lifecycle import MOVING_JOBS
from provisioning.models import ItemJob, JobChunk


class Purpose(StrEnum):
    """What a piece is for. COLUMNS are the names of attributes that an export has come by, SEEN the keys that a file
    has had, ITEMS what is to be written or deleted. UNDO, KEYS and MADE are what a job is put back with, as
    `undoing.py` has them."""

    RESULT = "result"
    COLUMNS = "columns"
    UPLOAD = "upload"
    SEEN = "seen"
    ITEMS = "items"
    KEYS = "keys"
    UNDO = "undo"
    MADE = "made"
    REPORT = "report"


def append_chunk(job: ItemJob, purpose: Purpose, content: bytes, *, part: int = 0, items: int = 0) -> JobChunk:
    """Keep one more piece, after those of its part. Lines end with a newline."""
    mine = JobChunk.objects.filter(job=job, purpose=purpose, part=part)
    last = mine.aggregate(last=Max("number"))["last"]
    packed = pack(sealed_for(job, purpose), content)
    return JobChunk.objects.create(
        job=job, purpose=purpose, part=part, number=0 if last is None else last + 1, items=items, content=packed
    )


def packed_for(job: ItemJob, purpose: Purpose, content: bytes) -> bytes:
    """A piece ready for `append_packed`: needs no database, so a thread may do it."""
    return pack(sealed_for(job, purpose), content)


def append_packed(job: ItemJob, purpose: Purpose, packed: bytes, *, part: int, number: int, items: int) -> None:
    """Keep a piece that was packed before, outside of any transaction, under a number that the caller counts."""
    JobChunk.objects.create(job=job, purpose=purpose, part=part, number=number, items=items, content=packed)


def put_chunk(
    job: ItemJob, purpose: Purpose, content: bytes, *, part: int = 0, number: int = 0, items: int = 0
) -> None:
    """Keep a piece in this very place, over what was there."""
    packed = pack(sealed_for(job, purpose), content)
    JobChunk.objects.update_or_create(
        job=job, purpose=purpose, part=part, number=number, defaults={"items": items, "content": packed}
    )


def read_chunk(job: ItemJob, purpose: Purpose, *, part: int = 0, number: int = 0) -> bytes | None:
    """One piece, or None. Raises NotSealedError."""
    found = JobChunk.objects.filter(job=job, purpose=purpose, part=part, number=number).first()
    return None if found is None else unpack(sealed_for(job, purpose), bytes(found.content))


def read_chunks(job: ItemJob, purpose: Purpose, *, part: int | None = None, start: int = 0) -> Iterator[bytes]:
    """Every piece, part by part in order, one in memory at a time. `start` is the number of a part's piece to begin
    with. Raises NotSealedError."""
    mine = JobChunk.objects.filter(job=job, purpose=purpose, number__gte=start)
    if part is not None:
        mine = mine.filter(part=part)
    for chunk_id in list(mine.order_by("part", "number").values_list("pk", flat=True)):
        content = JobChunk.objects.filter(pk=chunk_id).values_list("content", flat=True).first()
        if content is not None:
            yield unpack(sealed_for(job, purpose), bytes(content))


def read_lines(job: ItemJob, purpose: Purpose, *, part: int | None = None, start: int = 0) -> Iterator[bytes]:
    """Every line of the pieces, without its newline. Other characters that end lines in Unicode do not end one here."""
    for content in read_chunks(job, purpose, part=part, start=start):
        yield from (line for line in content.split(b"\n") if line)


def has_chunks(job: ItemJob, purpose: Purpose) -> bool:
    """Whether the job still carries anything of this."""
    return JobChunk.objects.filter(job=job, purpose=purpose).exists()


def drop_chunks(job: ItemJob, purpose: Purpose | None = None) -> None:
    """Remove what the job carries, or all of it for one purpose."""
    mine = JobChunk.objects.filter(job=job)
    (mine if purpose is None else mine.filter(purpose=purpose))._raw_delete(mine.db)


def drop_expired(now: datetime) -> int:
    """Remove what jobs carried whose time is over; how many pieces went. A job that still moves keeps its own, and
    those of the job that it goes on from (`of` in its goal), which may have waited for a decision for days."""
    moving = ItemJob.objects.filter(status__in=MOVING_JOBS)
    needed = {str(job_id) for job_id in moving.values_list("goal__of", flat=True) if job_id}
    over = ItemJob.objects.filter(expires_at__lte=now, finished_at__isnull=False, chunks__isnull=False)
    ids = [job_id for job_id in over.values_list("pk", flat=True).distinct() if str(job_id) not in needed]
    return JobChunk.objects.filter(job__in=ids)._raw_delete(JobChunk.objects.db) if ids else 0


def sealed_for(job: ItemJob, purpose: Purpose) -> str:
    """What a piece is sealed for: its job and its purpose."""
    return f"job:{job.pk}:{purpose}"
