"""Values of parameters copied from one environment to another: `stackyard flags copy`."""

import sys
from collections.abc import Sequence
from typing import Any

import click

from portal.cli.asking import ENVIRONMENT, Asked, request_options
from portal.cli.command import Command, Session, pass_session
from portal.cli.failures import Exit, Failure
from portal.cli.flags_asking import CONFIRMED, REDEPLOY, body_of, value_cell
from portal.cli.following import finish
from portal.cli.shown import Cell, Lines, Shown, Table, Word
from portal.cli.where import APP, Where, where_of

COPIES = f"{ENVIRONMENT}/parameter-copies"
_SAME = "same"
Line = dict[str, Any]


@click.command("copy", cls=Command)
@click.argument("source", metavar="[APP/]SOURCE")
@click.argument("target", metavar="[APP/]TARGET")
@click.option("--app", metavar="APP", envvar=APP, help="The application, where SOURCE stands alone.")
@click.option("--only", "keys", multiple=True, metavar="KEY", help="This parameter; may be said more than once.")
@click.option("--dry-run", is_flag=True, help="Show what differs, and copy nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--redeploy/--no-redeploy", default=None, help=REDEPLOY)
@click.option("--confirmed", is_flag=True, help=CONFIRMED)
@request_options
@pass_session
def copy(
    session: Session,
    *,
    source: str,
    target: str,
    app: str | None,
    keys: Sequence[str],
    dry_run: bool,
    yes: bool,
    redeploy: bool | None,
    confirmed: bool,
    asked: Asked,
) -> None:
    """Show what differs between two environments, and copy exactly that.

    \b
    stackyard flags copy fileshare/staging prod

    All values that can be copied, or those that --only names. Where a side moves meanwhile, nothing is copied. Secrets
    are copied unseen; those of prod stay in prod.
    """
    here = where_of(source, app)
    there = where_of(target, None if "/" in target else here.app)
    if there.app != here.app:
        raise click.UsageError("Values are copied within one application.")
    found = session.client.pages(COPIES, query={"source": here.name}, app=there.app, name=there.name)
    chosen = _chosen(found["items"], keys, there)
    if dry_run or not chosen:
        session.show(found, lambda: _shown(here, there, found["items"], keys))
        return
    session.draw_aside(_shown(here, there, chosen, keys))
    if not yes:
        _sure(session, there, chosen)
    values = [
        {"key": one["key"], "source": one["source"]["version"], "target": one["target"] and one["target"]["version"]}
        for one in chosen
    ]
    body = body_of(asked, redeploy, confirmed=confirmed) | {"source": here.name, "values": values}
    told = session.client.send("POST", COPIES, body, key=asked.key, app=there.app, name=there.name)
    finish(session, told.data, asked.waiting)


def _chosen(lines: Sequence[Line], keys: Sequence[str], there: Where) -> list[Line]:
    """What is copied. Raises Failure for what was named and cannot be."""
    if not keys:
        return [one for one in lines if not one["why_not"]]
    known = {one["key"]: one for one in lines}
    for key in keys:
        if key not in known:
            raise Failure(Exit.NOT_FOUND, f"Neither side has a parameter {key}.")
        if known[key]["why_not"] and known[key]["state"] != _SAME:
            raise Failure(Exit.CONFLICT, f"{key} cannot be copied to {there}: {known[key]['why_not']}")
    return [known[key] for key in dict.fromkeys(keys) if not known[key]["why_not"]]


def _sure(session: Session, there: Where, chosen: Sequence[Line]) -> None:
    if not sys.stdin.isatty():
        raise Failure(Exit.USAGE, "Nobody can be asked here. Look with --dry-run, then copy with --yes.")
    what = "this value" if len(chosen) == 1 else f"these {len(chosen)} values"
    if session.ask(f"Copy {what} to {there}? [y/N]").strip().lower() not in {"y", "yes"}:
        raise Failure(Exit.USAGE, "Nothing was copied.")


def _shown(here: Where, there: Where, lines: Sequence[Line], keys: Sequence[str]) -> Shown:
    """Both sides of what is not the same, and why some of it stays."""
    asked = [one for one in lines if not keys or one["key"] in keys]
    odd = [one for one in asked if one["state"] != _SAME]
    table = Table(
        ["Key", here.name, there.name, "Copied"],
        [[one["key"], _side(one["source"]), _side(one["target"]), _copied(one)] for one in odd],
        empty="Nothing differs.",
    )
    same = len(asked) - len(odd)
    return [table, Lines([Word(f"{same} the same on both sides.", "quiet")])] if same else table


def _side(side: dict[str, Any] | None) -> Cell:
    if side is None:
        return Word("missing", "quiet")
    shown = value_cell(side["value"])
    return Word(f"{shown.text if isinstance(shown, Word) else shown} v{side['version']}")


def _copied(one: Line) -> Word:
    return Word(f"no: {one['why_not']}", "quiet") if one["why_not"] else Word("yes", "good")
