"""Finding anything, and what is mine: `stackyard search`, `stackyard home`."""

from typing import Any

import click

from portal.cli.command import Command, Session, pass_session
from portal.cli.costs import amount
from portal.cli.shown import Facts, Shown, Table, Tone, Word, status, when

_MANY = 100


@click.command(cls=Command)
@click.argument("text", nargs=-1, required=True, metavar="WORDS")
@pass_session
def search(session: Session, text: tuple[str, ...]) -> None:
    """Find environments, tables, parameters and changes that have all of these words; yours come first.

    Words are parts of names, of reasons that were given, or the start of a change's id. Values are not looked at.
    """
    found = session.client.get("/search", query={"q": " ".join(text)})
    session.show(found, lambda: _found(found))
    if found["more"]:
        session.note(f"The ten that fit best; there are more {' and '.join(found['more'])}. Add a word.")


@click.command(cls=Command)
@pass_session
def home(session: Session) -> None:
    """Show what is mine: environments, what waits for me, what is running, what happened, this month's money."""
    found = session.client.get("/home")
    session.show(found, lambda: _home(found))


def _found(found: dict[str, Any]) -> Shown:
    parts = [
        _environments(found["environments"], "Environment"),
        Table(["Table", "Environment"], [[one["name"], one["environment"]] for one in found["tables"]], empty=""),
        Table(
            ["Parameter", "Environment"], [[one["key"], one["environment"]] for one in found["parameters"]], empty=""
        ),
        _changes(found["changes"], "Change"),
    ]
    return parts if any(part.rows for part in parts) else Table([], [], empty="Nothing has all of these words.")


def _home(found: dict[str, Any]) -> Shown:
    told = [[Word(one["sentence"], _tone(one))] for one in found["told"]]
    return [
        Facts(
            [
                ("My environments", str(found["environment_count"])),
                ("A month", f"≈ {amount(found['monthly'])} USD estimated" if found["monthly"] else None),
                ("This month", f"{amount(found['spent'])} USD so far" if found["spent"] else None),
                ("Waits for me", str(found["waiting_count"])),
                ("Running", str(found["running_count"])),
                ("Jobs on items", str(found["jobs_count"]) if found["jobs_count"] else None),
            ]
        ),
        Table(["Budgets"], told, empty=""),
        _environments(found["environments"], "Mine"),
        _changes(found["waiting"], "Waits for me"),
        _changes(found["running"], "Running"),
        _changes(found["recent"], "Lately"),
    ]


def _tone(told: dict[str, Any]) -> Tone:
    threshold = told["threshold"]
    return "bad" if threshold is not None and threshold >= _MANY else "attention"


def _environments(items: list[dict[str, Any]], title: str) -> Table:
    rows = [
        [
            f"{one['application']}/{one['name']}",
            one["stage"],
            status(one["status"]),
            one["owner"],
            when(one["expires_at"]),
        ]
        for one in items
    ]
    return Table([title, "Stage", "Status", "Owner", "Ends"], rows, empty="")


def _changes(items: list[dict[str, Any]], title: str) -> Table:
    rows = [
        [
            one["id"],
            one["title"],
            one["environment"],
            status(one["status"]),
            one["requested_by"],
            when(one["requested_at"]),
        ]
        for one in items
    ]
    return Table([title, "What", "Environment", "Status", "By", "Asked"], rows, empty="")
