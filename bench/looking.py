"""Looks at the lists of environments and of tables in this process and prints, as JSON, what each page took. Needs
Django set up."""

import json
import time
from datetime import timedelta

from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.accounts.models import User
from provisioning.lifecycle import EnvironmentStatus, StackKind
from provisioning.models import Account, Environment, Stack, Table

LOOKS = 12
PEOPLE = ("alice", *(f"engineer-{number}" for number in range(40)))
EVERYWHERE = {
    "page 1": "",
    "page 200": "page=200",
    "page 400": "page=400",
    "by name, page 400": "sort=name&page=400",
    "by cost, page 200": "sort=-cost&page=200",
    "text": "q=dev-7",
}
PAGES = {
    "environments": EVERYWHERE | {"mine": "owner=mine", "ready hello-erlang": "application=hello-erlang&status=ready"},
    "tables": EVERYWHERE | {"by items, page 300": "sort=-items&page=300", "in trouble": "problem=any"},
}
DESCRIBED = {
    "status": "ACTIVE",
    "keys": [{"attribute": "id", "role": "HASH"}],
    "attribute_types": {"id": "S", "user_id": "S", "timestamp": "N"},
    "indexes": [
        {
            "name": "user-timestamp-index",
            "keys": [{"attribute": "user_id", "role": "HASH"}, {"attribute": "timestamp", "role": "RANGE"}],
            "projection": "ALL",
        }
    ],
    "billing_mode": "PAY_PER_REQUEST",
}


def look_at(*sizes: int) -> None:
    """Print milliseconds and queries of each page with so many environments and tables, fewest first."""
    call_command("migrate", "--no-input", verbosity=0)
    engineers = Group.objects.create(name="engineers")
    people = [User.objects.create(username=name) for name in PEOPLE]
    for person in people:
        person.groups.add(engineers)
    client = Client(SERVER_NAME="localhost")
    client.force_login(people[0], "allauth.account.auth_backends.AuthenticationBackend")
    found = {}
    for size in sizes:
        _fill(size, [person.pk for person in people])
        found[size] = {
            of: {name: _look(client, f"/{of}/?{query}") for name, query in pages.items()} for of, pages in PAGES.items()
        }
    print(json.dumps(found))  # noqa: T201  read by the process that started this one


def _fill(rows: int, people: list[int]) -> None:
    """Bring the database to so many environments, with both stacks and a table each."""
    account, _ = Account.objects.get_or_create(slug="default", defaults={"region": "us-east-1"})
    now = timezone.now()
    statuses = [status for status in EnvironmentStatus if status != EnvironmentStatus.REMOVED]
    made = Environment.objects.bulk_create(
        Environment(
            application=("hello-erlang", "fileshare")[number % 2],
            name=f"dev-{number}",
            stage="dev",
            account=account,
            owner_id=people[number % len(people)],
            status=statuses[number % len(statuses)],
            monthly_cost=number % 97,
            changed_at=now - timedelta(minutes=number),
        )
        for number in range(Environment.objects.count(), rows)
    )
    Stack.objects.bulk_create(
        Stack(environment=one, kind=kind, name=f"{one.application}-{kind}-{one.name}", status="CREATE_COMPLETE")
        for one in made
        for kind in StackKind
    )
    Table.objects.bulk_create(
        Table(
            account=account,
            name=f"{one.name}-{one.application}-messages",
            application=one.application,
            environment_name=one.name,
            environment=one,
            stack_name=f"{one.application}-data-{one.name}",
            item_count=one.pk * 7919 % 10_007,
            monthly_cost=one.monthly_cost,
            firing=one.pk % 50 == 0,
            described=DESCRIBED,
            seen_at=now,
        )
        for one in made
    )


def _look(client: Client, path: str) -> dict[str, list[float]]:
    """Milliseconds of some looks at a page, and its queries. A first look, which warms up, is not counted."""
    times = []
    for _ in range(LOOKS + 1):
        began = time.perf_counter()
        answer = client.get(path)
        times.append((time.perf_counter() - began) * 1000)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answers {answer.status_code}.")
    with CaptureQueriesContext(connection) as queries:
        client.get(path)
    return {"ms": times[1:], "queries": [float(len(queries))]}
