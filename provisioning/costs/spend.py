"""What was spent, asked in four ways: how much in all, what changed and why, where, and who. Pure.

Amounts are whole trillionths of the currency (a column of twelve decimals holds nothing finer), so that every sum is
exact; `money` makes a Decimal of one, which is rounded once, where it is shown (pitfall 13). Ends are exclusive, days
those of UTC (pitfall 8). Case variants of a name are names of their own (pitfall 10); spend without tags and what is no
usage stand apart and are never divided among environments (pitfalls 11, 12).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import groupby
from operator import add
from typing import Literal

DECIMALS = 12
USAGE = "Usage"
CENT = Decimal("0.01")
SHOWN = 8  # groups that have a colour of their own
UNTAGGED, NO_STAGE, NOBODY, OTHER = "Untagged", "No environment of ours", "Nobody", "Other"
# What AWS bills without tags, whatever is tagged. Parts of the names that its services have on the bill.
SHARED = ("Support", "Data Transfer", "Cost Explorer", "Tax", "Registrar", "Marketplace", "Savings Plans")

By = Literal["environment", "application", "service", "stage", "owner"]


def trillionths(amount: Decimal) -> int:
    """An amount as a whole number of trillionths."""
    return int(amount.scaleb(DECIMALS).to_integral_value())


def money(amount: int) -> Decimal:
    """Trillionths as an amount, exact."""
    return Decimal(amount).scaleb(-DECIMALS)


@dataclass(frozen=True)
class Line:
    """What one service cost day by day under one pair of tags, from `first` on. `environment` is the tag's value;
    `environment_id`, `stage` and `owner` are those of the environment that the tags mean, if there is one."""

    application: str
    environment: str
    service: str
    record_type: str
    first: date
    amounts: Sequence[int]
    environment_id: int | None = None
    stage: str = ""
    owner: str = ""

    @property
    def tagged(self) -> str:
        """Application and environment as one name; empty without either."""
        if not self.application and not self.environment:
            return ""
        return f"{self.application or '(no application)'}/{self.environment or '(no environment)'}"

    def between(self, first: date, end: date) -> Sequence[int]:
        """The amounts of the days from `first` up to, and without, `end`, 0 where there is none."""
        if end <= first:
            return ()
        start, stop = (first - self.first).days, (end - self.first).days
        if start >= 0 and stop <= len(self.amounts):
            return self.amounts[start:stop]
        known = self.amounts[max(start, 0) : max(stop, 0)]
        before = [0] * min(max(-start, 0), stop - start)
        return [*before, *known, *([0] * (stop - start - len(before) - len(known)))]

    def spent(self, first: date, end: date) -> int:
        """The sum of these days."""
        start, stop = (first - self.first).days, (end - self.first).days
        return sum(self.amounts[max(start, 0) : max(stop, 0)])


@dataclass(frozen=True)
class Group:
    """What belongs together, day by day. `values` are the filters that it stands for; `apart`: untagged, or no usage;
    `folded`: how many groups it is made of."""

    label: str
    amounts: Sequence[int]
    values: Mapping[str, str]
    environment_id: int | None = None
    apart: bool = False
    folded: int = 0

    @cached_property
    def total(self) -> Decimal:
        """The sum of all days, exact."""
        return money(sum(self.amounts))


@dataclass(frozen=True)
class Reason:
    """One part of a change: what an environment's service costs more (or, below 0, less) than before."""

    label: str
    service: str
    difference: Decimal
    environment_id: int | None = None


@dataclass(frozen=True)
class Change:
    """Settled days of a month beside the same days of the month before; `end` is exclusive. `reasons` are the parts
    that moved most, `rest` is what the `others` come to: all of them add up to the difference exactly."""

    first: date
    end: date
    now: Decimal
    before: Decimal
    reasons: tuple[Reason, ...]
    others: int
    rest: Decimal

    @property
    def difference(self) -> Decimal:
        """How much more than before, below 0 for less."""
        return self.now - self.before

    @property
    def per_cent(self) -> Decimal | None:
        """The difference in per cent of before; None where there is nothing to compare with."""
        return self.difference * 100 / self.before if self.before > 0 else None


def total(lines: Iterable[Line], first: date, end: date) -> Decimal:
    """What all lines cost from `first` up to, and without, `end`."""
    return money(sum(line.spent(first, end) for line in lines))


def daily(lines: Iterable[Line], first: date, end: date) -> list[int]:
    """What all lines cost on each of these days."""
    amounts = [0] * max(0, (end - first).days)
    for line in lines:
        amounts = list(map(add, amounts, line.between(first, end)))
    return amounts


def month_before(first: date) -> date:
    """The first day of the month before the one that begins on `first`."""
    return (first - timedelta(days=1)).replace(day=1)


