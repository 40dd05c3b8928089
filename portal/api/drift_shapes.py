"""Drift as it is told."""

import uuid
from datetime import datetime

from ninja import Schema

from portal.drift.reading import DriftPage, PropertyDrift, ResourceDrift, StackDrift, split_pick
from provisioning.lifecycle import DriftStatus, StackKind


class DriftedProperty(Schema):
    """One property that was added, removed or changed: what the template says (`expected`) and what AWS has (`actual`),
    as texts; empty for what is not there."""

    path: str
    kind: str
    expected: str
    actual: str


class Drifted(Schema):
    """One resource. `open` is what differs, `accepted` what differs and was accepted, by that change; `why_not_accept`
    says why nothing of it can be."""

    logical_id: str
    type: str
    physical_id: str
    status: DriftStatus
    open: list[DriftedProperty]
    accepted: list[DriftedProperty]
    accepted_by: uuid.UUID | None
    why_not_accept: str


class DriftedStack(Schema):
    """One stack as of its last check, `seen_at`, which `asked_by` wanted, null for the nightly one. `problem` is why
    that did not end; `skipped` are resources that a roll-back left as they were."""

    kind: StackKind
    name: str
    there: bool
    status: DriftStatus
    differs: bool
    checking: bool
    seen_at: datetime | None
    asked_by: str | None
    problem: str
    skipped: list[str]
    resources: list[Drifted]
    why_not_detect: str
    why_not_repair: str


class Drift(Schema):
    """Both stacks. `differs` where anything is open; `checking` while a check runs. `why_not_…` say why you cannot
    now."""

    stacks: list[DriftedStack]
    differs: bool
    checking: bool
    why_not_detect: str
    why_not_repair: str
    why_not_accept: str


def drift_told(found: DriftPage) -> Drift:
    """What the page shows."""
    return Drift(
        stacks=[_stack(one) for one in found.stacks],
        differs=found.differs,
        checking=found.checking,
        why_not_detect=found.why_not_check,
        why_not_repair=found.repair_blocked if found.differs else found.why_not_repair,
        why_not_accept=found.why_not_accept,
    )


def _stack(one: StackDrift) -> DriftedStack:
    return DriftedStack(
        kind=one.kind,
        name=one.name,
        there=one.there,
        status=one.status,
        differs=one.differs,
        checking=one.checking,
        seen_at=one.seen_at,
        asked_by=one.asked_by.get_username() if one.asked_by else None,
        problem=one.trouble,
        skipped=list(one.skipped),
        resources=[_resource(row) for row in one.resources],
        why_not_detect=one.why_not,
        why_not_repair=one.why_not_repair,
    )


def _resource(row: ResourceDrift) -> Drifted:
    return Drifted(
        logical_id=row.logical_id,
        type=row.type,
        physical_id=row.physical_id,
        status=row.status,
        open=[_property(line) for line in row.open],
        accepted=[_property(line) for line in row.accepted],
        accepted_by=row.accepted_by.pk if row.accepted_by else None,
        why_not_accept=row.why_not_accept,
    )


def _property(line: PropertyDrift) -> DriftedProperty:
    path = split_pick(line.pick)[2]
    return DriftedProperty(path=path, kind=line.word.lower(), expected=line.expected, actual=line.actual)
