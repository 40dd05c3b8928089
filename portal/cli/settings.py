"""Where the server is and who asks: flags before environment variables before the config file.

The file is `$XDG_CONFIG_HOME/stackyard/config.toml` (`~/.config/…`), for its owner's eyes only. A token that is kept
there is sent to the server it was made for and to no other, whatever else is set.
"""

import os
import re
import stat
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from portal.cli.failures import Exit, Failure

URL, TOKEN, PROFILE = "STACKYARD_URL", "STACKYARD_TOKEN", "STACKYARD_PROFILE"
ALLOW_HTTP = "STACKYARD_ALLOW_HTTP"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
_TOKEN = re.compile(r"[!-~]{1,400}")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class Profile:
    """One server, and the token for it; empty after `logout`."""

    url: str
    token: str = field(default="", repr=False)


@dataclass(frozen=True)
class Config:
    """What the file says. `default` names the profile that is used where none is."""

    path: Path
    default: str = "default"
    profiles: Mapping[str, Profile] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """Where to ask, and with what; `profile` is where it comes from, empty for the environment."""

    url: str
    token: str = field(repr=False)
    profile: str = ""


@dataclass(frozen=True)
class Flags:
    """What the command line says; None where it says nothing."""

    server: str | None = None
    profile: str | None = None


def config_path(environment: Mapping[str, str]) -> Path:
    """Where the config file is, or would be."""
    base = environment.get("XDG_CONFIG_HOME", "")
    folder = Path(base) if base.startswith("/") else Path(environment.get("HOME") or Path.home()) / ".config"
    return folder / "stackyard" / "config.toml"


def read_config(path: Path) -> Config:
    """What the file says; nothing where there is none. Raises Failure for one that cannot be used."""
    try:
        text = path.read_text(encoding="utf-8")
        mode = path.stat().st_mode
    except FileNotFoundError:
        return Config(path)
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(Exit.USAGE, f"{path} cannot be read: {error}.") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Failure(Exit.USAGE, f"{path} holds tokens and is open to others. Close it: chmod 600 '{path}'")
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # The error quotes no value: only what was expected, and where.
        raise Failure(Exit.USAGE, f"{path} is not TOML: {error}. Mend it, or log in again without it.") from error
    return Config(path, _text(path, told, "default") or "default", _profiles(path, told))


def write_config(config: Config) -> None:
    """Put the file in place as a whole, readable by its owner only. Raises Failure."""
    lines = [f'default = "{config.default}"']
    for name, profile in sorted(config.profiles.items()):
        lines += ["", f"[profiles.{name}]", f'url = "{profile.url}"', f'token = "{profile.token}"']
    path = config.path.resolve()  # a link to where somebody keeps such files stays one
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        number, name = tempfile.mkstemp(prefix=".config-", dir=path.parent)  # made with mode 0600
        try:
            with os.fdopen(number, "w", encoding="utf-8") as file:
                file.write("\n".join([*lines, ""]))
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise Failure(Exit.USAGE, f"{path} cannot be written: {error}.") from error


def target(flags: Flags, environment: Mapping[str, str], config: Config) -> Target:
    """Where to ask and with what. Raises Failure where nobody said, or what was said cannot be used."""
    name = flags.profile or environment.get(PROFILE) or config.default
    profile = config.profiles.get(name)
    if profile is None and (flags.profile or environment.get(PROFILE)):
        raise Failure(Exit.USAGE, f"There is no profile {name!r}. Make it: stackyard login --profile {name}")
    of_flag = profile if flags.profile else None
    url = flags.server or (of_flag.url if of_flag else environment.get(URL) or (profile.url if profile else ""))
    if not url:
        raise Failure(Exit.USAGE, f"Say where Stackyard is: stackyard login, or set {URL} and {TOKEN}.")
    url = address(url, environment)
    token = "" if of_flag else environment.get(TOKEN, "").strip()
    if token:
        return Target(url, usable_token(token, where=TOKEN))
    if profile is None or not profile.token or not same_server(url, profile.url):
        raise Failure(Exit.REFUSED, f"You are not logged in at {url}. Log in: stackyard login {url}")
    return Target(url, profile.token, name)


def address(text: str, environment: Mapping[str, str]) -> str:
    """An address as requests begin with it: no slash at its end, no /api/v1. Raises Failure; never repeats a password
    that somebody wrote into it."""
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise Failure(Exit.USAGE, "That is no address. Write https://stackyard.example.com") from error
    if parts.username is not None or parts.password is not None:
        raise Failure(Exit.USAGE, "An address holds no name and no password: the token is asked for by itself.")
    if parts.scheme not in {"http", "https"} or not host or not text.isprintable() or '"' in text or "\\" in text:
        raise Failure(Exit.USAGE, f"{text!r} is no address. Write https://stackyard.example.com")
    if parts.query or parts.fragment:
        raise Failure(Exit.USAGE, f"{text!r} has more than an address. Write https://stackyard.example.com")
    if parts.scheme == "http" and host not in _LOOPBACK and environment.get(ALLOW_HTTP) != "1":
        said = f"http://{host} would send the token where others can read it. Use https://, or set {ALLOW_HTTP}=1."
        raise Failure(Exit.USAGE, said)
    shown = f"[{host}]" if ":" in host else host
    path = parts.path.rstrip("/").removesuffix("/api/v1").rstrip("/")
    return f"{parts.scheme}://{shown}{f':{port}' if port else ''}{path}"


def usable_token(text: str, *, where: str) -> str:
    """A token as it is sent. Raises Failure for what cannot be one, without repeating it."""
    if not _TOKEN.fullmatch(text) or '"' in text or "\\" in text:
        raise Failure(Exit.USAGE, f"What {where} gives is no token: a token is one word, such as sy_….")
    return text


def profile_name(text: str) -> str:
    """A name that a profile can have. Raises Failure."""
    if not _NAME.fullmatch(text):
        raise Failure(Exit.USAGE, "The name of a profile is of letters, digits, - and _, at most 40.")
    return text


def same_server(one: str, other: str) -> bool:
    """Whether two addresses are of one server: scheme, host and port."""
    return _origin(one) == _origin(other)


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)


def _profiles(path: Path, told: Mapping[str, object]) -> dict[str, Profile]:
    found = told.get("profiles", {})
    if not isinstance(found, dict):
        raise Failure(Exit.USAGE, f"{path}: profiles is a table, such as [profiles.default].")
    made = {}
    for name, one in found.items():
        if not isinstance(one, dict) or not _text(path, one, "url"):
            raise Failure(Exit.USAGE, f"{path}: [profiles.{name}] needs a url.")
        token = _text(path, one, "token")
        made[profile_name(name)] = Profile(_text(path, one, "url"), token and usable_token(token, where=str(path)))
    return made


def _text(path: Path, told: Mapping[str, object], name: str) -> str:
    found = told.get(name, "")
    if not isinstance(found, str):
        raise Failure(Exit.USAGE, f"{path}: {name} is a text in quotes.")
    return found
