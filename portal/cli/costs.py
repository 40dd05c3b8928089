"""What was spent: `stackyard costs`, `stackyard costs APP/ENV`."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import click

from portal.cli.asking import ENVIRONMENT
from portal.cli.command import Command, Session, pass_session
from portal.cli.lists import show_list
from portal.cli.shown import Cell, Facts, Shown, Table, Word, when
from portal.cli.where import APP, where_of

SOURCES = {"explorer": "Cost Explorer", "accrual": "Stackyard's own reckoning"}
_BY = ["day", "environment", "application", "service", "stage", "owner"]
_RANGES = ["month", "last-month", "7", "30", "90", "365"]
_CENT = Decimal("0.01")


@click.command(cls=Command)
@click.argument("environment", required=False, metavar="[APP/ENV]")
@click.option("--app", default=None, envvar=APP, help="Of this application; of ENV, where one is named.")
@click.option("--by", type=click.Choice(_BY), help="What the amounts are told apart by.  [default: environment]")
@click.option("--range", "days", type=click.Choice(_RANGES), help="Which days.  [default: 30, up to today]")
@click.option("--from", "first", metavar="DAY", help="The first day, in UTC: 2030-01-31.")
@click.option("--to", "last", metavar="DAY", help="The last day.")
@click.option("--env", "named", metavar="PART", help="Of environments with this in APP/ENV.")
@click.option("--stage", help="Of this stage.")
@click.option("--service", help="Of this service, by its name on the bill.")
@click.option("--owner", help="Of this person's environments.")
@click.option("--types", help="all also has credits, refunds and tax, which stand apart.")
@click.option("--source", type=click.Choice(list(SOURCES)), help="From there; the two are never added.")
@click.option("--limit", type=click.IntRange(min=0), default=100, help="How many at most; 0 for all.")
@pass_session
def costs(
    session: Session,
    *,
    environment: str | None,
    named: str | None,
    app: str | None,
    days: str | None,
    limit: int,
    **asked: str | None,
) -> None:
    """Show what was spent, by environment unless --by says otherwise; of APP/ENV, since it is there.

    AWS is never asked: these are the amounts that were last read, and the answer says when.
    """
    if environment is None:
        days_asked = {"range": days, "from": asked.pop("first"), "to": asked.pop("last")}
        query = {**asked, **days_asked, "application": app, "environment": named}
        given = {name: value for name, value in query.items() if value}
        found = session.client.pages("/costs", query=given, most=limit or None)
        show_list(session, found, lambda: _report(found))
        return
    if named or any(asked.values()):
        raise click.UsageError("Of one environment everything is shown: leave the other options out, but --range.")
    if days in {"month", "last-month", "7"}:
        raise click.UsageError("Of one environment, --range is 30, 90 or 365 days.")
    where = where_of(environment, app)
    found = session.client.get(f"{ENVIRONMENT}/costs", query={"days": days}, app=where.app, name=where.name)
    session.show(found, lambda: _of_one(found))


def _report(found: dict[str, Any]) -> Shown:
    apart = [[one["service"], amount(one["amount"]), "shared" if one["shared"] else ""] for one in found["untagged"]]
    rows = [
        [one["label"], amount(one["total"]), Word("apart", "quiet") if one["apart"] else ""] for one in found["items"]
    ]
    sure = "≈ " if found["estimated"] else ""
    about = [
        *_about(found),
        ("Total", f"{sure}{_money(found['total'], found)}"),
        *_month(found),
    ]
    broken = [[day, amount(off)] for day, off in found["broken"].items()]
    return [
        Facts(about),
        Table([found["by"].capitalize(), f"#{found['currency']}", ""], rows, empty="Nothing was spent."),
        *([Table(["Without tags", f"#{found['currency']}", ""], apart)] if apart else []),
        *([Table(["Does not add up", f"#{found['currency']}"], broken)] if broken else []),
    ]


def _of_one(found: dict[str, Any]) -> Shown:
    mean = f"{_money(found['a_day'], found)}, mean of {found['mean_of']} complete days" if found["a_day"] else None
    about: list[tuple[str, Cell]] = [
        ("Environment", f"{found['application']}/{found['environment']}"),
        *_about(found),
        ("Total", _money(found["total"], found)),
        *_month(found),
        ("A day", mean),
        ("Estimate a month", _money(found["estimated_monthly"], found) if found["estimated_monthly"] else None),
    ]
    services = [[one["service"], amount(one["amount"])] for one in found["services"]]
    days = [[day, amount(spent)] for day, spent in found["days"].items()]
    column = f"#{found['currency']}"
    return [
        Facts(about),
        Table(["Service", column], services, empty="Nothing was spent."),
        *([Table(["Day", column], days)] if days else []),
    ]


def _about(found: dict[str, Any]) -> list[tuple[str, Cell]]:
    """Where the amounts come from, and how sure they are."""
    if found["source"] is None:
        return [("Source", Word("nothing is known yet", "attention"))]
    changing = found["estimated_from"]
    return [
        ("Days", f"{found['first_day']} to {found['last_day']}"),
        ("Source", f"{SOURCES.get(found['source'], found['source'])}, read {when(found['as_of'])}"),
        ("Complete until", found["complete_until"]),
        ("Estimated", f"from {changing} on" if found["estimated"] and changing else None),
    ]


def _month(found: dict[str, Any]) -> list[tuple[str, Cell]]:
    month = found["month"]
    if month is None:
        return []
    ahead = month["forecast"]
    expected = None
    if ahead:
        between = f"{_money(ahead['low'], found)} to {_money(ahead['high'], found)}"
        expected = f"≈ {_money(ahead['expected'], found)} ({'roughly ' if ahead['rough'] else ''}{between})"
    return [
        ("This month", _money(month["so_far"], found)),
        ("Forecast", expected),
        ("Last month", _money(month["last_month"], found)),
    ]


def amount(text: str) -> str:
    """An amount of the API in cents, as people read it."""
    exact = Decimal(text)
    shown = exact.quantize(_CENT, ROUND_HALF_UP)
    if exact and not shown:
        return "<0.01" if exact > 0 else ">-0.01"  # something, which rounding would call nothing
    return f"{shown:,}"


def _money(text: str, found: dict[str, Any]) -> str:
    return f"{amount(text)} {found['currency']}"
