"""Flags and other parameters of an environment: `stackyard flags list|get|set|history|rollback`."""

import re
import sys
from collections.abc import Callable
from typing import Any

import click

from portal.cli.asking import ENVIRONMENT, Asked, request_options, said
from portal.cli.command import Group, Session, pass_session
from portal.cli.exact import write_out
from portal.cli.failures import Exit, Failure
from portal.cli.following import finish
from portal.cli.lists import list_options, show_list
from portal.cli.shown import Lines, Table, Word, when
from portal.cli.where import Where, environment_argument

ALL, ONE = f"{ENVIRONMENT}/parameters", f"{ENVIRONMENT}/parameters/{{parameter}}"
HISTORY, RESTORE = f"{ENVIRONMENT}/parameter-history/{{parameter}}", f"{ENVIRONMENT}/parameter-restore/{{parameter}}"
_VERSION = re.compile(r"v?(?:(?P<generation>\d+)\.)?(?P<version>\d+)", re.ASCII)
_HIDDEN = Word("hidden", "quiet")


@click.group(cls=Group)
def flags() -> None:
    """Flags and other parameters of an environment."""


@flags.command("list")
@environment_argument
@click.option("-q", "words", default="", metavar="WORDS", help="With these words in their keys.")
@list_options
@pass_session
def list_flags(session: Session, *, where: Where, words: str, limit: int, cursor: str) -> None:
    """List what is stored, with its version and where it is live."""
    query = {"q": words, "cursor": cursor}
    found = session.client.pages(ALL, query=query, most=limit or None, app=where.app, name=where.name)
    columns = ["Key", "Value", "Version", "Modified", "Live", "Note"]
    rows = [_row(one) for one in found["items"]]
    show_list(session, found, lambda: Table(columns, rows, empty=f"{where} has no such parameter."))
    if found["problem"]:
        session.note(found["problem"])


@flags.command("get")
@environment_argument
@click.argument("flag", metavar="KEY")
@pass_session
def get(session: Session, where: Where, flag: str) -> None:
    """Write the value of one, and nothing beside it. A secret's is not told."""
    found = session.client.get(ONE, app=where.app, name=where.name, parameter=flag)
    if found["value"] is None and not session.json:
        raise Failure(Exit.REFUSED, f"{flag} is a secret, whose value is not told here: take it from its page.")
    if session.json:
        session.show(found, Lines)
    else:
        write_out(f"{found['value']}\n")


def _setting_options(run: Callable[..., Any]) -> Callable[..., Any]:
    """What setting and rolling back take alike."""
    redeploy = click.option(
        "--redeploy/--no-redeploy", default=None, help="Start what runs anew afterwards; else as the flag says."
    )
    confirmed = click.option("--confirmed", is_flag=True, help="A second flip within a minute is meant.")
    at = click.option(
        "--at", "seen", metavar="VERSION", help="Only while it is at this version, as the list shows it: v1.4."
    )
    return redeploy(confirmed(at(request_options(run))))


@flags.command("set")
@environment_argument
@click.argument("flag", metavar="KEY")
@click.argument("value")
@click.option("--new", is_flag=True, help="Make it: it is not there yet.")
@click.option("--type", "kind", default="", help="Of a new one: String, StringList or SecureString.")
@_setting_options
@pass_session
def set_flag(
    session: Session,
    *,
    where: Where,
    flag: str,
    value: str,
    new: bool,
    kind: str,
    seen: str | None,
    redeploy: bool | None,
    confirmed: bool,
    asked: Asked,
) -> None:
    """Set one to VALUE; - reads it from standard input, as a secret should be."""
    if kind and not new:
        raise click.UsageError("--type is for a new one: add --new.")
    if new and seen:
        raise click.UsageError("A new one has no version yet: say --new or --at.")
    if value == "-":
        value = sys.stdin.read().removesuffix("\n")
    on = {"If-None-Match": "*"} if new else {"If-Match": _match(session, where, flag, seen)}
    body = _said(asked, redeploy, confirmed=confirmed) | {"value": value} | ({"type": kind} if kind else {})
    told = session.client.send(
        "PUT", ONE, body, headers=on, key=asked.key, app=where.app, name=where.name, parameter=flag
    )
    finish(session, told.data, asked.waiting)


