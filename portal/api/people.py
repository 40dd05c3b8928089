"""Who asks: the person and the token, as a program can make sure of before it does anything."""

from datetime import datetime

from django.http import HttpRequest
from ninja import Router, Schema

from portal.access import actor_of
from portal.accounts.models import Scope
from portal.api.auth import asking_token
from portal.api.operations import operation

router = Router(tags=["People"])


class TokenShape(Schema):
    """The token that was used, without its secret. `expires_at` null: it lasts until somebody revokes it."""

    name: str
    prefix: str
    scopes: list[str]
    expires_at: datetime | None


class Me(Schema):
    """In whose name this asks, and with what."""

    username: str
    groups: list[str]
    token: TokenShape


@operation(router, "GET", "/me", scope=Scope.READ, page="api_tokens", answers=Me, summary="Show who asks")
def show_me(request: HttpRequest) -> Me:
    """The person whose token this is, their groups, and what the token may of what they may."""
    actor = actor_of(request)
    token = asking_token(request)
    told = TokenShape(name=token.name, prefix=token.prefix, scopes=token.scopes, expires_at=token.expires_at)
    return Me(username=actor.name, groups=sorted(actor.groups), token=told)
