"""Running what was approved for later: approving and running are separate acts."""

from django.db import transaction

from provisioning.actions.actor import Actor, audit, not_theirs
from provisioning.actions.changing import is_expired, locked, waits_to_run, wake, what, word
from provisioning.actions.deciding import expired, policy_of
from provisioning.actions.refusals import Refusal
from provisioning.models import Change


def do_run(actor: Actor, change: Change) -> Change:
    """Run an approved change now that was held, or set to start later. Raises Refusal."""
    with transaction.atomic():
        found = locked(change)
        refusal = _obstacle(actor, found)
        if refusal:
            raise refusal
        found.held, found.start_at, found.expires_at = False, None, None
        wake(found)
        found.save()
        audit(actor, "run", f"Run now: {what(found)}", environment=found.environment, change=found)
    return found


def why_not_run(actor: Actor, change: Change) -> str:
    """Why this person cannot run the change now, as the verb would say; empty when they can."""
    refusal = _obstacle(actor, change)
    return refusal.sentence if refusal else ""


def _obstacle(actor: Actor, change: Change) -> Refusal | None:
    if not waits_to_run(change):
        return Refusal(f"This change is {word(change)}; it does not wait to be run.", "nothing-to-run")
    if not actor.in_any(policy_of(change).approver_groups):
        refusal = not_theirs(actor, change)
        if refusal:
            return refusal
    return expired(change) if is_expired(change) else None
