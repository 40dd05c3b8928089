"""Jobs on items: how far they are, what they found, cancelling and resuming them, and the files that they made."""

import uuid
from collections.abc import Callable
from http import HTTPStatus
from typing import Literal, cast

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from ninja import Body, Path, Query, Router, Schema, Status

from portal.access import actor_of
from portal.accounts.models import Scope
from portal.api.auth import require_scope
from portal.api.change_shapes import ChangeDetail, change_detail
from portal.api.item_shapes import unkept
from portal.api.jobs_shapes import JobList, JobShape, ReportLine, ReportList, Ticket, job_shape
from portal.api.operations import operation
from portal.api.paging import Paged, cursor_of, moment, number, page_of_rows, read_cursor
from portal.api.problems import ProblemError
from portal.api.sending import Made, located, once
from portal.api.text import Line, Sent
from portal.item_jobs.access import access_any_job
from portal.item_jobs.acts import streamed
from portal.item_moves.reports import Report, as_file, why_not_told
from provisioning.actions.actor import Actor
from provisioning.actions.downloading import do_make_ticket, do_use_ticket
from provisioning.actions.jobs import do_cancel_job, do_drop_job, do_resume_job, do_retry_job
from provisioning.engine.jobs.kinds import READING_KINDS
from provisioning.items.exporting import FORMS
from provisioning.models import Change, ItemJob

router = Router(tags=["Jobs"])
ONE = "/jobs/{uuid:job_id}"
_ORDER, _KINDS = ("-asked_at", "-id"), (moment, uuid.UUID)


class JobsWanted(Paged):
    """Which jobs: mine or everybody's, those of an environment (application/name), of a table."""

    whose: Literal["mine", "all"] = "mine"
    environment: Line = ""
    table: Line = ""


class FileWanted(Sent):
    """In which form: ndjson is exact and can be imported again, csv is for spreadsheets, json is plain."""

    form: Literal["ndjson", "csv", "json"] = "ndjson"


class FileWhere(Schema):
    """Which file of which job."""

    job_id: uuid.UUID
    ticket: Line


@operation(router, "GET", "/jobs", scope=Scope.READ, page="my_jobs", answers=JobList, summary="List jobs")
def list_jobs(request: HttpRequest, wanted: Query[JobsWanted]) -> JobList:
    """The newest first."""
    actor = actor_of(request)
    found = ItemJob.objects.select_related("environment__owner", "asked_by", "change")
    if wanted.whose == "mine":
        found = found.filter(asked_by=actor.user_id)
    if wanted.environment:
        application, _, name = wanted.environment.partition("/")
        found = found.filter(environment__application=application, environment__name=name)
    if wanted.table:
        found = found.filter(table=wanted.table)
    rows, after = page_of_rows(found, _ORDER, wanted, _KINDS)
    return JobList(items=[job_shape(actor, row) for row in rows], next=after)


@operation(router, "GET", ONE, scope=Scope.READ, page="item_job", answers=JobShape, summary="Show a job")
def show_job(request: HttpRequest, job_id: uuid.UUID) -> JobShape:
    """Ask again until it is `over`."""
    return job_shape(actor_of(request), access_any_job(request, job_id))


@operation(
    router, "GET", f"{ONE}/report", scope=Scope.READ, page="item_job_report", answers=ReportList,
    summary="Read a job's report",
)  # fmt: skip
def list_report(request: HttpRequest, response: HttpResponse, job_id: uuid.UUID, wanted: Query[Paged]) -> ReportList:
    """What was wrong with which line, or was left alone. It is for whoever asked for the job: a line may quote what is
    in an item."""
    job = _told_job(request, job_id)
    (begin,) = read_cursor(wanted.cursor, (number,)) if wanted.cursor else (0,)
    report, end = Report(job), begin + wanted.limit
    lines = report[begin:end] if begin >= 0 else []
    unkept(response)
    return ReportList(
        items=[ReportLine(line=one.number or None, key=one.key, problem=one.problem) for one in lines],
        next=cursor_of([str(end)]) if begin >= 0 and end < len(report) else None,
    )


@operation(
    router, "GET", f"{ONE}/report/file", scope=Scope.READ, page="item_job_report_file", answers=None,
    media_type="text/csv", summary="Download a job's report",
)  # fmt: skip
def download_report(request: HttpRequest, job_id: uuid.UUID) -> StreamingHttpResponse:
    """The whole of it as CSV: line, key, what."""
    return as_file(_told_job(request, job_id))


