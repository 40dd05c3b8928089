"""What could be saved: `stackyard savings`."""

from typing import Any

import click

from portal.cli.command import Command, Session, pass_session
from portal.cli.costs import amount
from portal.cli.lists import list_options, show_list
from portal.cli.shown import Cell, Facts, Shown, Table, Word


@click.command(cls=Command)
@list_options
@pass_session
def savings(session: Session, *, limit: int, cursor: str) -> None:
    """List what nobody uses and is paid for, the dearest first, with what saves it.

    Nothing is done by it, and nothing measured for it: amounts are list prices.
    """
    found = session.client.pages("/costs/savings", query={"cursor": cursor}, most=limit or None)
    show_list(session, found, lambda: _shown(found))


def _shown(found: dict[str, Any]) -> Shown:
    about = [("Could be saved", f"≈ {amount(found['total'])} USD a month, at the prices of {found['published']}")]
    rows = [_row(one) for one in found["items"]]
    table = Table(["What", "#USD a month", "Why", "To save it"], rows, empty="There is nothing to save.")
    return [*([Facts(about)] if rows else []), table]


def _row(one: dict[str, Any]) -> list[Cell]:
    if one["monthly"] is None:
        monthly: Cell = Word("not known", "quiet")
    else:
        monthly = f"{'at most ' if one['at_most'] else ''}{amount(one['monthly'])}"
    return [one["subject"], monthly, one["why"], f"{one['act']} {one['url']}"]
