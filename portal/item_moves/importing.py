"""Importing: the file and its dry run, then the report and the button that writes."""

import uuid
from collections.abc import Mapping

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from portal.access import access_table, actor_of
from portal.item_jobs.access import access_job, address
from portal.item_moves.forms import RunForm, UploadForm
from portal.item_moves.instead import instead_of
from portal.item_moves.reports import report_page, turned_away
from portal.item_moves.running import INVALID, about, asks_for, is_of, needs_change, send, why_not_here
from portal.item_moves.uploading import TOO_LARGE
from portal.item_moves.words import checked_rows, cost_text, count_text, dry_run_price, units_of
from provisioning.actions.importing import (
    MODES,
    Upload,
    do_check_import,
    do_request_import,
    do_run_import,
    import_cost,
    why_not_import,
)
from provisioning.actions.moves import WriteCost, runs_of, why_not_run
from provisioning.actions.refusals import Refusal
from provisioning.engine.jobs.importing import CHECK, NEW
from provisioning.lifecycle import JobKind
from provisioning.models import Environment, ItemJob, Table


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def upload(request: HttpRequest, application: str, name: str, table: str) -> HttpResponse:
    """Choose a file; sending it begins its dry run."""
    environment, row = access_table(request, application, name, table)
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm.fresh()
    if request.method == "POST":
        job = _checked(request, environment, row, form)
        if job is not None:
            return redirect(address("item_job", job))
    context = {
        **about(environment, row),
        "form": form,
        "most_mib": settings.IMPORT_MOST_MIB,
        "price": dry_run_price(row),
        "why_not": why_not_here(request, environment),
        "asks": asks_for(request, environment),
    }
    return render(request, "item_moves/import.html", context, status=INVALID if form.errors else 200)


def _checked(request: HttpRequest, environment: Environment, table: Table, form: UploadForm) -> ItemJob | None:
    """The dry run that the form began; None where it says what is wrong."""
    if TOO_LARGE in request.META:
        form.errors.pop("file", None)
        form.add_error("file", f"The file is larger than {settings.IMPORT_MOST_MIB} MiB. Split it.")
    if not form.is_valid():
        return None
    sent = form.cleaned_data
    found = Upload(sent["file"].name, sent["file"].size, sent["file"])
    try:
        return do_check_import(actor_of(request), environment, table, found, notation=sent["notation"], key=sent["key"])
    except Refusal as refusal:
        if refusal.forbidden:
            raise
        form.add_error("file" if "file" in refusal.fields else None, refusal.sentence)
        return None


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def run(request: HttpRequest, application: str, name: str, table: str, job_id: uuid.UUID) -> HttpResponse:
    """What a dry run found, line by line; sending the form writes it, or in prod asks for it."""
    environment, row = access_table(request, application, name, table)
    checked = access_job(request, application, name, table, job_id)
    if not is_of(checked, JobKind.IMPORT, CHECK):
        return redirect(address("item_job", checked))
    away = turned_away(request, checked)
    if away is not None:
        return away
    asks, costs = needs_change(environment), _costs(row, checked)
    instead = instead_of(request) if asks else None
    form = RunForm(request.POST if request.method == "POST" else None, asks=asks, instead=instead)
    _ask(form, row, checked, costs)
    if request.method == "POST" and form.is_valid():
        answer = _sent(request, row, checked, form, asks=asks)
        if answer is not None:
            return answer
    most = costs[NEW] if costs[NEW].items else max(costs.values(), key=lambda cost: cost.items)
    context = {
        **about(environment, row),
        "job": checked,
        "rows": checked_rows(checked),
        "form": form,
        "takes": cost_text(most, "import writes"),
        "blocked": why_not_import(checked)
        or why_not_run(checked, instead=instead.change if instead else None)
        or why_not_here(request, environment),
        "instead": instead,
        "asks": asks_for(request, environment),
        "runs": runs_of(checked),
        "page": report_page(checked, request.GET.get("page")),
    }
    return render(request, "item_moves/import_run.html", context, status=INVALID if form.errors else 200)


def _costs(table: Table, checked: ItemJob) -> dict[str, WriteCost]:
    return {mode: import_cost(table, checked, mode) for mode in MODES}


def _ask(form: RunForm, table: Table, checked: ItemJob, costs: Mapping[str, WriteCost]) -> None:
    labels = {
        mode: f"{label}: {count_text(costs[mode].items)}, ≈ {units_of(costs[mode])}" for mode, label in MODES.items()
    }
    form.ask_mode(labels)
    most = max(MODES, key=lambda mode: costs[mode].items)
    form.ask_rate(lambda rate: import_cost(table, checked, most, rate), costs[most])


def _sent(request: HttpRequest, table: Table, checked: ItemJob, form: RunForm, *, asks: bool) -> HttpResponse | None:
    actor, sent = actor_of(request), form.cleaned_data
    how = {"mode": sent["mode"], "rate": sent["rate"]}
    return send(
        form,
        lambda: do_run_import(actor, table, checked, key=sent["key"], **how),
        lambda ask: do_request_import(actor, table, checked, ask=ask, **how),
        asks=asks,
    )
