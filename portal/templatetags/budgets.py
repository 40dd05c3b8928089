"""Template tags of budgets and of what is gone: bars, and the parts that other pages have of them."""

from decimal import Decimal
from typing import Any

from django import template
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from portal.access import actor_of
from portal.budgets.reading import Line
from portal.costs.visibility import may_see
from portal.environment_costs.beside import read_beside
from portal.templatetags.stackyard import money, money_text
from provisioning.costs.limits import WHOLE, per_cent
from provisioning.engine.costing.calibrating import grade_of
from provisioning.lifecycle import ChangeStatus
from provisioning.models import Change

register = template.Library()

WIDTH, HEIGHT = 240, 12
CENT = Decimal("0.01")


@register.simple_tag
def budget_bar(line: Line) -> SafeString:
    """How much of a budget is used, what is still coming in hatched, and where the forecast ends. The words beside it
    say the same."""
    most = max(WHOLE, line.used, line.forecast_share or 0)
    sure = max(0, line.used - per_cent(max(line.incoming, line.budget.monthly * 0), line.budget.monthly))
    ends = [(one, "threshold") for one in line.budget.thresholds if one <= most]
    parts = [
        f'<svg class="budget-bar budget-{escape(line.tone)}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'preserveAspectRatio="none" aria-label="{escape(_said(line))}">',
        f'<rect class="track" width="{WIDTH}" height="{HEIGHT}" rx="3"/>',
        f'<rect class="incoming" width="{_x(line.used, most)}" height="{HEIGHT}" rx="3"/>',
        f'<rect class="used" width="{_x(sure, most)}" height="{HEIGHT}" rx="3"/>',
        *(f'<path class="{kind}" d="M{_x(one, most)} 0V{HEIGHT}"/>' for one, kind in ends),
    ]
    if line.forecast_share is not None:
        parts.append(f'<path class="forecast" d="M{_x(line.forecast_share, most)} 0V{HEIGHT}"/>')
    return mark_safe("".join([*parts, "</svg>"]))  # noqa: S308 - each text in it is escaped above


def _x(share: int, most: int) -> float:
    return round(min(share, most) * WIDTH / most, 1)


def _said(line: Line) -> str:
    forecast = f", forecast {line.forecast_share} %" if line.forecast_share is not None else ""
    return f"{line.used} % of {money_text(line.budget.monthly)} used{forecast}"


@register.simple_tag
def small_money(amount: Decimal) -> SafeString:
    """An estimate, or that it is less than a cent: what is stored costs something, however little."""
    return money(amount, approx=True) if amount >= CENT else SafeString(f"under {money_text(CENT)}")


@register.simple_tag(takes_context=True)
def costs_beside(context: dict[str, Any]) -> SafeString:
    """What is gone and still costs, for the page of costs: with what its `scene` knows."""
    request: HttpRequest = context["request"]
    scene = context.get("scene")
    beside = read_beside(actor_of(request), scene.known if scene else None)
    return render_to_string("costs/_beside.html", {"beside": beside}, request)


@register.simple_tag(takes_context=True)
def graded(context: dict[str, Any], change: Change) -> SafeString:
    """How the estimate of a change that succeeded turned out, for who may see it; nothing until enough days are known
    (pitfall 20)."""
    request: HttpRequest | None = context.get("request")
    if request is None or change.status != ChangeStatus.SUCCEEDED:
        return SafeString("")
    environment = change.environment
    grade = grade_of(change)
    if grade is None or not may_see(actor_of(request), environment.application, environment.owner.get_username()):
        return SafeString("")
    return render_to_string("environment_costs/_graded.html", {"grade": grade, "environment": environment})
