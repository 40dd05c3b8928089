"""Tables, of every environment or of one: `stackyard tables [APP/ENV [TABLE]]`."""

from typing import Any

import click

from portal.cli.asking import ENVIRONMENT
from portal.cli.command import Command, Session, pass_session
from portal.cli.costs import amount
from portal.cli.items_asking import find_table
from portal.cli.lists import list_options, show_list
from portal.cli.shown import Facts, Shown, Table, status, when
from portal.cli.where import APP, where_of

_BILLING = {"PAY_PER_REQUEST": "on demand", "PROVISIONED": "provisioned"}
_PROBLEMS = ("any", "alarms", "unprotected", "unrecoverable", "no-expiry")
_UNITS = ("bytes", "KB", "MB", "GB", "TB")


@click.command(cls=Command)
@click.argument("environment", required=False, metavar="[APP/ENV]")
@click.argument("table", required=False, metavar="[TABLE]")
@click.option("--app", metavar="APP", envvar=APP, help="The application, where ENV stands alone; or only its tables.")
@click.option("--stage", default="", metavar="STAGE", help="Of every environment: at this stage.")
@click.option("--problem", type=click.Choice(_PROBLEMS), help="Of every environment: with something wrong.")
@click.option("-q", "words", default="", metavar="WORDS", help="Of every environment: with these words in their names.")
@list_options
@pass_session
def tables(
    session: Session,
    *,
    environment: str | None,
    table: str | None,
    app: str | None,
    stage: str,
    problem: str | None,
    words: str,
    limit: int,
    cursor: str,
) -> None:
    """Show the tables of every environment, of one, or all of one table: keys, indexes, access patterns, protection.

    TABLE is its whole name, what its template calls it, or the end of its name. Tables that no stack owns are only
    shown with their environment.
    """
    if environment is None:
        wanted = {"application": app, "stage": stage, "problem": problem, "q": words, "cursor": cursor}
        _every(session, session.client.pages("/tables", query=wanted, most=limit or None))
        return
    if stage or problem or words:
        raise click.UsageError("--stage, --problem and -q are for the tables of every environment.")
    where = where_of(environment, app)
    if table is not None:
        found = find_table(session, where, table).told
        session.show(found, lambda: _whole(found))
        return
    path = f"{ENVIRONMENT}/tables"
    page = session.client.pages(path, query={"cursor": cursor}, most=limit or None, app=where.app, name=where.name)
    show_list(session, page, lambda: _list(page["items"]))


def _every(session: Session, page: dict[str, Any]) -> None:
    totals = page["totals"]
    rows = [
        [one["name"], one["environment"], f"{one['item_count']:,}", size_text(one["size_bytes"]), _billing(one),
         _safe(one), ", ".join(alarm["name"] for alarm in one["alarms"] or () if alarm["state"] == "ALARM"),
         when(one["last_write_at"]), when(one["seen_at"])]
        for one in page["items"]
    ]  # fmt: skip
    columns = ["Table", "Environment", "#Items", "#Size", "Billing", "Safe", "Firing", "Last write", "As of"]
    all_of = f"{totals['tables']:,} tables, about {totals['items']:,} items, {size_text(totals['size_bytes'])}"
    show_list(session, page, lambda: [Table(columns, rows, empty="There is no such table."), Facts([("All", all_of)])])


def _list(items: list[dict[str, Any]]) -> Shown:
    rows = [
        [
            one["name"],
            keys_text(one["keys"]),
            ", ".join(index["name"] for index in one["indexes"]),
            f"{one['item_count']:,}",
            size_text(one["size_bytes"]),
            _billing(one),
            _safe(one),
            when(one["seen_at"]),
        ]
        for one in items
    ]
    columns = ["Table", "Keys", "Indexes", "#Items", "#Size", "Billing", "Safe", "As of"]
    return Table(columns, rows, empty="It has no tables.")


def _whole(one: dict[str, Any]) -> Shown:
    facts = [
        ("Keys", keys_text(one["keys"])),
        ("State", status(one["state"].lower())),
        ("Stack", one["stack"] or "kept, no stack owns it"),
        ("Items", f"about {one['item_count']:,}, {size_text(one['size_bytes'])}, as of {when(one['seen_at'])}"),
        ("Billing", _billing(one)),
        ("Expires by", one["expires_by"]),
        ("Stream", one["stream"]),
        ("Recovery from", when(one["recovery_from"])),
        ("Protected", "yes" if one["protected"] else "no"),
        ("Backups", None if one["backups"] is None else str(one["backups"])),
        ("Last write", when(one["last_write_at"])),
        ("A month", f"{amount(one['monthly_cost'])} USD" if one["monthly_cost"] else None),
        ("Hidden", "some of its items is" if one["hides"] else None),
        ("Scans", None if one["scans"] else "never here: ask by a key"),
    ]
    indexes = [[index["name"], keys_text(index["keys"]), index["projection"]] for index in one["indexes"]]
    patterns = [
        [pattern["name"], pattern["title"], pattern["index"] or "the table", pattern["partition_key"]]
        for pattern in one["access_patterns"]
    ]
    return [
        Facts(facts, title=one["name"]),
        Table(["Index", "Keys", "Carries"], indexes, empty=""),
        Table(["Pattern", "Asks for", "Of", "By"], patterns, empty=""),
    ]


def keys_text(keys: list[dict[str, Any]]) -> str:
    """Key attributes with their types."""
    return ", ".join(f"{one['name']} ({one['type']})" for one in keys)


def size_text(size: int) -> str:
    """Bytes in the unit that they fill."""
    amount, unit = float(size), 0
    while amount >= 1024 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1024, unit + 1
    return f"{amount:.0f} {_UNITS[unit]}" if unit == 0 or amount >= 10 else f"{amount:.1f} {_UNITS[unit]}"


def _billing(one: dict[str, Any]) -> str:
    word = _BILLING.get(one["billing"], str(one["billing"]))
    if one["read_capacity"] is None:
        return word
    return f"{word}, {one['read_capacity']} reads and {one['write_capacity']} writes a second"


def _safe(one: dict[str, Any]) -> str:
    found = [
        word for word, there in (("protected", one["protected"]), ("recovery", one["point_in_time_recovery"])) if there
    ]
    return ", ".join(found)
