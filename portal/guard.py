"""The gate in front of every view: what no page lists is refused, and so is a page that is not for this person."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from portal.errors import refused_page
from portal.pages import OPEN_NAMES, OPEN_PREFIXES, groups_of, page_of


class PagesMiddleware:
    """Refuses what is not on a page, and pages that are not for this person."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: object) -> HttpResponse | None:
        """403 for a URL that no page lists, or whose page is for other groups."""
        name = request.resolver_match.url_name or "" if request.resolver_match else ""
        if name in OPEN_NAMES or name.startswith(OPEN_PREFIXES) or not request.user.is_authenticated:
            return None
        page = page_of(name)
        if page is None:
            return refused_page(request, "This address belongs to no page.")
        if not page.groups & groups_of(request):
            return refused_page(request, f"{page.label} is for {' and '.join(sorted(page.groups))}.")
        return None
