"""Many at once: half of all calls throttled, and a look that has more to do than one lease lasts."""

import itertools
import random
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone
from fakes.script import client_error

from provisioning.engine.claims import LEASE, claim_account
from provisioning.engine.observe import LOOK_LASTS, bring_forward, hurried, is_due, overdue
from provisioning.lifecycle import ChangeKind, ChangeStatus, EnvironmentStatus, StackKind
from provisioning.models import AuditEntry, Change, Environment, Event, Operation, Stack

from .yard import APPLICATIONS, HELLO, Yard

THROTTLED = 6
ENDED = 300
TOPIC = "Resources: {Topic: {Type: 'AWS::SNS::Topic'}}"


@pytest.mark.parametrize("fate", ["by lot", "in turns"])
def test_with_half_of_all_calls_throttled_all_succeed_once_each(yard: Yard, fate: str) -> None:
    """By the sweep alone: no message is heard. Taken in turns, the same call of a step meets the same fate each time,
    unless what was served before is not asked for again."""
    lot, turns = random.Random(5), itertools.cycle([True, False])  # noqa: S311  (the same every time)

    def half_of_them() -> None:
        if next(turns) if fate == "in turns" else lot.random() < 0.5:
            raise client_error("Throttling", "Rate exceeded", "AnyOperation")

    yard.fake.pace.looks = 3
    yard.fake.script.before("*", half_of_them, times=100_000)
    names = [f"dev-n{number}" for number in range(THROTTLED)]
    changes = [yard.create(APPLICATIONS[number % 2], name) for number, name in enumerate(names)]
    yard.sweep(rounds=3000)  # a call that is unlucky ten times in a row is tried again after minutes
    for change in changes:
        change.refresh_from_db()
        assert change.status == ChangeStatus.SUCCEEDED, change.problem
    assert len(yard.fake.stacks()) == 2 * THROTTLED
    assert {stack.executed for stack in yard.fake.stacks()} == {1}
    assert AuditEntry.objects.filter(verb="succeeded").count() == THROTTLED


def test_what_a_step_read_before_it_was_throttled_is_not_read_again(yard: Yard) -> None:
    change = yard.create()
    yard.fake.script.throttle("DescribeAutoScalingGroups", times=3)
    yard.fake.calls.clear()
    assert yard.drive(change).status == "succeeded"
    assert yard.fake.calls_of("DescribeAutoScalingGroups") == 4
    assert yard.fake.calls_of("GetResources") == 1
    assert yard.fake.calls_of("DescribeTargetHealth") == 1
    assert change.served == ""


def test_a_look_at_hundreds_that_ended_keeps_its_lease(yard: Yard) -> None:
    """Each call takes a tenth of a second, so that there is more to read than a lease, or a task, may last."""
    operations = [_under_way(yard, number) for number in range(ENDED)]
    others: list[object] = []
    held_up: list[bool] = []
    lasted: list[float] = []

    def slowly(_: object) -> None:
        yard.clock.shift(timedelta(seconds=0.1))
        others.append(claim_account(yard.account.pk))
        held_up.append(bool(hurried()))

    yard.fake.script.watch("DescribeStackEvents", slowly)
    yard.fake.script.watch("DescribeStacks", slowly)
    woken: list[uuid.UUID] = []
    while len(woken) < ENDED:
        began = timezone.now()
        look = yard.look()
        lasted.append((timezone.now() - began).total_seconds())
        assert look.woken, "a look that finds nothing more would never end"
        woken += look.woken
    assert others == [None] * (2 * ENDED)
    assert {held_up[0], held_up[-1]} == {False, True}, "others wait once a look lasts"
    assert max(lasted) <= LOOK_LASTS.total_seconds() + 0.5 < LEASE.total_seconds() < sum(lasted)
    assert len(set(woken)) == ENDED
    told = Event.objects.filter(logical_id__startswith="crowd")
    assert told.count() == told.values("aws_id").distinct().count() == 3 * ENDED
    assert set(Operation.objects.values_list("result", flat=True)) == {"CREATE_COMPLETE"}
    assert Operation.objects.filter(pk__in=[one.pk for one in operations], finished_at=None).count() == 0


def test_one_that_cannot_be_read_holds_up_no_other(yard: Yard) -> None:
    operations = [_under_way(yard, number) for number in range(12)]
    yard.fake.script.deny("DescribeStackEvents", times=1)
    yard.fake.script.deny("DescribeStackEvents", times=1, skip=11)
    woken = yard.look().woken
    assert set(woken) == {one.change_id for one in operations[1:]}, "the first one was refused twice"
    assert yard.look().woken == (operations[0].change_id,)


def test_a_look_is_rung_for_once(yard: Yard) -> None:
    """Messages that come between two looks are left over, so that looks never multiply."""
    yard.fake.pace.looks = 1000
    yard.tick(yard.create())
    assert bring_forward(yard.account.pk) == 0.0
    assert is_due(yard.account.pk)
    look = yard.look()
    assert look.again_in is not None
    assert not is_due(yard.account.pk)
    assert overdue() == []
    assert bring_forward(yard.account.pk) == 0.0
    assert bring_forward(yard.account.pk) is None
    yard.clock.shift(timedelta(seconds=look.again_in + 1))
    assert overdue() == [yard.account.pk]


def _under_way(yard: Yard, number: int) -> Operation:
    """An operation whose stack has just come up, and nobody noticed."""
    now, name = timezone.now(), f"crowd-{number}"
    stack = yard.fake.make_stack(name, TOPIC)
    environment = Environment.objects.create(
        application=HELLO,
        name=f"dev-{number}",
        stage="dev",
        account=yard.account,
        owner_id=yard.alice.user_id,
        status=EnvironmentStatus.BUSY,
        changed_at=now,
    )
    row = Stack.objects.create(environment=environment, kind=StackKind.DATA, name=name, stack_id=stack.stack_id)
    change = Change.objects.create(
        environment=environment,
        kind=ChangeKind.CREATE,
        status=ChangeStatus.RUNNING,
        requested_by_id=yard.alice.user_id,
        requested_at=now,
    )
    return Operation.objects.create(change=change, stack=row, action="create", token=f"sy-{number}", called_at=now)
