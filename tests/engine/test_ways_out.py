"""Stuck compute stacks, from cause to cure: what is offered, what it does, and that the next change works.

The local AWS cannot be brought into most of these states (`test_contract_recovering`); what is shown here
follows what AWS documents (S8, S11, S12).
"""

import uuid

import pytest

from provisioning.actions.recovering import do_request_recover, stuck, why_not_recover
from provisioning.actions.refusals import Refusal
from provisioning.actions.requesting import Ask
from provisioning.actions.retrying import do_retry
from provisioning.actions.taking_back import do_cancel
from provisioning.lifecycle import ChangeKind, EnvironmentStatus, StackKind
from provisioning.models import Operation

from .stuck import approved, fill, only, recover, roll_back_stuck, seen, tables
from .yard import FILESHARE, HELLO, UPDATED, Yard

COMPUTE = StackKind.COMPUTE
QUOTA = "The maximum number of load balancers has been reached"


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_a_stuck_roll_back_goes_on_and_the_next_update_works(yard: Yard, name: str) -> None:
    environment = yard.ready(HELLO, name)
    before = fill(yard)
    roll_back_stuck(yard, environment)
    found = only(environment)
    assert (found.stack.kind, found.way_out.what) == ("compute", "continue")
    assert found.way_out.label == "Continue the roll-back"
    assert [one.logical_id for one in found.way_out.proposals] == ["LaunchTemplate"]
    assert found.way_out.proposals[0].reason == "The template is gone"
    assert found.way_out.ticked
    assert not found.way_out.second_person
    assert found.cause.startswith("Group (AutoScaling AutoScalingGroup) could not be updated")
    assert why_not_recover(yard.alice, environment, stack=COMPUTE) == ""

    change = recover(yard, environment)
    assert change.status == ("awaiting_approval" if name == "prod" else "succeeded"), change.problem
    approved(yard, change)
    assert (change.status, change.environment.status) == ("succeeded", EnvironmentStatus.READY), change.problem
    stack = yard.stack(environment, "compute")
    assert (stack.status, stack.skipped) == ("UPDATE_ROLLBACK_COMPLETE", [])
    assert stack.template is not None
    assert stuck(environment) == ()
    again = approved(yard, yard.did(environment, ChangeKind.UPDATE, UPDATED[HELLO]))
    assert (again.status, yard.fake.stack(stack.name).status) == ("succeeded", "UPDATE_COMPLETE")
    assert tables(yard) == before


def test_the_plan_says_what_goes_on_and_what_is_skipped(yard: Yard) -> None:
    environment = yard.ready()
    roll_back_stuck(yard, environment)
    change = recover(yard, environment, "LaunchTemplate")
    assert change.plan is not None
    (stack,) = change.plan["stacks"]
    assert (stack["action"], stack["spared"]) == ("continue", ["LaunchTemplate"])
    rows = {row["logical_id"]: row["action"] for row in stack["changes"]}
    assert rows == {"hello-erlang-dev": "Modify", "LaunchTemplate": "Keep"}
    assert change.plan["impact"]["sentence"] == "No table is touched."
    assert float(change.plan["cost"]["delta"]) == 0


def test_what_was_skipped_is_remembered_and_keeps_updates_off(yard: Yard) -> None:
    """S11."""
    environment = yard.ready()
    roll_back_stuck(yard, environment)
    yard.fake.script.fail("LaunchTemplate", "Still gone", verb="ROLLBACK")
    change = recover(yard, environment)
    assert (change.status, change.environment.status) == ("failed", EnvironmentStatus.ATTENTION)
    yard.fake.script.fail("LaunchTemplate", "Gone for good", verb="ROLLBACK")
    assert only(environment).way_out.proposals[0].reason == "Still gone"
    change = recover(yard, environment, "LaunchTemplate")
    assert (change.status, change.environment.status) == ("succeeded", EnvironmentStatus.READY), change.problem
    assert yard.stack(environment, "compute").skipped == ["LaunchTemplate"]

    refused = yard.did(environment, ChangeKind.UPDATE, UPDATED[HELLO])
    assert refused.status == "failed"
    assert refused.problem is not None
    assert (refused.problem["code"], refused.problem["turn"]) == ("skipped", "you")
    assert "LaunchTemplate" in refused.problem["sentence"]
    parked = yard.did(environment, ChangeKind.PARK)
    assert (parked.status, yard.stack(environment, "compute").skipped) == ("succeeded", [])
    assert yard.did(environment, ChangeKind.WAKE).status == "succeeded"
    assert yard.did(environment, ChangeKind.UPDATE, UPDATED[HELLO]).status == "succeeded"


