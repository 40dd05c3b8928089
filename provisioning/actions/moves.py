"""What moves many items has in common: its price before the click, one run of what was checked or frozen, and prod's
second person."""

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from decimal import Decimal
from math import ceil
from typing import Any

from django.db import transaction
from django.utils import timezone

from provisioning.actions.actor import Actor
from provisioning.actions.exporting import usual_rate
from provisioning.actions.jobs import Asked, open_job
from provisioning.actions.refusals import Refusal
from provisioning.actions.writing_in_prod import AskToWrite, do_request_job
from provisioning.items.write_units import dollars
from provisioning.lifecycle import MOVING_JOBS, JobKind, JobStatus
from provisioning.models import Change, Environment, ItemJob, Table
from provisioning.planning.policy import writes_need_change

KEPT_FOR_A_RUN = timedelta(days=3)
KEPT_FOR_A_CHANGE = timedelta(days=40)  # a decision may take a month


@dataclass(frozen=True)
class WriteCost:
    """What writing takes: `units` are write units of the table and its indexes together, at `rate` units a second so
    many `seconds`; `usd` is None where capacity is provisioned. `bytes` are of the items."""

    items: int
    bytes: int
    units: Decimal
    usd: Decimal | None
    provisioned: int
    rate: int
    seconds: int

    def as_dict(self) -> dict[str, Any]:
        """As the job keeps it."""
        return {**asdict(self), "units": str(self.units), "usd": None if self.usd is None else str(self.usd)}


@dataclass(frozen=True)
class Run:
    """What is to be run: the job `of` that has the items, and what its own goal says besides."""

    kind: JobKind
    of: ItemJob
    goal: Mapping[str, Any]
    cost: WriteCost
    reason: str = ""


def cost_of(table: Table, items: int, size: int, units: Decimal, rate: int | None = None) -> WriteCost:
    """What writing so many items of so many bytes and units takes."""
    provisioned = int(table.described.get("write_capacity") or 0)
    rate = rate or usual_rate(provisioned)
    usd = dollars(units, table.described.get("billing_mode", ""))
    return WriteCost(items, size, units, usd, provisioned, rate, ceil(units / rate))


def look_units(cost: WriteCost) -> Decimal:
    """The read units of looking, before the write, at items that are written only if they are as they were."""
    return Decimal(cost.items + cost.bytes // 4096)


def require_rate(rate: int) -> None:
    """Raises Refusal for a rate at which nothing would happen."""
    if rate < 1:
        raise Refusal("A rate is 1 unit a second at least.", "rate", fields={"rate": "1 at least."})


def do_run(actor: Actor, run: Run, *, key: uuid.UUID | None) -> ItemJob:
    """Run what was checked or frozen. Raises Refusal; in prod with the code prod-needs-change."""
    if writes_need_change(run.of.environment.stage):
        raise needs_change(run.of.environment)
    with transaction.atomic():
        return _opened(actor, run, key, None)


def do_request_run(actor: Actor, run: Run, ask: AskToWrite) -> Change:
    """Ask for the same as a change, which a second person decides about. Raises Refusal."""
    of = run.of
    return do_request_job(
        actor,
        of.environment,
        of.table,
        run.kind,
        ask,
        open_job=lambda change: _opened(actor, run, None, change),
        items=run.cost.items,
        back=run.goal.get("back"),
    )


def needs_change(environment: Environment) -> Refusal:
    """Why nothing is written at once here."""
    return Refusal(
        f"Items of {environment} are written by changes that a second person approves. Ask for one.",
        "prod-needs-change",
    )


def _opened(actor: Actor, run: Run, key: uuid.UUID | None, change: Change | None) -> ItemJob:
    """The run's job, in the caller's transaction; what it works on is kept for as long as it may take."""
    of = ItemJob.objects.select_for_update(no_key=True).get(pk=run.of.pk)
    known = ItemJob.objects.filter(request_key=key).first() if key else None
    why = "" if known else why_not_run(of)
    if why:
        raise Refusal(why, "cannot-run")
    goal = {**run.goal, "phase": "run", "of": str(of.pk)}
    asked = Asked(goal, run.cost.as_dict(), run.cost.rate, run.reason, change, held=change is not None)
    job = open_job(actor, run.of.environment, run.of.table, run.kind, asked, request_key=key)
    kept = KEPT_FOR_A_CHANGE if change else KEPT_FOR_A_RUN
    ItemJob.objects.filter(pk=of.pk).update(expires_at=timezone.now() + kept)
    return job


def why_not_run(of: ItemJob, did: str = "run", *, instead: Change | None = None) -> str:
    """Why nothing can be run of what this job carries; empty when it can. `did` is what people call that, `instead` a
    change that would end by it, with the run that is held for it."""
    if of.status in MOVING_JOBS:
        return "It is still under way."
    if of.expires_at is not None and of.expires_at <= timezone.now():
        return "What it had kept has expired. Begin anew."
    runs = [one for one in runs_of(of) if instead is None or one.change_id != instead.pk]
    if any(one.status in MOVING_JOBS for one in runs):
        return f"It is being {did} now."
    return f"It was {did} already." if any(one.status == JobStatus.SUCCEEDED for one in runs) else ""


def runs_of(of: ItemJob) -> list[ItemJob]:
    """The jobs that ran what this one carries, newest first."""
    mine = ItemJob.objects.filter(environment=of.environment_id, table=of.table, goal__of=str(of.pk))
    return list(mine.order_by("-asked_at"))
