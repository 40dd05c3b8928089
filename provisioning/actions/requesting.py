"""Asking for a change: create, update, park, wake, delete. One click, one change; one open change per stack."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from provisioning.actions import lifetimes
from provisioning.actions.actor import Actor, audit, is_personal, require_change_right
from provisioning.actions.changing import require_start
from provisioning.actions.naming import stage_of
from provisioning.actions.order import guard, guard_stacks, in_the_way, require_reason
from provisioning.actions.refusals import Refusal
from provisioning.actions.superseding import lock_replaced, supersede
from provisioning.blueprints.artifacts import held_in
from provisioning.blueprints.loader import library
from provisioning.blueprints.model import Blueprint, StagePolicy
from provisioning.blueprints.promises import filled_values, starting_values
from provisioning.blueprints.values import validate_values
from provisioning.costs.usage import BadUsageError, read_usage
from provisioning.lifecycle import BESIDE_STACKS, ChangeKind, ChangeStatus, EnvironmentStatus, StackKind, stack_status
from provisioning.models import Account, Change, Environment, Operation, Stack, Template
from provisioning.planning.policy import may_start_later
from provisioning.planning.secrets import sealed
from provisioning.tasks import ring

Values = Mapping[str, Mapping[str, str]]

TOUCHES: Mapping[ChangeKind, tuple[StackKind, ...]] = {
    ChangeKind.CREATE: (StackKind.DATA, StackKind.COMPUTE),
    ChangeKind.UPDATE: (StackKind.DATA, StackKind.COMPUTE),
    ChangeKind.PARK: (StackKind.COMPUTE,),
    ChangeKind.WAKE: (StackKind.COMPUTE,),
    ChangeKind.DELETE_COMPUTE: (StackKind.COMPUTE,),
    ChangeKind.DELETE_DATA_STACK: (StackKind.DATA,),
    ChangeKind.UNPROTECT: (StackKind.DATA,),
    ChangeKind.PROTECT: (StackKind.DATA,),
    ChangeKind.DELETE_DATA: (StackKind.DATA,),
    ChangeKind.ADOPT: (StackKind.DATA, StackKind.COMPUTE),
    ChangeKind.RECOVER: (StackKind.DATA, StackKind.COMPUTE),
    ChangeKind.REPAIR_DRIFT: (StackKind.DATA, StackKind.COMPUTE),
    ChangeKind.ACCEPT_DRIFT: (StackKind.DATA, StackKind.COMPUTE),
}
NAME_TYPED = frozenset({ChangeKind.DELETE_COMPUTE, ChangeKind.DELETE_DATA_STACK, ChangeKind.DELETE_DATA})
# What a request of a kind says besides, without which there is nothing to plan: the verbs of these kinds put it in.
SAYS: Mapping[ChangeKind, str] = {ChangeKind.RECOVER: "what", ChangeKind.ACCEPT_DRIFT: "picks"}
SENDS_TEMPLATES = frozenset({ChangeKind.CREATE, ChangeKind.UPDATE, ChangeKind.WAKE})


@dataclass(frozen=True)
class Ask:
    """What a person sent. `values` are the form's values by stack kind; `key` is the form's own, so that a second
    click finds the first one's change; `confirm` is the environment's name, typed, where a kind asks for it.
    `replaces` is a change that waits and that this one is sent instead of; `start_at` is not to run before. `stacks`
    are those it is about where its kind leaves that open, and `goal` is what else its kind has to know."""

    kind: ChangeKind
    values: Values = field(default_factory=dict)
    reason: str = ""
    key: uuid.UUID | None = None
    confirm: str = ""
    replaces: uuid.UUID | None = None
    start_at: datetime | None = None
    stacks: tuple[StackKind, ...] = ()
    goal: Mapping[str, Any] = field(default_factory=dict)


def do_request_create(actor: Actor, application: str, name: str, ask: Ask) -> Change:
    """Create an environment. Returns the change; the same one again for a second click. Raises Refusal."""
    require_change_right(actor)
    known = _same_click(ask)
    if known is not None:
        return known
    blueprint = _blueprint(application)
    stage = stage_of(name)
    policy = blueprint.stages.get(stage)
    if policy is None:
        raise Refusal(f"{blueprint.title} has no stage {stage}.", "no-stage", fields={"name": "No such stage."})
    if is_personal(name) and not policy.personal:
        raise Refusal("This application has no personal environments.", "bad-name", fields={"name": "Use dev."})
    _check_start(ask, policy)
    _check_usage(ask)
    lifetimes.require_days(actor, policy, ask.goal.get("lifetime_days"))
    try:
        with transaction.atomic():
            old = lock_replaced(ask.replaces)
            environment = _claimed_environment(actor, blueprint, name, stage, old)
            guard_stacks(environment, ask.kind, ask.stacks)
            if StackKind.COMPUTE in (ask.stacks or TOUCHES[ask.kind]):
                lifetimes.begin(environment, policy, ask.goal.get("lifetime_days"), ask.start_at)
            return _open_change(actor, environment, blueprint, ask, old)
    except IntegrityError:
        return _lost_race(application, name, ask)
    except Refusal as refusal:
        return _first_click(ask, refusal)


def do_request(actor: Actor, environment: Environment, ask: Ask) -> Change:
    """Ask for any later change of an environment. Raises Refusal."""
    require_change_right(actor, environment)
    known = _same_click(ask)
    if known is not None:
        return known
    require_meant(ask, environment.name)
    if ask.kind in SAYS and not ask.goal.get(SAYS[ask.kind]):
        raise Refusal("It was not said what this is about. Ask for it on the environment's page.", "incomplete")
    blueprint = _blueprint(environment.application)
    policy = blueprint.stages[environment.stage]
    _check_start(ask, policy)
    _check_usage(ask)
    try:
        with transaction.atomic():
            old = lock_replaced(ask.replaces)
            locked = Environment.objects.select_for_update(no_key=True).get(pk=environment.pk)
            if old is not None:
                supersede(actor, old, locked, ask.kind)
            guard(locked, ask.kind)
            guard_stacks(locked, ask.kind, ask.stacks)
            if ask.kind == ChangeKind.WAKE:
                lifetimes.begin(locked, policy, None, ask.start_at)
            return _open_change(actor, locked, blueprint, ask, old)
    except IntegrityError:
        return _lost_race(environment.application, environment.name, ask)
    except Refusal as refusal:
        return _first_click(ask, refusal)


def require_meant(ask: Ask, name: str) -> None:
    """Refuse a change that leads to a loss without the environment's name, typed, or without a reason."""
    if ask.kind in NAME_TYPED and ask.confirm != name:
        raise Refusal(f"Type {name} to confirm.", "confirm", fields={"confirm": f"Type {name} here."})
    require_reason(ask.kind, ask.reason)


