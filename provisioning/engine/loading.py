"""From a claimed change to the work around it."""

from provisioning.blueprints.loader import library
from provisioning.engine.outcome import Problem
from provisioning.engine.reaching import AwsFor, reach
from provisioning.engine.work import Work
from provisioning.lifecycle import StackKind
from provisioning.models import Change, Operation


class NoBlueprintError(Exception):
    """The application of a change is no longer in the library."""

    def __init__(self, application: str) -> None:
        super().__init__(application)
        self.problem = Problem(
            f"The blueprint of {application} cannot be read any more.",
            "an administrator",
            "Mend or restore it (see the catalogue's problems), then retry.",
            code="no-blueprint",
        )


def work_for(change: Change, aws_for: AwsFor) -> Work:
    """Everything a step needs. Raises NoBlueprintError."""
    environment = change.environment
    blueprint = library().blueprints.get(environment.application)
    if blueprint is None:
        raise NoBlueprintError(environment.application)
    stacks = {StackKind(stack.kind): stack for stack in environment.stacks.select_related("template")}
    parts: dict[StackKind, list[Operation]] = {}
    for operation in change.operations.select_related("stack", "template").order_by("-stack__kind", "part"):
        kind = StackKind(operation.stack.kind)
        operation.change, operation.stack = change, stacks[kind]
        parts.setdefault(kind, []).append(operation)
    return Work(change, blueprint, parts, stacks, reach(environment.account, aws_for))
