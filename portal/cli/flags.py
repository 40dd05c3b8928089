"""Flags and other parameters: `stackyard flags list|get|show|set|delete|history|rollback|…`."""

import sys
from typing import Any

import click

from portal.cli.asking import ENVIRONMENT, Asked
from portal.cli.command import Group, Session, pass_session
from portal.cli.exact import write_out
from portal.cli.failures import Exit, Failure
from portal.cli.flags_asking import ALL, ONE, body_of, match, read_version, setting_options, value_cell
from portal.cli.flags_copying import copy
from portal.cli.flags_differences import diff
from portal.cli.flags_overview import overview
from portal.cli.flags_revealing import reveal
from portal.cli.flags_schedules import resume, schedule, schedules, unschedule
from portal.cli.following import finish
from portal.cli.lists import list_options, show_list
from portal.cli.shown import Facts, Lines, Shown, Table, Word, when
from portal.cli.where import Where, environment_argument, environment_if_any

HISTORY, RESTORE = f"{ENVIRONMENT}/parameter-history/{{parameter}}", f"{ENVIRONMENT}/parameter-restore/{{parameter}}"
ONLY = ("flags", "parameters", "secrets", "stacks")


@click.group(cls=Group)
def flags() -> None:
    """Flags and other parameters: of one environment, or of all of an application."""


@flags.command("list")
@environment_if_any
@click.option("-q", "words", default="", metavar="WORDS", help="With these words in their keys.")
@click.option(
    "--only", type=click.Choice(ONLY), default=None, help="What is declared, what is not, secrets, or what stacks make."
)
@click.option("--differs", is_flag=True, help="Of all environments: what is not the same in them.")
@click.option("--columns", type=click.Choice(["shared", "mine"]), default=None, help="Shared ones, or those and mine.")
@list_options
@pass_session
def list_flags(
    session: Session,
    *,
    where: Where | None,
    app: str,
    words: str,
    only: str | None,
    differs: bool,
    columns: str | None,
    limit: int,
    cursor: str,
) -> None:
    """List what is stored, with its version and where it is live; without ENV in all environments, side by side.

    \b
    stackyard flags list fileshare/dev
    stackyard flags list --app fileshare --differs
    """
    query = {"q": words, "only": only or "", "cursor": cursor}
    if where is None:
        asked = {"application": app, "view": "differs" if differs else "", "columns": columns or "", **query}
        overview(session, asked, limit)
    elif differs or columns:
        raise click.UsageError("--differs and --columns are for all environments: leave ENV out.")
    else:
        _list_one(session, where, query, limit)


def _list_one(session: Session, where: Where, query: dict[str, str], limit: int) -> None:
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
        shown = f"stackyard flags reveal {where} {flag} --reason …"
        raise Failure(Exit.REFUSED, f"{flag} is a secret, whose value is shown for a reason: {shown}")
    if session.json:
        session.show(found, Lines)
    else:
        write_out(f"{found['value']}\n")


@flags.command("show")
@environment_argument
@click.argument("flag", metavar="KEY")
@pass_session
def show(session: Session, where: Where, flag: str) -> None:
    """Show one: what is stored, what runs, and how old that is. Looking has it read again."""
    found = session.client.get(ONE, app=where.app, name=where.name, parameter=flag)
    session.show(found, lambda: _facts(found))
    if found["problem"]:
        session.note(found["problem"])
    elif found["reading"]:
        session.note("It is being read again just now: ask again in a moment.")


@flags.command("set")
@environment_argument
@click.argument("flag", metavar="KEY")
@click.argument("value")
@click.option("--new", is_flag=True, help="Make it: it is not there yet.")
@click.option("--type", "kind", default="", help="Of a new one: String, StringList or SecureString.")
@setting_options
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
        raise click.UsageError("A new one has no version yet: say --new or --if-match.")
    if value == "-":
        value = sys.stdin.read().removesuffix("\n")
    on = {"If-None-Match": "*"} if new else {"If-Match": _there(session, where, flag, seen)}
    body = body_of(asked, redeploy, confirmed=confirmed) | {"value": value} | ({"type": kind} if kind else {})
    told = session.client.send(
        "PUT", ONE, body, headers=on, key=asked.key, app=where.app, name=where.name, parameter=flag
    )
    finish(session, told.data, asked.waiting)


