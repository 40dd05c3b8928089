"""The job that a change of items may be about: held until the change runs, then let go and seen to its end."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from provisioning.engine.claims import hold
from provisioning.engine.outcome import Cancelled, Done, Outcome, Problem, Stop, Wait
from provisioning.engine.work import Work
from provisioning.lifecycle import MOVING_JOBS, ChangeKind, ChangeStatus, JobKind, JobStatus
from provisioning.models import Change, ItemJob
from provisioning.planning import item_plans

PAUSE = 2.0  # seconds between two looks at a job


def job_of(change: Change) -> ItemJob | None:
    """The job that the change is about; None where it is about single writes."""
    return ItemJob.objects.filter(change=change).first() if change.goal.get("job") else None


def job_part(job: ItemJob) -> dict[str, Any]:
    """The job as a plan holds it. What it is to do is in its goal, which the fingerprint stands for."""
    expected: Mapping[str, Any] = job.expected
    return {
        "id": str(job.pk),
        "kind": job.kind,
        "items": expected.get("items"),
        "expected": dict(expected),
        "back": job.goal.get("back"),
        "fingerprint": item_plans.fingerprint(job.kind, job.table, job.goal),
    }


def cancel_asked(change: Change) -> bool:
    """Whether somebody wants it cancelled, asked now and not when the tick began: a tick may take a while."""
    return Change.objects.filter(pk=change.pk, cancel_asked_at__isnull=False).exists()


def ensure_job_over(work: Work) -> Outcome:
    """The job that was held for this change is let go, and ends; the change ends as it does."""
    change = work.change
    job = job_of(change)
    if job is None:
        return Done(skipped=True)
    if job.status == JobStatus.SUCCEEDED:
        return Done(f"{JobKind(job.kind).label}: {job.done:,} items")
    if job.status == JobStatus.CANCELLED:
        return Cancelled(f"Cancelled: {job.done:,} items were done before and stay as they are now.")
    if job.status == JobStatus.FAILED:
        return _job_failed(job)
    if cancel_asked(change):
        _ring(work, job, cancel_asked=True)
    elif job.next_check_at is None and job.lease_until is None:
        _ring(work, job)
    return Wait(_progress(job), PAUSE)


def _ring(work: Work, job: ItemJob, **columns: Any) -> None:
    """Have a worker take the job up: the sweep finds what is due."""
    with transaction.atomic():
        hold(work.change)
        ItemJob.objects.filter(pk=job.pk, status__in=MOVING_JOBS).update(next_check_at=timezone.now(), **columns)


def _progress(job: ItemJob) -> str:
    expected = job.expected.get("items")
    whole = f" of about {expected:,}" if expected else ""
    return f"{JobKind(job.kind).label}: {job.done:,}{whole} items"


def _job_failed(job: ItemJob) -> Stop:
    problem = job.problem or {}
    sentence = problem.get("sentence") or f"The work on items of {job.table} failed."
    advice = "What it did stays done. Look at the job, then ask again."
    return Stop(Problem(sentence, problem.get("turn") or "you", advice, raw=problem.get("raw") or "", code="job"))


def ensure_job_given_up(work: Work) -> Outcome:
    """The job that was held for a change that will not run ends with it. One that is planned again keeps its job."""
    change = work.change
    if change.kind != ChangeKind.WRITE_ITEMS or change.status == ChangeStatus.PLANNING:
        return Done(skipped=True)
    job = job_of(change)
    if job is None or job.status not in MOVING_JOBS:
        return Done(skipped=True)
    with transaction.atomic():
        hold(change)
        gone = {"status": JobStatus.CANCELLED, "finished_at": timezone.now(), "next_check_at": None}
        ItemJob.objects.filter(pk=job.pk, status__in=MOVING_JOBS).update(**gone)
    return Done("The work on items that was held for it is taken back")
