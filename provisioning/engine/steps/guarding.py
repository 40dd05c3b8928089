"""The data guard at work: in planning, when a stack is to be deleted, and once more right before a call."""

from collections.abc import Iterator, Mapping, Sequence

from provisioning.aws import cloudformation
from provisioning.blueprints.resolving import resolve
from provisioning.blueprints.shapes import ResolvedResource, Template, TemplateError
from provisioning.blueprints.template import parse
from provisioning.engine.outcome import Done, Outcome, Problem, Stop
from provisioning.engine.steps.checking import CREATE, DELETE, NONE, UPDATE
from provisioning.engine.work import Work
from provisioning.lifecycle import UNDER_REVIEW, ChangeKind, stack_status
from provisioning.models import Operation, Stack
from provisioning.planning import changes, guard
from provisioning.planning.findings import Finding, with_new
from provisioning.planning.guard import Danger

Resources = Sequence[ResolvedResource]


def ensure_templates_guarded(work: Work) -> Outcome:
    """The templates alone, before anything is asked of AWS on their account (R2, R11-R13)."""
    return _guarded(
        work, [danger for operation, before, after in _sent(work) for danger in guard.dangers([], before, after)]
    )


def ensure_data_guarded(work: Work) -> Outcome:
    """Nothing that holds data is deleted, replaced or left behind by any part of this change, at any stage, unless
    deleting data is what was asked for (C8): what AWS would do, beside what the templates say."""
    found = [
        danger
        for operation, before, after in _sent(work)
        for danger in guard.dangers(operation.changes or [], before, after)
    ]
    return _guarded(work, found)


def _guarded(work: Work, found: Sequence[Danger]) -> Outcome:
    if work.change.kind == ChangeKind.DELETE_DATA:
        return Done(skipped=True)
    return _stopped(work, found) if found else Done("Nothing that holds data is deleted, replaced or left behind")


def _sent(work: Work) -> Iterator[tuple[Operation, Resources, Resources]]:
    """Every part that does something, with what is there before and after it; nothing for one that sends nothing."""
    for parts in work.parts.values():
        previous: Resources | None = None
        for operation in parts:
            if operation.action == DELETE or (operation.template is None and operation.action != NONE):
                yield operation, (), ()
            elif operation.action != NONE:
                after = work.resolved(operation).resources
                yield operation, _before(work, operation, previous), after
                previous = after


def _before(work: Work, operation: Operation, previous: Resources | None) -> Resources:
    """What a part starts from: the part before it, else what is deployed. An empty shell has nothing, whatever was
    once deployed under its name."""
    if previous is not None:
        return previous
    there = operation.action == UPDATE or stack_status(operation.stack.status).live
    return work.deployed(operation.stack) if there and operation.action != CREATE else ()


def deletion_planned(work: Work, operation: Operation) -> Outcome:
    """The rows of a stack that will be deleted, each kept or not as the template says that AWS itself has: ours may
    not be the one that was last deployed. Stops when something that holds data would go with it (R1)."""
    stack = operation.stack
    there = {resource.logical_id: resource.physical_id for resource in stack.resources.all()}
    # A shell under review was never given its template.
    body = "" if stack.status == UNDER_REVIEW else cloudformation.get_template(work.aws, stack.stack_id)
    try:
        template = parse(body, stack.name) if body else None
    except TemplateError as unreadable:
        return _stopped(work, [_unreadable(stack.name, unreadable)])
    resources = template.resources if template else {}
    operation.changes = changes.from_deletion(stack.resources.all(), keeps=guard.kept(resources))
    if template is not None and work.change.kind != ChangeKind.DELETE_DATA:
        found = guard.lost_with_stack(resources, _conditions(work, stack, template), there)
        if found:
            return _stopped(work, found)
    return Done(f"{len(operation.changes)} resources")


def _conditions(work: Work, stack: Stack, template: Template) -> Mapping[str, bool]:
    try:
        return resolve(template, stack.parameters, pseudo=work.pseudo(stack)).conditions
    except TemplateError:
        return {}  # then each counts as on


def _unreadable(name: str, trouble: TemplateError) -> Danger:
    return Danger(
        "unsure",
        name,
        name,
        f"The template of {name} cannot be read ({trouble.sentence.rstrip('.')}), so nobody can say what holds data.",
        "An administrator has to look at the stack in CloudFormation.",
    )


def refusal(work: Work, operation: Operation) -> Stop | None:
    """The last line of defence, right before a change set is executed or a stack deleted: the rows that are about to
    run, once more. It costs no call, and does not ask how those rows came to be approved."""
    if work.change.kind == ChangeKind.DELETE_DATA:
        return None
    if operation.changes is None:
        return Stop(
            Problem(
                f"What this would do to {operation.stack.name} was never read. Nothing was done.",
                "you",
                "Retry: a new plan is made.",
                code="data-guard",
            )
        )
    found = guard.dangers(operation.changes)
    return _stopped(work, found) if found else None


def _stopped(work: Work, found: Sequence[Danger]) -> Stop:
    """All of them, in the problem and among the findings."""
    findings = (Finding("error", danger.name, danger.sentence, danger.fix) for danger in found)
    work.change.findings = with_new(work.change.findings, findings)
    return Stop(
        Problem(
            f"{' '.join(danger.sentence for danger in found)} Nothing was done.",
            "the template's owner",
            " ".join(dict.fromkeys(danger.fix for danger in found)),
            code="data-guard",
        )
    )
