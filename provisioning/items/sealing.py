"""Items at rest, and in the hands of a browser: compressed and encrypted, so that nobody reads or alters them.

A purpose parts the boxes: what was sealed for one is nothing in another.
"""

import base64
import hashlib
import os
import zlib
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

NONCE = 12  # bytes, as AES-GCM has it
FAST = 1  # a level of zlib: items shrink well at once, and what packs thousands of them is not held up by it


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


def pack(purpose: str, content: bytes) -> bytes:
    """Much content, unreadable and unalterable, for a binary column: AES-256-GCM over what is compressed."""
    nonce = os.urandom(NONCE)
    return nonce + _cipher(purpose, settings.SECRET_KEY).encrypt(nonce, zlib.compress(content, FAST), None)


def unpack(purpose: str, packed: bytes) -> bytes:
    """What `pack` was given. Raises NotSealedError."""
    try:
        return zlib.decompress(_cipher(purpose, settings.SECRET_KEY).decrypt(packed[:NONCE], packed[NONCE:], None))
    except (InvalidTag, ValueError, zlib.error):
        raise NotSealedError("This was not made by Stackyard, or its secret key has changed since.") from None


def digest(purpose: str, text: str) -> str:
    """A name for a text that does not tell the text, 64 characters."""
    return hashlib.sha256(f"{purpose}:{settings.SECRET_KEY}:{text}".encode()).hexdigest()


def _box(purpose: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"{purpose}:{settings.SECRET_KEY}".encode()).digest()))


@lru_cache(maxsize=16)
def _cipher(purpose: str, secret: str) -> AESGCM:
    return AESGCM(hashlib.sha256(f"{purpose}:{secret}".encode()).digest())
