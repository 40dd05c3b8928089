"""Long work on items: `stackyard jobs list|show|watch|cancel|resume|retry|drop|report|download`, and
following a job."""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from portal.cli.command import Group, Session, pass_session
from portal.cli.failures import Exit, Failure
from portal.cli.following import Waiting, watching_options
from portal.cli.lists import list_options, nothing, show_list
from portal.cli.shown import Facts, Table, since, status, when

Json = dict[str, Any]
JOB = "/jobs/{job}"
FORMS = ("ndjson", "csv", "json")
_SLOWEST, _SLOWER = 5.0, 1.25
_SUCCEEDED = "succeeded"
_LINES = 20  # of a report that are told
_FOUND = {
    "exists": "There, different",
    "same": "There, the same",
    "wrong": "Wrong",
    "kept": "Kept to be put back",
    "cut": "Stopped",
    "missing": "Missing here",
    "extra": "Only here",
}


_form = click.option(
    "--format", "form", type=click.Choice(FORMS), default=FORMS[0], show_default=True, help="ndjson is exact."
)


@click.group(cls=Group)
def jobs() -> None:
    """Long work on items: exports, imports, copies, deletions, comparisons."""


@jobs.command("list")
@click.option("--all", "everybodys", is_flag=True, help="Everybody's.")
@click.option("--env", "environment", default="", metavar="APP/ENV", help="Of this environment.")
@click.option("--table", default="", metavar="NAME", help="Of the table with this whole name.")
@list_options
@pass_session
def list_jobs(session: Session, *, everybodys: bool, environment: str, table: str, limit: int, cursor: str) -> None:
    """List jobs, the newest first: mine, unless --all says otherwise."""
    whose = "all" if everybodys else "mine"
    query = {"whose": whose, "environment": environment, "table": table, "cursor": cursor}
    found = session.client.pages("/jobs", query=query, most=limit or None)
    rows = [
        [one["id"], one["title"], one["environment"], one["table"], status(one["status"]), f"{one['done']:,}",
         one["asked_by"], when(one["asked_at"])]
        for one in found["items"]
    ]  # fmt: skip
    columns = ["Job", "What", "Environment", "Table", "Status", "#Items", "By", "Asked"]
    narrowed = {name: value for name, value in query.items() if value != "mine"}
    none = nothing(narrowed, "There is no such job.", "You have no job. Everybody's: --all")
    show_list(session, found, lambda: Table(columns, rows, empty=none))


@jobs.command("show")
@click.argument("job")
@pass_session
def show(session: Session, *, job: str) -> None:
    """Show a job: how far it is, what it found, what can be done with it."""
    found = read_job(session, job)
    session.show(found, lambda: job_shown(found))


@jobs.command("watch")
@click.argument("job")
@watching_options
@pass_session
def watch(session: Session, *, job: str, waiting: Waiting) -> None:
    """Follow a job to its end. Ctrl-C leaves it running."""
    end(session, wait_for(session, read_job(session, job), waiting))


@jobs.command("cancel")
@click.argument("job")
@pass_session
def cancel(session: Session, *, job: str) -> None:
    """Have a job end at its next call. What it did stays done."""
    _act(session, job, "cancel")


@jobs.command("resume")
@click.argument("job")
@pass_session
def resume(session: Session, *, job: str) -> None:
    """Go on with a job that failed or was cancelled, from where it stopped."""
    _act(session, job, "resume")


@jobs.command("retry")
@click.argument("job")
@pass_session
def retry(session: Session, *, job: str) -> None:
    """Start a job anew that only reads: the same from the beginning, as a job of yours."""
    _act(session, job, "retry")


@jobs.command("drop")
@click.argument("job")
@pass_session
def drop(session: Session, *, job: str) -> None:
    """Remove what a job carries before its time is over: its file, or what could be put back."""
    _act(session, job, "drop")


@jobs.command("report")
@click.argument("job")
@click.option("-o", "--output", default="", metavar="FILE", help="Write all of it there as CSV; - is standard output.")
@list_options
@pass_session
def report(session: Session, *, job: str, output: str, limit: int, cursor: str) -> None:
    """Show the lines of a job's report: what was wrong with which line, or was left alone."""
    if output:
        save(session, f"{JOB}/report/file", output, job=job)
        return
    found = session.client.pages(f"{JOB}/report", query={"cursor": cursor}, most=limit or None, job=job)
    show_list(session, found, lambda: report_shown(found["items"]))


@jobs.command("download")
@click.argument("job")
@click.option("-o", "--output", required=True, metavar="FILE", help="Where to; - is standard output.")
@_form
@pass_session
def download(session: Session, *, job: str, output: str, form: str) -> None:
    """Download what a job made."""
    fetch(session, job, output, form)


