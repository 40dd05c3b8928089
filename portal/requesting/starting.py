"""What a request form begins with: a free name, the stage's values, what was used last, or an earlier change."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Case, When

from portal.requesting.layout import Layout
from portal.requesting.naming import name_and_stage
from portal.requesting.reading import living_stacks
from provisioning.actions.naming import LONGEST
from provisioning.actions.order import why_not_instead, why_not_now
from provisioning.actions.requesting import deployed_last
from provisioning.blueprints.artifacts import held_in
from provisioning.blueprints.model import Blueprint
from provisioning.blueprints.promises import starting_values
from provisioning.lifecycle import ChangeKind, EnvironmentStatus, StackKind
from provisioning.models import Account, Change, Environment, Stack

DEFAULT_NAME = "dev"


@dataclass(frozen=True)
class Start:
    """The first filling of a form. `source` is the change that it repeats."""

    name: str
    stage: str
    values: dict[str, dict[str, str]]
    reason: str = ""
    source: Change | None = None


def start_of_create(
    blueprint: Blueprint,
    layout: Layout,
    account: Account,
    *,
    username: str,
    name: str,
    source: Change | None,
    replaces: str = "",
) -> Start:
    """What the form of a new environment begins with; a `source` gives its values and, if it is free, its name. It
    is free for what is sent instead of the source, too: `replaces` is that change's id."""
    name = name or (_name_of(source, replaces) if source else "") or free_name(blueprint, account, username)
    stage = name_and_stage(blueprint, name)[1]
    values = {kind: starting_values(blueprint, kind, stage) for kind in StackKind}
    stack = _newest_compute(blueprint, account, name)
    earlier = _of_change(source) if source else _used_last(layout, stack)
    for kind, given in earlier.items():
        values[StackKind(kind)] |= _usable(blueprint, kind, given)
    if stack is not None and stack.environment.name == name:
        values[StackKind.COMPUTE] |= deployed_last(blueprint, stack.environment)
    return Start(
        name=name,
        stage=stage,
        values={str(kind): given for kind, given in values.items()},
        reason=source.reason if source else "",
        source=source,
    )


def stage_names(blueprint: Blueprint, account: Account, username: str) -> dict[str, str]:
    """The name that a click on each stage begins with."""
    return {stage: free_name(blueprint, account, username) if stage == "dev" else stage for stage in blueprint.stages}


def start_of_update(
    blueprint: Blueprint, environment: Environment, source: Change | None = None
) -> dict[str, dict[str, str]]:
    """The values that an environment's stacks have now, over what the stage starts with; a `source` puts those that
    it sent over them."""
    sent = _of_change(source) if source else {}
    return {
        kind: {
            **starting_values(blueprint, kind, environment.stage),
            **stack.parameters,
            **_usable(blueprint, kind, sent.get(kind, {})),
        }
        for kind, stack in living_stacks(environment).items()
    }


def values_to_repeat(blueprint: Blueprint, change: Change) -> dict[str, dict[str, str]]:
    """The values that a change sent, as another one may send them again: none that is hidden, filled in, or known no
    more. What was deployed is left to deploying where the change is an update."""
    deployed = held_in(blueprint.deploy) if change.kind == ChangeKind.UPDATE else ""
    return {
        kind: {key: value for key, value in _usable(blueprint, kind, given).items() if key != deployed}
        for kind, given in _of_change(change).items()
    }


def _usable(blueprint: Blueprint, kind: str, given: Mapping[str, str]) -> dict[str, str]:
    """What of earlier values a person may give again."""
    known = blueprint.stacks[kind]
    return {key: value for key, value in given.items() if key in known.template.parameters and key not in known.filled}


def free_name(blueprint: Blueprint, account: Account, username: str) -> str:
    """`dev` for the first environment of an application, then one of the person's own, counted up if need be."""
    taken = set(
        Environment.objects.filter(account=account, application=blueprint.slug)
        .exclude(status=EnvironmentStatus.REMOVED)
        .values_list("name", flat=True)
    )
    policy = blueprint.stages.get(DEFAULT_NAME)
    if policy is None:
        return next((stage for stage in blueprint.stages if stage not in taken), "")
    if DEFAULT_NAME not in taken or not policy.personal:
        return DEFAULT_NAME
    word = re.sub(r"[^a-z0-9]+", "-", username.lower()).strip("-")[: LONGEST - 8].strip("-") or "mine"
    own = f"{DEFAULT_NAME}-{word}"
    return next(name for name in (own, *(f"{own}-{count}" for count in range(2, 1000))) if name not in taken)


def _name_of(change: Change, replaces: str) -> str:
    """The name of the change's environment, if it can be created again."""
    why_not = why_not_instead if replaces == str(change.pk) else why_not_now
    return "" if why_not(change.environment, ChangeKind.CREATE) else change.environment.name


def _of_change(change: Change) -> dict[str, dict[str, str]]:
    """The parameters that a change sent, without the secret ones, which are not kept."""
    given: dict[str, dict[str, str]] = {
        kind: dict(values) for kind, values in change.goal.get("values", {}).items() if kind in StackKind.values
    }
    for operation in change.operations.select_related("stack"):
        given[operation.stack.kind] = {**given.get(operation.stack.kind, {}), **operation.parameters}
    return given


def _newest_compute(blueprint: Blueprint, account: Account, name: str) -> Stack | None:
    """The compute stack of the environment of that name, or else of the application's newest one."""
    stacks = Stack.objects.filter(
        environment__account=account,
        environment__application=blueprint.slug,
        kind=StackKind.COMPUTE,
        template__isnull=False,
    )
    own = Case(When(environment__name=name, then=0), default=1)
    return stacks.select_related("environment").order_by(own, "-environment__changed_at").first()


def _used_last(layout: Layout, stack: Stack | None) -> dict[str, dict[str, str]]:
    """The network, key pair and image of an earlier environment: teams tend to share them."""
    live = {(one.stack, one.parameter.name) for one in layout.settings if one.choices_from}
    if stack is None:
        return {}
    return {stack.kind: {key: value for key, value in stack.parameters.items() if (stack.kind, key) in live}}
