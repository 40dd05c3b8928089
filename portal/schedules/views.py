"""Scheduling a value of one parameter."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from portal.flags.showing import Shown, shown
from portal.parameters.place import Place, place_of
from portal.parameters.words import redeploys
from portal.schedules.forms import ScheduleForm
from portal.schedules.reading import lines_of_parameter
from provisioning.actions.refusals import Refusal
from provisioning.actions.scheduling import do_schedule
from provisioning.actions.setting import Setting
from provisioning.flags.rules import SECURE
from provisioning.models import ParameterSchedule

BAD = frozenset({"bad-values", "bad-times"})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def schedule(request: HttpRequest, application: str, name: str, key: str) -> HttpResponse:
    """A value at a time, for a while, or both."""
    place = place_of(request, application, name, key)
    if place.there is None:
        raise Http404(f"{key} is not stored now.")
    form = _form(place, request.POST if request.method == "POST" else None)
    if request.method != "POST" or place.why_not:
        return _page(request, place, form, status=403 if request.method == "POST" else 200)
    if not form.is_valid():
        return _page(request, place, form, status=400)
    sent = form.cleaned_data
    setting = Setting(key, sent["value"], sent["expected"], type=place.type)
    try:
        made = do_schedule(place.actor, place.environment, setting, form.times(), form.asked())
    except Refusal as refusal:
        if refusal.forbidden:
            raise
        form.refuse(refusal)
        moved = place.there.version != setting.expected
        form.look_at(place.there.version)  # whoever sends it again has seen this one
        return _page(request, place, form, status=409 if moved or refusal.code not in BAD else 400)
    return _answer(request, place, made)


def _form(place: Place, data: Any) -> ScheduleForm:
    there = place.there
    plain = there is not None and there.type != SECURE and place.kind != "secret"
    return ScheduleForm(
        data,
        kind=place.kind,
        stored=there.value if there is not None and plain else "",
        flag=place.flag,
        redeploys=redeploys(place),
        decides=somebody_decides(place),
        initial={"expected": there.version if there else None, "key": uuid.uuid4()},
    )


def somebody_decides(place: Place) -> bool:
    """Whether a value here is set only after somebody else has agreed."""
    asks = place.asks()
    return asks is not None and bool(asks.approvals)


def _page(request: HttpRequest, place: Place, form: ScheduleForm, *, status: int) -> HttpResponse:
    decides = somebody_decides(place)
    context = place.context(
        form=form,
        now=stored_look(place),
        lines=lines_of_parameter(place.row, place.actor),
        decides=decides,
        button="Ask for this" if decides else "Schedule it",
    )
    return render(request, "schedules/schedule.html", context, status=status)


def stored_look(place: Place) -> Shown | None:
    """What is stored now, as it may be shown."""
    there = place.there
    if there is None:
        return None
    return shown(there.type, "" if there.type == SECURE else there.value, place.flag)


def _answer(request: HttpRequest, place: Place, made: ParameterSchedule) -> HttpResponse:
    """To the change where somebody decides, else back to the parameter, where it stands among the schedules."""
    if made.change is not None and somebody_decides(place):
        messages.success(request, "Asked for. Nothing is set before somebody else has agreed.")
        return redirect("change", made.change.pk)
    return redirect(f"{place.address('parameter')}#{'schedules' if made.change is None else 'states'}")
