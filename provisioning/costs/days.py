"""Every day's costs, read once for each version of the data and kept as small columns of whole numbers.

A page asks for the days it needs and never for AWS (pitfall 1). The months that a reading still changes are kept apart
from those before, which stay as they are: after a reading only the former are read again.
"""

from __future__ import annotations  # an array is not told its type when the program runs

from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from operator import add
from typing import Any

from django.core.cache import cache
from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    Exists,
    F,
    Func,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.utils import timezone

from provisioning.costs.forecast import settled_day
from provisioning.costs.spend import USAGE, Line, month_before, trillionths
from provisioning.lifecycle import CostSource, RefreshStatus
from provisioning.models import Account, CostDay, CostRefresh, CostTotal, Environment

KEPT_FOR = 26 * 3_600  # seconds; a reading a day makes a new version before that
FRESH = timedelta(days=3)  # days whose rows tell the version
YEAR = timedelta(days=366)

Column = tuple[str, str, int | None, str, str, str]


class Trillionths(Func):
    """An amount as a whole number, because a sum of SQLite's own is one of floating point (pitfall 13)."""

    output_field = BigIntegerField()
    template = "CAST(%(expressions)s * 1000000000000 AS bigint)"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """SQLite keeps decimals as numbers of 15 digits, which come out whole when rounded."""
        template = "CAST(ROUND(%(expressions)s * 1000000000000.0) AS INTEGER)"
        return self.as_sql(compiler, connection, template=template, **context)


@dataclass(frozen=True)
class Known:
    """What there is of costs: from where, for which days, as of when. `settled` is the last day that is complete,
    `sources` are all that have rows."""

    source: CostSource
    first: date
    last: date
    as_of: datetime
    settled: date
    version: str
    sources: tuple[CostSource, ...]


@dataclass(frozen=True)
class Days:
    """The columns of some days in a row. `totals` are the days' own totals, where AWS gives them, as trillionths;
    amounts since `estimated_from` may still change; `currencies` has every one that occurs, the commonest first."""

    first: date
    columns: Mapping[Column, array[int]]
    totals: Mapping[date, int]
    estimated_from: date | None
    currencies: tuple[str, ...]

    @property
    def by_day(self) -> list[int]:
        """The sum of everything by day, from `first` on."""
        sums: list[int] = []
        for amounts in self.columns.values():
            sums = list(map(add, sums, amounts)) if sums else list(amounts)
        return sums


def known(source: str = "") -> Known | None:
    """What there is from `source`; from Cost Explorer where it has said anything, else from Stackyard's own reckoning.
    None before there is any. The two are never mixed."""
    ends = {f"{one}_first": Subquery(_days_of(one).order_by("day")[:1]) for one in CostSource}
    ends |= {f"{one}_last": Subquery(_days_of(one).order_by("-day")[:1]) for one in CostSource}
    row: dict[str, Any] = Account.objects.annotate(**ends).order_by("pk").values(*ends).first() or {}
    sources = tuple(one for one in (CostSource.EXPLORER, CostSource.ACCRUAL) if row.get(f"{one}_last"))
    if not sources:
        return None
    chosen = next((one for one in sources if one == source), sources[0])
    last: date = row[f"{chosen}_last"]
    newest = CostDay.objects.filter(source=chosen, day__gt=last - FRESH).aggregate(
        as_of=Max("as_of"), newest=Max("pk"), rows=Count("pk")
    )
    as_of: datetime = newest["as_of"].astimezone(UTC)
    version = f"{as_of.timestamp()}-{newest['newest']}-{newest['rows']}"
    return Known(chosen, row[f"{chosen}_first"], last, as_of, settled_day(as_of.date()), version, sources)


def _days_of(source: CostSource) -> QuerySet[CostDay, Any]:
    return CostDay.objects.filter(source=source).values("day")


def read_days(what: Known, first: date) -> Days:
    """All days from `first` on, a year back at most. Rows are read only when nobody has since the last reading."""
    today = timezone.now().date()
    boundary = month_before(today.replace(day=1))
    recent = _kept(f"costs:recent:{what.source}:{boundary}:{what.version}", what, boundary, None)
    if first >= boundary or what.first >= boundary:
        return recent
    start = max(what.first, boundary - YEAR)
    version = _old_version(boundary) if what.source == CostSource.EXPLORER else what.first
    old = _kept(f"costs:old:{what.source}:{boundary}:{start}:{version}", what, start, boundary)
    return _joined(old, recent)


