"""Changes: `stackyard changes list|show|watch|approve|reject|send-back|cancel|retry|run|reveal`."""

import sys
from typing import Any

import click

from portal.cli.asking import moment
from portal.cli.changes_kept import edit, plan, receipt, take_up
from portal.cli.changes_revealing import reveal
from portal.cli.command import Group, Session, pass_session
from portal.cli.failures import Exit, Failure
from portal.cli.following import (
    CHANGE,
    Waiting,
    change_facts,
    follow,
    waiting_options,
    watching_options,
)
from portal.cli.lists import list_options, nothing, show_list
from portal.cli.plans import plan_shown
from portal.cli.shown import Shown, Table, since, status, when


@click.group(cls=Group)
def changes() -> None:
    """Changes: their plans, their progress, and deciding about them."""


changes.add_command(reveal)


for _one in (plan, receipt, edit, take_up):
    changes.add_command(_one)


@changes.command("list")
@click.option("--app", default="", help="Of this application.")
@click.option("--env", "environment", default="", metavar="ENV", help="Of this environment: ENV or APP/ENV.")
@click.option("--status", "state", default="", help="With this status; open for all that are not over.")
@click.option("--kind", default="", help="Of this kind: create, update, park …")
@click.option("--mine", is_flag=True, help="That I asked for.")
@click.option("--waiting-for-me", is_flag=True, help="That I can decide about now.")
@click.option("-q", "words", default="", metavar="WORDS", help="With these words in reasons and names.")
@list_options
@pass_session
def list_changes(
    session: Session,
    *,
    app: str,
    environment: str,
    state: str,
    kind: str,
    mine: bool,
    waiting_for_me: bool,
    words: str,
    limit: int,
    cursor: str,
) -> None:
    """List changes, the newest first."""
    query = {
        "application": app,
        "environment": environment,
        "status": state,
        "kind": kind,
        "whose": "mine" if mine else "",
        "waits_for": "me" if waiting_for_me else "",
        "q": words,
        "cursor": cursor,
    }
    found = session.client.pages("/changes", query=query, most=limit or None)
    rows = [
        [
            one["id"],
            one["environment"],
            one["title"],
            status(one["status"]),
            one["requested_by"],
            when(one["requested_at"]),
            one["reason"],
        ]
        for one in found["items"]
    ]
    columns = ["Change", "Environment", "What", "Status", "By", "Requested", "Reason"]
    show_list(
        session,
        found,
        lambda: Table(columns, rows, empty=nothing(query, "There is no such change.", "There is no change yet.")),
    )


@changes.command("show")
@click.argument("change")
@pass_session
def show(session: Session, change: str) -> None:
    """Show a change with its plan, its steps and what was decided."""
    found = _read(session, change)
    session.show(found, lambda: _whole(found))


@changes.command("watch")
@click.argument("change")
@watching_options
@pass_session
def watch(session: Session, change: str, waiting: Waiting) -> None:
    """Follow a change to its end. Ctrl-C leaves it running."""
    follow(session, _read(session, change), waiting)


@changes.command("approve")
@click.argument("change")
@click.option("--comment", default="", metavar="TEXT", help="Kept with the decision.")
@click.option("--digest", default="", metavar="SHA256", help="Of the plan that was read, where nobody can be asked.")
@click.option("--yes", is_flag=True, help="Approve the plan that is there now without being asked.")
@click.option("--later", is_flag=True, help="It runs when somebody says so: stackyard changes run.")
@click.option("--start", metavar="TIME", help="It runs then: 8h (from now), or 2030-01-31T18:00.")
@waiting_options
@pass_session
def approve(
    session: Session,
    *,
    change: str,
    comment: str,
    digest: str,
    yes: bool,
    later: bool,
    start: str | None,
    waiting: Waiting,
) -> None:
    """Show a plan, and approve exactly that one.

    When the plan has moved since it was shown, nothing is approved.
    """
    if digest and yes:
        raise click.UsageError("Give --digest or --yes, not both.")
    if not digest:
        digest = _seen(session, change, yes=yes)
    body: dict[str, Any] = {"digest": digest, "comment": comment, "run": "later" if later else "now"}
    if start:
        body["start_at"] = moment(start, "--start")
    _do(session, change, "approve", body, waiting)


def _objection(name: str, said: str) -> None:
    """A command that says no, with a comment."""

    @changes.command(name, help=said)
    @click.argument("change")
    @click.option("--comment", default="", metavar="TEXT", help="Why.")
    @pass_session
    def object_to(session: Session, change: str, comment: str) -> None:
        why = comment or session.ask("Why? It is kept with the decision.")
        _do(session, change, name.replace("-", "_"), {"comment": why}, Waiting())


_objection("reject", "Reject a plan: it will not run.")
_objection("send-back", "Send a plan back: it is the requester's turn.")


def _act(name: str, said: str) -> None:
    """A command that needs no more than the change."""

    @changes.command(name, help=said)
    @click.argument("change")
    @waiting_options
    @pass_session
    def act(session: Session, change: str, waiting: Waiting) -> None:
        _do(session, change, name, None, waiting)


_act("cancel", "Cancel a change: take it back, or have what runs rolled back.")
_act("retry", "Try a failed change again from where it stopped.")
_act("run", "Run an approved change now that was held, or whose time has not come.")


def _read(session: Session, change: str) -> dict[str, Any]:
    found: dict[str, Any] = session.client.get(CHANGE, change=change)
    return found


def _seen(session: Session, change: str, *, yes: bool) -> str:
    """The digest of the plan that is shown, once somebody agreed to it. Raises Failure."""
    found = _read(session, change)
    if found["finished_at"]:
        over = found["status"].replace("_", " ")
        raise Failure(Exit.CONFLICT, f"This change is over, {over}: nobody decides about it any more.")
    session.draw_aside(_whole(found))
    if not found["digest"]:
        raise Failure(Exit.CONFLICT, "There is no plan yet that could be approved.")
    if not yes:
        if not sys.stdin.isatty():
            said = "Nobody can be asked here. Approve the plan that was read with --digest, or this one with --yes."
            raise Failure(Exit.USAGE, said)
        if session.ask("Approve this plan? (yes/no)").strip().lower() not in {"y", "yes"}:
            raise Failure(Exit.USAGE, "Nothing was approved.")
    return str(found["digest"])


def _do(session: Session, change: str, act: str, body: dict[str, Any] | None, waiting: Waiting) -> None:
    told = session.client.send("POST", f"{CHANGE}/{act}", body, change=change).data
    if waiting.wait:
        follow(session, told, waiting)
    session.show(told, lambda: change_facts(told))
    if not told["finished_at"]:
        session.note(f"Follow it: stackyard changes watch {told['id']}")


def _whole(found: dict[str, Any]) -> Shown:
    plan = plan_shown(found)
    steps = [[one["label"], status(one["state"]), _took(one), one["note"]] for one in found["steps"]]
    decisions = [[status(one["verdict"]), one["by"], when(one["at"]), one["comment"]] for one in found["decisions"]]
    return [
        change_facts(found),
        *([plan] if not isinstance(plan, list) else plan),
        *([Table(["Step", "State", "#Took", "Note"], steps)] if steps else []),
        *([Table(["Decision", "By", "When", "Comment"], decisions)] if decisions else []),
    ]


def _took(step: dict[str, Any]) -> str:
    return since(step["started_at"], step["finished_at"]) if step["started_at"] and step["finished_at"] else ""
