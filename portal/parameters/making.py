"""A parameter that is not there yet: its form, and its name checked while it is typed."""

import uuid
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import format_html
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from portal.access import access_environment, actor_of
from portal.environments.heading import why_not_act
from portal.parameters.forms import KINDS, NewForm
from portal.parameters.place import Place, path_or_404
from portal.parameters.words import answer, button
from provisioning.actions.refusals import Refusal
from provisioning.actions.setting import Setting, declared, do_set_parameters
from provisioning.flags.rules import STRING, TYPES, name_problem
from provisioning.models import Parameter


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def new(request: HttpRequest, application: str, name: str) -> HttpResponse:
    """The form for a new one; a declared flag has its own, on its own page."""
    place, kind = _place(request, application, name), _type(request)
    key = request.GET.get("key", "")
    if request.method != "POST":
        if declared(place.blueprint, key) is not None:
            return redirect("parameter", application, name, key)
        return _page(request, place, _form(place, kind, key), kind)
    form = _form(place, kind, "", request.POST)
    if not form.is_valid():
        return _page(request, place, form, kind, status=400)
    key = form.cleaned_data["name"]
    try:
        setting = Setting(key, form.cleaned_data["value"], None, type=kind)
        change = do_set_parameters(place.actor, place.environment, [setting], form.asked())
    except Refusal as refusal:
        if refusal.forbidden:
            raise
        form.refuse(refusal)
        return _page(request, place, form, kind, status=400 if refusal.code == "bad-values" else 409)
    return answer(request, replace(place, key=key), change)


@require_safe
@never_cache
def check_name(request: HttpRequest, application: str, name: str) -> HttpResponse:
    """What is to be said of a name while it is typed."""
    place, key = _place(request, application, name), request.GET.get("name", "")
    if not key:
        return HttpResponse("")
    problem = name_problem(f"{place.path}{key}") or _taken(place, key)
    if problem:
        return HttpResponse(format_html('<span class="attention">{}</span>', problem))
    return HttpResponse(format_html("It will be <code>{}{}</code>.", place.path, key))


def _taken(place: Place, key: str) -> str:
    row = Parameter.objects.filter(environment=place.environment, key=key, gone_at__isnull=True).first()
    if row is not None:
        return f"{key} exists already, at v{row.version}. Open it to set it."
    return f"{key} is declared by the blueprint. Open it to set it." if declared(place.blueprint, key) else ""


def _place(request: HttpRequest, application: str, name: str) -> Place:
    environment = access_environment(request, application, name)
    blueprint, path = path_or_404(environment)
    return Place(actor_of(request), environment, blueprint, path, "", None, None, None)


def _type(request: HttpRequest) -> str:
    kind = request.GET.get("type", STRING)
    return kind if kind in TYPES else STRING


def _form(place: Place, kind: str, key: str, data: Any = None) -> NewForm:
    form = NewForm(
        data,
        type=kind,
        decides=place.asks() is not None,
        initial={"name": key, "key": uuid.uuid4()},
    )
    form.fields["name"].help_text = f"Below {place.path}; slashes make folders."
    return form


def _page(request: HttpRequest, place: Place, form: NewForm, kind: str, *, status: int = 200) -> HttpResponse:
    context = {
        "place": place,
        "environment": place.environment,
        "prod_strip": place.environment.stage == "prod",
        "decided_by": place.asks(),
        "form": form,
        "kinds": KINDS,
        "kind": kind,
        "typed": form["name"].value() or "",
        "button": button(place),
        "why_not": why_not_act(place.actor, place.environment),
    }
    return render(request, "parameters/new.html", context, status=status)
