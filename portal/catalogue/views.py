"""The catalogue, one application, and the blueprints that cannot be read."""

from collections.abc import Iterable

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal.catalogue.reading import access_blueprint, applications, one_application
from portal.pages import READERS_OF_ALL, groups_of
from portal.requesting.assuming import UsageForm, figures_of, has_usage, usage_query
from portal.requesting.reading import default_account
from provisioning.blueprints.loader import SHIPPED, library
from provisioning.costs.scenarios import FIGURE_LABELS
from provisioning.lifecycle import EnvironmentStatus
from provisioning.models import Environment

PER_PAGE = 25
SORTS = {"name": "name", "status": "status", "cost": "monthly_cost", "changed": "changed_at", "stage": "stage"}


def _region() -> str:
    account = default_account()
    return account.region if account else str(settings.AWS_REGION)


def _assumed(request: HttpRequest, figures: Iterable[str]) -> UsageForm:
    """What prices here assume: as the address says."""
    return UsageForm(request.GET if has_usage(request.GET) else None, figures=figures)


@require_GET
def catalogue(request: HttpRequest) -> HttpResponse:
    """Every application as a card."""
    sees_problems = bool(groups_of(request) & READERS_OF_ALL)
    figures = {key for one in library().blueprints.values() for key in figures_of(one)}
    assumed = _assumed(request, [key for key in FIGURE_LABELS if key in figures])
    context = {
        "applications": applications(_region(), assumed.usage),
        "assumed": assumed,
        "query": usage_query(assumed.usage),
        "broken": sees_problems and bool(library().problems),
    }
    return render(request, "catalogue/catalogue.html", context)


@require_GET
def application(request: HttpRequest, application: str) -> HttpResponse:
    """One application in full, with its environments."""
    blueprint = access_blueprint(application)
    found = Environment.objects.filter(application=application).exclude(status=EnvironmentStatus.REMOVED)
    sort = request.GET.get("sort", "-changed")
    column = SORTS.get(sort.removeprefix("-"), "changed_at")
    ordered = found.select_related("owner").order_by(f"-{column}" if sort.startswith("-") else column, "pk")
    page = Paginator(ordered, PER_PAGE).get_page(request.GET.get("page"))
    rows = [(one, EnvironmentStatus(one.status)) for one in page]
    assumed = _assumed(request, figures_of(blueprint))
    context = {
        "application": one_application(blueprint, _region(), assumed.usage),
        "assumed": assumed,
        "query": usage_query(assumed.usage),
        "blueprint": blueprint,
        "page": page,
        "rows": rows,
    }
    return render(request, "catalogue/application.html", context)


@require_GET
def blueprint_problems(request: HttpRequest) -> HttpResponse:
    """What is wrong with blueprints that cannot be used: file, line, sentence, fix."""
    found = library()
    context = {
        "problems": found.problems,
        "usable": len(found.blueprints),
        "folders": settings.BLUEPRINT_DIRS,
        "shipped": SHIPPED.name,
    }
    return render(request, "catalogue/problems.html", context)
