"""Putting back what a deletion, an import or a copy did."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from portal.access import access_table, actor_of
from portal.item_jobs.access import access_job
from portal.item_jobs.words import label_of
from portal.item_moves.forms import RunForm
from portal.item_moves.instead import instead_of
from portal.item_moves.running import INVALID, about, asks_for, needs_change, send, why_not_here
from portal.item_moves.words import BACK_STAYS, back_lines, cost_text, looks_text
from provisioning.actions.importing import do_put_back, do_request_put_back, put_back_cost, why_not_put_back
from provisioning.actions.moves import runs_of, why_not_run
from provisioning.engine.jobs.undoing import count_of


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def put_back(request: HttpRequest, application: str, name: str, table: str, job_id: uuid.UUID) -> HttpResponse:
    """What would be put back; sending the form does it, or in prod asks for it."""
    environment, row = access_table(request, application, name, table)
    done = access_job(request, application, name, table, job_id)
    asks, actor, kept = needs_change(environment), actor_of(request), count_of(done)
    instead = instead_of(request) if asks else None
    form = RunForm(request.POST if request.method == "POST" else None, asks=asks, instead=instead)
    if kept.unsure:
        form.ask_unsure(kept.unsure)
    if request.method == "POST" and form.is_valid():
        key, unsure = form.cleaned_data["key"], bool(form.cleaned_data.get("unsure"))
        answer = send(
            form,
            lambda: do_put_back(actor, row, done, unsure=unsure, key=key),
            lambda ask: do_request_put_back(actor, row, done, ask, unsure=unsure),
            asks=asks,
        )
        if answer is not None:
            return answer
    cost = put_back_cost(row, done)
    context = {
        **about(environment, row),
        "job": done,
        "label": label_of(done),
        "form": form,
        "goes": back_lines(done, kept),
        "stays": BACK_STAYS,
        "takes": f"{cost_text(cost, 'writes')} {looks_text(cost)}" if kept.sure else "",
        "blocked": why_not_put_back(done)
        or why_not_run(done, "put back", instead=instead.change if instead else None)
        or why_not_here(request, environment),
        "instead": instead,
        "asks": asks_for(request, environment),
        "runs": runs_of(done),
    }
    return render(request, "item_moves/put_back.html", context, status=INVALID if form.errors else 200)
