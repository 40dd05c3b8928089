"""What home shows, and the search over everything."""

from collections.abc import Iterable

from django.http import HttpRequest
from django.urls import reverse
from ninja import Query, Router, Schema
from pydantic import Field

from portal.access import actor_of
from portal.accounts.models import Scope
from portal.api.budgets import Notice, notice_line
from portal.api.change_shapes import ChangeLine, change_line
from portal.api.environment_shapes import EnvironmentLine, environment_line
from portal.api.operations import operation
from portal.api.text import Line
from portal.costs.exporting import exact
from portal.environments.listing import Row
from portal.home.reading import ChangeLine as Moving
from portal.home.reading import read_board
from portal.home.searching import search_everything
from provisioning.models import Parameter, Table

router = Router(tags=["Home"])


class Words(Schema):
    """What to look for: every word must fit."""

    q: Line = Field(min_length=1, max_length=100)


class FoundTable(Schema):
    """A table that fits; `url` is its page."""

    name: str
    environment: str
    url: str


class FoundParameter(Schema):
    """A parameter whose name fits; its value is not looked at. `url` is its page."""

    key: str
    name: str
    environment: str
    url: str


class SearchResult(Schema):
    """What fits, one's own first, at most ten of each; `more` names those of which there are more."""

    environments: list[EnvironmentLine]
    changes: list[ChangeLine]
    tables: list[FoundTable]
    parameters: list[FoundParameter]
    more: list[str]


class Home(Schema):
    """What is mine and what goes on. `environments` are the ten of mine that changed last, of `environment_count`;
    `monthly` is what those with stacks are estimated to cost a month, `spent` what they have this month, both null
    where there is nothing to tell. `told` is what budgets told. `waiting` is for me to decide, `recent` of me
    where I have any, else of everybody; the other lists have the first few of so many."""

    environments: list[EnvironmentLine]
    environment_count: int
    monthly: str | None
    spent: str | None
    told: list[Notice]
    waiting: list[ChangeLine]
    waiting_count: int
    running: list[ChangeLine]
    running_count: int
    jobs_count: int
    recent: list[ChangeLine]


@operation(
    router, "GET", "/search", scope=Scope.READ, page="search", answers=SearchResult, summary="Search everything",
)  # fmt: skip
def search(request: HttpRequest, wanted: Query[Words]) -> SearchResult:
    """Parts of names of environments, tables and parameters, of reasons, and the start of a change's id."""
    if not wanted.q.split():
        return SearchResult(environments=[], changes=[], tables=[], parameters=[], more=[])
    found = search_everything(actor_of(request).user_id, wanted.q)
    return SearchResult(
        environments=_environments(found.environments),
        changes=_changes(found.changes),
        tables=[_table(one) for one in found.tables],
        parameters=[_parameter(one) for one in found.parameters],
        more=sorted(found.more),
    )


@operation(
    router, "GET", "/home", scope=Scope.READ, page="home", answers=Home, summary="Show what is mine",
)  # fmt: skip
def show_home(request: HttpRequest) -> Home:
    """My environments, what waits for me, what is running, what happened."""
    board = read_board(request)
    return Home(
        environments=_environments(board.mine),
        environment_count=board.mine_count,
        monthly=None if board.monthly is None else f"{board.monthly:.2f}",
        spent=None if board.spent is None else exact(board.spent),
        told=[notice_line(one) for one in board.told],
        waiting=_changes(board.waiting),
        waiting_count=board.waiting_count,
        running=_changes(board.running),
        running_count=board.running_count,
        jobs_count=board.jobs_count,
        recent=_changes(board.recent),
    )


def _environments(rows: Iterable[Row]) -> list[EnvironmentLine]:
    return [EnvironmentLine(**environment_line(row.environment)) for row in rows]


def _changes(lines: Iterable[Moving]) -> list[ChangeLine]:
    return [ChangeLine(**change_line(one.change)) for one in lines]


def _table(one: Table) -> FoundTable:
    found = one.environment
    url = reverse("table", args=[found.application, found.name, one.name]) if found else ""
    return FoundTable(name=one.name, environment=str(found), url=url)


def _parameter(one: Parameter) -> FoundParameter:
    found = one.environment
    url = reverse("parameter", args=[found.application, found.name, one.key])
    return FoundParameter(key=one.key, name=one.name, environment=str(found), url=url)
