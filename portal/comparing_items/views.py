"""The page of a comparison: with which environment, of which query, and what differs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from portal.access import access_table, actor_of
from portal.comparing_items.forms import JobForm
from portal.comparing_items.rows import Row, rows_of
from portal.comparing_items.words import takes_all, takes_now
from portal.item_jobs.access import address
from portal.tables.asked import Asked, read_asked
from portal.tables.controls import controls_of
from portal.tables.reading import problem_lines
from provisioning.actions.comparing_items import (
    Comparison,
    Corner,
    counterparts,
    do_compare,
    do_compare_all,
    price_of,
    why_not_compare,
)
from provisioning.actions.refusals import Refusal
from provisioning.items.masking import PROD
from provisioning.items.query import Query, shape_of
from provisioning.models import Environment, Table

MOST_ROWS = 500  # of a page; a job has them all
INVALID, FORBIDDEN, CONFLICT = 422, 403, 409


@dataclass(frozen=True)
class Here:
    """The page that somebody is on: their side, the sides there are to compare with, and what they ask."""

    request: HttpRequest
    corner: Corner
    others: tuple[Corner, ...]
    asked: Asked

    @property
    def other(self) -> Corner | None:
        """The side that was chosen; the first one while none was."""
        wanted = self.request.GET.get("with", "")
        found = (one for one in self.others if one.environment.name == wanted or not wanted)
        return next(found, None)

    @property
    def where(self) -> dict[str, str]:
        """The table, as addresses have it."""
        return where(self.corner)


def where(corner: Corner) -> dict[str, str]:
    """A side's table, as addresses have it."""
    environment = corner.environment
    return {"application": environment.application, "name": environment.name, "table": corner.table.name}


def item_link(corner: Corner) -> Callable[[str], str]:
    """Gives the address of the item of a token on a side; one address is made, not one for each row."""
    before, _, after = reverse("table_item", kwargs={**where(corner), "token": "TOKEN"}).rpartition("TOKEN")
    return lambda token: f"{before}{token}{after}"


def _here(request: HttpRequest, environment: Environment, row: Table) -> Here:
    asked = read_asked(request.GET, shape_of(row))
    return Here(request, Corner(environment, row), counterparts(environment, row), asked)


@require_safe
@never_cache
def comparison(request: HttpRequest, application: str, name: str, table: str) -> HttpResponse:
    """What is compared, and with `run` what differs."""
    here = _here(request, *access_table(request, application, name, table))
    query, other = here.asked.query, here.other
    if not here.asked.runs or query is None or other is None or query.is_scan:
        return _page(here)
    try:
        found = do_compare(actor_of(request), here.corner, other, query)
    except Refusal as refusal:
        return _page(here, refusal=refusal, status=FORBIDDEN if refusal.forbidden else CONFLICT)
    return _page(here, found=found)


@require_safe
@never_cache
def price(request: HttpRequest, application: str, name: str, table: str) -> HttpResponse:
    """What it takes, while somebody types; nothing is read."""
    here = _here(request, *access_table(request, application, name, table))
    return render(request, "comparing_items/_price.html", _prices(here))


@require_POST
@never_cache
def job(request: HttpRequest, application: str, name: str, table: str) -> HttpResponse:
    """Begin to compare everything that the query in the address finds."""
    here = _here(request, *access_table(request, application, name, table))
    form, query, other = _form(here, request.POST), here.asked.query, here.other
    if query is None or other is None or not form.is_valid():
        return _page(here, form=form, status=INVALID)
    sent = form.cleaned_data
    try:
        made = do_compare_all(
            actor_of(request),
            here.corner,
            other,
            query,
            rate=sent["rate"],
            sample=sent["sample"],
            key=sent["key"],
        )
    except Refusal as refusal:
        return _page(here, form=form, refusal=refusal, status=FORBIDDEN if refusal.forbidden else CONFLICT)
    return redirect(address("item_job", made))


def _form(here: Here, sent: QueryDict | None) -> JobForm:
    query, other = here.asked.query or Query(), here.other or here.corner
    return JobForm(sent, price_of(here.corner, other, query).rate)


def _prices(here: Here) -> dict[str, Any]:
    query, other = here.asked.query, here.other
    prices: dict[str, Any] = {"price_url": reverse("table_compare_price", kwargs=here.where), "other": other}
    if query is None or other is None:
        return prices
    return {
        **prices,
        "query": query,
        "why_not": why_not_compare(here.corner, other, query),
        "takes_now": "" if query.is_scan else takes_now(here.corner, other, query),
        "takes_all": takes_all(here.corner, other, query),
    }


def _page(
    here: Here,
    *,
    found: Comparison | None = None,
    refusal: Refusal | None = None,
    form: JobForm | None = None,
    status: int = 200,
) -> HttpResponse:
    shape, other = here.corner.shape, here.other
    row = here.corner.table
    rows: tuple[Row, ...] = ()
    if found is not None and other is not None:
        rows = rows_of(found.rows[:MOST_ROWS], item_link(here.corner), item_link(other), timezone.now())
    context: dict[str, Any] = {
        "environment": here.corner.environment,
        "table": row,
        "others": here.others,
        "asked": here.asked,
        "controls": controls_of(row, shape, here.asked.typed),
        "known": tuple(shape.types),
        "problem_lines": problem_lines(here.asked.problems),
        "refusal": refusal,
        "found": found,
        "rows": rows,
        "partial": bool(here.asked.query and shape.projected(here.asked.query.index) is not None),
        "left_out": len(found.rows) - len(rows) if found else 0,
        "form": form or _form(here, None),
        "here": reverse("table_compare", kwargs=here.where),
        "job_url": f"{reverse('table_compare_job', kwargs=here.where)}?{here.request.GET.urlencode()}",
        "controls_url": reverse("table_controls", kwargs=here.where),
        "prod_strip": PROD in {here.corner.environment.stage, other.environment.stage if other else ""},
        **_prices(here),
    }
    return render(here.request, "comparing_items/compare.html", context, status=status)
