"""What an environment would cost: `stackyard env create|update … --price`, and what is assumed of its use."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import click

from portal.cli.command import Session
from portal.cli.costs import amount
from portal.cli.shown import Cell, Facts, Lines, Shown, Table, Word

SCENARIOS = ("idle", "expected", "peak")
Usage = dict[str, Any]


def usage_options(run: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `usage`, what is assumed of the use; None where nothing is said."""

    @wraps(run)
    def assuming(*args: Any, scenario: str | None, figures: Sequence[str], free_tier: bool, **kwargs: Any) -> Any:
        return run(*args, usage=_usage(scenario, figures, free_tier=free_tier), **kwargs)

    use = click.option(
        "--use", "scenario", type=click.Choice(SCENARIOS), help="What its price assumes.  [default: expected]"
    )
    figure = click.option(
        "--figure", "figures", multiple=True, metavar="NAME=NUMBER", help="One figure of that: reads=5000000."
    )
    free = click.option("--free-tier", is_flag=True, help="Deduct what AWS gives away; right for an empty account.")
    return use(figure(free(assuming)))


def show_price(session: Session, path: str, body: dict[str, Any], **at: str) -> None:
    """Answer with what the request in `body` would come to a month. Nothing is asked for."""
    found = session.client.ask("POST", f"{path}/price", body, query=None, headers=None, **at).data
    session.show(found, lambda: _shown(found))


def _usage(scenario: str | None, figures: Sequence[str], *, free_tier: bool) -> Usage | None:
    named = {}
    for text in figures:
        name, equals, number = text.partition("=")
        if not equals or not name or name in named:
            raise click.UsageError(f"Write --figure NAME=NUMBER, each name once. This was: {text!r}")
        named[name] = number
    if not (scenario or named or free_tier):
        return None
    told = {"scenario": scenario, "figures": named, "free_tier": free_tier}
    return {name: value for name, value in told.items() if value}


def _shown(found: dict[str, Any]) -> Shown:
    rows: list[list[Cell]] = [
        [stack["stack"], line["logical_id"], amount(line["monthly"]), line["basis"]]
        for stack in found["stacks"]
        for line in stack["lines"]
    ]
    rows += [[one["stack"], Word(f"{one['free']} more", "quiet"), "0.00", ""] for one in found["stacks"] if one["free"]]
    unknown = [[Word(name, "attention")] for name in found["not_priced"]]
    return [
        Facts(_about(found)),
        Table(["Stack", "Resource", "#USD a month", "How"], rows, empty=""),
        Table(["Not priced, and not in the sum"], unknown, empty=""),
        Lines([Word(sentence, "quiet") for sentence in found["assumptions"]]),
    ]


def _about(found: dict[str, Any]) -> list[tuple[str, Cell]]:
    usage, better = found["usage"], found["corrected"]
    changed = "".join(f", {name} {number}" for name, number in usage["figures"].items())
    free = ", free allowances deducted" if usage["free_tier"] else ""
    others = (f"{one['scenario']} {amount(one['monthly'])}" for one in found["totals"] if not one["chosen"])
    learnt = f"≈ {amount(better['monthly'])} USD, as {better['samples']} before it went" if better else None
    monthly: Cell = Word(found["problem"], "attention")
    if found["monthly"] is not None:
        monthly = f"≈ {amount(found['monthly'])} USD at {usage['scenario']} use{changed}{free}"
    return [
        ("Environment", f"{found['application']}/{found['name']}, {found['stage']}, {found['region']}"),
        ("A month", monthly),
        ("At other use", ", ".join(others)),
        ("From experience", learnt),
        ("As it is now", f"≈ {amount(found['monthly_now'])} USD" if found["monthly_now"] else None),
        ("Prices of", found["published"]),
    ]
