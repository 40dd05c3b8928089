"""Costs as a reading leaves them, for pages to show; and what a page says."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.test import Client
from django.utils import timezone

from portal.accounts.models import User
from provisioning.lifecycle import BudgetScope, ChangeKind, ChangeStatus, CostSource
from provisioning.models import Account, Budget, CostDay, Environment

from . import rows

DAY = timedelta(days=1)
NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>"
COST = {"before": "0", "after": "73", "delta": "73", "stacks": {}}


def cost(amount: str, day: date, environment: Environment | None = None, **columns: Any) -> CostDay:
    """A day's cost of one service, from Cost Explorer unless `columns` say otherwise."""
    tags = (environment.application, environment.name) if environment else ("", "")
    columns = {
        "source": CostSource.EXPLORER,
        "service": "Amazon EC2",
        "application": tags[0],
        "environment_name": tags[1],
        "as_of": timezone.now(),
        **columns,
    }
    return CostDay.objects.create(
        account=Account.objects.get(), day=day, environment=environment, amount=Decimal(amount), **columns
    )


def last_days(amount: str, count: int, environment: Environment | None = None, **columns: Any) -> None:
    """The same on each of the last days, today among them."""
    today = timezone.now().date()
    for number in range(count):
        cost(amount, today - number * DAY, environment, **columns)


def budget(by: User, scope: BudgetScope, subject: str, monthly: str = "100") -> Budget:
    """A budget with the usual thresholds."""
    return Budget.objects.create(
        scope=scope,
        subject=subject,
        monthly=Decimal(monthly),
        thresholds=[50, 80, 100],
        set_by=by,
        set_at=timezone.now(),
    )


def words(client: Client, path: str) -> str:
    """What a page says, without its tags."""
    return " ".join(re.sub(r"<[^>]+>", "", rows.page(client, path)).split())


def planned(environment: Environment, by: User, monthly: str, days_ago: int, compute: str = "23.73") -> None:
    """A creation that succeeded so long ago, whose plan said what it would cost a month."""
    stack = {"before": None, "after": {"monthly": compute, "published": "2026-05-01", "assumptions": ["Guessed."]}}
    rows.change(
        environment,
        by,
        ChangeStatus.SUCCEEDED,
        ChangeKind.CREATE,
        ago=days_ago * 86_400,
        finished_at=NOW - days_ago * DAY,
        plan={"cost": {"after": monthly, "before": "0", "delta": monthly, "stacks": {"compute": stack}}},
    )
