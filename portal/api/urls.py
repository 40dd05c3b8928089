"""Addresses of REST v1. The operations take a Bearer token only; the page about them is for people who sign in."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, URLResolver, path, re_path
from django.views.decorators.http import require_safe

from portal.api import reference
from portal.api.service import api, description
from portal.api.serving import nothing_here, served

V1 = "api/v1/"


@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    """The description, for anybody: it says what there could be, nothing of what there is."""
    return JsonResponse(description())


def _operations() -> list[URLPattern]:
    """Every operation at its address, as `served` serves it; ninja's own pages are left out."""
    found, _, _ = api.urls
    kept = [one for one in found if isinstance(one, URLPattern) and (one.name or "").startswith("v1_")]
    return [path(f"{V1}{one.pattern}", served(one.callback), name=one.name) for one in kept]


urlpatterns: list[URLPattern | URLResolver] = [
    path(f"{V1}docs", reference.reference, name="api_reference"),
    path(f"{V1}docs/<slug:part>", reference.part, name="api_reference_part"),
    path(f"{V1}openapi.json", served(openapi), name="v1_openapi"),
    *_operations(),
    path(V1, served(nothing_here), name="v1_root"),
    # Every other address, with line breaks in it too, which a path's converter leaves to the pages.
    re_path(rf"^{V1}(?P<rest>[\s\S]+)\Z", served(nothing_here), name="v1_nothing"),
]
