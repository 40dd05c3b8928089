"""The same query in two environments, item by item, however large: what only one side has, and what differs.

One partition of a table comes in the order of its sort key on both sides, so the two are merged as they are read. An
index or a whole table has no order that both sides share: there each side is read in turn, and the same keys are looked
up on the other one (part 0 goes from here to there, part 1 back). With a sample, only so many are.

Goal: {"with": the id of the other environment, "with_table": its table, "query": pairs, "sample": how many on each
side, or null}. What is kept is what both masks let be seen (pitfall 41).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from provisioning.aws.clients import Clients
from provisioning.engine.jobs.asked import query_of
from provisioning.engine.jobs.chunks import Purpose, read_lines
from provisioning.engine.jobs.compared import Looking, Merging, Place, Results
from provisioning.engine.jobs.pacing import Pace
from provisioning.engine.jobs.ticking import Again, Finished, StopJobError, table_of
from provisioning.engine.outcome import Problem
from provisioning.engine.reaching import default_aws, reach
from provisioning.items.allowed import why_not_read
from provisioning.items.comparing import Compared, Hiding, from_line
from provisioning.items.masking import PROD, mask_for
from provisioning.items.query import BadQueryError, shape_of
from provisioning.models import AuditEntry, Environment, ItemJob, JobPart, Table

SLOW = "Going on at the rate that was asked for."
PARTS = 2


def compare_tables(job: ItemJob, aws: Clients, until: datetime) -> Again | Finished:
    """Bring a comparison on. Raises StopJobError, AwsError, LeaseLostError and CancelAskedError."""
    here = _place(job, job.environment, table_of(job), aws)
    other = other_side(job)
    there = _place(job, other.environment, other.table, _aws_of(job, other.environment, aws))
    if here.keys != there.keys:
        raise _stop("The two tables have different keys, so their items cannot be compared.")
    results = Results(job, hiding_of(job, here.row, other), Pace.of(job))
    merges = not here.query.is_scan and not here.query.index and not job.goal.get("sample")
    work = Merging(here, there, results) if merges else Looking(here, there, results, job.goal.get("sample"))
    for number in range(1 if merges else PARTS):
        part = _part(job, number, (here.row, there.row))
        while not part.done:
            pause = results.pace.seconds_until_free()
            if pause or timezone.now() >= until:
                return Again(pause, SLOW if pause else "")
            work.step(part)
    return Finished()


def _part(job: ItemJob, number: int, tables: tuple[Table, Table]) -> JobPart:
    """A part of the job. Whoever begins the first one writes down which tables of prod it reads: once, also when it was
    begun by a retry."""
    with transaction.atomic():
        part, begins = JobPart.objects.get_or_create(job=job, number=number)
        for table in tables if begins and number == 0 else ():
            if table.environment is not None and table.environment.stage == PROD:
                AuditEntry.objects.create(
                    at=timezone.now(),
                    by_id=job.asked_by_id,
                    verb="read_items",
                    environment=table.environment,
                    summary=f"Compares {table.name} in the background"[:300],
                    detail={"table": table.name, "job": str(job.pk)},
                )
    return part


@dataclass(frozen=True)
class OtherSide:
    """The environment that a comparison is with, and its table."""

    environment: Environment
    table: Table


def other_side(job: ItemJob) -> OtherSide:
    """What a job compares with: the same application's. Raises StopJobError (pitfall 42)."""
    environment = (
        Environment.objects.select_related("account")
        .filter(pk=job.goal["with"], application=job.environment.application)
        .first()
    )
    table = Table.objects.filter(environment=environment, name=job.goal["with_table"]).first() if environment else None
    if environment is None or table is None or table.account_id != environment.account_id:
        raise _stop(f"The table {job.goal['with_table']} to compare with is not there any more.")
    return OtherSide(environment, table)


def hiding_of(job: ItemJob, table: Table, other: OtherSide) -> Hiding:
    """What is hidden on either side now."""
    masks = (mask_for(job.environment, table), mask_for(other.environment, other.table))
    return Hiding(tuple(mask for mask in masks if not mask.is_empty), shape_of(table).itself.keys)


def results_of(job: ItemJob) -> Iterator[Compared]:
    """The kept results of a comparison, as they may be seen now. Raises StopJobError when a table is gone, so that
    nobody can say what is hidden in it; NotSealedError."""
    hiding = hiding_of(job, table_of(job), other_side(job))
    return (from_line(line, hiding) for line in read_lines(job, Purpose.RESULT))


def _aws_of(job: ItemJob, environment: Environment, aws: Clients) -> Clients:
    mine = environment.account_id == job.environment.account_id
    return aws if mine else reach(environment.account, default_aws)


def _place(job: ItemJob, environment: Environment, table: Table, aws: Clients) -> Place:
    shape = shape_of(table)
    try:
        query = query_of(job.goal, shape)
    except BadQueryError as wrong:
        raise _stop(f"{table.name}: {wrong.sentence}") from None
    why = why_not_read(environment, table, query)
    if why:
        raise _stop(f"{table.name}: {why}")
    return Place(aws, table, shape, query)


def _stop(sentence: str) -> StopJobError:
    return StopJobError(Problem(sentence, "you", "Ask for the comparison again on the table's page.", code="compare"))
