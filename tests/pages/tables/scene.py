"""Tables in moto with their rows, and a browser on the page of one of them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from html import unescape
from typing import Any
from urllib.parse import urlencode

from django.test import Client
from django.utils import timezone
from fakes.as_aws import AsAws

from provisioning.aws import dynamodb
from provisioning.aws.clients import Clients
from provisioning.models import Environment, Table

MESSAGES = "-hello-erlang-messages"
INDEX = "user-timestamp-index"
Items = Iterable[Mapping[str, Any]]


def make_messages(aws: AsAws, environment: Environment, name: str, **index: Any) -> Table:
    """The messages of hello-erlang: id, and an index by user and time; 60 messages of alice."""
    keys = [{"AttributeName": "user_id", "KeyType": "HASH"}, {"AttributeName": "timestamp", "KeyType": "RANGE"}]
    aws.create_table(
        TableName=name,
        AttributeDefinitions=[
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "user_id", "AttributeType": "S"},
            {"AttributeName": "timestamp", "AttributeType": "N"},
        ],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {"IndexName": INDEX, "KeySchema": keys, "Projection": index or {"ProjectionType": "ALL"}},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    put(aws, name, (message(number) for number in range(60)))
    return keep(aws, environment, name, logical_id="MessagesTable")


def message(number: int, **more: Any) -> dict[str, Any]:
    """One message of alice."""
    return {
        "id": {"S": f"m{number:03}"},
        "user_id": {"S": "alice"},
        "timestamp": {"N": str(1000 + number)},
        "text": {"S": f"Hello {number}"},
        **more,
    }


def put(aws: AsAws, name: str, items: Items) -> None:
    """Items in wire form, as they are."""
    writes = [{"PutRequest": {"Item": dict(item)}} for item in items]
    for begin in range(0, len(writes), 25):
        aws.client.batch_write_item(RequestItems={name: writes[begin : begin + 25]})


def make_table(aws: AsAws, environment: Environment, name: str, items: Items, partition: str = "id") -> Table:
    """A table with one key, with these items."""
    aws.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": partition, "AttributeType": "S"}],
        KeySchema=[{"AttributeName": partition, "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    put(aws, name, items)
    return keep(aws, environment, name)


def keep(aws: AsAws, environment: Environment, name: str, **columns: Any) -> Table:
    """The row of a table as a survey would write it."""
    found = dynamodb.describe_table(Clients.of(dynamodb=aws.client), name)
    assert found is not None
    described = asdict(found)
    for one in ("created_at", "billing_switched_at"):
        described.pop(one)
    columns = {"item_count": found.item_count, "size_bytes": found.size_bytes, **columns}
    return Table.objects.create(
        account=environment.account,
        environment=environment,
        application=environment.application,
        environment_name=environment.name,
        name=name,
        arn=found.arn,
        described=described,
        seen_at=timezone.now(),
        **columns,
    )


@dataclass
class Explorer:
    """Somebody's browser on the page of a table; `text` is the page that is open, tags and all."""

    client: Client
    table: Table
    text: str = ""

    @property
    def path(self) -> str:
        """The address of the page."""
        where = self.table.environment
        assert where is not None
        return f"/environments/{where.application}/{where.name}/tables/{self.table.name}/"

    def ask(self, *pairs: tuple[str, str], status: int = 200, **asked: str) -> "Explorer":
        """Open the page with this question, and read."""
        return self.open(f"{self.path}?{urlencode([('run', '1'), *asked.items(), *pairs])}", status)

    def open(self, address: str = "", status: int = 200) -> "Explorer":
        """Open an address; without one the page as somebody comes to it first."""
        answer = self.client.get(address or self.path)
        assert answer.status_code == status
        self.text = answer.content.decode()
        return self

    def follow(self, label: str) -> "Explorer":
        """Click a link of the page by what it says."""
        found = re.search(rf'<a[^>]*href="([^"]*)"[^>]*>{re.escape(label)}</a>', self.text)
        assert found, f"There is no link “{label}”."
        return self.open(self.path + unescape(found[1]))

    @property
    def words(self) -> str:
        """What a person reads, with single spaces."""
        seen = re.sub(r"<(script|style|template|datalist)\b.*?</\1>", "", self.text, flags=re.DOTALL)
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", seen)).split())

    def column(self, name: str) -> list[str]:
        """What stands in a column, from row to row."""
        heads = re.findall(r'<th scope="col"[^>]*data-name="([^"]*)"', self.text)
        place = [unescape(head) for head in heads].index(name)
        return [row[place] for row in self.rows]

    @property
    def heads(self) -> list[str]:
        """The names of the columns."""
        return [unescape(head) for head in re.findall(r'<th scope="col"[^>]*data-name="([^"]*)"', self.text)]

    @property
    def rows(self) -> list[list[str]]:
        """The cells of every row."""
        body = re.search(r"<table class=\"table items\".*?<tbody>(.*?)</tbody>", self.text, re.DOTALL)
        lines = re.findall(r"<tr>(.*?)</tr>", body[1], re.DOTALL) if body else []
        cells = (re.findall(r"<t[hd](?![^>]*open-item)[^>]*>(.*?)</t[hd]>", line, re.DOTALL) for line in lines)
        return [[unescape(re.sub(r"<[^>]*>", "", cell)) for cell in line] for line in cells]
