"""The catalogue, one application, and the blueprints that cannot be read."""

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal.catalogue.reading import Application, access_blueprint, applications
from portal.pages import READERS_OF_ALL, groups_of
from portal.requesting.reading import default_account
from provisioning.blueprints.loader import SHIPPED, library
from provisioning.lifecycle import EnvironmentStatus
from provisioning.models import Environment

PER_PAGE = 25
SORTS = {"name": "name", "status": "status", "cost": "monthly_cost", "changed": "changed_at", "stage": "stage"}


def _region() -> str:
    account = default_account()
    return account.region if account else str(settings.AWS_REGION)


@require_GET
def catalogue(request: HttpRequest) -> HttpResponse:
    """Every application as a card."""
    sees_problems = bool(groups_of(request) & READERS_OF_ALL)
    context = {"applications": applications(_region()), "broken": sees_problems and bool(library().problems)}
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
    context = {"application": Application(blueprint, _region()), "blueprint": blueprint, "page": page, "rows": rows}
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
