"""One's own API tokens. Making one stays with the account page and `manage.py create_token`: a token that could make
another would outlive its own end."""

from datetime import datetime
from typing import cast

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from ninja import Path, Query, Router, Schema

from portal.access import actor_of
from portal.accounts.models import ApiToken, Scope, User
from portal.accounts.tokens import do_revoke_token
from portal.api.auth import asking_token, require_scope
from portal.api.operations import operation
from portal.api.paging import Paged, number, page_of_rows

router = Router(tags=["People"])


class TokenLine(Schema):
    """A token of mine, without its secret. `made_by` null: by a command. `expires_at` null: it lasts until it is
    revoked. `this` is the one that asks."""

    number: int
    name: str
    prefix: str
    scopes: list[str]
    made_at: datetime
    made_by: str | None
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    this: bool


class TokenList(Schema):
    """A page of tokens, the newest first, those that are over or revoked among them."""

    items: list[TokenLine]
    next: str | None


@operation(
    router, "GET", "/me/tokens", scope=Scope.READ, page="api_tokens", answers=TokenList, summary="List my tokens",
)  # fmt: skip
def list_tokens(request: HttpRequest, wanted: Query[Paged]) -> TokenList:
    """Those of the person whose token this is."""
    rows, after = page_of_rows(_mine(request), ("-id",), wanted, (number,))
    return TokenList(items=[_line(row, request) for row in rows], next=after)


@operation(
    router, "POST", "/me/tokens/{int:token}/revoke", scope=Scope.READ, page="api_token_revoke", answers=TokenLine,
    summary="Revoke a token of mine",
)  # fmt: skip
def revoke_token(request: HttpRequest, token: Path[int]) -> TokenLine:
    """At once; a second time changes nothing. Any token may revoke itself; others take the scope change."""
    row = _mine(request).filter(pk=token).first()
    if row is None:
        raise Http404("You have no such token.")
    if row.pk != asking_token(request).pk:
        require_scope(request, Scope.CHANGE, "it can revoke itself, another one")
    do_revoke_token(actor_of(request), row, by=cast("User", request.user))
    row.refresh_from_db()
    return _line(row, request)


def _mine(request: HttpRequest) -> QuerySet[ApiToken]:
    return ApiToken.objects.filter(user=cast("User", request.user)).select_related("user", "made_by")


def _line(row: ApiToken, request: HttpRequest) -> TokenLine:
    return TokenLine(
        number=row.pk,
        name=row.name,
        prefix=row.prefix,
        scopes=row.scopes,
        made_at=row.made_at,
        made_by=row.made_by.get_username() if row.made_by else None,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
        this=row.pk == asking_token(request).pk,
    )
