"""A change at which workers end is set aside: nobody takes it up, its stacks stay locked, until a person says so."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from provisioning.actions.refusals import Refusal
from provisioning.actions.setting_aside import do_take_up, set_aside_changes
from provisioning.actions.taking_back import do_cancel
from provisioning.engine.claims import LEASE, MOST_CLAIMS, wake
from provisioning.engine.reconcile import Tick, reconcile
from provisioning.lifecycle import ChangeKind
from provisioning.models import AuditEntry, Change

from .yard import HELLO, UPDATED, Yard

EVER = 1_000


class OutOfMemory(BaseException):
    """The kernel ends the worker."""


def die() -> None:
    """End the worker that is at it."""
    raise OutOfMemory


def attempt(yard: Yard, change: Change) -> None:
    """A worker takes the change up, and may end at it; then its lease passes."""
    with suppress(OutOfMemory):
        yard.tick(change)
    change.refresh_from_db()
    yard.clock.shift(LEASE + timedelta(seconds=1))


def set_aside(yard: Yard, change: Change, at: str = "DescribeTable") -> Change:
    """Workers end at this call until the change is set aside."""
    yard.fake.script.before(at, die, times=EVER)
    for _ in range(MOST_CLAIMS):
        attempt(yard, change)
        assert change.set_aside_at is None
    attempt(yard, change)
    assert change.set_aside_at is not None
    yard.fake.script.clear()
    return change


def test_after_five_workers_it_is_set_aside_with_what_was_being_done(yard: Yard) -> None:
    change = set_aside(yard, yard.create())
    assert (change.status, change.next_check_at, change.lease_until) == ("planning", None, None)
    assert change.set_aside_because == "Workers ended 5 times in a row at “Look for tables that were kept”."
    told = AuditEntry.objects.get(verb="set_aside")
    assert (told.by, told.change, told.environment) == (None, change, change.environment)
    assert change.set_aside_because in told.summary
    assert list(set_aside_changes()) == [change]


def test_nobody_takes_it_up_whoever_rings(yard: Yard) -> None:
    change = set_aside(yard, yard.create())
    calls = yard.fake.calls.total()
    wake([change.pk])
    assert yard.tick(change) == Tick()
    yard.sweep()
    assert (yard.fake.calls.total(), change.next_check_at) == (calls, None)


def test_its_stacks_stay_locked(yard: Yard) -> None:
    environment = yard.ready()
    change = set_aside(yard, yard.ask(environment, ChangeKind.UPDATE, UPDATED[HELLO]))
    with pytest.raises(Refusal) as refused:
        yard.ask(environment, ChangeKind.PARK)
    assert refused.value.change_id == str(change.pk)


def test_what_runs_is_set_aside_in_the_middle_and_goes_on_from_there(yard: Yard) -> None:
    """The stack comes to rest meanwhile, and the observer sees it; nothing runs twice."""
    change = set_aside(yard, yard.create(), at="ExecuteChangeSet")
    assert change.status == "running"
    assert change.set_aside_because == "Workers ended 5 times in a row at “Bring up the data stack”."
    yard.drive(do_take_up(yard.ada, change, reason="More memory"))
    change.refresh_from_db()
    assert (change.status, change.problem, change.claims) == ("succeeded", None, 0)
    assert [stack.executed for stack in yard.fake.stacks()] == [1, 1]
    assert list(set_aside_changes()) == []


def test_taken_up_again_it_may_be_set_aside_again(yard: Yard) -> None:
    change = set_aside(yard, yard.create())
    change = set_aside(yard, do_take_up(yard.ada, change, reason="Let us see"))
    assert AuditEntry.objects.filter(verb="set_aside").count() == 2


def test_an_admin_cancels_it_and_nothing_is_left_behind(yard: Yard) -> None:
    change = set_aside(yard, yard.create(), at="DescribeChangeSet")
    with pytest.raises(Refusal) as refused:
        do_cancel(yard.alice, change)
    assert refused.value.code == "set-aside"
    yard.drive(do_cancel(yard.ada, change))
    yard.fake.finish()
    change.refresh_from_db()
    assert (change.status, change.set_aside_at, change.cleanup) == ("cancelled", None, False)
    assert (yard.fake.stacks(), yard.fake.world.change_sets) == ([], {})


def test_a_tick_that_comes_to_its_end_counts_from_the_beginning(yard: Yard) -> None:
    """Four that ended at it, one that was only told to wait, and four again: it is still worked on."""
    change = yard.create()
    for _ in range(2):
        yard.fake.script.before("DescribeTable", die, times=MOST_CLAIMS - 1)
        for _ in range(MOST_CLAIMS - 1):
            attempt(yard, change)
        assert change.claims == MOST_CLAIMS - 1
        yard.fake.script.throttle("DescribeTable")
        attempt(yard, change)
        assert (change.claims, change.set_aside_at) == (0, None)
    assert yard.drive(change).status == "succeeded"


def test_a_database_that_never_takes_the_record_sets_it_aside_too(yard: Yard) -> None:
    """Each tick ends in the database's refusal; the change is not failed for it."""
    change = yard.create()
    for _ in range(MOST_CLAIMS):
        with connection.execute_wrapper(_refusing("provisioning_step")), pytest.raises(OperationalError):
            reconcile(change.pk, yard.fake.aws_for)
        yard.clock.shift(LEASE + timedelta(seconds=1))
    change.refresh_from_db()
    assert (change.status, change.problem, change.claims) == ("planning", None, MOST_CLAIMS)
    yard.tick(change)
    assert change.set_aside_because.endswith("at “Remove what the replaced change had planned”.")
    assert yard.drive(do_take_up(yard.ada, change, reason="The disk was full")).status == "succeeded"


def _refusing(table: str) -> Callable[..., Any]:
    """A database that takes no more rows into one table."""

    def statement(execute: Any, sql: str, *given: Any) -> Any:
        if sql.startswith("INSERT") and f'"{table}"' in sql:
            raise OperationalError("could not extend file: no space left on device")
        return execute(sql, *given)

    return statement


def test_a_dead_workers_lease_is_past_within_its_time_and_two_seconds(yard: Yard) -> None:
    """The lease is counted by the clock of whoever asks: one that runs behind waits longer, one that runs ahead takes
    over earlier, and every write is fenced by the token, not by the time."""
    change = yard.create()
    yard.fake.script.before("CreateChangeSet", die)
    began = timezone.now()
    attempt(yard, change)
    yard.clock.move_to(began)
    yard.sweep()
    change.refresh_from_db()
    assert change.status == "succeeded"
    assert change.started_at is not None
    assert change.started_at - began <= LEASE + timedelta(seconds=2)
