"""The page of a table: what is asked, what came back, and which columns somebody wants to see."""

from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from portal.access import access_table, actor_of
from portal.tables import tools
from portal.tables.action import action_of
from portal.tables.asked import Asked, read_asked
from portal.tables.columns import Choice, changed, choice_of, keep_choice
from portal.tables.controls import Controls, controls_of
from portal.tables.menu import menu_data
from portal.tables.patterns import chips
from portal.tables.reading import facts_of, problem_lines, read
from portal.tables.rows import Rows, rows_of
from provisioning.actions.browsing import PageOfItems
from provisioning.items.masking import PROD
from provisioning.items.query import Shape, shape_of
from provisioning.models import Environment, Table

ITEM, TABLES = "table_item", "environment_tables"
_PLACE = "PLACE"  # where a token stands in an address


@dataclass(frozen=True)
class Here:
    """Which table is looked into, by whom, and what is asked of it."""

    request: HttpRequest
    environment: Environment
    row: Table
    shape: Shape
    asked: Asked

    @property
    def where(self) -> dict[str, str]:
        """What stands in the addresses of this table."""
        return {"application": self.environment.application, "name": self.environment.name, "table": self.row.name}

    @property
    def person(self) -> int:
        """Who looks."""
        return actor_of(self.request).user_id

    @property
    def runs(self) -> bool:
        """Whether to read now. Without a question the first items are shown, except in prod, where every reading is
        somebody's decision."""
        first_look = not self.request.GET and self.environment.stage != PROD
        return bool(self.shape.itself.partition) and (self.asked.runs or first_look)


@require_safe
@never_cache
def explore(request: HttpRequest, application: str, name: str, table: str) -> HttpResponse:
    """What is in a table or an index."""
    here = _here(request, application, name, table)
    reading = read(actor_of(request), here.environment, here.row, here.asked, runs=here.runs)
    here, page = replace(here, asked=reading.asked), reading.page
    ticks = tools.ticks(request, here.environment, here.where, here.asked) if page else ""
    rows = _rows(here, page, ticks=bool(ticks)) if page else None
    offered = controls_of(here.row, here.shape, here.asked.typed)
    context = {
        **_asking(here, offered),
        "shape": here.shape,
        "prod_strip": here.environment.stage == PROD,
        "tables_url": _reversed(TABLES, application=application, name=name),
        "chips": chips(here.row, here.shape, here.asked),
        "focus": "ask" in request.GET,
        "trouble": reading.trouble,
        "problem_lines": problem_lines(here.asked.problems),
        "page": page,
        "rows": rows,
        "known": rows.columns.known if rows else tuple(here.shape.types),
        "tools": tools.entries(request, here.where, here.asked),
        "ticks": ticks,
        "new_url": tools.address_of(request, tools.NEW, here.where),
        "columns_url": reverse("table_columns", kwargs=here.where),
        "links": _links(here, page, rows) if page and rows else {},
        "facts": facts_of(page) if page else None,
        "data": menu_data(here.asked, here.shape, offered.places, rows.columns.shown if rows else ()),
    }
    return render(request, "tables/explore.html", context)


@require_safe
@never_cache
def price(request: HttpRequest, application: str, name: str, table: str) -> HttpResponse:
    """The word of the button and its price for the form as it stands; nothing is read."""
    here = _here(request, application, name, table)
    return render(request, "tables/_price.html", {**_asking(here, None), "oob": True})


@require_safe
@never_cache
def controls(request: HttpRequest, application: str, name: str, table: str) -> HttpResponse:
    """The row of controls for the table or index that was chosen; nothing is read."""
    here = _here(request, application, name, table)
    offered = controls_of(here.row, here.shape, here.asked.typed)
    return render(request, "tables/_controls.html", {**_asking(here, offered), "oob": True})


@require_POST
def columns(request: HttpRequest, application: str, name: str, table: str) -> HttpResponse:
    """Remember which columns this person wants to see of this table, in every environment; back to where they were."""
    _, row = access_table(request, application, name, table)
    person = actor_of(request).user_id
    sent = request.POST
    if "forget" in sent:
        keep_choice(person, row, Choice())
    else:
        before = choice_of(person, row)
        keep_choice(person, row, changed(before, sent.getlist("known"), sent.getlist("show"), sent.get("first", "")))
    back = sent.get("back", "")
    if url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        return redirect(back)
    return redirect("table", application, name, table)


def _here(request: HttpRequest, application: str, name: str, table: str) -> Here:
    environment, row = access_table(request, application, name, table)
    shape = shape_of(row)
    return Here(request, environment, row, shape, read_asked(request.GET, shape))


def _asking(here: Here, offered: Controls | None) -> dict[str, Any]:
    return {
        "environment": here.environment,
        "table": here.row,
        "asked": here.asked,
        "controls": offered,
        "action": action_of(here.environment, here.row, here.shape, here.asked),
        "here": reverse("table", kwargs=here.where),
        "price_url": reverse("table_price", kwargs=here.where),
        "controls_url": reverse("table_controls", kwargs=here.where),
    }


def _rows(here: Here, page: PageOfItems, *, ticks: bool) -> Rows:
    # One address is made, not one for each row.
    pattern = _reversed(ITEM, **here.where, token=_PLACE)
    before, _, after = pattern.rpartition(_PLACE)
    return rows_of(
        [(one.item, one.token) for one in page.rows],
        here.asked,
        here.shape,
        ttl=here.row.ttl_attribute,
        now=timezone.now(),
        choice=choice_of(here.person, here.row),
        link=lambda token: f"{before}{token}{after}" if pattern else "",
        ticks=ticks,
    )


def _reversed(url_name: str, **where: str) -> str:
    """An address; empty while there is no such page."""
    try:
        return reverse(url_name, kwargs=where)
    except NoReverseMatch:
        return ""


def _links(here: Here, page: PageOfItems, rows: Rows) -> dict[str, str]:
    """Every link carries the whole query (pitfall 5); the one to share has no cursor, which is for one person only."""
    asked = here.asked
    return {
        "again": asked.link(cursor=asked.cursor),
        "previous": "" if page.previous is None else asked.link(cursor=page.previous),
        "next": "" if page.next is None else asked.link(cursor=page.next),
        "share": here.request.build_absolute_uri(here.request.path + asked.link()),
        "other_view": asked.link(cursor=asked.cursor, view=rows.other_view),
    }
