"""What a reading job is asked to read, as it stands in its goal: {"query": pairs of a link, "segments": number}."""

from collections.abc import Mapping
from typing import Any

from provisioning.aws.items.reading import Read
from provisioning.engine.jobs.ticking import StopJobError
from provisioning.engine.outcome import Problem
from provisioning.items.expressions import expressions_of
from provisioning.items.query import BadQueryError, Query, Shape, read_query, shape_of
from provisioning.lifecycle import JobKind
from provisioning.models import ItemJob, Table

SEGMENTS = 4  # of a scan, unless the goal says otherwise


def goal_of(query: Query, **more: Any) -> dict[str, Any]:
    """The goal of a job that reads what a query finds."""
    return {"query": [list(pair) for pair in query.pairs()], "segments": 1 if not query.is_scan else SEGMENTS, **more}


def query_of(goal: Mapping[str, Any], shape: Shape) -> Query:
    """The query of a goal. Raises BadQueryError when the table has changed so that it cannot be asked any more."""
    return read_query([(name, value) for name, value in goal.get("query", [])], shape)


def read_of(job: ItemJob, table: Table, *, count_only: bool = False) -> tuple[Query, Read]:
    """The query of a job, and what its calls send. Raises StopJobError."""
    shape = shape_of(table)
    try:
        query = query_of(job.goal, shape)
        sent = expressions_of(query, shape)
    except BadQueryError as wrong:
        problem = Problem(wrong.sentence, "you", "The table has changed since. Ask again on its page.", code="query")
        raise StopJobError(problem) from None
    return query, Read(
        table=table.name,
        index=query.index,
        key_condition=sent.key_condition,
        filter=sent.filter,
        projection="" if count_only else sent.projection,
        names=sent.names,
        values=sent.values,
        descending=query.descending,
        consistent=query.consistent,
        segments=max(1, int(job.goal.get("segments", SEGMENTS))) if query.is_scan else None,
        count_only=count_only,
    )


def require_query_in_prod(job: ItemJob, query: Query) -> None:
    """Prod is read by queries, not by scans, whoever asks (B10, pitfall 35); counting tells no item. Raises
    StopJobError."""
    if query.is_scan and job.environment.stage == "prod" and job.kind != JobKind.COUNT:
        raise StopJobError(Problem(SCANS_PROD, "you", "Ask for one partition.", code="scan-in-prod"))


SCANS_PROD = "A table of prod is not scanned."
