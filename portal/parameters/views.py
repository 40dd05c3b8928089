"""The page of one parameter, its live part, and its history."""

import uuid
from typing import Any

from django.forms import BoundField
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.parameters.facts import beside, kept_where
from portal.parameters.forms import ParameterForm, SetForm
from portal.parameters.history import (
    Difference,
    blame_of,
    difference_of,
    read_history,
    recent_history,
    version_of,
)
from portal.parameters.place import Place, place_of
from portal.parameters.states import read_states
from portal.parameters.words import button, redeploys
from provisioning.actions.looking_at_parameters import do_look_at_parameters
from provisioning.actions.revealing_parameters import why_not_reveal
from provisioning.flags.rules import SECURE


@require_safe
@never_cache
def parameter(request: HttpRequest, application: str, name: str, key: str) -> HttpResponse:
    """One parameter: three states, the form that sets it, its newest versions."""
    return page(request, place_of(request, application, name, key))


@require_safe
@never_cache
def live(request: HttpRequest, application: str, name: str, key: str) -> HttpResponse:
    """The three states alone; 204 while they are what the page shows (`seen`)."""
    place = place_of(request, application, name, key)
    if "HX-Request" not in request.headers:
        return redirect(place.address("parameter"))
    do_look_at_parameters([place.environment])
    states = read_states(place)
    # What this person asked for is stored: the form below goes on from there, else the next click would be refused.
    stored = states.rests and request.GET.get("on", _on(place)) != _on(place) and _is_mine(request, place)
    if request.GET.get("seen") == states.seen and not stored:
        return HttpResponse(status=204)
    context = place.context(
        states=states,
        live_url=place.address("parameter_live"),
        on=_on(place) if stored else request.GET.get("on", ""),
        renewed=_renewed(place) if stored else (),
        moved=True,
    )
    response = render(request, "parameters/_states.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _on(place: Place) -> str:
    """The version that the page is about, as its live part sends it along."""
    return f"{place.there.generation}.{place.there.version}" if place.there else ""


def _renewed(place: Place) -> tuple[BoundField, ...]:
    """The hidden fields of the form that say which version it is about, as they are put over the old ones."""
    form = set_form(place)
    fields = [form[name] for name in ("expected", "key")]
    for field in fields:
        field.field.widget.attrs["hx-swap-oob"] = "true"
    return tuple(fields)


def _is_mine(request: HttpRequest, place: Place) -> bool:
    return place.change is not None and place.change.requested_by_id == request.user.pk


@require_safe
@never_cache
def history(request: HttpRequest, application: str, name: str, key: str) -> HttpResponse:
    """Every version, and what differs between two of them."""
    place = place_of(request, application, name, key)
    if place.row is None:
        raise Http404(f"{key} was never stored.")
    shown, lines = read_history(place, request.GET.get("page", "1"))
    context = place.context(
        page=shown,
        lines=lines,
        difference=_difference(request, place),
        chosen=(request.GET.get("before", ""), request.GET.get("after", "")),
        why_not_reveal=why_not_reveal(place.actor, place.environment),
    )
    return render(request, "parameters/history.html", context)


def _difference(request: HttpRequest, place: Place) -> Difference | None:
    numbers = [request.GET.get(name, "") for name in ("before", "after")]
    rows = [version_of(place, int(number)) for number in numbers if number.isdecimal() and len(number) < 18]
    if len(rows) < 2 or rows[0] is None or rows[1] is None:
        return None
    return difference_of(place, rows[0], rows[1])


def page(
    request: HttpRequest,
    place: Place,
    form: ParameterForm | None = None,
    *,
    delete: ParameterForm | None = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    """The page; `form` and `delete` are forms that were refused, with what was typed."""
    do_look_at_parameters([place.environment])
    context = place.context(
        states=read_states(place),
        live_url=place.address("parameter_live"),
        on=_on(place),
        form=form or set_form(place),
        delete=delete or delete_form(place),
        button=button(place),
        history=recent_history(place) if place.row else (),
        blame=blame_of(place),
        beside=beside(place),
        kept_where=kept_where(place),
        secret=place.kind == "secret" or place.type == SECURE,
        why_not_reveal=why_not_reveal(place.actor, place.environment),
        **more,
    )
    return render(request, "parameters/parameter.html", context, status=status)


def set_form(place: Place, data: Any = None) -> SetForm:
    """The form that sets it; a secret's never begins with what is stored."""
    there = place.there
    plain = there is not None and there.type != SECURE and place.kind != "secret"
    stored = there.value if there is not None and plain else (place.flag.default if place.flag and not there else "")
    return SetForm(
        data,
        kind=place.kind,
        stored=stored,
        flag=place.flag,
        redeploys=redeploys(place),
        decides=place.asks() is not None,
        initial={"expected": there.version if there else None, "key": uuid.uuid4()},
    )


def delete_form(place: Place, data: Any = None) -> ParameterForm:
    """The form that deletes it."""
    there = place.there
    return ParameterForm(
        data,
        redeploys=redeploys(place),
        decides=place.asks() is not None,
        auto_id="delete_%s",
        initial={"expected": there.version if there else None, "key": uuid.uuid4()},
    )
