"""Rows of costs for tests."""

import csv
import io
import json
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.test import Client

from provisioning.lifecycle import CostSource
from provisioning.models import Account, CostDay, CostTotal, Environment

from .. import rows

TODAY = date(2026, 5, 20)
APRIL, MAY = date(2026, 4, 1), date(2026, 5, 1)
NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
TABLES = "Amazon DynamoDB"


def spend(
    of: Environment | tuple[str, str],
    amount: str,
    days: Iterable[date] = (TODAY - timedelta(days=5),),
    service: str = TABLES,
    **columns: Any,
) -> None:
    """What an environment, or a pair of tags, cost on each of some days."""
    row = of if isinstance(of, Environment) else None
    application, name = (row.application, row.name) if row else of if isinstance(of, tuple) else ("", "")
    columns = {"source": CostSource.EXPLORER, "as_of": NOW, "account": Account.objects.get(), **columns}
    CostDay.objects.bulk_create(
        CostDay(
            day=day,
            application=application,
            environment_name=name,
            environment=row,
            service=service,
            amount=Decimal(amount),
            **columns,
        )
        for day in days
    )


def days(first: date, count: int) -> list[date]:
    """So many days from one on."""
    return [first + timedelta(days=number) for number in range(count)]


def whole(day: date, amount: str) -> None:
    """AWS's own total of a day."""
    CostTotal.objects.create(account=Account.objects.get(), day=day, amount=Decimal(amount), as_of=NOW)


def words(text: str) -> str:
    """A page without its tags, and single spaces."""
    return " ".join(re.sub(r"<[^>]+>", " ", text).split()).replace("+ $", "+$")


def read(client: Client, query: str = "", path: str = "/costs/") -> str:
    """The text of a page of costs."""
    return rows.page(client, f"{path}?{query}")


def numbers(client: Client, query: str = "") -> Any:
    """The numbers of the page, as JSON."""
    return json.loads(read(client, query, "/costs/numbers.json"))


def lines(client: Client, query: str = "") -> list[dict[str, str]]:
    """The rows of the page, as CSV."""
    answer = client.get(f"/costs/numbers.csv?{query}")
    text = b"".join(answer).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))
