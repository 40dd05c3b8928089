"""Looks at the list of environments in this process and prints, as JSON, what each page took. Needs Django set up."""

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
from provisioning.models import Account, Environment, Stack

LOOKS = 12
PEOPLE = ("alice", *(f"engineer-{number}" for number in range(40)))
PAGES = {
    "page 1": "",
    "page 200": "page=200",
    "page 400": "page=400",
    "by name, page 400": "sort=name&page=400",
    "by cost, page 200": "sort=-cost&page=200",
    "mine": "owner=mine",
    "ready hello-erlang": "application=hello-erlang&status=ready",
    "text": "q=dev-7",
}


def look_at(*sizes: int) -> None:
    """Print milliseconds and queries of each page with so many environments, fewest first."""
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
        found[size] = {name: _look(client, f"/environments/?{query}") for name, query in PAGES.items()}
    print(json.dumps(found))  # noqa: T201  read by the process that started this one


def _fill(rows: int, people: list[int]) -> None:
    """Bring the database to so many environments, with both stacks each."""
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
