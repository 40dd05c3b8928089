"""Revealing what is hidden of an item: who may, with what reason, and what is left of it."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from fakes.as_aws import AsAws, plain, reached
from moto import mock_aws

from provisioning.actions.actor import Actor
from provisioning.actions.refusals import Refusal
from provisioning.actions.revealing import do_reveal, why_not_reveal
from provisioning.engine.item_rows import key_digest
from provisioning.items.values import Item
from provisioning.models import Account, AuditEntry, Environment, Table

KEY: Item = {"user_id": {"S": "u-1"}}
ITEM: Item = KEY | {"email": {"S": "ann@shop.test"}, "quota": {"N": "12345678901234567890"}}
REASON = "She asked for her address"


@pytest.fixture
def aws(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[AsAws]:
    """A table of users in prod with one item."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    with mock_aws(), reached(settings) as dynamodb:
        users = plain("dynamodb")
        users.create_table(
            TableName="users",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "user_id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "user_id", "KeyType": "HASH"}],
        )
        users.put_item(TableName="users", Item=ITEM)
        yield dynamodb


@pytest.fixture
def users(account: Account, alice: Actor) -> Table:
    """The row of that table."""
    prod = Environment.objects.create(
        account=account,
        application="fileshare",
        name="prod",
        stage="prod",
        owner_id=alice.user_id,
        status="ready",
        changed_at=timezone.now(),
    )
    return Table.objects.create(
        account=account,
        name="users",
        application="fileshare",
        environment_name="prod",
        environment=prod,
        logical_id="UsersTable",
        described={"keys": [{"attribute": "user_id", "role": "HASH"}], "attribute_types": {"user_id": "S"}},
        seen_at=timezone.now(),
    )


def environment(table: Table) -> Environment:
    """The environment of a row that has one."""
    assert table.environment is not None
    return table.environment


def test_pitfall_41_it_is_shown_whole_and_written_down_without_its_key(users: Table, aws: AsAws, bob: Actor) -> None:
    assert do_reveal(bob, environment(users), users, KEY, reason=REASON) == ITEM
    entry = AuditEntry.objects.get(verb="reveal_item")
    assert (entry.by_id, entry.reason, entry.address) == (bob.user_id, REASON, "192.0.2.7")
    assert entry.detail == {"table": "users", "key_digest": key_digest(environment(users).pk, "users", KEY)}
    kept = f"{entry.summary} {entry.detail}"
    assert "u-1" not in kept
    assert "ann@shop.test" not in kept


@pytest.mark.parametrize("reason", ["", "    ", "why ", "abcd    "])
def test_without_a_reason_nothing_is_asked(users: Table, aws: AsAws, bob: Actor, reason: str) -> None:
    with pytest.raises(Refusal) as refused:
        do_reveal(bob, environment(users), users, KEY, reason=reason)
    assert "reason" in refused.value.fields
    assert not aws.calls
    assert not AuditEntry.objects.exists()


def test_pitfall_40_auditors_read_and_reveal_nothing(users: Table, aws: AsAws, audrey: Actor, ada: Actor) -> None:
    assert why_not_reveal(audrey)
    assert not why_not_reveal(ada)
    with pytest.raises(Refusal) as refused:
        do_reveal(audrey, environment(users), users, KEY, reason=REASON)
    assert refused.value.forbidden
    assert not aws.calls
    assert not AuditEntry.objects.exists()


def test_pitfall_42_only_through_its_own_environment(users: Table, aws: AsAws, bob: Actor, shared: Environment) -> None:
    with pytest.raises(Refusal):
        do_reveal(bob, shared, users, KEY, reason=REASON)
    assert not aws.calls


def test_an_item_that_is_not_there_was_still_asked_for(users: Table, aws: AsAws, bob: Actor) -> None:
    assert do_reveal(bob, environment(users), users, {"user_id": {"S": "none"}}, reason=REASON) is None
    assert AuditEntry.objects.filter(verb="reveal_item").exists()


def test_trouble_is_told_in_words_and_leaves_the_entry(users: Table, aws: AsAws, bob: Actor) -> None:
    aws.script.throttle("GetItem", times=9)
    with pytest.raises(Refusal) as refused:
        do_reveal(bob, environment(users), users, KEY, reason=REASON)
    assert "slow down" in refused.value.sentence
    assert AuditEntry.objects.filter(verb="reveal_item").exists()


def test_pitfall_41_no_value_is_logged_whatever_the_level(
    users: Table, aws: AsAws, bob: Actor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    do_reveal(bob, environment(users), users, KEY, reason=REASON)
    for value in ("ann@shop.test", "12345678901234567890", "u-1"):
        assert value not in caplog.text
