"""Drift, mended or taken as it is: planning reads the stack whole, running sends it, and then looks whether it helped.

A repair sends what is deployed once more, as a change set that reverts drift (C13). What is accepted becomes a new
value where one parameter alone decides the property; else it is only written down, and nothing in AWS is altered.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from provisioning.aws import cloudformation
from provisioning.aws.cloudformation import StackState
from provisioning.aws.errors import Missing, Refused
from provisioning.blueprints.shapes import Template, TemplateError
from provisioning.blueprints.template import parse
from provisioning.engine import drifting
from provisioning.engine.claims import hold
from provisioning.engine.outcome import Done, Outcome, Problem, Stop, Wait
from provisioning.engine.steps import change_sets, stacks
from provisioning.engine.steps.checking import ACCEPT, UPDATE
from provisioning.engine.work import Work
from provisioning.lifecycle import DRIFT_CHECKED, DriftStatus, StackKind, stack_status
from provisioning.models import DriftCheck, DriftedResource, Operation
from provisioning.models import Template as TemplateRow
from provisioning.planning import drift
from provisioning.planning.changes import HIDDEN
from provisioning.planning.findings import Finding, with_new
from provisioning.planning.plan import stack_facts

DRIFT = "drift"  # what accepted rows were read from
BUSY_PAUSE, SETTLES = 5.0, 2.0
LEASE = timedelta(seconds=60)
TAKES_VALUES, WRITES_DOWN = "Take real values over as parameters", "Write down what is taken as it is"
DECIDE_AGAIN = "Look for drift again, then decide about what is found."


def ensure_repair_prepared(work: Work) -> Outcome:
    """What a repair sends: each stack's template and values as they are deployed now."""
    for operation in work.operations.values():
        outcome = _as_deployed(work, operation)
        if not isinstance(outcome, Done):
            return outcome
        operation.action = UPDATE
    work.change.findings = with_new(work.change.findings, _warnings(work))
    return Done("What is deployed is sent once more")


def _as_deployed(work: Work, operation: Operation) -> Outcome:
    """Put the deployed template and values on the operation, if the stack can be updated at all."""
    stack = operation.stack
    state = cloudformation.describe_stack(work.aws, stack.stack_id or stack.name)
    status = stack_status(state.status if state else "")
    if state is None or status.gone:
        return _stop(f"There is no stack {stack.name} any more.", "Create or wake it.", "gone")
    if status.moving:
        return Wait(f"{stack.name} is still {status.label.lower()}", BUSY_PAUSE)
    if not status.updatable:
        sentence = f"{stack.name} is in {status.name} ({status.label.lower()}) and takes no change."
        return _stop(sentence, "Recover it first: its page says how.", "stuck")
    body = cloudformation.get_template(work.aws, state.stack_id)
    try:
        template = parse(body, stack.name)
    except TemplateError as unreadable:
        return _stop(f"{stack.name}: {unreadable.sentence}", unreadable.fix, "template")
    operation.rests_on = stack_facts(state)
    operation.template, _ = TemplateRow.objects.get_or_create(digest=template.digest, defaults={"body": body})
    operation.keep = sorted(name for name, parameter in template.parameters.items() if parameter.no_echo)
    operation.parameters = _values(template, state)
    return Done()


def _values(template: Template, state: StackState) -> dict[str, str]:
    shown = {name for name, parameter in template.parameters.items() if not parameter.no_echo}
    return {name: value for name, value in state.parameters.items() if name in shown and value != HIDDEN}


def _stop(sentence: str, advice: str, code: str) -> Stop:
    return Stop(Problem(sentence, "you", advice, code=code))


def _warnings(work: Work) -> list[Finding]:
    """What somebody who repairs has to know of tables: one that is gone comes back empty."""
    lost = DriftedResource.objects.filter(
        check_of__stack__in=[operation.stack for operation in work.operations.values()],
        status=DriftStatus.DELETED,
        type=drift.TABLE,
    )
    return [
        Finding(
            "warning",
            row.physical_id or row.logical_id,
            f"The table {row.physical_id or row.logical_id} was deleted outside Stackyard. A repair makes a new, empty"
            " one in its place; its items do not come back.",
            "If they are to come back, restore the table under its own name from a backup or to a point in time"
            " first, then look for drift again.",
        )
        for row in lost
    ]


