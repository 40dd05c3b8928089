"""What people do to a change: decide, take back, try again. Each calls one verb and answers."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from portal.access import access_change, actor_of
from portal.changes.forms import DecisionForm
from portal.changes.views import show
from portal.errors import say
from provisioning.actions.actor import Actor
from provisioning.actions.deciding import do_approve, do_cancel, do_reject, do_retry
from provisioning.actions.refusals import Refusal
from provisioning.lifecycle import ChangeStatus
from provisioning.models import Change

INVALID, FORBIDDEN, CONFLICT = 422, 403, 409


@require_POST
def change_approve(request: HttpRequest, change_id: uuid.UUID) -> HttpResponse:
    """Approve the plan that the person has read."""

    def approve(actor: Actor, change: Change, sent: dict[str, Any]) -> Change:
        return do_approve(actor, change, digest=sent["digest"], comment=sent["comment"])

    return _decide(request, change_id, approve)


@require_POST
def change_reject(request: HttpRequest, change_id: uuid.UUID) -> HttpResponse:
    """Reject the plan; needs a comment."""

    def reject(actor: Actor, change: Change, sent: dict[str, Any]) -> Change:
        return do_reject(actor, change, comment=sent["comment"])

    return _decide(request, change_id, reject)


@require_POST
def change_cancel(request: HttpRequest, change_id: uuid.UUID) -> HttpResponse:
    """Take the change back."""
    return _act(request, change_id, do_cancel, "Cancelled. Nothing was altered.")


@require_POST
def change_retry(request: HttpRequest, change_id: uuid.UUID) -> HttpResponse:
    """Try a failed change again."""
    return _act(request, change_id, do_retry, "Trying again. What was done stays done.")


def _act(
    request: HttpRequest, change_id: uuid.UUID, verb: Callable[[Actor, Change], Change], done: str
) -> HttpResponse:
    change = access_change(request, change_id)
    try:
        verb(actor_of(request), change)
    except Refusal as refusal:
        say(request, refusal)
    else:
        messages.success(request, done)
    return redirect("change", change_id)


def _decide(
    request: HttpRequest, change_id: uuid.UUID, verb: Callable[[Actor, Change, dict[str, Any]], Change]
) -> HttpResponse:
    change = access_change(request, change_id)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return show(request, change, form, status=INVALID)
    try:
        decided = verb(actor_of(request), change, form.cleaned_data)
    except Refusal as refusal:
        return _refused(request, change_id, form, refusal)
    messages.success(request, _said(decided))
    return redirect("change", change_id)


def _refused(request: HttpRequest, change_id: uuid.UUID, form: DecisionForm, refusal: Refusal) -> HttpResponse:
    """The page as it is now, with what was typed; the digest becomes that of the plan that is now shown."""
    change = access_change(request, change_id)
    if refusal.fields:
        for name, sentence in refusal.fields.items():
            form.add_error(name, sentence)
        return show(request, change, form, status=INVALID)
    say(request, refusal)
    again = DecisionForm(initial={"digest": change.plan_digest, "comment": form.cleaned_data["comment"]})
    return show(request, change, again, status=FORBIDDEN if refusal.forbidden else CONFLICT)


def _said(change: Change) -> str:
    if change.status == ChangeStatus.AWAITING_APPROVAL:
        return "Approved. It still waits for another approval."
    return "Rejected. It will not run." if change.status == ChangeStatus.REJECTED else "Approved. It runs now."
