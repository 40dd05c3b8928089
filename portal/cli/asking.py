"""Asking for a change of an environment: what its options mean to the API, and making sure where something goes."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any

import click

from portal.cli.command import Session
from portal.cli.failures import Exit, Failure
from portal.cli.following import Waiting, finish, waiting_options
from portal.cli.where import Where

STACKS = ("data", "compute")
ENVIRONMENT, CHANGES = "/environments/{app}/{name}", "/environments/{app}/{name}/changes"
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
Parameters = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Asked:
    """What every request of a change takes besides what it is about, and whether its end is waited for."""

    reason: str
    start_at: str | None
    key: str
    waiting: Waiting


def request_options(run: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `asked`: why, when, under which key, and whether to wait."""

    @wraps(run)
    @waiting_options
    def asking(*args: Any, reason: str, start: str | None, key: str, waiting: Waiting, **kwargs: Any) -> Any:
        start_at = moment(start, "--start") if start else None
        return run(*args, asked=Asked(reason, start_at, key, waiting), **kwargs)

    reason = click.option("--reason", default="", metavar="TEXT", help="Why; kept with the change.")
    start = click.option("--start", metavar="TIME", help="Not before: 8h (from now), or 2030-01-31T18:00.")
    key = click.option("--key", default="", metavar="KEY", help="Sent twice with one key, it is one change: build-17.")
    return reason(start(key(asking)))


def value_options(run: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `given`, the parameters of --set and --set-file by stack, those without a stack under ""."""

    @wraps(run)
    def valued(*args: Any, settings: Sequence[str], files: Sequence[str], **kwargs: Any) -> Any:
        return run(*args, given=parameters(settings, files), **kwargs)

    told = click.option(
        "--set", "settings", multiple=True, metavar="STACK.NAME=VALUE", help="A parameter: compute.KeyName=my-key."
    )
    read = click.option(
        "--set-file", "files", multiple=True, metavar="STACK.NAME=FILE", help="The same, read from a file (- is input)."
    )
    return told(read(valued))


def parameters(settings: Sequence[str], files: Sequence[str] = ()) -> Parameters:
    """What was set, by stack. Raises click.UsageError for what is not STACK.NAME=VALUE, or is set twice."""
    found: Parameters = {}
    for text in (*settings, *(_with_content(one) for one in files)):
        name, equals, value = text.partition("=")
        stack, dot, rest = name.partition(".")
        stack, name = (stack, rest) if dot else ("", stack)
        if not equals or not name or (dot and stack not in STACKS):
            raise click.UsageError(f"Write data.NAME=VALUE or compute.NAME=VALUE. This was: {name or text!r}")
        if name in found.setdefault(stack, {}):
            raise click.UsageError(f"{name} is set twice.")
        found[stack][name] = value
    return found


def placed(session: Session, app: str, given: Parameters, default: str = "") -> Parameters:
    """The same with every name under the stack that has it: as said, else in `default`, else in the one whose
    template has it. What no template has is left to the server to refuse."""
    found = {stack: dict(values) for stack, values in given.items() if stack}
    loose = given.get("", {})
    if not loose:
        return found
    known: dict[str, list[str]] = {}
    if not default:
        for one in session.client.get("/applications/{app}", app=app)["parameters"]:
            known.setdefault(one["name"], []).append(one["stack"])
    for name, value in loose.items():
        stacks = [default] if default else known.get(name, [])
        if len(stacks) != 1:
            said = "Both stacks have it" if stacks else f"{app} has no parameter {name}"
            raise Failure(Exit.USAGE, f"{said}. Write data.{name}=… or compute.{name}=…; see stackyard apps show {app}")
        found.setdefault(stacks[0], {})[name] = value
    return found


def ask(session: Session, where: Where, asked: Asked, **body: Any) -> None:
    """Ask for a change of an environment, and answer with it."""
    sent = said(asked, body)
    told = session.client.send("POST", CHANGES, sent, key=asked.key, app=where.app, name=where.name)
    finish(session, told.data, asked.waiting)


def said(asked: Asked, body: dict[str, Any]) -> dict[str, Any]:
    """What is sent: what was not said is left out."""
    everything = {**body, "reason": asked.reason, "start_at": asked.start_at}
    return {name: value for name, value in everything.items() if value not in (None, "", {}, [])}


def confirmed(session: Session, where: Where, confirm: str | None, happens: str) -> str:
    """The environment's name, as somebody gave it to say that they mean it: asked for on a terminal, --confirm
    elsewhere. Raises Failure where it is another one."""
    given = confirm
    if given is None:
        if not sys.stdin.isatty():
            raise Failure(Exit.USAGE, f"{happens} To mean it, add --confirm {where.name}")
        given = session.ask(f"{happens} Type {where.name} to go on:")
    if given != where.name:
        raise Failure(Exit.USAGE, f"That is not the name of {where}. Nothing was done.")
    return given


def moment(text: str, option: str) -> str:
    """A time as the API takes it: in so many minutes, hours, days or weeks (30m, 8h, 3d, 2w), a day, or a time, which
    is this machine's where it says no zone. Raises click.UsageError."""
    span = text.removeprefix("in ").strip()
    count, unit = span[:-1], span[-1:]
    if unit in _UNITS and count.isascii() and count.isdecimal():
        return (datetime.now(UTC) + timedelta(**{_UNITS[unit]: int(count)})).isoformat()
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(
            f"{option} is 8h or 3d from now, 2030-01-31, or 2030-01-31T18:00. This was: {text!r}"
        ) from None
    return found.astimezone(UTC).isoformat()


def _with_content(text: str) -> str:
    name, equals, path = text.partition("=")
    if not equals:
        raise click.UsageError(f"Write STACK.NAME=FILE. This was: {text!r}")
    try:
        with click.open_file(path, encoding="utf-8") as file:
            return f"{name}={file.read().removesuffix(chr(10))}"
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(Exit.USAGE, f"{path} cannot be read: {error}.") from error
