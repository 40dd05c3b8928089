"""Protection of data: put on data stacks where the stage asks for it, and switched off or on as a change of its own.

The stack policy stays when protection is switched off: it only stands against updates (D3).
"""

from typing import Any

from django.db import transaction
from django.utils import timezone

from provisioning.aws import cloudformation, dynamodb
from provisioning.aws.errors import Conflict
from provisioning.engine.claims import hold
from provisioning.engine.outcome import Done, Outcome, Problem, Stop, Wait
from provisioning.engine.owning import TABLE_TYPE, own_tables, promises
from provisioning.engine.steps.checking import DELETE, NONE, SETTINGS
from provisioning.engine.verify import protection as verify
from provisioning.engine.watching import note
from provisioning.engine.work import Work
from provisioning.lifecycle import ChangeKind, StackKind, stack_status
from provisioning.models import Operation
from provisioning.planning import switches
from provisioning.planning.plan import stack_facts
from provisioning.planning.stack_policy import keeping_tables, keeps_tables

STACK_TYPE = "AWS::CloudFormation::Stack"
SETTLES = 1.0  # seconds until AWS shows what it was told
TABLE_BUSY = 5.0


def ensure_protection(work: Work) -> Outcome:
    """Termination protection and the stack policy where the stage asks for them: calls of their own, because a
    change set cannot carry them, then read back (D1, D3). What was switched off knowingly stays off."""
    operation = work.operations.get(StackKind.DATA)
    if operation is None or operation.action == DELETE:
        return Done(skipped=True)
    stack = operation.stack
    if not work.policy.protection:
        left = "switched on elsewhere and left alone" if stack.termination_protection else "not asked for"
        return Done(f"Protection is {left}")
    wanted = work.change.environment.data_protected
    state = cloudformation.describe_stack(work.aws, stack.stack_id)
    terminates = state is not None and state.termination_protection
    if wanted and not terminates:
        return _put(work, operation, "termination_protection")
    policy = cloudformation.get_stack_policy(work.aws, stack.stack_id)
    if not keeps_tables(policy):
        return _put(work, operation, "update_policy", policy)
    stack.termination_protection, stack.update_policy, stack.protection_seen_at = terminates, True, timezone.now()
    work.store(operation)
    if not wanted:
        return Done("Protection was switched off knowingly and stays off; the stack policy keeps the tables")
    return Done("Termination protection is on, and the stack policy keeps the tables")


def _put(work: Work, operation: Operation, column: str, policy: str = "") -> Outcome:
    """Switch one of the two on, once. One that AWS took but does not show afterwards is not tried for ever."""
    stack = operation.stack
    if stack.protection_seen_at is None and getattr(stack, column):
        what = "termination protection" if column == "termination_protection" else "stack policy"
        stack.termination_protection = stack.update_policy = False
        return Stop(
            Problem(
                f"AWS took the {what} of {stack.name} but does not show it.",
                "an administrator",
                "Look at the stack in the AWS console, then retry: only this is tried again.",
                code="protection",
            ),
            replan=False,
        )
    if stack.protection_seen_at is not None:
        stack.protection_seen_at, stack.termination_protection, stack.update_policy = None, False, False
    if column == "termination_protection":
        cloudformation.set_termination_protection(work.aws, stack.stack_id, enabled=True)
    else:
        cloudformation.set_stack_policy(work.aws, stack.stack_id, policy=keeping_tables(policy))
    setattr(stack, column, True)
    work.store(operation)
    return Wait(f"{stack.name} is being protected", 0.0)


def ensure_unprotected(work: Work) -> Outcome:
    """Before an approved deletion of the data stack; the tables keep their own protection."""
    operation = work.operations[StackKind.DATA]
    if operation.action == NONE or not operation.stack.termination_protection:
        return Done(skipped=True)
    if work.change.kind != ChangeKind.DELETE_DATA_STACK:
        return Done(skipped=True)
    cloudformation.set_termination_protection(work.aws, operation.stack.stack_id, enabled=False)
    # Written together with the step: a worker that ends in between leaves it to be done, and told, by the next one.
    operation.stack.termination_protection = False
    return Done("Termination protection of the stack is off; tables keep theirs")


def ensure_protection_planned(work: Work) -> Outcome:
    """What will be switched: Stackyard's own lock, the stack's termination protection and policy, each table's
    deletion protection. On again only where the stage, or the template, promises it."""
    operation = work.operations[StackKind.DATA]
    stack, on = operation.stack, work.change.kind == ChangeKind.PROTECT
    state = cloudformation.describe_stack(work.aws, stack.name)
    status = stack_status(state.status if state else "")
    if status.moving:
        return Wait(f"{stack.name} is still {status.label.lower()}", 5)
    rows = [_lock_row(work, on=on)] if work.change.environment.data_protected != on else []
    if state is not None and state.stack_id == stack.stack_id:
        rows += _stack_rows(work, state, on=on)
    rows += _table_rows(work, on=on)
    operation.action, operation.changes, operation.read_from = SETTINGS, rows, SETTINGS
    operation.rests_on = stack_facts(state)
    return Done(f"{len(rows)} settings are switched" if rows else "There is nothing to switch")


