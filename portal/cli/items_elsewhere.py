"""The same table of another environment: `stackyard items compare|copy-many`."""

import sys
from collections.abc import Sequence
from typing import Any

import click

from portal.cli.amounts import amount, units_text
from portal.cli.command import Command, Session, pass_session
from portal.cli.failures import Exit, Failure
from portal.cli.following import Waiting, watching_options
from portal.cli.items_asking import TABLE, Json, Question, find_table, question_options, table_argument
from portal.cli.items_asking import Table as Found
from portal.cli.items_jobs import JOB, require_done, wait_for
from portal.cli.items_moving import begin, patiently
from portal.cli.items_prices import lasts, write_price
from portal.cli.items_running import end_run
from portal.cli.items_showing import text_of
from portal.cli.items_writing import How, agree, writing_options
from portal.cli.shown import Facts, Shown, Table, Word
from portal.cli.tables import size_text
from portal.cli.where import Where, environment_argument

_DIFFER = ("different", "extra", "missing")
_OUTCOMES = {"different": "differs", "extra": "only here", "missing": "only there"}
_HOWS = {"value": "", "type": "another type", "here": "only here", "there": "only there", "hidden": "hidden"}
_MOST = 10_000  # items of a copy


@click.command("compare", cls=Command)
@environment_argument
@table_argument
@click.option("--with", "other", metavar="ENV", help="The other environment; without it, those there are are shown.")
@question_options
@click.option("--all", "everything", is_flag=True, help="All that a query finds, in the background.")
@click.option("--sample", type=click.IntRange(1, _MOST), metavar="COUNT", help="So many items of each side.")
@click.option("--rate", type=click.IntRange(min=1), help="Read units a second at most.")
@click.option("--limit", type=click.IntRange(min=0), default=100, help="How many are listed at most; 0 for all.")
@click.option("--price", is_flag=True, help="Only tell what it would take; nothing is read.")
@watching_options
@pass_session
def compare(
    session: Session,
    *,
    where: Where,
    table: str,
    other: str | None,
    asked: Question,
    everything: bool,
    sample: int | None,
    rate: int | None,
    limit: int,
    price: bool,
    waiting: Waiting,
) -> None:
    """Compare a table with the same one of another environment, by the same query or scan.

    A query is compared at once, as far as one request reads; everything else in the background, to its end. The exit
    code is 0 where both are the same, and 1 where they differ or not all was compared.

    \b
    stackyard items compare hello-erlang/dev messages --with staging --index user-timestamp-index --pk alice
    stackyard items compare fileshare/staging urls --with dev --sample 1000
    """
    found = find_table(session, where, table)
    if other is None:
        _tell_where_else(session, found)
        return
    there = _same_application(where, other)
    if price:
        _tell_price(session, found, {**asked.query, "against": there, "sample": sample, "rate": rate})
    elif asked.pk is None or everything or sample:
        _compare_all(
            session, begin(session, found, "comparisons", asked, rate, against=there, sample=sample), limit, waiting
        )
    else:
        _compare_now(session, found, {**asked.query, "against": there}, limit)


