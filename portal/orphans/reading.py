"""Kept tables that no stack owns, grouped by the environment they were: filtered, sorted and paged in the database."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Max, Q, QuerySet, Sum
from django.db.models.expressions import OrderBy
from django.db.models.functions import Coalesce

from portal.environments.heading import why_not_act
from provisioning.actions.actor import Actor
from provisioning.actions.order import why_not_now
from provisioning.blueprints.loader import library
from provisioning.lifecycle import ChangeKind, ChangeStatus
from provisioning.models import Account, Change, Environment, Table
from provisioning.planning.matching import stage_of_name

PAGE_SIZE = 25
DEFAULT_SORT = "-cost"


@dataclass(frozen=True)
class Group:
    """The kept tables of one environment. `kept_since` is when their data stack went, None where nobody saw it.
    `why_not_adopt` and `why_not_delete` say why this person cannot now, empty when they can; `known` says whether
    there is a page of the environment."""

    application: str
    name: str
    stage: str
    tables: tuple[Table, ...]
    items: int
    size: int
    cost: Decimal | None
    kept_since: datetime | None
    known: bool
    why_not_adopt: str
    why_not_delete: str


@dataclass(frozen=True)
class Totals:
    """All tables that fit the filters. `cost` is US dollars a month, without `unpriced` tables."""

    tables: int
    items: int
    size: int
    cost: Decimal
    unpriced: int


@dataclass(frozen=True)
class Look:
    """The last survey: when it ended, whether one is due or under way, why the last try did not end."""

    at: datetime | None
    due: bool
    problem: str


def orphan_count() -> int:
    """How many tables no stack owns."""
    return _orphans().count()


def read_look(now: datetime) -> Look:
    """How old what is shown is."""
    account = Account.objects.order_by("pk").first()
    if account is None:
        return Look(None, due=False, problem="")
    due = account.survey_due_at is None or account.survey_due_at <= now
    return Look(account.surveyed_at, due, account.survey_problem)


def read_orphans(
    actor: Actor, wanted: Mapping[str, str], sort: str, page: str
) -> tuple[Page[Any], tuple[Group, ...], Totals]:
    """One page of groups of what was `wanted` (q, application), and the totals of all that fit."""
    shown = Paginator(grouped(wanted).order_by(*_order(sort)), PAGE_SIZE).get_page(page)
    return shown, groups_of(actor, list(shown.object_list), wanted), totals_of(wanted)


def grouped(wanted: Mapping[str, str]) -> QuerySet[Any, Any]:
    """What was `wanted`, a row for each environment, in no order."""
    summed = _filtered(wanted).values("application", "environment_name")
    return summed.annotate(
        items=Sum("item_count"), size=Sum("size_bytes"), cost=Sum("monthly_cost"), written=Max("last_write_at")
    )


def groups_of(actor: Actor, rows: Sequence[Mapping[str, object]], wanted: Mapping[str, str]) -> tuple[Group, ...]:
    """The groups of some rows of `grouped`, with their tables."""
    return _groups(actor, rows, _filtered(wanted))


def totals_of(wanted: Mapping[str, str]) -> Totals:
    """The totals of what was `wanted`."""
    return _totals(_filtered(wanted))


def _orphans() -> QuerySet[Table]:
    return Table.objects.filter(stack_name="")


def _filtered(wanted: Mapping[str, str]) -> QuerySet[Table]:
    found = _orphans()
    if wanted.get("application"):
        found = found.filter(application=wanted["application"])
    for word in wanted.get("q", "").replace("/", " ").split():
        found = found.filter(
            Q(application__icontains=word) | Q(environment_name__icontains=word) | Q(name__icontains=word)
        )
    return found


def _order(sort: str) -> list[OrderBy | str]:
    columns = {"name": "environment_name", "items": "items", "size": "size", "cost": "cost", "written": "written"}
    column = columns.get(sort.removeprefix("-"))
    if column is None:
        return _order(DEFAULT_SORT)
    first = OrderBy(F(column), descending=sort.startswith("-"), nulls_last=True)
    return [first, "application", "environment_name"]


def _totals(found: QuerySet[Table]) -> Totals:
    summed = found.aggregate(
        tables=Count("pk"),
        items=Coalesce(Sum("item_count"), 0),
        size=Coalesce(Sum("size_bytes"), 0),
        cost=Coalesce(Sum("monthly_cost"), Decimal(0)),
        unpriced=Count("pk", filter=Q(monthly_cost__isnull=True)),
    )
    return Totals(**summed)


def _groups(actor: Actor, rows: Sequence[Mapping[str, object]], found: QuerySet[Table]) -> tuple[Group, ...]:
    names = {str(row["environment_name"]) for row in rows}
    tables: dict[tuple[str, str], list[Table]] = {}
    for table in found.filter(environment_name__in=names).order_by("name"):
        tables.setdefault((table.application, table.environment_name), []).append(table)
    known = {
        (one.application, one.name): one for one in Environment.objects.filter(name__in=names).select_related("owner")
    }
    kept = _kept_since(known.values())
    return tuple(
        _group(actor, row, tuple(tables.get(key, ())), known.get(key), kept)
        for row in rows
        for key in [(str(row["application"]), str(row["environment_name"]))]
    )


def _kept_since(environments: Iterable[Environment]) -> dict[int, datetime]:
    """When the data stacks of these environments were last deleted, by environment."""
    deleted = Change.objects.filter(
        environment__in=environments, kind=ChangeKind.DELETE_DATA_STACK, status=ChangeStatus.SUCCEEDED
    )
    return dict(deleted.values_list("environment").annotate(at=Max("finished_at")))


def _group(
    actor: Actor,
    row: Mapping[str, object],
    tables: tuple[Table, ...],
    environment: Environment | None,
    kept: Mapping[int, datetime],
) -> Group:
    why_not = why_not_act(actor, environment)
    no_blueprint = str(row["application"]) not in library().blueprints
    gone = f"There is no application called {row['application']} any more." if no_blueprint else ""
    return Group(
        application=str(row["application"]),
        name=str(row["environment_name"]),
        stage=stage_of_name(str(row["environment_name"])),
        tables=tables,
        items=sum(table.item_count for table in tables),
        size=sum(table.size_bytes for table in tables),
        cost=_sum(table.monthly_cost for table in tables),
        kept_since=kept.get(environment.pk) if environment else None,
        known=environment is not None,
        why_not_adopt=why_not or gone or (why_not_now(environment, ChangeKind.CREATE) if environment else ""),
        why_not_delete=why_not or gone,
    )


def _sum(costs: Iterable[Decimal | None]) -> Decimal | None:
    """The sum of those that are known; None when none is."""
    known = [cost for cost in costs if cost is not None]
    return sum(known, Decimal(0)) if known else None