def _old_version(boundary: date) -> int:
    """The last reading that went back behind the months that every reading asks for."""
    done = CostRefresh.objects.filter(status=RefreshStatus.DONE, first_day__lt=boundary)
    return done.aggregate(last=Max("pk"))["last"] or 0


def _kept(key: str, what: Known, first: date, end: date | None) -> Days:
    found: Days | None = cache.get(key)
    if found is None:
        found = _read(what, first, end or max(what.last, first) + timedelta(days=1))
        cache.set(key, found, KEPT_FOR)
    return found


def _read(what: Known, first: date, end: date) -> Days:
    """A year of many environments has hundreds of thousands of rows: nothing is done for each that one sum can say."""
    there = CostDay.objects.filter(source=what.source, day__gte=first, day__lt=end)
    rows = there.values_list(
        "application", "environment_name", "environment_id", "service", "record_type", "currency", "day",
        Trillionths(F("amount")),
    )  # fmt: skip
    nothing, start = bytes(8 * max(0, (end - first).days)), first.toordinal()
    columns: dict[Column, array[int]] = {}
    for row in rows.iterator(chunk_size=20_000):
        column = row[:6]
        amounts = columns.get(column)
        if amounts is None:
            amounts = columns[column] = array("q", nothing)
        amounts[row[6].toordinal() - start] += row[7]
    of_currency = (
        there.order_by()
        .values_list("currency")
        .annotate(rows=Count("pk"), estimated_from=Min("day", filter=Q(estimated=True)))
    )
    ranked = sorted(of_currency, key=lambda one: (-one[1], one[0]))
    estimated = [day for _, _, day in ranked if day is not None]
    currencies = tuple(currency for currency, _, _ in ranked)
    return Days(first, columns, _totals(what, first, end), min(estimated, default=None), currencies)


def _totals(what: Known, first: date, end: date) -> dict[date, int]:
    if what.source != CostSource.EXPLORER:
        return {}
    sums: dict[date, int] = {}
    for day, amount in CostTotal.objects.filter(day__gte=first, day__lt=end).values_list("day", "amount"):
        sums[day] = sums.get(day, 0) + trillionths(Decimal(amount))
    return sums


def _joined(old: Days, recent: Days) -> Days:
    """Two spans that follow each other as one."""
    gap = (recent.first - old.first).days
    length = max((len(amounts) for amounts in recent.columns.values()), default=0)
    nothing, none = array("q", bytes(8 * gap)), array("q", bytes(8 * length))
    columns = {
        key: old.columns.get(key, nothing) + recent.columns.get(key, none)
        for key in old.columns.keys() | recent.columns.keys()
    }
    starts = [one for one in (old.estimated_from, recent.estimated_from) if one]
    return Days(
        old.first,
        columns,
        {**old.totals, **recent.totals},
        min(starts, default=None),
        tuple(dict.fromkeys((*recent.currencies, *old.currencies))),
    )


def lines_of(days: Days) -> list[Line]:
    """The columns as lines, with stage and owner as they are now; amounts of the commonest currency only, because
    those of two are never added."""
    ids = {key[2] for key in days.columns if key[2] is not None}
    found = Environment.objects.filter(pk__in=ids).values_list("pk", "stage", "owner__username")
    of = {pk: (stage, owner) for pk, stage, owner in found}
    return [
        Line(key[0], key[1], key[3], key[4], days.first, amounts, key[2], *of.get(key[2] or 0, ("", "")))
        for key, amounts in sorted(days.columns.items(), key=lambda one: one[0][:2])
        if key[5] == days.currencies[0]
    ]


def spent_since(first: date) -> Subquery:
    """What the environment of a query has cost from a day on, usage only, as whole trillionths; None without any. From
    the source that `known` takes, as a part of a query that is made anyway."""
    explorer = Exists(CostDay.objects.filter(source=CostSource.EXPLORER))
    chosen = Case(When(explorer, then=Value(CostSource.EXPLORER.value)), default=Value(CostSource.ACCRUAL.value))
    rows = CostDay.objects.filter(environment=OuterRef("pk"), day__gte=first, record_type=USAGE, source=chosen)
    return Subquery(rows.order_by().values("environment").annotate(spent=Sum(Trillionths(F("amount")))).values("spent"))
