"""Stackyard's own reckoning, where there is no Cost Explorer to ask: what is deployed, by the hour, at list prices.

It counts what is certain: hours of what runs, and what is stored. Requests are not counted, because nothing measures
them here; a page that shows these amounts says so. Kept tables go on costing when their stack is gone (E12).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet, Sum
from django.utils import timezone

from provisioning.blueprints.resolving import resolve
from provisioning.blueprints.shapes import Pseudo, TemplateError
from provisioning.blueprints.template import parse
from provisioning.costs.estimate import estimate
from provisioning.costs.model import HOURS, PricedInput
from provisioning.costs.services import TABLES, service_of
from provisioning.engine.costing.following import costs_changed
from provisioning.engine.costing.questions import USAGE
from provisioning.lifecycle import CostSource, StackKind, stack_status
from provisioning.models import CostDay, CostMeter, Environment, Stack, Table

EVERY = timedelta(hours=1)
HOUR = Decimal(3_600)


@dataclass(frozen=True)
class Span:
    """A part of one day (UTC), in hours."""

    day: date
    hours: Decimal


def accrue(now: datetime | None = None) -> int:
    """Reckon every stack's cost up to now, an hour's worth at least; how many stacks had something to add.

    Safe at any time by anybody: each stack has a meter, and what it has counted is counted once.
    """
    if settings.COST_EXPLORER:
        return 0
    now = now or timezone.now()
    added = sum(_accrue_stack(stack, now) for stack in _due(now))
    if added:
        costs_changed()
    return added


def accrual_due(now: datetime) -> bool:
    """Whether some stack has an hour or more that was not reckoned yet."""
    return not settings.COST_EXPLORER and _due(now).exists()


def _due(now: datetime) -> QuerySet[Stack]:
    behind = Q(meter__isnull=True) | Q(meter__until__lte=now - EVERY)
    seen = Stack.objects.exclude(created_at__isnull=True, meter__isnull=True).filter(behind)
    return seen.select_related("environment__account", "template", "meter")


def _accrue_stack(stack: Stack, now: datetime) -> bool:
    start, rates = _start(stack, now), _rates(stack)
    spans = list(spans_between(start, now)) if rates else []
    with transaction.atomic():
        if not _move(stack, now):
            return False
        for span in spans:
            for service, monthly in rates.items():
                _add(stack.environment, span, service, monthly * span.hours / HOURS)
    return bool(spans)


def _start(stack: Stack, now: datetime) -> datetime:
    """Since when there is something to count. A stack that was made again is counted from then."""
    until = stack.meter.until if hasattr(stack, "meter") else stack.created_at or now
    made = stack.created_at if not stack_status(stack.status).gone else None
    return min(max(until, made) if made else until, now)


def _move(stack: Stack, now: datetime) -> bool:
    """Take the time up to now for this caller; False when somebody else has."""
    if not hasattr(stack, "meter"):
        return CostMeter.objects.get_or_create(stack=stack, defaults={"until": now})[1]
    return CostMeter.objects.filter(stack=stack, until=stack.meter.until).update(until=now) == 1


def _rates(stack: Stack) -> Mapping[str, Decimal]:
    """What a stack costs a month by service: of what is deployed, or of the tables it left behind."""
    if stack_status(stack.status).gone:
        return _kept(stack) if stack.kind == StackKind.DATA else {}
    if stack.template is None:
        return {}
    environment = stack.environment
    pseudo = Pseudo(environment.account.region, environment.account.account_id, stack.name)
    try:
        resolved = resolve(parse(stack.template.body), stack.parameters, pseudo=pseudo)
    except TemplateError:
        return {}
    stored = _stored(environment)
    lines = estimate(
        [
            PricedInput(one.logical_id, one.type, one.properties, stored.get(one.logical_id, {}))
            for one in resolved.resources
        ],
        scenario="idle",
    ).lines
    rates: dict[str, Decimal] = {}
    for line in lines:
        if line.monthly:
            rates[service_of(line.type)] = rates.get(service_of(line.type), Decimal(0)) + line.monthly
    return rates


def _stored(environment: Environment) -> dict[str, dict[str, Decimal]]:
    """What the tables hold, as last surveyed, by logical id."""
    tables = Table.objects.filter(environment=environment).exclude(logical_id="")
    return {one.logical_id: {"stored_gb": Decimal(one.size_bytes) / 1_000_000_000} for one in tables}


def _kept(stack: Stack) -> Mapping[str, Decimal]:
    kept = Table.objects.filter(environment=stack.environment, stack_name="")
    monthly = kept.aggregate(total=Sum("monthly_cost"))["total"]
    return {TABLES: monthly} if monthly else {}


def spans_between(start: datetime, end: datetime) -> Iterator[Span]:
    """The days that a time is in, each with its hours of it; nothing for a time that has none."""
    while start < end:
        midnight = datetime.combine(start.date() + timedelta(days=1), time.min, tzinfo=start.tzinfo)
        stop = min(midnight, end)
        yield Span(start.date(), Decimal((stop - start).total_seconds()) / HOUR)
        start = stop


def _add(environment: Environment, span: Span, service: str, amount: Decimal) -> None:
    row, made = CostDay.objects.get_or_create(
        account=environment.account,
        source=CostSource.ACCRUAL,
        day=span.day,
        application=environment.application,
        environment_name=environment.name,
        service=service,
        record_type=USAGE,
        defaults={"amount": amount, "as_of": timezone.now(), "environment": environment},
    )
    if not made:
        CostDay.objects.filter(pk=row.pk).update(amount=F("amount") + amount, as_of=timezone.now())