@pytest.mark.parametrize("fault", ["lose_call", "lose_answer"])
def test_a_fault_while_going_on_is_got_over(yard: Yard, fault: str) -> None:
    environment = yard.ready()
    roll_back_stuck(yard, environment)
    for operation in ("ContinueUpdateRollback", "ListStackResources", "DescribeStackEvents"):
        getattr(yard.fake.script, fault)(operation)
        yard.fake.script.throttle(operation)
        yard.fake.script.break_down(operation)
    change = recover(yard, environment)
    assert (change.status, change.environment.status) == ("succeeded", EnvironmentStatus.READY), change.problem
    asked = [event for event in yard.fake.stack("hello-erlang-dev").events if change.pk.hex in str(event)]
    begun = [event for event in asked if event["ResourceStatus"] == "UPDATE_ROLLBACK_IN_PROGRESS"]
    assert len(begun) == 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_that_dies_at_the_call_is_replaced(yard: Yard, when: str) -> None:
    def die() -> None:
        raise KeyboardInterrupt

    environment = yard.ready()
    roll_back_stuck(yard, environment)
    getattr(yard.fake.script, when)("ContinueUpdateRollback", die)
    with pytest.raises(KeyboardInterrupt):
        recover(yard, environment)
    change = environment.changes.order_by("-requested_at")[0]
    assert (change.kind, change.status) == (ChangeKind.RECOVER, "running")
    yard.pass_time(change, minutes=1)
    assert (change.status, change.environment.status) == ("succeeded", EnvironmentStatus.READY), change.problem
    assert yard.fake.calls_of("ContinueUpdateRollback") == (2 if when == "before" else 1)


def test_a_stack_that_was_mended_in_the_console_leaves_nothing_to_do(yard: Yard) -> None:
    environment = yard.ready()
    roll_back_stuck(yard, environment)
    yard.fake.force("hello-erlang-dev", "UPDATE_ROLLBACK_COMPLETE")
    change = recover(yard, environment)
    assert (change.status, change.environment.status) == ("succeeded", EnvironmentStatus.READY)
    assert change.waiting_for.startswith("Nothing to change")
    assert yard.fake.calls_of("ContinueUpdateRollback") == 0
    assert yard.stack(environment, "compute").status == "UPDATE_ROLLBACK_COMPLETE"


def test_a_way_out_that_waits_for_approval_is_planned_again_when_the_stack_moved(yard: Yard) -> None:
    environment = yard.ready(HELLO, "prod")
    roll_back_stuck(yard, environment)
    change = recover(yard, environment)
    yard.approve(change)
    yard.fake.force("hello-erlang-prod", "UPDATE_ROLLBACK_COMPLETE")
    yard.drive(change)
    assert (change.status, change.environment.status) == ("succeeded", EnvironmentStatus.READY)
    moved = "hello-erlang-prod went from “stuck: undoing the update failed” to “ready, last update undone”"
    assert change.plans.order_by("number")[0].void_because == moved
    assert yard.fake.calls_of("ContinueUpdateRollback") == 0


def test_another_way_out_by_now_is_not_taken(yard: Yard) -> None:
    environment = yard.ready()
    roll_back_stuck(yard, environment)
    yard.fake.force("hello-erlang-dev", "DELETE_FAILED")
    change = recover(yard, environment)
    assert change.status == "failed"
    assert change.problem is not None
    assert change.problem["code"] == "other-way-out"
    assert "“Delete again”" in change.problem["sentence"]
    assert yard.fake.calls_of("ContinueUpdateRollback") + yard.fake.calls_of("DeleteStack") == 0
    assert only(environment).way_out.what == "delete"
    assert recover(yard, environment).environment.status == EnvironmentStatus.DATA_ONLY


