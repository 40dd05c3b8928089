"""Leases of jobs: who may work on one right now, as `engine/claims.py` has them for changes."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from provisioning.engine.claims import LEASE, MOST_CLAIMS, LeaseLostError
from provisioning.lifecycle import MOVING_JOBS, JobStatus
from provisioning.models import ItemJob

IN_HAND = 2  # jobs that all workers together work on at once; the others are for changes
PROGRESS = ("status", "done", "scanned", "skipped", "failed", "capacity", "report", "expected", "tries")


class CancelAskedError(Exception):
    """Somebody wants the job to end; what was recorded so far stays."""


def due_jobs(now: datetime) -> QuerySet[ItemJob, uuid.UUID]:
    """Jobs that nobody works on and that should have gone on by now, longest due first. One that waits for a person
    or a change has no due time, and is none of them."""
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    due = ItemJob.objects.filter(free, next_check_at__lte=now, status__in=MOVING_JOBS)
    return due.order_by("next_check_at").values_list("pk", flat=True)


def claim_job(job_id: uuid.UUID) -> ItemJob | None:
    """Take the lease of a job that is due, or None: somebody else has it, it waits, or enough are in hand.

    Claims are counted as those of changes are; see `is_hopeless`.
    """
    now, token = timezone.now(), uuid.uuid4()
    if ItemJob.objects.filter(lease_until__gte=now).exclude(pk=job_id).count() >= IN_HAND:
        return None
    taken = (
        ItemJob.objects.filter(Q(lease_until__isnull=True) | Q(lease_until__lt=now), pk=job_id)
        .filter(next_check_at__lte=now, status__in=MOVING_JOBS)
        .update(lease_token=token, lease_until=now + LEASE, claims=F("claims") + 1)
    )
    if taken != 1:
        return None
    return ItemJob.objects.select_related("environment__account", "asked_by").get(pk=job_id)


def is_hopeless(job: ItemJob) -> bool:
    """Whether workers ended over and over with this job in hand: it must not take down the next one, too."""
    return job.claims > MOST_CLAIMS


@contextmanager
def recording(job: ItemJob) -> Iterator[None]:
    """One short transaction that renews the lease, and keeps what its body writes together with the job's progress.

    Raises LeaseLostError when somebody else has taken over, with nothing written; and CancelAskedError, after all of
    it is written, when somebody wants the job to end. AWS has served something when this is called, so the count of
    tries in vain begins again.
    """
    job.tries = 0
    with transaction.atomic():
        hold_job(job)
        yield
        job.save(update_fields=PROGRESS)
        asked = ItemJob.objects.filter(pk=job.pk, cancel_asked=True).exists()
    if asked:
        raise CancelAskedError


def hold_job(job: ItemJob) -> None:
    """Renew the lease inside the caller's transaction. Raises LeaseLostError when it is no longer ours."""
    mine = ItemJob.objects.filter(pk=job.pk, lease_token=job.lease_token, status__in=MOVING_JOBS)
    if mine.update(lease_until=timezone.now() + LEASE) != 1:
        raise LeaseLostError(str(job.pk))


def release_job(job: ItemJob, next_check_at: datetime | None, waiting_for: str = "") -> None:
    """Give the lease back. A wish to cancel that came meanwhile is answered at once, whatever the job waits for."""
    back = {"lease_token": None, "lease_until": None, "claims": 0, "tries": job.tries, "waiting_for": waiting_for[:300]}
    mine = ItemJob.objects.filter(pk=job.pk, lease_token=job.lease_token)
    if not mine.filter(cancel_asked=False).update(**back, next_check_at=next_check_at):
        mine.update(**back, next_check_at=timezone.now())


def end_job(job: ItemJob, status: JobStatus) -> None:
    """Write how the job ended, with its report and problem, inside the caller's transaction. Raises LeaseLostError."""
    hold_job(job)
    job.status, job.finished_at = status, timezone.now()
    job.next_check_at = job.lease_token = job.lease_until = None
    job.claims, job.tries, job.waiting_for, job.cancel_asked = 0, 0, "", False
    ends = ("problem", "finished_at", "next_check_at", "lease_token", "lease_until", "claims", "waiting_for")
    job.save(update_fields=[*PROGRESS, *ends, "cancel_asked"])
