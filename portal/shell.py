"""The frame around every page: the rail, how many decisions wait, who is signed in."""

from django.http import HttpRequest
from django.urls import reverse

from portal.accounts.demo import demo_people
from portal.approvals.waiting import waiting_count
from portal.pages import CHANGERS, PAGES, groups_of, page_of


def shell(request: HttpRequest) -> dict[str, object]:
    """What the frame around every page shows: the rail, and how many decisions wait."""
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return {"demo_people": demo_people()}
    groups = groups_of(request)
    match = request.resolver_match
    here = page_of(match.url_name or "") if match else None
    nav = [
        {
            "label": page.label,
            "url": reverse(page.names[0]),
            "icon": page.icon,
            "active": here is not None and page.slug in {here.slug, here.within},
            "count": waiting_count(request) if page.slug == "approvals" else 0,
            "admin": page.admin,
        }
        for page in PAGES
        if page.icon and page.groups & groups
    ]
    return {"nav": nav, "person": request.user, "may_change": bool(groups & CHANGERS)}
