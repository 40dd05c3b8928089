"""What a change set would do to each resource, and two readings of it made one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

# From harmless to harmful: where two readings differ, the harmful one is shown (C8).
ACTIONS = ("", "SyncWithActual", "Import", "Add", "Modify", "Dynamic", "Remove")
REPLACEMENTS = ("", "False", "Conditional", "True")
POLICY_ACTIONS = (
    "",
    "Retain",
    "Snapshot",
    "ReplaceAndRetain",
    "ReplaceAndSnapshot",
    "ReplaceAndDelete",
    "Delete",
)


@dataclass(frozen=True)
class PropertyChange:
    """A property that changes. `before` and `after` are AWS's text, None where AWS gives none.

    `path` is a JSON pointer such as /Properties/BillingMode when values were read, else the property's name.
    """

    path: str
    attribute: str
    before: str | None
    after: str | None
    requires_recreation: str
    evaluation: str
    cause: str
    name: str = ""


@dataclass(frozen=True)
class ResourceChange:
    """What happens to one resource, in AWS's words (C8).

    `before_context` and `after_context` are the whole resource as JSON, empty where AWS gives none; `drift_status`
    is there in a change set that reverts drift (C13).
    """

    logical_id: str
    physical_id: str
    type: str
    action: str
    replacement: str
    policy_action: str
    scope: tuple[str, ...]
    details: tuple[PropertyChange, ...]
    before_context: str = ""
    after_context: str = ""
    drift_status: str = ""


def read_changes(changes: Iterable[Mapping[str, Any]]) -> tuple[ResourceChange, ...]:
    """The resource changes in an answer of DescribeChangeSet."""
    return tuple(_resource(change["ResourceChange"]) for change in changes if "ResourceChange" in change)


def united(*readings: Sequence[ResourceChange]) -> tuple[ResourceChange, ...]:
    """Readings of one change set as one, in order of first appearance, dropping nothing (C8-C10)."""
    found: dict[str, ResourceChange] = {}
    for change in (change for reading in readings for change in reading):
        known = found.get(change.logical_id)
        found[change.logical_id] = _both(known, change) if known else change
    return tuple(found.values())


def _both(one: ResourceChange, other: ResourceChange) -> ResourceChange:
    return replace(
        one,
        physical_id=one.physical_id or other.physical_id,
        action=_worse(one.action, other.action, ACTIONS),
        replacement=_worse(one.replacement, other.replacement, REPLACEMENTS),
        policy_action=_worse(one.policy_action, other.policy_action, POLICY_ACTIONS),
        scope=tuple(dict.fromkeys(one.scope + other.scope)),
        details=_details(one.details, other.details),
        before_context=one.before_context or other.before_context,
        after_context=one.after_context or other.after_context,
        drift_status=one.drift_status or other.drift_status,
    )


def _details(one: tuple[PropertyChange, ...], other: tuple[PropertyChange, ...]) -> tuple[PropertyChange, ...]:
    """The details of one, and those of the other that tell of a property, recreation or evaluation it lacks.

    Causes are left out of the comparison: a plain reading names each property once per cause, and the cause
    alone does not change what happens.
    """
    known = {_told(detail) for detail in one}
    return one + tuple(detail for detail in dict.fromkeys(other) if _told(detail) not in known)


def _told(detail: PropertyChange) -> tuple[str, str, str, str]:
    return detail.attribute, detail.name, detail.requires_recreation, detail.evaluation


def _worse(one: str, other: str, order: Sequence[str]) -> str:
    """The more harmful word; a word AWS added since counts as the most harmful."""
    return max(one, other, key=lambda word: order.index(word) if word in order else len(order))


def _resource(found: Mapping[str, Any]) -> ResourceChange:
    return ResourceChange(
        logical_id=found.get("LogicalResourceId", ""),
        physical_id=found.get("PhysicalResourceId", ""),
        type=found.get("ResourceType", ""),
        action=found.get("Action", ""),
        replacement=found.get("Replacement", ""),
        policy_action=found.get("PolicyAction", ""),
        scope=tuple(found.get("Scope", [])),
        details=tuple(_property(detail) for detail in found.get("Details", [])),
        before_context=found.get("BeforeContext", ""),
        after_context=found.get("AfterContext", ""),
        drift_status=found.get("ResourceDriftStatus", ""),
    )


def _property(found: Mapping[str, Any]) -> PropertyChange:
    target = found.get("Target", {})
    return PropertyChange(
        path=target.get("Path") or target.get("Name", ""),
        attribute=target.get("Attribute", ""),
        before=target.get("BeforeValue"),
        after=target.get("AfterValue"),
        requires_recreation=target.get("RequiresRecreation", ""),
        evaluation=found.get("Evaluation", ""),
        cause=" ".join(filter(None, (found.get("ChangeSource", ""), found.get("CausingEntity", "")))),
        name=target.get("Name", ""),
    )
