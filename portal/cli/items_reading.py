"""Items of tables, read: `stackyard items query|scan|get|reveal`."""

from collections.abc import Callable
from typing import Any

import click

from portal.cli.command import Command, Session, pass_session
from portal.cli.items_asking import TABLE, Json, Question, find_table, question_options, table_argument
from portal.cli.items_asking import Table as Found
from portal.cli.items_prices import price_option, tell_price
from portal.cli.items_showing import added, item_shown, items_shown
from portal.cli.where import Where, environment_argument

ITEM = f"{TABLE}/item"
_PAGE = 100


def paging(run: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `limit`, how many on a page or 0 for all pages, and `cursor`."""
    size = click.IntRange(min=0, max=_PAGE)
    limit = click.option("--limit", type=size, default=25, show_default=True, help="How many at most; 0 for all.")
    cursor = click.option("--cursor", default="", help="Go on where an answer's `next` points, with the same --limit.")
    return limit(cursor(run))


@click.command("query", cls=Command)
@environment_argument
@table_argument
@question_options
@price_option
@paging
@pass_session
def query(session: Session, *, where: Where, table: str, asked: Question, price: bool, limit: int, cursor: str) -> None:
    """Read the items of one key: of the table, an index, or an access pattern.

    \b
    stackyard items query fileshare/dev urls --index user-index --pk alice --desc
    stackyard items query hello-erlang/dev messages --pattern messages-of-a-user-newest-first --pk alice
    """
    if asked.pk is None:
        raise click.UsageError("A query needs --pk. To read everything: stackyard items scan")
    _read(session, find_table(session, where, table), asked, limit, cursor, price=price)


@click.command("scan", cls=Command)
@environment_argument
@table_argument
@question_options
@price_option
@paging
@pass_session
def scan(session: Session, *, where: Where, table: str, asked: Question, price: bool, limit: int, cursor: str) -> None:
    """Read whatever a table or index has, one after the other. Never in prod.

    \b
    stackyard items scan hello-erlang/dev messages --where 'timestamp > 1000' --where 'timestamp < 2000'
    """
    if asked.pk is not None:
        raise click.UsageError("With --pk it is a query: stackyard items query")
    _read(session, find_table(session, where, table), asked, limit, cursor, price=price)


@click.command("get", cls=Command)
@environment_argument
@table_argument
@click.argument("key", nargs=-1, required=True, metavar="KEY...")
@pass_session
def get(session: Session, *, where: Where, table: str, key: tuple[str, ...]) -> None:
    """Read one item as it is now.

    \b
    stackyard items get hello-erlang/dev messages m001
    stackyard items get hello-erlang/dev messages '{"id": {"S": "m001"}}'
    """
    found = find_table(session, where, table)
    told = read_item(session, found, found.key(key))
    session.show(told, lambda: item_shown(told))


@click.command("reveal", cls=Command)
@environment_argument
@table_argument
@click.argument("key", nargs=-1, required=True, metavar="KEY...")
@click.option("--reason", default="", metavar="TEXT", help="Why; it is written down before anything is shown.")
@pass_session
def reveal(session: Session, *, where: Where, table: str, key: tuple[str, ...], reason: str) -> None:
    """Show one item with what is hidden of it. Who saw it, and why, stays in the audit."""
    found = find_table(session, where, table)
    named = found.key(key)
    why = reason or session.ask("Why? It is written down before anything is shown.")
    told = session.client.send("POST", f"{ITEM}/reveal", {"reason": why}, query={"key": named}, **found.at).data
    session.show(told, lambda: item_shown(told))


def read_item(session: Session, table: Found, key: str) -> Json:
    """One item as the API tells it. Raises Failure."""
    told: Json = session.client.get(ITEM, query={"key": key}, **table.at)
    return told


def _read(session: Session, table: Found, asked: Question, limit: int, cursor: str, *, price: bool) -> None:
    """One page, or with a limit of 0 one after the other to the end; or only what that takes."""
    if price:
        tell_price(session, table, asked)
        return
    found: Json | None = None
    while found is None or (found["next"] and not limit):
        at = found["next"] if found else cursor
        query = {**asked.query, "limit": limit or _PAGE, "cursor": at}
        found = added(found, session.client.get(f"{TABLE}/items", query=query, **table.at))
    whole = found
    session.show(whole, lambda: items_shown(whole, table.told))
    if whole["next"]:
        session.note("There is more to read: --limit 0 reads all.")
