"""The page on which the way out of a stuck stack is asked for."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from portal.access import actor_of
from portal.environments.heading import access_with_stacks, page_context
from portal.errors import say
from portal.recovering.forms import RecoverForm
from portal.recovering.reading import Doctor, patient, read_doctor, ticks
from provisioning.actions.recovering import do_request_recover
from provisioning.actions.refusals import Refusal
from provisioning.lifecycle import ChangeKind, StackKind
from provisioning.models import Environment
from provisioning.planning.ways_out import FORCE

UNPROCESSABLE = 422


@require_http_methods(["GET", "HEAD", "POST"])
def recover(request: HttpRequest, application: str, name: str, stack: str) -> HttpResponse:
    """What the way out will do, and the form that asks for it."""
    if stack not in StackKind.values:
        raise Http404("There is no such stack.")
    kind = StackKind(stack)
    environment = access_with_stacks(request, application, name)
    doctor = read_doctor(actor_of(request), environment, kind)
    if request.method == "POST":
        return _asked(request, environment, kind, doctor)
    if doctor is None:
        messages.info(request, f"The {kind.label.lower()} of {name} is not stuck.")
        return redirect("environment", application, name)
    return _page(request, environment, doctor, _form(request, environment, doctor))


def _asked(request: HttpRequest, environment: Environment, kind: StackKind, doctor: Doctor | None) -> HttpResponse:
    """The change that was asked for, or the page again with what is wrong."""
    form = _form(request, environment, doctor) if doctor else RecoverForm(request.POST)
    if not form.is_valid():
        return _page(request, environment, doctor, form) if doctor else _back(request, environment, kind)
    try:
        change = do_request_recover(
            actor_of(request),
            environment,
            form.ask(ChangeKind.RECOVER, confirm=form.cleaned_data.get("confirm", "")),
            stack=kind,
            what=request.POST.get("what", ""),
            spared=tuple(form.cleaned_data.get("spared", ())),
        )
    except Refusal as refusal:
        if refusal.forbidden:
            raise
        if doctor is not None and any(field in form.fields for field in refusal.fields):
            form.refuse(refusal)
            return _page(request, environment, doctor, form)
        say(request, refusal)
        return redirect("environment_recover", environment.application, environment.name, kind.value)
    return redirect("change", change.pk)


def _back(request: HttpRequest, environment: Environment, kind: StackKind) -> HttpResponse:
    """What was sent is about a stack that has come to rest meanwhile."""
    return redirect("environment_recover", environment.application, environment.name, kind.value)


def _form(request: HttpRequest, environment: Environment, doctor: Doctor) -> RecoverForm:
    """The form as it was sent, or new."""
    way_out, whose = doctor.stuck.way_out, patient(actor_of(request), environment)
    form = RecoverForm(request.POST if request.method == "POST" else None, initial={"key": uuid.uuid4()})
    return form.shape(
        way_out, environment.name, forced=way_out.what == FORCE, later=whose.may_start_later(doctor.stuck)
    )


def _page(request: HttpRequest, environment: Environment, doctor: Doctor, form: RecoverForm) -> HttpResponse:
    context = page_context(request, environment, "environment") | {
        "doctor": doctor,
        "way_out": doctor.stuck.way_out,
        "form": form,
        "ticks": ticks(doctor, form.chosen),
    }
    status = UNPROCESSABLE if form.is_bound else 200
    return render(request, "recovering/recover.html", context, status=status)
