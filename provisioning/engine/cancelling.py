"""Cancelling what runs, where CloudFormation can: an update in progress is sent back, nothing else is (S10).

A person's wish is a mark on the change. The step that has the update up makes the call, once, and waits for the
roll-back; or says that the wish came too late, and goes on.
"""

from django.utils import timezone

from provisioning.aws import cloudformation
from provisioning.aws.errors import Conflict, Denied, Missing, Refused
from provisioning.engine import ending
from provisioning.engine.causes import ROLLED_BACK_BY_HAND, STACK_TYPE, rolled_back_by_hand
from provisioning.engine.outcome import Cancelled, Outcome, Wait
from provisioning.engine.work import CANCEL, Work, request_token
from provisioning.lifecycle import BEING_UPDATED, SENT_BACK, StackStatus, stack_status
from provisioning.models import Operation

UPDATE = "update"
ROLLING_BACK = 60.0  # seconds; the observer rings when the stack comes to rest
_WHY_NOT = {
    "create": "AWS cannot cancel the creation of a stack. Let it end, then park or delete what is there.",
    "delete": "AWS cannot cancel a deletion. Let it end, then create it again if it is still wanted.",
    "import": "AWS cannot cancel the taking over of tables. Let it end; nothing of them is altered by it.",
}


def cannot_go_back(up: Operation) -> str:
    """Why the operation that AWS works on cannot be sent back, in words; empty when it can, as far as is known."""
    status = stack_status(up.stack.status)
    if up.action != UPDATE:
        return _WHY_NOT.get(up.action, "AWS cannot cancel this. Let it end.")
    if up.cancelled_at is not None or (status.moving and status.failed):
        return f"{up.stack.name} is being rolled back already."
    if status.moving and status.name != BEING_UPDATED:
        return f"The update of {up.stack.name} is live already; AWS only cleans up after it."
    return ""


def before_the_call(work: Work, operation: Operation) -> Cancelled | None:
    """The answer to a wish that comes before an operation was begun: the change ends, if nothing of it was altered."""
    if work.change.cancel_asked_at is None:
        return None
    done = [one.stack.name for one in work.every_part() if one.called_at is not None]
    if not done:
        return Cancelled("This change was cancelled before anything was altered.")
    ending.cancel_late(work, f"{done[-1]} was done before, and {operation.stack.name} comes next")
    return None


def send_back(work: Work, operation: Operation) -> Outcome | None:
    """Have CloudFormation roll the update back that is up, once, and wait for that; None when nobody wants it, or it
    is too late."""
    if work.change.cancel_asked_at is None:
        return None
    if operation.cancelled_at is None:
        why_not = _call(work, operation) if operation.action == UPDATE else cannot_go_back(operation)
        if why_not:
            ending.cancel_late(work, why_not.rstrip("."))
            return None
        operation.cancelled_at = timezone.now()
        work.store(operation)
    return Wait(f"Cancelled: {operation.stack.name} is being rolled back", ROLLING_BACK, look=True)


def _call(work: Work, operation: Operation) -> str:
    """Ask for the roll-back. The token is made of what is stored, so a call whose answer was lost is found again: by
    the token, or by the stack's own word for a roll-back that nobody's failure caused (S20, S21)."""
    try:
        cloudformation.cancel_update(work.aws, operation.stack.stack_id, token=request_token(operation, CANCEL))
    except Denied as denied:
        return denied.sentence
    except (Conflict, Refused, Missing) as refusal:
        if isinstance(refusal, Conflict) and refusal.token_used:
            return ""
        return "" if _landed(work, operation) else _over(work, operation)
    return ""


def _landed(work: Work, operation: Operation) -> bool:
    token = request_token(operation, CANCEL)
    news = cloudformation.stack_events(work.aws, operation.stack.stack_id, after=operation.stack.last_event_id or None)
    told = any(
        event.type == STACK_TYPE
        and event.status == SENT_BACK
        and (event.token == token or ROLLED_BACK_BY_HAND in event.reason.lower())
        for event in news
    )
    return told or rolled_back_by_hand(operation)


def _over(work: Work, operation: Operation) -> str:
    state = cloudformation.describe_stack(work.aws, operation.stack.stack_id)
    name, status = operation.stack.name, stack_status(state.status if state else "")
    if status.failed:
        return f"{name} had failed and begun to roll back by itself"
    return f"the update of {name} was over before"


def end_of(work: Work, operation: Operation, status: StackStatus) -> Cancelled | None:
    """What the end of an operation means for a wish to cancel: the change ends as cancelled when the roll-back was the
    wish's doing; a wish that the end overtook is answered."""
    change = work.change
    undone = status.live and status.failed
    if undone and (operation.cancelled_at or (change.cancel_asked_at and rolled_back_by_hand(operation))):
        return Cancelled(_undone(work, operation))
    asked, finished = change.cancel_asked_at, operation.finished_at
    if asked is not None and finished is not None and finished >= asked and not status.failed:
        ending.cancel_late(work, f"the update of {operation.stack.name} was over before")
    return None


def _undone(work: Work, operation: Operation) -> str:
    """What was undone, and what stays."""
    name = operation.stack.name
    before = [one for one in work.every_part() if one is not operation and one.finished_at is not None]
    sentence = f"Cancelled: {name} was rolled back and is as it was before."
    same = sum(one.stack.name == name for one in before)
    if same:
        sentence = f"Cancelled: the last part of {name} was rolled back; the {same} before it stay as they were done."
    others = sorted({one.stack.name for one in before if one.stack.name != name})
    return f"{sentence} What was done to {' and '.join(others)} stays." if others else sentence
