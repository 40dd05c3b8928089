"""What reading costs costs: a row for every page that is asked for, and a cap on their sum in a month (E1)."""

from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db.models import Sum
from django.utils import timezone

from provisioning.costs.book import book
from provisioning.models import Account, CostCall, CostRefresh

PRICE = "costexplorer.request"
PLACES = Decimal("0.0001")  # what a row keeps


class CapReachedError(Exception):
    """The next page would cost more than is allowed in this month."""


def spent(account: Account, now: datetime) -> Decimal:
    """What this account's questions have cost in the month of `now` (UTC), in US dollars."""
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    total = CostCall.objects.filter(account=account, at__gte=month).aggregate(total=Sum("price"))["total"]
    return (total or Decimal(0)).quantize(PLACES)  # SQLite adds as floating point


def cap() -> Decimal:
    """The most that questions may cost in a month, in US dollars."""
    amount: Decimal = settings.COST_EXPLORER_MONTHLY_CAP
    return amount


def is_used_up(account: Account, now: datetime) -> bool:
    """Whether the price of another page would pass the cap."""
    return spent(account, now) + book().price(PRICE).rate > cap()


def pay(refresh: CostRefresh, operation: str) -> None:
    """Write down a page before it is asked for: one that a worker's end cuts off has its price, too. Raises
    CapReachedError, with nothing written, when it would pass the cap."""
    now, price = timezone.now(), book().price(PRICE).rate
    if is_used_up(refresh.account, now):
        raise CapReachedError
    CostCall.objects.create(account=refresh.account, refresh=refresh, operation=operation, price=price, at=now)
