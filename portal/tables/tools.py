"""What else can be done with a table: links to the pages that do it, where they are there and for this person."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from portal.access import actor_of
from portal.pages import groups_of, page_of
from portal.tables.asked import Asked
from provisioning.actions.actor import require_change_right
from provisioning.actions.refusals import Refusal
from provisioning.models import Environment

NEW, DELETE = "item_new", "table_delete_items"


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
    Tool("Delete items…", DELETE, "trash", carries=True),
    Tool("What was written", "table_writes", "edit"),
    Tool("Jobs of this table", "item_jobs", "clock"),
)


def entries(request: HttpRequest, where: Mapping[str, str], asked: Asked) -> list[dict[str, object]]:
    """The menu, as pieces/menu.html reads it; `where` is application, name and table."""
    found = []
    for tool in TOOLS:
        address = address_of(request, tool.url_name, where)
        if address:
            url = _carrying(address, asked) if tool.carries else address
            found.append({"label": tool.label, "url": url, "icon": tool.icon, "danger": tool.icon == "trash"})
    return found


def ticks(request: HttpRequest, environment: Environment, where: Mapping[str, str], asked: Asked) -> str:
    """Where ticked items go to be deleted, with the query to come back to; empty for whoever may not alter items
    here."""
    try:
        require_change_right(actor_of(request), environment)
    except Refusal:
        return ""
    return _carrying(address_of(request, DELETE, where), asked)


def _carrying(address: str, asked: Asked) -> str:
    """An address with the query that stands on the page."""
    pairs = asked.query.pairs() if asked.query else []
    return f"{address}?{urlencode(pairs)}" if address and pairs else address


def address_of(request: HttpRequest, url_name: str, where: Mapping[str, str]) -> str:
    """The address of a page; empty when it is not there, or not for this person."""
    page = page_of(url_name)
    if page is None or not page.groups & groups_of(request):
        return ""
    try:
        return reverse(url_name, kwargs=dict(where))
    except NoReverseMatch:
        return ""