def output_options(run: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `output`, empty for none, and `form`."""

    @wraps(run)
    def put(*args: Any, **kwargs: Any) -> Any:
        return run(*args, **kwargs)

    output = click.option("-o", "--output", default="", metavar="FILE", help="Wait, and write it there; - is output.")
    form = click.option(
        "--format", "form", type=click.Choice(FORMS), default=FORMS[0], show_default=True, help="ndjson is exact."
    )
    return output(form(put))


def read_job(session: Session, job: str) -> Json:
    """A job as the API tells it. Raises Failure."""
    found: Json = session.client.get(JOB, job=job)
    return found


def wait_for(session: Session, job: Json, waiting: Waiting) -> Json:
    """A job at its end. Ctrl-C leaves it running. Raises Failure when that takes longer than was asked."""
    began, pause, told = time.monotonic(), waiting.every, ""
    try:
        while not job["over"]:
            told = _tell(session, job, told)
            if waiting.timeout is not None and time.monotonic() - began >= waiting.timeout:
                go_on = f"Follow it: stackyard jobs watch {job['id']}"
                raise Failure(Exit.TIMED_OUT, "The job goes on.", more=(go_on,))
            time.sleep(pause)
            pause = min(_SLOWEST, pause * _SLOWER)
            job = read_job(session, job["id"])
    except KeyboardInterrupt:
        session.note(f"The job goes on. Follow it: stackyard jobs watch {job['id']}")
        session.note(f"Cancel it: stackyard jobs cancel {job['id']}")
        sys.exit(Exit.INTERRUPTED)
    _tell(session, job, told)
    return job


def _tell(session: Session, job: Json, told: str) -> str:
    """One line where something has moved."""
    share = f", {job['share']} %" if job["share"] is not None else ""
    waits = f", {job['waiting_for']}" if job["waiting_for"] and not job["over"] else ""
    line = f"{job['title']}: {job['status']}, {job['done']:,} items{share}{waits}"
    if line != told:
        session.note(line)
    return line


def end(session: Session, job: Json) -> None:
    """Answer with a job that is over, and exit as it ended."""
    session.show(job, lambda: job_shown(job))
    if job["status"] != _SUCCEEDED:
        sys.exit(Exit.FAILED)


def require_done(job: Json) -> None:
    """Raises Failure for a job that has not done what it was to do."""
    if job["status"] == _SUCCEEDED:
        return
    problem = job["problem"] or {}
    said = problem.get("sentence") or f"It is {job['status']}."
    more = (f"Go on with it: stackyard jobs resume {job['id']}",) if "resume" in job["acts"] else ()
    raise Failure(Exit.FAILED, said, more=more, code=problem.get("code", ""))


def fetch(session: Session, job: str, output: str, form: str) -> None:
    """Download the file of a job, in one piece or not at all. Raises Failure."""
    ticket = session.client.send("POST", f"{JOB}/downloads", {"form": form}, job=job).data
    save(session, f"{JOB}/files/{{ticket}}", output, job=job, ticket=str(ticket["url"]).rpartition("/")[2])


def save(session: Session, path: str, output: str, **at: Any) -> None:
    """Write what an address answers to a file that is its owner's alone, in one piece or not at all; - is standard
    output. Raises Failure."""
    if output == "-":
        sys.stdout.flush()
        session.client.download(path, sys.stdout.buffer, **at)
        sys.stdout.buffer.flush()
        return
    there = Path(output).resolve()
    try:
        number, name = tempfile.mkstemp(prefix=".stackyard-", dir=there.parent)  # made with mode 0600
    except OSError as error:
        raise Failure(Exit.USAGE, f"{output} cannot be written: {error.strerror}.") from error
    try:
        with os.fdopen(number, "wb") as file:
            size = session.client.download(path, file, **at)
        Path(name).replace(there)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    session.note(f"{output}: {size:,} bytes.")


def job_shown(job: Json) -> list[Facts]:
    """A job as a person reads it."""
    problem = job["problem"] or {}
    found = [
        (_FOUND.get(name, name.capitalize()), str(count)) for name, count in job["found"].items() if "_" not in name
    ]
    facts = [
        ("Job", job["id"]),
        ("Table", f"{job['table']} of {job['environment']}"),
        ("Status", status(job["status"])),
        ("Problem", problem.get("sentence", "")),
        ("Items", f"{job['done']:,}"),
        ("Read", f"{job['scanned']:,}" if job["scanned"] else ""),
        ("Skipped", f"{job['skipped']:,}" if job["skipped"] else ""),
        ("Failed", f"{job['failed']:,}" if job["failed"] else ""),
        ("Capacity", f"{job['capacity']} units"),
        ("Took", since(job["started_at"], job["finished_at"]) if job["finished_at"] else ""),
        ("Kept until", when(job["expires_at"])),
        ("You can", ", ".join(one.replace("_", " ") for one in job["acts"])),
    ]
    return [Facts(facts, title=job["title"]), Facts(found)]


def report_shown(lines: list[Json]) -> Table:
    """Lines of a report."""
    rows = [[str(one["line"] or ""), one["key"], one["problem"]] for one in lines]
    return Table(["#Line", "Key", "What"], rows, empty="Nothing is in its report.")


def first_lines(session: Session, job: Json) -> list[Json]:
    """The first lines of a job's report."""
    found: list[Json] = session.client.pages(f"{JOB}/report", most=_LINES, job=job["id"])["items"]
    return found


def _act(session: Session, job: str, verb: str) -> None:
    found = session.client.send("POST", f"{JOB}/{verb}", job=job).data
    session.show(found, lambda: job_shown(found))