@flags.command("history")
@environment_argument
@click.argument("flag", metavar="KEY")
@list_options
@pass_session
def history(session: Session, *, where: Where, flag: str, limit: int, cursor: str) -> None:
    """List every version that is known, the newest first."""
    query = {"cursor": cursor}
    found = session.client.pages(
        HISTORY, query=query, most=limit or None, app=where.app, name=where.name, parameter=flag
    )
    columns = ["Version", "Value", "What", "By", "At", "Reason", "Change"]
    show_list(session, found, lambda: Table(columns, [_version(one) for one in found["items"]]))


@flags.command("rollback")
@environment_argument
@click.argument("flag", metavar="KEY")
@click.option("--to", "version", metavar="VERSION", help="This one, as the history shows it; else the value before.")
@click.option("--new", is_flag=True, help="It was deleted: make it again.")
@_setting_options
@pass_session
def rollback(
    session: Session,
    *,
    where: Where,
    flag: str,
    version: str | None,
    new: bool,
    seen: str | None,
    redeploy: bool | None,
    confirmed: bool,
    asked: Asked,
) -> None:
    """Set one to an earlier value again, as a new version."""
    body = _said(asked, redeploy, confirmed=confirmed)
    if version is not None:
        generation, number = _read(version, "--to")
        body |= {"version": number} | ({"generation": generation} if generation else {})
    on = {"If-None-Match": "*"} if new else {"If-Match": _match(session, where, flag, seen)}
    told = session.client.send(
        "POST", RESTORE, body, headers=on, key=asked.key, app=where.app, name=where.name, parameter=flag
    )
    finish(session, told.data, asked.waiting)


def _said(asked: Asked, redeploy: bool | None, *, confirmed: bool) -> dict[str, Any]:  # noqa: FBT001  None: as declared
    return said(asked, {"redeploy": redeploy, "confirmed": confirmed or None})


def _match(session: Session, where: Where, flag: str, seen: str | None) -> str:
    """The version that is set upon, as If-Match takes it: the one that was said, or the one that is there now."""
    if seen is not None:
        generation, version = _read(seen, "--at")
        if generation:
            return f'"v{generation}.{version}"'
        raise click.UsageError("--at takes the whole version, as the list shows it: v1.4.")
    told = session.client.ask("GET", ONE, app=where.app, name=where.name, parameter=flag)
    return told.headers["parameter-version"]


def _read(text: str, option: str) -> tuple[int | None, int]:
    found = _VERSION.fullmatch(text)
    if found is None:
        raise click.UsageError(f"{option} is a version such as 4, v4 or v1.4. This was: {text!r}")
    return int(found["generation"]) if found["generation"] else None, int(found["version"])


def _row(one: dict[str, Any]) -> list[Any]:
    live = "" if one["live_on"] is None or not one["live_of"] else f"{one['live_on']} of {one['live_of']}"
    note = one["wrong"] or ("set outside Stackyard" if one["outside"] else one["owned_by"] and "of a stack")
    return [
        one["key"],
        _HIDDEN if one["value"] is None else one["value"],
        f"v{one['generation']}.{one['version']}",
        when(one["modified_at"]),
        live,
        Word(note, "attention") if one["wrong"] or one["outside"] else note,
    ]


def _version(one: dict[str, Any]) -> list[Any]:
    number = "" if one["version"] is None else f"v{one['generation']}.{one['version']}"
    value = _HIDDEN if one["value"] is None else one["value"]
    return [number, value, one["verb"], one["by"] or one["who"], when(one["at"]), one["reason"], one["change"]]
