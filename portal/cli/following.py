"""Following a change to its end: what it waits for, how far it is, and which exit code it earns."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from importlib import import_module
from typing import Any, NoReturn, Protocol, cast

import click

from portal.cli.command import Session
from portal.cli.failures import Exit, Failure
from portal.cli.shown import Facts, Shown, since, status, when

Change = dict[str, Any]
Event = dict[str, Any]
CHANGE = "/changes/{change}"
_EVERY, _SLOWEST = 1.0, 5.0  # seconds between two looks, while something moves and when nothing has for long
_SLOWER = 1.25
_AWAY_FOR = 300.0  # seconds that a server may be away while somebody waits: it may be restarted meanwhile
_ENDS = {"succeeded": Exit.DONE}


@dataclass(frozen=True)
class Waiting:
    """Whether to wait, also for people and times, for how many seconds at most, and how often to look."""

    wait: bool = False
    approval: bool = False
    timeout: float | None = None
    every: float = _EVERY


class Teller(Protocol):
    """What shows how a change gets on."""

    def tell(self, change: Change, events: list[Event]) -> None:
        """Show where it is now, with what happened since the last time."""

    def stop(self) -> None:
        """Leave the terminal as it was."""


def waiting_options(run: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `waiting`, from --wait, --wait-approval, --timeout and --every."""

    @wraps(run)
    def waited(*args: Any, wait: bool, wait_approval: bool, timeout: float | None, every: float, **kwargs: Any) -> Any:
        return run(*args, waiting=Waiting(wait or wait_approval, wait_approval, timeout, every), **kwargs)

    wait = click.option("--wait", is_flag=True, help="Follow the change to its end; its end is the exit code.")
    return wait(_how(waited))


