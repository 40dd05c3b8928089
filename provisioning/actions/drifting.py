"""Drift: having it looked for, having it repaired, and accepting things as they are."""

from collections.abc import Iterable
from dataclasses import replace

from django.db import transaction
from django.utils import timezone

from provisioning.actions.actor import Actor, audit, require_change_right
from provisioning.actions.order import why_not_now
from provisioning.actions.refusals import Refusal
from provisioning.actions.requesting import Ask, do_request
from provisioning.engine.drifting import drifted, is_checking
from provisioning.lifecycle import DRIFT_CHECKED, ChangeKind, DriftStatus, StackKind, stack_status
from provisioning.models import Change, DriftCheck, DriftedResource, Environment, Operation, Stack
from provisioning.planning.drift import TABLE, open_differences
from provisioning.tasks import ring_drift

Pick = tuple[StackKind, str, str]  # the stack, the resource's logical id, the property's path


def do_detect_drift(
    actor: Actor, environment: Environment, kinds: tuple[StackKind, ...] = ()
) -> tuple[DriftCheck, ...]:
    """Have CloudFormation compare stacks with their templates, those of `kinds` or all that can be. A detection that
    runs already is the one that was asked for. Raises Refusal."""
    require_change_right(actor, environment)
    stacks = [stack for stack in _stacks(environment, kinds) if not _why_not_stack(stack)]
    if not stacks:
        why = [why for stack in _stacks(environment, kinds) if (why := _why_not_stack(stack))]
        raise Refusal(why[0] if why else f"{environment} has no stacks.", "cannot-detect")
    now, checks = timezone.now(), []
    with transaction.atomic():
        for stack in stacks:
            DriftCheck.objects.get_or_create(stack=stack)
            check = DriftCheck.objects.select_for_update().get(stack=stack)
            if not is_checking(check):
                check.asked_at, check.asked_by_id, check.due_at, check.reason = now, actor.user_id, now, ""
                check.save(update_fields=["asked_at", "asked_by", "due_at", "reason"])
                summary = f"Had drift of {stack.name} looked for"
                audit(actor, "detect_drift", summary, environment=environment, detail={"stack": stack.name})
            checks.append(check)
        ring_drift(environment.account_id)
    return tuple(checks)


def why_not_detect(environment: Environment, kind: StackKind | None = None) -> str:
    """Why nobody can look for drift of a stack, or of any, now; empty when it can be done."""
    found = [_why_not_stack(stack) for stack in _stacks(environment, (kind,) if kind else ())]
    if not found:
        return f"{environment} has no stacks."
    return "" if "" in found else found[0]


def _stacks(environment: Environment, kinds: Iterable[StackKind]) -> list[Stack]:
    wanted = tuple(kinds) or tuple(StackKind)
    return list(Stack.objects.filter(environment=environment, kind__in=wanted).order_by("-kind"))


def _why_not_stack(stack: Stack) -> str:
    if not stack.stack_id or stack_status(stack.status).gone:
        return f"{stack.name} is not there."
    if Operation.objects.filter(stack=stack, is_open=True).exists():
        return f"A change of {stack.name} is open. Drift can be looked for when it has ended."
    if stack.status not in DRIFT_CHECKED:
        label = stack_status(stack.status).label.lower()
        return f"{stack.name} is in a state ({label}) in which CloudFormation does not look for drift."
    return ""


def do_request_repair(actor: Actor, environment: Environment, ask: Ask, *, stacks: tuple[StackKind, ...]) -> Change:
    """Ask for stacks to be brought back to their templates, as a change that is planned and decided about like any.
    Returns the same change again for a second click. Raises Refusal."""
    known = _same_click(ask)
    if known is not None:
        return known
    wanted = tuple(kind for kind in (StackKind.DATA, StackKind.COMPUTE) if kind in stacks)
    if not wanted:
        raise Refusal("Choose what to repair.", "nothing-chosen", fields={"stacks": "Choose one at least."})
    for kind in wanted:
        why = _nothing_to_repair(environment, kind)
        if why:
            raise Refusal(why, "no-drift")
    return do_request(actor, environment, replace(ask, kind=ChangeKind.REPAIR_DRIFT, stacks=wanted))


