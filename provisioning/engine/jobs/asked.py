"""What a reading job is asked to read, as it stands in its goal: {"query": pairs of a link, "segments": number}."""

from collections.abc import Mapping
from typing import Any

from provisioning.aws.items.reading import Read
from provisioning.engine.jobs.ticking import StopJobError
from provisioning.engine.outcome import Problem
from provisioning.items.expressions import expressions_of
from provisioning.items.masking import PROD, mask_for
from provisioning.items.paths import steps_of
from provisioning.items.query import BadQueryError, Query, Shape, read_query, shape_of
from provisioning.lifecycle import JobKind
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


def why_not_read(kind: str, environment: Environment, table: Table, query: Query) -> str:
    """Why such a job may not read this, whoever asks; empty when it may.

    Prod is read by queries, not by scans (B10, pitfall 35), save for counting, which tells no item. Conditions on
    what is hidden would tell it bit by bit (pitfall 41); whoever knows a whole key may ask for it.
    """
    if query.is_scan and environment.stage == PROD and kind != JobKind.COUNT:
        return "A table of prod is queried, never scanned. Give a value of its partition key."
    mask, shape = mask_for(environment, table), shape_of(table)
    sort = (shape.view(query.index) or shape.itself).sort
    if query.sort is not None and query.sort.operator != "=" and mask.touches((sort,)):
        return f"{sort} is hidden here, so it can only be asked for with a whole value."
    asked = next((one.path for one in query.filters if mask.touches(steps_of(one.path))), "")
    return f"{asked} is hidden here, so nothing can be filtered by it." if asked else ""


def require_readable(job: ItemJob, table: Table, query: Query) -> None:
    """Ask again in each tick: rules may have changed. Raises StopJobError."""
    why = why_not_read(job.kind, job.environment, table, query)
    if why:
        raise StopJobError(Problem(why, "you", "Ask for something else on its page.", code="not-readable"))
