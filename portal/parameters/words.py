"""What buttons say, and what is answered once something was asked for."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from portal.parameters.place import Place
from provisioning.actions.setting import REDEPLOY
from provisioning.models import Change

SET, ASK = "Set", "Ask for this change"


def button(place: Place, *, reverts: bool = False) -> str:
    """What the button of a form says: that it is set, or that somebody else decides first."""
    asks = place.asks(reverts=reverts)
    return ASK if asks is not None and asks.approvals else SET


def redeploys(place: Place) -> bool:
    """Whether what runs is redeployed after it was set, as declared."""
    return place.flag is not None and place.flag.after == REDEPLOY


def answer(request: HttpRequest, place: Place, change: Change) -> HttpResponse:
    """To the change where somebody decides or where it starts later; else back to the parameter, whose states move."""
    asks = place.asks(reverts=bool(change.goal.get("reverts")))
    if (asks is not None and asks.approvals) or change.start_at is not None:
        messages.success(request, "Asked for. It is set once somebody else has agreed, as the page below says.")
        return redirect("change", change.pk)
    return redirect(f"{place.address('parameter')}#states")
