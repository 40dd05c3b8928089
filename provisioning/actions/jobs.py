"""Jobs on items: opening one (one click, one job), cancelling it, resuming it, starting it anew.

What only reads (export, count, comparison) is for everybody who may read the environment. What alters items takes the
right to change it, and in prod a change with a second person besides.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from provisioning.actions.actor import Actor, audit, require_change_right
from provisioning.actions.refusals import Refusal
from provisioning.engine.jobs.chunks import drop_chunks
from provisioning.engine.jobs.kinds import READING_KINDS
from provisioning.lifecycle import MOVING_JOBS, JobKind, JobStatus
from provisioning.models import Change, Environment, ItemJob
from provisioning.tasks import ring_job

MOST_AT_ONCE = 5  # jobs of one person that move


@dataclass(frozen=True)
class Asked:
    """What a job is to do. `goal` is for its kind's tick, as JSON; `expected` is what was said before the click:
    items, bytes, units, price. `rate` is capacity units a second at most. `held`: nothing happens before somebody
    sets `next_check_at`, such as a change that has been decided about, or the upload that is still under way."""

    goal: Mapping[str, Any] = field(default_factory=dict)
    expected: Mapping[str, Any] = field(default_factory=dict)
    rate: int | None = None
    reason: str = ""
    change: Change | None = None
    held: bool = False


def open_job(
    actor: Actor,
    environment: Environment,
    table: str,
    kind: JobKind,
    asked: Asked,
    *,
    request_key: uuid.UUID | None = None,
) -> ItemJob:
    """Open a job and ring for a worker, with its audit entry. The second click of a form finds the first one's job.

    Inside a caller's transaction the caller's rows, such as uploaded chunks, are committed with it. Raises Refusal.
    """
    if kind not in READING_KINDS:
        require_change_right(actor, environment)
    known = _same_click(actor, request_key)
    if known is not None:
        return known
    _require_room(actor)
    try:
        with transaction.atomic():
            return _open(actor, environment, table, kind, asked=asked, key=request_key)
    except IntegrityError:
        known = _same_click(actor, request_key)
        if known is None:
            raise
        return known


def _same_click(actor: Actor, request_key: uuid.UUID | None) -> ItemJob | None:
    if request_key is None:
        return None
    found = ItemJob.objects.filter(request_key=request_key).first()
    if found is not None and found.asked_by_id != actor.user_id:
        raise Refusal("This form was sent already. Open it again.", "sent-already")
    return found


def _require_room(actor: Actor) -> None:
    if ItemJob.objects.filter(asked_by=actor.user_id, status__in=MOVING_JOBS).count() >= MOST_AT_ONCE:
        raise Refusal(
            f"{MOST_AT_ONCE} of your jobs are under way. Wait for one to end, or cancel one.", "too-many-jobs"
        )


def _open(
    actor: Actor, environment: Environment, table: str, kind: JobKind, *, asked: Asked, key: uuid.UUID | None
) -> ItemJob:
    now = timezone.now()
    job = ItemJob.objects.create(
        request_key=key,
        environment=environment,
        table=table,
        kind=kind,
        status=JobStatus.QUEUED,
        asked_by_id=actor.user_id,
        asked_at=now,
        reason=asked.reason,
        change=asked.change,
        goal=dict(asked.goal),
        expected=dict(asked.expected),
        rate=asked.rate,
        next_check_at=None if asked.held else now,
    )
    _audit(actor, "job_open", f"{kind.label}: {table}", job)
    if not asked.held:
        ring_job(job.pk)
    return job


def do_cancel_job(actor: Actor, job: ItemJob) -> ItemJob:
    """Have a job end at its next call; what it did so far stays done and can be resumed. Raises Refusal."""
    with transaction.atomic():
        found = _locked(actor, job)
        if found.status not in MOVING_JOBS:
            raise Refusal("The job has ended.", "ended")
        if not found.cancel_asked:
            found.cancel_asked, found.next_check_at = True, timezone.now()
            found.save(update_fields=["cancel_asked", "next_check_at"])
            _audit(actor, "job_cancel", f"Cancelled: {_what(found)}", found)
        ring_job(found.pk)
    return found


def do_resume_job(actor: Actor, job: ItemJob) -> ItemJob:
    """Go on with a job that failed or was cancelled, from where it stopped. Raises Refusal."""
    with transaction.atomic():
        found = _locked(actor, job)
        why = _why_not_resume(found)
        if why is not None:
            raise why
        found.status, found.problem, found.tries = JobStatus.QUEUED, None, 0
        found.finished_at = found.expires_at = None
        found.cancel_asked, found.next_check_at = False, timezone.now()
        found.save()
        _audit(actor, "job_resume", f"Resumed: {_what(found)}", found)
        ring_job(found.pk)
    return found


def do_retry_job(actor: Actor, job: ItemJob, request_key: uuid.UUID | None = None) -> ItemJob:
    """Do from the beginning what an ended job was to do, as a new job of whoever asks. Raises Refusal."""
    _require_right(actor, job)
    if job.status in MOVING_JOBS:
        raise Refusal("The job is still under way.", "moving")
    if job.kind not in READING_KINDS:
        raise Refusal("What alters items is asked for on its own page again.", "not-reading")
    asked = Asked(goal=job.goal, expected=job.expected, rate=job.rate, reason=job.reason)
    return open_job(actor, job.environment, job.table, JobKind(job.kind), asked, request_key=request_key)


def do_drop_job(actor: Actor, job: ItemJob) -> None:
    """Remove what an ended job carries now rather than when it expires. Raises Refusal."""
    with transaction.atomic():
        found = _locked(actor, job)
        if found.status in MOVING_JOBS:
            raise Refusal("The job is still under way. Cancel it first.", "moving")
        drop_chunks(found)
        found.expires_at = timezone.now()
        found.save(update_fields=["expires_at"])
        _audit(actor, "job_drop", f"Removed what it carried: {_what(found)}", found)


def why_not_touch(actor: Actor, job: ItemJob) -> str:
    """Why this person cannot cancel, resume or remove a job, as the verbs would say; empty when they can."""
    try:
        _require_right(actor, job)
    except Refusal as refusal:
        return refusal.sentence
    return ""


def can_resume(job: ItemJob) -> bool:
    """Whether a resume makes sense: it failed or was cancelled, and what it carried is still there."""
    return _why_not_resume(job) is None


def _why_not_resume(job: ItemJob) -> Refusal | None:
    if job.status not in {JobStatus.FAILED, JobStatus.CANCELLED}:
        return Refusal("Only a job that failed or was cancelled can be resumed.", "not-stopped")
    if job.status == JobStatus.FAILED and not (job.problem or {}).get("resume"):
        return Refusal("A resume would fail in the same way. Start it anew.", "no-resume")
    if job.change is not None:
        return Refusal("It is part of a change. Ask for a new one.", "of-a-change")
    if job.goal.get("phase") == "run" and ItemJob.objects.filter(table=job.table, goal__of=str(job.pk)).exists():
        return Refusal("It was put back since, so it cannot go on. Begin anew.", "put-back")
    if job.expires_at is not None and job.expires_at <= timezone.now():
        return Refusal("What it had done was kept for a day and is removed. Start it anew.", "time-over")
    return None


def _locked(actor: Actor, job: ItemJob) -> ItemJob:
    found = ItemJob.objects.select_for_update(no_key=True, of=("self",)).get(pk=job.pk)
    _require_right(actor, found)
    return found


def _require_right(actor: Actor, job: ItemJob) -> None:
    """A job is who asked for it, and every admin's; where it alters items, the right to change them besides."""
    if job.kind not in READING_KINDS:
        require_change_right(actor, job.environment)
    if not actor.is_admin and job.asked_by_id != actor.user_id:
        name = job.asked_by.get_username()
        raise Refusal(f"{name} asked for this job. Ask them, or an admin.", "not-yours", forbidden=True)


def _what(job: ItemJob) -> str:
    return f"{JobKind(job.kind).label} {job.table}"


def _audit(actor: Actor, verb: str, summary: str, job: ItemJob) -> None:
    audit(
        actor,
        verb,
        summary,
        environment=job.environment,
        change=job.change,
        reason=job.reason,
        detail={"job": str(job.pk), "table": job.table, "kind": job.kind},
    )
