"""What is kept of a change for ever: every plan that was sealed, and the receipt of a deletion of data."""

import uuid
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest
from ninja import Path, Router, Schema

from portal.access import access_change
from portal.accounts.models import Scope
from portal.api.change_shapes import DecisionLine, decision_line
from portal.api.operations import operation
from portal.changes.earlier import access_plan, sealed_plans
from portal.changes.items import readable
from portal.changes.plans import plan_view
from provisioning.models import Change, SealedPlan

router = Router(tags=["Changes"])


class PlanLine(Schema):
    """One sealed plan. `current`: it is the one that counts; `void_because` says why another one is not."""

    number: int
    digest: str
    sealed_at: datetime
    current: bool
    void_because: str


class PlanList(Schema):
    """Every sealed plan of a change, oldest first. They never come in pages: a change has few."""

    items: list[PlanLine]
    next: str | None = None


class PlanDetail(PlanLine):
    """One plan, with `sentence` for people, and the decisions about it. What is hidden of items is hidden here too."""

    change: uuid.UUID
    environment: str
    sentence: str
    plan: dict[str, Any]
    decisions: list[DecisionLine]


class Receipt(Schema):
    """What was deleted: every physical id as deleted, kept or skipped, with the backups, who asked, who approved and
    why. It grows while data is being deleted; then it has no `ended_at`."""

    change: uuid.UUID
    environment: str
    stage: str
    receipt: dict[str, Any]


class Numbered(Schema):
    """Which plan of which change."""

    change_id: uuid.UUID
    number: int


@operation(
    router, "GET", "/changes/{uuid:change_id}/plans", scope=Scope.READ, page="change_plan_at", answers=PlanList,
    summary="List the plans of a change",
)  # fmt: skip
def list_plans(request: HttpRequest, change_id: uuid.UUID) -> PlanList:
    """The one that counts and those before it."""
    change = access_change(request, change_id)
    return PlanList(items=[PlanLine(**_line(change, one)) for one in sealed_plans(change)])


@operation(
    router, "GET", "/changes/{uuid:change_id}/plans/{int:number}", scope=Scope.READ, page="change_plan_at",
    answers=PlanDetail, summary="Show a plan of a change",
)  # fmt: skip
def show_plan(request: HttpRequest, which: Path[Numbered]) -> PlanDetail:
    """One plan as it was sealed, also when it is no longer the one of its change."""
    change = access_change(request, which.change_id)
    sealed = access_plan(change, which.number)
    decisions = change.decisions.filter(plan_digest=sealed.digest).select_related("by")
    return PlanDetail(
        **_line(change, sealed),
        change=change.pk,
        environment=str(change.environment),
        sentence=plan_view(sealed.content, sealed.digest).sentence,
        plan=readable(change, sealed.content),
        decisions=[decision_line(one) for one in decisions],
    )


@operation(
    router, "GET", "/changes/{uuid:change_id}/receipt", scope=Scope.READ, page="change_receipt", answers=Receipt,
    summary="Show the receipt of a deletion",
)  # fmt: skip
def show_receipt(request: HttpRequest, change_id: uuid.UUID) -> Receipt:
    """Of a change that deletes data; 404 for any other, and before anything was deleted."""
    change = access_change(request, change_id)
    if not change.receipt:
        raise Http404("This change has no receipt.")
    return Receipt(
        change=change.pk,
        environment=str(change.environment),
        stage=change.environment.stage,
        receipt=change.receipt,
    )


def _line(change: Change, plan: SealedPlan) -> dict[str, Any]:
    return {
        "number": plan.number,
        "digest": plan.digest,
        "sealed_at": plan.sealed_at,
        "current": not plan.void_because and plan.digest == change.plan_digest,
        "void_because": plan.void_because,
    }
