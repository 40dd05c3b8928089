"""Many items at once: `stackyard items export|import|count`."""

import sys
from pathlib import Path
from typing import Any

import click

from portal.cli.command import Command, Session, pass_session
from portal.cli.failures import Exit, Failure
from portal.cli.following import Waiting, finish, waiting_options, watching_options
from portal.cli.items_asking import TABLE, Json, Question, Table, find_table, question_options, table_argument
from portal.cli.items_jobs import (
    JOB,
    end,
    fetch,
    first_lines,
    job_shown,
    output_options,
    report_shown,
    require_done,
    wait_for,
)
from portal.cli.items_prices import price_option, tell_price
from portal.cli.items_writing import How, writing_options
from portal.cli.shown import Shown
from portal.cli.where import Where, environment_argument

_TYPES = {".csv": "text/csv", ".json": "application/json"}
_LINES = "application/x-ndjson"


@click.command("export", cls=Command)
@environment_argument
@table_argument
@question_options
@click.option("--rate", type=click.IntRange(min=1), help="Read units a second at most.")
@price_option
@output_options
@waiting_options
@pass_session
def export(
    session: Session,
    *,
    where: Where,
    table: str,
    asked: Question,
    rate: int | None,
    price: bool,
    output: str,
    form: str,
    waiting: Waiting,
) -> None:
    """Export all that a query or scan finds; with -o into a file, once it is done.

    \b
    stackyard items export hello-erlang/dev messages -o messages.ndjson
    stackyard items export fileshare/prod urls --index user-index --pk alice --format csv -o urls.csv
    """
    found = find_table(session, where, table)
    if price:
        tell_price(session, found, asked, rate)
        return
    job = begin(session, found, "exports", asked, rate)
    if not output:
        _end(session, job, waiting)
        return
    done = wait_for(session, job, waiting)
    require_done(done)
    fetch(session, done["id"], output, form)
    if output != "-":
        session.show(done, lambda: job_shown(done))


@click.command("count", cls=Command)
@environment_argument
@table_argument
@question_options
@click.option("--rate", type=click.IntRange(min=1), help="Read units a second at most.")
@price_option
@watching_options
@pass_session
def count(
    session: Session, *, where: Where, table: str, asked: Question, rate: int | None, price: bool, waiting: Waiting
) -> None:
    """Count exactly what a query or scan finds: all of it is read. Ctrl-C leaves the job running."""
    found = find_table(session, where, table)
    if price:
        tell_price(session, found, asked, rate)
        return
    end(session, wait_for(session, begin(session, found, "counts", asked, rate), waiting))


@click.command("import", cls=Command)
@environment_argument
@table_argument
@click.argument("file", metavar="FILE")
@click.option("--dry-run", is_flag=True, help="Only say what it would do, and what is wrong with which line.")
@click.option("--over", is_flag=True, help="Also write over items that are there and differ.")
@click.option("--skip-wrong", is_flag=True, help="Write the others where some lines are wrong.")
@click.option("--notation", type=click.Choice(["typed", "plain"]), help="What JSON is; found out otherwise.")
@click.option("--rate", type=click.IntRange(min=1), help="Write units a second at most.")
@writing_options
@pass_session
def import_(
    session: Session,
    *,
    where: Where,
    table: str,
    file: str,
    dry_run: bool,
    over: bool,
    skip_wrong: bool,
    notation: str | None,
    rate: int | None,
    how: How,
) -> None:
    """Write the items of a file: JSON lines, JSON, or CSV; - is standard input.

    Every line is checked first. Where one is wrong nothing is written, and the exit code is 1; --skip-wrong writes the
    others. New items only, unless --over says otherwise. In prod it is a change that somebody approves.
    """
    found = find_table(session, where, table)
    checked = wait_for(session, _send(session, found, file, notation, how), patiently(how.waiting))
    require_done(checked)
    wrong, cut = checked["found"].get("wrong", 0), checked["found"].get("cut")
    stops = bool(wrong and not skip_wrong) or bool(cut)
    if dry_run or stops:
        lines = first_lines(session, checked)
        session.show(checked, lambda: _checked(checked, lines))
        if stops:
            lines_are = "1 line is" if wrong == 1 else f"{wrong:,} lines are"
            session.note(str(cut) if cut else f"{lines_are} wrong. Nothing was written.")
            sys.exit(Exit.FAILED)
        return
    if not _would_write(checked, over=over):
        session.note("There is nothing to write.")
        session.show(checked, lambda: job_shown(checked))
        return
    body = {"mode": "over" if over else "new", **({"rate": rate} if rate else {}), **how.said}
    done = session.client.send("POST", f"{JOB}/run", body, key=f"{how.key}-run" if how.key else "", job=checked["id"])
    if "plan" in done.data:
        finish(session, done.data, how.waiting)
        return
    end(session, wait_for(session, done.data, patiently(how.waiting)))


def begin(
    session: Session, table: Table, what: str, asked: Question, rate: int | None, *, key: str = "", **more: Any
) -> Json:
    """The job, or in prod the change, that a question about many items begins; what was not said is left out."""
    said = {name: value for name, value in {"rate": rate, **more}.items() if value not in (None, "")}
    found: Json = session.client.send("POST", f"{TABLE}/{what}", {**asked.body, **said}, key=key, **table.at).data
    return found


def _end(session: Session, job: Json, waiting: Waiting) -> None:
    if waiting.wait:
        end(session, wait_for(session, job, waiting))
        return
    session.show(job, lambda: job_shown(job))
    session.note(f"Follow it: stackyard jobs watch {job['id']}")


def patiently(waiting: Waiting) -> Waiting:
    """However long it takes, unless somebody said how long."""
    return Waiting(wait=True, timeout=waiting.timeout, every=waiting.every)


def _checked(job: Json, lines: list[Json]) -> Shown:
    return [*job_shown(job), report_shown(lines)] if lines else job_shown(job)


def _would_write(checked: Json, *, over: bool) -> bool:
    found = checked["found"]
    return bool(found.get("new") or (over and found.get("exists")))


def _send(session: Session, table: Table, file: str, notation: str | None, how: How) -> Json:
    """The file's dry run, begun. Raises Failure."""
    content, name = _content(file)
    query = {"file": name, "notation": notation}
    headers = {"Content-Type": _TYPES.get(Path(name).suffix.lower(), _LINES)}
    path = f"{TABLE}/imports"
    told = session.client.send("POST", path, content, query=query, headers=headers, key=how.key, **table.at)
    found: Json = told.data
    return found


def _content(file: str) -> tuple[bytes, str]:
    if file == "-":
        return sys.stdin.buffer.read(), ""
    try:
        return Path(file).read_bytes(), Path(file).name
    except OSError as error:
        raise Failure(Exit.USAGE, f"{file} cannot be read: {error.strerror}.") from error
