"""Values at a time, for a while, or both: `stackyard flags schedule|schedules|unschedule|resume`."""

import re
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from portal.cli.asking import ENVIRONMENT, Asked, moment, said
from portal.cli.command import Command, Session, pass_session
from portal.cli.flags_asking import CONFIRMED, ONE, REDEPLOY, match, value_cell
from portal.cli.following import CHANGE, Waiting, follow, waiting_options
from portal.cli.lists import list_options, show_list
from portal.cli.shown import Facts, Shown, Table, status, when
from portal.cli.where import Where, environment_argument, environment_if_any

ALL = f"{ENVIRONMENT}/schedules"
_MINUTES = {"m": 1, "h": 60, "d": 24 * 60, "w": 7 * 24 * 60}
_SPAN = re.compile(r"(\d{1,6})([mhdw])", re.ASCII)
_IF_MATCH = "Only while the parameter is at this version, as the list shows it: v1.4."
Schedule = dict[str, Any]


def _asked(run: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `asked`: under which key, and whether to wait for the change that it opens."""

    @wraps(run)
    @waiting_options
    def asking(*args: Any, key: str, waiting: Waiting, reason: str = "", **kwargs: Any) -> Any:
        return run(*args, asked=Asked(reason, None, key, waiting), **kwargs)

    return click.option("--key", default="", metavar="KEY", help="Sent twice with one key, it is once: build-17.")(
        asking
    )


@click.command("schedule", cls=Command)
@environment_argument
@click.argument("flag", metavar="KEY")
@click.argument("value")
@click.option("--at", metavar="TIME", help="Set it then: 8h (from now), or 2030-01-31T18:00; left out, now.")
@click.option("--for", "span", metavar="SPAN", help="So long after it was stored it goes back: 30m, 2h, 1d.")
@click.option("--back-at", metavar="TIME", help="It goes back then.")
@click.option("--redeploy/--no-redeploy", default=None, help=REDEPLOY)
@click.option("--confirmed", is_flag=True, help=CONFIRMED)
@click.option("--if-match", "seen", metavar="VERSION", help=_IF_MATCH)
@click.option("--reason", default="", metavar="TEXT", help="Why; kept with it.")
@_asked
@pass_session
def schedule(
    session: Session,
    *,
    where: Where,
    flag: str,
    value: str,
    at: str | None,
    span: str | None,
    back_at: str | None,
    redeploy: bool | None,
    confirmed: bool,
    seen: str | None,
    asked: Asked,
) -> None:
    """Set one to VALUE at a time, for a while, or both; - reads it from standard input.

    \b
    stackyard flags schedule fileshare/dev use_dynamodb false --for 30m
    stackyard flags schedule fileshare/prod use_dynamodb true --at 2030-01-31T18:00 --back-at 2030-02-01T06:00

    Where somebody decides, they are asked at once, with the times in the plan.
    """
    if span and back_at:
        raise click.UsageError("Say --for or --back-at, not both.")
    if not (at or span or back_at):
        raise click.UsageError("Say when: --at, --for or --back-at. To set it now and for good: stackyard flags set")
    if value == "-":
        value = sys.stdin.read().removesuffix("\n")
    body = {
        "key": flag,
        "value": value,
        "at": moment(at, "--at") if at else None,
        "back_at": moment(back_at, "--back-at") if back_at else None,
        "back_minutes": minutes(span, "--for") if span else None,
        "redeploy": redeploy,
        "confirmed": confirmed or None,
    }
    on = {"If-Match": match(session, where, flag, seen)}
    found = session.client.send(
        "POST", ALL, said(asked, body), headers=on, key=asked.key, app=where.app, name=where.name
    ).data
    _answer(session, found, asked.waiting)


@click.command("schedules", cls=Command)
@environment_if_any
@click.option("--all", "over", is_flag=True, help="Those that are over, too.")
@click.option("--flag", default="", metavar="KEY", help="Of this parameter.")
@list_options
@pass_session
def schedules(
    session: Session, *, where: Where | None, app: str, over: bool, flag: str, limit: int, cursor: str
) -> None:
    """List scheduled values that wait or are suspended, of an environment or of all."""
    query = {"status": "" if over else "live", "key": flag, "cursor": cursor}
    if where is None:
        found = session.client.pages("/schedules", query=query | {"application": app}, most=limit or None)
    else:
        found = session.client.pages(ALL, query=query, most=limit or None, app=where.app, name=where.name)
    columns = ["#Number", "Environment", "Key", "Value", "Status", "At", "Back", "By", "Reason"]
    rows = [_row(one) for one in sorted(found["items"], key=lambda one: str(one["at"]))]
    show_list(session, found, lambda: Table(columns, rows, empty="Nothing is scheduled."))


@click.command("unschedule", cls=Command)
@environment_argument
@click.argument("number", type=click.IntRange(1))
@pass_session
def unschedule(session: Session, where: Where, number: int) -> None:
    """Cancel a scheduled value, with its way back unless it is stored already."""
    path = f"{ALL}/{{schedule}}/cancel"
    found = session.client.send("POST", path, app=where.app, name=where.name, schedule=str(number)).data
    _answer(session, found, Waiting())


@click.command("resume", cls=Command)
@environment_argument
@click.argument("number", type=click.IntRange(1))
@click.option("--at", metavar="TIME", help="Set it then; left out, at its own time, or now where that has passed.")
@click.option("--if-match", "seen", metavar="VERSION", help=_IF_MATCH)
@_asked
@pass_session
def resume(session: Session, *, where: Where, number: int, at: str | None, seen: str | None, asked: Asked) -> None:
    """Take a suspended value up again, on what is stored now. It is done in your name from now on."""
    place: dict[str, Any] = {"app": where.app, "name": where.name}
    found = session.client.get(f"{ALL}/{{schedule}}", schedule=str(number), **place)
    told = session.client.ask("GET", ONE, parameter=found["key"], **place)
    on = match(session, where, found["key"], seen) if seen else told.headers["parameter-version"]
    if found["problem"]:
        session.note(found["problem"])
    stored, wanted = (
        value if value is not None else "a hidden value" for value in (told.data["value"], found["value"])
    )
    session.note(f"Stored now: {stored} (v{told.data['generation']}.{told.data['version']}). It becomes {wanted}.")
    path, body = f"{ALL}/{{schedule}}/resume", said(asked, {"at": moment(at, "--at") if at else None})
    headers = {"If-Match": on}
    done = session.client.send("POST", path, body, headers=headers, key=asked.key, schedule=str(number), **place).data
    _answer(session, done, asked.waiting)


def minutes(text: str, option: str) -> int:
    """A span as it is typed, in minutes. Raises click.UsageError."""
    found = _SPAN.fullmatch(text)
    if found is None:
        raise click.UsageError(f"{option} is a span such as 30m, 2h or 1d. This was: {text!r}")
    return int(found[1]) * _MINUTES[found[2]]


def _answer(session: Session, found: Schedule, waiting: Waiting) -> None:
    """The schedule; with --wait the end of the change that it has opened, where there is one."""
    live = found["status"] == "waiting"
    if waiting.wait and found["change"] and live:
        follow(session, session.client.get(CHANGE, change=found["change"]), waiting)
    session.show(found, lambda: _facts(found))
    if waiting.wait:
        session.note("There is nothing to wait for yet: it begins at its time.")
    elif found["change"] and live:
        session.note(f"Follow it: stackyard changes watch {found['change']}")


def _facts(one: Schedule) -> Shown:
    return Facts(
        [
            ("Number", str(one["id"])),
            ("Environment", one["environment"]),
            ("Value", value_cell(one["value"])),
            ("Status", status(one["status"])),
            ("Because", one["problem"]),
            ("At", _time(one)),
            ("Goes back", _back(one)),
            ("By", one["by"]),
            ("Reason", one["reason"]),
            ("Change", one["change"]),
        ],
        title=one["key"],
    )


def _row(one: Schedule) -> list[Any]:
    return [
        str(one["id"]),
        one["environment"],
        one["key"],
        value_cell(one["value"]),
        status(one["status"]),
        _time(one),
        f"of {one['back_of']}" if one["back_of"] else _back(one),
        one["by"],
        one["problem"] or one["reason"],
    ]


def _time(one: Schedule) -> str:
    return when(one["at"]) if one["minutes"] is None else f"{one['minutes']} min after {one['back_of']}"


def _back(one: Schedule) -> str:
    return when(one["back_at"]) if one["back_minutes"] is None else f"{one['back_minutes']} min after it is stored"
