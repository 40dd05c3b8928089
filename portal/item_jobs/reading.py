"""A job as its page shows it: how far it is, what it took, what can be done with it, and when to look again."""

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from math import ceil

from django.utils import timezone

from portal.tables.action import units_text
from portal.templatetags.stackyard import duration_text
from provisioning.actions.actor import Actor
from provisioning.actions.downloading import OF_KIND, why_not_download
from provisioning.actions.jobs import can_resume, why_not_touch
from provisioning.engine.jobs.deleting import FREEZE
from provisioning.engine.jobs.importing import CHECK
from provisioning.engine.jobs.kinds import READING_KINDS
from provisioning.items.comparing import RESULT
from provisioning.items.exporting import CSV, FORMS, FileForm
from provisioning.lifecycle import MOVING_JOBS, JobKind, JobStatus
from provisioning.models import ItemJob

QUICK, SLOWER, SLOWEST = 1, 2, 5  # seconds between two looks
AFTER, LONG_AFTER = timedelta(minutes=1), timedelta(minutes=10)


@dataclass(frozen=True)
class Live:
    """What moves. `share` is how many of a hundred parts are done, None where nobody can say; `poll` is the seconds
    until the next look, 0 for never; `seen` is another one whenever anything of it is; `state` when what stands around
    it has to change, too."""

    job: ItemJob
    status: JobStatus
    share: int | None
    sentence: str
    facts: tuple[tuple[str, str], ...]
    left: str
    waiting: str
    poll: int
    seen: str
    state: str


@dataclass(frozen=True)
class Acts:
    """What the person who looks can do with the job; `why_not` says why nothing of it."""

    cancel: bool
    resume: bool
    retry: bool
    drop: bool
    why_not: str


@dataclass(frozen=True)
class Files:
    """What can be downloaded, and why not."""

    forms: tuple[FileForm, ...]
    why_not: str
    partial: bool


def live_of(job: ItemJob) -> Live:
    """How far the job is now."""
    status, share = JobStatus(job.status), share_of(job)
    moves = job.status in MOVING_JOBS
    waits = moves and job.next_check_at is None
    shown = [job.status, job.done, job.scanned, job.skipped, job.failed, str(job.capacity), job.waiting_for]
    seen = json.dumps([*shown, str(job.next_check_at), job.cancel_asked, job.report.get("phase")])
    return Live(
        job=job,
        status=status,
        share=share,
        sentence=_sentence(job),
        facts=tuple(_facts(job)),
        left=_left(job, share),
        waiting=_waiting(job) if moves else "",
        poll=_poll(job) if moves and not waits else 0,
        seen=hashlib.sha256(seen.encode()).hexdigest()[:16],
        state=f"{job.status}-{int(job.cancel_asked)}",
    )


def share_of(job: ItemJob) -> int | None:
    """How many of a hundred parts are done, about: what is expected is DynamoDB's own count and hours old, so all of
    it is only said in the end."""
    if job.status == JobStatus.SUCCEEDED:
        return 100
    expected = int(job.expected.get("items") or 0)
    through = job.scanned if job.kind in READING_KINDS else job.done + job.skipped + job.failed
    if not expected or job.expected.get("word") == "Query":
        return None
    return min(99, 100 * through // expected)


def _sentence(job: ItemJob) -> str:
    if job.status == JobStatus.QUEUED and not job.started_at:
        return "Waiting for a worker."
    if job.cancel_asked and job.status in MOVING_JOBS:
        return "Ends at its next call."
    if job.kind == JobKind.COUNT and job.status == JobStatus.SUCCEEDED:
        return f"Exactly {job.done:,} item{'' if job.done == 1 else 's'}."
    return f"{job.done:,} item{'' if job.done == 1 else 's'} so far." if job.status in MOVING_JOBS else ""


def _facts(job: ItemJob) -> list[tuple[str, str]]:
    took = _took(job)
    is_check = job.goal.get("phase") == CHECK  # its own part says what it found
    facts = [("Lines", f"{job.scanned:,}")] if is_check else [("Items", f"{job.done:,}")]
    if job.kind in READING_KINDS:
        facts.append(("Read", f"{job.scanned:,}"))
    facts += [("Skipped", f"{job.skipped:,}")] if job.skipped else []
    facts += [("Failed", f"{job.failed:,}")] if job.failed and not is_check else []
    facts.append(("Capacity", units_text(job.capacity)))
    if took >= 1 and job.capacity:
        facts.append(("Speed", f"{units_text((job.capacity / Decimal(took)).quantize(Decimal(1)))} a second"))
    return [*facts, ("Time", duration_text(took))] if job.started_at else facts


def _took(job: ItemJob) -> float:
    if job.started_at is None:
        return 0.0
    return max(0.0, ((job.finished_at or timezone.now()) - job.started_at).total_seconds())


def _left(job: ItemJob, share: int | None) -> str:
    """From what was done in the time that it took; nothing while that says little."""
    took = _took(job)
    if job.status not in MOVING_JOBS or not share or share < 2 or took < 2:
        return ""
    return f"About {duration_text(ceil(took * (100 - share) / share))} left."


def _waiting(job: ItemJob) -> str:
    return job.waiting_for if job.waiting_for and not job.cancel_asked else ""


def _poll(job: ItemJob) -> int:
    """Often at first, then less: a long job is looked at by somebody who does something else meanwhile."""
    age = timezone.now() - job.asked_at
    return QUICK if age < AFTER else SLOWER if age < LONG_AFTER else SLOWEST


def acts_of(actor: Actor, job: ItemJob) -> Acts:
    """What this person can do with the job now."""
    why = why_not_touch(actor, job)
    moves, mine = job.status in MOVING_JOBS, not why
    ended_badly = job.status in {JobStatus.FAILED, JobStatus.CANCELLED}
    return Acts(
        cancel=mine and moves and not job.cancel_asked,
        resume=mine and can_resume(job),
        retry=mine and not moves and job.kind in READING_KINDS,
        drop=mine and not moves and _has_file(job) and not _is_over(job),
        why_not=why if moves or ended_badly else "",
    )


def _has_file(job: ItemJob) -> bool:
    """Whether it is a job whose file can be downloaded: a deletion is, the list that is frozen for one is not."""
    return job.kind in OF_KIND and job.goal.get("phase") != FREEZE


def _is_over(job: ItemJob) -> bool:
    return job.expires_at is not None and job.expires_at <= timezone.now()


def files_of(actor: Actor, job: ItemJob, *, csv: bool = True) -> Files | None:
    """What can be downloaded of an ended job; None where there is never anything. `csv`: its columns can be told."""
    if not _has_file(job) or job.status in MOVING_JOBS:
        return None
    why = why_not_download(actor, job)
    forms = tuple(form for form in FORMS.values() if csv or form is not CSV)
    whole = job.status == JobStatus.SUCCEEDED
    of_kind = {JobKind.EXPORT: forms, JobKind.COMPARE: (RESULT,)}.get(JobKind(job.kind), forms[:1])
    return Files(of_kind, why.sentence if why else "", partial=not whole)
