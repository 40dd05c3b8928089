"""The page of drift: what was found, checking now, and asking for a repair or for taking it over."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST, require_safe

from portal.access import actor_of
from portal.drift.forms import AcceptForm, RepairForm
from portal.drift.reading import DriftPage, read_drift, split_pick, starts_later
from portal.environments.heading import access_with_stacks, page_context
from portal.errors import say
from provisioning.actions.drifting import do_detect_drift, do_request_accept, do_request_repair
from provisioning.actions.refusals import Refusal
from provisioning.lifecycle import ChangeKind, StackKind
from provisioning.models import Environment

UNPROCESSABLE = 422
PAUSE = 2  # seconds between two looks at a check that runs
HERE = "environment_drift"


@require_safe
def drift(request: HttpRequest, application: str, name: str) -> HttpResponse:
    """What differs from the templates; alone, without the page around it, for htmx."""
    return _page(request, access_with_stacks(request, application, name))


@require_POST
def detect(request: HttpRequest, application: str, name: str) -> HttpResponse:
    """Have the stacks checked now."""
    environment = access_with_stacks(request, application, name)
    try:
        do_detect_drift(actor_of(request), environment)
    except Refusal as refusal:
        if refusal.forbidden:
            raise
        say(request, refusal)
    else:
        messages.success(request, "The check runs. What it finds appears here, usually within a few minutes.")
    return redirect(HERE, application, name)


@require_POST
def repair(request: HttpRequest, application: str, name: str) -> HttpResponse:
    """Ask for the stacks to be brought back to their templates."""
    environment = access_with_stacks(request, application, name)
    form = _repair_form(environment, read_drift(actor_of(request), environment), request.POST)
    if not form.is_valid():
        return _page(request, environment, repairing=form)
    try:
        change = do_request_repair(
            actor_of(request),
            environment,
            form.ask(ChangeKind.REPAIR_DRIFT),
            stacks=tuple(StackKind(one) for one in form.cleaned_data["stacks"]),
        )
    except Refusal as refusal:
        return _refused(request, environment, refusal, repairing=form)
    return redirect("change", change.pk)


@require_POST
def accept(request: HttpRequest, application: str, name: str) -> HttpResponse:
    """Ask for what differs to be taken as it is from now on."""
    environment = access_with_stacks(request, application, name)
    form = _accept_form(environment, read_drift(actor_of(request), environment), request.POST)
    if not form.is_valid():
        return _page(request, environment, accepting=form)
    try:
        change = do_request_accept(
            actor_of(request),
            environment,
            form.ask(ChangeKind.ACCEPT_DRIFT),
            picks=tuple(split_pick(pick) for pick in form.cleaned_data["picks"]),
        )
    except Refusal as refusal:
        return _refused(request, environment, refusal, accepting=form)
    return redirect("change", change.pk)


def _refused(
    request: HttpRequest,
    environment: Environment,
    refusal: Refusal,
    *,
    repairing: RepairForm | None = None,
    accepting: AcceptForm | None = None,
) -> HttpResponse:
    """The page as it is now, with what was sent and why it was not done."""
    form = repairing or accepting
    if refusal.forbidden:
        raise refusal
    if form is not None and any(name in form.fields for name in refusal.fields):
        form.refuse(refusal)
        return _page(request, environment, repairing=repairing, accepting=accepting)
    say(request, refusal)
    return redirect(HERE, environment.application, environment.name)


def _page(
    request: HttpRequest,
    environment: Environment,
    *,
    repairing: RepairForm | None = None,
    accepting: AcceptForm | None = None,
) -> HttpResponse:
    refused, partial = repairing or accepting, "HX-Request" in request.headers
    ticked = accepting.data.getlist("picks") if accepting else ()  # type: ignore[attr-defined]  # a QueryDict
    found = read_drift(actor_of(request), environment, ticked)
    context: dict[str, Any] = page_context(request, environment, HERE) | {
        "drift": found,
        "repairing": repairing or _repair_form(environment, found),
        "accepting": accepting or _accept_form(environment, found),
        "pause": PAUSE,
        "partial": partial,
    }
    template = "drift/_drift.html" if partial else "drift/drift.html"
    response = render(request, template, context, status=UNPROCESSABLE if refused else 200)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _repair_form(environment: Environment, found: DriftPage, sent: QueryDict | None = None) -> RepairForm:
    """The form as it was sent, if it was, or new."""
    form = RepairForm(sent, initial={"key": uuid.uuid4()}, auto_id="repair_%s")
    form.shape(later=starts_later(environment, ChangeKind.REPAIR_DRIFT))
    form.offer([stack.kind for stack in found.repairable])
    return form


def _accept_form(environment: Environment, found: DriftPage, sent: QueryDict | None = None) -> AcceptForm:
    """The form as it was sent, if it was, or new."""
    form = AcceptForm(sent, initial={"key": uuid.uuid4()}, auto_id="accept_%s")
    form.shape(later=starts_later(environment, ChangeKind.ACCEPT_DRIFT))
    form.offer(found.picks)
    return form
