"""Budgets as pages show them: a bar each, what was told of them, and whom it concerns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from urllib.parse import urlencode

from django.db.models import Q, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone

from portal.costs.visibility import may_see, sees_all
from provisioning.actions.actor import Actor
from provisioning.actions.budgeting import why_not_set
from provisioning.costs.days import known
from provisioning.costs.forecast import Forecast, settled_day
from provisioning.costs.limits import FORECAST, WHOLE, per_cent
from provisioning.engine.costing.budgeting import Standing, sentence, standings
from provisioning.lifecycle import BudgetScope
from provisioning.models import Budget, BudgetNotice, Environment


@dataclass(frozen=True)
class Told:
    """A threshold that was passed this month, in words; `tone` as notices have it."""

    notice: BudgetNotice
    text: str
    tone: str

    @property
    def short(self) -> str:
        """The threshold alone."""
        return "the forecast" if self.notice.threshold == FORECAST else f"{self.notice.threshold} %"


@dataclass(frozen=True)
class Line:
    """A budget with its bar. Amounts are None before anything is known of costs; `why_not` says why this person may
    not change it."""

    budget: Budget
    scope: BudgetScope
    url: str
    edit_url: str
    so_far: Decimal | None
    incoming: Decimal
    used: int
    forecast: Forecast | None
    told: Sequence[Told]
    why_not: str

    @property
    def tone(self) -> str:
        """Bad when it is used up, attention when it will be, or nearly is."""
        if self.used >= WHOLE:
            return "bad"
        ahead = self.forecast is not None and not self.forecast.rough and self.forecast.expected > self.budget.monthly
        return "attention" if ahead or any(one.tone != "quiet" for one in self.told) else "good"

    @property
    def forecast_share(self) -> int | None:
        """The forecast in per cent of it."""
        return None if self.forecast is None else per_cent(max(self.forecast.expected, Decimal(0)), self.budget.monthly)


def all_budgets(actor: Actor) -> list[Line]:
    """Every budget that this person may see, the fullest first."""
    lines = lines_of(actor, seen_budgets(actor))
    return sorted(lines, key=lambda one: (-one.used, one.budget.subject))


def seen_budgets(actor: Actor) -> QuerySet[Budget]:
    """The budgets that this person may see, in no order."""
    found = Budget.objects.select_related("set_by")
    return found if sees_all(actor) else found.filter(pk__in=[one.pk for one in _seen(actor, found)])


def budgets_of(actor: Actor, environment: Environment) -> list[Line]:
    """The budgets that an environment counts towards: its own, its application's, its owner's and their teams'."""
    owner = environment.owner
    teams = list(owner.groups.values_list("name", flat=True))
    rows = Budget.objects.select_related("set_by").filter(
        Q(scope=BudgetScope.ENVIRONMENT, subject=str(environment))
        | Q(scope=BudgetScope.APPLICATION, subject=environment.application)
        | Q(scope=BudgetScope.OWNER, subject__in=[owner.get_username(), *teams])
    )
    order = list(BudgetScope)
    lines = lines_of(actor, _seen(actor, rows))
    return sorted(lines, key=lambda one: (order.index(one.scope), one.budget.subject))


def notices_for(actor: Actor) -> list[Told]:
    """What was told this month that concerns this person: the highest threshold of each budget, and the forecast where
    no threshold says more."""
    newest: dict[int, BudgetNotice] = {}
    for one in told_this_month().select_related("budget").order_by("month", "threshold"):
        newest[one.budget_id] = one
    found = _concerning(actor, list(newest.values()))
    return [_told(one) for one in sorted(found, key=lambda one: (-one.threshold, one.budget.subject))]


def told_this_month() -> QuerySet[BudgetNotice]:
    """Every threshold that was passed in the month that is told of now."""
    return BudgetNotice.objects.filter(month__gte=_month())


def told_threshold(environment: Environment) -> Subquery:
    """The highest threshold of an environment's own budget that was told this month, to be asked along with something
    else: null where there is none."""
    mine = told_this_month().filter(budget__scope=BudgetScope.ENVIRONMENT, budget__subject=str(environment))
    return Subquery(mine.order_by("-threshold").values("threshold")[:1])


def notice_of(actor: Actor, environment: Environment, threshold: int | None) -> Told | None:
    """What that threshold says; None for none, and for who may not see what the environment costs."""
    if threshold is None or not may_see(actor, environment.application, environment.owner.get_username()):
        return None
    budget = Budget(scope=BudgetScope.ENVIRONMENT, subject=str(environment))
    return _told(BudgetNotice(budget=budget, threshold=threshold))


