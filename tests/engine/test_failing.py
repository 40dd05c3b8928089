"""Operations that fail: the first real cause on the change, the stacks at rest, and a retry that gets through."""

import pytest

from provisioning.actions.refusals import Refusal
from provisioning.actions.retrying import do_retry
from provisioning.lifecycle import ChangeKind, EnvironmentStatus
from provisioning.models import Change, Operation

from .yard import HELLO, UPDATED, Yard

QUOTA = "The maximum number of load balancers has been reached (Limit exceeded)"


def problem(change: Change) -> dict[str, str]:
    found: dict[str, str] | None = change.problem
    assert found is not None
    return found


def retried(yard: Yard, change: Change) -> Change:
    return yard.drive(do_retry(yard.alice, change))


@pytest.mark.parametrize(("logical_id", "kind"), [("SessionsTable", "data"), ("LoadBalancer", "compute")])
def test_a_create_that_fails_says_why_and_a_retry_succeeds(yard: Yard, logical_id: str, kind: str) -> None:
    yard.fake.script.fail(logical_id, QUOTA)
    change = yard.drive(yard.create())
    assert change.status == "failed"
    assert problem(change)["sentence"].startswith(logical_id)
    assert problem(change)["sentence"].endswith("could not be created: a limit of this AWS account is reached.")
    assert (problem(change)["turn"], QUOTA in problem(change)["raw"]) == ("an administrator", True)
    assert "Raise the limit" in problem(change)["advice"]
    assert change.environment.status == EnvironmentStatus.ATTENTION
    name = yard.stack(change.environment, kind).name
    assert yard.fake.stack(name).status == "ROLLBACK_COMPLETE"
    assert not Operation.objects.filter(is_open=True).exists()

    change = retried(yard, change)
    assert (change.status, change.problem, change.attempt) == ("succeeded", None, 2)
    assert change.environment.status == EnvironmentStatus.READY
    assert [stack.status for stack in yard.fake.stacks(name)] == ["DELETE_COMPLETE", "CREATE_COMPLETE"]
    assert len(yard.fake.world.tables) == 2


def test_resources_that_were_only_cancelled_are_not_the_cause(yard: Yard) -> None:
    yard.fake.pace.resources = 20
    yard.fake.script.fail("BalancerSecurityGroup", "The VPC vpc-1 does not exist")
    change = yard.drive(yard.create())
    cancelled = change.events.filter(status="CREATE_FAILED", reason__contains="cancelled")
    assert cancelled.count() > 3
    assert problem(change)["sentence"].startswith("BalancerSecurityGroup")
    assert change.problem is not None
    assert (change.problem["cause"], change.problem["followed"]) == ("BalancerSecurityGroup", cancelled.count())


def test_a_prod_create_that_fails_is_decided_about_again(yard: Yard) -> None:
    change = yard.drive(yard.create(HELLO, "prod"))
    yard.approve(change)
    yard.fake.script.fail("LoadBalancer", QUOTA)
    assert yard.drive(change).status == "failed"
    first = change.plan_digest
    change = retried(yard, change)
    assert change.status == "awaiting_approval"
    assert change.plan_digest != first
    yard.approve(change)
    assert yard.drive(change).status == "succeeded"


def test_an_update_that_rolls_back_leaves_a_healthy_environment(yard: Yard) -> None:
    environment = yard.ready()
    before = yard.stack(environment, "compute").parameters
    yard.fake.script.fail("LaunchTemplate", "The key pair does not exist", verb="UPDATE")
    change = yard.did(environment, ChangeKind.UPDATE, UPDATED[HELLO])
    assert change.status == "failed"
    assert "Choose a key pair" in problem(change)["advice"]
    assert change.environment.status == EnvironmentStatus.READY
    stack = yard.stack(environment, "compute")
    assert (stack.status, stack.parameters) == ("UPDATE_ROLLBACK_COMPLETE", before)
    assert retried(yard, change).status == "succeeded"
    assert yard.fake.stack(stack.name).status == "UPDATE_COMPLETE"


