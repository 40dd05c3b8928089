"""Downloads of what jobs made: a ticket is for one person, one download, and five minutes (pitfall 43)."""

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from provisioning.actions.actor import Actor, audit
from provisioning.actions.refusals import Refusal
from provisioning.engine.jobs.chunks import Purpose, has_chunks, read_lines
from provisioning.engine.jobs.comparing import results_of
from provisioning.engine.jobs.exporting import columns_of
from provisioning.engine.jobs.ticking import StopJobError
from provisioning.items.comparing import as_line
from provisioning.items.exporting import FORMS, NDJSON, FileForm, masked_lines, written
from provisioning.items.masking import mask_for
from provisioning.items.sealing import digest
from provisioning.lifecycle import MOVING_JOBS, JobKind
from provisioning.models import DownloadTicket, ItemJob, Table

LASTS = timedelta(minutes=5)
PURPOSE = "download"
OF_KIND = {JobKind.EXPORT: Purpose.RESULT, JobKind.DELETE: Purpose.UNDO, JobKind.COMPARE: Purpose.RESULT}
USED = "used-ticket"


@dataclass(frozen=True)
class Download:
    """What a ticket is good for: which pieces of a job, in which form."""

    job: ItemJob
    purpose: Purpose
    form: FileForm

    @property
    def name(self) -> str:
        """A name for the file that is harmless on every system."""
        table = re.sub(r"[^A-Za-z0-9_.-]", "_", self.job.table).strip(".")[:120]
        return f"{table}-{self.job.kind}-{self.job.asked_at:%Y%m%d-%H%M%S}.{self.form.ending}"

    def pieces(self) -> Iterator[bytes]:
        """The file, piece by piece. What is hidden by now is hidden in it, whatever was so when it was kept."""
        job = self.job
        if job.kind == JobKind.COMPARE:
            return (as_line(one) + b"\n" for one in results_of(job))
        table = Table.objects.filter(environment=job.environment, name=job.table).first()
        mask = mask_for(job.environment, table or Table(name=job.table))
        lines = read_lines(job, self.purpose)
        if not mask.is_empty:
            lines = masked_lines(lines, mask.apply)
        return written(self.form, lines, columns_of(job, table))


def do_make_ticket(actor: Actor, job: ItemJob, form: str = NDJSON.slug) -> str:
    """Leave to download what a job made, as the text that stands in the address. Raises Refusal."""
    why = why_not_download(actor, job)
    if why is not None:
        raise why
    if form not in FORMS or (form != NDJSON.slug and job.kind != JobKind.EXPORT):
        raise Refusal("There is no such form of file.", "no-form")
    token = f"{form}.{secrets.token_urlsafe(32)}"
    DownloadTicket.objects.create(
        job=job, by_id=actor.user_id, digest=digest(PURPOSE, token), expires_at=timezone.now() + LASTS
    )
    return token


def do_use_ticket(actor: Actor, job: ItemJob, token: str) -> Download | None:
    """Use a ticket up. None for one that does not exist or is another person's: they are not told which. Raises
    Refusal, with the code USED for one that was used or is too old."""
    mine = DownloadTicket.objects.filter(job=job, by=actor.user_id, digest=digest(PURPOSE, token))
    now = timezone.now()
    with transaction.atomic():
        taken = mine.filter(used_at=None, expires_at__gt=now).update(used_at=now)
        ticket = mine.first()
        if ticket is None:
            return None
        if not taken:
            raise Refusal(_spent(ticket), USED)
        why = why_not_download(actor, job)
        if why is not None:
            raise why
        form = FORMS[token.partition(".")[0]]
        audit(
            actor,
            "job_download",
            f"Downloaded as {form.label}: {JobKind(job.kind).label} {job.table}, {job.done:,} items",
            environment=job.environment,
            change=job.change,
            reason=job.reason,
            detail={"job": str(job.pk), "form": form.slug, "items": job.done},
        )
    return Download(job, OF_KIND[JobKind(job.kind)], form)


def why_not_download(actor: Actor, job: ItemJob) -> Refusal | None:
    """Why this person cannot download what the job made; None when they can. An admin may end another person's job,
    but what it brought is for who asked."""
    if job.kind not in OF_KIND:
        return Refusal("There is nothing to download of this job.", "nothing")
    if job.asked_by_id != actor.user_id:
        name = job.asked_by.get_username()
        return Refusal(
            f"{name} asked for this job; its file is theirs. Ask for one of your own.", "not-yours", forbidden=True
        )
    if job.status in MOVING_JOBS:
        return Refusal("The job is still under way.", "moving")
    if job.expires_at is not None and job.expires_at <= timezone.now():
        return Refusal("Files are kept for a day, and this one is removed. Start it anew.", "time-over")
    if job.kind == JobKind.COMPARE:
        return _why_not_result(job)
    if job.done and not has_chunks(job, OF_KIND[JobKind(job.kind)]):
        return Refusal("The file has been removed. Start it anew.", "removed")
    return None


def _why_not_result(job: ItemJob) -> Refusal | None:
    """A comparison is only shown while it is known what is hidden on both sides."""
    try:
        results_of(job)
    except StopJobError as gone:
        return Refusal(gone.problem.sentence, "gone")
    if job.report.get("rows") and not has_chunks(job, Purpose.RESULT):
        return Refusal("The file has been removed. Start it anew.", "removed")
    return None


def _spent(ticket: DownloadTicket) -> str:
    if ticket.used_at is not None:
        return "This link was used already: each is good for one download. Ask for another on the job's page."
    return "This link is older than five minutes. Ask for another on the job's page."