def month_after(first: date) -> date:
    """The first day of the month after the one that `first` is in."""
    return (first.replace(day=1) + timedelta(days=32)).replace(day=1)


def same_days(first: date, end: date) -> tuple[date, date]:
    """The same days of the month before, from its first on; a shorter month has no more than its own days."""
    before = month_before(first)
    return before, min(before + (end - first), first)


def change(lines: Sequence[Line], today: date, settled: date, most: int = 5) -> Change | None:
    """What the settled days of this month changed against the same days of the last one, and why. None while no day
    of the month is settled: the newest days always look cheap (pitfall 6)."""
    first, end = today.replace(day=1), min(settled, today) + timedelta(days=1)
    if end <= first:
        return None
    before = same_days(first, end)
    moved: dict[tuple[str, str, int | None], int] = {}
    for line in lines:
        key = (_where(line), line.service, line.environment_id)
        moved[key] = moved.get(key, 0) + line.spent(first, end) - line.spent(*before)
    ranked = sorted(((by, key) for key, by in moved.items() if by), key=lambda one: (-abs(one[0]), one[1][:2]))
    reasons = tuple(Reason(key[0], key[1], money(by), key[2]) for by, key in ranked[:most])
    rest = [by for by, _ in ranked[most:]]
    return Change(
        first, end, total(lines, first, end), total(lines, *before), reasons, len(rest), money(sum(rest, start=0))
    )


def _where(line: Line) -> str:
    return line.record_type if line.record_type != USAGE else line.tagged or UNTAGGED


_LABELS: Mapping[By, Callable[[Line], str]] = {
    "environment": lambda line: line.tagged or UNTAGGED,
    "application": lambda line: line.application or UNTAGGED,
    "service": lambda line: line.service,
    "stage": lambda line: line.stage or NO_STAGE,
    "owner": lambda line: line.owner or NOBODY,
}


def label(line: Line, by: By) -> str:
    """What a line is called among others, when they are told apart by this."""
    return _LABELS[by](line)


def grouped(lines: Iterable[Line], by: By, first: date, end: date) -> list[Group]:
    """The lines by what they have in common, dearest first; credits, refunds and tax each stand apart."""
    found: dict[tuple[str, ...], tuple[Line, Sequence[int]]] = {}
    for line in lines:
        key, amounts = _key(line, by), line.between(first, end)
        known = found.get(key)
        found[key] = (line, amounts) if known is None else (known[0], list(map(add, known[1], amounts)))
    groups = [_group(line, by, amounts) for line, amounts in found.values()]
    return sorted((group for group in groups if any(group.amounts)), key=lambda one: (-abs(one.total), one.label))


def _key(line: Line, by: By) -> tuple[str, ...]:
    """Two tags may look like other two when they are written as one name, and are not the same."""
    if line.record_type != USAGE:
        return ("", line.record_type)
    if by == "environment":
        return (USAGE, line.application, line.environment)
    return (USAGE, line.application) if by == "application" else (USAGE, label(line, by))


def _group(line: Line, by: By, amounts: Sequence[int]) -> Group:
    if line.record_type != USAGE:
        return Group(line.record_type, amounts, {"types": line.record_type}, apart=True)
    name = label(line, by)
    environment_id = line.environment_id if by == "environment" else None
    return Group(name, amounts, {by: name}, environment_id, apart=name == UNTAGGED)


def fold(groups: Sequence[Group], most: int = SHOWN) -> list[Group]:
    """The groups that have a colour of their own, and all others as one; nothing is lost in it."""
    if len(groups) <= most:
        return list(groups)
    rest = groups[most:]
    amounts: list[int] = [sum(day) for day in zip(*(one.amounts for one in rest), strict=True)]
    return [*groups[:most], Group(f"{OTHER} ({len(rest)})", amounts, {}, folded=len(rest))]


def does_not_add_up(groups: Mapping[date, int], totals: Mapping[date, int]) -> dict[date, Decimal]:
    """By how much the sum of the groups is beside the day's own total, for days on which that is more than a cent
    (pitfall 5). Only days that have a total are compared."""
    apart = {day: money(groups.get(day, 0) - whole) for day, whole in totals.items()}
    return {day: by for day, by in sorted(apart.items()) if abs(by) > CENT}


def variants(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Names that differ in nothing but case or spaces around them: AWS takes each for another one (pitfall 10)."""

    def folded(name: str) -> str:
        return name.strip().casefold()

    ordered = sorted({name for name in names if name}, key=lambda name: (folded(name), name))
    same = [tuple(found) for _, found in groupby(ordered, key=folded)]
    return [found for found in same if len(found) > 1]


def is_shared(service: str) -> bool:
    """Whether AWS bills a service without tags, whatever is tagged (pitfall 11)."""
    return any(part in service for part in SHARED)
