"""DynamoDB in process, one table of alice's environment with one item, and her browser on it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from fakes.as_aws import AsAws, reached
from fakes.item_tables import make_table, row_of
from moto import mock_aws

from portal.accounts.models import User
from provisioning.models import Environment, Table

from .browser import ITEM, ItemBrowser


@pytest.fixture
def aws(settings: Any) -> Iterator[AsAws]:
    """DynamoDB with one table and one item."""
    settings.ITEM_READS_PER_PERSON = settings.ITEM_READS_PER_TABLE = 0
    with mock_aws(), reached(settings) as client:
        make_table(client, items=[ITEM])
        yield client


@pytest.fixture
def table(dev: Environment, aws: AsAws) -> Table:
    """The row of that table."""
    return row_of(dev, aws, ttl_attribute="expires")


@pytest.fixture
def alices(client_of: Callable[[User], Client], alice: User, table: Table) -> ItemBrowser:
    """alice's browser on the pages of that table."""
    return ItemBrowser(client_of(alice), table)
