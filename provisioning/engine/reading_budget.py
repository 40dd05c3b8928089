"""The governor of reading items: capacity units a second, for each person and for each table (pitfall 35, B10).

What a read costs is known when it is done. So a read may begin while there is anything left, and what it consumed is
taken off afterwards, into debt if need be; then nobody reads until that is paid off. One row for each person and each
table, altered by single UPDATEs: all processes share it. A rate of 0 is no limit.
"""

from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Greatest
from django.utils import timezone

from provisioning.models import ReadBudget, Table

BURST = 2.0  # seconds' worth that can be used at once


@dataclass(frozen=True)
class ReadingLimit:
    """One budget: `rate` capacity units a second."""

    scope: str
    rate: float


def limits_of(user_id: int, table: Table) -> tuple[ReadingLimit, ...]:
    """The budgets that a read of this table by this person counts against."""
    both = (
        ReadingLimit(f"person:{user_id}", settings.ITEM_READS_PER_PERSON),
        ReadingLimit(f"table:{table.account_id}:{table.name}", settings.ITEM_READS_PER_TABLE),
    )
    return tuple(limit for limit in both if limit.rate > 0)


def wait_before_reading(user_id: int, table: Table) -> float:
    """In how many seconds this person may read this table; 0 is now. A refusal is counted."""
    limits = limits_of(user_id, table)
    if not limits:
        return 0.0
    latest = timezone.now().timestamp() + BURST
    scopes = [limit.scope for limit in limits]
    full_at = dict(ReadBudget.objects.filter(scope__in=scopes).values_list("scope", "free_at"))
    short = [scope for scope, free_at in full_at.items() if free_at > latest]
    if short:
        ReadBudget.objects.filter(scope__in=short).update(held_back=F("held_back") + 1)
    return max((full_at[scope] - latest for scope in short), default=0.0)


def spend(user_id: int, table: Table, units: Decimal) -> None:
    """Take off what reads have consumed. Raises RuntimeError inside a transaction: the rows would stay locked for
    everybody until its end, and a read is never made within one."""
    limits = limits_of(user_id, table) if units else ()
    if not limits:
        return
    with transaction.atomic(durable=True):
        for limit in limits:  # the person's before the table's, always, or two would wait for each other
            if not _taken(limit, units):
                ReadBudget.objects.get_or_create(scope=limit.scope)
                _taken(limit, units)


def _taken(limit: ReadingLimit, units: Decimal) -> int:
    now = timezone.now().timestamp()
    return ReadBudget.objects.filter(scope=limit.scope).update(
        free_at=Greatest(F("free_at"), Value(now)) + Value(float(units) / limit.rate),
        used=F("used") + units,
    )
