"""alice's environment with a table of messages in DynamoDB as AWS is; prod with another; a worker by hand."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from fakes.as_aws import AsAws, reached
from moto import mock_aws

from portal.accounts.models import User
from provisioning.models import Account, Environment, Table

from .. import rows
from ..tables.scene import MESSAGES, make_messages
from .mover import Mover


@pytest.fixture
def aws(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[AsAws]:
    """DynamoDB with AWS's limits, which Stackyard reaches."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws(), reached(settings) as dynamodb:
        yield dynamodb


@pytest.fixture
def messages(dev: Environment, aws: AsAws) -> Table:
    """The table of dev-alice's messages: 60 of one user."""
    return make_messages(aws, dev, f"{dev.name}{MESSAGES}")


@pytest.fixture
def mover(client_of: Callable[[User], Client], alice: User, aws: AsAws, messages: Table) -> Mover:
    """alice, who moves items of that table."""
    return Mover(client_of(alice), messages, aws)


@pytest.fixture
def prod(client_of: Callable[[User], Client], alice: User, account: Account, aws: AsAws) -> Mover:
    """alice at the messages of prod."""
    environment = rows.environment(alice, "prod")
    return Mover(client_of(alice), make_messages(aws, environment, f"prod{MESSAGES}"), aws)
