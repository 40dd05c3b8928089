"""Costs as a reading leaves them; today is 20 May 2026, read at noon."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core.cache import cache

from portal.accounts.models import User
from provisioning.models import Account, Environment

from .. import rows
from .spent import APRIL, MAY, NOW, TODAY, days, spend


@pytest.fixture(autouse=True)
def _noon(settings: Any) -> Iterator[None]:
    """There is a Cost Explorer, and nothing is remembered of another test."""
    settings.COST_EXPLORER = True
    settings.COST_EXPLORER_MONTHLY_CAP = Decimal("5.00")
    cache.clear()
    with time_machine.travel(NOW, tick=False):
        yield
    cache.clear()


@pytest.fixture
def prod(bob: User, account: Account) -> Environment:
    """Bob's prod of fileshare."""
    return rows.environment(bob, "prod", "fileshare")


@pytest.fixture
def steady(dev: Environment, prod: Environment) -> None:
    """A dollar and a bit a day for dev since April, two for prod since May, support that nothing can tag."""
    spend(dev, "1.10", days(APRIL, 48))
    spend(prod, "2", days(MAY, 18), "Amazon Elastic Container Service")
    spend(("", ""), "0.5", days(MAY, 18), "AWS Support (Business)")
    for one in (dev, prod):
        spend(one, "0.01", [TODAY], "AmazonCloudWatch")
