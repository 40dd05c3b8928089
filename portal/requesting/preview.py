"""What an update will change, from the two templates and the values as typed: shown before it is sent."""

from collections.abc import Mapping
from dataclasses import dataclass

from portal.changes.plans import PlannedResource, planned_resource
from provisioning.blueprints.model import Blueprint
from provisioning.blueprints.promises import starting_values
from provisioning.blueprints.resolving import resolve
from provisioning.blueprints.shapes import Pseudo, ResolvedResource, TemplateError
from provisioning.blueprints.template import parse
from provisioning.lifecycle import StackKind, stack_status
from provisioning.models import Environment, Stack
from provisioning.planning.changes import between


@dataclass(frozen=True)
class StackPreview:
    """The resources of one stack that will change."""

    label: str
    resources: tuple[PlannedResource, ...]


@dataclass(frozen=True)
class Preview:
    """What will change, by stack; `problem` says why that cannot be told yet."""

    stacks: tuple[StackPreview, ...] = ()
    problem: str = ""


def preview_of(blueprint: Blueprint, environment: Environment, values: Mapping[str, Mapping[str, str]]) -> Preview:
    """Compare what each living stack was made from with what would be sent now."""
    found = []
    for stack in environment.stacks.select_related("template").order_by("-kind"):
        if stack.template is None or stack_status(stack.status).gone:
            continue
        try:
            rows = between(_now(stack, environment), _then(blueprint, stack, environment, values.get(stack.kind, {})))
        except TemplateError:
            return Preview(problem="What will change is shown as soon as every value fits.")
        if rows:
            found.append(StackPreview(StackKind(stack.kind).label, tuple(planned_resource(row) for row in rows)))
    return Preview(tuple(found))


def _now(stack: Stack, environment: Environment) -> tuple[ResolvedResource, ...]:
    template = parse(stack.template.body if stack.template else "")
    return resolve(template, stack.parameters, pseudo=_pseudo(stack, environment)).resources


def _then(
    blueprint: Blueprint, stack: Stack, environment: Environment, typed: Mapping[str, str]
) -> tuple[ResolvedResource, ...]:
    template = blueprint.stacks[stack.kind].template
    values = {**starting_values(blueprint, stack.kind, environment.stage), **stack.parameters, **typed}
    known = {name: value for name, value in values.items() if name in template.parameters}
    return resolve(template, known, pseudo=_pseudo(stack, environment)).resources


def _pseudo(stack: Stack, environment: Environment) -> Pseudo:
    return Pseudo(environment.account.region, environment.account.account_id, stack.name)
