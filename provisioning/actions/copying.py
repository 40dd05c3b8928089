"""Copying a sample of items into the same table of another environment of the application."""

import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db import transaction

from provisioning.actions.actor import Actor, audit, require_change_right
from provisioning.actions.browsing import require_allowed, require_own
from provisioning.actions.jobs import Asked, open_job
from provisioning.actions.moves import WriteCost, cost_of, needs_change, require_rate
from provisioning.actions.refusals import Refusal
from provisioning.actions.writing_in_prod import AskToWrite, do_request_job
from provisioning.costs.tables import write_units
from provisioning.engine.jobs.asked import goal_of
from provisioning.engine.jobs.importing import NEW
from provisioning.items.masking import mask_for
from provisioning.items.prices import UNKNOWN_BYTES, units
from provisioning.items.query import Query, shape_of
from provisioning.lifecycle import JobKind
from provisioning.models import Change, Environment, ItemJob, Table
from provisioning.planning.policy import writes_need_change

MOST_ITEMS = 10_000


@dataclass(frozen=True)
class Sample:
    """What to copy: so many items that a query or scan of a table finds, the first ones or some at `random`; `mode` is
    NEW to leave alone what is there already, or OVER."""

    environment: Environment
    table: Table
    query: Query
    count: int
    random: bool
    mode: str = NEW


def destinations(environment: Environment, table: Table) -> list[Table]:
    """The same table of other environments of the application, those with the same keys. A table that no resource of
    the blueprint is known for has no other."""
    if not table.logical_id:
        return []
    others = Table.objects.filter(application=environment.application, logical_id=table.logical_id)
    found = others.exclude(environment=environment).exclude(environment=None).select_related("environment")
    return [one for one in found.order_by("environment__name") if _keys(one) == _keys(table)]


def _keys(table: Table) -> Mapping[str, str]:
    shape = shape_of(table)
    return {name: shape.types.get(name, "") for name in shape.itself.keys}


def copy_cost(sample: Sample, into: Table, rate: int | None = None) -> tuple[WriteCost, Decimal]:
    """What writing the sample takes at most, and the read units of reading it, by the tables' rows: nothing is asked of
    AWS. What a filter leaves out is read too, and is not counted in here."""
    source = sample.table
    known = source.item_count > 0
    each = Decimal(source.size_bytes) / source.item_count if known else UNKNOWN_BYTES
    count = min(sample.count, source.item_count) if known else sample.count
    places = 1 + len(shape_of(into).indexes)
    cost = cost_of(into, count, int(each * count), write_units(each) * places * count, rate)
    return cost, units(each * count, consistent=False)


def is_masked(sample: Sample) -> bool:
    """Whether something of the items is replaced on the way."""
    return not mask_for(sample.environment, sample.table).is_empty


def do_copy_sample(actor: Actor, sample: Sample, into: Table, *, rate: int, key: uuid.UUID | None) -> ItemJob:
    """Begin a copy. Raises Refusal; into prod with the code prod-needs-change."""
    environment = _destination(sample, into)
    if writes_need_change(environment.stage):
        raise needs_change(environment)
    _check(actor, sample, environment, rate)
    with transaction.atomic():
        return _opened(actor, sample, into, environment, rate=rate, key=key)


def do_request_copy(actor: Actor, sample: Sample, into: Table, *, rate: int, ask: AskToWrite) -> Change:
    """Ask for the same as a change of the environment that is copied into. Raises Refusal."""
    environment = _destination(sample, into)
    _check(actor, sample, environment, rate)
    return do_request_job(
        actor,
        environment,
        into.name,
        JobKind.COPY,
        ask,
        open_job=lambda change: _opened(actor, sample, into, environment, rate=rate, change=change),
        items=sample.count,
    )


def _destination(sample: Sample, into: Table) -> Environment:
    require_own(sample.environment, sample.table)
    found = next((one for one in destinations(sample.environment, sample.table) if one.pk == into.pk), None)
    if found is None or found.environment is None:
        raise Refusal(
            "Items are copied into the same table of another environment of the application.",
            "no-destination",
            fields={"into": "Choose an environment that has this table."},
        )
    return found.environment


def _check(actor: Actor, sample: Sample, environment: Environment, rate: int) -> None:
    require_change_right(actor, environment)
    require_rate(rate)
    if not 1 <= sample.count <= MOST_ITEMS:
        words = f"From 1 to {MOST_ITEMS:,} items."
        raise Refusal(words, "count", fields={"count": words})
    if sample.random and not sample.query.is_scan:
        raise Refusal(
            "Of one partition the first items are copied; a random sample is one of the whole table.",
            "random-query",
            fields={"random": "Only without a partition key."},
        )
    require_allowed(sample.environment, sample.table, sample.query)


def _opened(
    actor: Actor,
    sample: Sample,
    into: Table,
    environment: Environment,
    *,
    rate: int,
    key: uuid.UUID | None = None,
    change: Change | None = None,
) -> ItemJob:
    """The job, in the caller's transaction. That somebody reads items is told where they are read, too."""
    cost, _ = copy_cost(sample, into, rate)
    asked = Asked(_goal(sample), cost.as_dict(), rate, change=change, held=change is not None)
    known = ItemJob.objects.filter(request_key=key).exists() if key else False
    job = open_job(actor, environment, into.name, JobKind.COPY, asked, request_key=key)
    if not known:
        detail: dict[str, object] = {"table": sample.table.name, "into": into.name, "items": sample.count}
        said = f"Copies {sample.count:,} items of {sample.table.name} into {environment}"
        audit(actor, "copy_items", said, environment=sample.environment, change=change, detail=detail)
    return job


def _goal(sample: Sample) -> dict[str, Any]:
    return goal_of(
        replace(sample.query, attributes=()),
        source=sample.environment.pk,
        source_table=sample.table.name,
        count=sample.count,
        random=secrets.randbits(32) if sample.random else None,
        mode=sample.mode,
        phase="run",
    )