@flags.command("delete")
@environment_argument
@click.argument("flag", metavar="KEY")
@click.option("--yes", is_flag=True, help="Do not ask.")
@setting_options
@pass_session
def delete(
    session: Session,
    *,
    where: Where,
    flag: str,
    yes: bool,
    seen: str | None,
    redeploy: bool | None,
    confirmed: bool,
    asked: Asked,
) -> None:
    """Delete one. What a blueprint declares can be set, not deleted. Its history stays.

    It is shown first, and asked about, unless --yes or --if-match says which version is meant.
    """
    on = match(session, where, flag, seen) if yes or seen else _sure(session, where, flag)
    query = body_of(asked, redeploy, confirmed=confirmed)
    told = session.client.send(
        "DELETE",
        ONE,
        query=query,
        headers={"If-Match": on},
        key=asked.key,
        app=where.app,
        name=where.name,
        parameter=flag,
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
@setting_options
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
    body = body_of(asked, redeploy, confirmed=confirmed)
    if version is not None:
        generation, number = read_version(version, "--to")
        body |= {"version": number} | ({"generation": generation} if generation else {})
    on = {"If-None-Match": "*"} if new else {"If-Match": match(session, where, flag, seen)}
    told = session.client.send(
        "POST", RESTORE, body, headers=on, key=asked.key, app=where.app, name=where.name, parameter=flag
    )
    finish(session, told.data, asked.waiting)


for _one in (diff, reveal, copy, schedule, schedules, unschedule, resume):
    flags.add_command(_one)


def _there(session: Session, where: Where, flag: str, seen: str | None) -> str:
    """The version that is set upon; where there is none, how one is made is told. Raises Failure."""
    try:
        return match(session, where, flag, seen)
    except Failure as failure:
        if failure.exit_code is Exit.NOT_FOUND and flag in failure.sentence:
            failure.more += ("To make it, add --new.",)
        raise


def _sure(session: Session, where: Where, flag: str) -> str:
    """The version that was shown, once somebody said that it is to go. Raises Failure."""
    told = session.client.ask("GET", ONE, app=where.app, name=where.name, parameter=flag)
    if not sys.stdin.isatty():
        raise Failure(Exit.USAGE, "It is deleted without being asked only with --yes, or --if-match its version.")
    session.draw_aside(_facts(told.data))
    if session.ask(f"Delete {flag} of {where}? [y/N]").strip().lower() not in {"y", "yes"}:
        raise Failure(Exit.USAGE, "Nothing was done.")
    return told.headers["parameter-version"]


def _row(one: dict[str, Any]) -> list[Any]:
    live = "" if one["live_on"] is None or not one["live_of"] else f"{one['live_on']} of {one['live_of']}"
    note = one["wrong"] or ("set outside Stackyard" if one["outside"] else one["owned_by"] and "of a stack")
    return [
        one["key"],
        value_cell(one["value"]),
        f"v{one['generation']}.{one['version']}",
        when(one["modified_at"]),
        live,
        Word(note, "attention") if one["wrong"] or one["outside"] else note,
    ]


def _facts(one: dict[str, Any]) -> Shown:
    live = f"{one['live_on']} of {one['live_of']} on v{one['version']}" if one["live_of"] else ""
    return Facts(
        [
            ("Parameter", one["name"]),
            ("Type", one["type"]),
            ("Stored", value_cell(one["value"])),
            ("Version", f"v{one['generation']}.{one['version']}"),
            ("Stored at", when(one["modified_at"])),
            ("Value since", _since(one["since"]) if one["since"] else ""),
            ("Wrong", Word(one["wrong"], "bad") if one["wrong"] else ""),
            ("Of a stack", one["owned_by"]),
            ("Outside", Word("set outside Stackyard", "attention") if one["outside"] else ""),
            ("Runs", one["live_value"] or ""),
            ("Live", live),
            ("Looked", when(one["live_at"])),
            ("Asked for", one["asked_by"]),
            ("Read", when(one["read_at"])),
        ],
        title=one["key"],
    )


def _since(blame: dict[str, Any]) -> str:
    who, why = (f", {blame['who']}" if blame["who"] else ""), (f": {blame['reason']}" if blame["reason"] else "")
    return f"v{blame['version']}, {when(blame['at'])}{who}{why}"


def _version(one: dict[str, Any]) -> list[Any]:
    number = "" if one["version"] is None else f"v{one['generation']}.{one['version']}"
    value = value_cell(one["value"])
    return [number, value, one["verb"], one["by"] or one["who"], when(one["at"]), one["reason"], one["change"]]
