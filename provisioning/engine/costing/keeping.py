"""From a whole reading to the rows that pages show: what is new, what AWS changed later, what fell away."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

from django.db import transaction

from provisioning.engine.costing.questions import NAMES_AT, TOTAL_AT
from provisioning.lifecycle import CostSource
from provisioning.models import Account, CostDay, CostRefresh, CostRevision, CostStage, CostTotal, Environment

SETTLES = timedelta(days=2)  # newer days are still coming in: that they change says nothing
BATCH = 500
Key = tuple[date, str, str, str, str]


def keep_whole(refresh: CostRefresh) -> int:
    """Make the rows of the reading's days what it says, in one transaction; how many amounts of settled days differ
    from before."""
    staged = CostStage.objects.filter(refresh=refresh)
    with transaction.atomic():
        _keep_totals(refresh, staged.filter(question=TOTAL_AT))
        return _keep_days(refresh, staged.exclude(question__in=(TOTAL_AT, NAMES_AT)))


def _keep_totals(refresh: CostRefresh, staged: Iterable[CostStage]) -> None:
    for row in staged:
        CostTotal.objects.update_or_create(
            account=refresh.account,
            day=row.day,
            defaults={"amount": row.amount, "currency": row.currency, "as_of": refresh.asked_at},
        )


def _keep_days(refresh: CostRefresh, staged: Iterable[CostStage]) -> int:
    days = CostDay.objects.filter(
        account=refresh.account, source=CostSource.EXPLORER, day__gte=refresh.first_day, day__lt=refresh.end_day
    )
    known = {_key(row): row for row in days}
    said = {_key(row): row for row in staged}
    environments = _environments(refresh.account, said)
    fresh = [_made(refresh, row, environments) for key, row in said.items() if key not in known]
    changed = [(known[key], said[key].amount, said[key].estimated) for key in known.keys() & said.keys()]
    fell_away = [(known[key], Decimal(0), known[key].estimated) for key in known.keys() - said.keys()]
    revisions = [
        _revision(refresh, row, amount)
        for row, amount, _estimated in [*changed, *fell_away]
        if row.amount != amount and row.day < refresh.asked_at.date() - SETTLES
    ]
    for row, amount, estimated in changed:
        row.amount, row.estimated, row.as_of = amount, estimated, refresh.asked_at
        row.environment_id = environments.get((row.application, row.environment_name), row.environment_id)
    CostDay.objects.bulk_create(fresh, BATCH)
    CostDay.objects.bulk_update([row for row, _, _ in changed], ["amount", "estimated", "as_of", "environment"], BATCH)
    CostDay.objects.filter(pk__in=[row.pk for row, _, _ in fell_away]).delete()
    CostRevision.objects.bulk_create(revisions, BATCH)
    return len(revisions)


def _key(row: CostDay | CostStage) -> Key:
    return (row.day, row.application, row.environment_name, row.service, row.record_type)


def _environments(account: Account, said: Iterable[Key]) -> dict[tuple[str, str], int]:
    """The environments that pairs of tags mean: by both, exactly as they are written (pitfall 10)."""
    names = {name for _, _, name, _, _ in said if name}
    found = Environment.objects.filter(account=account, name__in=names)
    return {(application, name): pk for pk, application, name in found.values_list("pk", "application", "name")}


def _made(refresh: CostRefresh, row: CostStage, environments: dict[tuple[str, str], int]) -> CostDay:
    return CostDay(
        account=refresh.account,
        source=CostSource.EXPLORER,
        day=row.day,
        application=row.application,
        environment_name=row.environment_name,
        environment_id=environments.get((row.application, row.environment_name)),
        service=row.service,
        record_type=row.record_type,
        amount=row.amount,
        currency=row.currency,
        estimated=row.estimated,
        as_of=refresh.asked_at,
    )


def _revision(refresh: CostRefresh, row: CostDay, after: Decimal) -> CostRevision:
    return CostRevision(
        account=refresh.account,
        day=row.day,
        application=row.application,
        environment_name=row.environment_name,
        service=row.service,
        record_type=row.record_type,
        before=row.amount,
        after=after,
        at=refresh.asked_at,
    )
