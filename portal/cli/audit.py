"""Who did what, when and why: `stackyard audit`."""

from typing import Any

import click

from portal.cli.command import Command, Session, pass_session
from portal.cli.lists import list_options, show_list
from portal.cli.shown import Cell, Table, Word, when


@click.command(cls=Command)
@click.option("--person", default="", help="By this person.")
@click.option("--verb", default="", help="Of this kind, such as deliver_secrets.")
@click.option("--env", "environment", default="", metavar="APP/ENV", help="About this environment, or a part of it.")
@click.option("--since", default="", metavar="DAY", help="From this day on, in UTC: 2030-01-31.")
@click.option("--until", default="", metavar="DAY", help="Up to this day.")
@click.option("-q", "words", default="", metavar="WORDS", help="With these words in what was done and why.")
@list_options
@pass_session
def audit(session: Session, *, environment: str, words: str, limit: int, **asked: str) -> None:
    """Read the audit, the newest first. For admins and auditors."""
    query = {**asked, "environment": environment, "q": words}
    found = session.client.pages("/audit", query=query, most=limit or None)
    columns = ["At", "By", "What", "Environment", "Reason", "Token"]
    rows = [_row(one) for one in found["items"]]
    show_list(session, found, lambda: Table(columns, rows, empty="There is no such entry."))


def _row(one: dict[str, Any]) -> list[Cell]:
    return [
        when(one["at"]),
        one["by"] or Word("Stackyard", "quiet"),
        one["summary"],
        one["environment"],
        one["reason"],
        str(one["detail"].get("token", "")),
    ]
