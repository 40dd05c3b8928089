"""Imports: a file is uploaded and checked line by line, then what it holds is written by a second click.

What a job has written over, deleted or made can be put back as long as it is kept.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import IO

from django.conf import settings
from django.utils import timezone

from provisioning.actions.actor import Actor, require_change_right
from provisioning.actions.browsing import require_own
from provisioning.actions.jobs import Asked, open_job
from provisioning.actions.moves import Run, WriteCost, cost_of, do_request_run, do_run, require_rate
from provisioning.actions.refusals import Refusal
from provisioning.actions.writing_in_prod import AskToWrite
from provisioning.engine.jobs.checking import BYTES, CUT, EXISTS, NEW, PIECE, UNITS_NEW, UNITS_OVER
from provisioning.engine.jobs.chunks import Purpose, append_packed, has_chunks, packed_for
from provisioning.engine.jobs.importing import BACK, CHECK, OVER, RUN
from provisioning.engine.jobs.importing import NEW as NEW_ONLY
from provisioning.engine.jobs.undoing import count_of
from provisioning.items.importing import HEAD, PLAIN, TYPED, BadFileError, keys_of, open_file
from provisioning.items.query import shape_of
from provisioning.lifecycle import MOVING_JOBS, JobKind, JobStatus
from provisioning.models import Change, Environment, ItemJob, Table
from provisioning.tasks import ring_job

MODES = {NEW_ONLY: "Only new items", OVER: "New items, and over those that are there"}
NOTATIONS = {"": "Find out", TYPED: "Typed JSON", PLAIN: "Plain JSON"}


@dataclass(frozen=True)
class Upload:
    """A file that somebody sends: its name, its bytes, and itself, at its beginning."""

    name: str
    size: int
    file: IO[bytes]


def most_bytes() -> int:
    """The largest file that is taken."""
    return int(settings.IMPORT_MOST_MIB) * 1024 * 1024


def do_check_import(
    actor: Actor, environment: Environment, table: Table, upload: Upload, *, notation: str = "", key: uuid.UUID | None
) -> ItemJob:
    """Take a file in and begin its dry run: nothing is written. Raises Refusal, with the field it is about.

    The pieces of the file are committed one by one, so that no other writer waits for all of them; the job is let go
    behind the last one.
    """
    require_own(environment, table)
    require_change_right(actor, environment)
    if upload.size > most_bytes():
        raise _bad_file(f"The file is larger than {settings.IMPORT_MOST_MIB} MiB. Split it.", "too-large")
    head = upload.file.read(HEAD)
    try:
        form = open_file(head, upload.name, keys_of(shape_of(table)), notation=notation)
    except BadFileError as wrong:
        raise _bad_file(wrong.sentence, "bad-file") from None
    goal = {"phase": CHECK, "form": form.as_dict(), "label": form.label, "name": upload.name[:200]}
    asked = Asked(goal, {"bytes": upload.size}, held=True)
    job = open_job(actor, environment, table.name, JobKind.IMPORT, asked, request_key=key)
    if job.next_check_at is None and job.status == JobStatus.QUEUED and not has_chunks(job, Purpose.UPLOAD):
        _take_in(job, upload, head)
    return job


def _bad_file(sentence: str, code: str) -> Refusal:
    return Refusal(sentence, code, fields={"file": sentence})


def _take_in(job: ItemJob, upload: Upload, head: bytes) -> None:
    for number, piece in enumerate(_pieces(upload, head)):
        packed = packed_for(job, Purpose.UPLOAD, piece)
        append_packed(job, Purpose.UPLOAD, packed, part=0, number=number, items=0)
    ItemJob.objects.filter(pk=job.pk).update(next_check_at=timezone.now())
    ring_job(job.pk)


def _pieces(upload: Upload, head: bytes) -> Iterator[bytes]:
    piece = head + upload.file.read(PIECE - len(head))
    while piece:
        yield piece
        piece = upload.file.read(PIECE)


def import_cost(table: Table, checked: ItemJob, mode: str, rate: int | None = None) -> WriteCost:
    """What the run of a dry run takes, as the dry run found it."""
    report = checked.report
    items, units = report.get(NEW, 0), Decimal(report.get(UNITS_NEW, "0"))
    if mode == OVER:
        items, units = items + report.get(EXISTS, 0), units + Decimal(report.get(UNITS_OVER, "0"))
    return cost_of(table, items, report.get(BYTES, 0), units, rate)


def do_run_import(
    actor: Actor, table: Table, checked: ItemJob, *, mode: str, rate: int, key: uuid.UUID | None
) -> ItemJob:
    """Write what a dry run has checked. Raises Refusal; in prod with the code prod-needs-change."""
    return do_run(actor, _run(table, checked, mode, rate), key=key)


def do_request_import(actor: Actor, table: Table, checked: ItemJob, *, mode: str, rate: int, ask: AskToWrite) -> Change:
    """Ask for the same as a change. Raises Refusal."""
    return do_request_run(actor, _run(table, checked, mode, rate), ask)


def _run(table: Table, checked: ItemJob, mode: str, rate: int) -> Run:
    require_own(checked.environment, table)
    require_rate(rate)
    if mode not in MODES:
        raise Refusal("Say what is to happen to items that are there already.", "mode", fields={"mode": "Choose one."})
    why = why_not_import(checked, mode)
    if why:
        raise Refusal(why, "cannot-run")
    goal = {"mode": mode, "purpose": Purpose.ITEMS, "name": checked.goal.get("name", "")}
    return Run(JobKind.IMPORT, checked, goal, import_cost(table, checked, mode, rate))


def why_not_import(checked: ItemJob, mode: str = OVER) -> str:
    """Why what this dry run checked cannot be written; empty when it can. `why_not_run` has the rest."""
    if checked.kind != JobKind.IMPORT or checked.goal.get("phase") != CHECK:
        return "This is no dry run."
    if checked.status != JobStatus.SUCCEEDED:
        return "Its dry run has not come to its end."
    if checked.report.get(CUT):
        return str(checked.report[CUT])
    if not checked.report.get(NEW) and not (mode == OVER and checked.report.get(EXISTS)):
        return "There is nothing to write."
    return ""


def do_put_back(actor: Actor, table: Table, done: ItemJob, *, unsure: bool = False, key: uuid.UUID | None) -> ItemJob:
    """Take back what a job did, item by item where it still is as the job left it: put over what it wrote over, put
    again what it deleted, delete what it made. With `unsure` also what may have been somebody else. Raises Refusal; in
    prod with the code prod-needs-change."""
    return do_run(actor, _back(table, done, unsure=unsure), key=key)


def do_request_put_back(actor: Actor, table: Table, done: ItemJob, ask: AskToWrite, *, unsure: bool = False) -> Change:
    """Ask for the same as a change. Raises Refusal."""
    return do_request_run(actor, _back(table, done, unsure=unsure), ask)


def _back(table: Table, done: ItemJob, *, unsure: bool) -> Run:
    require_own(done.environment, table)
    why = why_not_put_back(done)
    if why:
        raise Refusal(why, "cannot-put-back")
    count = count_of(done)
    if not unsure and not count.sure:
        raise Refusal(
            "It is not known of any of these items whether this job was at them. Say that they are to be put back all"
            " the same.",
            "only-unsure",
            fields={"unsure": "Tick this to put them back."},
        )
    back = [count.put, count.made, count.unsure if unsure else 0]
    goal = {"mode": BACK, "purpose": Purpose.UNDO, "unsure": unsure, "back": back}
    return Run(JobKind.IMPORT, done, goal, put_back_cost(table, done, unsure=unsure))


def put_back_cost(table: Table, done: ItemJob, *, unsure: bool = False) -> WriteCost:
    """What putting back takes, about: as much as what is undone, for so many of its items as are kept."""
    expected, kept = done.expected, count_of(done)
    count = kept.sure + (kept.unsure if unsure else 0)
    of_all = Decimal(count) / max(1, int(expected.get("items") or 0), count)
    size, units = int(expected.get("bytes") or 0) * of_all, Decimal(expected.get("units") or 0) * of_all
    return cost_of(table, count, int(size), units.to_integral_value(), done.rate)


def why_not_put_back(done: ItemJob) -> str:
    """Why nothing can be put back of what a job did; empty when it can."""
    if done.goal.get("phase") != RUN:
        return "It has written nothing."
    if done.status in MOVING_JOBS:
        return "It is still under way."
    kept = count_of(done)
    return "" if kept.sure or kept.unsure else "Nothing is kept that could be put back."