def why_not_repair(environment: Environment, kind: StackKind | None = None) -> str:
    """Why a stack, or any, cannot be repaired now, as the verb would say; empty when it can."""
    found = [_nothing_to_repair(environment, one) for one in ((kind,) if kind else tuple(StackKind))]
    if "" not in found:
        return found[0] if kind else f"No drift of {environment} is known. Look for it first."
    return why_not_now(environment, ChangeKind.REPAIR_DRIFT)


def _nothing_to_repair(environment: Environment, kind: StackKind) -> str:
    stack = Stack.objects.get(environment=environment, kind=kind)
    if not DriftedResource.objects.filter(check_of__stack=stack).exists():
        return f"No drift of {stack.name} is known. Look for it first."
    if not stack_status(stack.status).updatable:
        label = stack_status(stack.status).label.lower()
        return f"{stack.name} takes no change as it is ({label}). Recover it first."
    return ""


def do_request_accept(actor: Actor, environment: Environment, ask: Ask, *, picks: tuple[Pick, ...]) -> Change:
    """Ask for differences to be taken as they are from now on, as a change that is planned and decided about like
    any. Returns the same change again for a second click. Raises Refusal."""
    known = _same_click(ask)
    if known is not None:
        return known
    if not picks:
        raise Refusal("Choose what to accept.", "nothing-chosen", fields={"picks": "Choose one at least."})
    goal = [_goal(environment, pick) for pick in dict.fromkeys(picks)]
    wanted = tuple(kind for kind in (StackKind.DATA, StackKind.COMPUTE) if kind in {pick[0] for pick in picks})
    accept = replace(ask, kind=ChangeKind.ACCEPT_DRIFT, stacks=wanted, goal={**ask.goal, "picks": goal})
    return do_request(actor, environment, accept)


def why_not_accept(environment: Environment, resource: DriftedResource | None = None) -> str:
    """Why nothing, or not this resource, can be accepted as it is now, with what can be done instead; empty when it
    can."""
    if resource is not None:
        why = _never(resource)
        if why:
            return why
    elif not any(not _never(row) for row in drifted(environment)):
        return f"Nothing of {environment} is known that could be accepted as it is."
    return why_not_now(environment, ChangeKind.ACCEPT_DRIFT)


def _never(row: DriftedResource) -> str:
    name = row.physical_id or row.logical_id
    if row.status == DriftStatus.DELETED and row.type == TABLE:
        return (
            f"The table {name} is gone, which nobody can accept here. Restore it under its own name from a backup or to"
            " a point in time and look for drift again, or repair the drift: that makes a new, empty table."
        )
    if row.status == DriftStatus.DELETED:
        return f"{name} is gone. Repair the drift to have it made again, or take it out of the template."
    if not open_differences(row.differences, row.accepted):
        return f"{name} was accepted as it is."
    return ""


def _goal(environment: Environment, pick: Pick) -> dict[str, str]:
    """A pick with the values that it is about, as last seen. Raises Refusal."""
    kind, logical_id, path = pick
    rows = DriftedResource.objects.filter(check_of__stack__environment=environment, check_of__stack__kind=kind)
    row = rows.filter(logical_id=logical_id).first()
    if row is None:
        raise Refusal(f"{logical_id} is not known to differ from its template any more.", "no-drift")
    why = _never(row)
    if why:
        raise Refusal(why, "cannot-accept")
    seen = next((one for one in open_differences(row.differences, row.accepted) if one["path"] == path), None)
    if seen is None:
        raise Refusal(f"{logical_id}{path} is not known to differ any more.", "no-drift")
    return {
        "kind": kind,
        "logical_id": logical_id,
        "path": path,
        "expected": seen["expected"],
        "actual": seen["actual"],
    }


def _same_click(ask: Ask) -> Change | None:
    return Change.objects.filter(request_key=ask.key).first() if ask.key else None
