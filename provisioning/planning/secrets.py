"""NoEcho parameter values, encrypted in the database until their change ends (P3)."""

import base64
import hashlib
import json

from cryptography.fernet import Fernet
from django.conf import settings


def _box() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"secrets:{settings.SECRET_KEY}".encode()).digest()))


def sealed(values: dict[str, dict[str, str]]) -> str:
    """Values by stack kind and parameter, as text for the database; empty for none."""
    return _box().encrypt(json.dumps(values).encode()).decode() if any(values.values()) else ""


def opened(text: str) -> dict[str, dict[str, str]]:
    """The values that `sealed` kept. Raises InvalidToken when the key has changed since."""
    if not text:
        return {}
    values: dict[str, dict[str, str]] = json.loads(_box().decrypt(text.encode()))
    return values
