"""One tick of a job: claim it, work for a few seconds with no transaction open, record, release.

The row is the queue and a message only a doorbell: a tick may run 0, 1 or n times, any worker may take up what another
left, and nothing waits inside a worker. AWS's bad days are waits with words on the row; what AWS refuses is a problem
that says whose turn it is; our own bugs have an incident number.
"""

import random
import uuid
from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from provisioning.aws.errors import AwsError, Busy, Missing, OtherKeys
from provisioning.engine.claims import MOST_CLAIMS, LeaseLostError
from provisioning.engine.jobs.chunks import Purpose, has_chunks
from provisioning.engine.jobs.claims import CancelAskedError, claim_job, end_job, hold_job, is_hopeless, release_job
from provisioning.engine.jobs.kinds import TICKS
from provisioning.engine.jobs.ticking import Again, Finished, Held, StopJobError
from provisioning.engine.outcome import Problem
from provisioning.engine.reaching import AwsFor, default_aws, reach
from provisioning.items.sealing import NotSealedError
from provisioning.lifecycle import JobKind, JobStatus
from provisioning.models import AuditEntry, ItemJob

log = structlog.get_logger(__name__)
WORKS = timedelta(seconds=5)
KEPT = timedelta(hours=24)  # what a job carries, after it has ended
KEPT_TO_UNDO = timedelta(days=7)  # the same, where it can be undone with that
BACKOFF_FIRST, BACKOFF_LAST = 1.0, 120.0  # seconds (L19)
AGAIN = "A resume goes on from where it stopped."


@dataclass(frozen=True)
class Worked:
    """What should follow: ring again in so many seconds; None for not by itself."""

    again_in: float | None = None


def work_on(job_id: uuid.UUID, aws_for: AwsFor = default_aws) -> Worked:
    """Bring one job on for a few seconds. Safe to call at any time, any number of times, by anyone."""
    job = claim_job(job_id)
    if job is None:
        return Worked()
    try:
        if is_hopeless(job):
            _fail(job, _hopeless(), resume=True)
            return Worked()
        return _follow(job, _tick(job, aws_for))
    except LeaseLostError:
        log.warning("job_lease_lost", job=str(job_id))
        return Worked()


def _tick(job: ItemJob, aws_for: AwsFor) -> Again | Held | Finished | None:
    """What the tick answered; None when the job has ended in it."""
    if job.cancel_asked:
        _end(job, JobStatus.CANCELLED)
        return None
    try:
        _start(job)
        aws = reach(job.environment.account, aws_for)
        return TICKS[job.kind](job, aws, timezone.now() + WORKS)
    except CancelAskedError:
        _end(job, JobStatus.CANCELLED)
    except Busy as busy:
        return _later(job, busy)
    except StopJobError as stop:
        _fail(job, stop.problem, resume=stop.resume)
    except NotSealedError:
        _fail(job, _unreadable(), resume=False)
    except AwsError as error:
        _fail(job, _refused(job, error), resume=not isinstance(error, OtherKeys))
    except (LeaseLostError, OperationalError, InterfaceError):
        raise  # nothing can be recorded without the lease, or the database: the next claim goes on from there
    except Exception:
        incident = uuid.uuid4().hex[:8]
        log.exception("job_crashed", incident=incident, job=str(job.pk), kind=job.kind)
        _fail(job, _crashed(incident), resume=True)
    return None


def _start(job: ItemJob) -> None:
    if job.status == JobStatus.RUNNING:
        return
    with transaction.atomic():
        hold_job(job)
        job.status, job.started_at = JobStatus.RUNNING, job.started_at or timezone.now()
        job.save(update_fields=["status", "started_at"])


def _follow(job: ItemJob, outcome: Again | Held | Finished | None) -> Worked:
    if outcome is None:
        return Worked()
    if isinstance(outcome, Finished):
        job.report = {**job.report, **outcome.report}
        _end(job, JobStatus.SUCCEEDED)
        return Worked()
    if isinstance(outcome, Held):
        release_job(job, None, outcome.reason)
        return Worked()
    release_job(job, timezone.now() + timedelta(seconds=outcome.again_in), outcome.reason)
    return Worked(outcome.again_in)


def _later(job: ItemJob, busy: Busy) -> Again:
    """When to come back, spread by chance so that not everybody does at once (L19)."""
    if busy.again_in is not None:
        return Again(busy.again_in + random.uniform(0, 0.5), busy.sentence)  # noqa: S311 - protects nothing
    job.tries += 1
    longest = min(BACKOFF_LAST, BACKOFF_FIRST * 2**job.tries)
    return Again(random.uniform(BACKOFF_FIRST, longest), f"Try {job.tries}: {busy.sentence}")  # noqa: S311 - as above


def _fail(job: ItemJob, problem: Problem, *, resume: bool) -> None:
    job.problem = {**problem.as_dict(), "resume": resume}
    _end(job, JobStatus.FAILED)


def _end(job: ItemJob, status: JobStatus) -> None:
    """The job ends, what it carries is kept for a while, and the audit trail says so: it is the engine's own entry."""
    can_be_undone = has_chunks(job, Purpose.UNDO) or has_chunks(job, Purpose.MADE)
    kept = KEPT_TO_UNDO if can_be_undone else KEPT
    with transaction.atomic():
        end_job(job, status)
        ItemJob.objects.filter(pk=job.pk).update(expires_at=timezone.now() + kept)
        AuditEntry.objects.create(
            at=timezone.now(),
            verb=f"job_{status}",
            environment=job.environment,
            change=job.change,
            summary=f"{status.label}: {JobKind(job.kind).label} {job.table}, {job.done:,} items"[:300],
            detail={"job": str(job.pk), "done": job.done, "failed": job.failed, "capacity": str(job.capacity)},
        )


def _refused(job: ItemJob, error: AwsError) -> Problem:
    if isinstance(error, Missing):
        sentence = f"The table {job.table} is not there any more."
        return Problem(sentence, "you", "It may have been deleted outside Stackyard.", str(error), "table-gone")
    if isinstance(error, OtherKeys):
        sentence = f"The table {job.table} has other keys than when Stackyard last looked."
        return Problem(sentence, "you", "Look again, then ask anew on its page.", str(error), "other-keys")
    return Problem(error.sentence, "you or an administrator", AGAIN, str(error), "aws")


def _crashed(incident: str) -> Problem:
    return Problem(
        f"Stackyard itself failed in this job (incident {incident}).",
        "an administrator",
        f"{AGAIN} The worker's log has the details under that number.",
        code="crash",
    )


def _unreadable() -> Problem:
    sentence = "What the job had kept cannot be read any more: Stackyard's secret key has changed since."
    return Problem(sentence, "you", "Start it anew.", code="secret-key")


def _hopeless() -> Problem:
    return Problem(
        f"Workers ended {MOST_CLAIMS} times in a row while they had this job in hand.",
        "an administrator",
        f"{AGAIN} The workers' log says why.",
        code="set-aside",
    )