def test_a_retry_right_after_a_failure_is_not_taken_for_the_failure(yard: Yard) -> None:
    """The listing lags behind: for some looks the stack still shows how the first try ended."""
    environment = yard.ready()
    yard.fake.script.fail("LaunchTemplate", "The key pair does not exist", verb="UPDATE")
    change = yard.did(environment, ChangeKind.UPDATE, UPDATED[HELLO])
    yard.fake.pace.lag = 4
    change = retried(yard, change)
    assert (change.status, change.problem) == ("succeeded", None)
    assert yard.fake.stack("hello-erlang-dev").status == "UPDATE_COMPLETE"


def test_an_update_stuck_in_its_rollback_needs_an_administrator(yard: Yard) -> None:
    environment = yard.ready()
    yard.fake.script.fail("Group", "No capacity", verb="UPDATE")
    yard.fake.script.fail("LaunchTemplate", "Stuck", verb="ROLLBACK")
    change = yard.did(environment, ChangeKind.UPDATE, UPDATED[HELLO])
    assert (change.status, change.environment.status) == ("failed", EnvironmentStatus.ATTENTION)
    assert yard.stack(environment, "compute").status == "UPDATE_ROLLBACK_FAILED"
    with pytest.raises(Refusal, match="“Continue the roll-back” on the environment's page comes first"):
        do_retry(yard.alice, change)


def test_a_delete_that_fails_can_be_tried_again(yard: Yard) -> None:
    environment = yard.ready()
    yard.fake.script.fail("BalancerSecurityGroup", "resource sg-1 has a dependent object", verb="DELETE")
    change = yard.did(environment, ChangeKind.PARK)
    assert (change.status, change.environment.status) == ("failed", EnvironmentStatus.ATTENTION)
    assert "could not be deleted" in problem(change)["sentence"]
    assert yard.stack(environment, "compute").status == "DELETE_FAILED"
    change = retried(yard, change)
    assert (change.status, change.environment.status) == ("succeeded", EnvironmentStatus.PARKED)


def test_a_failed_check_is_retried_without_another_plan(yard: Yard) -> None:
    yard.fake.world.healthy = False
    change = yard.drive(yard.create())
    assert change.status == "failed"
    assert "Targets are healthy" in problem(change)["sentence"]
    executed = yard.fake.calls_of("ExecuteChangeSet")
    yard.fake.world.healthy = True
    change = retried(yard, change)
    assert (change.status, change.attempt) == ("succeeded", 1)
    assert yard.fake.calls_of("ExecuteChangeSet") == executed


def test_only_a_failed_change_is_retried_and_only_while_it_is_the_newest(yard: Yard) -> None:
    environment = yard.ready()
    done = Change.objects.get(environment=environment)
    with pytest.raises(Refusal, match="Only a failed change"):
        do_retry(yard.alice, done)
    yard.fake.script.fail("LaunchTemplate", "No", verb="UPDATE")
    failed = yard.did(environment, ChangeKind.UPDATE, UPDATED[HELLO])
    yard.clock.shift(1)
    yard.did(environment, ChangeKind.UPDATE, UPDATED[HELLO])
    with pytest.raises(Refusal, match="newer change"):
        do_retry(yard.alice, failed)


def test_a_bug_of_our_own_fails_the_change_with_a_number_and_frees_the_stacks(yard: Yard) -> None:
    def crash() -> None:
        raise ZeroDivisionError

    yard.fake.script.before("ExecuteChangeSet", crash)
    change = yard.drive(yard.create())
    assert (change.status, problem(change)["code"]) == ("failed", "crash")
    assert "incident" in problem(change)["sentence"]
    assert retried(yard, change).status == "succeeded"
    assert yard.fake.stack("hello-erlang-data-dev").executed == 1
