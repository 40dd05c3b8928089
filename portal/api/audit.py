"""The audit, for those who may open its page."""

import uuid
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from portal.accounts.models import Scope
from portal.api.operations import operation
from portal.api.paging import Paged, number, page_of_rows
from portal.api.text import Day, Line
from portal.audit.reading import filtered
from provisioning.models import AuditEntry

router = Router(tags=["Audit"])
_ORDER, _KINDS = ("-id",), (number,)


class EntriesWanted(Paged):
    """Which entries; days are in UTC, both included."""

    person: Line = ""
    verb: Line = Field("", max_length=40)
    environment: Line = Field("", description="application/name, or a part of it.")
    q: Line = Field("", description="In what was done and why.")
    since: Day | None = None
    until: Day | None = None


class Entry(Schema):
    """Who did what, when, why, from where. `by` null is Stackyard itself; `detail.token` names the token that was
    used."""

    id: int
    at: datetime
    by: str | None
    verb: str
    summary: str
    reason: str
    environment: str | None
    change: uuid.UUID | None
    address: str | None
    detail: dict[str, Any]


class EntryList(Schema):
    """A page of entries, the newest first."""

    items: list[Entry]
    next: str | None


@operation(router, "GET", "/audit", scope=Scope.READ, page="audit", answers=EntryList, summary="Read the audit")
def list_audit(request: HttpRequest, wanted: Query[EntriesWanted]) -> EntryList:
    """For admins and auditors."""
    named = wanted.model_dump(exclude={"cursor", "limit"})
    found = filtered(named).select_related("by", "environment")
    rows, after = page_of_rows(found, _ORDER, wanted, _KINDS)
    return EntryList(items=[_entry(row) for row in rows], next=after)


def _entry(row: AuditEntry) -> Entry:
    return Entry(
        id=row.pk,
        at=row.at,
        by=row.by.get_username() if row.by else None,
        verb=row.verb,
        summary=row.summary,
        reason=row.reason,
        environment=str(row.environment) if row.environment else None,
        change=row.change_id,
        address=row.address,
        detail=row.detail,
    )
