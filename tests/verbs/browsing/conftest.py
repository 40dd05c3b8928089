"""Tables to look into: one of dev, and one of prod of which the blueprint hides the content."""

from collections.abc import Iterator
from typing import Any

import pytest
from fakes.as_aws import AsAws, reached
from moto import mock_aws

from provisioning.actions.actor import Actor
from provisioning.models import Account, Environment, Table

from .item_tables import environment_of, fill, table_of


@pytest.fixture
def dynamodb(settings: Any) -> Iterator[AsAws]:
    with mock_aws(), reached(settings) as aws:
        yield aws


@pytest.fixture
def dev(account: Account, alice: Actor) -> Environment:
    return environment_of(account, alice.user_id)


@pytest.fixture
def prod(account: Account, alice: Actor) -> Environment:
    return environment_of(account, alice.user_id, "prod")


@pytest.fixture
def table(dynamodb: AsAws, dev: Environment) -> Table:
    return table_of(dynamodb, dev)


@pytest.fixture
def kept(dynamodb: AsAws, prod: Environment) -> Table:
    """A table of prod with some messages, of which the blueprint hides the content."""
    row = table_of(dynamodb, prod)
    fill(dynamodb, 5)
    return row
