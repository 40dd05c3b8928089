"""Reading items, against moto as AWS would be: 1 MB pages, capacity by size, the rules of indexes."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import boto3
import pytest
from fakes.as_aws import AsAws
from moto import mock_aws

from provisioning.aws.clients import Clients
from provisioning.aws.errors import Busy, Missing, Refused
from provisioning.aws.items.reading import Read, consumed, get_item, read_page

KB = 1024


@pytest.fixture
def dynamodb() -> Iterator[AsAws]:
    """A table with an index of each kind, behind AWS's limits."""
    with mock_aws():
        client: Any = boto3.client("dynamodb", region_name="us-east-1")
        keys = [{"AttributeName": "user", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}]
        client.create_table(
            TableName="t",
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
        yield AsAws(client)


@pytest.fixture
def aws(dynamodb: AsAws) -> Clients:
    return Clients.of(dynamodb=dynamodb)


def put(dynamodb: AsAws, number: int, **more: Any) -> None:
    for place in range(number):
        item = {"id": {"S": f"{place:04}"}, "user": {"S": "u"}, "at": {"N": "5"}, **more}
        dynamodb.client.put_item(TableName="t", Item=item)


BY_USER: dict[str, Any] = {"key_condition": "#u = :u", "names": {"#u": "user"}, "values": {":u": {"S": "u"}}}


def everything(aws: Clients, read: dict[str, Any]) -> list[str]:
    """The ids that reading to the end brings."""
    found: list[str] = []
    start = None
    while True:
        page = read_page(aws, Read(**read, start=start))
        found += [item["id"]["S"] for item in page.items]
        start = page.last_key
        if start is None:
            return found


def test_pitfall_01_an_empty_page_may_have_a_next_one(aws: Clients, dynamodb: AsAws) -> None:
    put(dynamodb, 60)
    last = read_page(aws, Read("t")).items[-1]["id"]
    page = read_page(aws, Read("t", filter="#i = :i", names={"#i": "id"}, values={":i": last}, limit=10))
    assert (page.items, page.returned, page.scanned) == ((), 0, 10)
    assert page.last_key is not None


def test_pitfall_02_a_page_ends_at_a_megabyte(aws: Clients, dynamodb: AsAws) -> None:
    put(dynamodb, 60, blob={"B": b"x" * 30 * KB})
    page = read_page(aws, Read("t"))
    assert (page.returned, page.scanned) == (34, 34)
    assert page.last_key is not None
    assert len(set(everything(aws, {"table": "t"}))) == 60
    # What a filter throws away counts all the same.
    none = read_page(aws, Read("t", filter="attribute_exists(#x)", names={"#x": "x"}))
    assert (none.returned, none.scanned, none.capacity) == (0, 34, page.capacity)


def test_pitfall_03_a_next_key_does_not_mean_that_there_is_more(aws: Clients, dynamodb: AsAws) -> None:
    put(dynamodb, 10)
    page = read_page(aws, Read("t", limit=10))
    after = read_page(aws, Read("t", limit=10, start=page.last_key))
    assert (page.returned, page.last_key is None) == (10, False)
    assert (after.items, after.last_key, after.scanned) == ((), None, 0)


def test_pitfall_04_gsi_start_key_has_index_and_table_keys(aws: Clients, dynamodb: AsAws) -> None:
    put(dynamodb, 25)  # all of them with the same keys of the index
    read = {"table": "t", "index": "all", "limit": 7, **BY_USER}
    page = read_page(aws, Read(**read))
    assert page.last_key is not None
    assert set(page.last_key) == {"id", "user", "at"}
    assert sorted(everything(aws, read)) == [f"{place:04}" for place in range(25)]
    with pytest.raises(Refused, match="starting key"):
        read_page(aws, Read(**read, start={"id": page.last_key["id"]}))


def test_pitfall_10_the_limit_counts_what_is_read(aws: Clients, dynamodb: AsAws) -> None:
    put(dynamodb, 20)
    page = read_page(aws, Read("t", filter="#i < :i", names={"#i": "id"}, values={":i": {"S": "0005"}}, limit=15))
    assert page.returned <= 5
    assert page.scanned == 15


@pytest.mark.parametrize(("consistent", "units"), [(False, "128"), (True, "256")])
def test_pitfall_35_a_megabyte_costs_128_units_or_twice(
    aws: Clients,
    dynamodb: AsAws,
    consistent: bool,  # noqa: FBT001
    units: str,
) -> None:
    put(dynamodb, 40, blob={"B": b"x" * (32 * KB - 60)})
    assert read_page(aws, Read("t", consistent=consistent)).capacity == Decimal(units)


def test_pitfall_36_filter_and_projection_save_no_capacity(aws: Clients, dynamodb: AsAws) -> None:
    put(dynamodb, 20, blob={"B": b"x" * 10 * KB})
    names = {"#i": "id"}
    plain = read_page(aws, Read("t")).capacity
    assert read_page(aws, Read("t", projection="#i", names=names)).capacity == plain
    filtered = Read("t", filter="#i = :i", names=names, values={":i": {"S": "none"}})
    assert read_page(aws, filtered).capacity == plain
    assert plain == Decimal("25.5")  # 20 × 10 KB and a little


def test_pitfall_26_an_index_has_what_it_projects(aws: Clients, dynamodb: AsAws) -> None:
    put(dynamodb, 1, text={"S": "hello"})
    (item,) = read_page(aws, Read("t", "keys", **BY_USER)).items
    assert set(item) == {"id", "user", "at"}
    (item,) = read_page(aws, Read("t", "all", **BY_USER)).items
    assert item["text"] == {"S": "hello"}
    names = BY_USER["names"] | {"#t": "text"}
    with pytest.raises(Refused, match="does not project"):
        read_page(aws, Read("t", "keys", projection="#t", **BY_USER | {"names": names}))


def test_pitfall_27_a_global_index_is_not_read_consistently(aws: Clients, dynamodb: AsAws) -> None:
    put(dynamodb, 1)
    with pytest.raises(Refused, match="Consistent reads"):
        read_page(aws, Read("t", "all", consistent=True, **BY_USER))


def test_the_order_goes_both_ways_and_a_count_brings_no_items(aws: Clients, dynamodb: AsAws) -> None:
    for at in (3, 1, 2):
        dynamodb.client.put_item(TableName="t", Item={"id": {"S": f"{at}"}, "user": {"S": "u"}, "at": {"N": f"{at}"}})
    up = read_page(aws, Read("t", "all", **BY_USER))
    down = read_page(aws, Read("t", "all", descending=True, **BY_USER))
    assert [item["at"]["N"] for item in up.items] == ["1", "2", "3"]
    assert down.items == up.items[::-1]
    counted = read_page(aws, Read("t", "all", count_only=True, **BY_USER))
    assert (counted.items, counted.returned, counted.scanned) == ((), 3, 3)


def test_segments_of_a_scan_have_everything_once(aws: Clients, dynamodb: AsAws) -> None:
    put(dynamodb, 30)
    parts = [everything(aws, {"table": "t", "segment": number, "segments": 3}) for number in range(3)]
    assert sorted(name for part in parts for name in part) == [f"{place:04}" for place in range(30)]


def test_one_item_is_read_whole_and_as_it_is(aws: Clients, dynamodb: AsAws) -> None:
    odd = {
        "id": {"S": "a/b#"},
        "n": {"N": "12345678901234567890123456789012345678"},
        "b": {"B": b"\x00\xff"},
        "s": {"SS": ["x", "y"]},
        "m": {"M": {"x": {"L": [{"NULL": True}, {"S": ""}]}}},
    }
    dynamodb.put_item(TableName="t", Item=odd)
    assert get_item(aws, "t", {"id": {"S": "a/b#"}}) == (odd, Decimal(1))
    assert get_item(aws, "t", {"id": {"S": "none"}}, consistent=False) == (None, Decimal("0.5"))


def test_what_goes_wrong_is_one_of_our_errors(aws: Clients, dynamodb: AsAws) -> None:
    put(dynamodb, 1)
    dynamodb.script.throttle("Scan")
    with pytest.raises(Busy) as busy:
        read_page(aws, Read("t"))
    assert busy.value.reason == "throttled"
    dynamodb.script.building.add("all")
    with pytest.raises(Refused, match="backfilling"):
        read_page(aws, Read("t", "all", **BY_USER))
    with pytest.raises(Refused, match="specified index"):
        read_page(aws, Read("t", "nothing", **BY_USER))
    with pytest.raises(Refused, match="non-primary key"):
        read_page(aws, Read("t", "all", filter="#u = :u", **BY_USER))
    with pytest.raises(Missing):
        read_page(aws, Read("gone"))
    with pytest.raises(Missing):
        get_item(aws, "gone", {"id": {"S": "1"}})


def test_pitfall_33_batches_are_25_at_most_and_may_leave_some(dynamodb: AsAws) -> None:
    writes = [{"PutRequest": {"Item": {"id": {"S": f"{place}"}}}} for place in range(26)]
    with pytest.raises(dynamodb.exceptions.ClientError, match="less than or equal to 25"):
        dynamodb.batch_write_item(RequestItems={"t": writes})
    dynamodb.script.unprocessed = 3
    answer = dynamodb.batch_write_item(RequestItems={"t": writes[:25]}, ReturnConsumedCapacity="TOTAL")
    assert answer["UnprocessedItems"] == {"t": writes[:3]}
    assert consumed(answer) == 22
    assert dynamodb.batch_write_item(RequestItems=answer["UnprocessedItems"])["UnprocessedItems"] == {}
    dynamodb.script.unprocessed = 1
    keys = [{"id": {"S": f"{place}"}} for place in range(4)]
    got = dynamodb.batch_get_item(RequestItems={"t": {"Keys": keys}}, ReturnConsumedCapacity="TOTAL")
    assert got["UnprocessedKeys"] == {"t": {"Keys": keys[:1]}}
    assert (len(got["Responses"]["t"]), consumed(got)) == (3, Decimal("1.5"))


def test_writes_cost_by_the_larger_of_before_and_after(dynamodb: AsAws) -> None:
    big = {"id": {"S": "1"}, "blob": {"B": b"x" * 3 * KB}}
    ask = {"TableName": "t", "ReturnConsumedCapacity": "TOTAL"}
    assert consumed(dynamodb.put_item(Item=big, **ask)) == 4
    less = {"UpdateExpression": "REMOVE #b", "ExpressionAttributeNames": {"#b": "blob"}}
    assert consumed(dynamodb.update_item(Key={"id": {"S": "1"}}, **less, **ask)) == 4
    assert consumed(dynamodb.delete_item(Key={"id": {"S": "1"}}, **ask)) == 1
    put_it = {"Put": {"TableName": "t", "Item": big}}
    assert consumed(dynamodb.transact_write_items(TransactItems=[put_it], ReturnConsumedCapacity="TOTAL")) == 8
    unstorable: list[dict[str, Any]] = [{"SS": []}, {"N": "1" * 39}, {"B": b"x" * 401 * KB}]
    for refused in unstorable:
        with pytest.raises(dynamodb.exceptions.ClientError, match="invalid"):
            dynamodb.put_item(TableName="t", Item={"id": {"S": "2"}, "bad": refused})
