"""What a reading job is asked to read, as it stands in its goal: {"query": pairs of a link, "segments": number}."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from provisioning.aws.items.reading import Read
from provisioning.engine.jobs.ticking import StopJobError
from provisioning.engine.outcome import Problem
from provisioning.engine.reading_pages import read_of as call_of
from provisioning.items.allowed import why_not_read
from provisioning.items.query import BadQueryError, Query, Shape, read_query, shape_of
from provisioning.models import Environment, ItemJob, Table

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
        read = call_of(query, shape)
    except BadQueryError as wrong:
        problem = Problem(wrong.sentence, "you", "The table has changed since. Ask again on its page.", code="query")
        raise StopJobError(problem) from None
    segments = max(1, int(job.goal.get("segments", SEGMENTS))) if query.is_scan else None
    read = replace(read, segments=segments, count_only=count_only)
    return query, replace(read, projection="") if count_only else read


def require_readable(environment: Environment, table: Table, query: Query) -> None:
    """Ask again in each tick: rules may have changed. Raises StopJobError."""
    why = why_not_read(environment, table, query)
    if why:
        raise StopJobError(Problem(why, "you", "Ask for something else on its page.", code="not-readable"))
