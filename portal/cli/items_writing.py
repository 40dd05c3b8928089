"""Items written: `stackyard items put|edit|copy|delete|history|undo|again`. In prod each answers the change it asks
for."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from portal.cli.amounts import amount
from portal.cli.asking import ENVIRONMENT, moment
from portal.cli.command import Command, Session, pass_session
from portal.cli.failures import Exit, Failure
from portal.cli.following import CHANGE, Waiting, finish, waiting_options
from portal.cli.items_asking import TABLE, Json, find_table, table_argument, value_of
from portal.cli.items_plain import exact, typed_of
from portal.cli.items_reading import ITEM, read_item
from portal.cli.items_showing import briefs_shown, write_shown, writes_shown
from portal.cli.lists import list_options, show_list
from portal.cli.where import Where, environment_argument

if TYPE_CHECKING:
    from portal.cli.client import Told

ACCEPTED = 202
_IF_NONE = {"If-None-Match": "*"}


@dataclass(frozen=True)
class How:
    """Why something is written, under which key, and in prod: not before when, instead of which change that was sent
    back, and whether its end is waited for."""

    reason: str
    start_at: str | None
    instead: str
    key: str
    waiting: Waiting

    @property
    def said(self) -> Json:
        """What is sent of it; what was not said is left out."""
        named = {"reason": self.reason, "start_at": self.start_at, "replaces": self.instead}
        return {name: value for name, value in named.items() if value}


def writing_options(run: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `how`."""

    @wraps(run)
    @waiting_options
    def writing(
        *args: Any, reason: str, start: str | None, instead: str, key_once: str, waiting: Waiting, **kwargs: Any
    ) -> Any:
        start_at = moment(start, "--start") if start else None
        return run(*args, how=How(reason, start_at, instead, key_once, waiting), **kwargs)

    reason = click.option("--reason", default="", metavar="TEXT", help="Why; needed in prod.")
    start = click.option("--start", metavar="TIME", help="In prod, not before: 8h (from now), or 2030-01-31T18:00.")
    old = click.option("--instead", default="", metavar="CHANGE", help="In prod, instead of this one, sent back.")
    key = click.option("--key", "key_once", default="", metavar="KEY", help="Sent twice with one key, it is done once.")
    return reason(start(old(key(writing))))


@click.command("put", cls=Command)
@environment_argument
@table_argument
@click.argument("item", metavar="ITEM")
@click.option("--plain", is_flag=True, help="ITEM is plain JSON: numbers are numbers, lists are lists.")
@click.option("--replace", is_flag=True, help="Write over the item that is there now.")
@click.option("--if-match", default="", metavar="VERSION", help="Write over the item that was read as this version.")
@writing_options
@pass_session
def put(
    session: Session, *, where: Where, table: str, item: str, plain: bool, replace: bool, if_match: str, how: How
) -> None:
    """Write a whole item. A new one, unless --replace or --if-match says otherwise.

    ITEM is typed JSON, @FILE, or - for standard input.

    \b
    stackyard items put hello-erlang/dev messages '{"id": {"S": "m1"}, "n": {"N": "5"}}'
    stackyard items put hello-erlang/dev messages --plain '{"id": "m1", "n": 5}'
    """
    if replace and if_match:
        raise click.UsageError("Give --replace or --if-match, not both.")
    wanted, found = _item(item, plain=plain), find_table(session, where, table)
    key = found.key_of(wanted)
    headers = _IF_NONE
    if replace or if_match:
        headers = {"If-Match": if_match or read_item(session, found, key)["etag"]}
    sent = {"item": wanted, **how.said}
    done = session.client.send("PUT", ITEM, sent, query={"key": key}, headers=headers, key=how.key, **found.at)
    end_writing(session, done, how)


