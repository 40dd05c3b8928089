"""Adopting stacks that were made outside Stackyard, and giving kept tables their environment back."""

from dataclasses import dataclass, replace

from django.db import transaction
from django.utils import timezone

from provisioning.actions.actor import Actor, audit, is_personal, require_change_right
from provisioning.actions.naming import stage_of
from provisioning.actions.order import why_not_now
from provisioning.actions.refusals import Refusal
from provisioning.actions.requesting import Ask, do_request, require_meant
from provisioning.blueprints.loader import library
from provisioning.blueprints.model import Blueprint, StagePolicy
from provisioning.lifecycle import ChangeKind, EnvironmentStatus, StackKind, set_environment_status, stack_status
from provisioning.models import Account, Change, Environment, FoundStack, Stack

OURS = "EnvironmentId"  # the tag of what a Stackyard made, this one or another


def do_request_adopt(actor: Actor, application: str, name: str, ask: Ask) -> Change:
    """Adopt the hand-made stacks of that application and name. Returns the change; the same one again for a second
    click. Its environment is the actor's where there was none. Raises Refusal."""
    require_change_right(actor)
    known = Change.objects.filter(request_key=ask.key).first() if ask.key else None
    if known is not None:
        return known
    pair = next(iter(found_pairs(application, name)), None)
    if pair is None:
        raise Refusal(f"No stack of {application}/{name} was found that could be adopted.", "nothing-found")
    why = _never(pair.application, pair.name, pair.stacks)
    if why:
        raise Refusal(why, "cannot-adopt")
    with transaction.atomic():
        environment = _claimed(actor, application, name)
        if environment.status == EnvironmentStatus.REMOVED:
            environment.owner_id = actor.user_id
            environment.save(update_fields=["owner"])
            set_environment_status(environment, EnvironmentStatus.REQUESTED)
        return do_request(actor, environment, replace(ask, kind=ChangeKind.ADOPT))


def do_claim_environment(actor: Actor, application: str, name: str) -> Environment:
    """The environment that kept tables belong to, as a row without stacks when it was forgotten or never known, so
    that its pages exist. Raises Refusal."""
    require_change_right(actor)
    with transaction.atomic():
        return _claimed(actor, application, name)


def do_request_kept_deletion(actor: Actor, application: str, name: str, ask: Ask) -> Change:
    """Ask for the deletion of the kept tables of that application and environment, after a backup of each: the deletion
    of its data, of which a stack is no part any more. The environment is in the list from then on, so that the
    protection of tables that nobody knew can be switched off. Raises Refusal."""
    require_change_right(actor)
    known = Change.objects.filter(request_key=ask.key).first() if ask.key else None
    if known is not None:
        return known
    meant = replace(ask, kind=ChangeKind.DELETE_DATA)
    require_meant(meant, name)
    environment = do_claim_environment(actor, application, name)
    stack = environment.stacks.get(kind=StackKind.DATA)
    if not stack_status(stack.status).gone:
        sentence = f"{environment} has a data stack. Its data is deleted as that of the whole environment."
        raise Refusal(sentence, "has-stack")
    return do_request(actor, environment, meant)


@dataclass(frozen=True)
class Pair:
    """The hand-made stacks of one application and environment, one or two, the data stack first. `environment` is
    the row of that name, if there is one; `why_not` says why nobody can adopt them now, empty when it is possible."""

    application: str
    name: str
    stacks: tuple[FoundStack, ...]
    environment: Environment | None
    why_not: str


def found_pairs(application: str = "", name: str = "") -> tuple[Pair, ...]:
    """The hand-made stacks as last listed: all, or those of one application and environment. What carries the mark
    of another Stackyard is not one."""
    stacks = FoundStack.objects.order_by("application", "environment_name", "-kind")
    if name:
        stacks = stacks.filter(application=application, environment_name=name)
    found: dict[tuple[str, str], list[FoundStack]] = {}
    for stack in stacks:
        if OURS not in stack.tags:
            found.setdefault((stack.application, stack.environment_name), []).append(stack)
    rows = Environment.objects.select_related("owner").filter(name__in={name for _, name in found})
    known = {(row.application, row.name): row for row in rows}
    return tuple(_pair(*key, tuple(stacks), known.get(key)) for key, stacks in found.items())


def _pair(application: str, name: str, stacks: tuple[FoundStack, ...], environment: Environment | None) -> Pair:
    why_not = _never(application, name, stacks)
    if not why_not and environment is not None:
        why_not = why_not_now(environment, ChangeKind.ADOPT)
    return Pair(application, name, stacks, environment, why_not)


def _never(application: str, name: str, stacks: tuple[FoundStack, ...]) -> str:
    """Why these stacks cannot be adopted, whatever else is going on; empty when they can."""
    if StackKind.DATA not in {stack.kind for stack in stacks}:
        return "There is no data stack beside it. Compute uses what a data stack exports, so it is not adopted alone."
    try:
        _policy(application, name)
    except Refusal as refusal:
        return refusal.sentence
    return ""


def _claimed(actor: Actor, application: str, name: str) -> Environment:
    blueprint, policy = _policy(application, name)
    account = Account.objects.order_by("pk").first()
    if account is None:
        raise Refusal("No AWS account is set up yet. Ask an admin.", "no-account")
    environment, made = Environment.objects.select_for_update().get_or_create(
        account=account,
        application=application,
        name=name,
        defaults={
            "stage": policy.stage,
            "owner_id": actor.user_id,
            "status": EnvironmentStatus.REMOVED,
            "changed_at": timezone.now(),
        },
    )
    if not made:
        require_change_right(actor, environment)
        return environment
    Stack.objects.bulk_create(
        Stack(environment=environment, kind=kind, name=blueprint.stacks[kind].stack_name(name)) for kind in StackKind
    )
    audit(actor, "claim_environment", f"Took {environment} into the list", environment=environment)
    return environment


def _policy(application: str, name: str) -> tuple[Blueprint, StagePolicy]:
    """The blueprint and the policy of the stage. Raises Refusal where there is no such environment to be."""
    blueprint = library().blueprints.get(application)
    if blueprint is None:
        raise Refusal(f"There is no application called {application}.", "no-application")
    policy = blueprint.stages.get(stage_of(name))
    if policy is None:
        raise Refusal(f"{blueprint.title} has no stage {stage_of(name)}.", "no-stage")
    if is_personal(name) and not policy.personal:
        raise Refusal(f"{blueprint.title} has no personal environments.", "bad-name")
    return blueprint, policy
