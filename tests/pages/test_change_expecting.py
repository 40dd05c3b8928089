"""A change that runs: how long it still takes, what is slower than usual, and whether it can be cancelled."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from portal.accounts.models import User
from provisioning.lifecycle import CANCEL_LATE, ChangeStatus, StackKind
from provisioning.models import Change, Environment, Event, Operation, ResourceTime, Stack, Template

from . import rows
from .change_rows import HTMX, PROBLEM, event, part, planned, resource, under_way

SignIn = Callable[[User], Client]
NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
BODY = """
Resources:
  Balancer: {Type: 'AWS::ElasticLoadBalancingV2::LoadBalancer', Properties: {Subnets: [a]}}
  Listener: {Type: 'AWS::ElasticLoadBalancingV2::Listener', Properties: {LoadBalancerArn: !Ref Balancer}}
"""
BALANCER, LISTENER = "AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancingV2::Listener"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Noon, until a test moves it; nothing is remembered of other tests."""
    cache.clear()
    with time_machine.travel(NOON, tick=False) as coordinates:
        yield coordinates
    cache.clear()


@pytest.fixture
def creating(clock: time_machine.Traveller, dev: Environment, alice: User) -> Change:
    """alice's create, whose data stack is there, and whose compute stack has a load balancer to make and a listener."""
    change = under_way(dev, alice)
    template = Template.objects.create(digest="t" * 64, body=BODY)
    added = [resource("Balancer", type=BALANCER), resource("Listener", type=LISTENER)]
    change.operations.filter(stack__kind=StackKind.DATA).update(finished_at=NOON, result="CREATE_COMPLETE")
    compute(change).update(token="run", template=template, changes=added, called_at=NOON)
    Stack.objects.filter(environment=dev).update(status="CREATE_IN_PROGRESS", observed_at=NOON)
    event(change, "", "CREATE_IN_PROGRESS", of_stack=True)
    row = event(change, "Balancer", "CREATE_IN_PROGRESS")
    Event.objects.filter(pk=row.pk).update(type=BALANCER, token="run")
    return change


def compute(change: Change) -> Any:
    """The operation on the compute stack."""
    return Operation.objects.filter(change=change, stack__kind=StackKind.COMPUTE)


def learned(type_: str, *seconds: float) -> None:
    ResourceTime.objects.bulk_create(ResourceTime(type=type_, verb="create", seconds=one, at=NOON) for one in seconds)


def live(client: Client, change: Change) -> str:
    return " ".join(part(client, f"/changes/{change.pk}/live/").split())