def _blueprint(application: str) -> Blueprint:
    blueprint = library().blueprints.get(application)
    if blueprint is None:
        raise Refusal(f"There is no application called {application}.", "no-application")
    return blueprint


def _same_click(ask: Ask) -> Change | None:
    return Change.objects.filter(request_key=ask.key).first() if ask.key else None


def _first_click(ask: Ask, refusal: Refusal) -> Change:
    """The first of two clicks may have committed while the second waited for the row: then its change is meant."""
    known = _same_click(ask)
    if known is None:
        raise refusal
    return known


def _lost_race(application: str, name: str, ask: Ask) -> Change:
    """Another request committed first: it is the same click, or somebody else's change is in the way."""
    known = _same_click(ask)
    if known is not None:
        return known
    environment = Environment.objects.filter(application=application, name=name).order_by("-changed_at").first()
    if environment is None:
        raise Refusal("Somebody else changed this at the same moment. Nothing was sent; try again.", "race")
    raise in_the_way(environment)


def _check_start(ask: Ask, policy: StagePolicy) -> None:
    """A start may be asked for where somebody decides first, and always in prod."""
    if ask.start_at is None:
        return
    if not may_start_later(policy, ask.kind, ask.goal):
        sentence = f"Nothing waits at {policy.stage}: send it when it should run."
        raise Refusal(sentence, "bad-start", fields={"start_at": sentence})
    require_start(ask.start_at)


def _check_usage(ask: Ask) -> None:
    """What is assumed about the use is kept with the change, and its plan is priced on it."""
    try:
        read_usage(ask.goal.get("usage"))
    except BadUsageError as wrong:
        fields = {f"usage-{key}": sentence for key, sentence in wrong.fields.items()}
        raise Refusal("Some assumptions cannot be used. Nothing was sent.", "bad-usage", fields=fields) from None


def _claimed_environment(actor: Actor, blueprint: Blueprint, name: str, stage: str, old: Change | None) -> Environment:
    account = Account.objects.order_by("pk").first()
    if account is None:
        raise Refusal("No AWS account is set up yet. Ask an admin.", "no-account")
    environment, made = Environment.objects.select_for_update(no_key=True).get_or_create(
        account=account,
        application=blueprint.slug,
        name=name,
        defaults={
            "stage": stage,
            "owner_id": actor.user_id,
            "status": EnvironmentStatus.REQUESTED,
            "changed_at": timezone.now(),
        },
    )
    if made:
        Stack.objects.bulk_create(
            Stack(environment=environment, kind=kind, name=blueprint.stacks[kind].stack_name(name))
            for kind in StackKind
        )
    if old is not None:
        supersede(actor, old, environment, ChangeKind.CREATE)
    if made:
        return environment
    require_change_right(actor, environment)
    guard(environment, ChangeKind.CREATE)
    if environment.status == EnvironmentStatus.REMOVED:
        environment.owner_id = actor.user_id
        environment.save(update_fields=["owner"])
    return environment


