"""Releases of an environment, redeploying it, and rolling back."""

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.access import actor_of
from portal.environments.heading import access_with_stacks, page_context
from portal.errors import say
from portal.releases.forms import RedeployForm, RollBackForm
from portal.releases.reading import SHOWN, read_back, read_releases
from provisioning.actions.refusals import Refusal
from provisioning.actions.rolling_back import (
    AskToRedeploy,
    AskToRollBack,
    do_redeploy,
    do_roll_back,
    needs_reason,
    why_not_redeploy,
)
from provisioning.models import Environment

UNPROCESSABLE = 422
HERE = "releases"


@require_safe
def releases(request: HttpRequest, application: str, name: str) -> HttpResponse:
    """What ran here, newest first, with what was seen of it."""
    environment = access_with_stacks(request, application, name)
    context: dict[str, Any] = page_context(request, environment, HERE) | {
        "releases": read_releases(environment),
        "most": SHOWN,
        "form": RedeployForm(initial={"key": uuid.uuid4()}, auto_id="redeploy_%s"),
        "why_not_redeploy": why_not_redeploy(actor_of(request), environment),
    }
    return render(request, "releases/releases.html", context)


@require_POST
def redeploy(request: HttpRequest, application: str, name: str) -> HttpResponse:
    """Start what runs anew."""
    environment = access_with_stacks(request, application, name)
    form = RedeployForm(request.POST)
    if not form.is_valid():
        return redirect(HERE, application, name)
    ask = AskToRedeploy(form.cleaned_data["reason"], form.cleaned_data["key"])
    try:
        change = do_redeploy(actor_of(request), environment, ask)
    except Refusal as refusal:
        if refusal.forbidden:
            raise
        say(request, refusal)
        return redirect(HERE, application, name)
    return redirect("change", change.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def roll_back(request: HttpRequest, application: str, name: str) -> HttpResponse:
    """How a release differs from what runs, and the form that puts it back."""
    environment = access_with_stacks(request, application, name)
    if request.method != "POST":
        text = request.GET.get("release", "")
        return _page(request, environment, int(text) if text.isascii() and text.isdecimal() else None)
    form = RollBackForm(request.POST, says_why=needs_reason(environment), auto_id="back_%s")
    if not form.is_valid():
        return _page(request, environment, form.cleaned_data.get("release"), form)
    sent = form.cleaned_data
    try:
        ask = AskToRollBack(sent["reason"], sent["key"], sent["release"])
        change = do_roll_back(actor_of(request), environment, ask)
    except Refusal as refusal:
        if refusal.forbidden:
            raise
        form.refuse(refusal)
        return _page(request, environment, sent["release"], form)
    return redirect("change", change.pk)


def _page(
    request: HttpRequest, environment: Environment, number: int | None, sent: RollBackForm | None = None
) -> HttpResponse:
    back = read_back(actor_of(request), environment, number)
    release = back.release.number if back.release else None
    first = {"key": uuid.uuid4(), "release": release}
    fresh = RollBackForm(initial=first, says_why=needs_reason(environment), auto_id="back_%s")
    context = page_context(request, environment, HERE) | {"rollback": back, "form": sent or fresh}
    return render(request, "releases/roll_back.html", context, status=UNPROCESSABLE if sent else 200)
