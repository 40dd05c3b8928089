"""Asking for an export or a count of what a query finds: what it takes stands beside the button."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from portal.access import access_table, actor_of
from portal.item_jobs.access import address
from portal.item_jobs.forms import RateForm
from portal.item_jobs.words import query_rows, takes
from portal.tables.asked import Asked, read_asked
from provisioning.actions.exporting import do_count, do_export, estimate_of
from provisioning.actions.refusals import Refusal
from provisioning.items.allowed import why_not_read
from provisioning.items.exporting import FORMS
from provisioning.items.masking import PROD, mask_for
from provisioning.items.query import Query, shape_of
from provisioning.lifecycle import JobKind
from provisioning.models import Environment, ItemJob, Table

INVALID, FORBIDDEN, CONFLICT = 422, 403, 409


@dataclass(frozen=True)
class Act:
    """One of the two: its kind, its verb, and the template that explains it."""

    kind: JobKind
    do: Callable[..., ItemJob]
    template: str


EXPORT = Act(JobKind.EXPORT, do_export, "item_jobs/export.html")
COUNT = Act(JobKind.COUNT, do_count, "item_jobs/count.html")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def export(request: HttpRequest, application: str, name: str, table: str) -> HttpResponse:
    """Export what the query in the address finds."""
    return _ask(request, *access_table(request, application, name, table), EXPORT)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def count(request: HttpRequest, application: str, name: str, table: str) -> HttpResponse:
    """Count exactly what the query in the address finds."""
    return _ask(request, *access_table(request, application, name, table), COUNT)


def _ask(request: HttpRequest, environment: Environment, table: Table, act: Act) -> HttpResponse:
    asked = read_asked(request.GET, shape_of(table))
    if asked.query is None:
        return _answer(request, environment, table, act, asked, status=INVALID)
    form = RateForm(request.POST if request.method == "POST" else None, table, asked.query)
    if request.method != "POST" or not form.is_valid():
        status = INVALID if request.method == "POST" else 200
        return _answer(request, environment, table, act, asked, form=form, status=status)
    sent = form.cleaned_data
    try:
        job = act.do(actor_of(request), environment, table, asked.query, rate=sent["rate"], key=sent["key"])
    except Refusal as refusal:
        form.add_error(None, refusal.sentence)
        status = FORBIDDEN if refusal.forbidden else CONFLICT
        return _answer(request, environment, table, act, asked, form=form, status=status)
    return redirect(address("item_job", job))


def _answer(
    request: HttpRequest,
    environment: Environment,
    table: Table,
    act: Act,
    asked: Asked,
    *,
    form: RateForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "environment": environment,
        "table": table,
        "label": act.kind.label,
        "problems": list(asked.problems.values()),
        "form": form,
        "explore_url": _explore(environment, table, asked.query),
        "prod_strip": environment.stage == PROD,
        **(_of_query(environment, table, act, asked.query) if asked.query else {}),
    }
    return render(request, act.template, context, status=status)


def _of_query(environment: Environment, table: Table, act: Act, query: Query) -> dict[str, Any]:
    return {
        "query": query,
        "rows": query_rows(query, shape_of(table)),
        "takes": takes(estimate_of(table, query)),
        "why_not": why_not_read(environment, table, query),
        "masked": not mask_for(environment, table).is_empty,
        "file_forms": FORMS.values(),
    }


def _explore(environment: Environment, table: Table, query: Query | None) -> str:
    address = reverse("table", args=[environment.application, environment.name, table.name])
    return f"{address}?{urlencode([*query.pairs(), ('ask', '1')])}" if query else address
