"""A change sent instead of one that waits: what the old one had planned goes first, and only the new one runs."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from provisioning.actions.deciding import do_approve
from provisioning.actions.refusals import Refusal
from provisioning.actions.requesting import Ask, do_request, do_request_create
from provisioning.actions.taking_back import do_cancel
from provisioning.engine.playbooks import CLEANUP, PLAYBOOKS
from provisioning.engine.steps.superseding import ensure_superseded_gone
from provisioning.lifecycle import ChangeKind
from provisioning.models import Change, Environment, Operation

from .yard import COMPUTE, HELLO, UPDATED, Yard

DATA = "hello-erlang-data-prod"


def created_instead(yard: Yard, old: Change, name: str = "prod") -> Change:
    asked = Ask(ChangeKind.CREATE, {"compute": COMPUTE[HELLO]}, key=uuid.uuid4(), replaces=old.pk)
    return do_request_create(yard.alice, HELLO, name, asked)


def updated_instead(yard: Yard, environment: Environment, old: Change) -> Change:
    values = {"compute": {"InstanceType": "t3.micro"}}
    return do_request(yard.alice, environment, Ask(ChangeKind.UPDATE, values, key=uuid.uuid4(), replaces=old.pk))


def waiting(yard: Yard) -> Change:
    change = yard.drive(yard.create(HELLO, "prod"))
    assert change.status == "awaiting_approval"
    return change


def one_waits(yard: Yard) -> None:
    """One shell, with one change set in it."""
    yard.fake.finish()
    assert [(one.name, len(one.change_sets)) for one in yard.fake.stacks()] == [(DATA, 1)]
    assert len(yard.fake.world.change_sets) == 1


def test_every_kind_of_change_begins_with_it_and_tidies_up_with_it() -> None:
    for kind in ChangeKind:
        assert PLAYBOOKS[kind].planning[0].run is ensure_superseded_gone
    assert CLEANUP[0].run is ensure_superseded_gone


def test_a_create_sent_instead_of_another_is_the_one_that_runs(yard: Yard) -> None:
    old = waiting(yard)
    change = yard.drive(created_instead(yard, old))
    old.refresh_from_db()
    assert (old.status, change.status) == ("superseded", "awaiting_approval")
    one_waits(yard)
    with pytest.raises(Refusal):
        do_approve(yard.ada, old, digest=old.plan_digest)
    yard.approve(change)
    assert yard.drive(old, change).status == "superseded"
    assert change.status == "succeeded"
    assert [one.executed for one in yard.fake.stacks()] == [1, 1]


def test_an_update_sent_instead_of_another_leaves_one_change_set(yard: Yard) -> None:
    environment = yard.ready(HELLO, "prod")
    old = yard.did(environment, ChangeKind.UPDATE, UPDATED[HELLO])
    change = yard.drive(updated_instead(yard, environment, old))
    sets = yard.fake.stack("hello-erlang-prod").change_sets.values()
    assert [one.parameters["InstanceType"] for one in sets if one.execution == "AVAILABLE"] == ["t3.micro"]
    yard.approve(change)
    assert yard.drive(change).status == "succeeded"


def test_what_was_held_is_replaced_too(yard: Yard) -> None:
    old = waiting(yard)
    do_approve(yard.ada, old, digest=old.plan_digest, run="later")
    yard.drive(old)
    change = yard.drive(created_instead(yard, old))
    assert change.status == "awaiting_approval"
    yard.pass_time(old, hours=71)
    assert old.status == "superseded"
    one_waits(yard)


@pytest.mark.parametrize("skip", range(5))
def test_replacing_one_at_any_point_of_its_planning(yard: Yard, skip: int) -> None:
    """The answer of the n-th call of the old one gets lost; then another is sent instead."""
    old = yard.create(HELLO, "prod")
    yard.fake.script.lose_answer("*", skip=skip)
    yard.tick(old)
    assert old.status == "planning", "the planning is shorter than this test believes"
    change = yard.drive(created_instead(yard, old))
    assert change.status == "awaiting_approval", change.problem
    one_waits(yard)


def test_replacing_one_while_aws_makes_its_change_set(yard: Yard) -> None:
    old = yard.create(HELLO, "prod")
    made: list[Change] = []
    yard.fake.script.after("CreateChangeSet", lambda: made.append(created_instead(yard, old)))
    yard.tick(old)
    change = yard.drive(made[0], old)
    assert (old.status, change.status) == ("superseded", "awaiting_approval")
    one_waits(yard)


def test_a_worker_that_still_holds_the_old_one_is_waited_for(yard: Yard) -> None:
    old = waiting(yard)
    Change.objects.filter(pk=old.pk).update(lease_token=uuid.uuid4(), lease_until=timezone.now() + timedelta(seconds=9))
    change = created_instead(yard, old)
    yard.tick(change)
    assert (change.status, change.waiting_for) == ("planning", "The change that this one replaces is still letting go")
    assert yard.fake.calls_of("DeleteChangeSet") == 0
    assert yard.drive(change).status == "awaiting_approval"
    one_waits(yard)


@pytest.mark.parametrize("fault", ["lose_answer", "lose_call", "throttle"])
@pytest.mark.parametrize("operation", ["DeleteChangeSet", "DescribeStacks", "DeleteStack"])
def test_a_bad_day_of_aws_while_tidying_up(yard: Yard, fault: str, operation: str) -> None:
    old = waiting(yard)
    getattr(yard.fake.script, fault)(operation, times=2)
    change = yard.drive(created_instead(yard, old))
    assert change.status == "awaiting_approval", change.problem
    one_waits(yard)


def test_a_chain_of_them_leaves_nothing_of_any(yard: Yard) -> None:
    """The second is replaced before it has removed what the first one left."""
    first = waiting(yard)
    second = created_instead(yard, first)
    third = created_instead(yard, second)
    assert yard.drive(first, second, third).status == "superseded"
    assert (second.status, third.status) == ("superseded", "awaiting_approval")
    one_waits(yard)


def test_cancelling_the_new_one_at_once_leaves_nothing_of_the_old_one(yard: Yard) -> None:
    old = waiting(yard)
    change = created_instead(yard, old)
    do_cancel(yard.alice, change)
    yard.drive(change, old)
    yard.fake.finish()
    assert (change.status, old.status) == ("cancelled", "superseded")
    assert yard.fake.stacks() == []
    assert yard.fake.world.change_sets == {}
    assert not Operation.objects.filter(is_open=True).exists()


def test_a_right_that_is_missing_for_tidying_up_fails_and_a_new_request_is_free(yard: Yard) -> None:
    old = waiting(yard)
    yard.fake.script.deny("DeleteChangeSet", times=2)
    change = yard.drive(created_instead(yard, old))
    assert change.status == "failed"
    yard.fake.finish()
    assert yard.fake.stacks() == [], "tidying up went on until it was allowed"
    assert yard.drive(yard.create(HELLO, "prod")).status == "awaiting_approval"


def test_one_that_was_being_planned_again_does_not_touch_what_came_after_it(yard: Yard) -> None:
    """The old one's plan had moved and it was tidying up when the new one was sent."""
    old = waiting(yard)
    Change.objects.filter(pk=old.pk).update(status="planning", cleanup=True, next_check_at=timezone.now())
    change = created_instead(yard, old)
    yard.drive(change)
    Change.objects.filter(pk=old.pk).update(next_check_at=timezone.now())
    yard.drive(old)
    assert (old.status, change.status) == ("superseded", "awaiting_approval")
    one_waits(yard)
