"""Long work on items: `stackyard jobs list|show|watch|cancel|resume|report|put-back|download`, and following a job."""

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
from portal.cli.following import Waiting, finish, waiting_options, watching_options
from portal.cli.lists import list_options, show_list
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


_form = click.option("--form", type=click.Choice(FORMS), default=FORMS[0], show_default=True, help="ndjson is exact.")


@click.group(cls=Group)
def jobs() -> None:
    """Long work on items: exports, imports, copies, deletions."""


@jobs.command("list")
@click.option("--all", "everybodys", is_flag=True, help="Everybody's.")
@click.option("--env", "environment", default="", metavar="APP/ENV", help="Of this environment.")
@list_options
@pass_session
def list_jobs(session: Session, *, everybodys: bool, environment: str, limit: int, cursor: str) -> None:
    """List jobs, the newest first: mine, unless --all says otherwise."""
    query = {"whose": "all" if everybodys else "mine", "environment": environment, "cursor": cursor}
    found = session.client.pages("/jobs", query=query, most=limit or None)
    rows = [
        [one["id"], one["title"], one["environment"], one["table"], status(one["status"]), f"{one['done']:,}",
         one["asked_by"], when(one["asked_at"])]
        for one in found["items"]
    ]  # fmt: skip
    columns = ["Job", "What", "Environment", "Table", "Status", "#Items", "By", "Asked"]
    show_list(session, found, lambda: Table(columns, rows, empty="There is no such job."))


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


@jobs.command("report")
@click.argument("job")
@list_options
@pass_session
def report(session: Session, *, job: str, limit: int, cursor: str) -> None:
    """Show the lines of a job's report: what was wrong with which line, or was left alone."""
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


@jobs.command("put-back")
@click.argument("job")
@click.option("--unsure", is_flag=True, help="Also the items of which nobody knows whether the job was at them.")
@click.option("--reason", default="", metavar="TEXT", help="Why; needed in prod.")
@waiting_options
@pass_session
def put_back(session: Session, *, job: str, unsure: bool, reason: str, waiting: Waiting) -> None:
    """Take back what an import, a copy or a deletion did, where items still are as it left them."""
    body = {"unsure": unsure, **({"reason": reason} if reason else {})}
    found = session.client.send("POST", f"{JOB}/put_back", body, job=job).data
    if "plan" in found:
        finish(session, found, waiting)
    elif waiting.wait:
        end(session, wait_for(session, found, waiting))
    else:
        session.show(found, lambda: job_shown(found))


def output_options(run: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `output`, empty for none, and `form`."""

    @wraps(run)
    def put(*args: Any, **kwargs: Any) -> Any:
        return run(*args, **kwargs)

    output = click.option("-o", "--output", default="", metavar="FILE", help="Wait, and write it there; - is output.")
    form = click.option(
        "--form", type=click.Choice(FORMS), default=FORMS[0], show_default=True, help="ndjson is exact."
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
    path = f"{JOB}/files/{{ticket}}"
    at: Json = {"job": job, "ticket": str(ticket["url"]).rpartition("/")[2]}
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
