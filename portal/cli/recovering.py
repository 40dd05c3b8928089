"""Stacks that are stuck, and the one way out of each: `stackyard env stuck|recover`."""

import sys
from typing import Any

import click

from portal.cli.asking import ENVIRONMENT, STACKS, Asked, confirmed, request_options, said
from portal.cli.command import Command, Session, pass_session
from portal.cli.failures import Exit, Failure
from portal.cli.following import CHANGE, finish
from portal.cli.shown import Facts, Lines, Table, Word
from portal.cli.where import Where, environment_words

WAYS = ("retry", "delete", "roll_back", "continue", "retain", "force")
Stuck = dict[str, Any]


@click.command("stuck", cls=Command)
@environment_words
@pass_session
def stuck(session: Session, where: Where) -> None:
    """Show the stacks that are stuck, why, and the way out of each."""
    found = _read(session, where)
    parts = [part for one in found["stacks"] for part in _shown(one)]
    session.show(found, lambda: parts or Lines([f"No stack of {where} is stuck."]))


@click.command("recover", cls=Command)
@environment_words
@click.option("--stack", type=click.Choice(STACKS), help="This stack, where both are stuck.")
@click.option("--what", type=click.Choice(WAYS), help="The way out that was read, where nobody can be asked.")
@click.option("--spare", "spared", multiple=True, metavar="RESOURCE", help="Skip it, or leave it behind.")
@click.option("--spare-none", is_flag=True, help="Skip nothing, whatever is proposed.")
@click.option("--confirm", metavar="ENV", help="The environment's name, where a deletion is forced.")
@request_options
@pass_session
def recover(
    session: Session,
    *,
    where: Where,
    stack: str | None,
    what: str | None,
    spared: tuple[str, ...],
    spare_none: bool,
    confirm: str | None,
    asked: Asked,
) -> None:
    """Get a stack out of where it is stuck. Shows the way out, and asks.

    What the way out proposes to skip or to leave behind is spared unless something else is said; that needs a reason.
    """
    if spared and spare_none:
        raise click.UsageError("Give --spare or --spare-none, not both.")
    found = _chosen(_read(session, where)["stacks"], where, stack)
    session.draw_aside(_shown(found))
    _require_way(session, found, what)
    if found["retry"]:
        told = session.client.send("POST", f"{CHANGE}/retry", key=asked.key, change=found["retry"])
        finish(session, told.data, asked.waiting)
        return
    proposed = [one["logical_id"] for one in found["spares"]] if found["proposed"] and not spare_none else []
    body: dict[str, Any] = {"stack": found["kind"], "what": found["what"], "spared": list(spared) or proposed}
    if found["names"]:
        body["confirm"] = confirmed(session, where, confirm, found["sentence"])
    path = f"{ENVIRONMENT}/recoveries"
    sent = said(asked, body)
    finish(
        session,
        session.client.send("POST", path, sent, key=asked.key, app=where.app, name=where.name).data,
        asked.waiting,
    )


def _read(session: Session, where: Where) -> dict[str, Any]:
    found: dict[str, Any] = session.client.get(f"{ENVIRONMENT}/recovery", app=where.app, name=where.name)
    return found


def _chosen(stacks: list[Stuck], where: Where, kind: str | None) -> Stuck:
    found = [one for one in stacks if kind in (None, one["kind"])]
    if not found:
        raise Failure(
            Exit.CONFLICT, f"No stack of {where} is stuck." if kind is None else f"The {kind} stack is not stuck."
        )
    if len(found) > 1:
        raise Failure(Exit.USAGE, "Both stacks are stuck. Add --stack data, and then --stack compute.")
    return found[0]


def _require_way(session: Session, found: Stuck, what: str | None) -> None:
    """Go on only where somebody means the way out that there is now. Raises Failure."""
    if found["why_not"] or not found["what"]:
        raise Failure(Exit.CONFLICT, found["why_not"] or found["sentence"])
    if what is None and not sys.stdin.isatty():
        raise Failure(Exit.USAGE, f"Nobody can be asked here. To mean it, add --what {found['what']}")
    if what not in (None, found["what"]):
        raise Failure(Exit.CONFLICT, f"The way out is {found['what']} now, not {what}. Look at it again.")
    if what is None and session.ask(f"{found['label']}? (yes/no)").strip().lower() not in {"y", "yes"}:
        raise Failure(Exit.USAGE, "Nothing was asked for.")


def _shown(one: Stuck) -> list[Facts | Table]:
    rows = [[each["logical_id"], each["type"], each["reason"]] for each in one["spares"]]
    about = Facts(
        [
            ("Stack", one["name"]),
            ("Status", Word(one["status"], "bad")),
            ("State", one["condition"]),
            ("Because", one["cause"]),
            ("Way out", f"{one['label']} ({one['what']})" if one["what"] else "none from here"),
            ("What it does", one["sentence"]),
            ("Second person", "has to agree" if one["second_person"] else ""),
            ("Not now", Word(one["why_not"], "attention") if one["why_not"] else ""),
        ],
        title=f"{one['kind'].capitalize()} stack",
    )
    return [about, Table(["Spared" if one["proposed"] else "May be spared", "Type", "AWS says"], rows, empty="")]
