"""Deleting many items: freezing their list, looking at it, confirming it by typing."""

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from portal.access import access_table, actor_of
from portal.errors import say
from portal.item_jobs.access import access_job, address
from portal.item_jobs.words import query_rows, takes
from portal.item_moves.forms import FreezeForm, RunForm
from portal.item_moves.instead import instead_of
from portal.item_moves.running import INVALID, about, asks_for, is_of, needs_change, send, why_not_here
from portal.item_moves.words import cost_text, count_text, key_text, looks_text
from portal.tables.asked import read_asked
from provisioning.actions.bulk_deleting import (
    deletion_cost,
    do_freeze,
    do_freeze_ticked,
    do_request_deletion,
    do_run_deletion,
    frozen_keys,
    why_not_delete,
)
from provisioning.actions.exporting import estimate_of
from provisioning.actions.moves import runs_of, why_not_run
from provisioning.actions.refusals import Refusal
from provisioning.engine.jobs.deleting import FREEZE
from provisioning.items.allowed import why_not_read
from provisioning.items.query import Query, shape_of
from provisioning.items.sealing import NotSealedError
from provisioning.lifecycle import JobKind
from provisioning.models import Environment, ItemJob, Table

SAMPLE = 10


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def freeze(request: HttpRequest, application: str, name: str, table: str) -> HttpResponse:
    """Freeze the list of what the query in the address finds, or of the rows that were ticked; nothing is deleted."""
    environment, row = access_table(request, application, name, table)
    if request.method == "POST" and {"ticked", "token"} & request.POST.keys():
        return _ticked(request, environment, row)
    asked = read_asked(request.GET, shape_of(row))
    context: dict[str, Any] = {
        **about(environment, row),
        "problems": list(asked.problems.values()),
        "explore_url": _explore(environment, row, request),
    }
    if asked.query is None:
        return render(request, "item_moves/delete.html", context, status=INVALID)
    estimate = estimate_of(row, asked.query)
    form = FreezeForm(
        request.POST if request.method == "POST" else None, initial={"key": uuid.uuid4(), "rate": estimate.rate}
    )
    if request.method == "POST" and form.is_valid():
        job = _frozen(request, environment, row, asked.query, form)
        if job is not None:
            return redirect(address("item_job", job))
    context |= {
        "form": form,
        "query": asked.query,
        "rows": query_rows(asked.query, shape_of(row)),
        "takes": takes(estimate),
        "why_not": why_not_here(request, environment) or why_not_read(environment, row, asked.query),
    }
    return render(request, "item_moves/delete.html", context, status=INVALID if form.errors else 200)


def _explore(environment: Environment, table: Table, request: HttpRequest) -> str:
    query = request.GET.copy()
    query["ask"] = "1"
    return f"{reverse('table', args=[environment.application, environment.name, table.name])}?{query.urlencode()}"


def _frozen(
    request: HttpRequest, environment: Environment, table: Table, query: Query, form: FreezeForm
) -> ItemJob | None:
    sent = form.cleaned_data
    try:
        return do_freeze(actor_of(request), environment, table, query, rate=sent["rate"], key=sent["key"])
    except Refusal as refusal:
        if refusal.forbidden:
            raise
        form.add_error(None, refusal.sentence)
        return None


def _ticked(request: HttpRequest, environment: Environment, table: Table) -> HttpResponse:
    try:
        key = uuid.UUID(request.POST.get("key", ""))
    except ValueError:
        key = uuid.uuid4()
    try:
        job = do_freeze_ticked(actor_of(request), environment, table, request.POST.getlist("token"), key=key)
    except Refusal as refusal:
        if refusal.forbidden:
            raise
        say(request, refusal)
        return redirect(_explore(environment, table, request))
    return redirect(address("item_job", job))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def run(request: HttpRequest, application: str, name: str, table: str, job_id: uuid.UUID) -> HttpResponse:
    """The frozen list; sending the form deletes it, or in prod asks for that."""
    environment, row = access_table(request, application, name, table)
    frozen = access_job(request, application, name, table, job_id)
    if not is_of(frozen, JobKind.DELETE, FREEZE):
        return redirect(address("item_job", frozen))
    asks = needs_change(environment)
    instead = instead_of(request) if asks else None
    form = RunForm(request.POST if request.method == "POST" else None, asks=asks, instead=instead)
    _ask(form, environment, row, frozen)
    if request.method == "POST" and form.is_valid():
        answer = _sent(request, row, frozen, form, asks=asks)
        if answer is not None:
            return answer
    cost = deletion_cost(row, frozen)
    context = {
        **about(environment, row),
        "job": frozen,
        "form": form,
        "title": f"Delete {count_text(cost.items)}",
        "takes": f"{cost_text(cost, 'deletion takes away')} {looks_text(cost)}",
        "goes": [f"{count_text(cost.items)} of {row.name}, {filesizeformat(cost.bytes)}"],
        "stays": _stays(),
        "blocked": why_not_delete(frozen)
        or why_not_run(frozen, instead=instead.change if instead else None)
        or why_not_here(request, environment),
        "instead": instead,
        "asks": asks_for(request, environment),
        "runs": runs_of(frozen),
        "keys": _sample(row, frozen),
        "more": max(0, cost.items - SAMPLE),
    }
    return render(request, "item_moves/delete_run.html", context, status=INVALID if form.errors else 200)


def _stays() -> list[str]:
    return [
        "Each item that was changed since the list was frozen, be it by an attribute more",
        "Each item that was written since, whether it fits the query or not",
        "The deleted items as they were, encrypted, for 7 days: one click puts them back",
    ]


def _ask(form: RunForm, environment: Environment, table: Table, frozen: ItemJob) -> None:
    cost = deletion_cost(table, frozen)
    form.ask_rate(lambda rate: deletion_cost(table, frozen, rate), cost)
    form.ask_typed(environment.name, cost.items)


def _sent(request: HttpRequest, table: Table, frozen: ItemJob, form: RunForm, *, asks: bool) -> HttpResponse | None:
    actor, sent = actor_of(request), form.cleaned_data
    how = {"typed": sent["typed"], "rate": sent["rate"]}
    return send(
        form,
        lambda: do_run_deletion(actor, table, frozen, key=sent["key"], **how),
        lambda ask: do_request_deletion(actor, table, frozen, ask=ask, **how),
        asks=asks,
    )


def _sample(table: Table, frozen: ItemJob) -> list[str]:
    """Some keys of the list; none when what it kept cannot be read any more."""
    try:
        return [key_text(key) for key in frozen_keys(table, frozen, SAMPLE)]
    except NotSealedError:
        return []
