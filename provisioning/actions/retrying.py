"""Trying a failed change again."""

from django.db import transaction

from provisioning.actions import lifetimes
from provisioning.actions.actor import Actor, audit, require_change_right
from provisioning.actions.changing import locked, wake, what
from provisioning.actions.refusals import Refusal
from provisioning.engine.deploying.steps import BACK_CODE
from provisioning.engine.starting_over import start_over
from provisioning.engine.ways_out import known_way_out
from provisioning.lifecycle import BESIDE_STACKS, UNDER_REVIEW, ChangeKind, ChangeStatus, StepState, move, stack_status
from provisioning.models import Change, Stack

SENDS = frozenset({ChangeKind.CREATE, ChangeKind.UPDATE, ChangeKind.WAKE, ChangeKind.REPAIR_DRIFT, ChangeKind.DEPLOY})


def do_retry(actor: Actor, change: Change) -> Change:
    """Try a failed change again from where it stopped; what was done stays done. Raises Refusal."""
    with transaction.atomic():
        found = locked(change)
        refusal = _obstacle(actor, found)
        if refusal:
            raise refusal
        _start_again(found)
        lifetimes.begin_again(found)
        audit(
            actor,
            "retry",
            f"Tried again: {what(found)}",
            environment=found.environment,
            change=found,
            detail={"attempt": found.attempt},
        )
    return found


def why_not_retry(actor: Actor, change: Change) -> str:
    """Why this person cannot try the change again now, as the verb would say; empty when they can."""
    refusal = _obstacle(actor, change)
    return refusal.sentence if refusal else ""


def _obstacle(actor: Actor, change: Change) -> Refusal | None:
    try:
        require_change_right(actor, change.environment)
    except Refusal as refusal:
        return refusal
    if change.status != ChangeStatus.FAILED:
        return Refusal("Only a failed change can be tried again.", "not-failed")
    if change.cleanup:
        return Refusal("Stackyard is still tidying up after the failure. Try again in a moment.", "tidying")
    if (change.problem or {}).get("code") == BACK_CODE:
        return Refusal("What it set was put back. Look at why, then ask for it again.", "put-back")
    if change.kind in BESIDE_STACKS:
        return _alone(change)
    newer = Change.objects.filter(environment=change.environment, requested_at__gt=change.requested_at)
    if newer.exclude(kind__in=BESIDE_STACKS).exists():
        return Refusal("A newer change of this environment exists; this one is history.", "newer-change")
    return _stuck(change)


def _alone(change: Change) -> Refusal | None:
    """A change beside stacks is planned again on what is there, whatever was asked for since; a job is over."""
    if change.goal.get("job"):
        return Refusal("Its work on items has ended. Ask for it again on the table's page.", "ask-again")
    return None


def _stuck(change: Change) -> Refusal | None:
    """A stack that takes no change has to be got out of there first; a retry would only end at the same place."""
    if change.kind not in SENDS:
        return None
    for stack in Stack.objects.filter(operations__change=change).distinct().order_by("-kind"):
        status = stack_status(stack.status)
        found = None if status.updatable or status.shell else known_way_out(stack)
        if found is None:
            continue
        first = f"“{found.label}” on the environment's page comes first." if found.label else found.sentence
        return Refusal(f"{stack.name} takes no change now. {found.condition}. {first}", "stuck")
    return None


def _start_again(change: Change) -> None:
    """With a new plan where the old one cannot be trusted any more, else on from the step that failed."""
    replan = (change.problem or {}).get("replan", True)
    if replan:
        start_over(change, "It failed, and was tried again.")
    else:
        change.steps.exclude(state__in=[StepState.DONE, StepState.SKIPPED]).delete()
        Stack.objects.filter(operations__change=change, status=UNDER_REVIEW).update(status="")
    change.operations.update(is_open=True)
    move(change, ChangeStatus.PLANNING if replan else ChangeStatus.QUEUED)
    change.problem, change.tries = None, 0
    change.expires_at, change.start_at, change.held, change.sent_back = None, None, False, False
    wake(change)
    change.save()
