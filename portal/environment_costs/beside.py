"""What costs although it is gone: environments that were deleted, tags that mean no environment, tables that were kept.

A row stays until nothing was billed for a week of complete days: recovery, backups and logs outlive what they are of
(pitfall 21, E12).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Q, Sum
from django.urls import reverse

from portal.costs.visibility import may_see, sees_all
from provisioning.actions.actor import Actor
from provisioning.costs.daily import daily_by
from provisioning.costs.days import Known
from provisioning.lifecycle import EnvironmentStatus
from provisioning.models import Environment, Table

UNTIL_ZERO_FOR = 7  # settled days
ZERO = Decimal(0)
Pair = tuple[str, str]


@dataclass(frozen=True)
class Gone:
    """Something deleted that was billed in the last week: its mean `a_day` over the week's complete days, the `last`
    day with an amount, and the tables that were kept of it. `known`: it was an environment of ours."""

    application: str
    name: str
    known: bool
    a_day: Decimal
    last: date
    kept: int
    kept_monthly: Decimal | None
    url: str


@dataclass(frozen=True)
class Beside:
    """What is gone and still costs, dearest first, and all tables that no stack owns. `monthly` is None where none of
    them has a price."""

    gone: Sequence[Gone]
    tables: int
    monthly: Decimal | None
    unpriced: int


def read_beside(actor: Actor, what: Known | None) -> Beside:
    """What this person may see of it; only kept tables before anything is known of costs."""
    kept = _kept(actor)
    return Beside(
        gone=_gone(actor, what, kept) if what else (),
        tables=sum(count for count, _, _ in kept.values()),
        monthly=sum((cost for _, cost, _ in kept.values() if cost is not None), ZERO)
        if any(cost is not None for _, cost, _ in kept.values())
        else None,
        unpriced=sum(unpriced for _, _, unpriced in kept.values()),
    )


def _kept(actor: Actor) -> dict[Pair, tuple[int, Decimal | None, int]]:
    """Tables that no stack owns, by environment: how many, what they cost a month, how many have no price."""
    rows = (
        Table.objects.filter(stack_name="")
        .order_by()
        .values("application", "environment_name", "environment__owner__username")
        .annotate(tables=Count("pk"), cost=Sum("monthly_cost"), bare=Count("pk", filter=Q(monthly_cost__isnull=True)))
    )
    found: dict[Pair, tuple[int, Decimal | None, int]] = {}
    for row in rows:
        if may_see(actor, row["application"], row["environment__owner__username"] or ""):
            key = (row["application"], row["environment_name"])
            count, cost, bare = found.get(key, (0, None, 0))
            more = row["cost"]
            both = cost if more is None else (cost or ZERO) + more
            found[key] = (count + row["tables"], both, bare + row["bare"])
    return found


def _gone(actor: Actor, what: Known, kept: Mapping[Pair, tuple[int, Decimal | None, int]]) -> list[Gone]:
    first = what.settled - timedelta(days=UNTIL_ZERO_FOR - 1)
    of = Q(environment__status=EnvironmentStatus.REMOVED) | Q(environment=None) & ~Q(environment_name="")
    days = daily_by(what.source, of, first, "application", "environment_name", "environment")
    ids = [pk for _, _, pk in days if pk]
    owners = dict(Environment.objects.filter(pk__in=ids).values_list("pk", "owner__username")) if ids else {}
    found = [
        _row(key, amounts, what.settled, kept)
        for key, amounts in days.items()
        if any(amount > 0 for amount in amounts.values()) and _visible(actor, key, owners)
    ]
    return sorted(found, key=lambda one: (-one.a_day, one.application, one.name))


def _visible(actor: Actor, key: tuple[Any, ...], owners: Mapping[int, str]) -> bool:
    application, _, pk = key
    return sees_all(actor) if pk is None else may_see(actor, application, owners.get(pk, ""))


def _row(
    key: tuple[Any, ...],
    amounts: Mapping[date, Decimal],
    settled: date,
    kept: Mapping[Pair, tuple[int, Decimal | None, int]],
) -> Gone:
    application, name, pk = key
    tables, monthly, _ = kept.get((application, name), (0, None, 0))
    week = sum((amount for day, amount in amounts.items() if day <= settled), ZERO)
    asked = urlencode({"environment": f"{application or '(no application)'}/{name}", "by": "service"})
    return Gone(
        application=application,
        name=name,
        known=pk is not None,
        a_day=week / UNTIL_ZERO_FOR,
        last=max(day for day, amount in amounts.items() if amount > 0),
        kept=tables,
        kept_monthly=monthly,
        url=reverse("environment_costs", args=[application, name]) if pk else f"{reverse('costs')}?{asked}",
    )
