"""Looking again: one click has AWS asked about both stacks, and a line in the heading says when it was."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from portal.access import actor_of
from portal.environments.heading import access_with_stacks
from portal.environments.seen import read_seen
from portal.errors import say
from provisioning.actions.looking import do_look_at
from provisioning.actions.refusals import Refusal
from provisioning.models import Environment

LOOKED = "looked"  # what the page hears once somebody has looked: parts that show stacks renew themselves


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def look_again(request: HttpRequest, application: str, name: str) -> HttpResponse:
    """Have both stacks looked at now; a GET answers how old what is known is, for a page that waits for it."""
    environment = access_with_stacks(request, application, name)
    partial = "HX-Request" in request.headers
    if request.method != "POST":
        return _line(request, environment)
    back = request.POST.get("back", "")
    try:
        do_look_at(actor_of(request), environment)
    except Refusal as refusal:
        if refusal.forbidden:
            raise
        if partial:
            return _line(request, environment, refusal.sentence)
        say(request, refusal)
    else:
        if partial:
            return _line(request, access_with_stacks(request, application, name))
        messages.success(request, "Stackyard looks at both stacks again. Load the page again to see what it found.")
    there = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return redirect(back if there else reverse("environment", args=[application, name]))


def _line(request: HttpRequest, environment: Environment, refused: str = "") -> HttpResponse:
    """The line alone; once nobody looks any more, the page is told. `refused` is why nobody does."""
    seen, asked = read_seen(environment), request.GET or request.POST
    known, back = asked.get("known", ""), asked.get("back", "")
    context = {
        "environment": environment,
        "seen": seen,
        "known": known or seen.known,
        "back": back if url_has_allowed_host_and_scheme(back, allowed_hosts=None) else "",
        "refused": refused,
        "moved": bool(known) and known != seen.known and not seen.looking,
    }
    response = render(request, "environments/_seen.html", context)
    if not seen.looking:
        response["HX-Trigger"] = LOOKED
    if context["moved"] and back == reverse("environment", args=[environment.application, environment.name]):
        response["HX-Refresh"] = "true"  # what can be done now stands in the heading; nothing is typed on this page
    return response
