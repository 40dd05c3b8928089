"""The page of budgets, and the two things that can be done there."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from portal.access import actor_of
from portal.budgets.forms import BudgetForm
from portal.budgets.reading import all_budgets
from portal.costs.tabs import costs_tabs
from provisioning.actions.budgeting import do_remove_budget, do_set_budget
from provisioning.actions.refusals import Refusal
from provisioning.costs.days import known

UNPROCESSABLE = 422


@require_safe
def budgets(request: HttpRequest) -> HttpResponse:
    """How every budget stands; the form may come filled by a link."""
    given = {name: request.GET[name] for name in BudgetForm.base_fields if name in request.GET}
    return _page(request, BudgetForm(initial=given))


@require_POST
def budget_set(request: HttpRequest) -> HttpResponse:
    """Set or change one."""
    form = BudgetForm(request.POST)
    if not form.is_valid():
        return _page(request, form, UNPROCESSABLE)
    try:
        budget = do_set_budget(actor_of(request), form.ask())
    except Refusal as refusal:
        if refusal.forbidden:
            raise
        form.refuse(refusal)
        return _page(request, form, UNPROCESSABLE)
    messages.success(request, f"The budget of {budget.subject} is ${budget.monthly:,.2f} a month.")
    return redirect("budgets")


@require_POST
def budget_remove(request: HttpRequest, budget_id: int) -> HttpResponse:
    """Remove one."""
    try:
        subject = do_remove_budget(actor_of(request), budget_id)
    except Refusal as refusal:
        if refusal.forbidden:
            raise
        messages.error(request, refusal.sentence)
    else:
        messages.success(request, f"{subject} has no budget any more.")
    return redirect("budgets")


def _page(request: HttpRequest, form: BudgetForm, status: int = 200) -> HttpResponse:
    context = {
        "tabs": costs_tabs("budgets"),
        "lines": all_budgets(actor_of(request)),
        "form": form,
        "known": known(),
    }
    return render(request, "budgets/budgets.html", context, status=status)
