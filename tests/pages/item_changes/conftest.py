"""The scene of changes of items: DynamoDB in process, time that stands still."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from fakes.as_aws import AsAws, reached
from moto import mock_aws

from portal.accounts.models import User
from provisioning.models import Account

from .. import rows
from ..table_rows import table as table_row
from .scene import ITEM, NAME, NOON, Scene


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Time stands still, until a test moves it."""
    with time_machine.travel(NOON, tick=False) as coordinates:
        yield coordinates


@pytest.fixture
def aws(settings: Any, clock: time_machine.Traveller) -> Iterator[AsAws]:
    """DynamoDB, with the table of messages in it."""
    with mock_aws(), reached(settings) as dynamodb:
        dynamodb.client.create_table(
            TableName=NAME,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        )
        dynamodb.client.put_item(TableName=NAME, Item=ITEM)
        yield dynamodb


@pytest.fixture
def scene(alice: User, account: Account, aws: AsAws, clock: time_machine.Traveller) -> Scene:
    """Everything that a test needs at hand."""
    Account.objects.update(facts_at=timezone.now())
    prod = rows.environment(alice, "prod")
    return Scene(alice, prod, table_row(prod, NAME), aws, clock)
