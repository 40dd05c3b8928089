"""Taking a change back before it alters anything."""

from django.db import transaction

from provisioning.actions.actor import Actor, audit, not_theirs
from provisioning.actions.changing import end, locked, what, word
from provisioning.actions.refusals import Refusal
from provisioning.lifecycle import CANCELLABLE_CHANGES, ChangeStatus
from provisioning.models import Change


def do_cancel(actor: Actor, change: Change) -> Change:
    """Take a change back: its requester, its environment's owner, or an admin. Raises Refusal once it runs."""
    with transaction.atomic():
        found = locked(change)
        refusal = _obstacle(actor, found)
        if refusal:
            raise refusal
        end(found, ChangeStatus.CANCELLED)
        audit(actor, "cancel", f"Cancelled: {what(found)}", environment=found.environment, change=found)
    return found


def why_not_cancel(actor: Actor, change: Change) -> str:
    """Why this person cannot take the change back now, as the verb would say; empty when they can."""
    refusal = _obstacle(actor, change)
    return refusal.sentence if refusal else ""


def _obstacle(actor: Actor, change: Change) -> Refusal | None:
    refusal = not_theirs(actor, change)
    if refusal is None and change.status not in CANCELLABLE_CHANGES:
        refusal = Refusal(f"This change is {word(change)}; it cannot be taken back any more.", "too-late")
    return refusal