class TestTime:
    """What is left, and what is slow."""

    def test_a_first_guess_says_that_it_is_one(self, creating: Change, alice: User, client_of: SignIn) -> None:
        text = live(client_of(alice), creating)
        assert "About 2 min left; Balancer takes longest. This is a first guess: too few past runs to go by." in text

    def test_our_own_past_says_more(
        self, creating: Change, alice: User, client_of: SignIn, clock: time_machine.Traveller
    ) -> None:
        learned(BALANCER, 280, 290, 300, 310, 320)
        learned(LISTENER, 2, 2, 2)
        client = client_of(alice)
        assert "About 5 min left; Balancer takes longest." in live(client, creating)
        assert "first guess" not in live(client, creating)
        clock.shift(timedelta(seconds=270))
        assert "Less than a minute left." in live(client, creating)

    def test_what_takes_longer_than_usual_is_said_at_the_resource_and_stops_nothing(
        self, creating: Change, alice: User, client_of: SignIn, clock: time_machine.Traveller
    ) -> None:
        learned(BALANCER, 120, 120, 120)
        clock.shift(timedelta(seconds=374))
        text = live(client_of(alice), creating)
        assert "Usually 2 min, now 6 min. AWS goes on by itself." in text
        assert "It takes longer than usual; Balancer holds it up." in text
        assert "Stalled" not in text

    def test_silence_is_called_stalled_only_while_somebody_listens(
        self, creating: Change, alice: User, client_of: SignIn, clock: time_machine.Traveller
    ) -> None:
        clock.shift(timedelta(minutes=29))
        Stack.objects.update(observed_at=NOON + timedelta(minutes=29))
        client = client_of(alice)
        assert "Stalled" not in live(client, creating)
        clock.shift(timedelta(minutes=4))
        text = live(client, creating)
        assert "seems to stand still at Balancer: nothing new from CloudFormation for 33 min." in text
        assert "Nothing is stopped because of that" in text
        clock.shift(timedelta(minutes=4))  # nobody has looked since: the silence may be ours
        assert "Stalled" not in live(client, creating)

    def test_a_roll_back_has_no_time_left_to_tell(self, creating: Change, alice: User, client_of: SignIn) -> None:
        Stack.objects.update(status="ROLLBACK_IN_PROGRESS")
        assert " left" not in live(client_of(alice), creating)

    def test_it_is_read_aloud_when_it_changes_and_only_then(
        self, creating: Change, alice: User, client_of: SignIn
    ) -> None:
        client = client_of(alice)
        text = live(client, creating)
        said = '<div hx-swap-oob="innerHTML:#said">About 2 min left;'
        assert said in text
        (told,) = re.findall(r"told=(\w+)", text)
        again = client.get(f"/changes/{creating.pk}/live/?told={told}", headers=HTMX).content.decode()
        assert "About 2 min left" in again
        assert said not in again

    def test_it_costs_no_more_queries(
        self, creating: Change, alice: User, client_of: SignIn, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        client = client_of(alice)
        live(client, creating)
        with django_assert_max_num_queries(12):
            rows.page(client, f"/changes/{creating.pk}/")
        with django_assert_max_num_queries(9):
            live(client, creating)


class TestCancelling:
    """The button says what it does, and is not there where CloudFormation cannot."""

    def test_an_update_can_be_rolled_back(self, creating: Change, alice: User, client_of: SignIn) -> None:
        compute(creating).update(action="update")
        Stack.objects.update(status="UPDATE_IN_PROGRESS")
        client = client_of(alice)
        assert "Cancel and roll back</button>" in rows.page(client, f"/changes/{creating.pk}/")
        answer = client.post(f"/changes/{creating.pk}/cancel/", follow=True)
        text = answer.content.decode()
        assert "Asked for. What is being updated is rolled back; this page says when that is done." in text
        assert "Cancel and roll back" not in text
        assert "It is being cancelled already." in text
        creating.refresh_from_db()
        assert (creating.status, creating.cancel_asked_by) == (ChangeStatus.RUNNING, alice)

    @pytest.mark.parametrize(
        ("doing", "words"),
        [
            ("create CREATE_IN_PROGRESS", "AWS cannot cancel the creation of a stack."),
            ("delete DELETE_IN_PROGRESS", "AWS cannot cancel a deletion."),
            ("import IMPORT_IN_PROGRESS", "AWS cannot cancel the taking over of tables."),
            ("update UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "is live already; AWS only cleans up after it."),
            ("update UPDATE_ROLLBACK_IN_PROGRESS", "is being rolled back already."),
        ],
    )
    def test_where_it_cannot_the_reason_stands_alone(
        self, creating: Change, alice: User, client_of: SignIn, doing: str, words: str
    ) -> None:
        action, status = doing.split()
        compute(creating).update(action=action)
        Stack.objects.update(status=status)
        text = rows.page(client_of(alice), f"/changes/{creating.pk}/")
        assert words in text
        assert 'id="cancel"' not in text

    def test_the_buttons_follow_what_the_stack_does(self, creating: Change, alice: User, client_of: SignIn) -> None:
        compute(creating).update(action="update")
        Stack.objects.update(status="UPDATE_IN_PROGRESS")
        client = client_of(alice)
        (state,) = re.findall(r"state=(\w+)", live(client, creating))
        Stack.objects.update(status="UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        answer = client.get(f"/changes/{creating.pk}/live/?state={state}", headers=HTMX)
        assert answer["HX-Trigger"] == "change-moved"

    def test_what_was_undone_and_what_stays(self, dev: Environment, alice: User, client_of: SignIn) -> None:
        said = "Cancelled: hello-erlang-dev was rolled back and is as it was before."
        change = rows.change(dev, alice, ChangeStatus.CANCELLED, waiting_for=said)
        assert said in live(client_of(alice), change)

    def test_a_wish_that_came_too_late(self, creating: Change, alice: User, client_of: SignIn) -> None:
        late = "Cancelling came too late: the update of hello-erlang-dev was over before. The change goes on."
        Event.objects.create(change=creating, at=NOON, logical_id="Cancel", status=CANCEL_LATE, reason=late)
        text = rows.page(client_of(alice), f"/changes/{creating.pk}/")
        assert text.count(late) == 2  # on top, and in the story
        assert "Too late" in text


def test_the_first_cause_is_pinned_and_what_followed_is_folded(
    creating: Change, alice: User, client_of: SignIn
) -> None:
    event(creating, "Balancer", "CREATE_FAILED", "The maximum number of load balancers has been reached")
    for number in range(7):
        event(creating, f"R{number}", "CREATE_FAILED", "Resource creation cancelled")
    problem = PROBLEM | {"turn": "an administrator", "followed": 7}
    Change.objects.filter(pk=creating.pk).update(status=ChangeStatus.FAILED, problem=problem)
    text = live(client_of(alice), creating)
    assert "It is the turn of an administrator." in text
    assert "7 more were cancelled because of it." in text
    assert re.search(r"<summary[^>]*>7 more were cancelled because of it</summary>", text)
    assert "A limit of this AWS account is reached. AWS says: “The maximum number of load balancers" in text


def test_one_that_is_set_aside_says_so(creating: Change, alice: User, ada: User, client_of: SignIn) -> None:
    because = "Workers ended 5 times in a row at “Data stack”."
    Change.objects.filter(pk=creating.pk).update(set_aside_at=NOON, set_aside_because=because)
    text = live(client_of(alice), creating)
    assert "Set aside" in text
    assert f"{because} Nobody works on it now, and its stacks stay locked." in text
    assert "/engine/" not in text
    assert "/engine/" in live(client_of(ada), creating)


def test_whose_turn_it_is_when_it_is_awss(dev: Environment, alice: User, client_of: SignIn) -> None:
    problem = PROBLEM | {"turn": "AWS", "advice": "Retry in a while."}
    change = planned(rows.change(dev, alice, ChangeStatus.FAILED, problem=problem), resource("Messages"))
    assert "It is AWS&#x27;s turn. Retry in a while." in live(client_of(alice), change)