def ensure_accept_prepared(work: Work) -> Outcome:
    """What is accepted, held against what was last seen: values for parameters, and rows that are only written down."""
    for kind, operation in work.operations.items():
        picks, missing = _picks(work, kind)
        if missing:
            return _stop(f"{missing} is no longer as it was when it was accepted.", DECIDE_AGAIN, "drift-moved")
        work.undivide(kind)
        outcome = _as_deployed(work, operation)
        if not isinstance(outcome, Done):
            return outcome
        _divide(work, kind, operation, picks)
    return Done("What is accepted is as it was last seen")


def _picks(work: Work, kind: StackKind) -> tuple[list[dict[str, Any]], str]:
    """The accepted differences of a stack with what they are about; beside it the first that is not there any more."""
    rows = DriftedResource.objects.filter(check_of__stack=work.stacks[kind], status=DriftStatus.MODIFIED)
    there = {row.logical_id: row for row in rows}
    found: list[dict[str, Any]] = []
    for pick in work.change.goal["picks"]:
        if pick["kind"] != kind:
            continue
        row = there.get(pick["logical_id"])
        seen = _seen(row, pick["path"])
        if row is None or seen is None or seen["actual"] != pick["actual"]:
            return [], f"{pick['logical_id']}{pick['path']}"
        found.append({**seen, "logical_id": row.logical_id, "physical_id": row.physical_id, "type": row.type})
    return found, ""


def _seen(row: DriftedResource | None, path: str) -> Mapping[str, Any] | None:
    return next((one for one in row.differences if one["path"] == path), None) if row is not None else None


def _divide(work: Work, kind: StackKind, operation: Operation, picks: list[dict[str, Any]]) -> None:
    """Values first, as an update of their own; what no parameter decides after it, without a call."""
    template = work.template(operation)
    taken = drift.values_taken(template, operation.parameters, picks, work.blueprint.stacks[kind].filled)
    by_value = [one for one in picks if drift.deciding_parameter(template, one["logical_id"], one["path"]) in taken]
    written = [one for one in picks if one not in by_value]
    operation.parameters = {**operation.parameters, **taken}
    if not taken:
        _only_written(operation, written)
        return
    operation.action, operation.purpose = UPDATE, TAKES_VALUES
    if written:
        later = Operation(
            stack=operation.stack,
            template=operation.template,
            parameters=dict(operation.parameters),
            keep=list(operation.keep),
        )
        _only_written(later, written)
        work.divide(kind, [later])


def _only_written(operation: Operation, picks: list[dict[str, Any]]) -> None:
    operation.action, operation.purpose = ACCEPT, WRITES_DOWN
    operation.changes, operation.read_from = drift.accepted_rows(picks), DRIFT


def ensure_values_planned(work: Work) -> Outcome:
    """The change sets of what takes values over; nothing for what is only written down."""
    plans = {StackKind.DATA: change_sets.ensure_data_planned, StackKind.COMPUTE: change_sets.ensure_compute_planned}
    for kind, plan in plans.items():
        if kind in work.parts and work.parts[kind][0].action == UPDATE:
            outcome = plan(work)
            if not isinstance(outcome, Done):
                return outcome
    return Done("Planned")


def ensure_accepted(work: Work) -> Outcome:
    """Write down what is taken as it is, if it still is what was agreed to."""
    noted = 0
    with transaction.atomic():
        hold(work.change)
        for kind in work.parts:
            picks, missing = _picks_now(work, kind)
            if missing:
                return _stop(f"{missing} is no longer as it was when it was accepted.", DECIDE_AGAIN, "drift-moved")
            for row, pick in picks:
                row.accepted = [one for one in row.accepted if one["path"] != pick["path"]] + [dict(pick)]
                row.accepted_by = work.change
                row.save(update_fields=["accepted", "accepted_by"])
                noted += 1
    said = "1 difference is taken as it is" if noted == 1 else f"{noted} differences are taken as they are"
    return Done(said if noted else "Everything became a value", skipped=not noted)


