"""Writes of items on conditions, against moto, and against scripted answers where AWS is stricter."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError
from fakes.as_aws import AsAws
from fakes.item_tables import NAME, make_table, stored

from provisioning.aws.clients import Clients
from provisioning.aws.errors import Busy, Conflict, Missing, Refused
from provisioning.aws.items.writing import (
    Check,
    Delete,
    ItemConflict,
    Look,
    Put,
    Update,
    delete_item,
    put_item,
    transact_write,
    update_item,
)

from .scripts import Script

KEY = {"id": {"S": "a"}, "at": {"N": "1"}}
ITEM: dict[str, dict[str, Any]] = {**KEY, "n": {"N": "1"}, "raw": {"B": b"\x00\xff"}, "m": {"M": {"x": {"S": "1"}}}}
ABSENT = (Check(("id",), "absent"),)


@pytest.fixture
def dynamodb(aws: Clients) -> Iterator[AsAws]:
    """DynamoDB with one table and one item, and AWS's limits."""
    client = AsAws(aws.dynamodb)
    make_table(client, items=[ITEM])
    aws.__dict__["dynamodb"] = client
    return client


def test_pitfall_30_a_put_that_is_not_to_overwrite(aws: Clients, dynamodb: AsAws) -> None:
    with pytest.raises(ItemConflict) as conflict:
        put_item(aws, Put(NAME, {**KEY, "n": {"N": "2"}}, ABSENT))
    assert (conflict.value.kind, conflict.value.item) == ("exists", ITEM)
    assert "not overwritten" in conflict.value.sentence
    new = {**KEY, "id": {"S": "b"}}
    written = put_item(aws, Put(NAME, new, ABSENT))
    assert written.before is None
    assert written.capacity == 1
    assert stored(dynamodb, new) == new


def test_parts_of_an_item(aws: Clients, dynamodb: AsAws) -> None:
    update = Update(
        NAME,
        KEY,
        sets=[(("m", "y"), {"S": "2"}), (("status",), {"S": "new"})],
        removes=[("n",)],
        checks=[Check(("id",), "present"), Check(("m",), "map"), Check(("n",), "is", {"N": "1.0"})],
    )
    assert update_item(aws, update).before == ITEM
    left = {name: value for name, value in ITEM.items() if name != "n"}
    assert stored(dynamodb, KEY) == {
        **left,
        "m": {"M": {"x": {"S": "1"}, "y": {"S": "2"}}},
        "status": {"S": "new"},
    }


@pytest.mark.parametrize("name", ["key", "status", "a.b", "a-b", "#x", "日本", ":0", "SET x", "x" * 250])
def test_pitfall_22_any_name(name: str, aws: Clients, dynamodb: AsAws) -> None:
    update_item(aws, Update(NAME, KEY, sets=[((name,), {"S": "1"})], checks=[Check((name,), "absent")]))
    delete_item(aws, Delete(NAME, KEY, [Check((name,), "is", {"S": "1"})]))
    assert stored(dynamodb, KEY) is None


def test_pitfall_29_what_the_server_has(aws: Clients, dynamodb: AsAws) -> None:
    wrong = [Check(("id",), "present"), Check(("n",), "is", {"N": "2"})]
    with pytest.raises(ItemConflict) as conflict:
        update_item(aws, Update(NAME, KEY, sets=[(("n",), {"N": "3"})], checks=wrong))
    assert (conflict.value.kind, conflict.value.item) == ("changed", ITEM)
    with pytest.raises(ItemConflict) as conflict:
        delete_item(aws, Delete(NAME, KEY, wrong))
    assert (conflict.value.kind, conflict.value.item) == ("changed", ITEM)
    with pytest.raises(ItemConflict) as conflict:
        delete_item(aws, Delete(NAME, {**KEY, "id": {"S": "b"}}, wrong))
    assert conflict.value.item is None
    assert "not there any more" in conflict.value.sentence


class TestTransactions:
    """All or none."""

    def test_a_move(self, aws: Clients, dynamodb: AsAws) -> None:
        new = {**ITEM, "id": {"S": "b"}}
        present = [Check(("id",), "present")]
        assert transact_write(aws, [Put(NAME, new, ABSENT), Delete(NAME, KEY, present)], token="once") > 0
        assert (stored(dynamodb, KEY), stored(dynamodb, {**KEY, "id": {"S": "b"}})) == (None, new)

    def test_the_first_that_does_not_hold(self, aws: Clients, dynamodb: AsAws) -> None:
        other, there = {**KEY, "id": {"S": "b"}}, [Check(("id",), "present")]
        with pytest.raises(ItemConflict) as conflict:
            transact_write(aws, [Look(NAME, KEY, there), Delete(NAME, other, there)])
        assert (conflict.value.place, conflict.value.kind) == (1, "changed")
        with pytest.raises(ItemConflict) as conflict:
            transact_write(aws, [Put(NAME, ITEM, ABSENT), Put(NAME, other, ABSENT)])
        assert (conflict.value.place, conflict.value.kind, conflict.value.item) == (0, "exists", ITEM)
        assert stored(dynamodb, other) is None

    @pytest.mark.parametrize(
        ("code", "expected"),
        [("TransactionConflict", Conflict), ("ThrottlingError", Busy), ("ValidationError", Refused)],
    )
    def test_other_reasons(self, code: str, expected: type[Exception], script: Script) -> None:
        aws, answers = script("dynamodb")
        answers.add_client_error(
            "transact_write_items",
            "TransactionCanceledException",
            "Transaction cancelled",
            400,
            modeled_fields={"CancellationReasons": [{"Code": "None"}, {"Code": code, "Message": "Why"}]},
        )
        with pytest.raises(expected) as wrong:
            transact_write(aws, [Put(NAME, ITEM), Delete(NAME, KEY)])
        assert not isinstance(wrong.value, ItemConflict)

    def test_at_most_a_hundred(self, aws: Clients) -> None:
        with pytest.raises(ValueError, match="100 writes"):
            transact_write(aws, [Put(NAME, ITEM)] * 101)


def test_too_much_at_once_is_not_even_sent(aws: Clients, dynamodb: AsAws) -> None:
    sets = [((f"attribute-{number}",), {"S": "x"}) for number in range(700)]
    with pytest.raises(Refused, match="too many attributes"):
        update_item(aws, Update(NAME, KEY, sets=sets))
    assert dynamodb.calls["UpdateItem"] == 0


def test_no_answer_and_no_table(aws: Clients, dynamodb: AsAws, script: Script) -> None:
    with pytest.raises(Missing):
        put_item(aws, Put("nothing", ITEM))

    class Away:
        def put_item(self, **_: Any) -> Any:
            raise ConnectTimeoutError(endpoint_url="https://dynamodb.us-east-1.amazonaws.com")

    with pytest.raises(Busy) as busy:
        put_item(Clients.of(dynamodb=Away()), Put(NAME, ITEM))
    assert busy.value.reason == "unreachable"
