"""Releases of an environment, deploying and redeploying it, promoting one, and rolling back."""

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.access import actor_of
from portal.environments.heading import access_with_stacks, page_context
from portal.errors import say
from portal.releases.back import one_click, read_back
from portal.releases.comparing import read_comparison
from portal.releases.forms import DeployForm, PromoteForm, RedeployForm, RollBackForm
from portal.releases.further import DeployPage, PromotePage, next_targets, read_deploy, read_promote
from portal.releases.reading import read_releases
from portal.releases.showing import access_release, read_release
from provisioning.actions.deploying import AskToDeploy, do_deploy
from provisioning.actions.promoting import AskToPromote, do_promote
from provisioning.actions.refusals import Refusal
from provisioning.actions.rolling_back import (
    AskToRedeploy,
    AskToRollBack,
    do_redeploy,
    do_roll_back,
    needs_reason,
    why_not_redeploy,
)
from provisioning.blueprints.artifacts import LONGEST
from provisioning.blueprints.model import Artifact
from provisioning.models import Environment, Release

UNPROCESSABLE = 422
HERE = "releases"
LONGEST_NUMBER = 10


@require_safe
def releases(request: HttpRequest, application: str, name: str) -> HttpResponse:
    """What ran here, newest first, with what was seen of it."""
    environment = access_with_stacks(request, application, name)
    page, found = read_releases(environment, request.GET.get("page"))
    context: dict[str, Any] = page_context(request, environment, HERE) | {
        "page": page,
        "releases": found,
        "one_click": one_click(actor_of(request), environment),
        "form": RedeployForm(initial={"key": uuid.uuid4()}, auto_id="redeploy_%s"),
        "why_not_redeploy": why_not_redeploy(actor_of(request), environment),
    }
    return render(request, "releases/releases.html", context)


@require_safe
def release(request: HttpRequest, application: str, name: str, number: int) -> HttpResponse:
    """What ran together in one release, and where it came from."""
    environment = access_with_stacks(request, application, name)
    found = read_release(environment, access_release(environment, number))
    context = page_context(request, environment, HERE) | {
        "page": found,
        "targets": next_targets(found.release),
        "one_click": one_click(actor_of(request), environment),
    }
    return render(request, "releases/release.html", context)


@require_safe
def release_diff(request: HttpRequest, application: str, name: str) -> HttpResponse:
    """Two releases against each other: `from` and `to` are their numbers, the two newest unless they are given."""
    environment = access_with_stacks(request, application, name)
    newest = list(Release.objects.filter(environment=environment).values_list("number", flat=True)[:2])
    context = page_context(request, environment, HERE)
    numbers = [_number(request, "from") or min(newest, default=0), _number(request, "to") or max(newest, default=0)]
    if newest:
        before, after = (access_release(environment, number) for number in numbers)
        context |= {"compared": read_comparison(environment, before, after)}
    return render(request, "releases/compare.html", context)


def _number(request: HttpRequest, name: str) -> int | None:
    """A number of the query, of those that a release can have; None for anything else."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < LONGEST_NUMBER else None


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
def deploy(request: HttpRequest, application: str, name: str) -> HttpResponse:
    """What can be deployed here, what is known of it, and the form that asks; `artifact` is one to begin with."""
    environment = access_with_stacks(request, application, name)
    text = (request.POST if request.method == "POST" else request.GET).get("artifact", "").strip()[:LONGEST]
    page = read_deploy(actor_of(request), environment, text if text.isprintable() else "")
    if page.declared is None:
        return _deploy_page(request, environment, page, None)
    if request.method != "POST":
        return _deploy_page(request, environment, page, _deploy_form(page, page.declared, None, text))
    form = _deploy_form(page, page.declared, request.POST)
    if form.is_valid():
        sent = form.cleaned_data
        ask = AskToDeploy(sent["artifact"], sent["reason"], sent["key"], start_at=sent.get("start_at"))
        try:
            return redirect("change", do_deploy(actor_of(request), environment, ask).pk)
        except Refusal as refusal:
            if refusal.forbidden:
                raise
            form.refuse(refusal)
    return _deploy_page(request, environment, page, form, UNPROCESSABLE)


def _deploy_form(page: DeployPage, declared: Artifact, sent: QueryDict | None, initial: str = "") -> DeployForm:
    return DeployForm(
        sent,
        declared=declared,
        says_why=page.says_why,
        may_wait=page.may_wait,
        initial={"key": uuid.uuid4(), "artifact": initial},
        auto_id="deploy_%s",
    )


def _deploy_page(
    request: HttpRequest, environment: Environment, page: DeployPage, form: DeployForm | None, status: int = 200
) -> HttpResponse:
    context = page_context(request, environment, HERE) | {"page": page, "form": form}
    return render(request, "releases/deploy.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def promote(request: HttpRequest, application: str, name: str, number: int) -> HttpResponse:
    """What is known of a release before it goes further, and the form that asks for it; `to` is where."""
    environment = access_with_stacks(request, application, name)
    found = access_release(environment, number)
    page = read_promote(actor_of(request), found, (request.POST or request.GET).get("to", ""))
    if page.target is None or request.method != "POST":
        return _promote_page(request, environment, page, _promote_form(page))
    form = _promote_form(page, request.POST)
    if form.is_valid() and form.cleaned_data["to"] == page.target.name:
        sent = form.cleaned_data
        ask = AskToPromote(page.target, sent["reason"], sent["key"], start_at=sent.get("start_at"))
        try:
            return redirect("change", do_promote(actor_of(request), found, ask).pk)
        except Refusal as refusal:
            if refusal.forbidden:
                raise
            form.refuse(refusal)
    elif form.is_valid():
        form.add_error(None, f"Release {number} cannot go to {form.cleaned_data['to']}. Read about another one.")
    return _promote_page(request, environment, page, form, UNPROCESSABLE)


def _promote_form(page: PromotePage, sent: QueryDict | None = None) -> PromoteForm:
    return PromoteForm(
        sent,
        says_why=page.says_why,
        may_wait=page.may_wait,
        initial={"key": uuid.uuid4(), "to": page.target.name if page.target else ""},
        auto_id="promote_%s",
    )


def _promote_page(
    request: HttpRequest, environment: Environment, page: PromotePage, form: PromoteForm, status: int = 200
) -> HttpResponse:
    context = page_context(request, environment, HERE) | {"page": page, "form": form}
    return render(request, "releases/promote.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def roll_back(request: HttpRequest, application: str, name: str) -> HttpResponse:
    """How a release differs from what runs, and the form that puts it back."""
    environment = access_with_stacks(request, application, name)
    if request.method != "POST":
        return _page(request, environment, _number(request, "release"))
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
