"""Whether work gets done: `stackyard engine`."""

from datetime import timedelta
from typing import Any

import click

from portal.cli.command import Command, Session, pass_session
from portal.cli.shown import Cell, Facts, Shown, Table, Word, duration, when

_CALLS = ["Account", "Calls", "#Left", "#A second", "#Made", "#Held back", "#Throttled", "Last throttled"]


@click.command(cls=Command)
@pass_session
def engine(session: Session) -> None:
    """Show whether workers get things done, what they have set aside, and what AWS may still be asked.

    For admins and auditors.
    """
    found = session.client.get("/engine")
    session.show(found, lambda: _shown(found))


def _shown(found: dict[str, Any]) -> Shown:
    asides = [
        [one["id"], one["title"], one["environment"], one["because"], when(one["set_aside_at"])]
        for one in found["set_aside"]
    ]
    accounts = [
        [one["account"], one["region"], str(one["moving"]), when(one["seen_at"]), when(one["compared_at"])]
        for one in found["accounts"]
    ]
    calls = [_budget(one["account"], budget) for one in found["accounts"] for budget in one["budgets"]]
    return [
        Facts(_about(found)),
        Table(["Set aside", "What", "Environment", "Because", "Since"], asides, empty="Nothing is set aside."),
        Table(
            ["Account", "Region", "#Moving", "Last seen", "All compared"], accounts, empty="There is no account yet."
        ),
        Table(_CALLS, calls, empty=""),
        Table(["Worker", "Last sweep by it"], [[one["name"], when(one["at"])] for one in found["workers"]], empty=""),
    ]


def _about(found: dict[str, Any]) -> list[tuple[str, Cell]]:
    sweep: Cell = when(found["sweep_at"]) or "never"
    if found["silent"]:
        sweep = Word(f"{sweep}: no worker finishes any, so nothing goes on", "bad")
    overdue: Cell = Word(str(found["overdue"]), "attention") if found["overdue"] else "0"
    return [
        ("Last sweep", sweep),
        ("Workers", str(len(found["workers"]))),
        ("Stacks that move", str(found["moving"])),
        ("Changes due", str(found["due"])),
        ("Overdue", overdue),
        ("Longest wait", None if found["lag"] is None else duration(timedelta(seconds=found["lag"]))),
        ("Set aside", str(found["set_aside_count"])),
        ("Hints from AWS", _hints(found["hints"])),
    ]


def _hints(one: dict[str, Any]) -> Cell:
    if not one["on"]:
        return "off"
    if one["problem"]:
        return Word(one["problem"], "attention")
    return f"on, last one about a stack of ours {when(one['hint_at']) or 'never'}"


def _budget(account: str, one: dict[str, Any]) -> list[Cell]:
    return [
        account,
        one["kind"],
        f"{one['left']} of {one['burst']}",
        f"{one['rate']:g}",
        str(one["taken"]),
        str(one["held_back"]),
        str(one["throttled"]),
        when(one["throttled_at"]) or "never",
    ]
