"""What a comparison in the background has found, a page at a time."""

import uuid
from itertools import islice

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.access import access_table, actor_of
from portal.comparing_items.rows import rows_of
from portal.comparing_items.views import item_link
from portal.errors import refused_page
from portal.item_jobs.access import access_job, address
from provisioning.actions.comparing_items import Corner
from provisioning.actions.downloading import why_not_download
from provisioning.engine.jobs.comparing import other_side, results_of
from provisioning.items.comparing import Outcome
from provisioning.items.masking import PROD
from provisioning.lifecycle import JobKind

PAGE_SIZE = 100
GONE = 410


@require_safe
@never_cache
def result(request: HttpRequest, application: str, name: str, table: str, job_id: uuid.UUID) -> HttpResponse:
    """The differences that a job has kept, all or those of one kind."""
    environment, row = access_table(request, application, name, table)
    job = access_job(request, application, name, table, job_id)
    if job.kind != JobKind.COMPARE:
        return redirect(address("item_job", job))
    why_not = why_not_download(actor_of(request), job)
    if why_not is not None:
        return refused_page(request, why_not.sentence, 403 if why_not.forbidden else GONE)
    show = request.GET.get("show", "")
    page = _number(request.GET.get("page", ""))
    fitting = (one for one in results_of(job) if not show or str(one.outcome) == show)
    found = list(islice(fitting, (page - 1) * PAGE_SIZE, page * PAGE_SIZE + 1))
    other = other_side(job)
    there = Corner(other.environment, other.table)
    links = item_link(Corner(environment, row)), item_link(there)
    context = {
        "environment": environment,
        "table": row,
        "other": there,
        "job": job,
        "rows": rows_of(found[:PAGE_SIZE], *links, timezone.now()),
        "show": show,
        "shows": [("", "All"), *((str(one), _LABELS[one]) for one in _LABELS)],
        "page": page,
        "first": (page - 1) * PAGE_SIZE + 1,
        "more": len(found) > PAGE_SIZE,
        "prod_strip": PROD in {environment.stage, other.environment.stage},
    }
    return render(request, "comparing_items/result.html", context)


_LABELS = {Outcome.DIFFERENT: "Different", Outcome.MISSING: "Missing here", Outcome.EXTRA: "Only here"}


def _number(text: str) -> int:
    return max(1, int(text)) if text.isascii() and text.isdecimal() and len(text) < 7 else 1
