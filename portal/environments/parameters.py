"""The parameters of an environment's stacks, as the settings page shows them."""

from collections.abc import Mapping
from dataclasses import dataclass

from provisioning.blueprints.model import Blueprint, ParameterHelp
from provisioning.lifecycle import StackKind, stack_status
from provisioning.models import Stack


@dataclass(frozen=True)
class ParameterLine:
    """One parameter of a stack: what people call it, its name, its value (None: never shown), who gives it."""

    label: str
    name: str
    value: str | None
    note: str


@dataclass(frozen=True)
class StackParameters:
    """The parameters of one stack as it runs, or as it last ran."""

    title: str
    name: str
    protected: bool
    there: bool
    lines: tuple[ParameterLine, ...]


def stack_parameters(stack: Stack, blueprint: Blueprint | None) -> StackParameters:
    """The parameters of one stack, those that Stackyard fills in last. Hidden values have only a name."""
    helps = _helps(blueprint, stack.kind)
    filled = blueprint.stacks[stack.kind].filled if blueprint else {}
    known = blueprint.stacks[stack.kind].template.parameters if blueprint else {}
    hidden = [name for name, one in known.items() if one.no_echo] if stack.parameters else []
    lines = [
        ParameterLine(
            label=helps[name].label if name in helps else name,
            name=name,
            value=str(value) + (f" {helps[name].unit}" if name in helps and helps[name].unit else ""),
            note="filled in by Stackyard" if name in filled else "",
        )
        for name, value in stack.parameters.items()
    ]
    lines += [ParameterLine(helps[name].label if name in helps else name, name, None, "never shown") for name in hidden]
    return StackParameters(
        title=StackKind(stack.kind).label,
        name=stack.name,
        protected=stack.termination_protection,
        there=not stack_status(stack.status).gone,
        lines=tuple(sorted(lines, key=lambda line: (bool(line.note), line.label))),
    )


def _helps(blueprint: Blueprint | None, kind: str) -> Mapping[str, ParameterHelp]:
    groups = blueprint.groups if blueprint else ()
    return {one.name: one for group in groups for one in group.parameters if one.stack == kind}
