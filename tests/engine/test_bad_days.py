"""AWS slow, silent, forgetful or unwilling: changes wait and converge, or stop with a sentence and can go on."""

from datetime import timedelta

import pytest
from django.utils import timezone

from provisioning.actions.retrying import do_retry
from provisioning.lifecycle import ChangeKind
from provisioning.models import Change

from .yard import APPLICATIONS, FILESHARE, HELLO, UPDATED, Yard

MUTATING = ("CreateChangeSet", "ExecuteChangeSet", "PutParameter")


def once_each(yard: Yard, application: str, name: str = "dev") -> None:
    """Exactly one stack of each kind was ever made, and each ran exactly one change set."""
    blueprint = f"{application}-data-{name}", f"{application}-{name}"
    for stack_name in blueprint:
        assert [stack.executed for stack in yard.fake.stacks(stack_name)] == [1]


def test_throttling_only_delays_and_the_pauses_grow(yard: Yard) -> None:
    change = yard.create()
    yard.fake.script.throttle("CreateChangeSet", times=5)
    pauses = []
    for attempt in range(1, 6):
        before = timezone.now()
        yard.tick(change)
        assert (change.status, change.tries) == ("planning", attempt)
        assert "asked Stackyard to slow down" in change.waiting_for
        assert change.next_check_at is not None
        pauses.append((change.next_check_at - before).total_seconds())
        yard.clock.move_to(change.next_check_at)
    for number, pause in enumerate(pauses):
        assert 2 <= pause <= 2 ** (number + 2)
    assert yard.drive(change).status == "succeeded"
    assert change.tries == 0
    once_each(yard, HELLO)


def test_the_pauses_are_spread(yard: Yard) -> None:
    changes = [yard.create(name=f"dev-a{number}") for number in range(6)]
    yard.fake.script.throttle("*", times=6)
    for change in changes:
        yard.tick(change)
    assert len({change.next_check_at for change in changes}) == 6


@pytest.mark.parametrize("application", APPLICATIONS)
@pytest.mark.parametrize("fault", ["lose_call", "lose_answer", "throttle", "break_down"])
def test_a_fault_at_every_single_call_is_got_over(yard: Yard, application: str, fault: str) -> None:
    """Each operation of a create meets the fault at its first call."""
    yard.fake.pace.resources = 40
    for operation in (
        *("GetCallerIdentity", "ListStacks", "DescribeStacks", "CreateChangeSet", "DescribeChangeSet"),
        *("ExecuteChangeSet", "DescribeStackEvents", "DescribeTable", "DescribeTimeToLive", "PutParameter"),
        *("GetParametersByPath", "GetResources", "ListRolePolicies", "DescribeLoadBalancers"),
    ):
        getattr(yard.fake.script, fault)(operation)
    change = yard.drive(yard.create(application))
    assert (change.status, change.problem) == ("succeeded", None)
    once_each(yard, application)


@pytest.mark.parametrize("retry_safe", [True, False])
@pytest.mark.parametrize("operation", MUTATING)
@pytest.mark.parametrize("skip", [0, 1])
def test_a_lost_answer_leads_to_no_second_effect(yard: Yard, operation: str, skip: int, *, retry_safe: bool) -> None:
    yard.fake.world.retry_safe_tokens = retry_safe
    yard.fake.script.lose_answer(operation, skip=skip)
    change = yard.drive(yard.create(FILESHARE))
    assert (change.status, change.problem) == ("succeeded", None)
    once_each(yard, FILESHARE)
    assert [row["Version"] for row in yard.fake.world.parameters["/fileshare/dev/use_dynamodb"]] == [1]


@pytest.mark.parametrize("lost", ["lose_answer", "lose_call"])
def test_a_lost_delete_is_one_delete(yard: Yard, lost: str) -> None:
    environment = yard.ready()
    getattr(yard.fake.script, lost)("DeleteStack")
    change = yard.did(environment, ChangeKind.PARK)
    assert (change.status, change.problem) == ("succeeded", None)
    begun = [
        one for one in yard.fake.stacks("hello-erlang-dev")[0].events if one["ResourceStatus"] == "DELETE_IN_PROGRESS"
    ]
    assert sum(one["LogicalResourceId"] == "hello-erlang-dev" for one in begun) == 1


