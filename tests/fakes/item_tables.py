"""A table with items in it, in moto, and its row: as a survey would have left it."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from django.utils import timezone

from provisioning.aws.clients import Clients
from provisioning.aws.dynamodb import describe_table
from provisioning.items.values import Item
from provisioning.models import Environment, Table

NAME = "dev-things"
KEYS = {"id": "S", "at": "N"}
_BY_KIND = {
    "IndexName": "by-kind",
    "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}],
    "Projection": {"ProjectionType": "KEYS_ONLY"},
}


def make_table(client: Any, name: str = NAME, keys: dict[str, str] = KEYS, items: Iterable[Item] = ()) -> None:
    """A table with these key attributes, an index on `kind` that has keys only, and these items."""
    roles = zip(keys, ("HASH", "RANGE"), strict=False)
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": attribute, "AttributeType": kind} for attribute, kind in {**keys, "kind": "S"}.items()
        ],
        KeySchema=[{"AttributeName": attribute, "KeyType": role} for attribute, role in roles],
        GlobalSecondaryIndexes=[_BY_KIND],
    )
    for item in items:
        client.put_item(TableName=name, Item=item)


def row_of(environment: Environment, client: Any, name: str = NAME, **columns: Any) -> Table:
    """The row of a table of that environment."""
    found = describe_table(Clients.of(dynamodb=client), name)
    assert found is not None
    described = {
        part: value for part, value in asdict(found).items() if part not in {"created_at", "billing_switched_at"}
    }
    return Table.objects.create(
        account=environment.account,
        environment=environment,
        name=name,
        arn=found.arn,
        application=environment.application,
        environment_name=environment.name,
        described=described,
        seen_at=timezone.now(),
        **columns,
    )


def stored(client: Any, key: Item, name: str = NAME) -> Item | None:
    """What the server has under a key, in its own form."""
    found: Item | None = client.get_item(TableName=name, Key=key, ConsistentRead=True).get("Item")
    return found
