"""Environments whose time is over: parked once, by Stackyard itself, and what puts that off."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from provisioning import tasks
from provisioning.actions.lifetimes import do_extend
from provisioning.actions.refusals import Refusal
from provisioning.actions.requesting import Ask, do_request_create
from provisioning.actions.taking_back import do_cancel
from provisioning.engine.lifetimes import expired, park, parking, why_deferred
from provisioning.lifecycle import ChangeKind, EnvironmentStatus, StackKind
from provisioning.models import AuditEntry, Change, Environment, Stack, StackResource

from .yard import HELLO, Yard

DAY = timedelta(days=1)


@pytest.fixture
def dev(yard: Yard) -> Environment:
    """hello-erlang/dev, up, with fourteen days ahead of it."""
    return yard.ready(HELLO)


def over(yard: Yard, environment: Environment) -> Environment:
    """Time moved past its end."""
    environment.refresh_from_db()
    assert environment.expires_at is not None
    yard.clock.move_to(environment.expires_at + timedelta(seconds=1))
    return environment


def opened(environment: Environment) -> Change:
    """The change that parks it, opened now."""
    change_id = park(environment.pk)
    assert change_id is not None
    return Change.objects.get(pk=change_id)


def parks() -> list[Change]:
    return list(Change.objects.filter(kind=ChangeKind.PARK))


def test_a_new_environment_gets_the_lifetime_of_its_stage(yard: Yard, dev: Environment) -> None:
    created = Change.objects.get(environment=dev)
    assert dev.expires_at == created.requested_at + 14 * DAY
    assert expired(timezone.now()) == []
    yard.clock.move_to(dev.expires_at - timedelta(seconds=1))
    assert expired(timezone.now()) == []
    yard.clock.shift(timedelta(seconds=1))
    assert expired(timezone.now()) == [dev.pk]


@pytest.mark.parametrize("name", ["staging", "prod"])
def test_stages_without_a_lifetime_stay(yard: Yard, name: str) -> None:
    assert yard.ready(HELLO, name).expires_at is None


def test_at_its_end_it_is_parked_by_stackyard_and_its_tables_stay(yard: Yard, dev: Environment) -> None:
    over(yard, dev)
    change = opened(dev)
    yard.drive(change)
    dev.refresh_from_db()
    assert (change.status, dev.status) == ("succeeded", EnvironmentStatus.PARKED)
    assert "Stackyard asked for this by itself" in change.reason
    entry = AuditEntry.objects.get(change=change, verb="request_park")
    assert entry.by_id is None
    assert entry.summary == "Park hello-erlang/dev, because its lifetime has ended"
    tables = StackResource.objects.filter(stack__environment=dev, type="AWS::DynamoDB::Table")
    assert {table.status for table in tables} == {"CREATE_COMPLETE"}
    assert expired(timezone.now()) == []


def test_two_workers_and_a_killed_one_open_one_change(yard: Yard, dev: Environment) -> None:
    over(yard, dev)
    first = park(dev.pk)
    assert first is not None
    assert park(dev.pk) is None  # the second worker, or the first one's message once more
    assert [change.pk for change in parks()] == [first]
    Change.objects.filter(pk=first).update(request_key=None)  # as though it had been somebody else's
    assert park(dev.pk) is None  # an open change is in the way
    assert len(parks()) == 1


def test_a_worker_killed_before_the_end_leaves_nothing_and_the_next_one_opens_it(yard: Yard, dev: Environment) -> None:
    over(yard, dev)
    assert expired(timezone.now()) == expired(timezone.now()) == [dev.pk]
    assert parks() == []
    assert park(dev.pk) is not None


def test_the_sweep_rings_for_it_and_the_task_may_run_twice(yard: Yard, dev: Environment, settings: Any) -> None:
    folder = Path(settings.BROKER_FOLDER)
    over(yard, dev)
    try:
        tasks.sweep()
        assert any("tasks.park_expired" in message.read_text() for message in folder.glob("*.msg"))
        tasks.park_expired(dev.pk)
        tasks.park_expired(dev.pk)
        assert len(parks()) == 1
        assert any(str(parks()[0].pk) in message.read_text() for message in folder.glob("*.msg"))
    finally:
        for message in folder.glob("*.msg"):
            message.unlink()


def test_an_open_change_puts_it_off_until_that_has_ended(yard: Yard, dev: Environment) -> None:
    update = yard.ask(dev, ChangeKind.UPDATE, {"compute": {"InstanceType": "t3.medium"}})
    over(yard, dev)
    assert expired(timezone.now()) == []
    assert park(dev.pk) is None
    assert why_deferred(dev) == "alice has a change of it open (update). It is parked once that has ended."
    yard.drive(update)
    assert why_deferred(dev) == ""
    assert expired(timezone.now()) == [dev.pk]


def test_termination_protection_of_compute_puts_it_off(yard: Yard, dev: Environment) -> None:
    Stack.objects.filter(environment=dev, kind=StackKind.COMPUTE).update(termination_protection=True)
    over(yard, dev)
    assert (expired(timezone.now()), park(dev.pk)) == ([], None)
    assert "termination protection" in why_deferred(dev)


def test_production_is_never_parked_by_itself(yard: Yard) -> None:
    prod = yard.ready(HELLO, "prod")
    Environment.objects.filter(pk=prod.pk).update(expires_at=timezone.now() - DAY)
    assert (expired(timezone.now()), park(prod.pk)) == ([], None)


def test_a_blueprint_that_is_gone_puts_it_off(yard: Yard, dev: Environment) -> None:
    Environment.objects.filter(pk=dev.pk).update(application="gone")
    over(yard, dev)
    dev.refresh_from_db()
    assert (expired(timezone.now()), park(dev.pk)) == ([], None)
    assert "blueprint" in why_deferred(dev)


def test_what_is_parked_or_not_there_is_left_alone(yard: Yard, dev: Environment) -> None:
    yard.did(dev, ChangeKind.PARK)
    over(yard, dev)
    assert (expired(timezone.now()), park(dev.pk), park(0)) == ([], None, None)


def test_whoever_takes_the_park_back_has_decided_and_it_is_not_opened_again(yard: Yard, dev: Environment) -> None:
    over(yard, dev)
    change = opened(dev)
    do_cancel(yard.alice, change)
    yard.drive(change)
    assert change.status == "cancelled"
    yard.clock.shift(DAY)
    assert expired(timezone.now()) == []
    found = parking(dev)
    assert found is not None
    assert found.pk == change.pk


def test_once_extended_it_ends_anew(yard: Yard, dev: Environment) -> None:
    over(yard, dev)
    do_cancel(yard.alice, opened(dev))
    yard.drive(*parks())
    assert dev.expires_at is not None
    until = do_extend(yard.alice, dev, 7, dev.expires_at)
    assert until == timezone.now() + 7 * DAY  # counted from now, as the old end has passed
    yard.clock.move_to(until)
    assert expired(timezone.now()) == [dev.pk]


def test_while_it_is_being_parked_nothing_is_extended(yard: Yard, dev: Environment) -> None:
    over(yard, dev)
    park(dev.pk)
    assert dev.expires_at is not None
    with pytest.raises(Refusal) as caught:
        do_extend(yard.alice, dev, 7, dev.expires_at)
    assert caught.value.code == "being-parked"


def test_waking_begins_a_new_lifetime(yard: Yard, dev: Environment) -> None:
    over(yard, dev)
    yard.drive(opened(dev))
    yard.clock.shift(30 * DAY)
    change = yard.did(dev, ChangeKind.WAKE)
    dev.refresh_from_db()
    assert dev.status == EnvironmentStatus.READY
    assert dev.expires_at == change.requested_at + 14 * DAY


def test_a_plan_is_priced_on_the_assumptions_of_its_request_and_so_are_later_ones(yard: Yard) -> None:
    usage: dict[str, Any] = {"scenario": "peak", "figures": {"writes": "100000000"}, "free_tier": False}
    network = {"compute": {"VpcId": "vpc-1", "SubnetIds": "subnet-1,subnet-2", "KeyName": "mine", "ImageId": "ami-1"}}
    asked = Ask(ChangeKind.CREATE, network, goal={"usage": usage, "lifetime_days": 3})
    created = do_request_create(yard.alice, HELLO, "dev", asked)
    assert created.environment.expires_at == timezone.now() + 3 * DAY
    yard.drive(created)
    cost = (created.plan or {})["cost"]
    assert cost["usage"] == usage
    assert set(cost["totals"]) == {"idle", "expected", "peak"}
    assert cost["totals"]["peak"] == cost["after"]
    assert float(cost["totals"]["idle"]) < float(cost["totals"]["expected"]) < float(cost["totals"]["peak"])
    assert cost["stacks"]["data"]["after"]["scenario"] == "peak"
    assert created.steps.get(name="ensure_priced").note.endswith("a month, at peak use with 1 figure changed")
    parked = yard.did(created.environment, ChangeKind.PARK)
    assert (parked.plan or {})["cost"]["before"] == cost["after"]
