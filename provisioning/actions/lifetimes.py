"""Lifetimes: how long a new environment is there, and giving one that is there more time."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from provisioning.actions.actor import Actor, audit, require_change_right
from provisioning.actions.refusals import Refusal
from provisioning.blueprints.loader import library
from provisioning.blueprints.model import StagePolicy
from provisioning.engine.lifetimes import parking
from provisioning.lifecycle import OPEN_CHANGES, ChangeKind, StackKind, stack_status
from provisioning.models import Change, Environment, Operation
from provisioning.planning.lifetimes import days_problem, extension_problem, has_lifetime

BEGINS = (ChangeKind.CREATE, ChangeKind.WAKE)


def require_days(actor: Actor, policy: StagePolicy, days: int | None) -> None:
    """Refuse a lifetime that this person may not give a new environment of this stage."""
    if days is None:
        return
    sentence = "Environments of this stage stay." if not has_lifetime(policy) else ""
    sentence = sentence or days_problem(policy, days, is_admin=actor.is_admin)
    if sentence:
        raise Refusal(sentence, "bad-lifetime", fields={"lifetime_days": sentence})


def begin(environment: Environment, policy: StagePolicy, days: int | None, start_at: datetime | None = None) -> None:
    """Set the end of an environment's lifetime, counted from now or from when it is to start; none at a stage without.
    Within the caller's transaction, which holds the row."""
    start = max(start_at or timezone.now(), timezone.now())
    lasts = days or policy.lifetime_days
    environment.expires_at = start + timedelta(days=lasts) if lasts and has_lifetime(policy) else None
    environment.save(update_fields=["expires_at"])


def begin_again(change: Change) -> None:
    """A creation or a waking that is tried again begins its lifetime anew: the first one may be over by now."""
    blueprint = library().blueprints.get(change.environment.application)
    compute = Operation.objects.filter(change=change, stack__kind=StackKind.COMPUTE)
    if change.kind in BEGINS and blueprint is not None and compute.exists():
        begin(change.environment, blueprint.stages[change.environment.stage], change.goal.get("lifetime_days"))


def began(environment: Environment) -> datetime:
    """When its present lifetime began: asked for, or woken, the last time."""
    asked = environment.changes.filter(kind__in=BEGINS).order_by("-requested_at")
    return asked.values_list("requested_at", flat=True).first() or environment.created_at


def why_not_extend(actor: Actor, environment: Environment) -> str:
    """Why this person may not give it more time now; empty when they may."""
    try:
        _require(actor, environment)
    except Refusal as refusal:
        return refusal.sentence
    return ""


def do_extend(actor: Actor, environment: Environment, days: int, seen: datetime) -> datetime:
    """Give an environment more days; returns its new end. `seen` is the end that the person looked at: a second click,
    or somebody else's, extends nothing. Raises Refusal."""
    with transaction.atomic():
        locked = Environment.objects.select_for_update(of=("self",), no_key=True).select_related("owner")
        row = locked.get(pk=environment.pk)
        policy, ends = _require(actor, row)
        if ends.replace(microsecond=0) != seen.replace(microsecond=0):
            raise Refusal(f"Its end was moved meanwhile: it is {ends:%Y-%m-%d %H:%M} UTC now.", "moved")
        now = timezone.now()
        until = max(ends, now) + timedelta(days=days)
        problem = "" if days >= 1 else "Choose at least 1 day."
        problem = problem or extension_problem(policy, began(row), until, is_admin=actor.is_admin, now=now)
        if problem:
            raise Refusal(problem, "too-long", fields={"days": problem})
        row.expires_at = until
        row.save(update_fields=["expires_at"])
        audit(
            actor,
            "extend",
            f"Extended {row} by {days} day{'' if days == 1 else 's'}, until {until:%Y-%m-%d %H:%M} UTC",
            environment=row,
            detail={"days": days, "from": ends.isoformat(), "until": until.isoformat()},
        )
    return until


def _require(actor: Actor, environment: Environment) -> tuple[StagePolicy, datetime]:
    require_change_right(actor, environment)
    blueprint = library().blueprints.get(environment.application)
    if blueprint is None:
        raise Refusal(f"There is no application called {environment.application}.", "no-application")
    if environment.expires_at is None:
        raise Refusal(f"{environment} has no end that could be moved.", "no-end")
    compute = environment.stacks.get(kind=StackKind.COMPUTE)
    if stack_status(compute.status).gone:
        raise Refusal(f"{environment} has no compute now. Waking it begins a new lifetime.", "no-compute")
    change = parking(environment)
    if change is not None and change.status in OPEN_CHANGES:
        raise Refusal("Its time was over and it is being parked. Waking it begins a new lifetime.", "being-parked")
    return blueprint.stages[environment.stage], environment.expires_at
