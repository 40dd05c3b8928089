"""Taking a change back before it alters anything, or cancelling it while CloudFormation can roll it back (S10)."""

from django.db import transaction
from django.utils import timezone

from provisioning.actions.actor import Actor, audit, not_theirs
from provisioning.actions.changing import end, locked, wake, what, word
from provisioning.actions.refusals import Refusal
from provisioning.engine.cancelling import cannot_go_back
from provisioning.engine.playbooks import PLAYBOOKS
from provisioning.lifecycle import CANCELLABLE_CHANGES, ChangeStatus, StepState
from provisioning.models import Change, Operation

# The steps that hear of the wish before their first call; the others alter AWS bit by bit, and cannot be undone.
HEARD_BY = frozenset({"ensure_data_stack", "ensure_compute_stack", "ensure_items_written", "ensure_job_over"})


def do_cancel(actor: Actor, change: Change) -> Change:
    """Take a change back: its requester, its environment's owner, or an admin. One that runs is only marked: the engine
    rolls back the update that is up, or finds that it comes too late. Raises Refusal where CloudFormation cannot."""
    with transaction.atomic():
        found = locked(change)
        refusal = _obstacle(actor, found)
        if refusal:
            raise refusal
        if found.status == ChangeStatus.RUNNING:
            _ask(actor, found)
        else:
            end(found, ChangeStatus.CANCELLED)
            audit(actor, "cancel", f"Cancelled: {what(found)}", environment=found.environment, change=found)
    return found


def why_not_cancel(actor: Actor, change: Change) -> str:
    """Why this person cannot take the change back now, as the verb would say; empty when they can."""
    refusal = _obstacle(actor, change)
    return refusal.sentence if refusal else ""


def _ask(actor: Actor, change: Change) -> None:
    """Mark the wish. A worker may hold the change: only the mark and the ring are written, never the whole row."""
    change.cancel_asked_at, change.cancel_asked_by_id = timezone.now(), actor.user_id
    wake(change)
    change.save(update_fields=["cancel_asked_at", "cancel_asked_by", "wakes", "next_check_at"])
    summary = f"Asked to cancel what runs: {what(change)}"
    audit(actor, "cancel", summary, environment=change.environment, change=change)


def _obstacle(actor: Actor, change: Change) -> Refusal | None:
    refusal = not_theirs(actor, change)
    if refusal is not None:
        return refusal
    if change.set_aside_at is not None and not actor.is_admin:
        return Refusal("Workers ended at this change, so it is set aside. Ask an administrator.", "set-aside")
    if change.status == ChangeStatus.RUNNING:
        why_not = _cannot_be_undone(change)
        return Refusal(why_not, "cannot-cancel") if why_not else None
    if change.status not in CANCELLABLE_CHANGES:
        return Refusal(f"This change is {word(change)}; it cannot be taken back any more.", "too-late")
    return None


def operation_up(change: Change) -> Operation | None:
    """The operation that AWS works on now, if any."""
    return next((one for one in _begun(change) if one.finished_at is None), None)


def _begun(change: Change) -> list[Operation]:
    return list(change.operations.filter(called_at__isnull=False).select_related("stack").order_by("part"))


def _cannot_be_undone(change: Change) -> str:
    """Why a change that runs cannot be cancelled now, in words; empty before its first call, and while it updates."""
    if change.set_aside_at is not None:
        return "It is set aside. Have it taken up again first: nobody works on it now."
    if change.cancel_asked_at is not None:
        return "It is being cancelled already."
    begun = _begun(change)
    up = next((one for one in begun if one.finished_at is None), None)
    if up is not None:
        return cannot_go_back(up)
    if begun:
        return "Part of it is done, and its next part has not begun. Cancel it once that is being updated."
    return "" if _nothing_called(change) else "It alters AWS bit by bit, which cannot be rolled back. Let it end."


def _nothing_called(change: Change) -> bool:
    over = dict(change.steps.values_list("name", "state"))
    for step in PLAYBOOKS[change.kind].running:
        if step.name in HEARD_BY:
            return True
        if over.get(step.name) != StepState.SKIPPED:
            return False
    return False
