"""Values of secrets at rest: encrypted, and compared without being read.

Both keys come from SECRET_KEY: with another one nothing that was sealed can be opened, and no digest fits any more.
"""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

from provisioning.flags.rules import SECURE


def _key(purpose: str) -> bytes:
    return hashlib.sha256(f"{purpose}:{settings.SECRET_KEY}".encode()).digest()


def kept(kind: str, value: str) -> str:
    """A value as the database keeps it: encrypted when it is a secret's, as it is otherwise."""
    if kind != SECURE:
        return value
    return Fernet(base64.urlsafe_b64encode(_key("parameters"))).encrypt(value.encode()).decode()


def opened(kind: str, text: str) -> str:
    """What `kept` kept. Raises UnreadableError when SECRET_KEY has changed since."""
    if kind != SECURE or not text:
        return text
    try:
        return Fernet(base64.urlsafe_b64encode(_key("parameters"))).decrypt(text.encode()).decode()
    except InvalidToken:
        raise UnreadableError from None


class UnreadableError(ValueError):
    """A secret that was kept under another SECRET_KEY."""


def digest(value: str) -> str:
    """A keyed hash: equal for equal values, and of no use to whoever has the database alone (pitfall 20)."""
    return hmac.new(_key("parameter-digests"), value.encode(), hashlib.sha256).hexdigest()
