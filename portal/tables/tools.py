"""What else can be done with a table: links to the pages that do it, where they are there and for this person."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from portal.pages import groups_of, page_of
from portal.tables.asked import Asked

NEW = "item_new"


@dataclass(frozen=True)
class Tool:
    """A page that does something with the table; `carries` says whether it begins with the same query."""

    label: str
    url_name: str
    icon: str
    carries: bool = False


TOOLS = (
    Tool("PartiQL", "table_statement", "play"),
    Tool("Count exactly…", "table_count", "search", carries=True),
    Tool("Compare with another environment…", "table_compare", "arrow", carries=True),
    Tool("Export…", "table_export", "download", carries=True),
    Tool("Import…", "table_import", "plus"),
    Tool("Copy items elsewhere…", "table_copy_items", "copy", carries=True),
    Tool("Delete items…", "table_delete_items", "trash", carries=True),
    Tool("What was written", "table_writes", "edit"),
    Tool("Jobs of this table", "item_jobs", "clock"),
)


def entries(request: HttpRequest, where: Mapping[str, str], asked: Asked) -> list[dict[str, object]]:
    """The menu, as pieces/menu.html reads it; `where` is application, name and table."""
    pairs = asked.query.pairs() if asked.query else []
    found = []
    for tool in TOOLS:
        address = address_of(request, tool.url_name, where)
        if address:
            query = f"?{urlencode(pairs)}" if tool.carries and pairs else ""
            danger = tool.icon == "trash"
            found.append({"label": tool.label, "url": f"{address}{query}", "icon": tool.icon, "danger": danger})
    return found


def address_of(request: HttpRequest, url_name: str, where: Mapping[str, str]) -> str:
    """The address of a page; empty when it is not there, or not for this person."""
    page = page_of(url_name)
    if page is None or not page.groups & groups_of(request):
        return ""
    try:
        return reverse(url_name, kwargs=dict(where))
    except NoReverseMatch:
        return ""