def test_an_update_left_where_it_failed_is_rolled_back(yard: Yard) -> None:
    environment = yard.ready()
    before = yard.stack(environment, "compute").parameters
    yard.fake.world.disable_rollback = True
    yard.fake.script.fail("Group", "No capacity", verb="UPDATE")
    failed = yard.did(environment, ChangeKind.UPDATE, UPDATED[HELLO])
    assert failed.status == "failed"
    assert only(environment).way_out.label == "Roll back"
    change = recover(yard, environment)
    assert (change.status, change.environment.status) == ("succeeded", EnvironmentStatus.READY), change.problem
    stack = yard.stack(environment, "compute")
    assert (stack.status, stack.parameters) == ("UPDATE_ROLLBACK_COMPLETE", before)
    yard.fake.world.disable_rollback = False
    assert yard.did(environment, ChangeKind.UPDATE, UPDATED[HELLO]).status == "succeeded"


def test_a_failed_first_create_is_tried_again(yard: Yard) -> None:
    yard.fake.script.fail("LoadBalancer", QUOTA)
    change = yard.drive(yard.create())
    found = only(change.environment)
    assert (found.way_out.label, found.change) == ("Create again", change)
    assert found.cause.startswith("LoadBalancer (ElasticLoadBalancingV2 LoadBalancer) could not be created")
    with pytest.raises(Refusal, match="Try the failed change again"):
        recover(yard, change.environment)
    before = fill(yard)
    assert yard.drive(do_retry(yard.alice, change)).environment.status == EnvironmentStatus.READY
    assert tables(yard) == before


def test_an_empty_stack_without_a_change_to_try_again_is_deleted(yard: Yard) -> None:
    environment = yard.ready(HELLO, "prod")
    approved(yard, yard.did(environment, ChangeKind.PARK))
    yard.fake.script.fail("LoadBalancer", QUOTA)
    approved(yard, yard.did(environment, ChangeKind.WAKE))
    yard.clock.shift(1)
    do_cancel(yard.alice, yard.did(environment, ChangeKind.DELETE_COMPUTE))
    yard.drive(environment.changes.order_by("-requested_at")[0])
    assert (only(environment).way_out.label, only(environment).stack.status) == (
        "Delete the empty stack",
        "ROLLBACK_COMPLETE",
    )
    change = approved(yard, recover(yard, environment))
    assert (change.status, change.environment.status) == ("succeeded", EnvironmentStatus.PARKED), change.problem
    woken = approved(yard, yard.did(environment, ChangeKind.WAKE))
    assert (woken.status, woken.environment.status) == ("succeeded", EnvironmentStatus.READY)


def test_a_park_that_got_stuck_and_was_recovered_leaves_it_parked(yard: Yard) -> None:
    """S8: again, then what blocks stays, last by force."""
    environment = yard.ready()
    yard.fake.script.fail("BalancerSecurityGroup", "It has a dependent object", verb="DELETE", times=9)
    parking = yard.did(environment, ChangeKind.PARK)
    found = only(environment)
    assert (found.way_out.label, found.change) == ("Delete again", parking)
    assert yard.drive(do_retry(yard.alice, parking)).status == "failed"
    found = only(environment)
    assert (found.way_out.what, found.way_out.ticked) == ("retain", True)
    assert found.way_out.proposals[0].reason == "It has a dependent object"
    change = recover(yard, environment, "BalancerSecurityGroup")
    assert (change.status, change.environment.status) == ("succeeded", EnvironmentStatus.PARKED), change.problem
    assert change.plan is not None
    assert change.plan["counters"]["keep"] == 1
    assert yard.did(environment, ChangeKind.WAKE).environment.status == EnvironmentStatus.READY


