"""What people used of the tables' capacity through Stackyard, priced: reading item by item and page by page, and jobs.

Priced where capacity is on demand. What is provisioned is paid whether it is used or not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from provisioning.costs.book import PriceMissingError, book
from provisioning.items.prices import ON_DEMAND
from provisioning.lifecycle import JobKind
from provisioning.models import Environment, ItemJob, ReadBudget, Table

READ, WRITE = "dynamodb.read", "dynamodb.write"
READING = frozenset({JobKind.EXPORT, JobKind.COUNT, JobKind.COMPARE})
BROWSING = "Browsing"


@dataclass(frozen=True)
class Used:
    """One kind of use: capacity `units`, and what they cost; None without a price. `most`: reads and writes are not
    told apart, so all of them are priced as writes."""

    label: str
    units: Decimal
    amount: Decimal | None
    most: bool = False


def people_used(environment: Environment) -> tuple[Used, ...]:
    """What was used since the environment is there, dearest first; empty when nothing was."""
    tables = {
        (account, name): (described or {}).get("billing_mode") == ON_DEMAND
        for account, name, described in Table.objects.filter(environment=environment).values_list(
            "account_id", "name", "described"
        )
    }
    on_demand = {name: free for (_, name), free in tables.items()}
    found = [*_browsing(tables), *_jobs(environment, on_demand)]
    return tuple(sorted(found, key=lambda one: (-(one.amount or 0), -one.units)))


def total(used: tuple[Used, ...]) -> Decimal | None:
    """What all of it cost; None when nothing has a price."""
    amounts = [one.amount for one in used if one.amount is not None]
    return sum(amounts, Decimal(0)) if amounts else None


def _browsing(tables: Mapping[tuple[int, str], bool]) -> list[Used]:
    scopes = {f"table:{account}:{name}": free for (account, name), free in tables.items()}
    rows = ReadBudget.objects.filter(scope__in=list(scopes), used__gt=0).values_list("scope", "used")
    used = [(Decimal(units), scopes[scope]) for scope, units in rows]
    return [_used(BROWSING, used, READ, most=False)] if used else []


def _jobs(environment: Environment, on_demand: Mapping[str, bool]) -> list[Used]:
    by_kind: dict[str, list[tuple[Decimal, bool]]] = {}
    rows = ItemJob.objects.filter(environment=environment, capacity__gt=0).values_list("kind", "table", "capacity")
    for kind, table, units in rows:
        by_kind.setdefault(kind, []).append((units, on_demand.get(table, True)))
    return [
        _used(JobKind(kind).label, used, READ if kind in READING else WRITE, most=kind not in READING)
        for kind, used in sorted(by_kind.items())
    ]


def _used(label: str, used: list[tuple[Decimal, bool]], price: str, *, most: bool) -> Used:
    units = sum((one for one, _ in used), Decimal(0))
    paid = sum((one for one, on_demand in used if on_demand), Decimal(0))
    try:
        amount = paid * book().price(price).rate if paid else None
    except PriceMissingError:
        amount = None
    return Used(label, units, amount, most)
