"""Budgets: `stackyard budgets list|set|remove`."""

from typing import Any

import click

from portal.cli.command import Group, Session, pass_session
from portal.cli.costs import amount
from portal.cli.failures import Exit, Failure
from portal.cli.lists import list_options, nothing, show_list
from portal.cli.shown import Cell, Lines, Table, Tone, Word

BUDGETS = "/budgets"
_SCOPES = ["environment", "application", "owner"]
_WHOLE = 100
Budget = dict[str, Any]


@click.group(cls=Group)
def budgets() -> None:
    """Budgets: what may be spent a month, how much of it is, and whom that is told."""


_NONE = "There is no budget yet. Set one: stackyard budgets set APP/ENV DOLLARS"


@budgets.command("list")
@click.option("--scope", type=click.Choice(_SCOPES), help="Of environments, of applications, or of people and teams.")
@click.option("--of", "subject", default="", metavar="NAME", help="Of this one: APP/ENV, APP, a person or a team.")
@list_options
@pass_session
def list_budgets(session: Session, *, scope: str | None, subject: str, limit: int, cursor: str) -> None:
    """List budgets and how each stands. Days that are still coming in are counted in."""
    query = {"scope": scope or "", "subject": subject, "cursor": cursor}
    found = session.client.pages(BUDGETS, query=query, most=limit or None)
    columns = ["Of", "Kind", "#A month", "#So far", "#Used", "#Forecast", "Told", "Set by"]
    rows = [_row(one) for one in found["items"]]
    show_list(session, found, lambda: Table(columns, rows, empty=nothing(query, "There is no such budget.", _NONE)))


@budgets.command("set")
@click.argument("subject", metavar="APP/ENV|APP|NAME")
@click.argument("monthly", metavar="DOLLARS")
@click.option("--scope", type=click.Choice(_SCOPES), help="What it is of, where it is no APP/ENV.")
@click.option("--at", "thresholds", default="", metavar="PER CENTS", help="When to tell.  [default: 50,80,100]")
@pass_session
def set_budget(session: Session, *, subject: str, monthly: str, scope: str | None, thresholds: str) -> None:
    """Set what may be spent a month at most.

    \b
    stackyard budgets set hello-erlang/dev 40

    People are told when complete days have passed a threshold; nothing is stopped. One that is there is changed.
    """
    scope = scope or ("environment" if "/" in subject else None)
    if scope is None:
        raise click.UsageError(f"Say what {subject} is: --scope application, or --scope owner for a person or a team.")
    body: Budget = {"scope": scope, "subject": subject, "monthly": monthly}
    if thresholds:
        body["thresholds"] = _numbers(thresholds)
    found = session.client.send("POST", BUDGETS, body).data
    said = f"The budget of {found['subject']} is {amount(found['monthly'])} USD a month."
    session.show(found, lambda: Lines([said]))


@budgets.command("remove")
@click.argument("subject", metavar="APP/ENV|APP|NAME")
@click.option("--scope", type=click.Choice(_SCOPES), help="What it is of, where several are called so.")
@pass_session
def remove_budget(session: Session, *, subject: str, scope: str | None) -> None:
    """Remove a budget, with what was told of it this month."""
    items = session.client.pages(BUDGETS, query={"scope": scope or "", "subject": subject}, most=2)["items"]
    if not items:
        raise Failure(Exit.NOT_FOUND, f"{subject} has no budget, or none that you may see.")
    if len(items) > 1:
        raise Failure(Exit.USAGE, f"Several are called {subject}: say which with --scope.")
    path = f"{BUDGETS}/{{budget}}"
    found = session.client.send("DELETE", path, budget=str(items[0]["id"])).data
    session.show(found, lambda: Lines([f"{subject} has no budget any more."]))


def _numbers(text: str) -> list[int]:
    parts = [part.strip() for part in text.replace("%", "").split(",")]
    if not all(part.isascii() and part.isdecimal() for part in parts):
        raise click.UsageError(f"--at takes whole numbers with commas between them, such as 50,80,100, not {text!r}.")
    return [int(part) for part in parts]


def _row(one: Budget) -> list[Cell]:
    ahead = one["forecast"]
    return [
        one["subject"],
        one["scope"],
        amount(one["monthly"]),
        None if one["so_far"] is None else amount(one["so_far"]),
        None if one["so_far"] is None else Word(f"{one['used']} %", _tone(one)),
        amount(ahead["expected"]) if ahead else None,
        _told(one),
        one["set_by"],
    ]


def _tone(one: Budget) -> Tone:
    return "bad" if one["used"] >= _WHOLE else "attention" if one["told"] else "good"


def _told(one: Budget) -> str:
    """The thresholds that were passed this month, the highest first."""
    found = ("the forecast" if told["threshold"] is None else f"{told['threshold']} %" for told in one["told"])
    return ", ".join(found)
