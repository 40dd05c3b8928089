"""What is kept of a change, and asking for it again: `stackyard changes plan|receipt|edit|take-up`."""

from typing import Any

import click

from portal.cli.asking import Asked, Parameters, placed, request_options, said, value_options
from portal.cli.command import Command, Session, pass_session
from portal.cli.failures import Exit, Failure
from portal.cli.following import CHANGE, change_facts, finish
from portal.cli.plans import plan_shown
from portal.cli.prices import Usage, usage_options
from portal.cli.shown import Cell, Facts, Shown, Table, Tone, Word, some, status, when

_OUTCOMES: dict[str, Tone] = {"deleted": "bad", "kept": "good", "skipped": "attention"}
Found = dict[str, Any]


@click.command("plan", cls=Command)
@click.argument("change")
@click.option("--number", type=click.IntRange(1), help="An earlier plan; the one that counts unless said.")
@pass_session
def plan(session: Session, change: str, number: int | None) -> None:
    """Show a plan as it was sealed, with the decisions about it. Earlier ones stay readable."""
    plans = session.client.get(f"{CHANGE}/plans", change=change)["items"]
    if not plans:
        raise Failure(Exit.CONFLICT, "There is no plan yet.")
    wanted = number or next((one["number"] for one in reversed(plans) if one["current"]), plans[-1]["number"])
    found = session.client.get(f"{CHANGE}/plans/{{number}}", change=change, number=str(wanted))
    session.show(found, lambda: _plan(found))
    others = [str(one["number"]) for one in plans if one["number"] != wanted]
    if others:
        session.note(f"There are other plans of this change: --number {some(others)}")


@click.command("receipt", cls=Command)
@click.argument("change")
@pass_session
def receipt(session: Session, change: str) -> None:
    """Show what a deletion of data deleted, kept and skipped, with its backups."""
    found = session.client.get(f"{CHANGE}/receipt", change=change)
    session.show(found, lambda: _receipt(found["receipt"]))


@click.command("edit", cls=Command)
@click.argument("change")
@value_options
@click.option("--lifetime", type=click.IntRange(1, 366), metavar="DAYS", help="How many days a new one is to last.")
@usage_options
@request_options
@pass_session
def edit(
    session: Session,
    *,
    change: str,
    given: Parameters,
    lifetime: int | None,
    usage: Usage | None,
    asked: Asked,
) -> None:
    """Ask again with other values, instead of a change that waits or was sent back.

    What is not set stays as it was asked for, and so does the reason. The answer is the new change.
    """
    app = session.client.get(CHANGE, change=change)["environment"].partition("/")[0]
    values = placed(session, app, given)
    body = said(asked, {"parameters": values, "lifetime_days": lifetime, "usage": usage})
    told = session.client.send("POST", f"{CHANGE}/edit", body, key=asked.key, change=change)
    finish(session, told.data, asked.waiting)


@click.command("take-up", cls=Command)
@click.argument("change")
@click.option("--reason", required=True, metavar="TEXT", help="What was found, or mended; kept in the audit.")
@pass_session
def take_up(session: Session, change: str, reason: str) -> None:
    """Have a change go on that was set aside because workers ended at it. For admins."""
    found = session.client.send("POST", f"{CHANGE}/take_up", {"reason": reason}, change=change).data
    session.show(found, lambda: change_facts(found))


def _plan(found: Found) -> Shown:
    state = Word("the one that counts", "good") if found["current"] else Word("void", "quiet")
    about = Facts(
        [
            ("Change", found["change"]),
            ("Environment", found["environment"]),
            ("Plan", str(found["number"])),
            ("Is", state),
            ("Because", found["void_because"]),
            ("Sealed", when(found["sealed_at"])),
            ("Digest", found["digest"]),
        ]
    )
    shown = plan_shown({**found, "findings": found["plan"].get("findings") or ()})
    decisions = [[status(one["verdict"]), one["by"], when(one["at"]), one["comment"]] for one in found["decisions"]]
    return [
        about,
        *([shown] if not isinstance(shown, list) else shown),
        Table(["Decision", "By", "When", "Comment"], decisions, empty=""),
    ]


def _receipt(found: Found) -> Shown:
    stack = found.get("stack") or {}
    tables = [
        [one["name"], _outcome(one), f"{one['items']:,}" if one.get("items") is not None else "", _backup(one)]
        for one in found.get("tables") or ()
    ]
    others = [
        [one.get("logical_id") or "", _outcome(one), one.get("physical_id") or "", one.get("reason") or ""]
        for one in (*([{"logical_id": stack["name"], **stack}] if stack else []), *(found.get("resources") or ()))
    ]
    return [
        Facts(
            [
                ("Asked for by", found.get("who")),
                ("Approved by", some(found.get("approved_by") or ())),
                ("Because", found.get("why")),
                ("Began", when(found.get("at"))),
                ("Ended", when(found.get("ended_at")) or "not yet"),
            ]
        ),
        Table(["Table", "What became of it", "#Items", "Backup"], tables, empty=""),
        Table(["Resource", "What became of it", "Id", "Because"], others, empty=""),
    ]


def _outcome(one: Found) -> Word:
    word = str(one.get("outcome") or "not yet")
    return Word(word, _OUTCOMES.get(word, "quiet"))


def _backup(one: Found) -> Cell:
    return one.get("backup_arn") or one.get("reason") or ""
