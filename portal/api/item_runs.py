"""Running what a dry run checked or a list froze, and putting back what such a run did. In prod each is a change."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Body, Status
from pydantic import Field

from portal.access import actor_of
from portal.accounts.models import Scope
from portal.api.change_shapes import ChangeDetail
from portal.api.item_jobs import WRITES, asked, rate_of
from portal.api.item_write_shapes import How
from portal.api.jobs import ONE, came_of, router
from portal.api.jobs_shapes import JobShape
from portal.api.operations import operation
from portal.api.problems import ProblemError
from portal.api.sending import Made, once
from portal.api.text import Line, Sent
from portal.item_jobs.access import access_any_job
from provisioning.actions.actor import Actor
from provisioning.actions.bulk_deleting import deletion_cost, do_request_deletion, do_run_deletion
from provisioning.actions.exporting import RATES
from provisioning.actions.importing import (
    do_put_back,
    do_request_import,
    do_request_put_back,
    do_run_import,
    import_cost,
)
from provisioning.actions.refusals import Refusal
from provisioning.lifecycle import JobKind
from provisioning.models import Change, ItemJob, Table
from provisioning.planning.policy import writes_need_change


class RunAsked(How, Sent):
    """Running a job. `mode` is for an import: new writes only new items, over also those that are there and differ.
    `confirm` is for a deletion: the count of the list, or the environment's name. `rate` is write units a second."""

    mode: Literal["new", "over"] | None = None
    confirm: Line = ""
    rate: int | None = Field(None, ge=1, le=RATES[-1])


class PutBackAsked(How, Sent):
    """Putting back. With `unsure` also the items of which nobody knows whether the job was at them."""

    unsure: bool = False


@dataclass(frozen=True)
class Here:
    """A job, its table, who asks, and whether a second person decides."""

    actor: Actor
    job: ItemJob
    table: Table

    @property
    def asks(self) -> bool:
        """Whether it is a change here."""
        return writes_need_change(self.job.environment.stage)


@operation(
    router, "POST", f"{ONE}/run", scope=Scope.CHANGE, page="table_import_run", answers=JobShape | ChangeDetail,
    status=202, summary="Run a dry run, or a list that is to be deleted",
)  # fmt: skip
def run_job(
    request: HttpRequest, response: HttpResponse, job_id: uuid.UUID, sent: Body[RunAsked]
) -> Status[JobShape | ChangeDetail]:
    """Answers the job that does it. Exactly what was checked is written, and exactly what was listed is deleted, where
    it still is as it was then."""
    here = here_of(request, job_id)
    run = _deletion(here, sent) if here.job.kind == JobKind.DELETE else _import(here, sent)
    return came_of(request, response, once(request, response, sent, run))


@operation(
    router, "POST", f"{ONE}/put_back", scope=Scope.CHANGE, page="item_job_put_back", answers=JobShape | ChangeDetail,
    status=202, summary="Put back what a job did",
)  # fmt: skip
def put_back_job(
    request: HttpRequest, response: HttpResponse, job_id: uuid.UUID, sent: Body[PutBackAsked]
) -> Status[JobShape | ChangeDetail]:
    """As long as it is kept, item by item, where it still is as the job left it."""
    here = here_of(request, job_id)

    def put_back(key: uuid.UUID | None) -> Made:
        if here.asks:
            ask = asked(sent, key)
            return do_request_put_back(here.actor, here.table, here.job, ask, unsure=sent.unsure)
        return do_put_back(here.actor, here.table, here.job, unsure=sent.unsure, key=key)

    return came_of(request, response, once(request, response, sent, put_back))


def _import(here: Here, sent: RunAsked) -> Callable[[uuid.UUID | None], Made]:
    _refuse("confirm", "Only a deletion is confirmed.", given=bool(sent.confirm))
    mode = sent.mode or "new"
    rate = rate_of(sent.rate, here.table, import_cost(here.table, here.job, mode).rate, of=WRITES)

    def run(key: uuid.UUID | None) -> ItemJob | Change:
        if here.asks:
            return do_request_import(here.actor, here.table, here.job, mode=mode, rate=rate, ask=asked(sent, key))
        return do_run_import(here.actor, here.table, here.job, mode=mode, rate=rate, key=key)

    return run


def _deletion(here: Here, sent: RunAsked) -> Callable[[uuid.UUID | None], Made]:
    _refuse("mode", "Only an import has a mode.", given=sent.mode is not None)
    rate = rate_of(sent.rate, here.table, deletion_cost(here.table, here.job).rate, of=WRITES)
    typed = sent.confirm

    def run(key: uuid.UUID | None) -> ItemJob | Change:
        if here.asks:
            ask = asked(sent, key)
            return do_request_deletion(here.actor, here.table, here.job, typed=typed, rate=rate, ask=ask)
        return do_run_deletion(here.actor, here.table, here.job, typed=typed, rate=rate, key=key)

    def run_as_sent(key: uuid.UUID | None) -> ItemJob | Change:
        try:
            return run(key)
        except Refusal as refusal:
            if "typed" not in refusal.fields:
                raise
            fields = {"confirm": refusal.fields["typed"]}  # what the page's form calls typed
            raise Refusal(refusal.sentence, refusal.code, fields=fields) from None

    return run_as_sent


def here_of(request: HttpRequest, job_id: uuid.UUID) -> Here:
    """The job and its table. Raises Http404 where either is not there."""
    job = access_any_job(request, job_id)
    table = Table.objects.filter(environment=job.environment, account=job.environment.account, name=job.table).first()
    if table is None:
        raise Http404(f"{job.environment} has no table {job.table} any more.")
    return Here(actor_of(request), job, table)


def _refuse(field: str, said: str, *, given: bool) -> None:
    if given:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad-values", said, fields={field: said})
