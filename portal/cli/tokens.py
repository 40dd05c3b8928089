"""One's own API tokens: `stackyard tokens list|revoke`."""

from datetime import UTC, datetime
from typing import Any

import click

from portal.cli.command import Group, Session, pass_session
from portal.cli.lists import list_options, show_list
from portal.cli.shown import Cell, Lines, Table, Word, some, when

TOKENS = "/me/tokens"


@click.group(cls=Group)
def tokens() -> None:
    """Your API tokens. They are made on your account page, and shown there once."""


@tokens.command("list")
@list_options
@pass_session
def list_tokens(session: Session, *, limit: int, cursor: str) -> None:
    """List your tokens, the newest first, without what is secret of them."""
    found = session.client.pages(TOKENS, query={"cursor": cursor}, most=limit or None)
    columns = ["#Number", "Name", "Begins with", "May", "Made", "Last used", "Ends", "State"]
    rows = [_row(one) for one in found["items"]]
    show_list(session, found, lambda: Table(columns, rows))


@tokens.command("revoke")
@click.argument("number", type=click.IntRange(1))
@pass_session
def revoke(session: Session, number: int) -> None:
    """End one of your tokens at once, by its number in the list. Whatever uses it is refused from then on."""
    found = session.client.send("POST", f"{TOKENS}/{{token}}/revoke", token=str(number)).data
    session.show(found, lambda: Lines([f"{found['name']} ({found['prefix']}) is revoked."]))
    if found["this"]:
        session.note("That is the one that you are logged in with: stackyard login takes another.")


def _row(one: dict[str, Any]) -> list[Cell]:
    return [
        str(one["number"]),
        one["name"],
        f"sy_{one['prefix']}",
        some(one["scopes"]),
        when(one["made_at"]),
        when(one["last_used_at"]) or "never",
        when(one["expires_at"]) or "not by itself",
        _state(one),
    ]


def _state(one: dict[str, Any]) -> Word:
    if one["revoked_at"]:
        return Word("revoked", "quiet")
    if one["expires_at"] and datetime.fromisoformat(one["expires_at"].replace("Z", "+00:00")) <= datetime.now(UTC):
        return Word("over", "quiet")
    return Word("this one" if one["this"] else "usable", "good")
