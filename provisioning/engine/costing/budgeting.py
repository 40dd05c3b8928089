"""Budgets: what each has left, and telling people once when a threshold is passed.

Looked at whenever costs change. What was told is a row that the database allows once for a threshold and month, so
that two workers, or a hundred readings, tell it once. Where it is told: on pages, and in the audit; Stackyard sends no
mail and calls no webhook.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from provisioning.costs.daily import added, daily_by
from provisioning.costs.days import Known, known
from provisioning.costs.forecast import WINDOW, month_forecast
from provisioning.costs.limits import FORECAST, WHOLE, Spent, passed
from provisioning.lifecycle import BudgetScope
from provisioning.models import AuditEntry, Budget, BudgetNotice, Environment

VERB = "budget_passed"
Days = Mapping[date, Decimal]
Pair = tuple[str, str]  # application and name of an environment, as its tags have them


@dataclass(frozen=True)
class Standing:
    """A budget with what was spent of it in the month that begins on `month`."""

    budget: Budget
    month: date
    spent: Spent


def standings(budgets: Iterable[Budget], what: Known, today: date) -> list[Standing]:
    """How budgets stand in the month of `today`; all of them are read with one question of the costs."""
    budgets = list(budgets)
    if not budgets:
        return []
    month = today.replace(day=1)
    first = min(month, what.settled - timedelta(days=WINDOW))
    days: Mapping[Pair, Days] = {
        (application, name): found
        for (application, name), found in daily_by(what.source, Q(), first, "application", "environment_name").items()
    }
    owned = _owned(budgets)
    return [
        Standing(one, month, spent_of(added(days[pair] for pair in _pairs(one, days, owned)), today, what.settled))
        for one in budgets
    ]


def spent_of(days: Days, today: date, settled: date) -> Spent:
    """What days have cost in the month of `today`, and will have."""
    month = today.replace(day=1)
    mine = {day: amount for day, amount in days.items() if month <= day <= today}
    sure = sum((amount for day, amount in mine.items() if day <= settled), Decimal(0))
    incoming = sum((amount for day, amount in mine.items() if day > settled), Decimal(0))
    return Spent(sure, incoming, month_forecast(days, today, settled) if days else None)


def _pairs(budget: Budget, days: Iterable[Pair], owned: Mapping[str, set[Pair]]) -> list[Pair]:
    if budget.scope == BudgetScope.ENVIRONMENT:
        return [pair for pair in days if "/".join(pair) == budget.subject]
    if budget.scope == BudgetScope.APPLICATION:
        return [pair for pair in days if pair[0] == budget.subject]
    mine = owned.get(budget.subject, set())
    return [pair for pair in days if pair in mine]


def _owned(budgets: Iterable[Budget]) -> dict[str, set[Pair]]:
    """The environments of each owner that has a budget: a person's own, or those of everybody in a group."""
    names = {one.subject for one in budgets if one.scope == BudgetScope.OWNER}
    if not names:
        return {}
    rows = Environment.objects.filter(Q(owner__username__in=names) | Q(owner__groups__name__in=names))
    found: dict[str, set[Pair]] = {name: set() for name in names}
    columns = ("application", "name", "owner__username", "owner__groups__name")
    for application, name, person, group in rows.values_list(*columns):
        for owner in names & {person, group}:
            found[owner].add((application, name))
    return found


def tell() -> int:
    """Write down every threshold that is passed and was not told in its month; how many were.

    The month is that of the last settled day: the end of a month is still told in the first days of the next one.
    """
    what = known()
    if what is None:
        return 0
    told = 0
    for one in standings(Budget.objects.order_by("pk"), what, what.settled):
        for threshold in passed(one.spent, one.budget.monthly, one.budget.thresholds):
            told += _tell(one, threshold)
    return told


def _tell(standing: Standing, threshold: int) -> bool:
    budget, forecast = standing.budget, standing.spent.forecast
    amount = forecast.expected if threshold == FORECAST and forecast is not None else standing.spent.settled
    with transaction.atomic():
        _, made = BudgetNotice.objects.get_or_create(
            budget=budget,
            month=standing.month,
            threshold=threshold,
            defaults={"amount": amount.quantize(Decimal("0.01")), "at": timezone.now()},
        )
        if made:
            AuditEntry.objects.create(
                at=timezone.now(),
                verb=VERB,
                environment=_environment(budget),
                summary=sentence(budget, threshold)[:300],
                detail={"budget": budget.pk, "threshold": threshold, "month": standing.month.isoformat()},
            )
    return made


def _environment(budget: Budget) -> Environment | None:
    if budget.scope != BudgetScope.ENVIRONMENT:
        return None
    application, _, name = budget.subject.partition("/")
    return Environment.objects.filter(application=application, name=name).first()


def sentence(budget: Budget, threshold: int) -> str:
    """What a passed threshold says, for people."""
    if threshold == FORECAST:
        return f"The month of {budget.subject} is forecast to end above its budget."
    if threshold >= WHOLE:
        return f"The month's budget of {budget.subject} is used up ({threshold} %)."
    return f"{threshold} % of the month's budget of {budget.subject} are used."
