"""Planning, second half: change sets, and the compute plan read from its template."""

from collections.abc import Mapping
from typing import Any, Literal

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from provisioning.aws import cloudformation
from provisioning.aws.cloudformation import ChangeSet, ImportTarget
from provisioning.aws.endpoint import is_emulator
from provisioning.aws.errors import Conflict
from provisioning.engine.causes import refused_plan
from provisioning.engine.claims import hold
from provisioning.engine.observe import remember
from provisioning.engine.outcome import Done, Outcome, Problem, Stop, Wait
from provisioning.engine.steps import guarding
from provisioning.engine.steps.checking import CREATE, DELETE, IMPORT, NONE, UPDATE
from provisioning.engine.work import Work
from provisioning.lifecycle import ChangeKind, StackKind
from provisioning.models import Operation
from provisioning.planning import changes, guard

CHANGE_SET_PAUSE, LONGEST_PAUSE = 0.2, 2.0
TEMPLATE, CHANGE_SET, STACK = "template", "change_set", "stack"
KINDS: Mapping[str, Literal["CREATE", "UPDATE", "IMPORT"]] = {CREATE: "CREATE", UPDATE: "UPDATE", IMPORT: "IMPORT"}


def ensure_data_planned(work: Work) -> Outcome:
    """The data stack's change set, read whole."""
    return _planned(work, StackKind.DATA)


def ensure_compute_planned(work: Work) -> Outcome:
    """The compute stack's change set; on a first create, its resources as the template lists them, because a
    change set cannot exist before the data stack's exports do."""
    compute = work.operations.get(StackKind.COMPUTE)
    if compute is not None and compute.action == CREATE and _exports_are_to_come(work):
        resolved = work.resolved(compute)
        compute.changes, compute.read_from = changes.with_names(changes.from_template(resolved), resolved), TEMPLATE
        return Done(f"{len(compute.changes)} resources, read from the template")
    return _planned(work, StackKind.COMPUTE)


def _exports_are_to_come(work: Work) -> bool:
    """Whether this change brings exports of the data stack that are not there yet."""
    parts = work.parts.get(StackKind.DATA)
    if not parts or parts[-1].template is None or parts[-1].action in {DELETE, NONE}:
        return False
    if parts[0].action in {CREATE, IMPORT}:
        return True
    there = {output.get("export") for output in work.stacks[StackKind.DATA].outputs}
    return any(output.export not in there for output in work.resolved(parts[-1]).outputs if output.export)


def ensure_compute_change_set(work: Work) -> Outcome:
    """The compute stack's real change set, made once the data stack is there; it must be what was planned."""
    operation = work.operations.get(StackKind.COMPUTE)
    if operation is None or operation.called_at is not None:
        return Done(skipped=True)
    return as_reviewed(work, operation)


def as_reviewed(work: Work, operation: Operation) -> Outcome:
    """The change set of a part that could not have one when it was planned: made now, and held against the plan."""
    if operation.action == DELETE or nothing_to_do(operation):
        return Done(skipped=True)
    if operation.read_from == CHANGE_SET and operation.action != NONE:
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
    if nothing_to_do(operation):
        operation.changes = []
        return Done("There is nothing to do", skipped=True)
    if operation.action == DELETE:
        operation.read_from = STACK
        return guarding.deletion_planned(work, operation)
    return _read_change_set(work, operation)


def _read_change_set(work: Work, operation: Operation, *, values: bool = True) -> Outcome:
    """Make the change set, wait until it is ready, keep every row of it."""
    if operation.action == NONE:
        return _without_empty(work, operation)
    if operation.read_from == CHANGE_SET:
        return Done(f"{len(operation.changes or [])} resources change")
    if not operation.change_set_id:
        _create(work, operation)
        work.store(operation)
    found = cloudformation.describe_change_set(
        work.aws, operation.change_set_id, values=values and has_values(operation)
    )
    if found.is_moving:
        return Wait("CloudFormation is reading the template", _pause(found))
    if _repairs(work) and not found.reverts_drift:
        return _not_reverting(operation)
    if found.is_empty:
        operation.action, operation.read_from = NONE, CHANGE_SET
        work.store(operation)
        return _without_empty(work, operation)
    if not found.is_ready:
        return Stop(refused_plan(work.aws, operation, found))
    operation.changes = rows_of(work, operation, found)
    operation.read_from = CHANGE_SET
    return Done(f"{len(operation.changes)} resources change")


