"""Making, finding and revoking the tokens that programs sign in with.

A token reads `sy_<prefix>_<secret>`. It is shown once; of the secret a hash is kept, and the prefix finds the row.
"""

import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models, transaction
from django.utils import timezone

from portal.accounts.models import ApiToken, Scope, User
from provisioning.actions.actor import Actor, audit
from provisioning.actions.refusals import Refusal

MARK = "sy"  # what scanners for lost secrets can look for
MOST = 20  # tokens of one person that can be used
LONGEST = timedelta(days=366)
_SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class NewToken:
    """What a token is to be. `expires_at` None: it lasts until somebody revokes it."""

    name: str
    scopes: Collection[Scope]
    expires_at: datetime | None


@dataclass(frozen=True)
class MadeToken:
    """A token that has just been made; `text` is the whole of it, which is nowhere else."""

    row: ApiToken
    text: str


def do_create_token(actor: Actor, user: User, wanted: NewToken, *, by: User | None) -> MadeToken:
    """Make a token for this person; `by` is who asked, None for whoever has the machine. Raises Refusal with fields."""
    now = timezone.now()
    _check(wanted, now)
    prefix, secret = secrets.token_hex(5), secrets.token_urlsafe(32)
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if usable(user).count() >= MOST:
            raise Refusal(f"At most {MOST} tokens a person. Revoke one that is not used any more.", "too-many-tokens")
        row = ApiToken.objects.create(
            user=user,
            name=wanted.name.strip(),
            prefix=prefix,
            digest=_digest(secret),
            scopes=[str(scope) for scope in Scope if scope in wanted.scopes or scope is Scope.READ],
            made_at=now,
            made_by=by,
            expires_at=wanted.expires_at,
        )
        audit(actor, "create_token", f"Token {row} made for {user}", detail=_said(row))
    return MadeToken(row, f"{MARK}_{prefix}_{secret}")


def do_revoke_token(actor: Actor, token: ApiToken, *, by: User) -> None:
    """End a token at once; a second time changes nothing."""
    with transaction.atomic():
        ended = ApiToken.objects.filter(pk=token.pk, revoked_at=None)
        if ended.update(revoked_at=timezone.now(), revoked_by=by):
            audit(actor, "revoke_token", f"Token {token} of {token.user} revoked")


def find_token(text: str) -> ApiToken | None:
    """The token that this is, with its person; None for one that is unknown, over, revoked, or of somebody who is
    switched off. Which of these it is, nobody is told."""
    mark, _, rest = text.partition("_")
    prefix, _, secret = rest.partition("_")
    if mark != MARK or not secret or not prefix.isalnum() or not prefix.isascii():
        return None
    row = ApiToken.objects.select_related("user").filter(prefix=prefix).first()
    if row is None or not hmac.compare_digest(row.digest, _digest(secret)):
        return None
    now = timezone.now()
    if row.revoked_at or (row.expires_at and row.expires_at <= now) or not row.user.is_active:
        return None
    if row.last_used_at is None or row.last_used_at < now - _SEEN_EVERY:
        ApiToken.objects.filter(pk=row.pk).update(last_used_at=now)
    return row


def usable(user: User) -> models.QuerySet[ApiToken]:
    """The tokens of a person that are neither revoked nor over."""
    now = timezone.now()
    return ApiToken.objects.filter(user=user, revoked_at=None).exclude(expires_at__lte=now)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def _check(wanted: NewToken, now: datetime) -> None:
    wrong = {}
    if not wanted.name.strip():
        wrong["name"] = "Say what it is for."
    elif len(wanted.name.strip()) > 60:
        wrong["name"] = "At most 60 characters."
    if wanted.expires_at is not None and not now < wanted.expires_at <= now + LONGEST:
        wrong["expires_at"] = "Choose a time within the next 366 days."
    if wrong:
        raise Refusal(" ".join(wrong.values()), "bad-token", fields=wrong)


def _said(row: ApiToken) -> dict[str, object]:
    ends = row.expires_at.isoformat() if row.expires_at else None
    return {"prefix": row.prefix, "scopes": row.scopes, "expires_at": ends}
