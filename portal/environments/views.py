"""Pages that read environments: the list, overview, activity."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from portal.access import actor_of
from portal.environments.activity import read_activity
from portal.environments.forms import EnvironmentFilter
from portal.environments.heading import access_with_stacks, page_context
from portal.environments.listing import DEFAULT_SORT, list_environments
from portal.environments.reading import read_overview
from portal.recovering.reading import read_doctors
from portal.tabs import listing_tabs

BUSY_PAUSE = 3  # seconds between two looks at an environment that changes


@require_safe
def environments(request: HttpRequest) -> HttpResponse:
    """Everybody's environments, or mine: filtered, sorted, paged."""
    form = EnvironmentFilter(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    page, rows = list_environments(
        actor_of(request).user_id, wanted, request.GET.get("sort", DEFAULT_SORT), request.GET.get("page", "1")
    )
    context = {
        "form": form,
        "page": page,
        "rows": rows,
        "filtered": any(wanted.values()),
        "tabs": listing_tabs("environments"),
    }
    return render(request, "environments/list.html", context)


@require_safe
def environment(request: HttpRequest, application: str, name: str) -> HttpResponse:
    """What there is of one environment; alone, without the page around it, for htmx."""
    found = access_with_stacks(request, application, name)
    overview, doctors = read_overview(found), read_doctors(actor_of(request), found)
    context = page_context(request, found, "environment") | {
        "overview": overview,
        "doctors": doctors,
        "told": overview.banner is not None and overview.banner.text in {one.stuck.cause for one in doctors},
        "pause": BUSY_PAUSE,
    }
    partial = "HX-Request" in request.headers
    context["partial"] = partial
    template = "environments/_overview.html" if partial else "environments/overview.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_safe
def activity(request: HttpRequest, application: str, name: str) -> HttpResponse:
    """Its changes and everything else that people did to it, newest first."""
    found = access_with_stacks(request, application, name)
    page, entries = read_activity(found, request.GET.get("page", "1"))
    context = page_context(request, found, "environment_activity") | {"page": page, "entries": entries}
    return render(request, "environments/activity.html", context)
