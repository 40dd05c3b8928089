"""Environments whose time is over are parked: a change that Stackyard opens itself, in the owner's name.

It is opened once for each end of a lifetime, however many workers look: the environment's row is held, and the change's
request key is made of that end. Tables stay. Whoever takes the change back has decided; it is not opened again.
"""

import uuid
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from provisioning.blueprints.loader import library
from provisioning.lifecycle import STACK_STATUSES, ChangeKind, ChangeStatus, StackKind
from provisioning.models import AuditEntry, Change, Environment, Operation, Stack
from provisioning.planning.lifetimes import PROD

BATCH = 20
ENDED = "lifetime_ended"  # in the goal of a change: the end of the lifetime that it was opened for
_KEYS = uuid.UUID("7d0f1f6e-54a0-4d0e-8b0a-5d5d3f4a9c55")  # namespace of the request keys
_THERE = tuple(status.name for status in STACK_STATUSES.values() if not status.gone)


def expired(now: datetime) -> list[int]:
    """Environments that are to be parked now: over, compute there, nothing in the way, not asked for yet."""
    rows = _over(now).exclude(Exists(_open_work()))
    due: list[int] = []
    for environment in rows.order_by("expires_at"):
        if not _asked_for(environment) and not why_deferred(environment):
            due.append(environment.pk)
        if len(due) == BATCH:
            break
    return due


def park(environment_id: int) -> uuid.UUID | None:
    """Open the change that parks one environment; None when it is not to be parked now. Safe to repeat."""
    with transaction.atomic():
        locked = Environment.objects.select_for_update(no_key=True).filter(pk=environment_id).first()
        if locked is None or not _over(timezone.now()).filter(pk=environment_id).exists():
            return None
        if _asked_for(locked) or why_deferred(locked):
            return None
        return _open(locked).pk


def why_deferred(environment: Environment) -> str:
    """Why an environment whose time is over is not parked yet; empty when nothing is in the way."""
    operation = _open_work(environment.pk).select_related("change__requested_by").first()
    if operation is not None:
        change = operation.change
        kind, who = ChangeKind(change.kind).label.lower(), change.requested_by.get_username()
        return f"{who} has a change of it open ({kind}). It is parked once that has ended."
    if Stack.objects.filter(environment=environment, kind=StackKind.COMPUTE, termination_protection=True).exists():
        return "Its compute stack has termination protection in AWS. It is parked once that is switched off."
    if environment.application not in library().blueprints:
        return "Its blueprint cannot be read. It is parked once that is mended."
    return ""


def parking(environment: Environment) -> Change | None:
    """The change that was opened for the present end of its lifetime, if one was."""
    if environment.expires_at is None:
        return None
    return Change.objects.filter(request_key=request_key(environment)).first()


def request_key(environment: Environment) -> uuid.UUID:
    """The key of the change that parks it: the same for every worker, another for another end."""
    at = environment.expires_at
    return uuid.uuid5(_KEYS, f"{environment.pk}:{at.isoformat() if at else ''}")


def _over(now: datetime) -> QuerySet[Environment]:
    compute = Stack.objects.filter(environment=OuterRef("pk"), kind=StackKind.COMPUTE, status__in=_THERE)
    return Environment.objects.filter(Exists(compute), expires_at__lte=now).exclude(stage=PROD)


def _open_work(environment_id: int | None = None) -> QuerySet[Operation]:
    pk = OuterRef("pk") if environment_id is None else environment_id
    return Operation.objects.filter(stack__environment=pk, is_open=True)


def _asked_for(environment: Environment) -> bool:
    return parking(environment) is not None


def _open(environment: Environment) -> Change:
    now, ended = timezone.now(), environment.expires_at
    blueprint = library().blueprints[environment.application]
    reason = f"Its lifetime ended on {ended:%Y-%m-%d at %H:%M} UTC. Stackyard asked for this by itself; tables stay."
    change = Change.objects.create(
        request_key=request_key(environment),
        environment=environment,
        kind=ChangeKind.PARK,
        status=ChangeStatus.PLANNING,
        requested_by_id=environment.owner_id,
        requested_at=now,
        reason=reason,
        next_check_at=now,
        goal={
            ENDED: ended.isoformat() if ended else "",
            "blueprint_version": blueprint.version,
            "values": {StackKind.COMPUTE: {}},
        },
    )
    compute = Stack.objects.get(environment=environment, kind=StackKind.COMPUTE)
    Operation.objects.create(change=change, stack=compute)
    AuditEntry.objects.create(
        at=now,
        verb=f"request_{ChangeKind.PARK}",
        environment=environment,
        change=change,
        summary=f"{ChangeKind.PARK.label} {environment}, because its lifetime has ended",
        reason=reason,
        detail={ENDED: ended.isoformat() if ended else ""},
    )
    return change
