"""What is hidden in a plan, for a reason: `stackyard changes reveal`."""

from typing import Any

import click

from portal.cli.command import Command, Session, pass_session
from portal.cli.following import CHANGE
from portal.cli.shown import Table


@click.command("reveal", cls=Command)
@click.argument("change")
@click.option("--reason", required=True, metavar="TEXT", help="Why; kept in the audit.")
@pass_session
def reveal(session: Session, change: str, reason: str) -> None:
    """Show the items of a plan with nothing hidden. The audit says who saw them, and why."""
    found = session.client.ask("POST", f"{CHANGE}/reveal", {"reason": reason}, change=change).data
    session.show(found, lambda: _items(found))


def _items(found: dict[str, Any]) -> Table:
    rows = [
        [write["verb"], one["key"], one["before"] or "nothing", one["after"] or "nothing"]
        for write in found["writes"]
        for one in write["content"] or ()
    ]
    return Table(["What", "Key", "Before", "After"], rows, empty="It cannot be read any more.")
