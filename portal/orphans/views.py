"""The page of kept tables: what there is, looking again, and the way to their deletion."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from portal.access import actor_of
from portal.orphans.forms import OrphanFilter
from portal.orphans.reading import DEFAULT_SORT, read_look, read_orphans
from portal.requesting.reading import default_account
from portal.tabs import listing_tabs
from provisioning.actions.adopting import do_claim_environment
from provisioning.actions.refusals import Refusal
from provisioning.actions.surveying import do_look_again


@require_safe
def orphans(request: HttpRequest) -> HttpResponse:
    """Every table that no stack owns, by the environment that it was made for."""
    form = OrphanFilter(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    page, groups, totals = read_orphans(
        actor_of(request), wanted, request.GET.get("sort", DEFAULT_SORT), request.GET.get("page", "1")
    )
    context = {
        "form": form,
        "page": page,
        "groups": groups,
        "totals": totals,
        "filtered": any(wanted.values()),
        "look": read_look(timezone.now()),
        "tabs": listing_tabs("orphans"),
    }
    return render(request, "orphans/orphans.html", context)


@require_POST
def look_again(request: HttpRequest) -> HttpResponse:
    """Have tables and stacks listed again now; back to the list that asked."""
    account = default_account()
    if account is not None:
        do_look_again(actor_of(request), account)
        messages.success(request, "Stackyard looks at the account again. New rows appear here within a minute.")
    back = request.POST.get("back", "")
    return redirect(back if url_has_allowed_host_and_scheme(back, allowed_hosts=None) else "orphans")


@require_POST
def delete(request: HttpRequest, application: str, name: str) -> HttpResponse:
    """To the page on which the data of these tables' environment is deleted; nothing is deleted here."""
    try:
        environment = do_claim_environment(actor_of(request), application, name)
    except Refusal as refusal:
        if refusal.forbidden:
            raise
        messages.error(request, refusal.sentence)
        return redirect("orphans")
    return redirect("environment_delete_data", environment.application, environment.name)
