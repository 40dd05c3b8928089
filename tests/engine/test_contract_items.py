"""Items are read alike from the local AWS and from the stand-in that keeps AWS's limits (`fakes.as_aws`).

Where the local AWS is more lenient than AWS, the stand-in follows AWS, and the difference is `KNOWN`.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import boto3
import pytest
from fakes.as_aws import AsAws
from moto import mock_aws

from provisioning.aws.clients import Clients
from provisioning.aws.errors import AwsError, Missing, Refused
from provisioning.aws.items.reading import Read, get_item, read_page

AS_AWS, EMULATOR = "as_aws", "emulator"
BY_USER: dict[str, Any] = {"key_condition": "#u = :u", "names": {"#u": "user"}, "values": {":u": {"S": "u"}}}
ODD: dict[str, Any] = {
    "id": {"S": "a/b#日本"},
    "n": {"N": "12345678901234567890123456789012345678"},
    "b": {"B": b"\x00\xff"},
    "bs": {"BS": [b"\x01"]},
    "ns": {"NS": ["1.5"]},
    "none": {"NULL": True},
    "empty": {"S": ""},
    "yes": {"BOOL": False},
    "m": {"M": {"x.y": {"L": [{"NULL": True}, {"S": ""}, {"M": {}}]}}},
}


@dataclass(frozen=True)
class Items:
    """A table on one of the two sides."""

    kind: str
    aws: Clients
    table: str

    @property
    def is_emulator(self) -> bool:
        """Whether the local AWS answers."""
        return self.kind == EMULATOR

    def fill(self, number: int, **more: dict[str, Any]) -> None:
        """So many items of one user at one time."""
        for place in range(number):
            item = {"id": {"S": f"{place:03}"}, "user": {"S": "u"}, "at": {"N": "5"}, **more}
            self.aws.dynamodb.put_item(TableName=self.table, Item=item)

    def to_the_end(self, **read: Any) -> list[int]:
        """How many items each page has."""
        pages, start = [], None
        while True:
            page = read_page(self.aws, Read(self.table, start=start, **read))
            pages.append(page.returned)
            start = page.last_key
            if start is None:
                return pages


@pytest.fixture(params=[AS_AWS, EMULATOR])
def items(request: pytest.FixtureRequest) -> Iterator[Items]:
    """A new table on each of the two in turn."""
    name = f"t{uuid.uuid4().hex[:10]}"
    if request.param == EMULATOR:
        endpoint = request.getfixturevalue("emulator")
        client = boto3.client("dynamodb", region_name="us-east-1", endpoint_url=endpoint)
        make_table(client, name)
        yield Items(EMULATOR, Clients.of(dynamodb=client), name)
        return
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        make_table(client, name)
        yield Items(AS_AWS, Clients.of(dynamodb=AsAws(client)), name)


def make_table(client: Any, name: str) -> None:
    """A table with an index of everything and one of keys."""
    keys = [{"AttributeName": "user", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}]
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "user", "AttributeType": "S"},
            {"AttributeName": "at", "AttributeType": "N"},
        ],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {"IndexName": "all", "KeySchema": keys, "Projection": {"ProjectionType": "ALL"}},
            {"IndexName": "keys", "KeySchema": keys, "Projection": {"ProjectionType": "KEYS_ONLY"}},
        ],
    )


def test_values_of_every_type_come_back_as_they_were(items: Items) -> None:
    items.aws.dynamodb.put_item(TableName=items.table, Item=ODD)
    found, _ = get_item(items.aws, items.table, {"id": ODD["id"]})
    assert found == ODD
    assert read_page(items.aws, Read(items.table)).items == (ODD,)


def test_a_limit_counts_what_is_read_before_the_filter(items: Items) -> None:
    items.fill(20)
    read: dict[str, Any] = {"filter": "#i = :i", "names": {"#i": "id"}, "values": {":i": {"S": "none"}}}
    page = read_page(items.aws, Read(items.table, limit=10, **read))
    assert (page.returned, page.scanned, page.last_key is None) == (0, 10, False)


def test_an_index_with_one_key_for_all_is_read_to_the_end_once(items: Items) -> None:
    items.fill(25)
    assert sum(items.to_the_end(index="all", limit=7, **BY_USER)) == 25
    page = read_page(items.aws, Read(items.table, "all", limit=7, **BY_USER))
    assert set(page.last_key or {}) == {"id", "user", "at"}


def test_a_start_key_may_be_any_item_that_was_seen(items: Items) -> None:
    items.fill(25)
    page = read_page(items.aws, Read(items.table, "all", **BY_USER))
    cut = {name: page.items[9][name] for name in ("id", "user", "at")}
    rest = read_page(items.aws, Read(items.table, "all", start=cut, **BY_USER))
    assert rest.items == page.items[10:]


def test_a_scan_goes_on_after_any_item_that_was_seen(items: Items) -> None:
    items.fill(25)
    page = read_page(items.aws, Read(items.table))
    assert read_page(items.aws, Read(items.table, start={"id": page.items[9]["id"]})).items == page.items[10:]


def test_segments_have_everything_once(items: Items) -> None:
    items.fill(30)
    assert sum(sum(items.to_the_end(segment=number, segments=4)) for number in range(4)) == 30


def test_a_count_and_an_order(items: Items) -> None:
    for at in (2, 3, 1):
        item = {"id": {"S": f"{at}"}, "user": {"S": "u"}, "at": {"N": f"{at}"}}
        items.aws.dynamodb.put_item(TableName=items.table, Item=item)
    counted = read_page(items.aws, Read(items.table, "all", count_only=True, **BY_USER))
    assert (counted.items, counted.returned) == ((), 3)
    down = read_page(items.aws, Read(items.table, "all", descending=True, **BY_USER))
    assert [item["at"]["N"] for item in down.items] == ["3", "2", "1"]


def test_what_is_not_there(items: Items) -> None:
    with pytest.raises(Missing):
        read_page(items.aws, Read("nothing"))
    with pytest.raises(Missing):
        get_item(items.aws, "nothing", {"id": {"S": "1"}})
    assert get_item(items.aws, items.table, {"id": {"S": "none"}})[0] is None
    with pytest.raises(Refused):
        read_page(items.aws, Read(items.table, "nothing", **BY_USER))


def test_pages_of_a_megabyte(items: Items) -> None:
    items.fill(60, blob={"B": b"x" * 30 * 1024})
    assert items.to_the_end() == [34, 26]


def test_capacity(items: Items) -> None:
    items.fill(20, blob={"B": b"x" * 10 * 1024})
    capacity = read_page(items.aws, Read(items.table)).capacity
    assert capacity == (Decimal("0.5") if items.is_emulator else Decimal("25.5"))  # KNOWN: the same for any size


def test_a_consistent_read_of_a_global_index(items: Items) -> None:
    items.fill(1)
    assert refuses(items, Read(items.table, "all", consistent=True, **BY_USER))


def test_what_an_index_projects(items: Items) -> None:
    items.fill(1, text={"S": "hello"})
    (item,) = read_page(items.aws, Read(items.table, "keys", **BY_USER)).items
    assert set(item) == {"id", "user", "at"}


def test_a_start_key_without_the_keys_of_the_index(items: Items) -> None:
    items.fill(3)
    assert refuses(items, Read(items.table, "all", start={"id": {"S": "001"}}, **BY_USER))


def test_a_filter_by_a_key_of_the_query(items: Items) -> None:
    items.fill(3)
    # KNOWN: accepted there, so nothing but our own check stands before it (pitfall 24).
    assert refuses(items, Read(items.table, "all", filter="#u = :u", **BY_USER)) == (not items.is_emulator)


def refuses(items: Items, read: Read) -> bool:
    try:
        read_page(items.aws, read)
    except AwsError as error:
        return isinstance(error, Refused)
    return False
