"""Cost Explorer: one page of costs at a time, because every page has its price (E1), and the tags that split them.

Amounts are Decimal from the text on (E2). Needs ce:GetCostAndUsage and ce:ListCostAllocationTags; the latter is for the
management account, or a standalone one (E6).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from provisioning.aws.clients import Clients
from provisioning.aws.errors import translated

SERVICE = "ce"
METRIC = "UnblendedCost"
COST_AND_USAGE, COST_TAGS = "GetCostAndUsage", "ListCostAllocationTags"


@dataclass(frozen=True)
class GroupBy:
    """What costs are grouped by: `kind` TAG or DIMENSION, and its key, such as Application or SERVICE."""

    kind: str
    key: str


@dataclass(frozen=True)
class CostGroup:
    """What one group cost on one day. `keys` stand in the order of the grouping, tags without their own key; an empty
    one is what has no such tag."""

    day: date
    keys: tuple[str, ...]
    amount: Decimal
    currency: str
    estimated: bool


@dataclass(frozen=True)
class CostPage:
    """One page of an answer. Without grouping each day is a group without keys; `token` asks for the next page."""

    groups: tuple[CostGroup, ...]
    token: str


@dataclass(frozen=True)
class CostTagStatus:
    """A tag key that costs may be split by; `status` is Active or Inactive."""

    key: str
    status: str
    last_used_on: date | None


def cost_page(
    aws: Clients,
    days: tuple[date, date],
    group_by: Sequence[GroupBy] = (),
    *,
    only: Mapping[str, Any] | None = None,
    token: str = "",
) -> CostPage:
    """One page of daily costs from the first of `days` up to, and without, the second; the days are those of UTC.

    `only` is AWS's own filter. At most two groupings (E2). Raises Busy (throttled) for AWS's LimitExceeded (E10),
    Refused with the code DataUnavailableException while there is no data (E5), and with RequestChangedException when
    a page is asked for that is not of this question.
    """
    asked: dict[str, Any] = {
        "TimePeriod": {"Start": days[0].isoformat(), "End": days[1].isoformat()},
        "Granularity": "DAILY",
        "Metrics": [METRIC],
    }
    if group_by:
        asked["GroupBy"] = [{"Type": one.kind, "Key": one.key} for one in group_by]
    if only:
        asked["Filter"] = dict(only)
    if token:
        asked["NextPageToken"] = token
    with translated(SERVICE, COST_AND_USAGE):
        answer = aws.cost_explorer.get_cost_and_usage(**asked)
    groups = tuple(group for period in answer["ResultsByTime"] for group in _groups(period, group_by))
    return CostPage(groups, answer.get("NextPageToken", ""))


def _groups(period: Mapping[str, Any], group_by: Sequence[GroupBy]) -> Iterable[CostGroup]:
    day, estimated = date.fromisoformat(period["TimePeriod"]["Start"]), bool(period.get("Estimated"))
    if not group_by:
        total = period.get("Total", {}).get(METRIC)
        return [CostGroup(day, (), Decimal(total["Amount"]), total["Unit"], estimated)] if total else []
    return [
        CostGroup(
            day,
            tuple(_key(key, by) for key, by in zip(group["Keys"], group_by, strict=True)),
            Decimal(group["Metrics"][METRIC]["Amount"]),
            group["Metrics"][METRIC]["Unit"],
            estimated,
        )
        for group in period.get("Groups", [])
    ]


def _key(text: str, by: GroupBy) -> str:
    """A tag comes as `Key$value`, its value may hold a `$` too, and nothing after it means no such tag (E3)."""
    return text.partition("$")[2] if by.kind == "TAG" else text


def cost_tags(aws: Clients, keys: Sequence[str] = ()) -> tuple[CostTagStatus, ...]:
    """The tag keys that costs may be split by, every page. Raises Denied where the account may not say (E6)."""
    found: list[CostTagStatus] = []
    asked: dict[str, Any] = {"Type": "UserDefined", "MaxResults": 100}
    if keys:
        asked["TagKeys"] = list(keys)
    while True:
        with translated(SERVICE, COST_TAGS):
            answer = aws.cost_explorer.list_cost_allocation_tags(**asked)
        found += [_tag(one) for one in answer.get("CostAllocationTags", [])]
        if not answer.get("NextToken"):
            return tuple(found)
        asked["NextToken"] = answer["NextToken"]


def _tag(found: Mapping[str, str]) -> CostTagStatus:
    used = found.get("LastUsedDate", "")
    return CostTagStatus(found["TagKey"], found["Status"], date.fromisoformat(used[:10]) if used else None)
