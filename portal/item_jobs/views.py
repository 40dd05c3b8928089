"""The page of a job, its live part, and the lists of jobs."""

import uuid
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from portal.access import access_environment, actor_of
from portal.item_jobs.access import access_job, address
from portal.item_jobs.reading import acts_of, files_of, live_of, share_of
from portal.item_jobs.words import Row, expected_rows, heading_of, label_of, query_rows
from provisioning.engine.jobs.asked import query_of
from provisioning.engine.jobs.exporting import columns_of
from provisioning.engine.jobs.importing import RUN
from provisioning.engine.jobs.undoing import count_of
from provisioning.items.masking import PROD
from provisioning.items.query import BadQueryError, shape_of
from provisioning.items.sealing import NotSealedError
from provisioning.lifecycle import JobKind, JobStatus
from provisioning.models import ItemJob, Table

PAGE_SIZE = 25
NO_CONTENT = 204


@require_safe
@never_cache
@vary_on_headers("HX-Request")
def job(request: HttpRequest, application: str, name: str, table: str, job_id: uuid.UUID) -> HttpResponse:
    """One job: what it was to do, how far it is, what it made."""
    found = access_job(request, application, name, table, job_id)
    return render(request, "item_jobs/job.html", _context(request, found))


@require_safe
@never_cache
@vary_on_headers("HX-Request")
def live(request: HttpRequest, application: str, name: str, table: str, job_id: uuid.UUID) -> HttpResponse:
    """What moves, for htmx; nothing where the page shows it already (`seen`). When the job has come to another status
    (`state`), the parts around it come along."""
    found = access_job(request, application, name, table, job_id)
    if request.headers.get("HX-Request") != "true":
        return redirect(address("item_job", found))
    now = live_of(found)
    if request.GET.get("seen") == now.seen:
        return HttpResponse(status=NO_CONTENT)
    context = _context(request, found)
    moved = request.GET.get("state") != now.state
    return render(request, "item_jobs/_moved.html", {**context, "moved": moved})


@require_safe
@never_cache
def of_table(request: HttpRequest, application: str, name: str, table: str) -> HttpResponse:
    """Every job of one table, the newest first; a table that is gone keeps its history. Raises Http404 for a table
    that this environment never had."""
    environment = access_environment(request, application, name)
    jobs = ItemJob.objects.filter(environment=environment, table=table)
    known = Table.objects.filter(environment=environment, name=table).exists()
    if not known and not jobs.exists():
        raise Http404(f"{environment} has no table {table}.")
    context = {"environment": environment, "table": table, "known": known, "prod_strip": environment.stage == PROD}
    return _listed(request, jobs, "item_jobs/of_table.html", context)


@require_safe
@never_cache
def my_jobs(request: HttpRequest) -> HttpResponse:
    """Jobs of the person who looks, or of everybody."""
    everybody = request.GET.get("who") == "all"
    jobs = ItemJob.objects.all() if everybody else ItemJob.objects.filter(asked_by=actor_of(request).user_id)
    tabs = [
        {"label": "Mine", "url": "?", "active": not everybody},
        {"label": "Everybody's", "url": "?who=all", "active": everybody},
    ]
    return _listed(request, jobs, "item_jobs/mine.html", {"everybody": everybody, "tabs": tabs})


def _listed(request: HttpRequest, jobs: QuerySet[ItemJob], template: str, context: dict[str, Any]) -> HttpResponse:
    newest = jobs.select_related("environment", "asked_by").order_by("-asked_at", "-pk")
    page = Paginator(newest, PAGE_SIZE).get_page(request.GET.get("page"))
    rows = [
        {"job": one, "kind": label_of(one), "status": JobStatus(one.status), "share": share_of(one)} for one in page
    ]
    return render(request, template, {**context, "page": page, "rows": rows})


def _context(request: HttpRequest, found: ItemJob) -> dict[str, Any]:
    table = Table.objects.filter(environment=found.environment, name=found.table).first()
    actor = actor_of(request)
    return {
        "job": found,
        "environment": found.environment,
        "table": table,
        "label": label_of(found),
        "heading": heading_of(found),
        "live": live_of(found),
        "acts": acts_of(actor, found),
        "files": files_of(actor, found, csv=_has_columns(found)),
        "asked": _asked(found, table),
        "expected": expected_rows(found),
        "undo": count_of(found) if found.finished_at and found.goal.get("phase") == RUN else None,
        "own_parts": [f"item_jobs/kinds/_{found.kind}.html", "item_jobs/kinds/_none.html"],
        "fresh_key": uuid.uuid4(),
        "prod_strip": found.environment.stage == PROD,
    }


def _asked(found: ItemJob, table: Table | None) -> list[Row]:
    """What it reads; nothing where that is told by the kind's own part, or the table is another one by now."""
    if table is None or "query" not in found.goal:
        return []
    try:
        return query_rows(query_of(found.goal, shape_of(table)), shape_of(table))
    except BadQueryError:
        return []


def _has_columns(found: ItemJob) -> bool:
    """Whether a CSV can be made of it: its attributes are not too many to be columns."""
    if found.kind != JobKind.EXPORT:
        return False
    try:
        return not columns_of(found).too_many
    except NotSealedError:
        return False
