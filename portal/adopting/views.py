"""The list of what can be adopted, and the page that asks for it."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from portal.access import actor_of
from portal.adopting.forms import AdoptForm
from portal.adopting.reading import read_found, read_pair, stage_policy
from portal.orphans.reading import read_look
from portal.tabs import listing_tabs
from provisioning.actions.actor import require_change_right
from provisioning.actions.adopting import do_request_adopt
from provisioning.actions.refusals import Refusal
from provisioning.actions.requesting import Ask
from provisioning.lifecycle import ChangeKind

UNPROCESSABLE = 422


@require_safe
def adopt(request: HttpRequest) -> HttpResponse:
    """The pairs of stacks that were found outside Stackyard."""
    context = {"rows": read_found(), "look": read_look(timezone.now()), "tabs": listing_tabs("adopt")}
    return render(request, "adopting/adopt.html", context)


@require_http_methods(["GET", "POST"])
def request_adopt(request: HttpRequest, application: str, name: str) -> HttpResponse:
    """What would be taken over of one pair; sending it leads to its change."""
    if request.method == "GET":
        return _page(request, application, name, AdoptForm(initial={"key": uuid.uuid4()}))
    form = AdoptForm(request.POST)
    if not form.is_valid():
        return _page(request, application, name, form)
    ask = Ask(ChangeKind.ADOPT, reason=form.cleaned_data["reason"].strip(), key=form.cleaned_data["key"])
    try:
        change = do_request_adopt(actor_of(request), application, name, ask)
    except Refusal as refusal:
        if refusal.forbidden:
            raise
        form.add_error(None, refusal.sentence)
        return _page(request, application, name, form, in_the_way=refusal.change_id)
    return redirect("change", change.pk)


def _page(request: HttpRequest, application: str, name: str, form: AdoptForm, in_the_way: str = "") -> HttpResponse:
    row = read_pair(application, name)
    if row is None:
        messages.info(request, f"There is nothing to adopt as {application}/{name} any more.")
        return redirect("adopt")
    require_change_right(actor_of(request), row.pair.environment)
    context = {"row": row, "form": form, "in_the_way": in_the_way, "policy": stage_policy(row)}
    return render(request, "adopting/request.html", context, status=UNPROCESSABLE if form.errors else 200)
