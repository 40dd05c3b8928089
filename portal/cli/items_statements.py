"""PartiQL: `stackyard items statement`."""

import sys
from collections.abc import Sequence
from decimal import Decimal

import click

from portal.cli.amounts import amount
from portal.cli.command import Command, Session, pass_session
from portal.cli.failures import Exit, Failure
from portal.cli.items_asking import TABLE, Json, Table, find_table, table_argument, value_of
from portal.cli.items_showing import rows_shown, text_of
from portal.cli.items_writing import How, agree, end_writing, writing_options
from portal.cli.shown import Facts, Lines, Shown, Word
from portal.cli.where import Where, environment_argument

_STATEMENTS = f"{TABLE}/statements"


@click.command("statement", cls=Command)
@environment_argument
@table_argument
@click.argument("statement", required=False, metavar="[STATEMENT]")
@click.option("-p", "--parameter", "parameters", multiple=True, metavar="VALUE", help="The value of each ? in turn.")
@click.option("--dry-run", is_flag=True, help="Only say what it would do and take.")
@click.option("--scan", is_flag=True, help="Also read everything; that is written into the audit.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--all", "everything", is_flag=True, help="Read all pages.")
@click.option("--cursor", default="", help="Go on where an answer's `next` points.")
@writing_options
@pass_session
def statement(
    session: Session,
    *,
    where: Where,
    table: str,
    statement: str | None,
    parameters: tuple[str, ...],
    dry_run: bool,
    scan: bool,
    yes: bool,
    everything: bool,
    cursor: str,
    how: How,
) -> None:
    """Run a PartiQL statement on a table or one of its indexes.

    A SELECT that does not name a partition reads everything, and asks first. INSERT, UPDATE and DELETE name one item
    by its whole key, are done on the item as it is, and can be taken back. STATEMENT may be @FILE, or - for standard
    input; without one, some to begin with are shown.

    \b
    stackyard items statement hello-erlang/dev messages \\
      'SELECT * FROM "dev-hello-erlang-messages" WHERE id = ?' -p m1
    stackyard items statement hello-erlang/dev messages --dry-run \\
      "DELETE FROM \\"dev-hello-erlang-messages\\" WHERE id = 'm1'"
    """
    found = find_table(session, where, table)
    if statement is None:
        known = session.client.get(_STATEMENTS, **found.at)
        session.show(known, lambda: _examples(known["items"]))
        return
    sent: Json = {"statement": _text(statement), "parameters": [value_of(one) for one in parameters]}
    judged = session.client.ask("POST", f"{_STATEMENTS}/judged", sent, **found.at).data
    if dry_run:
        session.show(judged, lambda: _judgement(judged))
        return
    _require_meant(session, judged, scan=scan, yes=yes)
    if judged["writes"]:
        done = session.client.send("POST", _STATEMENTS, {**sent, **how.said}, key=how.key, **found.at)
        end_writing(session, done, how)
        return
    _read(session, found, {**sent, "consent": judged["needs_consent"]}, cursor, everything=everything)


def _examples(items: Sequence[Json]) -> Shown:
    return [Lines([Word(one["title"], "quiet"), *str(one["statement"]).splitlines()]) for one in items]


def _read(session: Session, table: Table, sent: Json, cursor: str, *, everything: bool) -> None:
    """One page, or one after the other to the end."""
    page: Json | None = None
    while page is None or (page["next"] and everything):
        at = page["next"] if page else cursor
        page = _added(page, session.client.ask("POST", _STATEMENTS, {**sent, "cursor": at}, **table.at).data)
    whole = page
    session.show(whole, lambda: rows_shown(whole, table.told))
    if whole["next"]:
        session.note("There is more to read: --all reads all.")


def _added(before: Json | None, page: Json) -> Json:
    """Pages as one."""
    if before is None:
        return page
    capacity = Decimal(before["capacity"]) + Decimal(page["capacity"])
    sums = {name: before[name] + page[name] for name in ("returned", "calls")}
    return {**page, **sums, "items": [*before["items"], *page["items"]], "capacity": f"{capacity.normalize():f}"}


def _require_meant(session: Session, judged: Json, *, scan: bool, yes: bool) -> None:
    """What reads everything, or deletes, is told first. What would be refused is left to be. Raises Failure."""
    deletes = bool(judged["writes"]) and judged["writes"]["does"] == "delete"
    if judged["why_not"] or yes or not (deletes or (judged["needs_consent"] and not scan)):
        return
    how = "--yes" if deletes else "--scan"
    if not sys.stdin.isatty():
        why = "" if deletes else f" {judged['reads']['why']}"
        raise Failure(Exit.USAGE, f"{judged['title']}.{why} To mean it, add {how}.")
    session.draw_aside(_judgement(judged))
    agree(session, "Delete it?" if deletes else "Read everything?")


def _judgement(judged: Json) -> Shown:
    """What a statement would do and take."""
    reads, writes = judged["reads"] or {}, judged["writes"] or {}
    key = " / ".join(str(text_of(value)) for value in writes.get("key", {}).values())
    return Facts(
        [
            ("Would do", judged["title"]),
            ("Item", key),
            ("Sets", ", ".join(writes.get("sets", ()))),
            ("Removes", ", ".join(writes.get("removes", ()))),
            ("Because", reads.get("why", "")),
            ("One request", f"{amount(reads['click'])} at most" if reads else ""),
            ("Everything", f"about {amount(reads['whole'])}" if judged["needs_consent"] else ""),
            ("How", judged["cost"] if writes else ""),
            ("Refused", judged["why_not"]),
        ]
    )


def _text(statement: str) -> str:
    """The statement itself, of an argument, a file or standard input. Raises Failure."""
    if statement != "-" and not statement.startswith("@"):
        return statement
    path = statement.removeprefix("@")
    try:
        with click.open_file(path, encoding="utf-8") as file:
            return str(file.read()).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(Exit.USAGE, f"{path} cannot be read: {error}.") from error