def watching_options(run: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a command that does nothing but wait."""

    @wraps(run)
    def watched(*args: Any, wait_approval: bool, timeout: float | None, every: float, **kwargs: Any) -> Any:
        return run(*args, waiting=Waiting(wait=True, approval=wait_approval, timeout=timeout, every=every), **kwargs)

    return _how(watched)


def _how(run: Callable[..., Any]) -> Callable[..., Any]:
    approval = click.option("--wait-approval", is_flag=True, help="Wait for people and for its time as well.")
    timeout = click.option("--timeout", type=click.FloatRange(min=0), metavar="SECONDS", help="Wait so long at most.")
    every = click.option(
        "--every", type=click.FloatRange(min=0.05), default=_EVERY, metavar="SECONDS", help="Look so often."
    )
    return approval(timeout(every(run)))


def finish(session: Session, change: Change, waiting: Waiting) -> None:
    """Answer with a change: as it is, or with --wait as it is at its end, whose exit code the command then has."""
    if not waiting.wait:
        session.show(change, lambda: change_facts(change))
        session.note(f"Follow it: stackyard changes watch {change['id']}")
        return
    follow(session, change, waiting)


def follow(session: Session, change: Change, waiting: Waiting) -> NoReturn:
    """Follow a change to its end, and exit as it ended. Ctrl-C leaves it running. Raises Failure."""
    following = _Following(session, change["id"], waiting)
    try:
        found, exit_code = following.run(change)
    except KeyboardInterrupt:
        following.teller.stop()
        session.note(f"The change goes on. Follow it: stackyard changes watch {change['id']}")
        session.note(f"Cancel it: stackyard changes cancel {change['id']}")
        sys.exit(Exit.INTERRUPTED)
    session.show(found, lambda: change_facts(found))
    for line in _what_now(found, exit_code):
        session.note(line)
    sys.exit(exit_code)


def change_facts(change: Change) -> Shown:
    """A change as it stands, in a few lines."""
    problem = change.get("problem") or {}
    return Facts(
        [
            ("Change", change["id"]),
            ("Environment", change["environment"]),
            ("Status", status(change["status"])),
            ("Waits for", change.get("waiting_for", "")),
            ("Problem", problem.get("sentence", "")),
            ("Requested", f"by {change['requested_by']}, {when(change['requested_at'])}"),
            ("Reason", change["reason"]),
            ("Not before", when(change.get("start_at"))),
            ("Took", since(change.get("started_at"), change["finished_at"]) if change["finished_at"] else ""),
        ],
        title=change["title"],
    )


class _Following:
    """One change being followed."""

    def __init__(self, session: Session, change_id: str, waiting: Waiting) -> None:
        self._session, self._id, self._waiting = session, change_id, waiting
        self._etag, self._last = "", 0
        self._change: Change = {}
        self.teller = _teller()

    def run(self, change: Change) -> tuple[Change, Exit]:
        """The change where it is not followed any further, and what that means."""
        deadline = None if self._waiting.timeout is None else time.monotonic() + self._waiting.timeout
        pause, self._change = self._waiting.every, change
        try:
            while True:
                moved = self._look()
                exit_code = self._end()
                if exit_code is not None:
                    return self._change, exit_code
                if deadline is not None and time.monotonic() >= deadline:
                    return self._change, Exit.TIMED_OUT
                pause = self._waiting.every if moved else min(pause * _SLOWER, max(_SLOWEST, self._waiting.every))
                time.sleep(pause if deadline is None else min(pause, max(0.0, deadline - time.monotonic())))
        finally:
            self.teller.stop()

    def _look(self) -> bool:
        """Read where it is and what happened; whether that is anything new."""
        since_when = time.monotonic()
        while True:
            try:
                changed, events = self._read(), self._events()
            except Failure as failure:
                if failure.exit_code is not Exit.AWAY or time.monotonic() - since_when > _AWAY_FOR:
                    self._session.note(f"Go on: stackyard changes watch {self._id}")
                    raise
                self._session.note(f"{failure.sentence} Looking again; the change goes on without us.")
                time.sleep(_SLOWEST)
            else:
                self.teller.tell(self._change, events)
                return changed or bool(events)

    def _read(self) -> bool:
        headers = {"If-None-Match": self._etag} if self._etag else {}
        told = self._session.client.ask("GET", CHANGE, headers=headers, change=self._id)
        if told.status == 304:
            return False
        self._etag, self._change = told.etag, told.data
        return True

    def _events(self) -> list[Event]:
        found: list[Event] = []
        while True:
            page = self._session.client.get(f"{CHANGE}/events", query={"after": self._last}, change=self._id)
            found += page["items"]
            self._last = page["last"]
            if not page["items"] or page["over"]:
                return found

    def _end(self) -> Exit | None:
        """What it means where it is now; None to go on looking."""
        change = self._change
        if change["finished_at"]:
            return _ENDS.get(change["status"], Exit.FAILED)
        if change["sent_back"]:
            return Exit.WAITING
        waits = change["status"] == "awaiting_approval" or change["held"] or _is_later(change["start_at"])
        return Exit.WAITING if waits and change["status"] != "planning" and not self._waiting.approval else None


def _is_later(moment: str | None) -> bool:
    return moment is not None and datetime.fromisoformat(moment.replace("Z", "+00:00")) > datetime.now(UTC)


def _what_now(change: Change, exit_code: Exit) -> list[str]:
    """What a person can do next, where it is not over."""
    watch = f"stackyard changes watch {change['id']}"
    if exit_code is Exit.TIMED_OUT:
        return [f"It goes on. Follow it: {watch}"]
    if change["status"] == "failed":
        return [f"Try again from where it stopped: stackyard changes retry {change['id']}"]
    if exit_code is not Exit.WAITING:
        return []
    if change["sent_back"]:
        return [f"It was sent back. Ask again with other values: stackyard changes edit {change['id']}, or cancel it."]
    if change["status"] == "awaiting_approval":
        groups = " or ".join(change["approver_groups"]) or "somebody"
        return [
            f"It waits for {change['approvals_needed']} of {groups}: stackyard changes approve {change['id']}",
            f"Follow it: {watch} --wait-approval",
        ]
    if change["held"]:
        return [f"It is approved and runs when somebody says so: stackyard changes run {change['id']}"]
    return [f"It runs at {when(change['start_at'])}. Follow it: {watch} --wait-approval"]


def _teller() -> Teller:
    """A display on a terminal, lines elsewhere."""
    name = "portal.cli.progress" if sys.stderr.isatty() else "portal.cli.telling"
    return cast("Teller", import_module(name).teller(sys.stderr))
