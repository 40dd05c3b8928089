"""An old version of a parameter: set again as a new version, or, of a secret, shown once."""

import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from portal.parameters.changing import Conflict, attempt
from portal.parameters.forms import ParameterForm
from portal.parameters.history import difference_of, look_of, value_of, version_of, why_not_restore
from portal.parameters.place import Place, place_of
from portal.parameters.words import button, redeploys
from provisioning.actions.refusals import Refusal
from provisioning.actions.revealing_parameters import do_reveal_parameter, why_not_reveal
from provisioning.actions.setting import Setting
from provisioning.engine.parameters.putting import is_revert
from provisioning.models import ParameterVersion

SECONDS = 30  # how long a revealed secret stays on the page


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def restore(request: HttpRequest, application: str, name: str, key: str, version: int) -> HttpResponse:
    """What setting an old value again would do, and the form that does it: forward, as a new version (pitfall 10)."""
    place = place_of(request, application, name, key)
    old = _version(place, version)
    form = _form(place, request.POST if request.method == "POST" else None)
    if request.method != "POST" or why_not_restore(place, old):
        return _restore_page(request, place, old, form, status=409 if request.method == "POST" else 200)
    if not form.is_valid():
        return _restore_page(request, place, old, form, status=400)
    setting = Setting(key, value_of(old), form.cleaned_data["expected"], restores=old.pk, type=old.type)

    def again(conflict: Conflict | None, status: int) -> HttpResponse:
        return _restore_page(request, place, old, form, conflict=conflict, status=status)

    return attempt(request, place, form, setting, again)


def _version(place: Place, number: int) -> ParameterVersion:
    found = version_of(place, number) if place.row is not None else None
    if found is None:
        raise Http404(f"{place.key} has no such version.")
    return found


def _form(place: Place, data: Any) -> ParameterForm:
    there = place.there
    return ParameterForm(
        data,
        redeploys=redeploys(place),
        decides=place.asks() is not None,
        initial={"expected": there.version if there else None, "key": uuid.uuid4()},
    )


def _restore_page(
    request: HttpRequest,
    place: Place,
    old: ParameterVersion,
    form: ParameterForm,
    *,
    conflict: Conflict | None = None,
    status: int = 200,
) -> HttpResponse:
    there = place.there
    now = _present(place)
    reverts = there is not None and is_revert(there, value_of(old))
    context = place.context(
        old=old,
        look=look_of(place, old),
        next_version=there.version + 1 if there else 1,
        difference=difference_of(place, now, old) if now is not None else None,
        form=form,
        conflict=conflict,
        reverts=reverts,
        decided_by=place.asks(reverts=reverts),
        button=button(place, reverts=reverts),
        why_not_restore=why_not_restore(place, old),
    )
    return render(request, "parameters/restore.html", context, status=status)


def _present(place: Place) -> ParameterVersion | None:
    """The version that is stored now, as a row to compare with."""
    there = place.there
    if there is None:
        return None
    return ParameterVersion(
        parameter=there,
        generation=there.generation,
        version=there.version,
        type=there.type,
        value=there.value,
        digest=there.digest,
    )


@require_POST
@never_cache
def reveal(request: HttpRequest, application: str, name: str, key: str, version: int) -> HttpResponse:
    """One version of a secret, shown once, for a reason that the audit keeps."""
    place = place_of(request, application, name, key)
    old = _version(place, version)
    reason, value, problem = request.POST.get("reason", ""), "", ""
    try:
        if place.row is not None:
            value = do_reveal_parameter(place.actor, place.environment, place.row, old, reason=reason)
    except Refusal as refusal:
        if refusal.forbidden:
            raise
        problem = refusal.fields.get("reason", refusal.sentence)
    context = place.context(
        old=old,
        value=value,
        problem=problem,
        reason=reason,
        seconds=SECONDS,
        why_not_reveal=why_not_reveal(place.actor, place.environment),
    )
    return render(request, "parameters/revealed.html", context, status=400 if problem else 200)