def _picks_now(work: Work, kind: StackKind) -> tuple[list[tuple[DriftedResource, Mapping[str, Any]]], str]:
    """Each written-down difference with the row it stands on, which the caller's transaction locks."""
    planned = [
        (row["logical_id"], detail["path"].removeprefix("/Properties"), detail["after"])
        for operation in work.parts[kind]
        if operation.action == ACCEPT
        for row in operation.changes or []
        for detail in row["details"]
    ]
    rows = DriftedResource.objects.select_for_update().filter(check_of__stack=work.stacks[kind])
    there = {row.logical_id: row for row in rows}
    found = []
    for logical_id, path, actual in planned:
        row = there.get(logical_id)
        seen = _seen(row, path)
        if row is None or seen is None or seen["actual"] != actual:
            return [], f"{logical_id}{path}"
        found.append((row, seen))
    return found, ""


def ensure_values_taken(work: Work) -> Outcome:
    """The updates that take values over, data before compute."""
    runs = {StackKind.DATA: stacks.ensure_data_stack, StackKind.COMPUTE: stacks.ensure_compute_stack}
    for kind, run in runs.items():
        if kind in work.parts and work.parts[kind][0].action == UPDATE:
            outcome = run(work)
            if not isinstance(outcome, Done):
                return outcome
    return Done("Values are as they were found")


def ensure_drift_seen(work: Work) -> Outcome:
    """Look for drift once more, so that the page shows what the change led to. What is still not as its template says
    is told, and does not make the change a failure."""
    left = 0
    for operation in (parts[0] for parts in work.parts.values()):
        if operation.finished_at is None:
            continue
        outcome = _looked(work, operation)
        if isinstance(outcome, Wait):
            return outcome
        left += sum(drifting.is_open(row) for row in DriftedResource.objects.filter(check_of__stack=operation.stack))
    if not left:
        return Done("No drift is left")
    one = "1 resource is still not as its template says"
    return Done(one if left == 1 else f"{left} resources are still not as their templates say")


def _looked(work: Work, operation: Operation) -> Outcome:
    """One detection after the operation's end, begun once and looked at until it has ended."""
    stack, now = operation.stack, timezone.now()
    check, _ = DriftCheck.objects.get_or_create(stack=stack)
    check.stack = stack
    if check.seen_at is not None and operation.finished_at is not None and check.seen_at > operation.finished_at:
        return Done()
    free = DriftCheck.objects.filter(pk=check.pk, looking_until=check.looking_until)
    if (check.looking_until or now) > now or not free.update(looking_until=now + LEASE):
        return Wait(f"Drift of {stack.name} is being looked for", SETTLES)
    check.looking_until = now + LEASE
    try:
        return _look_once(work, check, operation)
    finally:
        DriftCheck.objects.filter(pk=check.pk, looking_until=check.looking_until).update(looking_until=None)


def _look_once(work: Work, check: DriftCheck, operation: Operation) -> Outcome:
    stack, now = operation.stack, timezone.now()
    began_after = check.asked_at is not None and check.asked_at >= (operation.finished_at or now)
    try:
        if stack_status(operation.result).name not in DRIFT_CHECKED:
            return Done(skipped=True)
        if not check.detection_id or not began_after:
            check.due_at = drifting.begin(work.aws, check)
        else:
            found = cloudformation.drift_detection(work.aws, check.detection_id)
            if found.is_moving and now - (check.asked_at or now) < drifting.GIVEN_UP:
                return Wait(f"CloudFormation compares {stack.name} with its template", SETTLES)
            check.due_at = now if found.is_moving else drifting.finish(work.aws, check, found)
            DriftCheck.objects.filter(pk=check.pk).update(due_at=check.due_at)
            return Done()
    except (Missing, Refused):
        DriftCheck.objects.filter(pk=check.pk).update(detection_id="", due_at=now)
        return Done(skipped=True)  # the change is done; the nightly look tells the rest
    DriftCheck.objects.filter(pk=check.pk).update(due_at=check.due_at)
    return Wait(f"CloudFormation compares {stack.name} with its template", SETTLES)
