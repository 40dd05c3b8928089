"""Reading settings from environment variables: each kind of value with the sentence that a wrong one stops the start
with. A sentence never repeats what may hold a password."""

import os
import re
import secrets
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from provisioning.blueprints.policies import PolicyFileError, PolicyFloor, read_policies

env = environ.Env()

_YES, _NO = frozenset({"true", "on", "yes", "y", "1"}), frozenset({"false", "off", "no", "n", "0"})
_DATABASES = frozenset({"django.db.backends.sqlite3", "django.db.backends.postgresql"})
_BROKERS = frozenset({"filesystem", "memory", "redis", "rediss", "redis+socket", "sentinel", "amqp", "amqps"})


def words(name: str, default: str = "") -> str:
    """A setting that is there but empty counts as not set."""
    return str(env.str(name, default="")) or default


def number(name: str, default: int, low: int, high: int) -> int:
    """A whole number between two others, both allowed."""
    text = words(name, str(default))
    if not text.isdecimal() or not low <= int(text) <= high:
        raise ImproperlyConfigured(f"{name} must be a number from {low} to {high}, not “{text}”.")
    return int(text)


def rate(name: str, default: float) -> float:
    """So many a second; 0 for no limit."""
    text = words(name, str(default))
    if not re.fullmatch(r"\d{1,4}(\.\d{1,3})?", text, re.ASCII):
        raise ImproperlyConfigured(f"{name} must be a number a second such as 2 or 0.5, 0 for no limit, not “{text}”.")
    return float(text)


def amount(name: str, default: str) -> Decimal:
    """An amount of US dollars."""
    text = words(name, default)
    if not re.fullmatch(r"\d{1,6}(\.\d{1,2})?", text, re.ASCII):
        raise ImproperlyConfigured(f"{name} must be an amount of US dollars such as 5 or 2.50, not “{text}”.")
    return Decimal(text)


def switch(name: str, *, default: bool) -> bool:
    """True or false, in the usual words for either."""
    text = words(name, str(default)).lower()
    if text not in _YES | _NO:
        raise ImproperlyConfigured(f"{name} must be true or false, not “{text}”.")
    return text in _YES


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """One of a few words, written in capitals or not."""
    text = words(name, default).upper()
    if text not in allowed:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(allowed)}, not “{text}”.")
    return text


def web_address(name: str) -> str:
    """An http(s) address, or empty."""
    text = words(name)
    try:
        parts = urlsplit(text)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if text and not good:
        raise ImproperlyConfigured(f"{name} must be an http(s) address, not “{text}”.")
    return text


def origins(name: str) -> list[str]:
    """Origins with their scheme; none when it is not set."""
    found: list[str] = [origin for origin in env.list(name, default=[]) if origin]
    for origin in found:
        if not origin.startswith(("http://", "https://")):
            raise ImproperlyConfigured(f"{name} must list origins such as https://portal.example.org, not “{origin}”.")
    return found


def made(folder: Path) -> Path:
    """The folder, made where it is missing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as trouble:
        raise ImproperlyConfigured(
            f"STACKYARD_HOME needs the folder {folder}, which cannot be made: {trouble.strerror}."
        ) from None
    return folder


def database(home: Path) -> dict[str, Any]:
    """The database, whose address is never repeated in an error: there may be a password in it."""
    text = words("DATABASE_URL")
    if not text:
        return dict(env.db_url_config(f"sqlite:///{made(home) / 'stackyard.sqlite3'}"))
    try:
        found = dict(env.db_url_config(text))
    except (ValueError, ImproperlyConfigured):
        found = {}
    if found.get("ENGINE") not in _DATABASES:
        raise ImproperlyConfigured(
            "DATABASE_URL must be an address such as postgres://user:password@host:5432/name or sqlite:////folder/file."
        )
    return found


def cache() -> dict[str, Any]:
    """The cache, in this process or of a server."""
    try:
        return dict(env.cache_url_config(words("CACHE_URL", "locmemcache://")))
    except (ValueError, ImproperlyConfigured):
        raise ImproperlyConfigured("CACHE_URL must be locmemcache:// or such as redis://host:6379/1.") from None


def broker() -> str:
    """The address of the broker; the embedded one unless set."""
    text = words("CELERY_BROKER_URL", "filesystem://")
    if text.partition("://")[0] not in _BROKERS or "://" not in text:
        raise ImproperlyConfigured("CELERY_BROKER_URL must be filesystem:// or such as redis://host:6379/0.")
    return text


def kept_key(path: Path) -> str:
    """The key of a local Stackyard: made once, readable by its owner only."""
    if not path.exists():
        made(path.parent)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text()
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(64))
    return path.read_text()


def folders(text: str) -> list[Path]:
    """Folders with blueprints, each of which is there."""
    found = [Path(part).expanduser() for part in text.split(os.pathsep) if part]
    for folder in found:
        if not folder.is_dir():
            raise ImproperlyConfigured(f"BLUEPRINT_DIRS names {folder}, which is not a folder.")
    return found


def policies(name: str) -> tuple[PolicyFloor, ...]:
    """What the platform itself asks of stages, over what blueprints say; nothing without a file."""
    text = words(name)
    try:
        return read_policies(Path(text).expanduser()) if text else ()
    except PolicyFileError as wrong:
        raise ImproperlyConfigured(f"{name}: {wrong}") from None
