"""A secret's value, for a reason: `stackyard flags reveal`."""

from typing import Any

import click

from portal.cli.asking import ENVIRONMENT
from portal.cli.command import Command, Session, pass_session
from portal.cli.exact import write_out
from portal.cli.flags_asking import read_version
from portal.cli.shown import Lines
from portal.cli.where import Where, environment_argument

REVEAL = f"{ENVIRONMENT}/parameter-reveal/{{parameter}}"


@click.command("reveal", cls=Command)
@environment_argument
@click.argument("flag", metavar="KEY")
@click.option("--reason", required=True, metavar="TEXT", help="Why; kept in the audit.")
@click.option("--version", metavar="VERSION", help="An earlier one, as the history shows it: v1.3.")
@pass_session
def reveal(session: Session, where: Where, flag: str, reason: str, version: str | None) -> None:
    """Write the value of a secret, and nothing beside it. The audit says who read which version, and why."""
    body: dict[str, Any] = {"reason": reason}
    if version is not None:
        generation, number = read_version(version, "--version")
        body |= {"version": number} | ({"generation": generation} if generation else {})
    found = session.client.ask("POST", REVEAL, body, app=where.app, name=where.name, parameter=flag).data
    if session.json:
        session.show(found, Lines)
    else:
        write_out(f"{found['value']}\n")
