"""Adoption of stacks that were made outside Stackyard: read as they are, compared with the blueprint, written down.

No step in here alters anything in AWS. Needs cloudformation:DescribeStacks, GetTemplate, ListStackResources and
DescribeStackEvents.
"""

from django.db import transaction
from django.utils import timezone

from provisioning.aws import cloudformation
from provisioning.aws.cloudformation import StackState
from provisioning.blueprints.promises import filled_values, starting_values
from provisioning.blueprints.resolving import resolve
from provisioning.blueprints.shapes import Resolved, TemplateError
from provisioning.blueprints.template import parse
from provisioning.engine.claims import hold
from provisioning.engine.observe import remember
from provisioning.engine.outcome import Done, Outcome, Problem, Stop, Wait
from provisioning.engine.placed import keep_resources
from provisioning.engine.steps.change_sets import STACK
from provisioning.engine.steps.checking import NONE, TAKE_OVER
from provisioning.engine.work import Work
from provisioning.lifecycle import StackKind, stack_status
from provisioning.models import FoundStack, Operation, Stack, Template
from provisioning.planning.findings import Finding, errors, with_new
from provisioning.planning.plan import stack_facts
from provisioning.planning.taking_over import compared, taken_over

MOVING_PAUSE = 5.0
MARKS = frozenset({"owner", "environment_id"})


def ensure_stacks_read(work: Work) -> Outcome:
    """Read both stacks by name; those that can be adopted are noted with their own template and values."""
    found: list[Finding] = []
    for kind, operation in work.operations.items():
        state = cloudformation.describe_stack(work.aws, operation.stack.name)
        status = stack_status(state.status if state else "")
        if status.moving:
            return Wait(f"{operation.stack.name} is still {status.label.lower()}", MOVING_PAUSE)
        if state is None or status.gone:
            operation.action, operation.changes = NONE, []
            found += _nothing_there(work, kind)
            continue
        reason = _why_not(work, operation, state)
        if reason is not None:
            found.append(reason)
            continue
        found += _read(work, operation, state)
    return _noted(work, found)


def _nothing_there(work: Work, kind: StackKind) -> list[Finding]:
    """Compute imports what the data stack exports, so it is never adopted alone; a data stack may be."""
    name = work.stacks[kind].name
    if kind == StackKind.DATA:
        sentence = f"There is no data stack {name}. Compute without its data stack cannot be adopted."
        return [Finding("error", name, sentence, "Create the data stack under that name first.")]
    return [Finding("info", name, f"There is no compute stack {name}; the data stack is adopted alone.")]


def _why_not(work: Work, operation: Operation, state: StackState) -> Finding | None:
    name, status = state.name, stack_status(state.status)
    if state.tags.get("EnvironmentId") not in {None, str(work.change.environment_id)}:
        sentence, fix = f"{name} belongs to another Stackyard environment.", "Look for it there."
    elif Stack.objects.filter(stack_id=state.stack_id).exclude(pk=operation.stack.pk).exists():
        sentence, fix = f"{name} is Stackyard's already.", "There is nothing to adopt."
    elif not status.live:
        sentence = f"{name} is in {state.status} ({status.label.lower()}); only stacks at rest can be adopted."
        fix = "Bring it to rest, or delete it, in CloudFormation first."
    else:
        return None
    return Finding("error", name, sentence, fix)


def _read(work: Work, operation: Operation, state: StackState) -> list[Finding]:
    """The stack's template, values and state as the plan rests on them. Hidden values stay AWS's (P3)."""
    body = cloudformation.get_template(work.aws, state.stack_id)
    try:
        template = parse(body, state.name)
    except TemplateError as unreadable:
        return [
            Finding(
                "error",
                state.name,
                f"Its template cannot be read by Stackyard (line {unreadable.line}): {unreadable.sentence}",
                unreadable.fix,
            )
        ]
    operation.template, _ = Template.objects.get_or_create(digest=template.digest, defaults={"body": body})
    operation.keep = sorted(name for name, one in template.parameters.items() if one.no_echo)
    operation.parameters = {name: value for name, value in state.parameters.items() if name not in operation.keep}
    operation.rests_on = stack_facts(state)
    operation.action = TAKE_OVER
    return _contradicted(work, state)


