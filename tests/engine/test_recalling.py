"""What AWS answered before it served no more: the same again, for a while, until something is altered."""

import json
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError
from django.utils import timezone

from provisioning.aws import cloudformation, dynamodb
from provisioning.aws.clients import Clients
from provisioning.aws.errors import Busy, Missing
from provisioning.aws.recalling import FRESH, Recall, Recalling
from provisioning.engine.guarded import IN_HAND

from .yard import FILESHARE, HELLO, Yard

DATA = "hello-erlang-data-dev"


def next_try(recall: Recall) -> Recall:
    """What the next try begins with, after a way through the database."""
    return Recall(json.loads(json.dumps(recall.kept())))


def asking(yard: Yard, recall: Recall) -> Clients:
    yard.fake.calls.clear()
    return Recalling(yard.fake.clients(), recall)


def test_answers_are_the_same_with_their_times_and_cost_no_call(yard: Yard) -> None:
    yard.ready()
    first = Recall({})
    aws = asking(yard, first)
    stack, table = cloudformation.describe_stack(aws, DATA), dynamodb.describe_table(aws, "dev-hello-erlang-messages")
    listed = cloudformation.list_resources(aws, DATA)
    assert first.served == 3
    aws = asking(yard, next_try(first))
    assert cloudformation.describe_stack(aws, DATA) == stack
    assert dynamodb.describe_table(aws, "dev-hello-erlang-messages") == table
    assert cloudformation.list_resources(aws, DATA) == listed
    assert yard.fake.calls.total() == 0
    assert cloudformation.describe_stack(aws, "hello-erlang-dev") != stack, "another question has another answer"


def test_that_something_is_not_there_is_an_answer_and_being_throttled_is_none(yard: Yard) -> None:
    first = Recall({})
    with pytest.raises(Missing):
        cloudformation.list_resources(asking(yard, first), "nothing")
    yard.fake.script.throttle("DescribeStacks")
    with pytest.raises(Busy):
        cloudformation.describe_stack(asking(yard, first), DATA)
    assert first.served == 1
    aws = asking(yard, next_try(first))
    with pytest.raises(Missing):
        cloudformation.list_resources(aws, "nothing")
    assert yard.fake.calls.total() == 0
    assert cloudformation.describe_stack(aws, DATA) is None
    assert yard.fake.calls.total() == 1


def test_the_first_call_that_alters_something_ends_it(yard: Yard) -> None:
    yard.ready()
    recall = Recall({})
    aws = asking(yard, recall)
    before = cloudformation.describe_stack(aws, DATA)
    cloudformation.set_termination_protection(aws, DATA, enabled=True)
    after = cloudformation.describe_stack(aws, DATA)
    assert before is not None
    assert after is not None
    assert (before.termination_protection, after.termination_protection) == (False, True)
    yard.fake.script.lose_answer("UpdateTerminationProtection")
    with pytest.raises(Busy):
        cloudformation.set_termination_protection(aws, DATA, enabled=False)
    assert recall.kept() == {}, "also where its answer was lost"


def test_it_is_forgotten_after_a_while(yard: Yard) -> None:
    first = Recall({})
    cloudformation.describe_stack(asking(yard, first), DATA)
    yard.clock.shift(FRESH + timedelta(seconds=1))
    cloudformation.describe_stack(asking(yard, next_try(first)), DATA)
    assert yard.fake.calls.total() == 1


def test_a_listing_that_was_not_read_to_its_end_is_read_again(yard: Yard) -> None:
    yard.ready()
    first = Recall({})
    pages = (
        asking(yard, first).cloudformation.get_paginator("list_stacks").paginate(StackStatusFilter=["CREATE_COMPLETE"])
    )
    next(iter(pages))
    assert first.served == 0
    yard.fake.script.throttle("ListStacks")
    with pytest.raises(ClientError):
        list(asking(yard, first).cloudformation.get_paginator("list_stacks").paginate(StackStatusFilter=[]))
    assert first.kept() == {}


def test_what_is_kept_in_the_database_cannot_be_read_there(yard: Yard) -> None:
    """A try of its own reads the parameters, and then meets a service that does not answer."""
    change = yard.create(FILESHARE)
    yard.fake.script.throttle("DescribeServices", times=3)
    seen: list[str] = []
    yard.fake.script.watch("GetParametersByPath", lambda _: seen.append(""))
    while change.status != "succeeded":
        yard.tick(change)
        seen.append(change.served)
        yard.look()
        yard.wait()
    kept = [one for one in seen if one]
    assert len(kept) == 3
    assert "" in seen[seen.index(kept[0]) : seen.index(kept[1])], "parameters were read in between"
    assert not any("dynamodb" in one or "Value" in one for one in kept)
    assert change.served == ""


def test_another_key_only_costs_the_calls_again(yard: Yard, settings: object) -> None:
    change = yard.create(HELLO)
    yard.fake.script.throttle("DescribeTable", skip=1)
    yard.tick(change)
    assert change.served
    settings.SECRET_KEY = "another"  # type: ignore[attr-defined]  # pytest-django's wrapper has every setting
    assert yard.drive(change).status == "succeeded"


def test_the_next_try_comes_before_the_answers_in_hand_are_too_old(yard: Yard) -> None:
    change = yard.create()
    yard.fake.script.throttle("DescribeAutoScalingGroups", times=8)
    pauses = []
    while change.status != "succeeded":
        before = timezone.now()
        yard.tick(change)
        if change.served:
            assert change.next_check_at is not None
            pauses.append((change.next_check_at - before).total_seconds())
        yard.look()
        yard.wait()
    assert len(pauses) == 8
    assert max(pauses) <= IN_HAND < FRESH.total_seconds() / 2
    assert max(pauses) > 4, "pauses grow all the same"
    assert yard.fake.calls_of("GetResources") <= 3
