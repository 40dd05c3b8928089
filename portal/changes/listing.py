"""The list of changes: filtered, sorted and paged in the database."""

import re
from collections.abc import Mapping

from django.db.models import Q, QuerySet

from provisioning.lifecycle import OPEN_CHANGES
from provisioning.models import Change

PAGE_SIZE = 25
NEWEST = "-requested"
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "requested": ("requested_at",),
    "kind": ("kind",),
    "environment": ("environment__application", "environment__name"),
    "stage": ("environment__stage",),
    "status": ("status",),
    "person": ("requested_by__username",),
}
_ID_START = re.compile(r"[0-9a-f]{6,32}")


def listed(chosen: Mapping[str, str], *, person: int, sort: str) -> QuerySet[Change]:
    """The changes that fit the filters, in the order of `sort`; an unknown order is the newest first."""
    found = Change.objects.select_related("environment", "requested_by").defer("plan", "findings", "goal", "secrets")
    for name, value in chosen.items():
        found = found.filter(_filter(name, value, person))
    return found.order_by(*_order(sort))


def _filter(name: str, value: str, person: int) -> Q:
    if name == "whose":
        return Q(requested_by=person)
    if name == "application":
        return Q(environment__application=value)
    if name == "environment":
        application, slash, environment = value.strip().rpartition("/")
        here = Q(environment__name=environment)
        return here & Q(environment__application=application) if slash else here
    if name == "kind":
        return Q(kind=value)
    if name == "status":
        return Q(status__in=OPEN_CHANGES) if value == "open" else Q(status=value)
    return _text(value.strip())


def _text(value: str) -> Q:
    anywhere = (
        Q(reason__icontains=value)
        | Q(environment__name__icontains=value)
        | Q(environment__application__icontains=value)
        | Q(requested_by__username__icontains=value)
        | Q(requested_by__first_name__icontains=value)
        | Q(requested_by__last_name__icontains=value)
    )
    start = value.lower().replace("-", "")
    if not _ID_START.fullmatch(start):
        return anywhere
    # A UUID compares in order: everything between its beginning filled with zeros and filled with f.
    return anywhere | Q(pk__gte=start.ljust(32, "0"), pk__lte=start.ljust(32, "f"))


def _order(sort: str) -> tuple[str, ...]:
    columns = _COLUMNS.get(sort.removeprefix("-"))
    if columns is None:
        return "-requested_at", "pk"
    sign = "-" if sort.startswith("-") else ""
    return *(sign + column for column in columns), "-requested_at", "pk"
