"""Jobs on items as they are told: how far they are, what came of them, and what can be done with them."""

import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from ninja import Schema

from portal.api.change_shapes import Trouble
from portal.api.item_shapes import units
from portal.item_jobs.access import address
from portal.item_jobs.reading import acts_of, files_of, share_of
from portal.item_jobs.words import label_of
from provisioning.actions.actor import Actor, require_change_right
from provisioning.actions.bulk_deleting import why_not_delete
from provisioning.actions.importing import why_not_import, why_not_put_back
from provisioning.actions.moves import why_not_run
from provisioning.actions.refusals import Refusal
from provisioning.lifecycle import MOVING_JOBS, JobKind, JobStatus
from provisioning.models import ItemJob

_LONGEST = 300  # characters of a word in what was found


class Expected(Schema):
    """What was said before it began: items, bytes, capacity units at so many a second, US dollars; null: not known."""

    items: int | None
    bytes: int | None
    units: str | None
    usd: str | None
    rate: int | None


class JobShape(Schema):
    """A job. `phase` is check for a dry run, freeze for a list that is to be deleted, run for what writes. `done` are
    the items that it is through with, `scanned` those that it read; `share` is of a hundred, null where nobody can say.
    `found` counts by what was found. `acts` is what you can do with it now: cancel, resume, retry, drop, run, put_back,
    download, in one of the forms in `files`."""

    id: uuid.UUID
    environment: str
    table: str
    kind: JobKind
    title: str
    phase: str
    status: JobStatus
    over: bool
    asked_by: str
    asked_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None
    reason: str
    change: uuid.UUID | None
    of: uuid.UUID | None
    done: int
    scanned: int
    skipped: int
    failed: int
    capacity: str
    share: int | None
    waiting_for: str
    cancel_asked: bool
    problem: Trouble | None
    expected: Expected
    found: dict[str, int | str]
    acts: list[str]
    files: list[str]
    url: str


class JobList(Schema):
    """A page of jobs, the newest first."""

    items: list[JobShape]
    next: str | None


class ReportLine(Schema):
    """One line of a job's report: which of the file, null for none; the key; what is said of it."""

    line: int | None
    key: str
    problem: str


class ReportList(Schema):
    """A page of a report, in the order of the file."""

    items: list[ReportLine]
    next: str | None


class Ticket(Schema):
    """Leave to download a file: once, by you, within five minutes."""

    url: str
    form: str


def job_shape(actor: Actor, job: ItemJob) -> JobShape:
    """A job as this person sees it. Needs its environment and its person at hand."""
    files = files_of(actor, job)
    names = [form.slug for form in files.forms] if files and not files.why_not else []
    return JobShape(
        id=job.pk,
        environment=str(job.environment),
        table=job.table,
        kind=JobKind(job.kind),
        title=label_of(job),
        phase=str(job.goal.get("phase") or ""),
        status=JobStatus(job.status),
        over=job.status not in MOVING_JOBS,
        asked_by=job.asked_by.get_username(),
        asked_at=job.asked_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        expires_at=job.expires_at,
        reason=job.reason,
        change=job.change_id,
        of=job.goal.get("of"),
        done=job.done,
        scanned=job.scanned,
        skipped=job.skipped,
        failed=job.failed,
        capacity=units(job.capacity),
        share=share_of(job),
        waiting_for=job.waiting_for,
        cancel_asked=job.cancel_asked,
        problem=_trouble(job.problem),
        expected=_expected(job),
        found={name: value for name, value in job.report.items() if _is_told(value)},
        acts=[*_acts(actor, job), *(["download"] if names else [])],
        files=names,
        url=address("item_job", job),
    )


def _trouble(problem: dict[str, Any] | None) -> Trouble | None:
    if not problem:
        return None
    return Trouble(code=str(problem.get("code", "")), sentence=str(problem.get("sentence", "")))


def _expected(job: ItemJob) -> Expected:
    said = job.expected
    size = said.get("bytes", said.get("size_bytes"))
    return Expected(items=said.get("items"), bytes=size, units=said.get("units"), usd=said.get("usd"), rate=job.rate)


def _is_told(value: object) -> bool:
    return isinstance(value, int) or (isinstance(value, str) and len(value) <= _LONGEST)


def _acts(actor: Actor, job: ItemJob) -> Iterator[str]:
    can = acts_of(actor, job)
    yield from (name for name in ("cancel", "resume", "retry", "drop") if getattr(can, name))
    if not _may_change(actor, job):
        return
    why = why_not_import(job) if job.kind == JobKind.IMPORT else why_not_delete(job)
    if not why and not why_not_run(job):
        yield "run"
    if not why_not_put_back(job) and not why_not_run(job, "put back"):
        yield "put_back"


def _may_change(actor: Actor, job: ItemJob) -> bool:
    try:
        require_change_right(actor, job.environment)
    except Refusal:
        return False
    return True
