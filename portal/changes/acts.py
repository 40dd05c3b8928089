"""What people do to a change: decide, run, take back, try again. Each calls one verb and answers."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from portal.access import access_change, actor_of
from portal.changes.ends import utc
from portal.changes.forms import LATER, DecisionForm, RevealForm
from portal.changes.standing import standing_of
from portal.changes.views import show
from portal.errors import say
from provisioning.actions.actor import Actor
from provisioning.actions.deciding import Run, do_approve, do_reject, do_send_back
from provisioning.actions.refusals import Refusal
from provisioning.actions.retrying import do_retry
from provisioning.actions.revealing_plans import do_reveal_plan
from provisioning.actions.running import do_run
from provisioning.actions.taking_back import do_cancel
from provisioning.lifecycle import ChangeKind, ChangeStatus, Verdict
from provisioning.models import Change

INVALID, FORBIDDEN, CONFLICT = 422, 403, 409
Sent = dict[str, Any]


@require_POST
def change_approve(request: HttpRequest, change_id: uuid.UUID) -> HttpResponse:
    """Approve the plan that the person has read, to run at once, when somebody says so, or at a time."""
    again = False

    def approve(actor: Actor, change: Change, sent: Sent) -> Change:
        nonlocal again
        again = standing_of(change, change.decisions.all()).verdict_of(actor.user_id) == Verdict.APPROVED
        run: Run = "later" if sent["run"] == LATER else "now"
        return do_approve(
            actor, change, digest=sent["digest"], comment=sent["comment"], run=run, start_at=sent["start_at"]
        )

    return _decide(request, change_id, approve, lambda change: _approved(change, again=again))


@require_POST
def change_reject(request: HttpRequest, change_id: uuid.UUID) -> HttpResponse:
    """Reject the plan; needs a comment."""

    def reject(actor: Actor, change: Change, sent: Sent) -> Change:
        return do_reject(actor, change, comment=sent["comment"])

    return _decide(request, change_id, reject, lambda _: "Rejected. It will not run.")


@require_POST
def change_send_back(request: HttpRequest, change_id: uuid.UUID) -> HttpResponse:
    """Ask the requester for another version; needs a comment."""

    def send_back(actor: Actor, change: Change, sent: Sent) -> Change:
        return do_send_back(actor, change, comment=sent["comment"])

    return _decide(request, change_id, send_back, lambda _: "Sent back. Whoever asked for it sees your comment.")


@require_POST
def change_run(request: HttpRequest, change_id: uuid.UUID) -> HttpResponse:
    """Run an approved change that was held, or before its time."""
    return _act(request, change_id, do_run, lambda _: "It runs now.")


@require_POST
def change_cancel(request: HttpRequest, change_id: uuid.UUID) -> HttpResponse:
    """Take the change back, or have what runs rolled back."""
    return _act(request, change_id, do_cancel, _cancelled)


@require_POST
def change_retry(request: HttpRequest, change_id: uuid.UUID) -> HttpResponse:
    """Try a failed change again."""
    return _act(request, change_id, do_retry, lambda _: "Trying again. What was done stays done.")


@require_POST
def change_reveal(request: HttpRequest, change_id: uuid.UUID) -> HttpResponse:
    """Show what is hidden of the items in the plan, this once; needs a reason."""
    change = access_change(request, change_id)
    form = RevealForm(request.POST, auto_id="reveal_%s")
    if not form.is_valid():
        return show(request, change, reveal=form, status=INVALID)
    try:
        do_reveal_plan(actor_of(request), change, reason=form.cleaned_data["reason"])
    except Refusal as refusal:
        if refusal.forbidden:
            raise
        form.add_error("reason" if refusal.fields else None, refusal.sentence)
        return show(request, change, reveal=form, status=INVALID)
    return show(request, change, revealed=True)


def _act(
    request: HttpRequest,
    change_id: uuid.UUID,
    verb: Callable[[Actor, Change], Change],
    said: Callable[[Change], str],
) -> HttpResponse:
    change = access_change(request, change_id)
    try:
        done = verb(actor_of(request), change)
    except Refusal as refusal:
        say(request, refusal)
    else:
        messages.success(request, said(done))
    return redirect("change", change_id)


def _cancelled(change: Change) -> str:
    if change.status == ChangeStatus.CANCELLED:
        return "Taken back. Nothing was altered."
    if change.kind == ChangeKind.WRITE_ITEMS:
        return "Asked for. What is written stays; nothing more is begun."
    return "Asked for. What is being updated is rolled back; this page says when that is done."


def _decide(
    request: HttpRequest,
    change_id: uuid.UUID,
    verb: Callable[[Actor, Change, Sent], Change],
    said: Callable[[Change], str],
) -> HttpResponse:
    change = access_change(request, change_id)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return show(request, change, form, status=INVALID)
    try:
        decided = verb(actor_of(request), change, form.cleaned_data)
    except Refusal as refusal:
        return _refused(request, change_id, form, refusal)
    messages.success(request, said(decided))
    return redirect("change", change_id)


def _refused(request: HttpRequest, change_id: uuid.UUID, form: DecisionForm, refusal: Refusal) -> HttpResponse:
    """The page as it is now, with what was typed; the digest becomes that of the plan that is now shown."""
    change = access_change(request, change_id)
    if refusal.fields:
        for name, sentence in refusal.fields.items():
            form.add_error(name if name in form.fields else None, sentence)
        return show(request, change, form, status=INVALID)
    say(request, refusal)
    typed = {name: form.cleaned_data[name] for name in ("comment", "start_at")}
    again = DecisionForm(initial={"digest": change.plan_digest, **typed})
    return show(request, change, again, status=FORBIDDEN if refusal.forbidden else CONFLICT)


def _approved(change: Change, *, again: bool) -> str:
    done = "You approved this already." if again else "Approved."
    if change.status == ChangeStatus.AWAITING_APPROVAL:
        return f"{done} It still waits for another approval."
    if change.held:
        return f"{done} It waits until somebody runs it."
    return f"{done} It starts {utc(change.start_at)}." if change.start_at else f"{done} It runs now."
