"""Opening a change of parameters: by whoever asks for it, or by a schedule that is due in the name of who made it."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from provisioning.engine.steps.parameters import VALUES
from provisioning.flags.sealing import kept
from provisioning.lifecycle import OPEN_CHANGES, ChangeKind, ChangeStatus
from provisioning.models import AuditEntry, Change, Environment, Parameter
from provisioning.planning.parameter_plans import Wish
from provisioning.planning.secrets import sealed

SETS = frozenset({ChangeKind.SET_PARAMETERS, ChangeKind.ROLL_BACK})


@dataclass(frozen=True)
class Opening:
    """In whose name a change is opened, why, and what it does beside setting values. `key` is the request's own, so
    that a second one finds the first; `more` is added to the change's goal, `detail` to its audit entry."""

    by_id: int
    reason: str
    redeploy: bool
    key: uuid.UUID | None = None
    start_at: datetime | None = None
    reverts: bool = False
    address: str | None = None
    said: str = "asked for"
    more: Mapping[str, Any] = field(default_factory=dict)
    detail: Mapping[str, Any] = field(default_factory=dict)


def open_setting(environment: Environment, wishes: Sequence[Wish], opening: Opening) -> Change:
    """The change and its audit entry, within the caller's transaction, which holds the environment's row and has made
    sure that nobody is in the way. The caller rings for a worker. Raises IntegrityError for a key that is used."""
    now = timezone.now()
    change = Change.objects.create(
        request_key=opening.key,
        environment=environment,
        kind=ChangeKind.SET_PARAMETERS,
        status=ChangeStatus.PLANNING,
        requested_by_id=opening.by_id,
        requested_at=now,
        reason=opening.reason.strip(),
        start_at=opening.start_at,
        next_check_at=now,
        goal={
            "sets": [wish.as_dict() for wish in wishes],
            "redeploy": opening.redeploy,
            "reverts": opening.reverts,
            **opening.more,
        },
        secrets=sealed({VALUES: {wish.key: wish.value for wish in wishes if wish.value is not None}}),
    )
    for wish in wishes:
        Parameter.objects.filter(environment=environment, key=wish.key).update(
            asked_value=kept(wish.type, wish.value or ""), asked_at=now, asked_by=change
        )
    keys = [wish.key for wish in wishes]
    AuditEntry.objects.create(
        at=now,
        by_id=opening.by_id,
        verb=f"request_{change.kind}",
        environment=environment,
        change=change,
        summary=f"{ChangeKind.SET_PARAMETERS.label} of {environment}, {opening.said}: {', '.join(keys)}"[:300],
        reason=change.reason,
        address=opening.address,
        detail={"keys": keys, "verbs": [str(wish.verb) for wish in wishes], **opening.detail},
    )
    return change


def in_the_way(environment: Environment, keys: Collection[str]) -> tuple[Change, list[str]] | None:
    """An open change of one of these parameters, and which of them it is about: one at a time."""
    open_ones = Change.objects.filter(environment=environment, kind__in=SETS, status__in=OPEN_CHANGES).select_related(
        "requested_by"
    )
    for change in open_ones:
        both = sorted(set(keys) & {one["key"] for one in change.goal.get("sets", ())})
        if both:
            return change, both
    return None