@click.command("copy-many", cls=Command)
@environment_argument
@table_argument
@click.option("--into", metavar="ENV", help="Where they go; without it, the environments there are are shown.")
@click.option("--count", type=click.IntRange(1, _MOST), default=100, show_default=True, help="How many at most.")
@question_options
@click.option("--random", is_flag=True, help="Some from everywhere, not the first; of a scan only.")
@click.option("--over", is_flag=True, help="Also write over items that are there and differ.")
@click.option("--rate", type=click.IntRange(min=1), help="Write units a second at most.")
@click.option("--dry-run", is_flag=True, help="Only tell what it would do and take; nothing is read.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@writing_options
@pass_session
def copy_many(
    session: Session,
    *,
    where: Where,
    table: str,
    into: str | None,
    count: int,
    asked: Question,
    random: bool,
    over: bool,
    rate: int | None,
    dry_run: bool,
    yes: bool,
    how: How,
) -> None:
    """Copy items into the same table of another environment: new ones only, unless --over.

    What is hidden here has stand-ins there; keys stay as they are. Into prod it is a change that somebody approves.

    \b
    stackyard items copy-many hello-erlang/staging messages --into dev --count 1000 --random --wait
    """
    found = find_table(session, where, table)
    if into is None:
        _tell_where_else(session, found)
        return
    there = _same_application(where, into)
    query = {**asked.query, "into": there, "count": count, "rate": rate}
    plan = session.client.get(f"{TABLE}/copies/price", query=query, **found.at)
    if dry_run:
        session.show(plan, lambda: _copy_shown(plan))
        return
    if not yes:
        if not sys.stdin.isatty():
            raise Failure(Exit.USAGE, "They are copied without being asked only with --yes.")
        session.draw_aside(_copy_shown(plan))
        agree(session, f"Copy {'them' if plan['items'] != 1 else 'it'}?")
    more = {"into": there, "count": count, "random": random or None, "mode": "over" if over else "new"}
    end_run(session, begin(session, found, "copies", asked, rate, key=how.key, **more, **how.said), how.waiting)


def _tell_where_else(session: Session, table: Found) -> None:
    found = session.client.get(f"{TABLE}/counterparts", **table.at)
    rows = [
        [one["environment"], one["stage"], one["table"], "yes" if one["copies"] else "no"] for one in found["items"]
    ]
    columns = ["Environment", "Stage", "Table", "You can copy into it"]
    session.show(found, lambda: Table(columns, rows, empty="No other environment of the application has this table."))


def _same_application(where: Where, named: str) -> str:
    """The name of an environment of the same application, named as ENV or APP/ENV. Raises click.UsageError."""
    first, slash, rest = named.partition("/")
    if slash and first != where.app:
        raise click.UsageError(f"{named} is of another application than {where}; only the same table can be meant.")
    return rest if slash else named


def _compare_now(session: Session, table: Found, query: Json, limit: int) -> None:
    found = session.client.get(f"{TABLE}/comparison", query=query, **table.at)
    rows = found["items"][: limit or None]
    session.show(found, lambda: _compared(rows, found["counts"], found["against"]))
    if len(rows) < len(found["items"]):
        session.note(f"{len(found['items']) - len(rows):,} more differ: --limit 0 lists all.")
    if found["more"]:
        session.note("There is more to compare: --all goes to the end.")
    if found["items"] or found["more"]:
        sys.exit(Exit.FAILED)


def _compare_all(session: Session, job: Json, limit: int, waiting: Waiting) -> None:
    done = wait_for(session, job, patiently(waiting))
    require_done(done)
    found = session.client.pages(f"{JOB}/differences", most=limit or None, job=done["id"])
    session.show({**done, **found}, lambda: _compared(found["items"], done["found"], "the other"))
    if found["next"]:
        session.note(f"There are more: --limit 0 lists all, stackyard jobs download {done['id']} -o FILE has them.")
    if any(done["found"].get(outcome) for outcome in _DIFFER):
        sys.exit(Exit.FAILED)


def _compared(rows: Sequence[Json], counts: Json, against: str) -> Shown:
    lines = [line for row in rows for line in _lines(row)]
    same = not any(counts.get(outcome) for outcome in _DIFFER)
    told = Table(["Key", "Is", "Attribute", "Here", "There", "How"], lines, empty="Nothing differs." if same else "")
    names = {"same": "The same", "different": "Different", "extra": "Only here", "missing": f"Only in {against}"}
    return [told, Facts([(said, f"{counts.get(name, 0):,}") for name, said in names.items()])]


def _lines(row: Json) -> list[list[Any]]:
    key, outcome = " / ".join(str(text_of(value)) for value in row["key"].values()), row["outcome"]
    if not row["differences"]:
        return [[key, Word(_OUTCOMES[outcome], "attention"), "", "", "", ""]]
    return [
        [key, Word(_OUTCOMES[outcome], "attention"), one["path"], text_of(one["here"]), text_of(one["there"]),
         _HOWS[one["how"]]]
        for one in row["differences"]
    ]  # fmt: skip


def _tell_price(session: Session, table: Found, query: Json) -> None:
    found = session.client.get(f"{TABLE}/comparisons/price", query=query, **table.at)
    session.show(found, lambda: _price(found))


def _price(found: Json) -> Facts:
    known = f"about {found['items']:,} items, {size_text(found['size_bytes'])}" if found["items"] else "not counted yet"
    return Facts(
        [
            ("With", found["against"]),
            ("Of both sides", known),
            ("At once", f"{amount(found['now'])} at most" if found["now"] else ""),
            ("All", f"{amount(found['whole'])} at most, {lasts(found)}"),
            ("Refused", found["why_not"]),
        ]
    )


def _copy_shown(plan: Json) -> Shown:
    return Facts(
        [
            (
                "Copies",
                f"{plan['items']:,} item{'' if plan['items'] == 1 else 's'} at most, {size_text(plan['size_bytes'])}",
            ),
            ("Into", plan["into"]),
            *((name, said) for name, said in write_price({**plan, "reads": "0"}) if said),
            ("Reads", f"about {units_text(plan['reads'], 'read unit')}; what a filter leaves out is read too"),
            ("Hidden", "what is hidden here has stand-ins there" if plan["stand_ins"] else ""),
            ("In prod", "somebody else approves it first" if plan["asks"] else ""),
            ("Refused", plan["why_not"]),
        ]
    )
