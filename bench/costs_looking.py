"""Looks at the costs page in this process, with a year of many environments, and prints as JSON what each look took.
Needs Django set up."""

import json
import random
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal

from botocore.hooks import HierarchicalEmitter
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.accounts.models import User
from provisioning.lifecycle import CostSource, EnvironmentStatus
from provisioning.models import Account, CostDay, Environment

LOOKS = 20
SERVICES = (
    ("Amazon DynamoDB", "0.31"),
    ("Amazon Elastic Compute Cloud", "0.74"),
    ("Amazon Elastic Load Balancing", "0.54"),
    ("AmazonCloudWatch", "0.06"),
)
QUERIES = {
    "30 days": "",
    "30 days, by service": "by=service",
    "this month, one application": "range=month&application=hello-erlang",
    "90 days, by stage": "range=90&by=stage",
    "a year": "range=365",
    "a year, one environment": "range=365&environment=hello-erlang/dev-0&by=service",
}


def look_at(environments: int, days: int) -> None:
    """Print milliseconds of first and later looks, their queries, and the calls of AWS that were made."""
    call_command("migrate", "--no-input", verbosity=0)
    person = User.objects.create(username="alice")
    person.groups.add(Group.objects.create(name="engineers"))
    fill(environments, days, person)
    client = Client(SERVER_NAME="localhost")
    client.force_login(person, "allauth.account.auth_backends.AuthenticationBackend")
    calls = _counted_calls()
    found = {name: _look(client, f"/costs/?{query}") for name, query in QUERIES.items()}
    print(json.dumps({"pages": found, "calls": len(calls)}))  # noqa: T201  read by the process that started this one


def fill(environments: int, days: int, owner: User) -> None:
    """A year of so many environments at four services, some of it untagged, as a reading leaves it."""
    account, _ = Account.objects.get_or_create(slug="default", defaults={"region": "us-east-1"})
    now = timezone.now()
    made = Environment.objects.bulk_create(
        Environment(
            application=("hello-erlang", "fileshare")[number % 2],
            name=f"dev-{number}",
            stage=("dev", "dev", "dev", "staging", "prod")[number % 5],
            account=account,
            owner=owner,
            status=EnvironmentStatus.READY,
            changed_at=now,
        )
        for number in range(environments)
    )
    CostDay.objects.bulk_create(_days(account, made, now.date(), days, now), batch_size=2_000)


def _days(
    account: Account, environments: list[Environment], today: date, days: int, now: datetime
) -> Iterator[CostDay]:
    dice = random.Random(7)  # noqa: S311  the same numbers in every run
    for number in range(days):
        day = today - timedelta(days=days - 1 - number)
        share = {0: 0.1, 1: 0.7}.get((today - day).days, 1.0)  # the newest days are not all there yet
        for one in environments:
            for service, price in SERVICES:
                amount = Decimal(price) * Decimal(share * dice.uniform(0.8, 1.2) * (1 + one.pk % 7))
                yield CostDay(
                    account=account,
                    source=CostSource.EXPLORER,
                    day=day,
                    application=one.application,
                    environment_name=one.name,
                    environment=one,
                    service=service,
                    amount=amount.quantize(Decimal("0.0000000001")),
                    as_of=now,
                )


def _counted_calls() -> list[str]:
    """Every call that botocore emits an event for, from now on."""
    calls: list[str] = []
    emit = HierarchicalEmitter.emit

    def heard(self: HierarchicalEmitter, name: str, **more: object) -> object:
        if name.startswith("before-call"):
            calls.append(name)
        return emit(self, name, **more)

    HierarchicalEmitter.emit = heard  # type: ignore[method-assign,assignment]  # botocore has no hook for all clients
    return calls


def _look(client: Client, path: str) -> dict[str, list[float]]:
    """Milliseconds of the first look after a reading, and of those that follow; queries of the latter."""
    cache.clear()
    times = []
    for _ in range(LOOKS + 1):
        began = time.perf_counter()
        answer = client.get(path)
        times.append((time.perf_counter() - began) * 1000)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answers {answer.status_code}.")
    with CaptureQueriesContext(connection) as queries:
        client.get(path)
    return {"first": times[:1], "ms": times[1:], "queries": [float(len(queries))]}
