"""What running a dry run or a list, or putting back, would do and take: to look at before it is asked for."""

import uuid

from django.http import HttpRequest, HttpResponse
from ninja import Query, Schema
from pydantic import Field

from portal.accounts.models import Scope
from portal.api.item_jobs import WRITES, rate_of
from portal.api.item_price_shapes import WritePriceShape, write_price
from portal.api.item_runs import Here, here_of
from portal.api.item_shapes import Json, typed, unkept
from portal.api.jobs import ONE, router
from portal.api.operations import operation
from portal.item_moves.running import why_not_here
from portal.item_moves.words import back_lines, count_text
from provisioning.actions.bulk_deleting import deletion_cost, frozen_keys, why_not_delete
from provisioning.actions.exporting import RATES
from provisioning.actions.importing import import_cost, put_back_cost, why_not_import, why_not_put_back
from provisioning.actions.moves import WriteCost, look_units, why_not_run
from provisioning.engine.jobs.importing import NEW, OVER
from provisioning.engine.jobs.undoing import count_of
from provisioning.items.sealing import NotSealedError
from provisioning.lifecycle import JobKind
from provisioning.models import Change

KEYS = 10  # of a list that are told


class InsteadWanted(Schema):
    """In prod: the change that was sent back, which it would be asked for instead of."""

    replaces: uuid.UUID | None = None

    @property
    def change(self) -> Change | None:
        """That change; None where there is none."""
        return Change.objects.filter(pk=self.replaces).first() if self.replaces else None


class RunWanted(InsteadWanted):
    """How it would be run: `over` is for an import, `rate` write units a second."""

    over: bool = False
    rate: int | None = Field(None, ge=1, le=RATES[-1])


class PutBackWanted(InsteadWanted):
    """How it would be put back."""

    unsure: bool = False


class RunPlan(WritePriceShape):
    """What it would do, a sentence a line, and what that takes. `keys` are the first of a list that is to be deleted,
    null for anything else; `confirm` is what a deletion takes as such; `unsure` are items of which nobody knows whether
    the job was at them. `asks`: here it is a change that somebody else approves; `why_not` says why it would be
    refused, empty where it would not."""

    does: list[str]
    keys: list[Json] | None
    confirm: list[str]
    unsure: int
    asks: bool
    why_not: str


@operation(
    router, "GET", f"{ONE}/run", scope=Scope.READ, page="table_delete_run", answers=RunPlan,
    summary="Show what running a dry run or a list would do",
)  # fmt: skip
def plan_run(request: HttpRequest, response: HttpResponse, job_id: uuid.UUID, wanted: Query[RunWanted]) -> RunPlan:
    """Nothing is read or written. What is deleted or written is what was listed or checked, where it still is so."""
    here = here_of(request, job_id)
    unkept(response)
    return _deletion(request, here, wanted) if here.job.kind == JobKind.DELETE else _import(request, here, wanted)


@operation(
    router, "GET", f"{ONE}/put_back", scope=Scope.READ, page="item_job_put_back", answers=RunPlan,
    summary="Show what putting back would do",
)  # fmt: skip
def plan_put_back(
    request: HttpRequest, response: HttpResponse, job_id: uuid.UUID, wanted: Query[PutBackWanted]
) -> RunPlan:
    """Nothing is read or written."""
    here = here_of(request, job_id)
    job, kept = here.job, count_of(here.job)
    unkept(response)
    cost = put_back_cost(here.table, job, unsure=wanted.unsure)
    why = (
        why_not_put_back(job)
        or why_not_run(job, "put back", instead=wanted.change)
        or why_not_here(request, job.environment)
    )
    does = [f"{line}." for line in back_lines(job, kept)]
    if wanted.unsure and kept.unsure:
        does.append(f"{count_text(kept.unsure)} of which nobody knows whether it was this job put back as well.")
    return _plan(here, cost, does=does, why_not=why or why_not_here(request, job.environment), unsure=kept.unsure)


def _deletion(request: HttpRequest, here: Here, wanted: RunWanted) -> RunPlan:
    job, table = here.job, here.table
    cost = deletion_cost(table, job, rate_of(wanted.rate, table, deletion_cost(table, job).rate, of=WRITES))
    why = why_not_delete(job) or why_not_run(job, instead=wanted.change) or why_not_here(request, job.environment)
    does = [f"{count_text(cost.items)} of {table.name} {'is' if cost.items == 1 else 'are'} deleted."]
    confirm = [job.environment.name, str(cost.items)]
    return _plan(here, cost, does=does, why_not=why, keys=_keys(here), confirm=confirm)


def _import(request: HttpRequest, here: Here, wanted: RunWanted) -> RunPlan:
    job, table, mode = here.job, here.table, OVER if wanted.over else NEW
    cost = import_cost(table, job, mode, rate_of(wanted.rate, table, import_cost(table, job, mode).rate, of=WRITES))
    why = why_not_import(job, mode) or why_not_run(job, instead=wanted.change) or why_not_here(request, job.environment)
    new, there = job.report.get("new", 0), job.report.get("exists", 0)
    does = [f"{count_text(new, 'new item')} written into {table.name}."]
    if there:
        does.append(
            f"{count_text(there)} that {'differs' if there == 1 else 'differ'} written over."
            if wanted.over
            else f"{count_text(there)} that {'differs' if there == 1 else 'differ'} left alone."
        )
    return _plan(here, cost, does=does, why_not=why)


def _keys(here: Here) -> list[Json]:
    """The first keys of a list; none when what it kept cannot be read any more."""
    try:
        return [typed(key) for key in frozen_keys(here.table, here.job, KEYS)]
    except NotSealedError:
        return []


def _plan(
    here: Here,
    cost: WriteCost,
    *,
    does: list[str],
    why_not: str,
    keys: list[Json] | None = None,
    confirm: list[str] | None = None,
    unsure: int = 0,
) -> RunPlan:
    return RunPlan(
        **write_price(cost, look_units(cost)).model_dump(),
        does=does,
        keys=keys,
        confirm=confirm or [],
        unsure=unsure,
        asks=here.asks,
        why_not=why_not,
    )
