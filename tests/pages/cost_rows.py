"""Costs as a reading leaves them, for pages to show."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from portal.accounts.models import User
from provisioning.lifecycle import BudgetScope, CostSource
from provisioning.models import Account, Budget, CostDay, Environment

DAY = timedelta(days=1)


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
