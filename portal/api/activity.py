"""What happened to one environment: its changes with their entries, and what is no change, as its page tells it."""

import uuid
from datetime import datetime

from django.http import HttpRequest
from ninja import Path, Query, Router, Schema

from portal.access import access_environment
from portal.accounts.models import Scope
from portal.api.operations import operation
from portal.api.paging import Paged, cursor_of, moment, read_cursor
from portal.api.text import Name
from portal.environments.activity import Happening, Place, happenings_before
from provisioning.lifecycle import ChangeKind, ChangeStatus
from provisioning.models import AuditEntry, Change

router = Router(tags=["Environments"])


class Told(Schema):
    """Who did what, and why; `by` null is Stackyard itself."""

    at: datetime
    by: str | None
    verb: str
    summary: str
    reason: str


class ChangeTold(Schema):
    """A change, and what became of it; `problem` is why it failed."""

    id: uuid.UUID
    kind: ChangeKind
    title: str
    status: ChangeStatus
    requested_by: str
    reason: str
    problem: str


class Event(Schema):
    """One thing that happened: a `change` with its entries, or one entry that belongs to none."""

    at: datetime
    change: ChangeTold | None
    entries: list[Told]


class Activity(Schema):
    """A page of what happened, the newest first."""

    items: list[Event]
    next: str | None


@operation(
    router, "GET", "/environments/{app}/{name}/activity", scope=Scope.READ, page="environment_activity",
    answers=Activity, summary="Read an environment's activity",
)  # fmt: skip
def list_activity(request: HttpRequest, app: Path[Name], name: Path[Name], wanted: Query[Paged]) -> Activity:
    """Its changes and everything else that people did to it."""
    environment = access_environment(request, app, name)
    before = _place(wanted.cursor) if wanted.cursor else None
    found = happenings_before(environment, before, wanted.limit + 1)
    shown = found[: wanted.limit]
    after = None
    if len(found) > wanted.limit:
        at, key = shown[-1][0]
        after = cursor_of([at.isoformat(), key])
    return Activity(items=[_event(at, one) for (at, _), one in shown], next=after)


def _place(cursor: str) -> Place:
    at, key = read_cursor(cursor, (moment, str))
    return at, key


def _event(at: datetime, one: Happening) -> Event:
    return Event(at=at, change=_change(one.change) if one.change else None, entries=[_told(row) for row in one.entries])


def _change(change: Change) -> ChangeTold:
    return ChangeTold(
        id=change.pk,
        kind=ChangeKind(change.kind),
        title=ChangeKind(change.kind).label,
        status=ChangeStatus(change.status),
        requested_by=change.requested_by.get_username(),
        reason=change.reason,
        problem=str((change.problem or {}).get("sentence", "")),
    )


def _told(row: AuditEntry) -> Told:
    return Told(
        at=row.at,
        by=row.by.get_username() if row.by else None,
        verb=row.verb,
        summary=row.summary,
        reason=row.reason,
    )
