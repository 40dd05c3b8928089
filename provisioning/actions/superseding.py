"""Sending a change instead of one that waits: the old one ends in the same transaction as the new one begins."""

import uuid

from provisioning.actions.actor import Actor, audit, not_theirs
from provisioning.actions.changing import take_up, waits_to_run, what, word
from provisioning.actions.refusals import Refusal
from provisioning.lifecycle import UNDER_REVIEW, ChangeKind, ChangeStatus, move
from provisioning.models import Change, Environment, Stack

_REPLACEABLE = frozenset({ChangeStatus.PLANNING, ChangeStatus.AWAITING_APPROVAL})


def lock_replaced(change_id: uuid.UUID | None) -> Change | None:
    """The change that another one is sent instead of, its row held. To be called before its environment is locked:
    whoever decides takes the rows in that order too. Raises Refusal when there is no such change."""
    if change_id is None:
        return None
    rows = Change.objects.select_for_update(of=("self",)).select_related("environment__owner", "requested_by")
    found = rows.filter(pk=change_id).first()
    if found is None:
        raise Refusal("The change that this one should replace does not exist.", "cannot-replace")
    return found


def supersede(actor: Actor, old: Change, environment: Environment, kind: ChangeKind) -> None:
    """End a change that waits, because this person sends another one instead. The new one's first step removes what
    it left in AWS (S6, S7). Raises Refusal when it is another environment's, not theirs, or runs already."""
    if old.environment_id != environment.pk:
        raise Refusal(f"The change that this one should replace is not one of {environment}.", "cannot-replace")
    refusal = _obstacle(actor, old)
    if refusal:
        raise refusal
    move(old, ChangeStatus.SUPERSEDED)
    old.secrets, old.waiting_for = "", ""
    old.held, old.sent_back, old.next_check_at = False, False, None
    take_up(old)
    old.save()
    old.operations.update(is_open=False)
    Stack.objects.filter(environment=environment, status=UNDER_REVIEW).update(status="")
    audit(
        actor,
        "supersede",
        f"Superseded: {what(old)} of {old.requested_by.get_username()}, by: {kind.label}",
        environment=environment,
        change=old,
    )


def why_not_replace(actor: Actor, old: Change) -> str:
    """Why this person cannot send another change instead of this one now; empty when they can."""
    refusal = _obstacle(actor, old)
    return refusal.sentence if refusal else ""


def _obstacle(actor: Actor, old: Change) -> Refusal | None:
    refusal = not_theirs(actor, old)
    if refusal is None and old.status not in _REPLACEABLE and not waits_to_run(old):
        sentence = f"The change that this one should replace is {word(old)} already."
        refusal = Refusal(sentence, "cannot-replace")
    return refusal
