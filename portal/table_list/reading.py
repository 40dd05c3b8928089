"""Tables of environments: filtered, sorted and paged in the database."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.expressions import OrderBy
from django.db.models.functions import Coalesce
from django.urls import reverse

from portal.table_list.problems import with_problem
from portal.table_list.rows import Line, line_of
from provisioning.actions.item_history import writes_of_environment
from provisioning.blueprints.loader import library
from provisioning.blueprints.model import AccessPattern
from provisioning.lifecycle import JobKind, JobStatus, WriteVerb
from provisioning.models import Environment, ItemJob, ItemWrite, Table

PAGE_SIZE = 25
DEFAULT_SORT = "name"
RECENT = 5
_SORTS = {
    "name": "name",
    "items": "item_count",
    "size": "size_bytes",
    "alarms": "firing",
    "written": "last_write_at",
    "cost": "monthly_cost",
}


@dataclass(frozen=True)
class Totals:
    """All tables that fit the filters."""

    tables: int
    items: int
    size: int


@dataclass(frozen=True)
class Question:
    """A question that the application asks of a table, as a link to its answer: only the value is missing."""

    title: str
    url: str


@dataclass(frozen=True)
class Card:
    """One table of an environment, with what is asked of it."""

    line: Line
    url: str
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class RecentJob:
    """A job on items of a table, with its words."""

    job: ItemJob
    kind: JobKind
    status: JobStatus
    url: str


@dataclass(frozen=True)
class RecentWrite:
    """One write of one item, without telling which."""

    write: ItemWrite
    verb: WriteVerb
    url: str


def list_tables(wanted: Mapping[str, str], sort: str, page: str) -> tuple[Page[int], tuple[Line, ...], Totals]:
    """One page of what was `wanted` (q, application, stage, problem), its lines, and the totals of all that fit. Pages
    out of range give the nearest one; an unknown `sort` gives names in order."""
    found = filtered(wanted)
    totals = totals_of(found)
    pages = Paginator(found.order_by(*_order(sort)).values_list("pk", flat=True), PAGE_SIZE)
    pages.__dict__["count"] = totals.tables  # a cached property that would count them once more
    shown = pages.get_page(page)
    # The page's keys first, then its rows: the database sorts 10,000 keys quicker than rows with what was described.
    keys = list(shown.object_list)
    rows = Table.objects.select_related("environment").in_bulk(keys)
    return shown, tuple(line_of(rows[key]) for key in keys if key in rows), totals


def environment_tables(environment: Environment, page: str) -> tuple[Page[Table], tuple[Card, ...]]:
    """The tables of one environment, kept ones among them, and what its application asks of each."""
    rows = Table.objects.filter(environment=environment).select_related("environment").order_by("name")
    shown = Paginator(rows, PAGE_SIZE).get_page(page)
    blueprint = library().blueprints.get(environment.application)
    patterns = blueprint.patterns if blueprint else ()
    return shown, tuple(_card(environment, row, patterns) for row in shown.object_list)


def recent_jobs(environment: Environment) -> tuple[RecentJob, ...]:
    """The newest jobs on items of any of its tables."""
    jobs = ItemJob.objects.filter(environment=environment).select_related("asked_by").order_by("-asked_at")[:RECENT]
    arguments = (environment.application, environment.name)
    return tuple(
        RecentJob(
            job, JobKind(job.kind), JobStatus(job.status), reverse("item_job", args=(*arguments, job.table, job.pk))
        )
        for job in jobs
    )


def recent_writes(environment: Environment) -> tuple[RecentWrite, ...]:
    """The newest writes of items in any of its tables."""
    writes = writes_of_environment(environment)[:RECENT]
    return tuple(RecentWrite(write, WriteVerb(write.verb), explore_url(environment, write.table)) for write in writes)


def explore_url(environment: Environment, table: str) -> str:
    """The address of the page that reads a table's items."""
    return reverse("table", args=(environment.application, environment.name, table))


def _card(environment: Environment, row: Table, patterns: Iterable[AccessPattern]) -> Card:
    line, url = line_of(row), explore_url(environment, row.name)
    ready = {"": True} | {index.name: not index.state for index in line.indexes}
    questions = (
        Question(one.title, f"{url}?{urlencode(_asking(one))}#pk")
        for one in patterns
        if one.table == row.logical_id and ready.get(one.index or "", False)
    )
    return Card(line, url, tuple(questions))


def _asking(pattern: AccessPattern) -> dict[str, Any]:
    """The pairs of a link that asks it: `ask` has the page wait for the value."""
    index = {"index": pattern.index} if pattern.index else {}
    return index | ({"order": "desc"} if pattern.descending else {}) | {"ask": "1"}


def _of_environments() -> QuerySet[Table]:
    return Table.objects.filter(environment__isnull=False).exclude(stack_name="")


def totals_of(found: QuerySet[Table]) -> Totals:
    """What they come to together."""
    summed = found.aggregate(
        tables=Count("pk"), items=Coalesce(Sum("item_count"), 0), size=Coalesce(Sum("size_bytes"), 0)
    )
    return Totals(**summed)


def filtered(wanted: Mapping[str, str]) -> QuerySet[Table]:
    """The tables of environments that fit what was `wanted`: q, application, stage, problem."""
    found = _of_environments()
    if wanted.get("application"):
        found = found.filter(application=wanted["application"])
    if wanted.get("stage"):
        found = found.filter(environment__stage=wanted["stage"])
    if wanted.get("problem"):
        found = found.filter(with_problem(wanted["problem"]))
    for word in wanted.get("q", "").replace("/", " ").split():
        found = found.filter(
            Q(application__icontains=word) | Q(environment_name__icontains=word) | Q(name__icontains=word)
        )
    return found


def _order(sort: str) -> list[OrderBy | str]:
    column = _SORTS.get(sort.removeprefix("-"))
    if column is None:
        return _order(DEFAULT_SORT)
    nulls = {"nulls_last": True} if column in {"last_write_at", "monthly_cost"} else {}
    return [OrderBy(F(column), descending=sort.startswith("-"), **nulls), "name", "pk"]
