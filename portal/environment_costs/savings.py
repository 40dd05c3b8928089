"""What could be saved, dearest first, each with the act that saves it. From rows: nothing is measured for it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

from portal.costs.visibility import may_see
from portal.environment_costs.comparing import DEV
from provisioning.actions.actor import Actor
from provisioning.costs.book import PriceMissingError, book
from provisioning.engine.costing.idling import last_uses
from provisioning.items.prices import ON_DEMAND
from provisioning.lifecycle import ChangeKind, ChangeStatus, EnvironmentStatus, StackKind, stack_status
from provisioning.models import Change, Environment, Stack, Table

LONG_PARKED = timedelta(days=30)
OLD_BACKUP = timedelta(days=90)
BREAK_EVEN = "28.9"  # per cent of provisioned capacity in use below which on demand is cheaper
GB = Decimal(1_000_000_000)
BACKUP = "dynamodb.backup"
BROUGHT_UP = (ChangeKind.CREATE, ChangeKind.UPDATE, ChangeKind.WAKE)


@dataclass(frozen=True)
class Saving:
    """Something that could be saved: `monthly` at list prices, None where it cannot be told; `most`: it is no more
    than that. `act` is what to do, at `url`."""

    subject: str
    subject_url: str
    why: str
    monthly: Decimal | None
    act: str
    url: str
    most: bool = False


def read_savings(actor: Actor) -> list[Saving]:
    """Everything that this person may see, dearest first, what has no amount last."""
    environments = [
        one
        for one in Environment.objects.select_related("owner").exclude(status=EnvironmentStatus.REMOVED)
        if may_see(actor, one.application, one.owner.get_username())
    ]
    tables = [
        one
        for one in Table.objects.select_related("environment__owner")
        if may_see(actor, one.application, one.environment.owner.get_username() if one.environment else "")
    ]
    found = [*_environments(environments), *_tables(tables, timezone.now())]
    return sorted(found, key=lambda one: (one.monthly is None, -(one.monthly or 0), one.subject, one.act, one.why))


def total(savings: Iterable[Saving]) -> Decimal:
    """What all of them come to a month."""
    return sum((one.monthly for one in savings if one.monthly is not None), Decimal(0))


def _environments(environments: Sequence[Environment]) -> Iterator[Saving]:
    """Idle ones that run, and those that have been parked for long."""
    mine = [one for one in environments if one.stage == DEV]
    there = _there(mine)
    uses, costs, now = last_uses(mine), _monthly([one.pk for one in mine]), timezone.now()
    for one in mine:
        use, kinds = uses[one.pk], there.get(one.pk, frozenset())
        if StackKind.COMPUTE in kinds and use.is_idle(now):
            yield Saving(
                str(one),
                _page(one, "environment_costs"),
                f"Nobody has used it for {_days(use.idle(now))}.",
                costs.get((one.pk, StackKind.COMPUTE)),
                "Park",
                f"{_page(one, 'environment_costs')}#idle",
            )
        elif kinds == {StackKind.DATA} and use.idle(now) >= LONG_PARKED:
            yield Saving(
                str(one),
                _page(one, "environment_costs"),
                f"It is parked, and nobody has used its data for {_days(use.idle(now))}.",
                costs.get((one.pk, StackKind.DATA)),
                "Delete its data…",
                _page(one, "environment_delete_data"),
            )


def _there(environments: Iterable[Environment]) -> dict[int, frozenset[StackKind]]:
    """Which stacks of each environment are there."""
    found: dict[int, frozenset[StackKind]] = {}
    rows = Stack.objects.filter(environment__in=[one.pk for one in environments])
    for pk, kind, status in rows.values_list("environment_id", "kind", "status"):
        if not stack_status(status).gone:
            found[pk] = found.get(pk, frozenset()) | {StackKind(kind)}
    return found


def _monthly(environments: Sequence[int]) -> dict[tuple[int, StackKind], Decimal]:
    """What each stack costs a month by the newest plan that brought it up."""
    plans = Change.objects.filter(
        environment__in=environments, status=ChangeStatus.SUCCEEDED, kind__in=BROUGHT_UP, plan__isnull=False
    ).order_by("requested_at")
    paths = {kind: f"plan__cost__stacks__{kind.value}__after__monthly" for kind in StackKind}
    found: dict[tuple[int, StackKind], Decimal] = {}
    for pk, *amounts in plans.values_list("environment_id", *paths.values()):
        for kind, amount in zip(paths, amounts, strict=True):
            try:
                found[pk, kind] = Decimal(str(amount))
            except InvalidOperation:  # that change left this stack alone, or was never priced
                continue
    return found


def _tables(tables: Iterable[Table], now: datetime) -> Iterator[Saving]:
    backup = _rate(BACKUP)
    for one in tables:
        if not one.stack_name:
            asked = urlencode({"q": one.name})
            yield Saving(
                one.name,
                f"{reverse('orphans')}?{asked}",
                f"It was kept when the stack of {one.application}/{one.environment_name} was deleted.",
                one.monthly_cost,
                "Adopt or delete…",
                f"{reverse('orphans')}?{asked}",
            )
        url = _table_page(one)
        if one.backups and one.backup_at is not None and one.backup_at <= now - OLD_BACKUP:
            several = "1 backup, made" if one.backups == 1 else f"{one.backups} backups, the newest made"
            size = Decimal(one.size_bytes) * one.backups / GB
            why = f"{several} {_days(now - one.backup_at)} ago. Reckoned at today's size."
            yield Saving(one.name, url, why, size * backup if backup else None, "See the table", url, most=True)
        if one.stack_name and _provisioned(one.described):
            why = (
                "Its capacity is provisioned. On demand is cheaper while less than "
                f"{BREAK_EVEN} % of it is used; Stackyard does not measure that."
            )
            yield Saving(one.name, url, why, None, "See the table", url)


def _provisioned(described: Mapping[str, object]) -> bool:
    mode = described.get("billing_mode")
    return bool(mode) and mode != ON_DEMAND


def _rate(key: str) -> Decimal | None:
    try:
        return book().price(key).rate
    except PriceMissingError:
        return None


def _table_page(table: Table) -> str:
    if table.environment is None or not table.stack_name:
        return f"{reverse('orphans')}?{urlencode({'q': table.name})}"
    return reverse("table", args=[table.environment.application, table.environment.name, table.name])


def _page(environment: Environment, name: str) -> str:
    return reverse(name, args=[environment.application, environment.name])


def _days(length: timedelta) -> str:
    return f"{length.days} day{'' if length.days == 1 else 's'}"
