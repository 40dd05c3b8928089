"""What the verbs that bring up anew what runs share: redeploying, deploying, and rolling back."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from provisioning.actions.actor import Actor, audit
from provisioning.actions.refusals import Refusal
from provisioning.blueprints.loader import library
from provisioning.blueprints.model import Blueprint
from provisioning.lifecycle import OPEN_CHANGES, ChangeKind, ChangeStatus, StackKind, stack_status
from provisioning.models import Change, Environment
from provisioning.planning.secrets import sealed
from provisioning.tasks import ring

NOTHING_RUNS = "{} has no compute, so nothing runs. Wake or create it first."
TOLD = ("release", "artifact")  # what the audit tells of a goal


def blueprint_of(environment: Environment) -> Blueprint:
    """The blueprint of an environment. Raises Refusal."""
    blueprint = library().blueprints.get(environment.application)
    if blueprint is None:
        raise Refusal("The blueprint of this application cannot be read any more. Ask an admin.", "no-application")
    return blueprint


def locked_environment(environment: Environment) -> Environment:
    """The environment as it is now, its row held until the transaction ends."""
    rows = Environment.objects.select_for_update(of=("self",), no_key=True).select_related("account", "owner")
    return rows.get(pk=environment.pk)


def require_running(environment: Environment) -> None:
    """Refuse where there is no compute stack. Raises Refusal."""
    stack = environment.stacks.filter(kind=StackKind.COMPUTE).first()
    if stack is None or stack_status(stack.status).gone:
        raise Refusal(NOTHING_RUNS.format(environment), "nothing-runs")


def require_alone(environment: Environment, kind: ChangeKind) -> None:
    """Refuse beside another one of the same kind. Raises Refusal."""
    open_ones = Change.objects.filter(environment=environment, kind=kind, status__in=OPEN_CHANGES)
    change = open_ones.select_related("requested_by").first()
    if change is None:
        return
    who, status = change.requested_by.get_username(), ChangeStatus(change.status).label.lower()
    sentence = f"{who} has one open already: {kind.label.lower()}, {status}. One at a time."
    raise Refusal(sentence, "change-open", change_id=str(change.pk))


def same_click(actor: Actor, key: uuid.UUID | None) -> Change | None:
    """The change of a click that was sent before; None for a new one. Raises Refusal for somebody else's."""
    found = Change.objects.filter(request_key=key).first() if key else None
    if found is not None and found.requested_by_id != actor.user_id:
        raise Refusal("This form was sent already. Open it again.", "sent-already")
    return found


def first_click(actor: Actor, key: uuid.UUID | None) -> Change:
    """Another request committed first: the same click, or one that stands in the way."""
    known = same_click(actor, key)
    if known is None:
        raise Refusal("Somebody else changed this at the same moment. Nothing was sent; try again.", "race")
    return known


def opened_change(
    actor: Actor,
    environment: Environment,
    kind: ChangeKind,
    goal: Mapping[str, Any],
    *,
    said: str,
    reason: str,
    key: uuid.UUID | None,
    start_at: datetime | None = None,
    values: Mapping[str, dict[str, str]] | None = None,
) -> Change:
    """Write the change down, with its audit entry, and ring for a worker. `goal` has `sets`; `values` are hidden."""
    now = timezone.now()
    change = Change.objects.create(
        request_key=key,
        environment=environment,
        kind=kind,
        status=ChangeStatus.PLANNING,
        requested_by_id=actor.user_id,
        requested_at=now,
        reason=reason.strip(),
        start_at=start_at,
        next_check_at=now,
        goal=dict(goal),
        secrets=sealed(dict(values or {})),
    )
    keys: Sequence[str] = [one["key"] for one in goal["sets"]]
    audit(
        actor,
        f"request_{kind}",
        said,
        environment=environment,
        change=change,
        reason=change.reason,
        detail={"keys": list(keys), **{name: goal[name] for name in TOLD if name in goal}},
    )
    ring(change.pk)
    return change
