"""The receipt of a deletion of data: every physical id with what became of it, readable and kept for ever."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.changes.impact import moment
from portal.changes.states import State, short_type

_OUTCOMES = {
    "deleted": State("Deleted", "bad"),
    "kept": State("Kept", "good"),
    "skipped": State("Skipped", "attention"),
}


@dataclass(frozen=True)
class TableReceipt:
    """One table and its backup; `items` and `bytes` as they were before."""

    name: str
    arn: str
    items: int | None
    bytes: int | None
    backup_arn: str
    earlier_backups: tuple[str, ...]
    outcome: State
    reason: str


@dataclass(frozen=True)
class ResourceReceipt:
    """Any other resource of the stack."""

    name: str
    physical_id: str
    type: str
    outcome: State
    reason: str


@dataclass(frozen=True)
class Receipt:
    """Who deleted what, with whose approval, why and when. `ended` is None while something is still to be deleted."""

    who: str
    approved_by: tuple[str, ...]
    why: str
    at: datetime | None
    ended: datetime | None
    tables: tuple[TableReceipt, ...]
    resources: tuple[ResourceReceipt, ...]


def receipt_view(found: Mapping[str, Any] | None) -> Receipt | None:
    """The receipt as far as it goes; None for a change that has none. It grows while data is being deleted."""
    if not found:
        return None
    return Receipt(
        who=found.get("who") or "",
        approved_by=tuple(found.get("approved_by") or ()),
        why=found.get("why") or "",
        at=moment(found.get("at")),
        ended=moment(found.get("ended_at")),
        tables=tuple(_table(one) for one in found.get("tables") or ()),
        resources=tuple(_resource(one) for one in (*_stack(found), *(found.get("resources") or ()))),
    )


def _stack(found: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """The stack itself, as one more thing that has an id and an outcome."""
    stack = found.get("stack") or {}
    if not stack:
        return ()
    row = {"logical_id": stack.get("name"), "physical_id": stack.get("stack_id"), "type": "AWS::CloudFormation::Stack"}
    return ({**row, "outcome": stack.get("outcome"), "reason": stack.get("reason")},)


def _table(one: Mapping[str, Any]) -> TableReceipt:
    return TableReceipt(
        name=one["name"],
        arn=one.get("arn") or "",
        items=one.get("items"),
        bytes=one.get("bytes"),
        backup_arn=one.get("backup_arn") or "",
        earlier_backups=tuple(one.get("earlier_backups") or ()),
        outcome=_outcome(one.get("outcome")),
        reason=one.get("reason") or "",
    )


def _resource(one: Mapping[str, Any]) -> ResourceReceipt:
    return ResourceReceipt(
        name=one.get("logical_id") or "",
        physical_id=one.get("physical_id") or "",
        type=short_type(one.get("type") or ""),
        outcome=_outcome(one.get("outcome")),
        reason=one.get("reason") or "",
    )


def _outcome(word: str | None) -> State:
    """What became of it; nothing yet while the deletion is under way."""
    return _OUTCOMES.get(word or "") or State((word or "not yet").capitalize(), "quiet")
