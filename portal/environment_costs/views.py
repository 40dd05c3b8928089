"""The costs of one environment, and the list of what could be saved. Neither asks AWS."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.access import actor_of
from portal.budgets.reading import budgets_of
from portal.costs.tabs import costs_tabs
from portal.costs.visibility import require_sight
from portal.environment_costs.comparing import compare, read_idle
from portal.environment_costs.happenings import KINDS
from portal.environment_costs.reading import DEFAULT_RANGE, RANGES, read_costs
from portal.environment_costs.savings import read_savings, total
from portal.environment_costs.used import people_used
from portal.environment_costs.used import total as total_used
from portal.environments.heading import access_with_stacks, page_context
from provisioning.costs.book import book

COSTS = "environment_costs"


@require_safe
def environment_costs(request: HttpRequest, application: str, name: str) -> HttpResponse:
    """What it costs: since it is there, by day with what happened, against its estimate, and while it idles."""
    actor = actor_of(request)
    environment = access_with_stacks(request, application, name)
    require_sight(actor, environment)
    costs = read_costs(environment, request.GET.get("days", DEFAULT_RANGE))
    used = people_used(environment)
    context = page_context(request, environment, COSTS)
    context |= {
        "costs": costs,
        "idle": read_idle(actor, environment, context["open_change"]),
        "used": used,
        "used_total": total_used(used),
        "budgets": budgets_of(actor, environment),
        "kinds": KINDS,
    }
    if costs is not None:
        context["compared"] = compare(environment, costs.known)
        context["ranges"] = [
            {"label": label, "url": f"?days={days}", "active": days == costs.range} for days, label in RANGES.items()
        ]
    return render(request, "environment_costs/costs.html", context)


@require_safe
def savings(request: HttpRequest) -> HttpResponse:
    """What could be saved, with the acts that save it."""
    found = read_savings(actor_of(request))
    context = {"tabs": costs_tabs("savings"), "savings": found, "total": total(found), "published": book().published}
    return render(request, "environment_costs/savings.html", context)
