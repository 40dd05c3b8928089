"""What reading items takes, before it is done: `--price`."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import click

from portal.cli.amounts import amount, units_text
from portal.cli.command import Session
from portal.cli.items_asking import TABLE, Json, Question, Table
from portal.cli.shown import Facts, duration_of
from portal.cli.tables import size_text


def price_option(run: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `price`: whether it only tells what it would take."""
    return click.option("--price", is_flag=True, help="Only tell what it would take; nothing is read.")(run)


def tell_price(session: Session, table: Table, asked: Question, rate: int | None = None) -> None:
    """Answer with what this question takes, in place of asking it."""
    found = session.client.get(f"{TABLE}/price", query={**asked.query, "rate": rate}, **table.at)
    session.show(found, lambda: read_price(found))


def read_price(found: Json) -> Facts:
    """What a query or scan takes."""
    is_scan = found["reads"] == "scan"
    known = f"about {found['items']:,} items, {size_text(found['size_bytes'])}" if found["items"] else "not counted yet"
    return Facts(
        [
            ("Reads", "everything, by a scan" if is_scan else "one partition, by a query"),
            ("Of", known),
            ("A page", f"about {amount(found['page'])}"),
            ("One request", f"{amount(found['click'])} at most"),
            ("All", f"{'about' if is_scan else 'at most'} {amount(found['whole'])}, {lasts(found)}"),
            ("Shared", _shared(found)),
            ("Refused", found["why_not"]),
        ]
    )


def write_price(found: Json) -> list[tuple[str, str]]:
    """What writing takes, as facts."""
    return [
        ("Takes", f"about {amount(found['writes'], 'write unit')}, {lasts(found)}"),
        ("Looks first", f"about {units_text(found['reads'], 'read unit')}" if Decimal(found["reads"]) else ""),
        ("Shared", _shared(found)),
    ]


def lasts(found: Json) -> str:
    """How long it takes, at which rate."""
    took = f"about {duration_of(found['seconds'])}" if found["seconds"] > 1 else "a second or so"
    return f"{took} at {found['rate']:,} a second"


def _shared(found: Json) -> str:
    provisioned = found["provisioned"]
    return f"{provisioned:,} units a second are provisioned, which the application shares" if provisioned else ""
