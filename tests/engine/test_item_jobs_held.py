"""Work on many items of prod: held until its change runs, and given up with one that does not."""

import pytest

from provisioning.actions.refusals import Refusal
from provisioning.actions.retrying import do_retry
from provisioning.actions.taking_back import do_cancel
from provisioning.lifecycle import JobStatus
from provisioning.models import ItemJob

from .items import MESSAGES, approved, held_job, message, stocked
from .yard import Yard


def test_a_job_is_held_until_its_change_runs_and_ends_it(yard: Yard) -> None:
    environment = stocked(yard, message(1))
    change = yard.drive(held_job(yard, environment))
    job = ItemJob.objects.get()
    assert (change.status, job.status, job.next_check_at) == ("awaiting_approval", JobStatus.QUEUED, None)
    assert change.plan is not None
    assert change.plan["impact"]["sentence"] == f"3 items are deleted from {MESSAGES}."
    yard.approve(change)
    yard.tick(change)
    job.refresh_from_db()
    assert job.next_check_at is not None
    ItemJob.objects.update(status=JobStatus.SUCCEEDED, next_check_at=None, done=3)
    assert yard.drive(change).status == "succeeded"


@pytest.mark.parametrize("end", ["reject", "cancel", "expire"])
def test_a_change_that_does_not_run_takes_its_job_along(yard: Yard, end: str) -> None:
    change = yard.drive(held_job(yard, stocked(yard, message(1))))
    if end == "reject":
        yard.reject(change)
    elif end == "cancel":
        do_cancel(yard.alice, change)
    yard.pass_time(change, hours=73)
    job = ItemJob.objects.get()
    assert (job.status, job.next_check_at) == (JobStatus.CANCELLED, None)


def test_a_job_that_fails_fails_its_change_which_is_asked_for_again(yard: Yard) -> None:
    change = yard.drive(held_job(yard, stocked(yard, message(1))))
    yard.approve(change)
    yard.tick(change)
    ItemJob.objects.update(status=JobStatus.FAILED, problem={"sentence": "The table is gone."}, next_check_at=None)
    change = yard.drive(change)
    assert change.status == "failed"
    assert change.problem is not None
    assert change.problem["sentence"] == "The table is gone."
    with pytest.raises(Refusal, match="Ask for it again"):
        do_retry(yard.alice, change)


def test_cancelling_a_change_that_runs_cancels_its_job(yard: Yard) -> None:
    change = yard.drive(held_job(yard, stocked(yard, message(1))))
    yard.approve(change)
    yard.tick(change)
    do_cancel(yard.alice, change)
    yard.tick(change)
    assert ItemJob.objects.get().cancel_asked
    ItemJob.objects.update(status=JobStatus.CANCELLED, next_check_at=None, done=1)
    assert yard.drive(change).status == "cancelled"


def test_a_change_that_is_planned_again_keeps_its_job(yard: Yard) -> None:
    change = yard.drive(held_job(yard, stocked(yard, message(1))))
    yard.fake.world.tables[MESSAGES].described["TableId"] = "another"
    assert approved(yard, change).status == "awaiting_approval"
    assert ItemJob.objects.get().status == JobStatus.QUEUED
