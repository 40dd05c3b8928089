"""What a plan for staging or prod would make otherwise than the same application is at the stage below."""

from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from provisioning.blueprints.loader import library
from provisioning.blueprints.model import STAGES
from provisioning.lifecycle import EnvironmentStatus, stack_status
from provisioning.models import Environment, Operation, Stack


def difference(environment: Environment, operations: Iterable[Operation]) -> dict[str, Any] | None:
    """The stage below: {environment, there, ready_for_days, stacks: [{kind, same_template, parameters}]}.

    None at the lowest stage, and for plans that send no template. Parameters that Stackyard fills, which differ by
    nature, and hidden ones, which it cannot read, are left out. `ready_for_days` is None unless it is ready.
    """
    at = STAGES.index(environment.stage)
    # The last part of a stack's work is the one that stays.
    sent = {operation.stack.kind: operation for operation in operations if operation.template_id}
    if at == 0 or not sent:
        return None
    name = STAGES[at - 1]
    below = _below(environment, name)
    if below is None:
        return {"environment": name, "there": False, "ready_for_days": None, "stacks": []}
    ready = below.status == EnvironmentStatus.READY
    stacks = {stack.kind: stack for stack in below.stacks.all()}
    return {
        "environment": name,
        "there": True,
        "ready_for_days": (timezone.now() - below.changed_at).days if ready else None,
        "stacks": [
            _stack(environment.application, operation, stacks[kind])
            for kind, operation in sorted(sent.items(), reverse=True)
            if kind in stacks and stack_status(stacks[kind].status).live
        ],
    }


def _below(environment: Environment, name: str) -> Environment | None:
    """The environment of that name, in whichever account it is; the same account's first."""
    found = Environment.objects.filter(application=environment.application, name=name, stage=name)
    there = found.exclude(status__in=[EnvironmentStatus.REMOVED, EnvironmentStatus.REQUESTED])
    return min(there, key=lambda one: (one.account_id != environment.account_id, one.pk), default=None)


def _stack(application: str, operation: Operation, there: Stack) -> dict[str, Any]:
    blueprint = library().blueprints.get(application)
    filled = set(blueprint.stacks[there.kind].filled) if blueprint else set()
    names = sorted((operation.parameters.keys() | there.parameters.keys()) - filled)
    return {
        "kind": there.kind,
        "same_template": operation.template_id == there.template_id,
        "parameters": [
            {"name": name, "here": operation.parameters.get(name), "there": there.parameters.get(name)}
            for name in names
            if operation.parameters.get(name) != there.parameters.get(name)
        ],
    }
