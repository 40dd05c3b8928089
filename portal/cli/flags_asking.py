"""What commands about a parameter have in common: its addresses, the version that was looked at, what is sent."""

import re
from collections.abc import Callable
from typing import Any

import click

from portal.cli.asking import ENVIRONMENT, Asked, request_options, said
from portal.cli.command import Session
from portal.cli.shown import Cell, Word
from portal.cli.where import Where

ALL, ONE = f"{ENVIRONMENT}/parameters", f"{ENVIRONMENT}/parameters/{{parameter}}"
HIDDEN = Word("hidden", "quiet")
REDEPLOY = "Start what runs anew afterwards; else as the flag says."
CONFIRMED = "A second flip within a minute is meant."
_VERSION = re.compile(r"v?(?:(?P<generation>\d+)\.)?(?P<version>\d+)", re.ASCII)


def setting_options(run: Callable[..., Any]) -> Callable[..., Any]:
    """What setting, deleting and rolling back take alike: `seen`, `redeploy`, `confirmed` and `asked`."""
    redeploy = click.option("--redeploy/--no-redeploy", default=None, help=REDEPLOY)
    confirmed = click.option("--confirmed", is_flag=True, help=CONFIRMED)
    seen = click.option(
        "--if-match", "seen", metavar="VERSION", help="Only while it is at this version, as the list shows it: v1.4."
    )
    return redeploy(confirmed(seen(request_options(run))))


def body_of(asked: Asked, redeploy: bool | None, *, confirmed: bool) -> dict[str, Any]:  # noqa: FBT001  None: as declared
    """What is sent besides the value."""
    return said(asked, {"redeploy": redeploy, "confirmed": confirmed or None})


def match(session: Session, where: Where, flag: str, seen: str | None) -> str:
    """The version that is set upon, as If-Match takes it: the one that was said, or the one that is there now."""
    if seen is not None:
        generation, version = read_version(seen, "--if-match")
        if generation:
            return f'"v{generation}.{version}"'
        raise click.UsageError("--if-match takes the whole version, as the list shows it: v1.4.")
    told = session.client.ask("GET", ONE, app=where.app, name=where.name, parameter=flag)
    return told.headers["parameter-version"]


def read_version(text: str, option: str) -> tuple[int | None, int]:
    """A version as it is typed: its generation, None where that was not said, and its number."""
    found = _VERSION.fullmatch(text)
    if found is None:
        raise click.UsageError(f"{option} is a version such as 4, v4 or v1.4. This was: {text!r}")
    return int(found["generation"]) if found["generation"] else None, int(found["version"])


def value_cell(value: str | None) -> Cell:
    """A value as lists show it."""
    return HIDDEN if value is None else value
