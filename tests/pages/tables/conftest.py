"""DynamoDB as AWS is, and alice's environment with a table of messages."""

from collections.abc import Iterator
from typing import Any

import pytest
from fakes.as_aws import AsAws, reached
from moto import mock_aws

from portal.accounts.models import User
from provisioning.models import Account, Environment, Table

from .. import rows
from .scene import MESSAGES, Explorer, make_messages


@pytest.fixture
def aws(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[AsAws]:
    """DynamoDB with AWS's limits, which Stackyard reaches; nobody's reading is held back."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    settings.ITEM_READS_PER_PERSON = settings.ITEM_READS_PER_TABLE = 0
    with mock_aws(), reached(settings) as dynamodb:
        yield dynamodb


@pytest.fixture
def messages(dev: Environment, aws: AsAws) -> Table:
    """The table of dev-alice's messages: 60 of one user, whose timestamps count up."""
    return make_messages(aws, dev, f"{dev.name}{MESSAGES}")


@pytest.fixture
def explorer(client_of: Any, alice: User, messages: Table) -> Explorer:
    """alice on the page of that table."""
    return Explorer(client_of(alice), messages)


@pytest.fixture
def prod(alice: User, account: Account) -> Environment:
    """hello-erlang's prod."""
    return rows.environment(alice, "prod")
