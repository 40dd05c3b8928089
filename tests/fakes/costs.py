# ruff: noqa: N803  (botocore spells its arguments so)
"""Cost Explorer over amounts that a test writes down: filtered, grouped and paged as AWS does it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from .service import Answer, Service
from .world import World

METRIC = "UnblendedCost"


@dataclass(frozen=True)
class Spend:
    """What something cost on a day. Empty tags are none."""

    day: date
    amount: str
    service: str = "Amazon DynamoDB"
    application: str = ""
    environment: str = ""
    record_type: str = "Usage"

    def tag(self, key: str) -> str:
        """The value of one of the two tags that are active."""
        return {"Application": self.application, "Environment": self.environment}.get(key, "")

    def dimension(self, key: str) -> str:
        """The value of a dimension."""
        return {"SERVICE": self.service, "RECORD_TYPE": self.record_type}[key]


class CostExplorer(Service):
    """One account's costs. `spends` and `tags` are a test's to fill; days before `final_before` are final."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.spends: list[Spend] = []
        self.tags: list[dict[str, str]] = []
        self.page_size = 1_000
        self.final_before: date | None = None

    def get_cost_and_usage(
        self,
        TimePeriod: Mapping[str, str],
        GroupBy: Sequence[Mapping[str, str]] = (),
        Filter: Mapping[str, Any] | None = None,
        NextPageToken: str = "",
        **_: Any,
    ) -> Answer:
        """Costs by day; pages are cut between groups, as AWS cuts them."""
        first, end = date.fromisoformat(TimePeriod["Start"]), date.fromisoformat(TimePeriod["End"])
        days = [first + timedelta(days=number) for number in range((end - first).days)]
        spends = [one for one in self.spends if first <= one.day < end and (Filter is None or _fits(one, Filter))]
        if not GroupBy:
            return {"ResultsByTime": [self._period(day, total=_sum(spends, day)) for day in days]}
        rows = [(day, keys, amount) for day in days for keys, amount in _groups(spends, day, GroupBy)]
        start = int(NextPageToken or 0)
        shown = rows[start : start + self.page_size]
        periods = [self._period(day, [row for row in shown if row[0] == day]) for day in days]
        answer: Answer = {"ResultsByTime": periods}
        return answer | ({"NextPageToken": str(start + self.page_size)} if start + self.page_size < len(rows) else {})

    def list_cost_allocation_tags(self, **_: Any) -> Answer:
        """The keys, active or not."""
        return {"CostAllocationTags": self.tags}

    def _period(self, day: date, rows: Sequence[Any] = (), total: Decimal | None = None) -> dict[str, Any]:
        groups = [{"Keys": list(keys), "Metrics": {METRIC: _amount(amount)}} for _, keys, amount in rows]
        return {
            "TimePeriod": {"Start": day.isoformat(), "End": (day + timedelta(days=1)).isoformat()},
            "Estimated": self.final_before is None or day >= self.final_before,
            "Groups": groups,
            "Total": {METRIC: _amount(total)} if total is not None else {},
        }


def _amount(amount: Decimal) -> dict[str, str]:
    return {"Amount": str(amount), "Unit": "USD"}


def _sum(spends: Sequence[Spend], day: date) -> Decimal:
    return sum((Decimal(one.amount) for one in spends if one.day == day), Decimal(0))


def _groups(
    spends: Sequence[Spend], day: date, group_by: Sequence[Mapping[str, str]]
) -> list[tuple[tuple[str, ...], Decimal]]:
    found: dict[tuple[str, ...], Decimal] = {}
    for one in spends:
        if one.day == day:
            keys = tuple(
                f"{by['Key']}${one.tag(by['Key'])}" if by["Type"] == "TAG" else one.dimension(by["Key"])
                for by in group_by
            )
            found[keys] = found.get(keys, Decimal(0)) + Decimal(one.amount)
    return sorted(found.items())


def _fits(one: Spend, asked: Mapping[str, Any]) -> bool:
    ((kind, what),) = asked.items()
    if kind == "And":
        return all(_fits(one, part) for part in what)
    if kind == "Not":
        return not _fits(one, what)
    value = one.tag(what["Key"]) if kind == "Tags" else one.dimension(what["Key"])
    return value == "" if "ABSENT" in what["MatchOptions"] else value in what["Values"]
