"""DynamoDB in process, with one table of hello-erlang/dev and one item in it."""

from collections.abc import Iterator
from typing import Any

import pytest
from fakes.as_aws import AsAws, reached
from fakes.item_tables import make_table, row_of
from moto import mock_aws

from provisioning.models import Environment, Table

from .acts import ITEM


@pytest.fixture
def aws(settings: Any) -> Iterator[AsAws]:
    """DynamoDB with one table and one item."""
    with mock_aws(), reached(settings) as client:
        make_table(client, items=[ITEM])
        yield client


@pytest.fixture
def table(shared: Environment, aws: AsAws) -> Table:
    """The row of that table, in hello-erlang/dev."""
    return row_of(shared, aws)
