"""The page of a table: what is asked, what came back, and which columns somebody wants to see."""

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


@require_safe
@never_cache
def explore(request: HttpRequest, application: str, name: str, table: str) -> HttpResponse:
    """What is in a table or an index. Without a question the first items are shown, except in prod, where every
    reading is somebody's decision."""
    environment, row = access_table(request, application, name, table)
    shape = shape_of(row)
    asked = read_asked(request.GET, shape)
    runs = bool(shape.itself.partition) and (asked.runs or (not request.GET and environment.stage != PROD))
    reading = read(actor_of(request), environment, row, asked, runs=runs)
    asked, page = reading.asked, reading.page
    choice = choice_of(actor_of(request).user_id, row)
    rows = _rows(request, environment, row, shape, asked, page, choice) if page else None
    controls = controls_of(row, shape, asked.typed)
    known = rows.columns.known if rows else tuple(shape.types)
    context = {
        **_asking(request, environment, row, shape, asked, controls),
        "shape": shape,
        "prod_strip": environment.stage == PROD,
        "tables_url": _reversed(TABLES, application=application, name=name),
        "chips": chips(row, shape, asked),
        "focus": "ask" in request.GET,
        "trouble": reading.trouble,
        "problem_lines": problem_lines(asked.problems),
        "page": page,
        "rows": rows,
        "known": known,
        "tools": tools.entries(request, _where(environment, row), asked),
        "new_url": tools.address_of(request, tools.NEW, _where(environment, row)),
        "columns_url": reverse("table_columns", kwargs=_where(environment, row)),
        "links": _links(request, asked, page, rows),
        "facts": facts_of(page) if page else None,
        "data": menu_data(asked, shape, controls.places, rows.columns.shown if rows else ()),
    }
    return render(request, "tables/explore.html", context)


@require_safe
@never_cache
def price(request: HttpRequest, application: str, name: str, table: str) -> HttpResponse:
    """The word of the button and its price for the form as it stands; nothing is read."""
    environment, row = access_table(request, application, name, table)
    shape = shape_of(row)
    asked = read_asked(request.GET, shape)
    context = _asking(request, environment, row, shape, asked, None)
    return render(request, "tables/_price.html", {**context, "oob": True})


@require_safe
@never_cache
def controls(request: HttpRequest, application: str, name: str, table: str) -> HttpResponse:
    """The row of controls for the table or index that was chosen; nothing is read."""
    environment, row = access_table(request, application, name, table)
    shape = shape_of(row)
    asked = read_asked(request.GET, shape)
    offered = controls_of(row, shape, asked.typed)
    return render(request, "tables/_controls.html", _asking(request, environment, row, shape, asked, offered))


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


def _asking(
    request: HttpRequest, environment: Environment, row: Table, shape: Shape, asked: Asked, offered: Controls | None
) -> dict[str, Any]:
    where = _where(environment, row)
    return {
        "environment": environment,
        "table": row,
        "asked": asked,
        "controls": offered,
        "action": action_of(environment, row, shape, asked),
        "here": reverse("table", kwargs=where),
        "price_url": reverse("table_price", kwargs=where),
        "controls_url": reverse("table_controls", kwargs=where),
    }


def _where(environment: Environment, row: Table) -> dict[str, str]:
    return {"application": environment.application, "name": environment.name, "table": row.name}


def _rows(
    request: HttpRequest,
    environment: Environment,
    row: Table,
    shape: Shape,
    asked: Asked,
    page: PageOfItems,
    choice: Choice,
) -> Rows:
    # One address is made, not one for each row.
    pattern = _reversed(ITEM, **_where(environment, row), token="TOKEN")  # noqa: S106  (a place in an address)
    before, _, after = pattern.rpartition("TOKEN")
    return rows_of(
        [(one.item, one.token) for one in page.rows],
        asked,
        shape,
        ttl=row.ttl_attribute,
        now=timezone.now(),
        choice=choice,
        link=lambda token: f"{before}{token}{after}" if pattern else "",
    )


def _reversed(url_name: str, **where: str) -> str:
    """An address; empty while there is no such page."""
    try:
        return reverse(url_name, kwargs=where)
    except NoReverseMatch:
        return ""


def _links(request: HttpRequest, asked: Asked, page: PageOfItems | None, rows: Rows | None) -> dict[str, str]:
    """Every link carries the whole query (pitfall 5); the one to share has no cursor, which is for one person only."""
    if page is None or rows is None:
        return {}
    return {
        "again": asked.link(cursor=asked.cursor),
        "previous": "" if page.previous is None else asked.link(cursor=page.previous),
        "next": "" if page.next is None else asked.link(cursor=page.next),
        "share": request.build_absolute_uri(request.path + asked.link()),
        "other_view": asked.link(cursor=asked.cursor, view=rows.other_view),
    }
