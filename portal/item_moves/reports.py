"""The report of a job, line by line: on a page in parts, and as a file. It is for who asked for the job: what is wrong
with a line may quote what is in it."""

import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from portal.access import actor_of
from portal.item_jobs.access import access_job, address
from portal.item_jobs.words import heading_of, label_of
from portal.item_moves.words import key_text
from provisioning.actions.importing import MODES
from provisioning.engine.jobs.chunks import Purpose, read_lines, sealed_for
from provisioning.items.exporting import BYTE_ORDER_MARK, csv_row, escaped
from provisioning.items.masking import PROD
from provisioning.items.sealing import unpack
from provisioning.items.values import restored
from provisioning.models import ItemJob, JobChunk

PAGE_SIZE = 100


@dataclass(frozen=True)
class ReportLine:
    """One line: which of the file, 0 for none; the key as text; what is said."""

    number: int
    key: str
    problem: str


class Report(Sequence[ReportLine]):
    """All lines of a job's report; only the pieces that are asked for are opened."""

    def __init__(self, job: ItemJob) -> None:
        self.job = job
        mine = JobChunk.objects.filter(job=job, purpose=Purpose.REPORT).order_by("part", "number")
        self._pieces = list(mine.values_list("pk", "items"))

    def __len__(self) -> int:
        return sum(items for _, items in self._pieces)

    @overload
    def __getitem__(self, place: int) -> ReportLine: ...
    @overload
    def __getitem__(self, place: slice) -> list[ReportLine]: ...
    def __getitem__(self, place: int | slice) -> ReportLine | list[ReportLine]:
        if isinstance(place, int):
            return self._between(place, place + 1)[0]
        start, stop, _ = place.indices(len(self))
        return self._between(start, stop)

    def _between(self, start: int, stop: int) -> list[ReportLine]:
        found: list[ReportLine] = []
        begin = 0
        for pk, items in self._pieces:
            if begin < stop and begin + items > start:
                lines = self._lines(pk)
                found += lines[max(0, start - begin) : stop - begin]
            begin += items
        return found

    def _lines(self, pk: int) -> list[ReportLine]:
        content = unpack(sealed_for(self.job, Purpose.REPORT), bytes(JobChunk.objects.get(pk=pk).content))
        return [line_of(line) for line in content.split(b"\n") if line]


def line_of(line: bytes) -> ReportLine:
    """A line as a piece keeps it."""
    told = json.loads(line)
    return ReportLine(told["line"], key_text(restored(told["key"])) if told["key"] else "", told["problem"])


def report_page(job: ItemJob, number: str | None) -> Page[ReportLine]:
    """A part of the report."""
    return Paginator(Report(job), PAGE_SIZE).get_page(number)


def why_not_told(request: HttpRequest, job: ItemJob) -> str:
    """Why this person is not shown the report; empty for the one who asked for the job."""
    mine = job.asked_by_id == actor_of(request).user_id
    return "" if mine else f"{job.asked_by.get_username()} asked for this job; its report is theirs."


def turned_away(request: HttpRequest, job: ItemJob) -> HttpResponse | None:
    """The way back for anybody but the person who asked for the job; None for that one."""
    why = why_not_told(request, job)
    if not why:
        return None
    messages.error(request, why)
    return redirect(address("item_job", job))


@require_safe
@never_cache
def report(request: HttpRequest, application: str, name: str, table: str, job_id: uuid.UUID) -> HttpResponse:
    """The report, a hundred lines at a time."""
    job = access_job(request, application, name, table, job_id)
    away = turned_away(request, job)
    if away is not None:
        return away
    context = {
        "job": job,
        "environment": job.environment,
        "label": label_of(job),
        "heading": heading_of(job),
        "of_file": job.goal.get("mode") in MODES and "source" not in job.goal,
        "page": report_page(job, request.GET.get("page")),
        "prod_strip": job.environment.stage == PROD,
    }
    return render(request, "item_moves/report.html", context)


@require_POST
@never_cache
def report_file(request: HttpRequest, application: str, name: str, table: str, job_id: uuid.UUID) -> HttpResponseBase:
    """The whole report as CSV. It is an answer to a click and has no address that could be passed on (pitfall 43)."""
    job = access_job(request, application, name, table, job_id)
    away = turned_away(request, job)
    if away is not None:
        return away
    return as_file(job)


def as_file(job: ItemJob) -> StreamingHttpResponse:
    """The whole report as CSV, which nothing keeps on the way."""
    response = StreamingHttpResponse(_csv(job), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="report-{job.pk.hex[:8]}.csv"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store, private"
    return response


def _csv(job: ItemJob) -> Iterator[bytes]:
    yield (BYTE_ORDER_MARK + csv_row(("line", "key", "what"))).encode()
    for content in read_lines(job, Purpose.REPORT):
        line = line_of(content)
        yield csv_row((str(line.number or ""), escaped(line.key), escaped(line.problem))).encode()
