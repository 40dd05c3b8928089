"""Copying a sample of items into another environment."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from portal.access import access_table, actor_of
from portal.item_jobs.words import query_rows
from portal.item_moves.forms import COUNTS, RunForm
from portal.item_moves.instead import RANDOM, instead_of
from portal.item_moves.running import INVALID, about, needs_change, send
from portal.item_moves.words import count_text, units_of
from portal.tables.action import units_text
from portal.tables.asked import read_asked
from provisioning.actions.actor import Actor, require_change_right
from provisioning.actions.copying import Sample, copy_cost, destinations, do_copy_sample, do_request_copy, is_masked
from provisioning.actions.refusals import Refusal
from provisioning.items.allowed import why_not_read
from provisioning.items.query import Query, shape_of
from provisioning.models import Environment, Table

NOWHERE = "No other environment of the application has this table with the same keys, and may be changed by you."
IN_PROD = "Needed for prod: it is read by whoever approves."


@dataclass(frozen=True)
class _Page:
    """The page of one table: what can be copied from it, and where to."""

    environment: Environment
    table: Table
    query: Query
    into: Sequence[Table]

    def sample(self, count: int, *, random: bool = False, mode: str = "new") -> Sample:
        """A sample of this size."""
        return Sample(self.environment, self.table, self.query, count, random, mode)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def copy(request: HttpRequest, application: str, name: str, table: str) -> HttpResponse:
    """Choose how many of the items that a query finds go where; sending it copies them, or asks for that in prod."""
    environment, row = access_table(request, application, name, table)
    asked = read_asked(request.GET, shape_of(row))
    explore = reverse("table", args=[environment.application, environment.name, row.name])
    context: dict[str, Any] = {
        **about(environment, row),
        "problems": list(asked.problems.values()),
        "explore_url": explore + (asked.link(run="", ask="1") if asked.query else ""),
    }
    if asked.query is None:
        return render(request, "item_moves/copy.html", context, status=INVALID)
    page = _Page(environment, row, asked.query, _changeable(actor_of(request), destinations(environment, row)))
    form = _form(request, page) if page.into else None
    if form is not None and request.method == "POST" and form.is_valid():
        answer = _sent(request, page, form)
        if answer is not None:
            return answer
    context |= {**_shown(page, form), "instead": instead_of(request)}
    return render(request, "item_moves/copy.html", context, status=INVALID if form and form.errors else 200)


def _changeable(actor: Actor, tables: Sequence[Table]) -> list[Table]:
    """The tables of environments that this person may change."""
    return [table for table in tables if table.environment is not None and _may(actor, table.environment)]


def _may(actor: Actor, environment: Environment) -> bool:
    try:
        require_change_right(actor, environment)
    except Refusal:
        return False
    return True


def _shown(page: _Page, form: RunForm | None) -> dict[str, Any]:
    why_not = why_not_read(page.environment, page.table, page.query)
    return {
        "form": form,
        "query": page.query,
        "rows": query_rows(page.query, shape_of(page.table)),
        "why_not": why_not or ("" if page.into else NOWHERE),
        "masked": is_masked(page.sample(1)),
        "asks": form is not None and form.asks,
    }


def _form(request: HttpRequest, page: _Page) -> RunForm:
    asks = any(needs_change(table.environment) for table in page.into if table.environment)
    data = request.POST if request.method == "POST" else None
    form = RunForm(data, asks=asks, reason_help=IN_PROD, instead=instead_of(request))
    into = [(table.pk, _where(table)) for table in page.into]
    form.ask_sample(into, [(count, _count_label(page, count)) for count in _counts(page)], random=page.query.is_scan)
    first, most = page.into[0], page.sample(COUNTS[-1])
    form.ask_rate(lambda rate: copy_cost(most, first, rate)[0], copy_cost(most, first)[0])
    return form


def _counts(page: _Page) -> list[int]:
    """The sizes that are offered: none beyond the first that takes all that there is."""
    known = page.table.item_count
    return [count for place, count in enumerate(COUNTS) if place < 2 or not known or COUNTS[place - 1] < known]


def _where(table: Table) -> str:
    environment = table.environment
    stage = f", {environment.stage}" if environment else ""
    return f"{environment.name if environment else table.name}{stage}: {table.name}"


def _count_label(page: _Page, count: int) -> str:
    cost, reading = copy_cost(page.sample(count), page.into[0])
    return f"{count_text(count)}: ≈ {units_text(reading)} to read, ≈ {units_of(cost)}"


def _sent(request: HttpRequest, page: _Page, form: RunForm) -> HttpResponse | None:
    actor, sent = actor_of(request), form.cleaned_data
    into = next(table for table in page.into if table.pk == sent["into"])
    sample = page.sample(sent["count"], random=sent["which"] == RANDOM, mode=sent["mode"])
    key: uuid.UUID | None = sent["key"]
    return send(
        form,
        lambda: do_copy_sample(actor, sample, into, rate=sent["rate"], key=key),
        lambda ask: do_request_copy(actor, sample, into, rate=sent["rate"], ask=ask),
        asks=into.environment is not None and needs_change(into.environment),
    )