def test_force_comes_last(yard: Yard) -> None:
    environment = yard.ready(FILESHARE)
    name = yard.stack(environment, "compute").name
    first, second = list(yard.fake.stack(name).resources)[:2]
    for logical_id in (first, second):
        yard.fake.script.fail(logical_id, "In use", verb="DELETE", times=9)
    yard.drive(do_retry(yard.alice, yard.did(environment, ChangeKind.PARK)))
    assert {one.logical_id for one in only(environment).way_out.proposals} == {first, second}
    assert recover(yard, environment, first).status == "failed"
    found = only(environment)
    assert (found.way_out.label, found.condition) == ("Force the deletion", "Deleting it failed 3 times")
    assert not found.way_out.second_person
    with pytest.raises(Refusal) as refused:
        recover(yard, environment, reason="")
    assert refused.value.code == "no-reason"
    change = recover(yard, environment)
    assert (change.status, change.environment.status) == ("succeeded", EnvironmentStatus.PARKED), change.problem
    assert [stack.status for stack in yard.fake.stacks(name)] == ["DELETE_COMPLETE"]
    assert yard.did(environment, ChangeKind.WAKE).status == "succeeded"


@pytest.mark.parametrize(
    ("what", "spared", "reason", "code"),
    [
        ("force", (), "Because", "not-the-way-out"),
        ("", (), "Because", "not-the-way-out"),
        ("continue", ("Group",), "Because", "not-proposed"),
        ("continue", ("LaunchTemplate",), "  ", "no-reason"),
    ],
)
def test_nothing_else_can_be_asked_for(yard: Yard, what: str, spared: tuple[str, ...], reason: str, code: str) -> None:
    environment = yard.ready()
    roll_back_stuck(yard, environment)
    with pytest.raises(Refusal) as refused:
        do_request_recover(
            yard.alice, environment, Ask(ChangeKind.RECOVER, reason=reason), stack=COMPUTE, what=what, spared=spared
        )
    assert refused.value.code == code
    assert not Operation.objects.filter(is_open=True).exists()


def test_a_stack_that_serves_has_no_way_out(yard: Yard) -> None:
    environment = yard.ready()
    assert stuck(environment) == ()
    assert "not stuck" in why_not_recover(yard.alice, environment, stack=COMPUTE)
    with pytest.raises(Refusal, match="not stuck"):
        do_request_recover(yard.alice, environment, Ask(ChangeKind.RECOVER), stack=COMPUTE, what="delete")


def test_two_clicks_are_one_change_and_one_at_a_time(yard: Yard) -> None:
    environment = yard.ready()
    roll_back_stuck(yard, environment)
    ask = Ask(ChangeKind.RECOVER, key=uuid.uuid4())
    one = do_request_recover(yard.alice, environment, ask, stack=COMPUTE, what="continue")
    assert do_request_recover(yard.alice, environment, ask, stack=COMPUTE, what="continue") == one
    assert stuck(environment) == ()
    assert "open" in why_not_recover(yard.bob, environment, stack=COMPUTE)
    with pytest.raises(Refusal, match="open"):
        do_request_recover(yard.bob, environment, Ask(ChangeKind.RECOVER), stack=COMPUTE, what="continue")


def test_an_unknown_status_freezes_the_environment_and_says_so(yard: Yard) -> None:
    """S2."""
    environment = yard.ready()
    seen(environment, "compute", status="ARCHIVED")
    yard.fake.force("hello-erlang-dev", "ARCHIVED")
    found = only(environment)
    assert (found.way_out.what, found.way_out.label) == ("", "")
    assert "ARCHIVED" in found.condition
    assert "administrator" in why_not_recover(yard.alice, environment, stack=COMPUTE)
    with pytest.raises(Refusal, match="administrator"):
        do_request_recover(yard.alice, environment, Ask(ChangeKind.RECOVER), stack=COMPUTE, what="")
    change = yard.did(environment, ChangeKind.UPDATE, UPDATED[HELLO])
    assert (change.status, change.environment.status) == ("failed", EnvironmentStatus.ATTENTION)
    assert change.problem is not None
    assert "takes no change" in change.problem["sentence"]


def test_a_change_that_meets_a_stuck_stack_names_its_way_out(yard: Yard) -> None:
    environment = yard.ready()
    failed = roll_back_stuck(yard, environment)
    with pytest.raises(Refusal, match="“Continue the roll-back”") as refused:
        do_retry(yard.alice, failed)
    assert refused.value.code == "stuck"
    yard.clock.shift(1)
    change = yard.did(environment, ChangeKind.UPDATE, UPDATED[HELLO])
    assert change.problem is not None
    assert "takes no change" in change.problem["sentence"]
    assert "“Continue the roll-back”" in change.problem["advice"]
