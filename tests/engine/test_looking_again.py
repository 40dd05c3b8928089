"""Looking again at one environment, at one click: two calls, by anyone who may see it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from provisioning.actions.actor import AUDITORS, Actor
from provisioning.actions.looking import do_look_at, why_not_look
from provisioning.actions.refusals import Refusal
from provisioning.engine.comparing import due_looks, look_at
from provisioning.lifecycle import ChangeKind, Outside
from provisioning.models import AuditEntry, Environment, Stack

from .by_hand import SERVICE
from .yard import HELLO, UPDATED, Yard


@pytest.fixture
def ready(yard: Yard) -> Environment:
    """An environment that is up, and known as it is."""
    environment = yard.ready()
    yard.clock.shift(timedelta(minutes=5))
    yard.fake.calls.clear()
    return environment


def test_an_auditor_may_look(yard: Yard, ready: Environment) -> None:
    do_look_at(Actor(yard.bob.user_id, "bob", frozenset({AUDITORS})), ready)
    assert due_looks(timezone.now()) == [ready.pk]


def test_looking_again_takes_one_call_a_stack(yard: Yard, ready: Environment) -> None:
    yard.fake.force(SERVICE, "UPDATE_ROLLBACK_COMPLETE")
    do_look_at(yard.bob, ready)
    assert due_looks(timezone.now()) == [ready.pk]
    assert look_at(ready.pk, yard.fake.aws_for) == 2
    assert yard.fake.calls_of("DescribeStacks") == 2
    assert due_looks(timezone.now()) == []
    assert yard.stack(ready, "compute").outside == Outside.CHANGED
    assert AuditEntry.objects.filter(environment=ready, verb="look_again", by=yard.bob.user_id).count() == 1


def test_two_clicks_are_one_look(yard: Yard, ready: Environment) -> None:
    do_look_at(yard.bob, ready)
    do_look_at(yard.alice, ready)
    assert AuditEntry.objects.filter(environment=ready, verb="look_again").count() == 1
    assert look_at(ready.pk, yard.fake.aws_for) == 2
    assert look_at(ready.pk, yard.fake.aws_for) == 0


def test_a_click_during_a_look_leads_to_another(yard: Yard, ready: Environment) -> None:
    def meanwhile() -> None:
        do_look_at(yard.alice, ready)

    do_look_at(yard.bob, ready)
    yard.fake.script.after("DescribeStacks", meanwhile)
    look_at(ready.pk, yard.fake.aws_for)
    assert due_looks(timezone.now()) == [ready.pk]


def test_a_look_that_aws_did_not_answer_is_made_again(yard: Yard, ready: Environment) -> None:
    do_look_at(yard.bob, ready)
    yard.fake.script.throttle("DescribeStacks", times=2)
    look_at(ready.pk, yard.fake.aws_for)
    yard.clock.shift(timedelta(seconds=15))
    assert look_at(ready.pk, yard.fake.aws_for) == 2
    assert due_looks(timezone.now()) == []


def test_while_a_change_has_the_stacks_nobody_else_looks(yard: Yard, ready: Environment) -> None:
    change = yard.ask(ready, ChangeKind.UPDATE, UPDATED[HELLO])
    assert "open" in why_not_look(ready)
    with pytest.raises(Refusal):
        do_look_at(yard.bob, ready)
    Stack.objects.filter(environment=ready).update(look_due_at=timezone.now())
    assert look_at(ready.pk, yard.fake.aws_for) == 0
    assert due_looks(timezone.now()) == []
    yard.drive(change)
    assert why_not_look(ready) == ""
