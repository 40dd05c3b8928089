"""Prod asks first, runs exactly what was looked at, and leaves nothing behind when it is not wanted."""

from datetime import timedelta

import pytest

from provisioning.actions.deciding import do_approve
from provisioning.actions.refusals import Refusal
from provisioning.actions.taking_back import do_cancel
from provisioning.lifecycle import ChangeKind
from provisioning.models import Change, Operation

from .yard import FILESHARE, HELLO, Yard


def planned(yard: Yard) -> Change:
    change = yard.drive(yard.create(HELLO, "prod"))
    assert change.status == "awaiting_approval"
    return change


def test_nothing_runs_before_the_approval(yard: Yard) -> None:
    change = planned(yard)
    yard.clock.shift(timedelta(hours=3))
    yard.drive(change)
    assert yard.fake.calls_of("ExecuteChangeSet") == 0
    assert [stack.status for stack in yard.fake.stacks()] == ["REVIEW_IN_PROGRESS"]
    assert yard.fake.world.tables == {}


def test_the_reviewed_change_set_itself_is_run(yard: Yard) -> None:
    change = planned(yard)
    reviewed = change.plan["stacks"][0]["change_set"] if change.plan else ""
    assert reviewed in yard.fake.world.change_sets
    yard.approve(change)
    assert yard.drive(change).status == "succeeded"
    stack = yard.fake.stack("hello-erlang-data-prod")
    assert [found.arn for found in stack.change_sets.values()] == [reviewed]
    assert stack.executed == 1
    assert stack.protected


def test_the_requester_does_not_decide_and_a_plan_that_moved_is_not_approved(yard: Yard) -> None:
    change = planned(yard)
    with pytest.raises(Refusal, match="somebody else decides"):
        do_approve(yard.alice, change, digest=change.plan_digest)
    with pytest.raises(Refusal, match="Only admins"):
        do_approve(yard.bob, change, digest=change.plan_digest)
    with pytest.raises(Refusal, match="not the one you looked at"):
        do_approve(yard.ada, change, digest="0" * 64)
    assert yard.drive(change).status == "awaiting_approval"
    assert yard.fake.calls_of("ExecuteChangeSet") == 0


@pytest.mark.parametrize("how", ["reject", "cancel"])
@pytest.mark.parametrize("application", [HELLO, FILESHARE])
def test_what_is_not_wanted_leaves_no_change_set_and_no_shell(yard: Yard, application: str, how: str) -> None:
    change = yard.drive(yard.create(application, "prod"))
    if how == "reject":
        yard.reject(change)
    else:
        do_cancel(yard.alice, change)
    assert Operation.objects.filter(change=change, is_open=True).count() == 2
    yard.drive(change)
    yard.fake.finish()
    assert yard.fake.stacks() == []
    assert yard.fake.world.change_sets == {}
    assert not Operation.objects.filter(change=change, is_open=True).exists()
    assert yard.drive(yard.create(application, "prod")).status == "awaiting_approval"


def test_a_rejected_update_leaves_the_stacks_as_they_were(yard: Yard) -> None:
    environment = yard.ready(HELLO, "prod")
    change = yard.did(environment, ChangeKind.UPDATE, {"compute": {"InstanceType": "t3.medium"}})
    assert change.status == "awaiting_approval"
    yard.reject(change)
    yard.drive(change)
    assert {stack.status for stack in yard.fake.stacks()} == {"CREATE_COMPLETE"}
    assert all(
        found.execution == "EXECUTE_COMPLETE" for one in yard.fake.stacks() for found in one.change_sets.values()
    )


@pytest.mark.parametrize("skip", range(5))
def test_cancelling_at_any_point_of_the_planning_leaves_nothing(yard: Yard, skip: int) -> None:
    """The answer of the n-th call gets lost, and before Stackyard asks again the requester cancels."""
    change = yard.create()
    yard.fake.script.lose_answer("*", skip=skip)
    yard.tick(change)
    assert change.status == "planning", "the planning is shorter than this test believes"
    do_cancel(yard.alice, change)
    yard.drive(change)
    yard.fake.finish()
    assert yard.fake.stacks() == []
    assert not Operation.objects.filter(change=change, is_open=True).exists()


def test_a_right_that_is_missing_while_tidying_up_only_delays_it(yard: Yard) -> None:
    change = planned(yard)
    yard.fake.script.deny("DeleteChangeSet", times=2)
    yard.reject(change)
    assert yard.drive(change).status == "rejected"
    yard.fake.finish()
    assert yard.fake.stacks() == []


def test_cancelling_while_aws_makes_the_change_set_leaves_nothing(yard: Yard) -> None:
    change = yard.create()
    yard.fake.script.after("CreateChangeSet", lambda: do_cancel(yard.alice, change))
    yard.drive(change)
    yard.fake.finish()
    assert change.status == "cancelled"
    assert yard.fake.stacks() == []
    assert yard.fake.calls_of("ExecuteChangeSet") == 0


def test_cancelling_an_update_does_not_touch_the_stacks(yard: Yard) -> None:
    environment = yard.ready()
    change = yard.ask(environment, ChangeKind.UPDATE, {"compute": {"InstanceType": "t3.medium"}})
    yard.fake.script.lose_answer("CreateChangeSet", skip=1)
    yard.tick(change)
    do_cancel(yard.alice, change)
    yard.drive(change)
    assert {stack.status for stack in yard.fake.stacks()} == {"CREATE_COMPLETE"}
    assert {found.execution for one in yard.fake.stacks() for found in one.change_sets.values()} == {"EXECUTE_COMPLETE"}
