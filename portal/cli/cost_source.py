"""How costs are known: `stackyard cost-source`, and having them read now: `stackyard cost-refresh`."""

from typing import Any

import click

from portal.cli.command import Command, Session, pass_session
from portal.cli.costs import SOURCES, amount
from portal.cli.shown import Cell, Facts, Lines, Shown, Table, Word, some, status, when

_TABLE = ["Reading", "Status", "Asked", "By", "Days", "#Pages", "#Changed", "Problem"]


@click.command("cost-source", cls=Command)
@pass_session
def cost_source(session: Session) -> None:
    """Show where costs come from: what reading them has cost, the tags that split them, what AWS changed later."""
    found = session.client.get("/costs/source")
    session.show(found, lambda: _shown(found))


@click.command("cost-refresh", cls=Command)
@click.option("--key", default="", metavar="KEY", help="Sent twice with one key, it is read once: nightly-17.")
@pass_session
def cost_refresh(session: Session, key: str) -> None:
    """Have costs read now, which AWS charges by the page. For admins.

    The new amounts are there once the whole reading is: `stackyard cost-source` says how far it is.
    """
    found = session.client.send("POST", "/costs/refresh", key=key).data
    said = f"Costs of {_days(found)} are being read: reading {found['id']} is {found['status']}."
    session.show(found, lambda: Lines([said]))


def _shown(found: dict[str, Any]) -> Shown:
    changes = [
        [one["day"], _whose(one), one["service"], amount(one["before"]), amount(one["after"]), when(one["at"])]
        for one in found["revisions"]
    ]
    untagged = [
        [one["name"], some(one["missing"]), "" if one["ours"] else Word("not ours", "quiet")]
        for one in found["untagged"]
    ]
    return [
        Facts(_about(found)),
        Table(["Tag", "Active", "Problem"], [_tag(one) for one in found["tags"]] if found["cost_explorer"] else [], ""),
        Table(_TABLE, [_reading(one) for one in found["readings"]], empty=""),
        Table(
            ["Alike but for case", "Names"], [[one["of"], some(one["names"])] for one in found["variants"]], empty=""
        ),
        Table(["Stack without tags", "Lacks", ""], untagged, empty=""),
        Table(["Changed later", "Of", "Service", "#Was", "#Is", "Read"], changes, empty=""),
    ]


def _about(found: dict[str, Any]) -> list[tuple[str, Cell]]:
    source = found["source"]
    about: list[tuple[str, Cell]] = [
        ("Source", SOURCES.get(source, source) if source else Word("nothing is known yet", "attention")),
        ("Read", when(found["as_of"])),
    ]
    if not found["cost_explorer"]:
        return [*about, ("Cost Explorer", "none here: Stackyard reckons every hour, at list prices")]
    spent = f"{amount(found['spent'])} of at most {amount(found['cap'])} USD this month, for {found['pages']} pages"
    changed = f"{found['revised']} amounts, the newest {len(found['revisions'])} shown" if found["revised"] else None
    return [*about, ("Reading has cost", spent), ("Changed later", changed)]


def _tag(one: dict[str, Any]) -> list[Cell]:
    return [one["key"], Word("yes", "good") if one["active"] else Word("no", "attention"), one["problem"]]


def _reading(one: dict[str, Any]) -> list[Cell]:
    return [
        str(one["id"]),
        status(one["status"]),
        when(one["asked_at"]),
        one["asked_by"] or Word("Stackyard", "quiet"),
        _days(one),
        str(one["pages"]),
        str(one["changed"]),
        one["problem"],
    ]


def _days(one: dict[str, Any]) -> str:
    return f"{one['first_day']} to {one['last_day']}"


def _whose(one: dict[str, Any]) -> str:
    return f"{one['application']}/{one['environment']}" if one["application"] or one["environment"] else "no tags"