def _lock_row(work: Work, *, on: bool) -> dict[str, Any]:
    environment = work.change.environment
    return switches.setting_row(
        about="Stackyard", name=str(environment), kind=switches.LOCK_TYPE, setting=switches.LOCK, on=on
    )


def _stack_rows(work: Work, state: cloudformation.StackState, *, on: bool) -> list[dict[str, Any]]:
    wanted = [switches.TERMINATION] if state.termination_protection != on else []
    if on and not work.policy.protection:
        return []
    if on and not keeps_tables(cloudformation.get_stack_policy(work.aws, state.stack_id)):
        wanted.append(switches.POLICY)
    return [
        switches.setting_row(about=f"Stack{one}", name=state.name, kind=STACK_TYPE, setting=one, on=on)
        for one in wanted
    ]


def _table_rows(work: Work, *, on: bool) -> list[dict[str, Any]]:
    stack = work.stacks[StackKind.DATA]
    rows = []
    for table in own_tables(work.aws, work.blueprint, work.change.environment, stack):
        promised = table.promise is not None and table.promise.deletion_protection
        if table.owner not in {"", stack.name} or table.shown.protection == on or (on and not promised):
            continue
        rows.append(
            switches.setting_row(
                about=table.logical_id or table.name,
                name=table.name,
                kind=TABLE_TYPE,
                setting=switches.DELETION,
                on=on,
            )
        )
    return rows


def ensure_settings_switched(work: Work) -> Outcome:
    """Every planned switch in AWS, one call a pass, each looked at before and after (D1, D3, T1, T13)."""
    operation, on = work.operations[StackKind.DATA], work.change.kind == ChangeKind.PROTECT
    calls = {
        switches.TERMINATION: _switch_termination,
        switches.POLICY: _switch_policy,
        switches.DELETION: _switch_deletion,
    }
    for row in operation.changes or []:
        switch = calls.get(switches.setting_of(row))
        if switch is not None and switch(work, row["physical_id"], on=on):
            return Wait(f"Protection of {row['name']} is being switched {_word(on=on)}", SETTLES)
    return Done(f"Protection is {_word(on=on)} in AWS")


def _switch_termination(work: Work, _: str, *, on: bool) -> bool:
    """Whether a call was needed."""
    operation = work.operations[StackKind.DATA]
    stack = operation.stack
    state = cloudformation.describe_stack(work.aws, stack.stack_id)
    if state is None or stack_status(state.status).gone:
        return False
    stack.termination_protection = state.termination_protection
    if state.termination_protection == on:
        return False
    cloudformation.set_termination_protection(work.aws, stack.stack_id, enabled=on)
    return True


def _switch_policy(work: Work, _: str, *, on: bool) -> bool:
    """Whether a call was needed; the policy is only ever put on."""
    stack = work.operations[StackKind.DATA].stack
    policy = cloudformation.get_stack_policy(work.aws, stack.stack_id)
    stack.update_policy = keeps_tables(policy)
    if stack.update_policy or not on:
        return False
    cloudformation.set_stack_policy(work.aws, stack.stack_id, policy=keeping_tables(policy))
    return True


def _switch_deletion(work: Work, name: str, *, on: bool) -> bool:
    """Whether a call was needed, or the table is busy and will be asked again (T1)."""
    table = dynamodb.describe_table(work.aws, name)
    if table is None or table.protection == on:
        return False
    try:
        dynamodb.set_deletion_protection(work.aws, name, enabled=on)
    except Conflict as busy:
        if busy.kind != "in_use":
            raise
    return True


def ensure_lock_switched(work: Work) -> Outcome:
    """Stackyard's own lock, with who switched it off, when and why; the checklist follows what AWS shows now."""
    change, on = work.change, work.change.kind == ChangeKind.PROTECT
    environment = change.environment
    stack = work.stacks[StackKind.DATA]
    promised = promises(work.blueprint, environment, stack)
    watched = on and work.policy.protection and bool(stack.stack_id)
    seen = verify.look(work.aws, stack.stack_id, promised) if watched else None
    with transaction.atomic():
        hold(change)
        if seen is not None:
            note(stack, seen)
        environment.data_protected = on
        environment.unprotected_by = None if on else change.requested_by
        environment.unprotected_at = None if on else timezone.now()
        environment.unprotected_because = "" if on else change.reason
        environment.save(update_fields=["data_protected", "unprotected_by", "unprotected_at", "unprotected_because"])
    return Done(f"The data of {environment} is {'protected' if on else 'no longer protected'}")


def _word(*, on: bool) -> str:
    return "on" if on else "off"
