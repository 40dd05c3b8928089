"""Comparing a table with the same one elsewhere: where else it is, what one request compares, what a job has found."""

import uuid
from itertools import islice
from typing import Literal

from django.http import HttpRequest, HttpResponse
from ninja import Path, Query, Router, Schema
from pydantic import Field

from portal.access import actor_of
from portal.accounts.models import Scope
from portal.api.item_jobs import counterpart_named
from portal.api.item_queries import QuestionWanted
from portal.api.item_shapes import Json, typed, units, unkept
from portal.api.jobs import ONE
from portal.api.operations import operation
from portal.api.paging import Paged, cursor_of, number, read_cursor
from portal.api.tables import Where, table_of
from portal.api.text import Name
from portal.item_jobs.access import access_any_job
from provisioning.actions.actor import Actor, require_change_right
from provisioning.actions.comparing_items import Corner, counterparts, do_compare
from provisioning.actions.copying import destinations
from provisioning.actions.downloading import why_not_download
from provisioning.actions.refusals import Refusal
from provisioning.engine.jobs.comparing import results_of
from provisioning.items.comparing import Compared, Difference, How, Outcome
from provisioning.items.intents import shown_path
from provisioning.items.values import Value
from provisioning.lifecycle import JobKind

router = Router(tags=["Comparisons"])
_FURTHEST = 1_000_000  # a job keeps far fewer
_TABLE = "/environments/{app}/{name}/tables/{table}"


class Counterpart(Schema):
    """The same table in another environment of the application. `copies`: items can be copied into it by whoever
    asks."""

    environment: str
    stage: str
    table: str
    copies: bool


class CounterpartList(Schema):
    """Where else a table is, by the names of the environments."""

    items: list[Counterpart]


class CompareWanted(QuestionWanted):
    """A question with `pk`, and which environment of the application it is asked of besides."""

    against: Name


class PlaceDifference(Schema):
    """One place that differs; `here` and `there` are null where a side has nothing, or it is hidden."""

    path: str
    how: How
    here: Json | None
    there: Json | None


class ComparedShape(Schema):
    """One key. `outcome` different, missing (there and not here), or extra (here and not there), with the `item` of the
    side that has it."""

    key: Json
    outcome: Outcome
    differences: list[PlaceDifference]
    item: Json | None


class ComparisonShape(Schema):
    """What one request has compared. `counts` are of all keys by outcome, `items` are those that are not the same.
    `more`: a side goes on, and what comes behind what both are known up to was left out; a job compares all."""

    against: str
    counts: dict[str, int]
    items: list[ComparedShape]
    more: bool
    capacity: str
    calls: int


class DifferencesWanted(Paged):
    """Which of the differences; without `outcome` all."""

    outcome: Literal["", "different", "missing", "extra"] = Field("", description="Of this outcome only.")


class DifferenceList(Schema):
    """A page of what a job has found, in the order of its reading."""

    items: list[ComparedShape]
    next: str | None


@operation(
    router, "GET", f"{_TABLE}/counterparts", scope=Scope.READ, page="table_compare", answers=CounterpartList,
    summary="List where else a table is",
)  # fmt: skip
def list_counterparts(request: HttpRequest, where: Path[Where]) -> CounterpartList:
    """In which other environments of the application, to compare it with or to copy items into."""
    environment, row = table_of(request, where)
    actor, into = actor_of(request), {one.pk for one in destinations(environment, row)}
    found = [
        Counterpart(
            environment=str(one.environment),
            stage=one.environment.stage,
            table=one.table.name,
            copies=one.table.pk in into and _may_change(actor, one),
        )
        for one in counterparts(environment, row)
    ]
    return CounterpartList(items=found)


@operation(
    router, "GET", f"{_TABLE}/comparison", scope=Scope.READ, page="table_compare", answers=ComparisonShape,
    summary="Compare a few items with another environment",
)  # fmt: skip
def compare_now(
    request: HttpRequest, response: HttpResponse, where: Path[Where], wanted: Query[CompareWanted]
) -> ComparisonShape:
    """The same query on both sides, four calls on each at most; what is hidden on one side is hidden on both. Without
    `pk`, or for all of it, ask for a comparison as a job."""
    environment, row = table_of(request, where)
    there = counterpart_named(environment, row, wanted.against)
    found = do_compare(actor_of(request), Corner(environment, row), there, wanted.query(row))
    unkept(response)
    return ComparisonShape(
        against=str(there.environment),
        counts=dict(found.counts),
        items=[_compared(one) for one in found.rows],
        more=found.more,
        capacity=units(found.capacity),
        calls=found.calls,
    )


@operation(
    router, "GET", f"{ONE}/differences", scope=Scope.READ, page="table_compare_result", answers=DifferenceList,
    summary="Read what a comparison has found",
)  # fmt: skip
def list_differences(
    request: HttpRequest, response: HttpResponse, job_id: uuid.UUID, wanted: Query[DifferencesWanted]
) -> DifferenceList:
    """Of a job that is over, for who asked for it, as long as it is kept. What is hidden by now is hidden in it."""
    job = access_any_job(request, job_id)
    why_not = why_not_download(actor_of(request), job)
    if why_not is not None:
        raise why_not
    if job.kind != JobKind.COMPARE:
        raise Refusal("This job has compared nothing.", "no-comparison")
    (begin,) = read_cursor(wanted.cursor, (number,)) if wanted.cursor else (0,)
    begin = min(max(0, begin), _FURTHEST)
    fitting = (one for one in results_of(job) if wanted.outcome in ("", str(one.outcome)))
    found = list(islice(fitting, begin, begin + wanted.limit + 1))
    unkept(response)
    return DifferenceList(
        items=[_compared(one) for one in found[: wanted.limit]],
        next=cursor_of([str(begin + wanted.limit)]) if len(found) > wanted.limit else None,
    )


def _may_change(actor: Actor, corner: Corner) -> bool:
    try:
        require_change_right(actor, corner.environment)
    except Refusal:
        return False
    return True


def _compared(one: Compared) -> ComparedShape:
    return ComparedShape(
        key=typed(one.key),
        outcome=one.outcome,
        differences=[_difference(difference) for difference in one.differences],
        item=None if one.item is None else typed(one.item),
    )


def _difference(one: Difference) -> PlaceDifference:
    return PlaceDifference(path=shown_path(one.path), how=one.how, here=_json(one.here), there=_json(one.there))


def _json(value: Value | None) -> Json | None:
    return None if value is None else typed(value)
