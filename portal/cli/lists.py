"""Lists that come in pages."""

from collections.abc import Callable, Mapping
from typing import Any

import click

from portal.cli.command import Session
from portal.cli.shown import Shown


def list_options(run: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `limit`, 0 for all, and `cursor`: `session.client.pages(…, most=limit or None)`."""
    limit = click.option("--limit", type=click.IntRange(min=0), default=100, help="How many at most; 0 for all.")
    cursor = click.option("--cursor", default="", help="Go on where an answer's `next` points.")
    return limit(cursor(run))


def nothing(query: Mapping[str, object], narrowed: str, begin: str) -> str:
    """What is said of a list without rows: that nothing is so, or where nothing was asked for, how to begin."""
    return narrowed if any(value for name, value in query.items() if name != "cursor") else begin


def show_list(session: Session, found: dict[str, Any], shown: Callable[[], Shown]) -> None:
    """Answer with a list, and say where it goes on."""
    session.show(found, shown)
    if found["next"]:
        session.note("There are more: --limit 0 reads all.")
