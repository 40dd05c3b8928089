"""Setting and deleting a parameter: through one verb, with both values shown where somebody was quicker."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from portal.flags.showing import Shown, shown
from portal.parameters.forms import ParameterForm
from portal.parameters.place import Place, place_of
from portal.parameters.states import writer_of
from portal.parameters.views import delete_form, page, set_form
from portal.parameters.words import answer
from provisioning.actions.refusals import Refusal
from provisioning.actions.setting import Setting, do_set_parameters

BAD = frozenset({"bad-values", "bad-start"})


@dataclass(frozen=True)
class Conflict:
    """What somebody set meanwhile, beside what was typed. `theirs` is None where it is gone."""

    theirs: Shown | None
    version: int | None
    at: datetime | None
    who: str
    looked_at: int | None


@require_POST
@never_cache
def set_value(request: HttpRequest, application: str, name: str, key: str) -> HttpResponse:
    """A value for it, on the version that was looked at."""
    place = place_of(request, application, name, key)
    form = set_form(place, request.POST)
    if not form.is_valid():
        return page(request, place, form, status=400)
    sent = form.cleaned_data
    setting = Setting(key, sent["value"], sent["expected"], type=place.type)
    return attempt(
        request,
        place,
        form,
        setting,
        lambda conflict, status: page(request, place, form, conflict=conflict, status=status),
    )


@require_POST
@never_cache
def delete(request: HttpRequest, application: str, name: str, key: str) -> HttpResponse:
    """Its deletion, on the version that was looked at."""
    place = place_of(request, application, name, key)
    form = delete_form(place, request.POST)
    if not form.is_valid():
        return page(request, place, delete=form, status=400)
    setting = Setting(key, None, form.cleaned_data["expected"])
    return attempt(
        request,
        place,
        form,
        setting,
        lambda conflict, status: page(request, place, delete=form, conflict=conflict, status=status),
    )


def attempt(
    request: HttpRequest,
    place: Place,
    form: ParameterForm,
    setting: Setting,
    again: Callable[[Conflict | None, int], HttpResponse],
) -> HttpResponse:
    """Ask for one setting, and say how it went; `again` shows the form of a refusal, with what was typed."""
    try:
        change = do_set_parameters(place.actor, place.environment, [setting], form.asked())
    except Refusal as refusal:
        if refusal.forbidden:
            raise
        form.refuse(refusal)
        conflict = _conflict(place, setting)
        if conflict is not None:
            form.look_at(conflict.version)
        return again(conflict, 409 if conflict or refusal.code not in BAD else 400)
    return answer(request, place, change)


def _conflict(place: Place, setting: Setting) -> Conflict | None:
    """What is stored now, if it is not what was looked at (pitfall 5)."""
    row = place.there
    version = row.version if row is not None else None
    if version == setting.expected:
        return None
    if row is None:
        gone_at = place.row.gone_at if place.row is not None else None
        return Conflict(None, None, gone_at, "", setting.expected)
    look = shown(row.type, row.value, place.flag)
    return Conflict(look, row.version, row.modified_at, writer_of(place), setting.expected)
