"""Outputs and exports of stacks, and who imports them (X1, X2)."""

from provisioning.blueprints.shapes import Resolved

from .naming import parsed
from .world import Stack, World


def importers(world: World, export: str) -> list[str]:
    """Names of the stacks that import an export."""
    return sorted(world.stacks[stack_id].name for stack_id in world.importers.get(export, ()))


def publish(world: World, stack: Stack, wanted: Resolved) -> str:
    """Outputs and exports as wanted. Returns why not, when an export is taken or still imported."""
    new = {one.export: str(one.value) for one in wanted.outputs if one.export}
    own = {name for name, (owner, _) in world.exports.items() if owner == stack.stack_id}
    problem = _in_the_way(world, stack, new, own - new.keys())
    if problem:
        return problem
    for name in own - new.keys():
        del world.exports[name]
    for name, value in new.items():
        world.exports[name] = (stack.stack_id, value)
    described = parsed(stack.body).outputs
    stack.outputs = [
        {
            "OutputKey": one.name,
            "OutputValue": str(one.value),
            "Description": str(described[one.name].get("Description", "")),
            **({"ExportName": one.export} if one.export else {}),
        }
        for one in wanted.outputs
    ]
    return ""


def unpublish(world: World, stack: Stack) -> None:
    """Nothing of the stack is exported, and it imports nothing."""
    for output in stack.outputs:
        if world.exports.get(output.get("ExportName", ""), ("", ""))[0] == stack.stack_id:
            del world.exports[output["ExportName"]]
    for name in stack.imports:
        world.importers[name].discard(stack.stack_id)


def _in_the_way(world: World, stack: Stack, new: dict[str, str], gone: set[str]) -> str:
    for name, value in new.items():
        owner, there = world.exports.get(name, (stack.stack_id, value))
        if owner != stack.stack_id:
            return f"Export with name {name} is already exported by stack {owner}."
        if there != value and importers(world, name):
            return f"Export {name} cannot be updated as it is in use by {', '.join(importers(world, name))}."
    for name in sorted(gone):
        if importers(world, name):
            return f"Export {name} cannot be deleted as it is in use by {', '.join(importers(world, name))}."
    return ""
