"""Asking again instead of a change that was sent back: its form begins with what that one had asked for."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from provisioning.lifecycle import ChangeKind
from provisioning.models import Change, ItemJob, Table

FIRST, RANDOM = "first", "random"


@dataclass(frozen=True)
class Instead:
    """The change that would end, and what was asked for with it, by the names of the form's fields."""

    change: Change
    values: dict[str, Any]


def instead_of(request: HttpRequest) -> Instead | None:
    """The change of items that the form is sent instead of; None where it is sent for itself. Whether this person may
    is the verb's to say."""
    try:
        wanted = uuid.UUID(request.POST.get("replaces") or request.GET.get("replaces", ""))
    except ValueError:
        return None
    changes = Change.objects.filter(pk=wanted, kind=ChangeKind.WRITE_ITEMS).exclude(goal__job=None)
    change = changes.select_related("environment").first()
    job = None if change is None else ItemJob.objects.filter(change=change).first()
    return None if change is None or job is None else Instead(change, _values(change, job))


def _values(change: Change, job: ItemJob) -> dict[str, Any]:
    goal = job.goal
    values: dict[str, Any] = {"replaces": change.pk, "reason": change.reason, "start_at": change.start_at}
    values |= {name: goal[name] for name in ("mode", "unsure", "count") if name in goal}
    if job.rate:
        values["rate"] = job.rate
    if "source" in goal:
        values["which"] = FIRST if goal.get("random") is None else RANDOM
        into = Table.objects.filter(environment=job.environment_id, name=job.table).first()
        values["into"] = into.pk if into else None
    return values
