"""Planning, second half: change sets, the compute plan read from its template, price, and the sealed plan."""

from decimal import Decimal
from typing import Any

from django.conf import settings

from provisioning.aws import cloudformation
from provisioning.aws.endpoint import is_emulator
from provisioning.aws.errors import Conflict
from provisioning.blueprints.shapes import ResolvedResource
from provisioning.costs.estimate import difference, estimate
from provisioning.costs.model import CostDifference, Estimate, PricedInput
from provisioning.engine.outcome import Done, Outcome, Problem, Stop, Wait
from provisioning.engine.steps.checking import CREATE, DELETE, NONE, UPDATE
from provisioning.engine.work import Work
from provisioning.lifecycle import StackKind
from provisioning.models import Operation, Stack
from provisioning.planning import changes, plan

CHANGE_SET_PAUSE = 0.2
Resources = tuple[ResolvedResource, ...]
TEMPLATE, CHANGE_SET, STACK = "template", "change_set", "stack"


def ensure_data_planned(work: Work) -> Outcome:
    """The data stack's change set, read whole."""
    return _planned(work, StackKind.DATA)


def ensure_compute_planned(work: Work) -> Outcome:
    """The compute stack's change set; on a first create, its resources as the template lists them, because a
    change set cannot exist before the data stack's exports do."""
    compute, data = work.operations.get(StackKind.COMPUTE), work.operations.get(StackKind.DATA)
    if compute is not None and data is not None and compute.action == CREATE and data.action == CREATE:
        resolved = work.resolved(compute)
        compute.changes, compute.read_from = changes.with_names(changes.from_template(resolved), resolved), TEMPLATE
        return Done(f"{len(compute.changes)} resources, read from the template")
    return _planned(work, StackKind.COMPUTE)


def ensure_compute_change_set(work: Work) -> Outcome:
    """The compute stack's real change set, made once the data stack is there; it must be what was planned."""
    operation = work.operations.get(StackKind.COMPUTE)
    if operation is None or operation.called_at is not None:
        return Done(skipped=True)
    return as_reviewed(work, operation)


def as_reviewed(work: Work, operation: Operation) -> Outcome:
    """The change set of a part that could not have one when it was planned: made now, and held against the plan."""
    if operation.action in {DELETE, NONE}:
        return Done(skipped=True)
    if operation.read_from == CHANGE_SET:
        return Done("Reviewed before", skipped=True)
    reviewed = operation.changes or []
    # Each row is one that was reviewed, or the change stops: values would add nothing to that.
    outcome = _read_change_set(work, operation, values=False)
    if not isinstance(outcome, Done):
        return outcome
    differs = changes.differing(reviewed, operation.changes or [])
    if differs:
        return Stop(
            Problem(
                f"The change set of {operation.stack.name} is not what was planned (it differs in"
                f" {', '.join(differs)}).",
                "the requester",
                "Retry: a new plan is made, and decided about again.",
                code="plan-moved",
            )
        )
    return Done(f"As planned: {len(reviewed)} resources")


def _planned(work: Work, kind: StackKind) -> Outcome:
    operation = work.operations.get(kind)
    if operation is None:
        return Done(skipped=True)
    if operation.action == NONE:
        operation.changes = []
        return Done("There is nothing to do", skipped=True)
    if operation.action == DELETE:
        resources = operation.stack.resources.all()
        operation.changes = changes.from_deletion(resources, keeps=_retained(work, operation))
        operation.read_from = STACK
        return Done(f"{len(operation.changes)} resources")
    outcome = _read_change_set(work, operation)
    return _guarded(operation) if isinstance(outcome, Done) else outcome


def _retained(work: Work, operation: Operation) -> frozenset[str]:
    template = operation.stack.template
    if template is None:
        return frozenset()
    parsed = work.parsed(template)
    return frozenset(
        name for name, body in parsed.resources.items() if str(body.get("DeletionPolicy", "")).startswith("Retain")
    )


def _guarded(operation: Operation) -> Outcome:
    """No update may delete or replace what holds data, at any stage."""
    lost = [row for row in operation.changes or [] if changes.endangers_data(row)]
    if lost:
        names = ", ".join(row["physical_id"] or row["logical_id"] for row in lost)
        return Stop(
            Problem(
                f"This would delete or replace {names}, and the items with it. Nothing was done.",
                "the template's owner",
                "Keep the table, its name and its keys as they are; add a new table beside it instead.",
                code="data-guard",
            )
        )
    rows = operation.changes or []
    return Done(f"{len(rows)} resources change" if rows else "There is nothing to change")


