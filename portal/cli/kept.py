"""Kept tables that no stack owns: `stackyard kept list|delete|look-again`."""

from typing import Any

import click

from portal.cli.adopting import tell_survey
from portal.cli.asking import Asked, confirmed, request_options, said
from portal.cli.command import Group, Session, pass_session
from portal.cli.costs import amount
from portal.cli.following import finish
from portal.cli.lists import list_options, show_list
from portal.cli.looking import Patience, look_shown, patience_options, show_at_rest
from portal.cli.shown import Cell, Lines, Shown, Table, Word, when
from portal.cli.tables import size_text
from portal.cli.where import APP, Where, environment_words

SURVEYS = "/surveys"


@click.group(cls=Group)
def kept() -> None:
    """Tables that outlived their stack: what they hold and cost. Creating their environment again takes them over."""


@kept.command("list")
@click.option("--app", default="", envvar=APP, help="Of this application.")
@click.option("-q", "words", default="", metavar="WORDS", help="With these words in names.")
@list_options
@pass_session
def list_kept(session: Session, *, app: str, words: str, limit: int, cursor: str) -> None:
    """List kept tables by the environment that they were made for."""
    query = {"application": app, "q": words, "cursor": cursor}
    found = session.client.pages("/kept-tables", query=query, most=limit or None)
    show_list(session, found, lambda: _list(found))
    tell_survey(session, found["survey"])


@kept.command("delete")
@environment_words
@click.option("--confirm", metavar="ENV", help="The environment's name, where nobody can be asked.")
@request_options
@pass_session
def delete(session: Session, *, where: Where, confirm: str | None, asked: Asked) -> None:
    """Delete the kept tables of an environment, after a backup of each. Needs a reason.

    Where they are protected, that comes off first: stackyard env unprotect.
    """
    happens = f"This deletes the kept tables of {where} with all their items, after a backup."
    body = {"confirm": confirmed(session, where, confirm, happens)}
    path = "/kept-tables/{app}/{name}/deletions"
    told = session.client.send("POST", path, said(asked, body), key=asked.key, app=where.app, name=where.name)
    finish(session, told.data, asked.waiting)


@kept.command("look-again")
@patience_options
@pass_session
def look_again(session: Session, patience: Patience) -> None:
    """Have the tables and the stacks of the account listed again."""
    found = session.client.send("POST", SURVEYS).data
    show_at_rest(session, found, patience, lambda: _survey(session), look_shown)


def _survey(session: Session) -> dict[str, Any]:
    found: dict[str, Any] = session.client.get(SURVEYS)
    return found


def _list(found: dict[str, Any]) -> Shown:
    rows = [_row(group, table) for group in found["items"] for table in group["tables"]]
    total = found["totals"]
    columns = ["Environment", "Table", "#Items", "#Size", "Last write", "#Month", "Kept since", "Safe", "Not now"]
    tables = f"{total['tables']} table{'' if total['tables'] == 1 else 's'}"
    summed = f"{tables}, about {total['item_count']:,} items, {amount(total['monthly_cost'])} USD a month"
    unpriced = f", without {total['unpriced']} of unknown price" if total["unpriced"] else ""
    return [
        Table(columns, rows, empty="No table is left over."),
        Lines([f"{summed}{unpriced}"] if rows else []),
    ]


def _row(group: dict[str, Any], table: dict[str, Any]) -> list[Cell]:
    return [
        f"{group['application']}/{group['name']}",
        table["name"],
        f"{table['item_count']:,}",
        size_text(table["size_bytes"]),
        when(table["last_write_at"]),
        f"{amount(table['monthly_cost'])} USD" if table["monthly_cost"] else "",
        when(group["kept_since"]),
        "protected" if table["protected"] else "",
        Word(group["why_not_delete"], "attention"),
    ]