@click.command("edit", cls=Command)
@environment_argument
@table_argument
@click.argument("key", nargs=-1, required=True, metavar="KEY...")
@click.option(
    "--set", "sets", multiple=True, metavar="PATH=VALUE", help='A value: n=5, name=Ann, \'m.x={"SS": ["a"]}\'.'
)
@click.option("--remove", "removes", multiple=True, metavar="PATH", help="Take this away.")
@click.option("--if-match", default="", metavar="VERSION", help="Only if it is still the version that was read.")
@writing_options
@pass_session
def edit(
    session: Session,
    *,
    where: Where,
    table: str,
    key: tuple[str, ...],
    sets: Sequence[str],
    removes: Sequence[str],
    if_match: str,
    how: How,
) -> None:
    """Alter some of an item, and nothing else of it.

    A VALUE that is written as a number, true, false or null is that; in quotation marks it is a text.
    """
    if not sets and not removes:
        raise click.UsageError("Say what to alter, with --set or --remove.")
    sent: Json = {"set": dict(map(_pair, sets)), "remove": list(removes), **how.said}
    found = find_table(session, where, table)
    named = found.key(key)
    headers = {"If-Match": if_match or read_item(session, found, named)["etag"]}
    done = session.client.send("PATCH", ITEM, sent, query={"key": named}, headers=headers, key=how.key, **found.at)
    end_writing(session, done, how)


@click.command("copy", cls=Command)
@environment_argument
@table_argument
@click.argument("key", nargs=-1, required=True, metavar="KEY...")
@click.option("--to", multiple=True, required=True, metavar="KEY", help="Its new key, a value for each --to.")
@click.option("--move", is_flag=True, help="Take it away from its old key, in the same transaction.")
@click.option("--if-match", default="", metavar="VERSION", help="Only if it is still the version that was read.")
@writing_options
@pass_session
def copy(
    session: Session,
    *,
    where: Where,
    table: str,
    key: tuple[str, ...],
    to: tuple[str, ...],
    move: bool,
    if_match: str,
    how: How,
) -> None:
    """Put one item under another key of its table. Nothing is written over.

    \b
    stackyard items copy hello-erlang/dev messages m1 --to m2 --move
    """
    found = find_table(session, where, table)
    named, new_key = found.key(key), _typed(found.key(to))
    headers = {"If-Match": if_match or read_item(session, found, named)["etag"]}
    sent = {"new_key": new_key, "keep": not move, **how.said}
    done = session.client.send(
        "POST", f"{ITEM}/copy", sent, query={"key": named}, headers=headers, key=how.key, **found.at
    )
    end_writing(session, done, how)


