"""What is hidden of the items in a plan, shown for a reason that the audit keeps, by the verb of the page."""

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Body, Router, Schema

from portal.access import access_change, actor_of
from portal.accounts.models import Scope
from portal.api.operations import operation
from portal.api.text import Line, Sent
from portal.changes.items import readable
from provisioning.actions.revealing_plans import do_reveal_plan

router = Router(tags=["Changes"])


class RevealPlan(Sent):
    """Why."""

    reason: Line


class RevealedPlan(Schema):
    """The writes of the plan with this digest, as in `plan.items` of the change, with nothing hidden."""

    change: uuid.UUID
    digest: str
    writes: list[dict[str, Any]]


@operation(
    router, "POST", "/changes/{uuid:change_id}/reveal", scope=Scope.CHANGE, page="change_reveal",
    answers=RevealedPlan, summary="Show what is hidden in a plan",
)  # fmt: skip
def reveal_change(
    request: HttpRequest, response: HttpResponse, change_id: uuid.UUID, sent: Body[RevealPlan]
) -> RevealedPlan:
    """Of items, for whoever asked and whoever decides. That it was shown is written down first."""
    change = access_change(request, change_id)
    do_reveal_plan(actor_of(request), change, reason=sent.reason)
    response["Cache-Control"] = "no-store"
    shown = readable(change, change.plan or {}, revealed=True)
    return RevealedPlan(change=change.pk, digest=change.plan_digest, writes=shown["items"]["writes"])
