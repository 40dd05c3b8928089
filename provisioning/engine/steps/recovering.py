"""Recovering: the way out of a stuck stack is planned from what AWS says now, and taken with a single call.

A way out never takes a table along: what would is refused here, and once more right before the call (C8).
"""

from collections.abc import Collection, Mapping
from typing import Any

from django.db import transaction

from provisioning.aws import cloudformation
from provisioning.aws.cloudformation import StackState
from provisioning.blueprints.shapes import TemplateError
from provisioning.blueprints.template import parse
from provisioning.engine.causes import first_cause
from provisioning.engine.claims import hold
from provisioning.engine.outcome import Done, Outcome, Problem, Stop, Wait
from provisioning.engine.steps import checking, guarding
from provisioning.engine.steps.checking import NONE
from provisioning.engine.steps.stacks import WATCHED, call_once, ensure_compute_gone
from provisioning.engine.ways_out import read_facts
from provisioning.engine.work import Work
from provisioning.lifecycle import UNDER_REVIEW, StackKind, stack_status
from provisioning.models import Operation, Stack
from provisioning.planning import guard, plan
from provisioning.planning.policy import takes_two
from provisioning.planning.ways_out import (
    CONTINUE,
    DELETE,
    DELETING,
    FORCE,
    RETAIN,
    ROLL_BACK,
    StackFacts,
    WayOut,
    is_still,
    may_be_stuck,
    planned_rows,
    way_out,
)

STACK = "stack"  # what the rows of such a plan are read from
MOVING_PAUSE = 5.0
DOING: Mapping[str, str] = {
    DELETE: "deleted",
    RETAIN: "deleted, without what blocks",
    FORCE: "deleted by force",
    CONTINUE: "rolled back further",
    ROLL_BACK: "rolled back",
}


def ensure_way_out_planned(work: Work) -> Outcome:
    """Read the stack as it is now; what was asked for must be its way out still, with nothing spared that may not be.
    A stack that came right by itself, or went, leaves nothing to do."""
    operation = next(work.every_part())
    stack, asked = operation.stack, str(work.change.goal["what"])
    state = cloudformation.describe_stack(work.aws, stack.stack_id or stack.name)
    operation.rests_on = plan.stack_facts(state)
    if state is None or not may_be_stuck(state.status):
        return _not_stuck(operation, state)
    stack.stack_id, stack.status = state.stack_id, state.status
    facts = read_facts(work.aws, stack, state.status)
    found = way_out(facts)
    if found is None:
        return _not_stuck(operation, state)
    spared = sorted(work.change.goal.get("spared") or [])
    refused = _refused(work, asked, spared, found)
    if refused is None and asked in DELETING:
        refused = _not_deletable(work, state)
    if refused is not None:
        return refused
    operation.action, operation.spared, operation.read_from = asked, spared, STACK
    operation.changes = _rows(work, stack, facts, asked, spared)
    return Done(f"{found.condition}.")


def _not_stuck(operation: Operation, state: StackState | None) -> Outcome:
    stack, status = operation.stack, stack_status(state.status if state else "")
    if status.moving:
        return Wait(f"{stack.name} is still {status.label.lower()}", MOVING_PAUSE)
    stack.status = "" if state is None or status.gone else state.status
    if not stack.status:
        stack.stack_id = stack.last_event_id = ""
    operation.action, operation.spared, operation.changes = NONE, [], []
    return Done(f"{stack.name} is not stuck any more: {status.label.lower()}", skipped=True)


def _refused(work: Work, asked: str, spared: Collection[str], found: WayOut) -> Stop | None:
    """Why what was asked for is not done: the stack stands otherwise by now, or more is to be spared than may be."""
    proposed = {one.logical_id for one in found.proposals}
    name = next(work.every_part()).stack.name
    if not is_still(asked, found):
        now = f"its way out is now “{found.label}”" if found.label else "there is no way out that Stackyard knows"
        return _stop(f"{name} stands otherwise by now: {found.condition.lower()}, and {now}.")
    if not set(spared) <= proposed:
        others = ", ".join(sorted(set(spared) - proposed))
        return _stop(f"{others} cannot be spared: it is not what keeps {name} stuck.")
    if asked == RETAIN and not spared:
        return _stop(f"Nothing was chosen that is left behind, so {name} would get stuck again.")
    if found.asks_two(spared) and not takes_two(work.change.kind, work.change.goal):
        return _stop(f"{name} needs a second person by now.")
    return None