@click.command("delete", cls=Command)
@environment_argument
@table_argument
@click.argument("key", nargs=-1, required=True, metavar="KEY...")
@click.option("--if-match", default="", metavar="VERSION", help="Only if it is still the version that was read.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@writing_options
@pass_session
def delete(
    session: Session, *, where: Where, table: str, key: tuple[str, ...], if_match: str, yes: bool, how: How
) -> None:
    """Delete one item, as it is shown before it goes. It can be taken back: stackyard items undo."""
    found = find_table(session, where, table)
    named = found.key(key)
    told = read_item(session, found, named)
    if not yes and not if_match:
        _sure(session, told)
    headers = {"If-Match": if_match or told["etag"]}
    query = {"key": named, **how.said}
    done = session.client.send("DELETE", ITEM, query=query, headers=headers, key=how.key, **found.at)
    end_writing(session, done, how)


@click.command("history", cls=Command)
@environment_argument
@click.argument("table", required=False, metavar="[TABLE]")
@click.argument("key", nargs=-1, metavar="[KEY...]")
@list_options
@pass_session
def history(
    session: Session, *, where: Where, table: str | None, key: tuple[str, ...], limit: int, cursor: str
) -> None:
    """Show what was written in an environment, in a table, or to one item, and what can be taken back."""
    if table is None:
        path = f"{ENVIRONMENT}/writes"
        page = session.client.pages(path, query={"cursor": cursor}, most=limit or None, app=where.app, name=where.name)
        show_list(session, page, lambda: briefs_shown(page))
        return
    found = find_table(session, where, table)
    query = {"cursor": cursor, "key": found.key(key) if key else ""}
    page = session.client.pages(f"{TABLE}/writes", query=query, most=limit or None, **found.at)
    show_list(session, page, lambda: writes_shown(page))


@click.command("undo", cls=Command)
@environment_argument
@table_argument
@click.argument("write", type=click.IntRange(min=1), metavar="WRITE")
@writing_options
@pass_session
def undo(session: Session, *, where: Where, table: str, write: int, how: How) -> None:
    """Take a write back, while its item still is as it left it. WRITE is a number of the history."""
    found = find_table(session, where, table)
    path = f"{TABLE}/writes/{{write}}/undo"
    end_writing(session, session.client.send("POST", path, how.said, key=how.key, write=str(write), **found.at), how)


@click.command("again", cls=Command)
@click.argument("change")
@click.option(
    "--write", "writes", multiple=True, type=click.IntRange(min=0), metavar="NUMBER", help="Only these; all otherwise."
)
@click.option("--reason", required=True, metavar="TEXT", help="Why; it is read by whoever decides.")
@click.option("--start", metavar="TIME", help="Not before: 8h (from now), or 2030-01-31T18:00.")
@waiting_options
@pass_session
def again(
    session: Session, *, change: str, writes: tuple[int, ...], reason: str, start: str | None, waiting: Waiting
) -> None:
    """Ask again for writes that were sent back, as a new change instead.

    The numbers are those of its plan: stackyard changes show CHANGE --json.
    """
    plan = {} if writes else session.client.get(CHANGE, change=change)["plan"] or {}
    there = [one["number"] for one in (plan.get("items") or {}).get("writes", ())]
    sent: Json = {"writes": list(writes) or there, "reason": reason}
    if start:
        sent["start_at"] = moment(start, "--start")
    finish(session, session.client.send("POST", f"{CHANGE}/items_again", sent, change=change).data, waiting)


def end_writing(session: Session, done: "Told", how: How) -> None:
    """Answer with what was written, or with the change that was asked for."""
    if done.status == ACCEPTED:
        finish(session, done.data, how.waiting)
        return
    session.show(done.data, lambda: write_shown(done.data))


def _sure(session: Session, told: Json) -> None:
    """Show the item that would go, and ask. Raises Failure for whoever does not mean it, or cannot be asked."""
    if not sys.stdin.isatty():
        raise Failure(Exit.USAGE, "It is deleted without being asked only with --yes.")
    for line in json.dumps(told["item"], indent=2, ensure_ascii=False).splitlines():
        session.note(line)
    takes = f" It takes {amount(told['to_delete'], 'write unit')}." if told.get("to_delete") else ""
    agree(session, f"Delete this item?{takes}")


def agree(session: Session, question: str) -> None:
    """Ask whether it is meant. Raises Failure for whoever does not mean it."""
    if session.ask(f"{question} [y/N]").strip().lower() not in {"y", "yes"}:
        raise Failure(Exit.USAGE, "Nothing was done.")


def _typed(text: str) -> Json:
    """A key in typed JSON, of what was made or typed as such. Raises Failure."""
    try:
        found: Json = exact(text)
    except ValueError as error:
        raise Failure(Exit.USAGE, f"The key is no JSON: {error}.") from error
    return found


def _pair(text: str) -> tuple[str, Json]:
    path, equals, value = _split(text)
    if not equals or not path:
        raise click.UsageError(f"Write --set PATH=VALUE. This was: {text!r}")
    return path, value_of(value)


def _split(text: str) -> tuple[str, str, str]:
    """At the first = that stands outside of quotation marks."""
    inside = False
    for place, one in enumerate(text):
        if one == '"' and text[place - 1 : place] != "\\":
            inside = not inside
        if one == "=" and not inside:
            return text[:place], "=", text[place + 1 :]
    return text, "", ""


def _item(text: str, *, plain: bool) -> Json:
    """The item of an argument, a file, or standard input. Raises Failure."""
    if text == "-" or text.startswith("@"):
        path = text.removeprefix("@")
        try:
            with click.open_file(path, encoding="utf-8") as file:
                text = file.read()
        except (OSError, UnicodeDecodeError) as error:
            raise Failure(Exit.USAGE, f"{path} cannot be read: {error}.") from error
    try:
        found = typed_of(text) if plain else exact(text)
    except ValueError as error:
        raise Failure(Exit.USAGE, f"The item is no JSON: {error}.") from error
    if not isinstance(found, dict):
        raise Failure(Exit.USAGE, "An item is an object of attributes.")
    untyped = next((name for name, value in found.items() if not isinstance(value, dict) or len(value) != 1), "")
    if untyped:
        raise Failure(Exit.USAGE, f'{untyped} names no type, as in {{"S": "text"}}. For plain JSON, add --plain.')
    return found
