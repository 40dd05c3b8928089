"""The engine's page, for admins and auditors (`portal.pages` keeps everybody else out)."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from portal.access import access_change, actor_of
from portal.engine_room.reading import read_engine
from portal.errors import say
from provisioning.actions.refusals import Refusal
from provisioning.actions.setting_aside import do_take_up


@require_safe
def engine(request: HttpRequest) -> HttpResponse:
    """Signs of life, changes set aside, budgets, hints."""
    return render(request, "engine/engine.html", {"engine": read_engine(actor_of(request))})


@require_POST
def change_take_up(request: HttpRequest, change_id: uuid.UUID) -> HttpResponse:
    """Have workers take up a change again; needs what was found."""
    change = access_change(request, change_id)
    try:
        do_take_up(actor_of(request), change, reason=request.POST.get("reason", "")[:500])
    except Refusal as refusal:
        say(request, refusal)
        return redirect("engine")
    messages.success(request, "Taken up again. It goes on from where it was.")
    return redirect("change", change_id)
