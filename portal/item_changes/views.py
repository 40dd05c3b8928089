"""Sending what the page asks for."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from portal.access import access_table, actor_of
from portal.errors import say
from portal.item_changes.asking import ask_for_writes, asked_writes
from portal.item_changes.forms import AskToWriteForm
from provisioning.actions.actor import require_change_right
from provisioning.actions.refusals import Refusal
from provisioning.actions.writing_in_prod import do_request_writes


@require_POST
def ask(request: HttpRequest, application: str, name: str, table: str) -> HttpResponse:
    """Make a change of the writes that the page has shown; it leads to that change. Raises Refusal."""
    environment, row = access_table(request, application, name, table)
    require_change_right(actor_of(request), environment)
    form = AskToWriteForm(request.POST)
    try:
        writes = asked_writes(request, environment, row, request.POST.get("writes", ""))
    except Refusal as refusal:
        say(request, refusal)
        return redirect("table", application, name, table)
    if form.is_valid():
        try:
            change = do_request_writes(actor_of(request), environment, writes, form.asked())
        except Refusal as refusal:
            if refusal.forbidden:
                raise
            form.refuse(refusal)
        else:
            return redirect("change", change.pk)
    return ask_for_writes(request, environment, row, writes, form=form)