@operation(
    router, "POST", f"{ONE}/cancel", scope=Scope.READ, page="item_job_cancel", answers=JobShape, summary="Cancel a job",
)  # fmt: skip
def cancel_job(request: HttpRequest, response: HttpResponse, job_id: uuid.UUID) -> JobShape:
    """It ends at its next call. What it did stays done, and can be gone on with."""
    return _act(request, response, job_id, do_cancel_job)


@operation(
    router, "POST", f"{ONE}/resume", scope=Scope.READ, page="item_job_resume", answers=JobShape,
    summary="Go on with a job",
)  # fmt: skip
def resume_job(request: HttpRequest, response: HttpResponse, job_id: uuid.UUID) -> JobShape:
    """One that failed or was cancelled, from where it stopped."""
    return _act(request, response, job_id, do_resume_job)


@operation(
    router, "POST", f"{ONE}/drop", scope=Scope.READ, page="item_job_drop", answers=JobShape,
    summary="Remove what a job carries",
)  # fmt: skip
def drop_job(request: HttpRequest, response: HttpResponse, job_id: uuid.UUID) -> JobShape:
    """Its file, or what could be put back, before its time is over."""

    def drop(actor: Actor, job: ItemJob) -> ItemJob:
        do_drop_job(actor, job)
        return job

    return _act(request, response, job_id, drop)


@operation(
    router, "POST", f"{ONE}/retry", scope=Scope.READ, page="item_job_retry", answers=JobShape, status=202,
    summary="Start a job anew",
)  # fmt: skip
def retry_job(request: HttpRequest, response: HttpResponse, job_id: uuid.UUID) -> JobShape:
    """The same from the beginning, as a new job of yours: one that only reads."""
    job = access_any_job(request, job_id)
    actor = actor_of(request)
    made = once(request, response, None, lambda key: do_retry_job(actor, job, key))
    return cast("JobShape", came_of(request, response, made).value)


@operation(
    router, "POST", f"{ONE}/downloads", scope=Scope.READ, page="item_job_download", answers=Ticket, status=201,
    summary="Ask for a job's file",
)  # fmt: skip
def make_ticket(request: HttpRequest, response: HttpResponse, job_id: uuid.UUID, sent: Body[FileWanted]) -> Ticket:
    """Answers where the file is. The address is good for one download of yours, within five minutes."""
    job = access_any_job(request, job_id)
    ticket = do_make_ticket(actor_of(request), job, sent.form)
    unkept(response)
    return Ticket(url=reverse("v1_download_file", args=[job.pk, ticket]), form=sent.form)


@operation(
    router, "GET", f"{ONE}/files/{{ticket}}", scope=Scope.READ, page="item_job_file", answers=None,
    media_type=sorted({form.content_type.partition(";")[0] for form in FORMS.values()}), summary="Download a file",
)  # fmt: skip
def download_file(request: HttpRequest, where: Path[FileWhere]) -> StreamingHttpResponse:
    """Once: afterwards it is 410. What is hidden by now is hidden in it."""
    job = access_any_job(request, where.job_id)
    found = do_use_ticket(actor_of(request), job, where.ticket)
    if found is None:
        raise Http404("There is no such download.")
    return streamed(found)


def came_of(request: HttpRequest, response: HttpResponse, made: Made | None) -> Status[JobShape | ChangeDetail]:
    """The answer to what opened a job, or in prod a change: 202, and where it is."""
    if isinstance(made, Change):
        located(response, made)
        return Status(HTTPStatus.ACCEPTED, change_detail(made))
    job = access_any_job(request, cast("ItemJob", made).pk)
    response["Location"] = reverse("v1_show_job", args=[job.pk])
    return Status(HTTPStatus.ACCEPTED, job_shape(actor_of(request), job))


def _told_job(request: HttpRequest, job_id: uuid.UUID) -> ItemJob:
    """A job whose report this person may read. Raises ProblemError."""
    job = access_any_job(request, job_id)
    why = why_not_told(request, job)
    if why:
        raise ProblemError(HTTPStatus.FORBIDDEN, "not-yours", why)
    return job


def _act(
    request: HttpRequest, response: HttpResponse, job_id: uuid.UUID, verb: Callable[[Actor, ItemJob], ItemJob]
) -> JobShape:
    job = access_any_job(request, job_id)
    _require_scope(request, job)
    actor = actor_of(request)
    once(request, response, None, lambda _: verb(actor, job))
    return job_shape(actor, access_any_job(request, job_id))


def _require_scope(request: HttpRequest, job: ItemJob) -> None:
    """What only reads is done with by a token that reads; what alters items by one that may."""
    if job.kind not in READING_KINDS:
        require_scope(request, Scope.CHANGE, "this")
