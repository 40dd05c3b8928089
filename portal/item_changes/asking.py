"""The page on which writes of items are asked for: other pages that write items lead here where somebody else decides.

from portal.item_changes.asking import ask_for_writes
except ProdNeedsChange as needed:
    return ask_for_writes(request, environment, row, [needed.intent], back=address)
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers

from portal.access import actor_of
from portal.changes.items import legs_view
from portal.changes.plans import PlannedResource
from portal.item_changes.forms import AskToWriteForm
from portal.requesting.asking import Asks, asks_of
from provisioning.actions.refusals import Refusal
from provisioning.actions.writing_in_prod import asked_of, why_not_ask
from provisioning.engine import item_rows
from provisioning.items.intents import BadIntentError, WriteIntent, as_dict, from_dict
from provisioning.items.masking import mask_for
from provisioning.items.sealing import NotSealedError, seal, unseal
from provisioning.items.values import BadValueError
from provisioning.lifecycle import WriteVerb
from provisioning.models import Environment, ItemWrite, Table
from provisioning.planning import item_plans
from provisioning.planning.item_plans import Leg

PURPOSE = "writes to ask for"
GOOD_FOR = 12 * 3600  # seconds that the page may stand open
UNPROCESSABLE = 422


@dataclass(frozen=True)
class AskPage:
    """What the page shows: the writes, masked; what happens to data, in a sentence; who decides, until when; why it
    cannot be asked for now, empty when it can."""

    rows: tuple[PlannedResource, ...]
    sentence: str
    asks: Asks | None
    why_not: str
    back: str


def ask_for_writes(
    request: HttpRequest,
    environment: Environment,
    row: Table,
    writes: Sequence[WriteIntent],
    *,
    form: AskToWriteForm | None = None,
    back: str = "",
) -> HttpResponse:
    """The page that shows these writes and asks for a reason; sending it makes a change of them. `form` is one that was
    sent and refused; `back` is where Cancel leads, the table's page unless said."""
    sealed = form if form is not None else AskToWriteForm.fresh(_sealed(request, environment, row, writes))
    context = {
        "environment": environment,
        "table": row.name,
        "page": _page(request, environment, row, writes, back),
        "form": sealed,
        "prod_strip": environment.stage == "prod",
    }
    status = UNPROCESSABLE if sealed.errors else 200
    response = render(request, "item_changes/ask.html", context, status=status)
    add_never_cache_headers(response)
    return response


def asked_writes(request: HttpRequest, environment: Environment, row: Table, sealed: str) -> list[WriteIntent]:
    """The writes that `ask_for_writes` put into the page. Raises Refusal where they are another person's, another
    table's, or too old."""
    try:
        kept = json.loads(unseal(PURPOSE, sealed, seconds=GOOD_FOR))
    except NotSealedError:
        raise Refusal("This page is too old. Open it again; nothing was asked for.", "too-old") from None
    if kept["for"] != _bound_to(request, environment, row):
        raise Refusal("This page was made for somebody else. Open it again; nothing was asked for.", "too-old")
    return [from_dict(one) for one in kept["writes"]]


def _sealed(request: HttpRequest, environment: Environment, row: Table, writes: Sequence[WriteIntent]) -> str:
    content = {"for": _bound_to(request, environment, row), "writes": [as_dict(intent) for intent in writes]}
    return seal(PURPOSE, json.dumps(content))


def _bound_to(request: HttpRequest, environment: Environment, row: Table) -> list[object]:
    return [actor_of(request).user_id, environment.pk, row.name]


def _page(
    request: HttpRequest, environment: Environment, row: Table, writes: Sequence[WriteIntent], back: str
) -> AskPage:
    actor = actor_of(request)
    return AskPage(
        rows=_rows(environment, row, writes),
        sentence=item_plans.sentence(row.name, [intent.verb for intent in writes]),
        asks=asks_of(asked_of(environment), actor.user_id),
        why_not=why_not_ask(actor, environment),
        back=back or reverse("table", args=[environment.application, environment.name, row.name]),
    )


def _rows(environment: Environment, row: Table, writes: Sequence[WriteIntent]) -> tuple[PlannedResource, ...]:
    """As far as it is known now: the plan reads each item again."""
    mask = mask_for(environment, row)
    return tuple(legs_view(intent.verb, _legs(row, intent), mask) for intent in writes)


def _legs(row: Table, intent: WriteIntent) -> tuple[Leg, ...]:
    if intent.verb is WriteVerb.UNDO:
        write = ItemWrite.objects.get(pk=intent.undoes or 0, environment=row.environment_id, table=row.name)
        return tuple(Leg(leg.key, leg.after, leg.before) for leg in item_rows.legs_of(write) if not leg.stays)
    now = None if intent.verb is WriteVerb.CREATE else intent.read or intent.key
    try:
        return item_plans.legs_of(intent, now)
    except (BadIntentError, BadValueError):
        return (Leg(intent.key, now, now),)  # the plan says why it cannot be
