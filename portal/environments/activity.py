"""Everything that happened to one environment, newest first: each change with its entries, and what is no change."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import CharField, F, Q, QuerySet, Value
from django.db.models.functions import Cast

from provisioning.lifecycle import ChangeKind, ChangeStatus
from provisioning.models import AuditEntry, Change, Environment

PAGE_SIZE = 20
Place = tuple[datetime, str]  # of what happened: when, and the key of its row


@dataclass(frozen=True)
class Happening:
    """A change with what became of it, or one audit entry that belongs to no change (then `change` is None)."""

    change: Change | None
    kind: ChangeKind | None
    status: ChangeStatus | None
    entries: tuple[AuditEntry, ...]

    @property
    def entry(self) -> AuditEntry:
        """The one entry of what is no change."""
        return self.entries[0]


def read_activity(environment: Environment, page: str) -> tuple[Page[dict[str, str]], list[Happening]]:
    """One page of the timeline."""
    shown: Page[dict[str, str]] = Paginator(_merged(environment, Q()), PAGE_SIZE).get_page(page)
    return shown, _read(list(shown.object_list))


def happenings_before(environment: Environment, before: Place | None, most: int) -> list[tuple[Place, Happening]]:
    """So many of what happened before a place of the timeline, or the newest, each with its own place."""
    older = Q()
    if before is not None:
        older = Q(when__lt=before[0]) | Q(when=before[0], key__lt=before[1])
    keys = list(_merged(environment, older)[:most])
    places = [(one["when"], one["key"]) for one in keys]
    return list(zip(places, _read(keys), strict=True))


def _merged(environment: Environment, older: Q) -> QuerySet[Any, dict[str, Any]]:
    """Changes and entries, merged and cut in the database, to be read by key."""
    columns = ("key", "of", "when")
    changes = environment.changes.annotate(
        key=Cast("pk", CharField()), of=Value("change"), when=F("requested_at")
    ).filter(older)
    others = (
        AuditEntry.objects.filter(environment=environment, change__isnull=True)
        .annotate(key=Cast("pk", CharField()), of=Value("entry"), when=F("at"))
        .filter(older)
        .order_by()
    )
    both: QuerySet[Any, dict[str, Any]] = changes.values(*columns).union(others.values(*columns), all=True)
    return both.order_by("-when", "-key")


def _read(keys: list[dict[str, str]]) -> list[Happening]:
    change_ids = [uuid.UUID(one["key"]) for one in keys if one["of"] == "change"]
    entry_ids = [int(one["key"]) for one in keys if one["of"] == "entry"]
    changes = Change.objects.select_related("requested_by").defer("plan", "goal", "findings").in_bulk(change_ids)
    entries = AuditEntry.objects.select_related("by").filter(pk__in=entry_ids).in_bulk()
    of_changes: dict[uuid.UUID | None, list[AuditEntry]] = {}
    for entry in AuditEntry.objects.select_related("by").filter(change__in=change_ids).order_by("id"):
        of_changes.setdefault(entry.change_id, []).append(entry)
    happenings = []
    for one in keys:
        if one["of"] == "entry":
            happenings.append(Happening(None, None, None, (entries[int(one["key"])],)))
            continue
        change = changes[uuid.UUID(one["key"])]
        happenings.append(
            Happening(
                change, ChangeKind(change.kind), ChangeStatus(change.status), tuple(of_changes.get(change.pk, ()))
            )
        )
    return happenings
