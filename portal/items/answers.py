"""What a form about an item is answered with: done, asked for in prod, or why it was not done."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html

from portal.items.place import Place
from provisioning.actions.editing import ItemChanged, ProdNeedsChange
from provisioning.actions.refusals import Refusal
from provisioning.actions.writing_in_prod import AskToWrite, do_request_writes
from provisioning.lifecycle import WriteVerb
from provisioning.models import ItemWrite

NOTHING = "Nothing was changed, so nothing was sent."
BAD = frozenset({"bad-item", "bad-read", "other-key", "no-reason", "bad-write"})


@dataclass(frozen=True)
class Problem:
    """Why something was not done: in words, by field, and as a status of HTTP."""

    sentence: str
    fields: Mapping[str, str]
    status: int


def answer(
    request: HttpRequest,
    place: Place,
    act: Callable[[], ItemWrite | None],
    *,
    back: Callable[[ItemWrite | None], str],
) -> HttpResponse | ItemChanged | Problem:
    """Do it, and say what to answer with: a way on to `back`, or to the change where prod wants one; or, for the form
    that asked, both sides of a conflict, or what is wrong."""
    try:
        write = act()
    except ProdNeedsChange as needs:
        return _asked(request, place, needs)
    except ItemChanged as changed:
        return changed
    except Refusal as refusal:
        return problem_of(refusal)
    if write is None:
        messages.info(request, NOTHING)
    else:
        undo = place.address("table_write_undo", write=write.pk)
        done = WriteVerb(write.verb).label
        messages.success(request, format_html('{}. <a href="{}">Take it back…</a>', done, undo))
        if write.problem:
            messages.warning(request, write.problem)
    return redirect(back(write))


def problem_of(refusal: Refusal) -> Problem:
    """A refusal as the form shows it."""
    status = 403 if refusal.forbidden else 400 if refusal.code in BAD else 409
    return Problem(refusal.sentence, refusal.fields, status)


def _asked(request: HttpRequest, place: Place, needs: ProdNeedsChange) -> HttpResponse | Problem:
    """The same as a change that somebody else decides about."""
    sent = request.POST
    ask = AskToWrite(
        sent.get("reason", ""), _uuid(sent.get("request_key", "")), replaces=_uuid(sent.get("instead", ""))
    )
    try:
        change = do_request_writes(place.actor, place.environment, [needs.intent], ask)
    except Refusal as refusal:
        return problem_of(refusal)
    messages.success(request, "Asked for. Somebody else decides about it; then Stackyard writes it.")
    return redirect("change", change.pk)


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