def _stop(sentence: str) -> Stop:
    advice = "Look at the environment, then ask for what its page offers."
    return Stop(Problem(f"{sentence} Nothing was done.", "you", advice, code="other-way-out"))


def _not_deletable(work: Work, state: StackState) -> Stop | None:
    """What AWS would refuse, or leave half done: protection, a compute stack, importers (D1, X2, X5)."""
    if state.termination_protection:
        return Stop(
            Problem(
                f"{state.name} has termination protection. Nothing was done.",
                "you",
                "Switch protection off first: that is a change of its own. Then ask again.",
                code="protected",
            )
        )
    if StackKind.DATA not in work.operations:
        return None
    for check in (ensure_compute_gone, checking.ensure_exports_unused):
        outcome = check(work)
        if isinstance(outcome, Stop):
            return outcome
    return None


def _rows(work: Work, stack: Stack, facts: StackFacts, what: str, spared: Collection[str]) -> list[dict[str, Any]]:
    """What it does to each resource, held against the template that AWS itself has (R1)."""
    return planned_rows(what, facts, spared=spared, keeps=_kept(work, stack, what))


def _kept(work: Work, stack: Stack, what: str) -> frozenset[str]:
    """What the template retains. A roll-back keeps only plain Retain, and on a data stack only (R3)."""
    if stack.status == UNDER_REVIEW or what == CONTINUE or (what == ROLL_BACK and stack.kind != StackKind.DATA):
        return frozenset()
    try:
        resources = parse(cloudformation.get_template(work.aws, stack.stack_id), stack.name).resources
    except TemplateError:
        return frozenset()  # then everything counts as lost, and the guard stops what holds data
    if what == ROLL_BACK:
        return frozenset(name for name, body in resources.items() if body.get("DeletionPolicy") == guard.KEEPING[0])
    return guard.kept(resources)


def ensure_recovered(work: Work) -> Outcome:
    """The one call, and the wait for its end; then what was skipped is written down (S11)."""
    operation = next(work.every_part())
    if operation.action == NONE:
        return Done("There is nothing to do", skipped=True)
    if operation.finished_at is not None:
        return _result(work, operation)
    if operation.called_at is None:
        refused = guarding.refusal(work, operation) or _moved(work, operation)
        if refused is not None:
            return refused
        call_once(work, operation, _send)
    return Wait(f"{operation.stack.name} is being {DOING[operation.action]}", WATCHED, look=True)


def _moved(work: Work, operation: Operation) -> Stop | None:
    """The resources may have moved where the stack's status did not. Not asked again once the call was meant."""
    if operation.token:
        return None
    stack = operation.stack
    facts = read_facts(work.aws, stack, operation.rests_on["status"])
    if plan.same_changes(_rows(work, stack, facts, operation.action, operation.spared), operation.changes or []):
        return None
    return _stop(f"{stack.name} stands otherwise than when this was planned.")


def _send(work: Work, operation: Operation) -> None:
    aws, stack_id, token = work.aws, operation.stack.stack_id, operation.token
    if operation.action == CONTINUE:
        cloudformation.continue_update_rollback(
            aws, stack_id, skip=operation.spared, token=token, role_arn=work.execution_role
        )
    elif operation.action == ROLL_BACK:
        # On a data stack nothing goes that the template retains, not even what the update has just made.
        clears = operation.stack.kind != StackKind.DATA
        cloudformation.rollback_stack(aws, stack_id, token=token, retain_except_on_create=clears)
    elif operation.action == RETAIN:
        cloudformation.delete_retaining(aws, stack_id, retain=operation.spared, token=token)
    elif operation.action == FORCE:
        cloudformation.force_delete(aws, stack_id, token=token)
    else:
        cloudformation.delete_stack(aws, stack_id, token=token)


def _result(work: Work, operation: Operation) -> Outcome:
    status = stack_status(operation.result)
    if operation.action in DELETING:
        return Done("Deleted") if status.gone else Stop(first_cause(operation, status))
    if not status.live:
        return Stop(first_cause(operation, status))
    if operation.action == CONTINUE and operation.spared:
        _note_skipped(work, operation)
        return Done(f"Rolled back; skipped: {', '.join(operation.spared)}")
    return Done("Rolled back")


def _note_skipped(work: Work, operation: Operation) -> None:
    stack = operation.stack
    with transaction.atomic():
        hold(work.change)
        stack.skipped = sorted({*stack.skipped, *operation.spared})
        stack.save(update_fields=["skipped"])
