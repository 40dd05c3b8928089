"""Leases: one worker at a time, a successor when one dies, and no write by whoever came too late."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import QuerySet
from django.utils import timezone

from provisioning.actions.taking_back import do_cancel
from provisioning.engine.claims import LEASE, wake
from provisioning.engine.observe import Look
from provisioning.engine.reconcile import Tick
from provisioning.engine.steps.stacks import WATCHED
from provisioning.models import Change, Event, Operation, Step

from .yard import FILESHARE, Yard


def test_two_reconciles_at_once_are_one(yard: Yard) -> None:
    """A second worker comes while the first is inside its call."""
    change = yard.create()
    second: list[Tick] = []
    yard.fake.script.before("CreateChangeSet", lambda: second.append(yard.tick(change)))
    yard.tick(change)
    assert second == [Tick()]
    assert yard.fake.calls_of("CreateChangeSet") == 1
    assert Step.objects.filter(change=change).count() == len(set(Step.objects.values_list("name", flat=True)))
    assert yard.drive(change).status == "succeeded"


def test_two_observers_at_once_are_one(yard: Yard) -> None:
    change = yard.create()
    yard.tick(change)
    second: list[Look] = []
    yard.fake.script.before("DescribeStacks", lambda: second.append(yard.look()))
    yard.look()
    assert second == [Look()]
    assert yard.drive(change).status == "succeeded"


def test_a_dead_workers_change_is_taken_over_once_its_lease_is_past(yard: Yard) -> None:
    change = yard.create()
    held_until = timezone.now() + LEASE
    Change.objects.filter(pk=change.pk).update(lease_token="0" * 32, lease_until=held_until)
    assert yard.tick(change) == Tick()
    assert yard.fake.calls.total() == 0
    yard.clock.move_to(held_until + timedelta(milliseconds=1))
    yard.tick(change)
    assert change.status == "running"
    assert yard.drive(change).status == "succeeded"


def test_a_worker_paused_past_its_lease_cannot_write(yard: Yard) -> None:
    """While the first is inside a call its lease runs out, another goes on, and the first writes nothing."""
    change = yard.create()

    def overtaken() -> None:
        yard.clock.shift(LEASE + timedelta(seconds=1))
        yard.tick(change)

    yard.fake.script.after("CreateChangeSet", overtaken)
    tick = yard.tick(change)
    assert tick == Tick()
    overtaker = Change.objects.get(pk=change.pk)
    assert overtaker.status == "running"
    assert yard.fake.calls_of("ExecuteChangeSet") == 1
    assert Event.objects.filter(change=change, logical_id="Plan the data stack").count() == 1
    assert yard.drive(change).status == "succeeded"
    assert [stack.executed for stack in yard.fake.stacks()] == [1, 1]


def test_a_worker_overtaken_while_executing_does_not_execute_twice(yard: Yard) -> None:
    change = yard.create()

    def overtaken() -> None:
        yard.clock.shift(LEASE + timedelta(seconds=1))
        yard.tick(change)

    yard.fake.script.before("ExecuteChangeSet", overtaken)
    yard.tick(change)
    assert yard.drive(change).status == "succeeded"
    assert [stack.executed for stack in yard.fake.stacks()] == [1, 1]


@pytest.mark.parametrize("operation", ["DescribeChangeSet", "PutParameter", "GetResources"])
def test_a_worker_overtaken_in_the_middle_of_a_step_writes_nothing_more(yard: Yard, operation: str) -> None:
    """Once the other has gone on, the first one's token is nobody's: no row of the change, its operations or its steps
    changes any more until the first has ended."""
    change = yard.create(FILESHARE)
    left: list[list[Any]] = []

    def overtaken() -> None:
        yard.clock.shift(LEASE + timedelta(seconds=1))
        yard.tick(change)
        left.append(_rows(change))

    yard.fake.script.after(operation, overtaken)
    for _ in range(40):
        yard.look()
        yard.tick(change)
        if left:
            break
        yard.wait()
    assert left == [_rows(change)]
    assert yard.drive(change).status == "succeeded"
    assert [stack.executed for stack in yard.fake.stacks()] == [1, 1]


def _rows(change: Change) -> list[Any]:
    """Everything that is written about a change."""
    own: list[QuerySet[Any]] = [Change.objects.filter(pk=change.pk), change.operations.all()]
    own += [change.steps.all(), change.events.all()]
    return [row for rows in own for row in rows.order_by("pk").values()]


def test_an_observer_paused_past_its_lease_writes_nothing(yard: Yard) -> None:
    """What it saw is out of date: another one has seen the stack come to rest meanwhile."""
    change = yard.create()
    yard.tick(change)

    def overtaken() -> None:
        yard.clock.shift(LEASE + timedelta(seconds=1))
        yard.fake.finish()
        yard.look()

    yard.fake.script.after("DescribeStacks", overtaken)
    assert yard.look().woken == ()
    stack = yard.stack(change.environment, "data")
    assert (stack.status, Operation.objects.get(stack=stack).result) == ("CREATE_COMPLETE", "CREATE_COMPLETE")
    assert yard.drive(change).status == "succeeded"


def test_a_cancellation_during_a_tick_is_not_written_over(yard: Yard) -> None:
    change = yard.create()
    yard.fake.script.before("DescribeTable", lambda: do_cancel(yard.alice, change))
    yard.tick(change)
    assert change.status == "cancelled"
    yard.drive(change)
    assert change.status == "cancelled"
    assert yard.fake.calls_of("ExecuteChangeSet") == 0


def test_a_ring_during_a_tick_is_not_lost(yard: Yard) -> None:
    change = yard.create()
    yard.fake.script.before("ExecuteChangeSet", lambda: wake([change.pk]))
    assert yard.tick(change).again_in == 0.0
    assert change.next_check_at == timezone.now()
    assert yard.tick(change).again_in == WATCHED


def test_reconciling_what_is_over_calls_nothing(yard: Yard) -> None:
    change = yard.drive(yard.create())
    calls = yard.fake.calls.total()
    assert yard.tick(change) == Tick()
    assert yard.look() == Look()
    assert yard.fake.calls.total() == calls