def _read_change_set(work: Work, operation: Operation, *, values: bool = True) -> Outcome:
    """Make the change set, wait until it is ready, keep every row of it."""
    if operation.read_from == CHANGE_SET:
        return Done()
    if not operation.change_set_id:
        _create(work, operation)
        work.store(operation)
    found = cloudformation.describe_change_set(work.aws, operation.change_set_id, values=values)
    if found.is_moving:
        return Wait("CloudFormation is reading the template", CHANGE_SET_PAUSE)
    if found.is_empty:
        cloudformation.delete_change_set(work.aws, operation.change_set_id)
        operation.action, operation.changes, operation.change_set_id = NONE, [], ""
        operation.read_from = CHANGE_SET
        return Done("There is nothing to change")
    if not found.is_ready:
        return Stop(
            Problem(
                f"CloudFormation refused the plan for {operation.stack.name}: {found.reason or found.status}",
                "the requester",
                "Correct the values or the template, then retry.",
                found.reason,
                "change-set",
            )
        )
    resolved = work.resolved(operation)
    rows = changes.with_names(changes.from_change_set(found), resolved)
    if is_emulator(settings.AWS_ENDPOINT_URL):
        # The emulator lists resources whose own condition is off; AWS does not, so nothing is ever left out there.
        rows = changes.without_unmade(rows, resolved)
    operation.changes = changes.with_values(rows, work.deployed(operation.stack), resolved.resources)
    operation.read_from = CHANGE_SET
    return Done(f"{len(operation.changes)} resources change")


def _create(work: Work, operation: Operation) -> None:
    template = work.template(operation)
    name = work.token(operation, "plan")
    if operation.action == CREATE:
        operation.stack.stack_id = operation.stack.last_event_id = ""
    try:
        made = cloudformation.create_change_set(
            work.aws,
            stack=operation.stack.stack_id or operation.stack.name,
            change_set_name=name,
            kind="CREATE" if operation.action == CREATE else "UPDATE",
            template_body=template.body,
            parameters={**operation.parameters, **work.secrets.get(operation.stack.kind, {})},
            keep=operation.keep,
            tags=work.tags(),
            capabilities=template.capabilities,
            token=name,
            role_arn=work.execution_role,
            description=f"{work.change.kind} by {work.change.requested_by.get_username()}"[:1024],
        )
    except Conflict:
        # An earlier call landed and its answer was lost: the name is ours, made from this change's id (S21, C14).
        found = cloudformation.describe_change_set(work.aws, name, stack=operation.stack.name)
        operation.change_set_id, operation.stack.stack_id = found.change_set_id, found.stack_id
        return
    operation.change_set_id, operation.stack.stack_id = made.change_set_id, made.stack_id


def ensure_priced(work: Work) -> Outcome:
    """What each stack costs a month before and after, by resource."""
    work.cost = _cost(work)
    after = Decimal(work.cost["after"])
    work.change.environment.monthly_cost = after
    return Done(f"{after:.2f} USD a month, at expected use")


def _cost(work: Work) -> dict[str, Any]:
    found = {kind: _difference(work, kind, stack) for kind, stack in work.stacks.items()}
    after = sum((one.after.monthly for one in found.values()), Decimal(0))
    before = sum((one.before.monthly for one in found.values() if one.before), Decimal(0))
    return {
        "stacks": {kind: one.as_dict() for kind, one in found.items()},
        "before": str(before),
        "after": str(after),
        "delta": str(after - before),
    }


def _difference(work: Work, kind: StackKind, stack: Stack) -> CostDifference:
    before = work.deployed(stack) if stack.outputs else ()
    return difference(_estimate(before) if before else None, _estimate(_after(work, kind, before)))


def _after(work: Work, kind: StackKind, before: Resources) -> Resources:
    operation = work.operations.get(kind)
    if operation is None or operation.action == NONE:
        return before
    if operation.template is not None:
        return work.resolved(operation).resources
    return tuple(item for item in before if item.type in changes.DATA_TYPES and item.deletion_policy != "Delete")


def _estimate(resources: Resources) -> Estimate:
    return estimate([PricedInput(item.logical_id, item.type, item.properties) for item in resources])


def ensure_plan_sealed(work: Work) -> Outcome:
    """Put the parts together, and seal them with a digest."""
    stacks = [
        {
            "kind": kind,
            "name": operation.stack.name,
            "action": operation.action,
            "template": operation.template_id or "",
            "parameters": operation.parameters,
            "parameters_before": operation.stack.parameters if operation.action == UPDATE else {},
            "change_set": operation.change_set_id,
            "changes": operation.changes or [],
        }
        for kind, operation in work.operations.items()
    ]
    made = plan.build(
        kind=work.change.kind, stacks=stacks, findings=work.change.findings, cost=work.cost or _cost(work)
    )
    work.change.plan = made
    work.change.plan_digest = plan.digest(made)
    return Done("Sealed")
