"""Stacks that were made by hand: `stackyard adopt list|show|stacks`."""

from typing import Any

import click

from portal.cli.command import Group, Session, pass_session
from portal.cli.following import Waiting, finish, waiting_options
from portal.cli.lists import list_options, show_list
from portal.cli.shown import Cell, Facts, Shown, Table, Word, some, when
from portal.cli.where import Where, environment_words

Pair = dict[str, Any]


@click.group(cls=Group)
def adopt() -> None:
    """Stacks made by hand under a name of a blueprint: written down as environments, and nothing altered in AWS."""


@adopt.command("list")
@list_options
@pass_session
def list_adoptable(session: Session, *, limit: int, cursor: str) -> None:
    """List what could be adopted, and why something cannot be."""
    found = session.client.pages("/adoptable", query={"cursor": cursor}, most=limit or None)
    columns = ["Environment", "Stage", "Stacks", "Missing", "Owner", "Not now"]
    rows = [_row(one) for one in found["items"]]
    show_list(session, found, lambda: Table(columns, rows, empty="There is nothing to adopt."))
    tell_survey(session, found["survey"])


@adopt.command("show")
@environment_words
@pass_session
def show(session: Session, where: Where) -> None:
    """Show the stacks that would be one environment, with their tables and tags."""
    found = session.client.get("/adoptable/{app}/{name}", app=where.app, name=where.name)
    session.show(found, lambda: _whole(found))


@adopt.command("stacks")
@environment_words
@click.option("--reason", default="", metavar="TEXT", help="Why; kept with the change.")
@click.option("--key", default="", metavar="KEY", help="Sent twice with one key, it is one change: build-17.")
@waiting_options
@pass_session
def adopt_stacks(session: Session, *, where: Where, reason: str, key: str, waiting: Waiting) -> None:
    """Adopt them.

    \b
    stackyard adopt stacks hello-erlang/dev --wait

    The plan compares them with the blueprint. The first update of the environment would bring the differences.
    """
    body = {"application": where.app, "name": where.name, "reason": reason}
    finish(session, session.client.send("POST", "/adoptions", body, key=key).data, waiting)


def tell_survey(session: Session, survey: dict[str, Any]) -> None:
    """Say how old a list is that the last survey made."""
    if survey["problem"]:
        session.note(f"The last look did not come to its end: {survey['problem']}")
    seen = f"As of {when(survey['at'])}." if survey["at"] else "Nobody has looked yet."
    now = "It is being looked at again." if survey["looking"] else "Look again: stackyard kept look-again"
    session.note(f"{seen} {now}")


def _row(one: Pair) -> list[Cell]:
    return [
        f"{one['application']}/{one['name']}",
        one["stage"],
        some(stack["name"] for stack in one["stacks"]),
        some(one["missing"]),
        one["owner"],
        Word(one["why_not"], "attention"),
    ]


def _whole(one: Pair) -> Shown:
    agree = f"{one['approvals_needed']} of {' or '.join(one['approver_groups'])}" if one["approvals_needed"] else ""
    return [
        Facts(
            [
                ("Environment", f"{one['application']}/{one['name']}"),
                ("Stage", one["stage"]),
                ("Missing", some(one["missing"])),
                ("Has to agree", agree or "nobody"),
                ("Not now", Word(one["why_not"], "attention") if one["why_not"] else ""),
            ]
        ),
        *(_stack(stack, one["tables"]) for stack in one["stacks"]),
    ]


def _stack(stack: Pair, tables: list[Pair]) -> Facts:
    return Facts(
        [
            ("Stack", stack["name"]),
            ("Status", stack["status"]),
            ("Made", when(stack["made_at"])),
            ("Changed", when(stack["updated_at"]) or "never"),
            *(("Table", f"{one['name']}, about {one['item_count']:,} items") for one in tables if _owns(stack, one)),
            *((f"Tag {name}", value) for name, value in sorted(stack["tags"].items())),
        ],
        title=f"{stack['kind'].capitalize()} stack",
    )


def _owns(stack: Pair, table: Pair) -> bool:
    return bool(table["stack"] == stack["name"])
