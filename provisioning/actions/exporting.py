"""Exports and exact counts: what they will take is said before the click, and kept with the job."""

import uuid
from dataclasses import asdict, dataclass
from decimal import Decimal
from math import ceil
from typing import Any

from django.db import transaction

from provisioning.actions.actor import Actor
from provisioning.actions.browsing import require_allowed, require_own
from provisioning.actions.jobs import Asked, open_job
from provisioning.actions.refusals import Refusal
from provisioning.engine.jobs.asked import goal_of
from provisioning.items.prices import price_before
from provisioning.items.query import Query
from provisioning.lifecycle import JobKind
from provisioning.models import Environment, ItemJob, Table

RATES = (100, 500, 1_000, 3_000, 10_000)  # capacity units a second that a form offers
USUAL_RATE = 3_000
SHARE = 2  # of provisioned capacity a job takes one part in so many, and leaves the rest to the application


@dataclass(frozen=True)
class Estimate:
    """What reading everything that a query or scan goes through takes at most. `items` is 0 where nobody knows; of a
    query less than all is read, but how much less is known only afterwards. `usd` is None where capacity is
    provisioned or has no price; `seconds` are at `rate` units a second."""

    word: str
    items: int
    size_bytes: int
    units: Decimal
    usd: Decimal | None
    provisioned: int
    rate: int
    seconds: int

    def as_dict(self) -> dict[str, Any]:
        """As the job keeps it."""
        kept = asdict(self)
        return {**kept, "units": str(self.units), "usd": None if self.usd is None else str(self.usd)}


def estimate_of(table: Table, query: Query, rate: int | None = None) -> Estimate:
    """What an export or count of this takes, by the table's row: nothing is asked of AWS."""
    price = price_before(table, query)
    rate = rate or usual_rate(price.provisioned)
    return Estimate(
        word=price.word,
        items=price.items,
        size_bytes=price.size_bytes,
        units=price.whole,
        usd=price.whole_usd,
        provisioned=price.provisioned,
        rate=rate,
        seconds=ceil(price.whole / rate),
    )


def usual_rate(provisioned: int) -> int:
    """The rate that a job has unless somebody chooses another: half of what is provisioned, where it is."""
    return max(1, provisioned // SHARE) if provisioned else USUAL_RATE


def do_export(
    actor: Actor, environment: Environment, table: Table, query: Query, *, rate: int, key: uuid.UUID | None = None
) -> ItemJob:
    """Begin an export of all that a query or scan finds. Raises Refusal."""
    return _open(actor, environment, table, query, kind=JobKind.EXPORT, rate=rate, key=key)


def do_count(
    actor: Actor, environment: Environment, table: Table, query: Query, *, rate: int, key: uuid.UUID | None = None
) -> ItemJob:
    """Begin to count exactly what a query or scan finds. Raises Refusal."""
    return _open(actor, environment, table, query, kind=JobKind.COUNT, rate=rate, key=key)


def _open(
    actor: Actor,
    environment: Environment,
    table: Table,
    query: Query,
    *,
    kind: JobKind,
    rate: int,
    key: uuid.UUID | None,
) -> ItemJob:
    require_own(environment, table)
    if rate < 1:
        raise Refusal("A rate is 1 unit a second at least.", "rate", fields={"rate": "1 at least."})
    require_allowed(environment, table, query)
    asked = Asked(goal=goal_of(query), expected=estimate_of(table, query, rate).as_dict(), rate=rate)
    with transaction.atomic():
        return open_job(actor, environment, table.name, kind, asked, request_key=key)
