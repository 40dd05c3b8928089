"""Budgets: how each stands, setting and removing them, by the verbs of their page."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Body, Path, Query, Router, Schema
from pydantic import AfterValidator, Field

from portal.access import actor_of
from portal.accounts.models import Scope
from portal.api.cost_shapes import ForecastLine, forecast_line
from portal.api.operations import operation
from portal.api.paging import Paged, number, page_of_rows
from portal.api.text import Line, Sent
from portal.budgets.reading import Line as Standing
from portal.budgets.reading import Told, lines_of, seen_budgets
from portal.costs.exporting import exact
from provisioning.actions.budgeting import AskBudget, do_remove_budget, do_set_budget, was_removed_by
from provisioning.actions.refusals import Refusal
from provisioning.costs.limits import DEFAULT_THRESHOLDS, FORECAST, HIGHEST_THRESHOLD, MOST_THRESHOLDS
from provisioning.lifecycle import BudgetScope

router = Router(tags=["Budgets"])
_ORDER, _KINDS = ("scope", "subject", "id"), (str, str, number)
_AMOUNT = r"^[0-9]{1,10}(\.[0-9]{1,2})?$"


def _an_amount(sent: str) -> str:
    if not re.fullmatch(_AMOUNT, sent, re.ASCII):
        raise ValueError("Write dollars a month, such as 40 or 40.50")
    return sent


Amount = Annotated[str, AfterValidator(_an_amount), Field(json_schema_extra={"pattern": _AMOUNT})]
PerCent = Annotated[int, Field(ge=1, le=HIGHEST_THRESHOLD)]


class BudgetsWanted(Paged):
    """Which budgets."""

    scope: BudgetScope | Literal[""] = ""
    subject: Line = Field("", description="Of this environment, application, person or team.")


class Notice(Schema):
    """A threshold in per cent that was passed this month; null is the forecast. `amount` is what had been spent, or
    was forecast, when it was told."""

    threshold: int | None
    sentence: str
    amount: str
    at: datetime


class BudgetLine(Schema):
    """One budget, in US dollars a month. `so_far` is null before anything is known of costs; `incoming` of it is on
    days that are still coming in, and `used` is in per cent. `why_not` says why this person may not change it, empty
    when they may."""

    id: int
    scope: BudgetScope
    subject: str
    monthly: str
    thresholds: list[int]
    so_far: str | None
    incoming: str
    used: int
    forecast: ForecastLine | None
    told: list[Notice]
    set_by: str
    set_at: datetime
    why_not: str
    url: str


class BudgetList(Schema):
    """A page of budgets, by what they are of."""

    items: list[BudgetLine]
    next: str | None


class NewBudget(Sent):
    """What may be spent a month at most, in US dollars. `subject` is application/name, an application, or the name of a
    person or a team; `thresholds` are the per cents at which people are told."""

    scope: BudgetScope
    subject: Line = Field(min_length=1, max_length=120)
    monthly: Amount
    thresholds: list[PerCent] = Field(list(DEFAULT_THRESHOLDS), min_length=1, max_length=MOST_THRESHOLDS)


class RemovedBudget(Schema):
    """A budget that is no more."""

    id: int


@operation(
    router, "GET", "/budgets", scope=Scope.READ, page="budgets", answers=BudgetList, summary="List budgets",
)  # fmt: skip
def list_budgets(request: HttpRequest, wanted: Query[BudgetsWanted]) -> BudgetList:
    """Those whose amounts this person may see, and how each stands. Nothing is asked of AWS."""
    actor = actor_of(request)
    found = seen_budgets(actor)
    if wanted.scope:
        found = found.filter(scope=wanted.scope)
    if wanted.subject:
        found = found.filter(subject=wanted.subject)
    rows, after = page_of_rows(found, _ORDER, wanted, _KINDS)
    return BudgetList(items=[_line(one) for one in lines_of(actor, rows)], next=after)


@operation(
    router, "POST", "/budgets", scope=Scope.CHANGE, page="budget_set", answers=BudgetLine, summary="Set a budget",
)  # fmt: skip
def set_budget(request: HttpRequest, sent: Body[NewBudget]) -> BudgetLine:
    """One that is there already is changed by it. Sent again, it changes nothing further."""
    actor = actor_of(request)
    ask = AskBudget(sent.scope, sent.subject.strip(), Decimal(sent.monthly), tuple(sent.thresholds))
    (line,) = lines_of(actor, [do_set_budget(actor, ask)])
    return _line(line)


@operation(
    router, "DELETE", "/budgets/{int:budget}", scope=Scope.CHANGE, page="budget_remove", answers=RemovedBudget,
    versioned=False, summary="Remove a budget",
)  # fmt: skip
def remove_budget(request: HttpRequest, response: HttpResponse, budget: Path[int]) -> RemovedBudget:
    """With what was told of it. Whoever has removed it is answered the same when they send it again."""
    actor = actor_of(request)
    try:
        do_remove_budget(actor, budget)
    except Refusal as refusal:
        if refusal.code != "no-budget":
            raise
        if not was_removed_by(actor, budget):
            raise Http404("There is no such budget.") from refusal
        response["Idempotent-Replayed"] = "true"
    return RemovedBudget(id=budget)


def _line(one: Standing) -> BudgetLine:
    budget = one.budget
    return BudgetLine(
        id=budget.pk,
        scope=one.scope,
        subject=budget.subject,
        monthly=exact(budget.monthly),
        thresholds=list(budget.thresholds),
        so_far=None if one.so_far is None else exact(one.so_far),
        incoming=exact(one.incoming),
        used=one.used,
        forecast=forecast_line(one.forecast),
        told=[notice_line(told) for told in one.told],
        set_by=budget.set_by.get_username(),
        set_at=budget.set_at,
        why_not=one.why_not,
        url=one.url,
    )


def notice_line(told: Told) -> Notice:
    """What was told of a budget."""
    notice = told.notice
    return Notice(
        threshold=None if notice.threshold == FORECAST else notice.threshold,
        sentence=told.text,
        amount=exact(notice.amount),
        at=notice.at,
    )