def test_a_delete_whose_answer_is_lost_until_the_stack_is_gone_is_done(yard: Yard) -> None:
    environment = yard.ready()
    yard.fake.script.after("DeleteStack", yard.fake.finish)
    yard.fake.script.lose_answer("DeleteStack")
    assert yard.did(environment, ChangeKind.PARK).status == "succeeded"


def test_a_worker_killed_after_the_call_does_not_call_again(yard: Yard) -> None:
    change = yard.create()

    def die() -> None:
        raise KeyboardInterrupt

    yard.fake.script.after("ExecuteChangeSet", die)
    with pytest.raises(KeyboardInterrupt):
        yard.drive(change)
    yard.clock.shift(timedelta(minutes=1))
    assert yard.drive(change).status == "succeeded"
    once_each(yard, HELLO)


@pytest.mark.parametrize("how", ["deny", "expire"])
@pytest.mark.parametrize(
    "operation",
    ["GetCallerIdentity", "DescribeStacks", "CreateChangeSet", "DescribeChangeSet", "ExecuteChangeSet", "GetResources"],
)
def test_what_is_not_allowed_stops_with_a_sentence_and_can_be_retried(yard: Yard, operation: str, how: str) -> None:
    getattr(yard.fake.script, how)(operation)
    change = yard.drive(yard.create())
    assert change.status == "failed"
    assert change.problem is not None
    sentence = "not accept Stackyard's credentials" if how == "expire" else f"to call {operation}"
    assert sentence in change.problem["sentence"]
    assert "administrator" in change.problem["sentence"]
    assert not any(stack.status == "REVIEW_IN_PROGRESS" for stack in yard.fake.stacks())
    change = yard.drive(do_retry(yard.alice, change))
    assert (change.status, change.problem) == ("succeeded", None)
    once = {stack.name: stack.executed for stack in yard.fake.stacks()}
    assert once == {"hello-erlang-data-dev": 1, "hello-erlang-dev": 1}


def test_a_change_set_lost_and_then_forbidden_leaves_no_shell(yard: Yard) -> None:
    yard.fake.script.lose_answer("CreateChangeSet")
    yard.fake.script.deny("CreateChangeSet", skip=1)
    change = yard.drive(yard.create())
    yard.fake.finish()
    assert change.status == "failed"
    assert yard.fake.stacks() == []
    assert yard.drive(do_retry(yard.alice, change)).status == "succeeded"


def test_a_change_set_that_takes_its_time_is_waited_for(yard: Yard) -> None:
    yard.fake.pace.change_set_looks = 5
    change = yard.create()
    yard.tick(change)
    assert (change.status, change.waiting_for) == ("planning", "CloudFormation is reading the template")
    assert yard.drive(change).status == "succeeded"


def test_a_slow_stack_is_watched_for_hours(yard: Yard) -> None:
    yard.fake.pace.seconds, yard.fake.pace.resources = 600, 1
    change = yard.create(FILESHARE)
    began = timezone.now()
    while change.next_check_at is not None:
        yard.tick(change)
        yard.look()
        change.refresh_from_db()
        yard.clock.shift(timedelta(minutes=10))
    assert (change.status, change.problem) == ("succeeded", None)
    assert timezone.now() - began > timedelta(hours=3)


def test_with_every_message_lost_the_sweep_converges(yard: Yard) -> None:
    changes = [yard.create(HELLO, f"dev-{name}") for name in ("a", "b", "c")]
    yard.sweep()
    for change in changes:
        change.refresh_from_db()
        assert change.status == "succeeded"
    parks = [yard.ask(change.environment, ChangeKind.PARK) for change in changes]
    updates = []
    yard.sweep()
    for park in parks:
        park.refresh_from_db()
        updates.append(park.status)
    assert updates == ["succeeded"] * 3


def test_an_unreachable_account_holds_up_only_itself(yard: Yard) -> None:
    environment = yard.ready()
    change = yard.ask(environment, ChangeKind.UPDATE, UPDATED[HELLO])
    yard.fake.script.lose_call("*", times=12)
    yard.drive(change)
    assert change.status == "succeeded"
    assert Change.objects.filter(status="failed").count() == 0
