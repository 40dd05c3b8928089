"""A stack that somebody made elsewhere, beside what the blueprint would make: the rows and findings of its adoption.

Nothing is altered by an adoption. What differs is what the next update would alter, or would be refused for.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from provisioning.aws.cloudformation import StackResource
from provisioning.blueprints.shapes import ResolvedResource
from provisioning.planning.changes import DATA_TYPES, between
from provisioning.planning.findings import Finding
from provisioning.planning.guard import KEEPING, dangers

_NAMED = 4  # resources that a sentence names before it counts the others


def taken_over(
    resources: Iterable[StackResource], live: Iterable[ResolvedResource], wanted: Iterable[ResolvedResource]
) -> list[dict[str, Any]]:
    """A row for every resource of the stack, taken over as it is. Its details are where the blueprint differs, apart
    from tags: everything that was made elsewhere lacks ours."""
    differing = {
        row["logical_id"]: [detail for detail in row["details"] if not _is_of_tags(detail)]
        for row in between(live, wanted)
        if row["action"] == "Modify"
    }
    return [
        {
            "logical_id": resource.logical_id,
            "physical_id": resource.physical_id,
            "name": resource.physical_id or resource.logical_id,
            "type": resource.type,
            "action": "Import",
            "replacement": "",
            "policy_action": "",
            "details": differing.get(resource.logical_id, []),
        }
        for resource in sorted(resources, key=lambda one: one.logical_id)
        if not resource.status.startswith("DELETE_")
    ]


def compared(
    stack_name: str, live: Sequence[ResolvedResource], wanted: Sequence[ResolvedResource]
) -> tuple[Finding, ...]:
    """What an approver should know: how the stack differs from its blueprint, and which of its data is in danger."""
    rows = between(live, wanted)
    return (
        *_sums(stack_name, rows),
        *_not_kept(stack_name, live),
        *_refused(stack_name, live, wanted),
    )


def _sums(stack_name: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    added, removed = (_names(rows, action) for action in ("Add", "Remove"))
    changed = [
        row["logical_id"] for row in rows if row["action"] == "Modify" and not all(map(_is_of_tags, row["details"]))
    ]
    tagged = [row for row in rows if any(map(_is_of_tags, row["details"]))]
    if not changed and not added and not removed:
        yield Finding("info", stack_name, f"{stack_name} is as its blueprint would make it, tags aside.")
    if tagged:
        yield Finding("info", stack_name, "The next update would give its resources the tags of the blueprint.")
    if changed:
        yield Finding(
            "info",
            stack_name,
            f"{_count(changed)} differ{'s' if len(changed) == 1 else ''} from the blueprint: {_listed(changed)}."
            " Nothing of it is changed now; the next update would.",
        )
    if added:
        yield Finding(
            "info",
            stack_name,
            f"The blueprint has {_listed(added)}, the stack has not: the next update would add it.",
        )
    if removed:
        yield Finding(
            "warning",
            stack_name,
            f"The stack has {_listed(removed)}, the blueprint has not: the next update would remove it.",
            "Put it into the blueprint first if it is needed.",
        )


def _not_kept(stack_name: str, live: Iterable[ResolvedResource]) -> Iterator[Finding]:
    """R1: without Retain a table goes with its stack."""
    loose = [one for one in live if one.type in DATA_TYPES and one.deletion_policy not in KEEPING]
    if loose:
        yield Finding(
            "warning",
            stack_name,
            f"The template of {stack_name} does not keep {_listed([_called(one) for one in loose])} when the stack is"
            " deleted.",
            "Update the environment soon after its adoption: the blueprint keeps its tables.",
        )


def _refused(
    stack_name: str, live: Iterable[ResolvedResource], wanted: Iterable[ResolvedResource]
) -> Iterator[Finding]:
    """Where an update would delete, replace or leave behind data, so that the data guard would refuse it."""
    for danger in dangers((), live, wanted):
        yield Finding(
            "warning",
            stack_name,
            f"The next update would be refused: {danger.sentence}",
            f"Before that update: {danger.fix[:1].lower()}{danger.fix[1:]}",
        )


def _is_of_tags(detail: Mapping[str, Any]) -> bool:
    return detail["path"].rpartition("/")[2] in {"Tags", "TagSpecifications"}


def _called(resource: ResolvedResource) -> str:
    name = resource.properties.get("TableName")
    return name if isinstance(name, str) else resource.logical_id


def _names(rows: Iterable[Mapping[str, Any]], action: str) -> list[str]:
    return [row["logical_id"] for row in rows if row["action"] == action]


def _count(names: Sequence[str]) -> str:
    return f"{len(names)} resource{'' if len(names) == 1 else 's'}"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    more = len(names) - _NAMED
    return f"{shown} and {more} more" if more > 0 else shown
