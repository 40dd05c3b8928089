"""Pages that list tables: of every environment, and of one."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.environments.heading import access_with_stacks, page_context
from portal.orphans.reading import orphan_count, read_look
from portal.table_list.forms import TableFilter
from portal.table_list.reading import (
    DEFAULT_SORT,
    environment_tables,
    list_tables,
    recent_jobs,
    recent_writes,
)


@require_safe
def tables(request: HttpRequest) -> HttpResponse:
    """The tables of every environment; those that no stack owns are a list of their own."""
    form = TableFilter(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    page, lines, totals = list_tables(wanted, request.GET.get("sort", DEFAULT_SORT), request.GET.get("page", "1"))
    context = {
        "form": form,
        "page": page,
        "lines": lines,
        "totals": totals,
        "filtered": any(wanted.values()),
        "look": read_look(timezone.now()),
        "tabs": [
            {"label": "Tables", "url": reverse("tables"), "active": True, "count": ""},
            {"label": "Kept tables", "url": reverse("orphans"), "active": False, "count": orphan_count() or ""},
            {"label": "Jobs", "url": reverse("my_jobs"), "active": False, "count": ""},
        ],
    }
    return render(request, "table_list/list.html", context)


@require_safe
def of_environment(request: HttpRequest, application: str, name: str) -> HttpResponse:
    """The tables of one environment, what its application asks of them, and what was done to their items of late."""
    environment = access_with_stacks(request, application, name)
    page, cards = environment_tables(environment, request.GET.get("page", "1"))
    context = page_context(request, environment, "environment_tables") | {
        "page": page,
        "cards": cards,
        "jobs": recent_jobs(environment),
        "writes": recent_writes(environment),
    }
    return render(request, "table_list/environment.html", context)
