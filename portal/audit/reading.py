"""Audit entries: filtered and paged in the database, newest first."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet

from portal.audit.forms import verb_words
from provisioning.models import AuditEntry

PAGE_SIZE = 50
NOBODY = "stackyard"


@dataclass(frozen=True)
class Line:
    """One entry; `detail` is its JSON, indented, "" without any."""

    entry: AuditEntry
    verb: str
    detail: str


def read_audit(wanted: Mapping[str, Any], page: str) -> tuple[Page[int], list[Line]]:
    """One page of the entries that fit `wanted` (person, verb, environment, q, since, until), and its lines."""
    shown = Paginator(filtered(wanted).order_by("-id").values_list("pk", flat=True), PAGE_SIZE).get_page(page)
    keys = list(shown.object_list)
    entries = (
        AuditEntry.objects.select_related("by", "environment", "change")
        .defer("change__plan", "change__goal", "change__findings")
        .in_bulk(keys)
    )
    return shown, [Line(one, verb_words(one.verb), _detail(one)) for one in (entries[key] for key in keys)]


def _detail(entry: AuditEntry) -> str:
    return json.dumps(entry.detail, indent=2, ensure_ascii=False, sort_keys=True) if entry.detail else ""


def filtered(wanted: Mapping[str, Any]) -> QuerySet[AuditEntry]:
    """The entries that fit `wanted` (person, verb, environment, q, since, until), in no order yet."""
    found = AuditEntry.objects.all()
    if wanted.get("person"):
        found = found.filter(_person(wanted["person"]))
    if wanted.get("verb"):
        found = found.filter(verb=wanted["verb"])
    for word in (wanted.get("environment") or "").replace("/", " ").split():
        found = found.filter(Q(environment__application__icontains=word) | Q(environment__name__icontains=word))
    for word in (wanted.get("q") or "").split():
        found = found.filter(Q(summary__icontains=word) | Q(reason__icontains=word))
    if wanted.get("since"):
        found = found.filter(at__gte=_midnight(wanted["since"]))
    if wanted.get("until") and wanted["until"] < date.max:
        found = found.filter(at__lt=_midnight(wanted["until"] + timedelta(days=1)))
    return found


def _person(text: str) -> Q:
    named = Q(by__username__icontains=text) | Q(by__first_name__icontains=text) | Q(by__last_name__icontains=text)
    return named | Q(by__isnull=True) if text.lower() in NOBODY else named


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)
