"""Whom Stackyard tells to redeploy: addresses and secrets come from the platform's settings, never from a blueprint."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

SHORTEST_SECRET = 16
FIX = 'Write it as {"shop": {"url": "https://deploy.example.org/shop", "secret": "at least 16 characters"}}.'


@dataclass(frozen=True)
class Hook:
    """One receiver: its address, and the secret that what it is sent is signed with."""

    url: str
    secret: str

    def __repr__(self) -> str:
        return f"Hook({self.url!r}, secret=…)"


def read_hooks(name: str, text: str) -> Mapping[str, Hook]:
    """The webhooks of a setting, by name. Raises ImproperlyConfigured with a sentence that repeats no secret."""
    if not text:
        return {}
    try:
        found = json.loads(text)
        return {str(key): _hook(name, str(key), one) for key, one in found.items()}
    except (ValueError, AttributeError, TypeError, KeyError):
        raise ImproperlyConfigured(f"{name} cannot be read. {FIX}") from None


def _hook(name: str, key: str, one: Mapping[str, str]) -> Hook:
    url, secret = str(one["url"]), str(one["secret"])
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
        raise ImproperlyConfigured(f"{name}: the url of {key} must be an http(s) address.")
    if len(secret) < SHORTEST_SECRET:
        raise ImproperlyConfigured(f"{name}: the secret of {key} must have {SHORTEST_SECRET} characters or more.")
    return Hook(url, secret)
