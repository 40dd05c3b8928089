"""A person's own API tokens."""

from typing import cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from portal.access import actor_of
from portal.accounts.models import ApiToken, User
from portal.accounts.tokens import MadeToken, do_create_token, do_revoke_token
from portal.api_tokens.forms import TokenForm
from provisioning.actions.refusals import Refusal

UNPROCESSABLE = 422
SHOWN = 100


@require_http_methods(["GET", "POST"])
@never_cache
def tokens(request: HttpRequest) -> HttpResponse:
    """The list and the form. A token that has just been made stands on top, this once: it is kept nowhere."""
    actor = actor_of(request)
    if request.method != "POST":
        return _page(request, TokenForm(may_change=actor.may_change))
    form = TokenForm(request.POST, may_change=actor.may_change)
    if not form.is_valid():
        return _page(request, form, status=UNPROCESSABLE)
    person = _person(request)
    try:
        made = do_create_token(actor, person, form.wanted(), by=person)
    except Refusal as refusal:
        form.refuse(refusal)
        return _page(request, form, status=UNPROCESSABLE)
    return _page(request, TokenForm(may_change=actor.may_change), made=made)


@require_POST
def revoke(request: HttpRequest, number: int) -> HttpResponse:
    """End one of one's own tokens. Another person's does not exist here."""
    person = _person(request)
    row = ApiToken.objects.select_related("user").filter(pk=number, user=person).first()
    if row is None:
        raise Http404("You have no such token.")
    do_revoke_token(actor_of(request), row, by=person)
    messages.success(request, f"{row.name} is revoked. Whatever used it is refused from now on.")
    return redirect("api_tokens")


def _person(request: HttpRequest) -> User:
    return cast("User", request.user)


def _page(request: HttpRequest, form: TokenForm, *, made: MadeToken | None = None, status: int = 200) -> HttpResponse:
    now = timezone.now()
    rows = [
        {"token": row, "state": _state(row, over=row.expires_at is not None and row.expires_at <= now)}
        for row in ApiToken.objects.filter(user=_person(request))[:SHOWN]
    ]
    return render(request, "api_tokens/tokens.html", {"form": form, "rows": rows, "made": made}, status=status)


def _state(row: ApiToken, *, over: bool) -> str:
    if row.revoked_at:
        return "Revoked"
    return "Expired" if over else ""
