"""Looks into a table in this process, and asks the same with bare boto3, turn by turn. Needs Django set up, and a local
AWS; prints what each took as JSON."""

import json
import time
from dataclasses import asdict
from typing import Any

from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from portal.accounts.models import User
from provisioning.aws.clients import Clients, call_count
from provisioning.aws.dynamodb import describe_table
from provisioning.engine.accounts import target
from provisioning.engine.reaching import default_aws
from provisioning.lifecycle import EnvironmentStatus
from provisioning.models import Account, Environment, Table

LOOKS, WARM = 60, 5
ITEMS, PAGE = 300, 100
NAME = "dev-bench-messages"
ASK: dict[str, Any] = {
    "TableName": NAME,
    "KeyConditionExpression": "#u = :u",
    "ExpressionAttributeNames": {"#u": "user"},
    "ExpressionAttributeValues": {":u": {"S": "somebody"}},
    "Limit": PAGE,
}


def look_into() -> None:
    """Print the milliseconds of bare queries and of pages, and the calls to AWS of each page."""
    call_command("migrate", "--no-input", verbosity=0)
    person = User.objects.create(username="alice")
    person.groups.add(Group.objects.create(name="engineers"))
    client = Client(SERVER_NAME="localhost")
    client.force_login(person, "allauth.account.auth_backends.AuthenticationBackend")
    account = Account.objects.create(slug="default", region="us-east-1")
    aws = default_aws(target(account))
    _fill(aws)
    _rows(aws, account, person)
    found: dict[str, list[float]] = {"bare": [], "page": [], "calls": []}
    for _ in range(LOOKS + WARM):
        began = time.perf_counter()
        bare = aws.dynamodb.query(**ASK)
        found["bare"].append((time.perf_counter() - began) * 1000)
        calls, began = call_count(), time.perf_counter()
        answer = client.get(f"/environments/hello-erlang/dev/tables/{NAME}/?run=1&pk=somebody&size={PAGE}")
        found["page"].append((time.perf_counter() - began) * 1000)
        found["calls"].append(float(call_count() - calls))
        shown = answer.content.decode()
        if answer.status_code != 200 or not all(item["id"]["S"] in shown for item in bare["Items"]):
            raise RuntimeError(f"The page answers {answer.status_code} and does not show what the query found.")
    print(json.dumps({name: samples[WARM:] for name, samples in found.items()}))  # noqa: T201  read by who started this


def _fill(aws: Clients) -> None:
    """A table with messages of about half a kilobyte."""
    aws.dynamodb.create_table(
        TableName=NAME,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "user", "AttributeType": "S"},
            {"AttributeName": "id", "AttributeType": "S"},
        ],
        KeySchema=[{"AttributeName": "user", "KeyType": "HASH"}, {"AttributeName": "id", "KeyType": "RANGE"}],
    )
    for number in range(ITEMS):
        item: dict[str, Any] = {
            "user": {"S": "somebody"},
            "id": {"S": f"message-{number:04}"},
            "at": {"N": str(1_750_000_000 + number)},
            "text": {"S": f"{number} " * 60},
            "read": {"BOOL": number % 2 == 0},
            "labels": {"SS": ["one", "two"]},
            "sender": {"M": {"name": {"S": "Nobody"}, "city": {"S": "Berlin"}}},
        }
        aws.dynamodb.put_item(TableName=NAME, Item=item)


def _rows(aws: Clients, account: Account, person: User) -> None:
    """The table's environment, and its row as a survey writes it."""
    environment = Environment.objects.create(
        application="hello-erlang",
        name="dev",
        stage="dev",
        account=account,
        owner=person,
        status=EnvironmentStatus.READY,
        changed_at=timezone.now(),
    )
    found = describe_table(aws, NAME)
    if found is None:
        raise RuntimeError("The table is not there.")
    described = {name: value for name, value in asdict(found).items() if not name.endswith("_at")}
    Table.objects.create(
        account=account,
        name=NAME,
        arn=found.arn,
        application=environment.application,
        environment_name=environment.name,
        environment=environment,
        described=described,
        seen_at=timezone.now(),
    )
