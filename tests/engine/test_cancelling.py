"""Cancelling what runs: rolled back where CloudFormation can, refused with a reason where it cannot, told when late.

The emulator finishes an update before anybody could cancel it, so all of this runs against the scripted AWS alone.
"""

from collections.abc import Callable

import pytest

from provisioning.actions.actor import Actor
from provisioning.actions.refusals import Refusal
from provisioning.actions.taking_back import do_cancel, why_not_cancel
from provisioning.engine.reconcile import reconcile
from provisioning.lifecycle import CANCEL_LATE, ChangeKind, ChangeStatus, EnvironmentStatus
from provisioning.models import AuditEntry, Change, Environment, Operation

from .yard import FILESHARE, HELLO, UPDATED, Yard

SLOW = 3  # looks a beat takes
DATA = {"data": {"BillingMode": "PROVISIONED"}}


@pytest.fixture
def environment(yard: Yard) -> Environment:
    """One that is up, in an AWS that takes its time from now on."""
    environment = yard.ready()
    yard.fake.pace.looks, yard.fake.pace.resources = SLOW, 1
    yard.fake.calls.clear()
    return environment


def until(yard: Yard, change: Change, there: Callable[[], bool]) -> Change:
    """Drive the change on until something is so."""
    for _ in range(200):
        if there():
            change.refresh_from_db()
            return change
        yard.tick(change)
        yard.look()
        yard.wait()
    raise AssertionError("It never came to that")


def status_of(yard: Yard, kind: str = "compute") -> str:
    """The stack's status in AWS."""
    return yard.fake.stack({"compute": "hello-erlang-dev", "data": "hello-erlang-data-dev"}[kind]).status


def updating(yard: Yard, environment: Environment, values: dict[str, dict[str, str]] | None = None) -> Change:
    """A change whose update is up."""
    change = yard.ask(environment, ChangeKind.UPDATE, values or UPDATED[HELLO])
    return until(yard, change, lambda: Operation.objects.filter(change=change, called_at__isnull=False).exists())


def cancelled_calls(yard: Yard) -> int:
    return yard.fake.calls_of("CancelUpdateStack")


def test_an_update_in_progress_is_rolled_back_and_the_change_ends_cancelled(
    yard: Yard, environment: Environment
) -> None:
    before = yard.stack(environment, "compute").parameters
    change = updating(yard, environment)
    assert status_of(yard) == "UPDATE_IN_PROGRESS"
    do_cancel(yard.alice, change)
    change = yard.drive(change)
    assert (change.status, change.problem) == (ChangeStatus.CANCELLED, None)
    assert "hello-erlang-dev was rolled back and is as it was before" in change.waiting_for
    assert cancelled_calls(yard) == 1
    stack = yard.stack(environment, "compute")
    assert (stack.status, stack.parameters) == ("UPDATE_ROLLBACK_COMPLETE", before)
    assert change.environment.status == EnvironmentStatus.READY
    assert not Operation.objects.filter(is_open=True).exists()
    said = list(AuditEntry.objects.filter(change=change).order_by("pk").values_list("verb", "by"))
    assert said[-2:] == [("cancel", yard.alice.user_id), ("cancelled", None)]
    assert yard.did(environment, ChangeKind.UPDATE, UPDATED[HELLO]).status == ChangeStatus.SUCCEEDED


def test_while_it_is_rolled_back_it_says_so_and_cannot_be_cancelled_twice(yard: Yard, environment: Environment) -> None:
    change = updating(yard, environment)
    do_cancel(yard.alice, change)
    with pytest.raises(Refusal, match="being cancelled already"):
        do_cancel(yard.ada, change)
    yard.tick(change)
    assert change.waiting_for == "Cancelled: hello-erlang-dev is being rolled back"
    for _ in range(3):
        yard.tick(change)
    assert cancelled_calls(yard) == 1


def test_what_an_earlier_stack_got_stays_and_is_named(yard: Yard) -> None:
    environment = yard.ready(FILESHARE)
    yard.fake.pace.looks, yard.fake.pace.resources = SLOW, 1
    change = yard.ask(environment, ChangeKind.UPDATE, DATA | UPDATED[FILESHARE])
    both = Operation.objects.filter(change=change, called_at__isnull=False)
    change = until(yard, change, lambda: both.count() == 2)
    do_cancel(yard.alice, change)
    change = yard.drive(change)
    assert change.status == ChangeStatus.CANCELLED
    names = [yard.stack(environment, kind).name for kind in ("data", "compute")]
    assert f"What was done to {names[0]} stays." in change.waiting_for
    assert [yard.fake.stack(name).status for name in names] == ["UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"]