def nothing_to_do(operation: Operation) -> bool:
    """Whether nothing is done, and no empty change set is left of finding that out."""
    return operation.action == NONE and not operation.change_set_id


def _without_empty(work: Work, operation: Operation) -> Outcome:
    """A change set that changes nothing is removed. That it was empty is written down by then: a worker that ends in
    between could not read it again (L16)."""
    cloudformation.delete_change_set(work.aws, operation.change_set_id)
    operation.changes, operation.change_set_id = [], ""
    _learn(work, operation)
    return Done("There is nothing to change")


def _pause(found: ChangeSet) -> float:
    """The longer it takes, the longer until the next look: a quarter of the time it took so far."""
    now = timezone.now()
    age = (now - (found.created_at or now)).total_seconds()
    return min(LONGEST_PAUSE, max(CHANGE_SET_PAUSE, age / 4))


def has_values(operation: Operation) -> bool:
    """Whether its change set says more with property values (C9). That of a new stack does not: every row adds a
    resource, so there is no value from before, no replacement and no policy action, and the rows are all there is."""
    return operation.action != CREATE


def _repairs(work: Work) -> bool:
    return work.change.kind == ChangeKind.REPAIR_DRIFT


def _not_reverting(operation: Operation) -> Stop:
    """An endpoint that makes a plain change set of a repair: executing that would mend nothing (C13)."""
    return Stop(
        Problem(
            f"This AWS-compatible endpoint cannot plan a repair of {operation.stack.name}: it does not know change sets"
            " that revert drift. Nothing was done.",
            "you",
            "Set the property back by hand, or accept it as it is; then look for drift again.",
            code="no-revert",
        )
    )


def _learn(work: Work, operation: Operation) -> None:
    """A stack that is just what its template says, though nobody saw it come up: our change set was executed outside
    Stackyard. What it is now is written down, because no operation of ours will end with it."""
    stack = operation.stack
    state = None if stack.outputs else cloudformation.describe_stack(work.aws, stack.stack_id)
    if state is None:
        return
    remember(stack, state)
    stack.template, stack.parameters = operation.template, operation.parameters
    with transaction.atomic():
        hold(work.change)
        stack.save()


def rows_of(work: Work, operation: Operation, found: ChangeSet) -> list[dict[str, Any]]:
    """The rows of a change set that was read whole, as the plan keeps them."""
    resolved = work.resolved(operation)
    rows = changes.with_names(changes.from_change_set(found), resolved)
    if is_emulator(settings.AWS_ENDPOINT_URL):
        # The emulator lists resources whose own condition is off; AWS does not, so nothing is ever left out there.
        rows = changes.without_unmade(rows, resolved)
    deployed = work.deployed(operation.stack)
    rows = changes.with_values(rows, deployed, resolved.resources)
    rows = changes.hiding(rows, work.hidden(operation).values())
    return guard.with_judgement(rows, deployed, resolved.resources)


def _create(work: Work, operation: Operation) -> None:
    template = work.template(operation)
    name = work.token(operation, "plan")
    if operation.action in {CREATE, IMPORT}:
        operation.stack.stack_id = operation.stack.last_event_id = ""
    try:
        made = cloudformation.create_change_set(
            work.aws,
            stack=operation.stack.stack_id or operation.stack.name,
            change_set_name=name,
            kind=KINDS[operation.action],
            template_body=template.body,
            parameters={**operation.parameters, **work.hidden(operation)},
            keep=operation.keep,
            # An import may not bring tags either (R6); the part after it does.
            tags={} if operation.action == IMPORT else work.tags(),
            capabilities=template.capabilities,
            token=name,
            role_arn=work.execution_role,
            revert_drift=_repairs(work),
            resources_to_import=[
                ImportTarget(one["type"], one["logical_id"], {"TableName": one["name"]}) for one in operation.imports
            ],
            description=f"{work.change.kind} by {work.change.requested_by.get_username()}"[:1024],
        )
    except Conflict:
        # An earlier call landed and its answer was lost: the name is ours, made from this change's id (S21, C14).
        found = cloudformation.describe_change_set(work.aws, name, stack=operation.stack.name)
        operation.change_set_id, operation.stack.stack_id = found.change_set_id, found.stack_id
        return
    operation.change_set_id, operation.stack.stack_id = made.change_set_id, made.stack_id
