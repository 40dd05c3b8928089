"""Tables with items that verbs look into: in moto, as AWS would be, and as rows of an environment."""

from dataclasses import asdict
from typing import Any

import pytest
from django.utils import timezone
from fakes.as_aws import AsAws

from provisioning.actions.actor import Actor
from provisioning.actions.browsing import PageOfItems, do_read
from provisioning.actions.refusals import Refusal
from provisioning.aws import dynamodb
from provisioning.aws.clients import Clients
from provisioning.items.query import Query
from provisioning.models import Account, Environment, Table

INDEX = "user-timestamp-index"
BY_USER = Query(index=INDEX, partition="u1", page_size=10)
FULL = 30 * 1024  # bytes of an item of which 34 make a megabyte
NAME = "dev-hello-erlang-messages"
KEYS_OF_INDEX = [{"AttributeName": "user_id", "KeyType": "HASH"}, {"AttributeName": "timestamp", "KeyType": "RANGE"}]
SHAPE: dict[str, Any] = {
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [
        {"AttributeName": "id", "AttributeType": "S"},
        {"AttributeName": "user_id", "AttributeType": "S"},
        {"AttributeName": "timestamp", "AttributeType": "N"},
    ],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "GlobalSecondaryIndexes": [
        {"IndexName": INDEX, "KeySchema": KEYS_OF_INDEX, "Projection": {"ProjectionType": "ALL"}},
        {"IndexName": "keys-index", "KeySchema": KEYS_OF_INDEX, "Projection": {"ProjectionType": "KEYS_ONLY"}},
    ],
}


def environment_of(account: Account, owner_id: int, stage: str = "dev") -> Environment:
    """An environment without anything else; its name is its stage."""
    return Environment.objects.create(
        application="hello-erlang",
        name=stage,
        stage=stage,
        account=account,
        owner_id=owner_id,
        status="ready",
        changed_at=timezone.now(),
    )


def table_of(aws: AsAws, environment: Environment, name: str = NAME, **shape: Any) -> Table:
    """A table in moto, and its row as a survey would have written it."""
    wanted = {part: value for part, value in (SHAPE | shape).items() if value is not None}
    aws.client.create_table(TableName=name, **wanted)
    return row_of(aws, environment, name)


def row_of(aws: AsAws, environment: Environment, name: str = NAME) -> Table:
    """The row of a table that is there."""
    found = dynamodb.describe_table(Clients.of(dynamodb=aws.client), name)
    assert found is not None
    described = asdict(found)
    for key in ("created_at", "billing_switched_at"):
        described.pop(key)
    row = Table.objects.create(
        account=environment.account,
        name=name,
        arn=found.arn,
        application=environment.application,
        environment_name=environment.name,
        environment=environment,
        logical_id="MessagesTable",
        item_count=found.item_count,
        size_bytes=found.size_bytes,
        described=described,
        seen_at=timezone.now(),
    )
    row.refresh_from_db()
    return row


def message(number: int, **more: dict[str, Any]) -> dict[str, Any]:
    """One item."""
    return {
        "id": {"S": f"m{number:03}"},
        "user_id": {"S": "u1"},
        "timestamp": {"N": str(1000 + number)},
        "content": {"S": f"text {number}"},
        **more,
    }


def fill(aws: AsAws, number: int, name: str = NAME, **more: dict[str, Any]) -> None:
    """So many items, past AWS's limits and their counts."""
    for place in range(number):
        aws.client.put_item(TableName=name, Item=message(place, **more))


def ids(page: PageOfItems) -> list[str]:
    """The ids of its rows."""
    return [item["id"]["S"] for item in page.items]


def refused(*asked: Any) -> Refusal:
    """Why a look is refused."""
    with pytest.raises(Refusal) as caught:
        do_read(*asked)
    return caught.value


def through(actor: Actor, environment: Environment, table: Table, query: Query) -> list[PageOfItems]:
    """Every page of a query, forward."""
    pages = [do_read(actor, environment, table, query)]
    while pages[-1].next is not None:
        pages.append(do_read(actor, environment, table, query, pages[-1].next))
    return pages
