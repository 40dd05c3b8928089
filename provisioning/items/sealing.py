"""Items at rest, and in the hands of a browser: compressed and encrypted, so that nobody reads or alters them.

A purpose parts the boxes: what was sealed for one is nothing in another.
"""

import base64
import hashlib
import zlib

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


class NotSealedError(ValueError):
    """The text was not sealed by this Stackyard for this purpose, or it is too old."""


def seal(purpose: str, text: str) -> str:
    """The text, unreadable and unalterable."""
    return _box(purpose).encrypt(zlib.compress(text.encode(), 6)).decode()


def unseal(purpose: str, sealed: str, *, seconds: int | None = None) -> str:
    """What `seal` was given, at most so many `seconds` ago. Raises NotSealedError."""
    try:
        return zlib.decompress(_box(purpose).decrypt(sealed.encode(), ttl=seconds)).decode()
    except (InvalidToken, zlib.error, UnicodeError):
        raise NotSealedError("This was not made by Stackyard, or it is too old.") from None


def digest(purpose: str, text: str) -> str:
    """A name for a text that does not tell the text, 64 characters."""
    return hashlib.sha256(f"{purpose}:{settings.SECRET_KEY}:{text}".encode()).hexdigest()


def _box(purpose: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"{purpose}:{settings.SECRET_KEY}".encode()).digest()))
