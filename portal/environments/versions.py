"""Which version of its blueprint an environment runs, and whether the library has a newer one."""

from collections.abc import Iterable

from provisioning.blueprints.model import Blueprint
from provisioning.lifecycle import stack_status
from provisioning.models import Stack


def newer_version(stacks: Iterable[Stack], blueprint: Blueprint | None) -> str:
    """What the library has that these stacks do not run yet, in words; "" when they are up to date."""
    there = [stack for stack in stacks if not stack_status(stack.status).gone and stack.template_id]
    if blueprint is None or not there:
        return ""
    if any(stack.blueprint_version and stack.blueprint_version != blueprint.version for stack in there):
        return f"Version {blueprint.version}"
    if any(stack.template_id != blueprint.stacks[stack.kind].template.digest for stack in there):
        return "Changed template"
    return ""
