"""The page of statements: the editor, what the statement would do, and what came of it."""

import uuid
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from portal.access import access_table, actor_of
from portal.statements.examples import examples
from portal.statements.verdict import Verdict, fault_of, verdict_of, verdict_of_fault
from portal.tables.asked import VIEWS, Asked, Typed
from portal.tables.columns import choice_of
from portal.tables.rows import Rows, rows_of
from portal.tables.tools import address_of
from provisioning.actions.actor import Actor
from provisioning.actions.refusals import Refusal
from provisioning.actions.stating import BadStatement, Judged, PageOfStatement, do_select, do_write_statement, judge
from provisioning.items.masking import PROD
from provisioning.items.paths import path_of
from provisioning.items.query import Query, shape_of
from provisioning.items.statement_parameters import parameter_values
from provisioning.items.statement_tokens import BadStatementError
from provisioning.items.statements import Select, Verb
from provisioning.items.values import key_token
from provisioning.models import Change, Environment, Table


@dataclass(frozen=True)
class Here:
    """The page that somebody is on."""

    request: HttpRequest
    environment: Environment
    row: Table

    @property
    def actor(self) -> Actor:
        """Who that is."""
        return actor_of(self.request)

    @property
    def where(self) -> dict[str, str]:
        """Its table, as addresses have it."""
        return {"application": self.environment.application, "name": self.environment.name, "table": self.row.name}

    def item_address(self, token: str) -> str:
        """The address of the item of a token; empty while there is no such page."""
        return address_of(self.request, "table_item", {**self.where, "token": token})


@dataclass(frozen=True)
class Sent:
    """What the form sent."""

    statement: str
    parameters: str = ""
    consent: bool = False
    cursor: str = ""
    view: str = ""
    reason: str = ""
    key: uuid.UUID = field(default_factory=uuid.uuid4)


@dataclass(frozen=True)
class Ran:
    """What came of a statement: a page of items, or why there is none."""

    verdict: Verdict
    page: PageOfStatement | None = None
    rows: Rows | None = None
    refusal: Refusal | None = None

    @property
    def status(self) -> int:
        """The status of the answer."""
        if self.refusal is None:
            return 422 if self.verdict.fault else 200
        return 403 if self.refusal.forbidden else 422 if self.refusal.fields else 409


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def statement(request: HttpRequest, application: str, name: str, table: str) -> HttpResponse:
    """The editor; a POST runs the statement in it. Statements hold values, so they never stand in an address."""
    here = Here(request, *access_table(request, application, name, table))
    if request.method != "POST":
        sent = _at_first(here)
        return _page(here, sent, Ran(_verdict(here, sent)))
    sent = _sent(request)
    try:
        judged = _judged(here, sent)
    except BadStatement as bad:
        return _page(here, sent, Ran(verdict_of_fault(sent.statement, bad)))
    if judged.verb is Verb.SELECT:
        return _page(here, sent, _look(here, sent, judged))
    return _write(here, sent, judged)


@require_POST
@never_cache
def judged(request: HttpRequest, application: str, name: str, table: str) -> HttpResponse:
    """What the statement would do, while it is typed; nothing is asked of AWS."""
    here = Here(request, *access_table(request, application, name, table))
    sent = _sent(request)
    context = {"verdict": _verdict(here, sent), "sent": sent, **_addresses(here)}
    return render(request, "statements/_verdict.html", context)


def _at_first(here: Here) -> Sent:
    """The statement that the editor starts with: an example, the first one unless another was asked for."""
    known = examples(here.row, shape_of(here.row))
    place = here.request.GET.get("example", "")
    chosen = int(place) if place.isascii() and place.isdecimal() and int(place) < len(known) else 0
    return Sent(known[chosen].text)


def _sent(request: HttpRequest) -> Sent:
    given = request.POST
    view = given.get("view", "")
    return Sent(
        statement=given.get("statement", "").replace("\r\n", "\n"),
        parameters=given.get("parameters", ""),
        consent=bool(given.get("consent")),
        cursor=given.get("cursor", ""),
        view=view if view in VIEWS else "",
        reason=given.get("reason", ""),
        key=_key(given.get("key", "")),
    )


