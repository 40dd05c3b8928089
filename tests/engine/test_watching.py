"""Observation: one listing however many stacks move, every event once, and only our own operation's end."""

import pytest

from provisioning.lifecycle import STACK_STATUSES, ChangeKind
from provisioning.models import Event, StackResource

from .yard import HELLO, UPDATED, Yard


def test_one_listing_a_look_however_many_environments_move(yard: Yard) -> None:
    yard.fake.pace.looks = 1000
    changes = [yard.create(HELLO, f"dev-n{number}") for number in range(20)]
    for change in changes:
        yard.tick(change)
    yard.look()
    yard.fake.calls.clear()
    look = yard.look()
    assert yard.fake.calls.pop("cloudformation.DescribeStackEvents", 0) <= 2  # the next two of those that move
    assert yard.fake.calls == {"cloudformation.ListStacks": 1}
    assert (len(look.woken), look.again_in is not None) == (0, True)
    yard.fake.pace.looks = 1
    yard.drive(*changes)
    for change in changes:
        change.refresh_from_db()
        assert change.status == "succeeded"


def test_nothing_moves_nothing_is_asked(yard: Yard) -> None:
    assert yard.look().again_in is None
    assert yard.fake.calls.total() == 0


def test_events_are_kept_once_each(yard: Yard) -> None:
    change = yard.create()
    yard.fake.script.lose_answer("DescribeStackEvents", times=3, skip=1)
    yard.drive(change)
    told = sum(len(stack.events) for stack in yard.fake.stacks())
    kept = Event.objects.exclude(aws_id="")
    assert kept.count() == told == kept.values("aws_id").distinct().count()


def test_events_of_an_earlier_operation_are_not_told_again(yard: Yard) -> None:
    environment = yard.ready()
    change = yard.did(environment, ChangeKind.UPDATE, UPDATED[HELLO])
    statuses = set(change.events.exclude(aws_id="").values_list("status", flat=True))
    assert "UPDATE_COMPLETE" in statuses
    assert not any(status.startswith("CREATE_") and status.endswith("PROGRESS") for status in statuses)


def test_resources_show_their_newest_state(yard: Yard) -> None:
    change = yard.create()
    yard.fake.pace.resources = 2
    seen: set[str] = set()
    for _ in range(60):
        yard.tick(change)
        yard.look()
        seen |= set(StackResource.objects.filter(logical_id="LoadBalancer").values_list("status", flat=True))
        if not yard.wait():
            break
    assert seen == {"CREATE_IN_PROGRESS", "CREATE_COMPLETE"}
    assert set(StackResource.objects.values_list("status", flat=True)) == {"CREATE_COMPLETE"}


def test_the_stacks_status_follows_while_it_moves(yard: Yard) -> None:
    change = yard.create()
    yard.fake.pace.looks = 3
    yard.tick(change)
    yard.look()
    assert yard.stack(change.environment, "data").status == "CREATE_IN_PROGRESS"
    assert yard.drive(change).status == "succeeded"


@pytest.mark.parametrize("status", [one.name for one in STACK_STATUSES.values() if not one.moving and not one.shell])
def test_wherever_a_stack_comes_to_rest_the_change_ends(yard: Yard, status: str) -> None:
    """The stack is put into each status of rest while an update runs."""
    environment = yard.ready()
    yard.fake.pace.looks = 1000
    change = yard.ask(environment, ChangeKind.UPDATE, UPDATED[HELLO])
    yard.tick(change)
    yard.fake.force("hello-erlang-dev", status)
    yard.drive(change)
    meaning = STACK_STATUSES[status]
    good = meaning.live and not meaning.failed
    assert change.status == ("succeeded" if good else "failed"), change.problem
    assert yard.stack(environment, "compute").status == status


@pytest.mark.parametrize("lag", [1, 3])
def test_a_listing_that_lags_behind_ends_nothing_early(yard: Yard, lag: int) -> None:
    yard.fake.pace.lag = lag
    environment = yard.ready()
    assert yard.did(environment, ChangeKind.UPDATE, UPDATED[HELLO]).status == "succeeded"
    assert yard.fake.stack("hello-erlang-dev").status == "UPDATE_COMPLETE"
    assert yard.did(environment, ChangeKind.PARK).status == "succeeded"
    assert [stack.name for stack in yard.fake.stacks()] == ["hello-erlang-data-dev"]