def _month() -> date:
    """The month that is told of now: that of the last day which can be complete."""
    return settled_day(timezone.now().date()).replace(day=1)


def _concerning(actor: Actor, notices: list[BudgetNotice]) -> list[BudgetNotice]:
    """Those of budgets that the person has set, or that are of their environments, of them or of their team."""
    subjects = {one.budget.subject for one in notices if one.budget.scope == BudgetScope.ENVIRONMENT}
    names = {subject.partition("/")[2] for subject in subjects}
    mine = (
        {str(one) for one in Environment.objects.filter(owner_id=actor.user_id, name__in=names)} if subjects else set()
    )
    teams = {actor.name, *actor.groups}
    return [
        one
        for one in notices
        if one.budget.set_by_id == actor.user_id
        or (one.budget.scope == BudgetScope.ENVIRONMENT and one.budget.subject in mine)
        or (one.budget.scope == BudgetScope.OWNER and one.budget.subject in teams)
    ]


def _seen(actor: Actor, budgets: Iterable[Budget]) -> list[Budget]:
    """The budgets whose amounts this person may see (pitfall 22)."""
    budgets = list(budgets)
    if sees_all(actor):
        return budgets
    names = {one.subject.partition("/")[2] for one in budgets if one.scope == BudgetScope.ENVIRONMENT}
    owners = {
        f"{application}/{name}": owner
        for application, name, owner in Environment.objects.filter(name__in=names).values_list(
            "application", "name", "owner__username"
        )
    }
    return [one for one in budgets if _may_see(actor, one, owners.get(one.subject, ""))]


def _may_see(actor: Actor, budget: Budget, owner: str) -> bool:
    if budget.scope == BudgetScope.OWNER:
        return budget.subject in {actor.name, *actor.groups}
    return may_see(actor, budget.subject.partition("/")[0], owner)


def lines_of(actor: Actor, budgets: Iterable[Budget]) -> list[Line]:
    """How these budgets stand, in their order. Needs who set them at hand."""
    budgets = list(budgets)
    what, today = known(), timezone.now().date()
    stand = {one.budget.pk: one for one in standings(budgets, what, today)} if what else {}
    told: dict[int, list[BudgetNotice]] = {}
    for notice in BudgetNotice.objects.filter(month__gte=_month(), budget__in=[one.pk for one in budgets]):
        told.setdefault(notice.budget_id, []).append(notice)
    return [_line(actor, one, stand.get(one.pk), told.get(one.pk, [])) for one in budgets]


def _line(actor: Actor, budget: Budget, standing: Standing | None, told: list[BudgetNotice]) -> Line:
    scope = BudgetScope(budget.scope)
    spent = standing.spent if standing else None
    for notice in told:
        notice.budget = budget
    return Line(
        budget=budget,
        scope=scope,
        url=_url(budget),
        edit_url=f"{reverse('budgets')}?{urlencode(_asked(budget))}#set",
        so_far=spent.so_far if spent else None,
        incoming=spent.incoming if spent else Decimal(0),
        used=per_cent(max(spent.so_far, Decimal(0)), budget.monthly) if spent else 0,
        forecast=spent.forecast if spent else None,
        told=[_told(one) for one in sorted(told, key=lambda one: -one.threshold)],
        why_not=why_not_set(actor, scope, budget.subject),
    )


def _asked(budget: Budget) -> dict[str, str]:
    thresholds = ", ".join(str(one) for one in budget.thresholds)
    return {
        "scope": budget.scope,
        "subject": budget.subject,
        "monthly": str(budget.monthly),
        "thresholds": thresholds,
    }


def _url(budget: Budget) -> str:
    """The page of what it is of."""
    if budget.scope == BudgetScope.ENVIRONMENT:
        application, _, name = budget.subject.partition("/")
        return reverse("environment_costs", args=[application, name])
    return f"{reverse('costs')}?{urlencode({budget.scope: budget.subject})}"


def _told(notice: BudgetNotice) -> Told:
    tone = "bad" if notice.threshold >= WHOLE else "attention"
    if notice.threshold != FORECAST and notice.threshold * 2 <= WHOLE:
        tone = "quiet"
    return Told(notice, sentence(notice.budget, notice.threshold), tone)
