"""When an environment was last used, from what Stackyard knows: changes, acts of people, items that were read or
written, parameters that were set, and DynamoDB's own last write of its tables.

Requests to what runs are not measured by Stackyard; whoever reads an idle time is told so. What Stackyard does by
itself uses nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Max
from django.utils import timezone

from provisioning.lifecycle import ParameterVerb
from provisioning.models import (
    AuditEntry,
    Change,
    Environment,
    ItemJob,
    ItemWrite,
    ParameterVersion,
    ReadBudget,
    Release,
    Table,
)

IDLE_AFTER = timedelta(days=3)  # a weekend is none
OWN_DOING = (ParameterVerb.FOUND, ParameterVerb.STACK)


@dataclass(frozen=True)
class Use:
    """The last use that is known: when, and what it was."""

    at: datetime
    what: str

    def idle(self, now: datetime) -> timedelta:
        """How long nothing was used."""
        return max(now - self.at, timedelta())

    def is_idle(self, now: datetime) -> bool:
        """Whether that is long enough to be worth a word."""
        return self.idle(now) >= IDLE_AFTER


def last_uses(environments: Iterable[Environment]) -> dict[int, Use]:
    """The last use of each environment by id: making it was one. A few questions in all, however many there are."""
    wanted = list(environments)
    found = {one.pk: Use(one.created_at, "it was created") for one in wanted}
    for what, times in _times(wanted):
        for pk, at in times.items():
            if at is not None and pk in found and at > found[pk].at:
                found[pk] = Use(at, what)
    return found


def _times(environments: list[Environment]) -> Iterable[tuple[str, Mapping[int, datetime | None]]]:
    ids = [one.pk for one in environments]
    of = {"environment__in": ids}
    yield "a change was asked for", _latest(Change.objects.filter(**of), "requested_at")
    yield "it was deployed", _latest(Release.objects.filter(**of), "at")
    yield "somebody acted on it", _latest(AuditEntry.objects.filter(**of, by__isnull=False), "at")
    yield "a job on its items was asked for", _latest(ItemJob.objects.filter(**of), "asked_at")
    yield "an item was written by hand", _latest(ItemWrite.objects.filter(**of), "at")
    yield "items were written", _latest(Table.objects.filter(**of), "last_write_at")
    versions = ParameterVersion.objects.filter(parameter__environment__in=ids).exclude(verb__in=OWN_DOING)
    yield "a parameter was set", _latest(versions, "at", "parameter__environment")
    yield "items were read", _reads(environments)


def _latest(rows: object, column: str, by: str = "environment") -> dict[int, datetime | None]:
    """The newest moment of each environment."""
    return dict(rows.order_by().values_list(by).annotate(at=Max(column)))  # type: ignore[attr-defined]  # any QuerySet


def _reads(environments: list[Environment]) -> dict[int, datetime | None]:
    """When items were last read through Stackyard, about: a table's reading budget was full again a moment later."""
    tables = Table.objects.filter(environment__in=[one.pk for one in environments])
    scopes = {
        f"table:{account}:{name}": environment
        for account, name, environment in tables.values_list("account_id", "name", "environment_id")
        if environment is not None
    }
    now, found = timezone.now(), dict[int, datetime | None]()
    for scope, free_at in ReadBudget.objects.filter(scope__in=list(scopes), free_at__gt=0).values_list(
        "scope", "free_at"
    ):
        at, pk = min(datetime.fromtimestamp(free_at, UTC), now), scopes[scope]
        found[pk] = max(at, found.get(pk) or at)
    return found
