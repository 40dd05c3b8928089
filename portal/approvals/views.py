"""The approvals page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.access import actor_of
from portal.approvals.reading import read_approvals


@require_safe
def approvals(request: HttpRequest) -> HttpResponse:
    """What waits for a decision, and what was decided."""
    actor = actor_of(request)
    return render(
        request, "approvals/approvals.html", {"approvals": read_approvals(actor), "may_change": actor.may_change}
    )