def _contradicted(work: Work, state: StackState) -> list[Finding]:
    """Names made the stack a find; a warning for each of its tags that speaks of something else."""
    ours = work.tags()
    said = {key: state.tags.get(key) for key in ("Application", "Environment")}
    return [
        Finding(
            "warning",
            state.name,
            f"Its tag {key} says “{value}”, its name says {ours[key]}.",
            "Make sure that it is this one. The next update would set the tag.",
        )
        for key, value in said.items()
        if value and value.lower() != ours[key].lower()
    ]


def _noted(work: Work, found: list[Finding]) -> Outcome:
    work.change.findings = with_new(work.change.findings, found)
    wrong = errors(finding.as_dict() for finding in found)
    if wrong:
        return Stop(Problem(wrong[0]["sentence"], "you", wrong[0]["fix"], code="preflight"))
    return Done("The stacks can be adopted")


def ensure_differences_planned(work: Work) -> Outcome:
    """Every resource of the stacks as a row, with where the blueprint differs; nothing of it is done now."""
    total = 0
    found: list[Finding] = []
    for kind, operation in _taken(work):
        resources = cloudformation.list_resources(work.aws, operation.rests_on["stack_id"])
        try:
            live, wanted = work.resolved(operation).resources, _wanted(work, kind, operation).resources
        except TemplateError as unreadable:
            return Stop(
                Problem(f"{operation.stack.name}: {unreadable.sentence}", "you", unreadable.fix, code="template")
            )
        operation.changes, operation.read_from = taken_over(resources, live, wanted), STACK
        found += compared(operation.stack.name, live, wanted)
        total += len(operation.changes)
    work.change.findings = with_new(work.change.findings, found)
    return Done(f"{total} resources, none of them altered")


def _taken(work: Work) -> list[tuple[StackKind, Operation]]:
    return [(kind, operation) for kind, operation in work.operations.items() if operation.action == TAKE_OVER]


def _wanted(work: Work, kind: StackKind, operation: Operation) -> Resolved:
    """What an update would send: the blueprint's template under the stack's own values. Whose it is and which one it
    is are marks that every resource carries, and left as they are here: they would hide what really differs."""
    environment, stack = work.change.environment, work.blueprint.stacks[kind]
    own = {name: value for name, value in operation.parameters.items() if name in stack.template.parameters}
    marks = {name: value for name, value in own.items() if stack.filled.get(name) in MARKS}
    filled = filled_values(
        work.blueprint,
        kind,
        environment=environment.name,
        stage=environment.stage,
        owner=environment.owner.get_username(),
        environment_id=str(environment.pk),
    )
    values = {**starting_values(work.blueprint, kind, environment.stage), **own, **filled, **marks}
    return resolve(stack.template, values, pseudo=work.pseudo(operation.stack))


def ensure_taken_over(work: Work) -> Outcome:
    """Write the stacks down as ours, if they are still what the plan was made from (C15)."""
    taken = _taken(work)
    for _, operation in taken:
        if operation.finished_at is not None:
            continue
        state = cloudformation.describe_stack(work.aws, operation.rests_on["stack_id"])
        if state is None or stack_facts(state) != operation.rests_on:
            return Stop(
                Problem(
                    f"{operation.stack.name} has changed since the plan was made.",
                    "the requester",
                    "Retry: the stacks are read again, and decided about again.",
                    code="plan-moved",
                )
            )
        _take_over(work, operation, state)
    return Done(f"{len(taken)} stack{'' if len(taken) == 1 else 's'} taken over, nothing in AWS was altered")


def _take_over(work: Work, operation: Operation, state: StackState) -> None:
    resources = cloudformation.list_resources(work.aws, state.stack_id)
    events = cloudformation.stack_events(work.aws, state.stack_id, after=None)
    now, stack = timezone.now(), operation.stack
    remember(stack, state)
    stack.stack_id, stack.status = state.stack_id, state.status
    stack.template, stack.parameters, stack.blueprint_version = operation.template, operation.parameters, ""
    # What happened before is not ours to tell: events are followed from here on.
    stack.last_event_id = events[-1].event_id if events else ""
    stack.adopted_at = stack.observed_at = now
    with transaction.atomic():
        hold(work.change)
        stack.save()
        keep_resources(stack, resources)
        operation.finished_at, operation.result = now, state.status
        operation.save(update_fields=["finished_at", "result"])
        FoundStack.objects.filter(account_id=work.change.environment.account_id, name=stack.name).delete()