def _open_change(actor: Actor, environment: Environment, blueprint: Blueprint, ask: Ask, old: Change | None) -> Change:
    stacks = {StackKind(stack.kind): stack for stack in environment.stacks.select_related("template")}
    change = Change(
        request_key=ask.key,
        environment=environment,
        kind=ask.kind,
        status=ChangeStatus.PLANNING,
        requested_by_id=actor.user_id,
        requested_at=timezone.now(),
        reason=ask.reason,
        start_at=ask.start_at,
        supersedes=old,
        next_check_at=timezone.now(),
        goal={**ask.goal, "blueprint_version": blueprint.version},
    )
    operations: list[Operation] = []
    secrets: dict[StackKind, dict[str, str]] = {}
    wrong: dict[str, str] = {}
    for kind in ask.stacks or TOUCHES[ask.kind]:
        if ask.kind == ChangeKind.UPDATE and stack_status(stacks[kind].status).gone:
            continue
        operation = Operation(change=change, stack=stacks[kind])
        secrets[kind] = _fill(operation, environment, blueprint, ask, wrong)
        operations.append(operation)
    if wrong:
        raise Refusal("Some values cannot be used. Nothing was sent.", "bad-values", fields=wrong)
    # Kept for "same again": what this change sends, never what is hidden, unknown, or meant for another stack (P3).
    change.goal["values"] = {
        operation.stack.kind: {
            name: value
            for name, value in ask.values.get(operation.stack.kind, {}).items()
            if name in operation.parameters
        }
        for operation in operations
    }
    change.secrets = sealed({str(kind): values for kind, values in secrets.items()})
    change.save(force_insert=True)
    # A failed change that was not tried again is history now; its hidden values are not needed any more.
    failed = Change.objects.filter(environment=environment, status=ChangeStatus.FAILED)
    failed.exclude(kind__in=BESIDE_STACKS).update(secrets="")
    Operation.objects.bulk_create(operations)
    audit(
        actor,
        f"request_{ask.kind}",
        f"{ChangeKind(ask.kind).label} {environment}{', instead of another change' if old else ''}",
        environment=environment,
        change=change,
        reason=ask.reason,
        detail={"supersedes": str(old.pk)} if old else None,
    )
    ring(change.pk)
    return change


def _fill(
    operation: Operation, environment: Environment, blueprint: Blueprint, ask: Ask, wrong: dict[str, str]
) -> dict[str, str]:
    """Set the operation's template and parameters; returns the NoEcho values apart (P3), adds to `wrong`."""
    if ask.kind not in SENDS_TEMPLATES:
        return {}
    stack = operation.stack
    if ask.kind == ChangeKind.WAKE and stack.template is not None:
        operation.template, operation.parameters = stack.template, dict(stack.parameters)
        return {}
    template = blueprint.stacks[stack.kind].template
    operation.template, _ = Template.objects.get_or_create(digest=template.digest, defaults={"body": template.body})
    given = {name: value for name, value in ask.values.get(stack.kind, {}).items() if name in template.parameters}
    kept = {name: value for name, value in stack.parameters.items() if name in template.parameters}
    defaults = starting_values(blueprint, stack.kind, environment.stage)
    deployed = deployed_last(blueprint, environment) if stack.kind == StackKind.COMPUTE else {}
    if ask.kind == ChangeKind.UPDATE:
        wrong.update(_deployed_otherwise(stack, deployed, given))
        given, defaults = {**given, **deployed}, {**defaults, **kept}
    values = {**defaults, **deployed, **given}
    values.update(
        filled_values(
            blueprint,
            stack.kind,
            environment=environment.name,
            stage=environment.stage,
            owner=environment.owner.get_username(),
            environment_id=str(environment.pk),
        )
    )
    hidden = {name for name, parameter in template.parameters.items() if parameter.no_echo}
    if ask.kind == ChangeKind.UPDATE:
        # What we cannot read back and nobody typed again stays as it is (P2, P3).
        operation.keep = sorted(name for name in hidden if not values.get(name))
        values = {name: value for name, value in values.items() if name not in operation.keep}
    for name, sentence in validate_values(template, values).items():
        if name not in operation.keep:
            wrong[f"{stack.kind}.{name}"] = sentence
    operation.parameters = {name: value for name, value in values.items() if name not in hidden}
    return {name: value for name, value in values.items() if name in hidden}


def deployed_last(blueprint: Blueprint, environment: Environment | None) -> dict[str, str]:
    """What was deployed last to an environment that is there, by the parameter that holds it, also while its compute is
    not: no update goes back from it in silence, whatever an old form, an earlier change or a default says."""
    name = held_in(blueprint.deploy)
    if environment is None or not name:
        return {}
    stacks = {stack.kind: stack for stack in environment.stacks.all()}
    there = any(not stack_status(stack.status).gone for stack in stacks.values())
    compute = stacks.get(StackKind.COMPUTE)
    parameters = compute.parameters if there and compute is not None else {}
    return {name: parameters[name]} if name in parameters else {}


def _deployed_otherwise(stack: Stack, deployed: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    return {
        f"{stack.kind}.{name}": f"{value or 'Nothing'} is deployed here. To run another one, deploy it."
        for name, value in deployed.items()
        if given.get(name, value) != value
    }
