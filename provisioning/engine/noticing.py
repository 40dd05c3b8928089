"""Writing down what happened to a stack outside Stackyard: its row, its environment's status, and the audit."""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from provisioning.aws.cloudformation import StackResource, StackState
from provisioning.blueprints.shapes import TemplateError
from provisioning.blueprints.template import parse
from provisioning.engine.ending import without_compute
from provisioning.engine.observe import forget, remember
from provisioning.engine.placed import keep_resources
from provisioning.engine.surveying import survey_soon
from provisioning.engine.watching import missing
from provisioning.lifecycle import (
    UNDER_REVIEW,
    EnvironmentStatus,
    Outside,
    StackKind,
    set_environment_status,
    stack_status,
)
from provisioning.models import AuditEntry, DriftCheck, Environment, Operation, Stack, Template
from provisioning.planning.changes import HIDDEN

log = structlog.get_logger(__name__)

NOTICED = "noticed"


@dataclass(frozen=True)
class Reading:
    """What AWS showed of one stack: `state` is None when there is none, `body` its template where that was read."""

    state: StackState | None
    body: str = ""
    resources: tuple[StackResource, ...] = field(default=())
    last_event: str = ""


def write_down(row: Stack, reading: Reading) -> bool:
    """Make a stack's row what AWS showed, if nobody has written it since it was read as `row` and no open change works
    on it. Returns whether it was written."""
    with transaction.atomic():
        # A request locks the environment first, too. A stack that somebody writes right now is not waited for: that may
        # be a change, whose transaction goes on to the environment.
        environment = Environment.objects.select_for_update(no_key=True).get(pk=row.environment_id)
        stack = Stack.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=row.pk).first()
        if stack is None or not _is_as_read(stack, row) or Operation.objects.filter(stack=stack, is_open=True).exists():
            return False
        stack.environment = environment
        before, was = stack.outside, stack_status(stack.status)
        what = _put(stack, reading)
        stack.observed_at = timezone.now()
        if what != before:
            stack.outside_at = timezone.now() if what else None
        stack.outside = what
        stack.save()
        if what and not (what == before == Outside.MOVING):
            _tell(stack, Outside(what), was.label)
        if what != before and what in {Outside.DELETED, Outside.CHANGED}:
            environment.monthly_cost = None  # was of what is no longer so; the next plan prices it anew
            environment.save(update_fields=["monthly_cost"])
        _follow(environment)
    if what == Outside.DELETED:
        survey_soon(environment.account_id)  # what it kept is nobody's now
    return True


def _is_as_read(stack: Stack, row: Stack) -> bool:
    return (stack.stack_id, stack.status, stack.observed_at) == (row.stack_id, row.status, row.observed_at)


def settle(stack: Stack) -> None:
    """Take the mark of an outside change from a stack that was seen to be what our own newest change had made it."""
    if stack_status(stack.status).live and _is_ours(stack):
        Stack.objects.filter(pk=stack.pk, outside=Outside.CHANGED, status=stack.status).update(
            outside="", outside_at=None
        )


def _put(stack: Stack, reading: Reading) -> str:
    """Set the row's columns. Returns what somebody did to the stack, empty where it was only an empty shell."""
    state = reading.state
    if state is None or stack_status(state.status).gone:
        was_there = stack.status != UNDER_REVIEW and not stack_status(stack.status).gone
        stack.status = state.status if state is not None else ""
        forget(stack)
        DriftCheck.objects.filter(stack=stack).delete()
        return Outside.DELETED if was_there else stack.outside
    if state.stack_id != stack.stack_id:
        stack.last_event_id = ""
        DriftCheck.objects.filter(stack=stack).delete()
    stack.stack_id, stack.status, stack.status_reason = state.stack_id, state.status, state.status_reason
    if stack_status(state.status).moving:
        return Outside.MOVING
    remember(stack, state)
    if state.status == UNDER_REVIEW:
        return stack.outside
    if reading.body:
        _keep_configuration(stack, state, reading.body)
        keep_resources(stack, reading.resources)
        stack.last_event_id = reading.last_event
    return Outside.CHANGED


def _keep_configuration(stack: Stack, state: StackState, body: str) -> None:
    """Template and values as they are now. A template that Stackyard cannot read is not kept: the last one that it
    could read stays, and the look's audit entry is all that tells. Hidden values come back as asterisks (P3) and are
    not among those that are kept."""
    try:
        template = parse(body, stack.name)
    except TemplateError as unreadable:
        log.warning("outside_template_unreadable", stack=stack.name, trouble=unreadable.sentence)
        return
    digest = template.digest or sha256(body.encode()).hexdigest()
    if digest != stack.template_id:
        stack.template, _ = Template.objects.get_or_create(digest=digest, defaults={"body": body})
        stack.blueprint_version = ""
    hidden = {name for name, parameter in template.parameters.items() if parameter.no_echo}
    stack.parameters = {
        name: value for name, value in state.parameters.items() if name not in hidden and value != HIDDEN
    }


def _is_ours(stack: Stack) -> bool:
    """Whether template and values are those of the newest operation of ours that went well."""
    ended = Operation.objects.filter(stack=stack, finished_at__isnull=False, template__isnull=False)
    for operation in ended.order_by(F("finished_at").desc())[:10]:
        result = stack_status(operation.result)
        if result.live and not result.failed:
            return operation.template_id == stack.template_id and _without(operation) == stack.parameters
    return False


def _without(operation: Operation) -> dict[str, Any]:
    """What an operation sent, without what it left as it was."""
    return {name: value for name, value in operation.parameters.items() if name not in operation.keep}


def _tell(stack: Stack, what: Outside, was: str) -> None:
    now = stack_status(stack.status)
    sentence = {
        Outside.DELETED: f"{stack.name} was deleted outside Stackyard",
        Outside.CHANGED: f"{stack.name} was changed outside Stackyard: {now.label.lower()} now",
        Outside.MOVING: f"{stack.name} is being changed outside Stackyard: {now.label.lower()}",
    }[what]
    AuditEntry.objects.create(
        at=timezone.now(),
        verb=NOTICED,
        environment=stack.environment,
        summary=sentence[:300],
        detail={"stack": stack.name, "what": str(what), "was": was, "status": stack.status},
    )


def _follow(environment: Environment) -> None:
    """The environment's status, from its stacks; while a change is open, that change's end will say it."""
    if Operation.objects.filter(stack__environment=environment, is_open=True).exists():
        return
    status = resting(environment)
    if status != environment.status:
        set_environment_status(environment, status)


def resting(environment: Environment) -> EnvironmentStatus:
    """What there is of an environment that nobody works on here, from its stacks."""
    stacks = {StackKind(stack.kind): stack for stack in environment.stacks.all()}
    data, compute = stack_status(stacks[StackKind.DATA].status), stack_status(stacks[StackKind.COMPUTE].status)
    if data.moving or compute.moving:
        return EnvironmentStatus.BUSY
    resting = all(status.live or status.gone or status.name == UNDER_REVIEW for status in (data, compute))
    if not resting or missing(environment):
        return EnvironmentStatus.ATTENTION
    if data.live and compute.live:
        return EnvironmentStatus.READY
    if not data.live:
        # A data stack that nobody here deleted: a person has to say whether it is to come back.
        lost = Outside.DELETED in {stack.outside for stack in stacks.values()} or compute.live
        return EnvironmentStatus.ATTENTION if lost else EnvironmentStatus(environment.status)
    if stacks[StackKind.COMPUTE].outside == Outside.DELETED:
        return EnvironmentStatus.DATA_ONLY
    return without_compute(environment)