def test_before_the_first_call_nothing_is_altered(yard: Yard, environment: Environment) -> None:
    yard.fake.script.throttle("ExecuteChangeSet", times=50)
    change = yard.ask(environment, ChangeKind.UPDATE, UPDATED[HELLO])
    change = until(yard, change, lambda: change.status == ChangeStatus.RUNNING)
    assert why_not_cancel(yard.alice, change) == ""
    do_cancel(yard.alice, change)
    yard.fake.script.clear()
    change = yard.drive(change)
    assert change.status == ChangeStatus.CANCELLED
    assert change.waiting_for == "This change was cancelled before anything was altered."
    assert (cancelled_calls(yard), status_of(yard)) == (0, "CREATE_COMPLETE")
    left = yard.fake.stack("hello-erlang-dev").change_sets.values()
    assert {one.execution for one in left} == {"EXECUTE_COMPLETE"}  # that of its creation
    assert change.environment.status == EnvironmentStatus.READY


def test_a_create_that_has_called_nothing_leaves_nothing(yard: Yard) -> None:
    yard.fake.script.throttle("ExecuteChangeSet", times=50)
    change = yard.create()
    change = until(yard, change, lambda: change.status == ChangeStatus.RUNNING)
    do_cancel(yard.alice, change)
    yard.fake.script.clear()
    change = yard.drive(change)
    assert (change.status, change.environment.status) == (ChangeStatus.CANCELLED, EnvironmentStatus.REMOVED)
    yard.fake.finish()
    assert yard.fake.stacks() == []


def test_a_call_whose_answer_was_lost_before_the_wish_is_found_and_rolled_back(
    yard: Yard, environment: Environment
) -> None:
    change = yard.ask(environment, ChangeKind.UPDATE, UPDATED[HELLO])
    yard.fake.script.lose_answer("ExecuteChangeSet")
    change = until(yard, change, lambda: status_of(yard) == "UPDATE_IN_PROGRESS")
    assert not Operation.objects.filter(change=change, called_at__isnull=False).exists()
    do_cancel(yard.alice, change)
    change = yard.drive(change)
    assert (change.status, cancelled_calls(yard)) == (ChangeStatus.CANCELLED, 1)
    assert yard.fake.stack("hello-erlang-dev").executed == 2
    assert status_of(yard) == "UPDATE_ROLLBACK_COMPLETE"


@pytest.mark.parametrize("retry_safe", [True, False])
def test_a_lost_answer_to_the_cancel_is_no_second_roll_back(
    yard: Yard, environment: Environment, *, retry_safe: bool
) -> None:
    yard.fake.world.retry_safe_tokens = retry_safe
    change = updating(yard, environment)
    do_cancel(yard.alice, change)
    yard.fake.script.lose_answer("CancelUpdateStack")
    change = yard.drive(change)
    assert change.status == ChangeStatus.CANCELLED
    assert status_of(yard) == "UPDATE_ROLLBACK_COMPLETE"


def test_a_worker_that_dies_after_the_cancel_is_followed_by_one_that_finds_it(
    yard: Yard, environment: Environment
) -> None:
    class KilledError(BaseException):
        """The worker is gone."""

    def die() -> None:
        raise KilledError

    change = updating(yard, environment)
    do_cancel(yard.alice, change)
    yard.fake.script.after("CancelUpdateStack", die)
    with pytest.raises(KilledError):
        reconcile(change.pk, yard.fake.aws_for)
    yard.fake.finish()
    yard.clock.shift(60)
    change = yard.drive(change)
    assert (change.status, change.problem) == (ChangeStatus.CANCELLED, None)
    assert status_of(yard) == "UPDATE_ROLLBACK_COMPLETE"


def test_a_throttled_cancel_is_tried_again(yard: Yard, environment: Environment) -> None:
    change = updating(yard, environment)
    do_cancel(yard.alice, change)
    yard.fake.script.throttle("CancelUpdateStack")
    yard.tick(change)
    assert change.tries == 1
    assert yard.drive(change).status == ChangeStatus.CANCELLED


def test_an_update_that_was_over_first_goes_on_and_says_that_the_wish_came_too_late(
    yard: Yard, environment: Environment
) -> None:
    change = updating(yard, environment)
    do_cancel(yard.alice, change)
    yard.fake.finish()
    change = yard.drive(change)
    assert (change.status, change.cancel_asked_at) == (ChangeStatus.SUCCEEDED, None)
    assert status_of(yard) == "UPDATE_COMPLETE"
    late = change.events.get(status=CANCEL_LATE)
    assert late.reason.startswith("Cancelling came too late: the update of hello-erlang-dev was over before.")
    assert AuditEntry.objects.filter(change=change, verb=CANCEL_LATE).count() == 1


