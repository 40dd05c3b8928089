"""Changes that were set aside because workers ended at them, and the word that lets them be worked on again."""

from django.db import transaction
from django.db.models import QuerySet

from provisioning.actions.actor import Actor, audit
from provisioning.actions.changing import locked, take_up, wake, what
from provisioning.actions.refusals import Refusal
from provisioning.models import Change


def set_aside_changes() -> QuerySet[Change]:
    """Every change that is set aside, the one that waits longest first."""
    rows = Change.objects.filter(set_aside_at__isnull=False)
    return rows.select_related("environment", "requested_by").order_by("set_aside_at", "pk")


def do_take_up(actor: Actor, change: Change, *, reason: str) -> Change:
    """Have workers take up a change again that was set aside; it goes on from where it is. Admins, with a reason: what
    was found, or mended. Raises Refusal."""
    with transaction.atomic():
        found = locked(change)
        refusal = _obstacle(actor, found)
        if refusal:
            raise refusal
        if not reason.strip():
            raise Refusal("Say what you found: it is kept with the change.", "no-reason", fields={"reason": "Say why."})
        because = found.set_aside_because
        take_up(found)
        wake(found)
        found.save()
        audit(
            actor,
            "take_up",
            f"Taken up again: {what(found)}",
            environment=found.environment,
            change=found,
            reason=reason,
            detail={"was": because},
        )
    return found


def why_not_take_up(actor: Actor, change: Change) -> str:
    """Why this person cannot have the change worked on again now, as the verb would say; empty when they can."""
    refusal = _obstacle(actor, change)
    return refusal.sentence if refusal else ""


def _obstacle(actor: Actor, change: Change) -> Refusal | None:
    if not actor.is_admin:
        return Refusal("Only an administrator can have it worked on again.", "not-allowed", forbidden=True)
    if change.set_aside_at is None:
        return Refusal("This change is not set aside.", "not-set-aside")
    return None
