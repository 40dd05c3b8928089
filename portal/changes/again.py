"""Asking again for several writes that were sent back: which of them are sent once more, and why."""

import uuid
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from portal.access import access_change, actor_of
from portal.changes.items import legs_view
from portal.changes.plans import PlannedResource
from portal.item_moves.running import asks_for
from provisioning.actions.asking_again import do_request_again
from provisioning.actions.refusals import Refusal
from provisioning.actions.superseding import why_not_replace
from provisioning.actions.writing_in_prod import AskToWrite
from provisioning.items.masking import PROD, Mask, mask_for
from provisioning.items.sealing import NotSealedError
from provisioning.lifecycle import ChangeKind, WriteVerb
from provisioning.models import Change, Table
from provisioning.planning.item_plans import opened

INVALID = 422


@dataclass(frozen=True)
class Choice:
    """One write that may be sent again."""

    number: int
    planned: PlannedResource
    chosen: bool


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def items_again(request: HttpRequest, change_id: uuid.UUID) -> HttpResponse:
    """The writes of a change, each to be sent again or left out; sending the form asks for those as a new change."""
    change = access_change(request, change_id)
    writes = ((change.plan or {}).get("items") or {}).get("writes", [])
    if change.kind != ChangeKind.WRITE_ITEMS or not writes:
        raise Http404("There are no writes in this change.")
    chosen = {int(one) for one in request.POST.getlist("write") if one.isdecimal()}
    problem, refusal = "", None
    if request.method == "POST":
        try:
            return _sent(request, change, chosen)
        except Refusal as refused:
            if refused.forbidden:
                raise
            problem, refusal = refused.sentence, refused
    context = {
        "change": change,
        "environment": change.environment,
        "choices": _choices(change, writes, chosen if request.method == "POST" else None),
        "table": change.goal["table"],
        "reason": request.POST.get("reason", change.reason),
        "key": request.POST.get("key", uuid.uuid4()),
        "problem": problem,
        "blocked": why_not_replace(actor_of(request), change),
        "asks": asks_for(request, change.environment),
        "table_url": reverse(
            "table", args=[change.environment.application, change.environment.name, change.goal["table"]]
        ),
        "prod_strip": change.environment.stage == PROD,
    }
    return render(request, "changes/items_again.html", context, status=INVALID if refusal else 200)


def _sent(request: HttpRequest, change: Change, chosen: set[int]) -> HttpResponse:
    """Ask for the chosen ones. Raises Refusal."""
    ask = AskToWrite(request.POST.get("reason", ""), _key(request.POST.get("key", "")), replaces=change.pk)
    new = do_request_again(actor_of(request), change, chosen, ask)
    messages.success(request, "Asked for. Somebody else decides about it; then Stackyard writes it.")
    return redirect("change", new.pk)


def _key(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _choices(change: Change, writes: list[dict[str, str]], chosen: set[int] | None) -> list[Choice]:
    """The writes as whoever decides sees them; none that cannot be read any more."""
    table = Table.objects.filter(environment=change.environment, name=change.goal["table"]).first()
    mask = mask_for(change.environment, table) if table else Mask(everything=True)
    try:
        return [
            Choice(
                int(write["number"]),
                legs_view(WriteVerb(write["verb"]), opened(write), mask),
                chosen=chosen is None or int(write["number"]) in chosen,
            )
            for write in writes
        ]
    except NotSealedError:
        return []