def test_an_update_that_failed_first_fails_with_its_own_cause(yard: Yard, environment: Environment) -> None:
    yard.fake.script.fail("LaunchTemplate", "The key pair 'mine' does not exist", verb="UPDATE")
    change = updating(yard, environment)
    do_cancel(yard.alice, change)
    yard.fake.finish()
    change = yard.drive(change)
    assert change.status == ChangeStatus.FAILED
    assert change.problem is not None
    assert "the key pair is not there" in change.problem["sentence"]
    assert change.cancel_asked_at is None


def test_a_roll_back_that_fails_ends_failed(yard: Yard, environment: Environment) -> None:
    yard.fake.script.fail("LaunchTemplate", "Stuck", verb="ROLLBACK")
    change = updating(yard, environment)
    told = yard.fake.stack("hello-erlang-dev").events
    change = until(yard, change, lambda: any(one["LogicalResourceId"] == "LaunchTemplate" for one in told[-2:]))
    while told[-1]["ResourceStatus"] != "UPDATE_COMPLETE" and told[-2]["ResourceStatus"] != "UPDATE_COMPLETE":
        yard.look()
        yard.wait()
    do_cancel(yard.alice, change)
    change = yard.drive(change)
    assert (change.status, status_of(yard)) == (ChangeStatus.FAILED, "UPDATE_ROLLBACK_FAILED")
    assert change.problem is not None
    assert change.problem["sentence"].startswith("LaunchTemplate")
    assert change.environment.status == EnvironmentStatus.ATTENTION


def test_when_aws_forbids_the_cancel_the_update_goes_on(yard: Yard, environment: Environment) -> None:
    change = updating(yard, environment)
    do_cancel(yard.alice, change)
    yard.fake.script.deny("CancelUpdateStack")
    change = yard.drive(change)
    assert change.status == ChangeStatus.SUCCEEDED
    assert "grant that right" in change.events.get(status=CANCEL_LATE).reason


def test_one_that_was_cancelled_in_the_console_fails_and_says_so(yard: Yard, environment: Environment) -> None:
    change = updating(yard, environment)
    stack = yard.fake.stack("hello-erlang-dev")
    yard.fake.doors["cloudformation"].cancel_update_stack(StackName=stack.stack_id, ClientRequestToken="console")
    change = yard.drive(change)
    assert change.status == ChangeStatus.FAILED
    assert change.problem is not None
    assert "was cancelled in AWS, outside Stackyard" in change.problem["sentence"]


def test_events_that_carry_the_token_of_the_update_are_understood_too(yard: Yard, environment: Environment) -> None:
    """The events of a roll-back that was asked for carry that call's token, as the emulator does it after AWS; where
    they carry the update's, the end is seen just as well."""
    change = updating(yard, environment)
    do_cancel(yard.alice, change)
    yard.tick(change)
    stack = yard.fake.stack("hello-erlang-dev")
    stack.cancelled = stack.token
    assert yard.drive(change).status == ChangeStatus.CANCELLED


@pytest.mark.parametrize(
    ("kind", "words"),
    [(ChangeKind.PARK, "AWS cannot cancel a deletion"), (ChangeKind.CREATE, "AWS cannot cancel the creation")],
)
def test_what_aws_cannot_cancel_is_refused_with_the_reason(yard: Yard, kind: ChangeKind, words: str) -> None:
    change = yard.create() if kind == ChangeKind.CREATE else yard.ask(yard.ready(), kind)
    yard.fake.pace.looks = SLOW
    change = until(yard, change, lambda: change.operations.filter(called_at__isnull=False).exists())
    with pytest.raises(Refusal, match=words):
        do_cancel(yard.alice, change)
    assert words in why_not_cancel(yard.alice, change)
    change = yard.drive(change)
    assert (change.status, change.cancel_asked_at) == (ChangeStatus.SUCCEEDED, None)


def test_cleaning_up_cannot_be_cancelled(yard: Yard, environment: Environment) -> None:
    change = updating(yard, environment)
    cleaning = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
    change = until(yard, change, lambda: yard.stack(environment, "compute").status == cleaning)
    with pytest.raises(Refusal, match="is live already; AWS only cleans up"):
        do_cancel(yard.alice, change)


def test_only_whose_change_it_is_may_cancel_it(yard: Yard, environment: Environment) -> None:
    change = updating(yard, environment)
    with pytest.raises(Refusal, match="alice asked for this change"):
        do_cancel(yard.bob, change)
    with pytest.raises(Refusal, match="You may read everything"):
        do_cancel(Actor(yard.bob.user_id, "bob", frozenset({"auditors"})), change)
    assert do_cancel(yard.ada, change).cancel_asked_by_id == yard.ada.user_id
