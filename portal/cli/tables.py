"""Tables of an environment: `stackyard tables APP/ENV [TABLE]`."""

from decimal import Decimal
from typing import Any

import click

from portal.cli.asking import ENVIRONMENT
from portal.cli.command import Command, Session, pass_session
from portal.cli.items_asking import find_table
from portal.cli.lists import list_options, show_list
from portal.cli.shown import Facts, Shown, Table, status, when
from portal.cli.where import Where, environment_argument

_BILLING = {"PAY_PER_REQUEST": "on demand", "PROVISIONED": "provisioned"}
_UNITS = ("bytes", "KB", "MB", "GB", "TB")


@click.command(cls=Command)
@environment_argument
@click.argument("table", required=False, metavar="[TABLE]")
@list_options
@pass_session
def tables(session: Session, *, where: Where, table: str | None, limit: int, cursor: str) -> None:
    """Show the tables of an environment, or all of one: keys, indexes, access patterns, protection.

    TABLE is its whole name, what its template calls it, or the end of its name.
    """
    if table is not None:
        found = find_table(session, where, table).told
        session.show(found, lambda: _whole(found))
        return
    path = f"{ENVIRONMENT}/tables"
    page = session.client.pages(path, query={"cursor": cursor}, most=limit or None, app=where.app, name=where.name)
    show_list(session, page, lambda: _list(page["items"]))


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
        ("A month", f"${Decimal(one['monthly_cost']):.2f}" if one["monthly_cost"] else None),
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
