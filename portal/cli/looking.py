"""Having AWS looked at again, and what happened: `stackyard env look-again|activity`."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

from portal.cli.asking import ENVIRONMENT
from portal.cli.command import Command, Session, pass_session
from portal.cli.failures import Exit
from portal.cli.lists import list_options, show_list
from portal.cli.shown import Cell, Facts, Shown, Table, Word, status, when
from portal.cli.where import Where, environment_words

LOOK, ACTIVITY = f"{ENVIRONMENT}/look", f"{ENVIRONMENT}/activity"
_EVERY = 1.0  # seconds between two questions whether it is over
Found = dict[str, Any]


@dataclass(frozen=True)
class Patience:
    """Whether to wait until a look is over, for how many seconds at most, and how often to ask."""

    wait: bool
    timeout: float | None
    every: float


def patience_options(run: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `patience`, from --wait, --timeout and --every."""

    @wraps(run)
    def patient(*args: Any, wait: bool, timeout: float | None, every: float, **kwargs: Any) -> Any:
        return run(*args, patience=Patience(wait, timeout, every), **kwargs)

    waits = click.option("--wait", is_flag=True, help="Wait until it is over, and show what was found.")
    timeout = click.option("--timeout", type=click.FloatRange(min=0), metavar="SECONDS", help="Wait so long at most.")
    every = click.option(
        "--every", type=click.FloatRange(min=0.05), default=_EVERY, metavar="SECONDS", help="Ask so often."
    )
    return waits(timeout(every(patient)))


def show_at_rest(
    session: Session, found: Found, patience: Patience, read: Callable[[], Found], shown: Callable[[Found], Shown]
) -> None:
    """Answer with what a look has found: at once, or with --wait once it is over. Exits where that took too long."""
    deadline = None if patience.timeout is None else time.monotonic() + patience.timeout
    while patience.wait and _moves(found) and (deadline is None or time.monotonic() < deadline):
        time.sleep(patience.every if deadline is None else min(patience.every, max(0.0, deadline - time.monotonic())))
        found = read()
    session.show(found, lambda: shown(found))
    if patience.wait and _moves(found):
        session.note("It goes on.")
        sys.exit(Exit.TIMED_OUT)


def _moves(found: Found) -> bool:
    return bool(found.get("looking") or found.get("checking"))


@click.command("look-again", cls=Command)
@environment_words
@patience_options
@pass_session
def look_again(session: Session, where: Where, patience: Patience) -> None:
    """Have AWS asked what both stacks are now."""
    found = session.client.send("POST", LOOK, app=where.app, name=where.name).data
    show_at_rest(session, found, patience, lambda: _look(session, where), look_shown)


@click.command("activity", cls=Command)
@environment_words
@list_options
@pass_session
def activity(session: Session, *, where: Where, limit: int, cursor: str) -> None:
    """Show what happened to an environment, the newest first."""
    query = {"cursor": cursor}
    found = session.client.pages(ACTIVITY, query=query, most=limit or None, app=where.app, name=where.name)
    columns = ["When", "By", "What", "Status", "Because", "Change"]
    rows = [_happened(one) for one in found["items"]]
    show_list(session, found, lambda: Table(columns, rows, empty="Nothing has happened yet."))


def look_shown(found: Found) -> Facts:
    """How old what is known is."""
    return Facts(
        [
            ("Seen", when(found["at"]) or "never"),
            ("Looks again", "now" if found["looking"] else ""),
            ("Problem", found.get("problem", "")),
        ]
    )


def _look(session: Session, where: Where) -> Found:
    found: Found = session.client.get(LOOK, app=where.app, name=where.name)
    return found


def _happened(one: Found) -> list[Cell]:
    change = one["change"]
    if change is None:
        entry = one["entries"][0]
        return [when(one["at"]), _who(entry["by"]), entry["summary"], "", entry["reason"], ""]
    because = change["problem"] or change["reason"]
    return [when(one["at"]), change["requested_by"], change["title"], status(change["status"]), because, change["id"]]


def _who(name: str | None) -> Cell:
    return name or Word("Stackyard", "quiet")
