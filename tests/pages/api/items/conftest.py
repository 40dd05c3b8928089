"""alice's environment with two tables in DynamoDB as AWS is: messages, and things with a sort key; prod with both."""

from collections.abc import Iterator
from typing import Any

import pytest
from fakes.as_aws import AsAws, reached
from fakes.item_tables import make_table, row_of
from moto import mock_aws

from portal.accounts.models import User
from provisioning.models import Account, Environment, Table

from ... import rows
from ...items.browser import ITEM
from ...tables.scene import MESSAGES, make_messages
from ..program import program_of
from .scene import Items


@pytest.fixture
def aws(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[AsAws]:
    """DynamoDB with AWS's limits; nobody's reading is held back."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    settings.ITEM_READS_PER_PERSON = settings.ITEM_READS_PER_TABLE = 0
    with mock_aws(), reached(settings) as dynamodb:
        yield dynamodb


@pytest.fixture
def messages(dev: Environment, aws: AsAws) -> Table:
    """60 messages of one user, whose timestamps count up."""
    return make_messages(aws, dev, f"{dev.name}{MESSAGES}")


@pytest.fixture
def alices(alice: User, messages: Table, aws: AsAws) -> Items:
    """A program of alice's at the messages."""
    return Items(program_of(alice), messages, aws)


@pytest.fixture
def things(alice: User, dev: Environment, aws: AsAws) -> Items:
    """A program of alice's at a table with one item."""
    make_table(aws, items=[ITEM])
    return Items(program_of(alice), row_of(dev, aws, ttl_attribute="expires"), aws)


@pytest.fixture
def prod(alice: User, account: Account, aws: AsAws) -> Items:
    """A program of alice's at the messages of prod, whose text is hidden."""
    environment = rows.environment(alice, "prod")
    return Items(program_of(alice), make_messages(aws, environment, f"prod{MESSAGES}"), aws)