def _key(text: str) -> uuid.UUID:
    """The form's own key, so that two clicks ask for one change."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.uuid4()


def _judged(here: Here, sent: Sent) -> Judged:
    try:
        parameters = parameter_values(sent.parameters)
    except BadStatementError as bad:
        raise BadStatement(bad.sentence) from None
    return judge(here.environment, here.row, sent.statement, parameters)


def _verdict(here: Here, sent: Sent) -> Verdict:
    try:
        return verdict_of(here.actor, here.environment, here.row, _judged(here, sent))
    except BadStatement as bad:
        return verdict_of_fault(sent.statement, bad)


def _look(here: Here, sent: Sent, judged: Judged) -> Ran:
    verdict = verdict_of(here.actor, here.environment, here.row, judged)
    try:
        found = do_select(
            here.actor,
            here.environment,
            here.row,
            sent.statement,
            parameter_values(sent.parameters),
            consent=sent.consent,
            cursor=sent.cursor,
        )
    except BadStatement as bad:
        return Ran(replace(verdict, fault=fault_of(sent.statement, bad.sentence, bad.at)))
    except Refusal as refusal:
        return Ran(verdict, refusal=refusal)
    return Ran(verdict, found, _rows(here, sent, judged.select, found))


def _rows(here: Here, sent: Sent, select: Select | None, found: PageOfStatement) -> Rows:
    columns = select.columns if select and select.columns and not select.computed else ()
    query = Query(select.index if select else "", "…", attributes=tuple(path_of([name]) for name in columns or ()))
    # One address is made, not one for each row.
    pattern = here.item_address("TOKEN")
    before, _, after = pattern.rpartition("TOKEN")
    return rows_of(
        [(one.item, one.token) for one in found.rows],
        Asked(Typed(), query, view=sent.view),
        shape_of(here.row),
        ttl=here.row.ttl_attribute,
        now=timezone.now(),
        choice=choice_of(here.actor.user_id, here.row),
        link=lambda token: f"{before}{token}{after}" if token and pattern else "",
    )


def _write(here: Here, sent: Sent, judged: Judged) -> HttpResponse:
    parameters = parameter_values(sent.parameters)
    try:
        done = do_write_statement(
            here.actor, here.environment, here.row, sent.statement, parameters, reason=sent.reason, key=sent.key
        )
    except Refusal as refusal:
        verdict = verdict_of(here.actor, here.environment, here.row, judged)
        return _page(here, sent, Ran(verdict, refusal=refusal))
    if isinstance(done, Change):
        return redirect("change", done.pk)
    address = here.item_address(key_token(judged.write.key if judged.write else {}))
    messages.success(here.request, _done(judged.verb, address))
    return redirect(reverse("table_statement", kwargs=here.where))


def _done(verb: Verb, address: str) -> str:
    return format_html('{} <a href="{}">See the item</a>', _DONE[verb], address) if address else _DONE[verb]


_DONE = {
    Verb.INSERT: "The item is there now.",
    Verb.UPDATE: "The item is changed; the one before is kept.",
    Verb.DELETE: "The item is deleted; it is kept, and can be put back.",
}


def _addresses(here: Here) -> dict[str, str]:
    return {
        "here": reverse("table_statement", kwargs=here.where),
        "judged_url": reverse("table_statement_judged", kwargs=here.where),
    }


def _page(here: Here, sent: Sent, ran: Ran) -> HttpResponse:
    shape = shape_of(here.row)
    offered = [one for one in enumerate(examples(here.row, shape)) if here.actor.may_change or not one[1].writes]
    context: dict[str, Any] = {
        "environment": here.environment,
        "table": here.row,
        "shape": shape,
        "sent": sent,
        "ran": ran,
        "verdict": ran.verdict,
        "examples": offered,
        "prod_strip": here.environment.stage == PROD,
        **_addresses(here),
    }
    return render(here.request, "statements/statement.html", context, status=ran.status)
