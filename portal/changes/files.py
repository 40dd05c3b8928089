"""What can be taken home from a change: its plans and its receipt, as JSON."""

import json
import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from portal.access import access_change
from portal.changes.earlier import access_plan
from portal.changes.items import readable
from provisioning.models import Change


@require_safe
def change_plan(request: HttpRequest, change_id: uuid.UUID) -> HttpResponse:
    """The plan that counts as a file. Raises Http404 while there is none."""
    change = access_change(request, change_id)
    if change.plan is None:
        raise Http404("This change has no plan.")
    return _plan(change, change.plan, change.plan_digest)


@require_safe
def change_plan_file(request: HttpRequest, change_id: uuid.UUID, number: int) -> HttpResponse:
    """The sealed plan of that number as a file. Raises Http404."""
    change = access_change(request, change_id)
    sealed = access_plan(change, number)
    more = {"number": number, "sealed_at": sealed.sealed_at.isoformat(), "void_because": sealed.void_because}
    return _plan(change, sealed.content, sealed.digest, **more)


@require_safe
def change_receipt(request: HttpRequest, change_id: uuid.UUID) -> HttpResponse:
    """The receipt of a deletion of data as a file. Raises Http404 while there is none."""
    change = access_change(request, change_id)
    if not change.receipt:
        raise Http404("This change has no receipt.")
    return _file(change, f"receipt-{_slug(change)}-{change.pk.hex[:12]}", {"receipt": change.receipt})


def _plan(change: Change, plan: dict[str, Any], digest: str, **more: object) -> HttpResponse:
    return _file(
        change, f"plan-{_slug(change)}-{digest[:12]}", {"digest": digest, **more, "plan": readable(change, plan)}
    )


def _slug(change: Change) -> str:
    return f"{change.environment.application}-{change.environment.name}"


def _file(change: Change, name: str, content: dict[str, Any]) -> HttpResponse:
    about = {"change": str(change.pk), "environment": str(change.environment), "stage": change.environment.stage}
    return HttpResponse(
        json.dumps({**about, **content}, indent=2),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}.json"'},
    )
