"""What differs between two versions of a parameter: `stackyard flags diff`."""

from typing import Any

import click

from portal.cli.asking import ENVIRONMENT
from portal.cli.command import Command, Session, pass_session
from portal.cli.shown import Facts, Lines, Shown, Tone, Word
from portal.cli.where import Where, environment_argument

DIFFERENCE = f"{ENVIRONMENT}/parameter-difference/{{parameter}}"
_SIGNS: dict[str, Tone] = {"-": "bad", "+": "good"}


@click.command("diff", cls=Command)
@environment_argument
@click.argument("flag", metavar="KEY")
@click.argument("before", required=False)
@click.argument("after", required=False)
@pass_session
def diff(session: Session, where: Where, flag: str, before: str | None, after: str | None) -> None:
    """Compare two versions of one, as the history shows them.

    \b
    stackyard flags diff fileshare/dev greeting v1.3 v1.5

    Without AFTER with the newest, without BEFORE the newest with the one before. Secrets are compared unseen.
    """
    query = {name: value for name, value in (("before", before), ("after", after)) if value}
    found = session.client.get(DIFFERENCE, query=query, app=where.app, name=where.name, parameter=flag)
    session.show(found, lambda: _shown(found))


def _shown(found: dict[str, Any]) -> Shown:
    lines = [Word(line, _SIGNS.get(line[:1], "")) for line in found["lines"]]
    same = "the same" if found["same"] else ""
    return [
        Facts([("Before", found["before"]), ("After", found["after"]), ("Values", same), ("Hidden", found["said"])]),
        Lines(lines),
    ]
