"""Pages of items both ways, with bounded work a click."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from fakes.as_aws import AsAws

from provisioning.actions.actor import Actor
from provisioning.actions.browsing import do_get, do_read
from provisioning.items.query import Condition, Query
from provisioning.items.values import key_from_token
from provisioning.models import Environment, ReadBudget, Table

from .item_tables import BY_USER, FULL, INDEX, fill, ids, table_of, through

RARE = Query(filters=(Condition("content", "=", "S", "nowhere"),))


def test_a_page_of_a_scan(alice: Actor, dev: Environment, table: Table, dynamodb: AsAws) -> None:
    fill(dynamodb, 3)
    page = do_read(alice, dev, table, Query())
    assert sorted(ids(page)) == ["m000", "m001", "m002"]
    assert (page.number, page.first, page.last, page.next, page.previous) == (1, 1, 3, None, None)
    assert page.attributes == ("id", "content", "timestamp", "user_id")
    assert (page.share, page.carry_on, page.projected) == (1.0, False, None)
    key = key_from_token(page.rows[0].token, {"id": "S"})
    assert do_get(alice, dev, table, key).item == page.items[0]


def test_an_empty_table_is_the_end(alice: Actor, dev: Environment, table: Table) -> None:
    page = do_read(alice, dev, table, Query())
    assert (page.rows, page.next, page.carry_on, page.efficiency, page.last) == ((), None, False, None, 0)


def test_an_auditor_reads_too(audrey: Actor, dev: Environment, table: Table, dynamodb: AsAws) -> None:
    fill(dynamodb, 1)
    assert len(do_read(audrey, dev, table, Query()).rows) == 1


def test_a_page_without_filters_is_one_data_call_and_no_description(
    alice: Actor, dev: Environment, table: Table, dynamodb: AsAws
) -> None:
    fill(dynamodb, 30)
    do_read(alice, dev, table, Query())
    dynamodb.calls.clear()
    with CaptureQueriesContext(connection) as queries:
        page = do_read(alice, dev, table, BY_USER)
    assert dynamodb.calls == {"Query": 1}
    assert (page.calls, len(page.rows)) == (1, 10)
    assert sum("SAVEPOINT" not in query["sql"] for query in queries) <= 6


def test_pitfall_01_an_empty_page_with_more_to_read_is_never_no_results(
    alice: Actor, dev: Environment, table: Table, dynamodb: AsAws
) -> None:
    fill(dynamodb, 150, blob={"B": b"x" * FULL})
    page = do_read(alice, dev, table, RARE)
    assert (page.rows, page.carry_on, page.returned, page.efficiency) == ((), True, 0, 0)
    assert page.scanned == 4 * 34
    assert page.next is not None
    end = do_read(alice, dev, table, RARE, page.next)
    assert (end.next, end.carry_on, end.read_so_far, end.share) == (None, False, 150, 1.0)


def test_pitfall_02_a_page_goes_on_over_the_end_of_a_megabyte(
    alice: Actor, dev: Environment, table: Table, dynamodb: AsAws
) -> None:
    fill(dynamodb, 60, blob={"B": b"x" * FULL})
    wide = Query(page_size=50)
    page = do_read(alice, dev, table, wide)
    assert (len(page.rows), page.calls, page.carry_on) == (50, 2, False)
    assert sum(len(one.rows) for one in through(alice, dev, table, wide)) == 60


@pytest.mark.parametrize("filters", [(), (Condition("content", "exists"),)])
def test_pitfall_03_an_exact_multiple_ends_cleanly(
    alice: Actor, dev: Environment, table: Table, dynamodb: AsAws, filters: tuple[Condition, ...]
) -> None:
    fill(dynamodb, 20)
    pages = through(alice, dev, table, Query(page_size=10, filters=filters))
    assert [len(page.rows) for page in pages] == [10, 10]
    assert (pages[-1].next, pages[-1].carry_on) == (None, False)


def test_pitfall_03_a_next_page_that_turns_out_empty_is_a_clean_end(
    alice: Actor, dev: Environment, table: Table, dynamodb: AsAws
) -> None:
    fill(dynamodb, 11)
    page = do_read(alice, dev, table, BY_USER)
    assert page.next is not None
    dynamodb.client.delete_item(TableName=table.name, Key={"id": {"S": "m010"}})
    end = do_read(alice, dev, table, BY_USER, page.next)
    assert (end.rows, end.next, end.previous, end.number, end.carry_on) == ((), None, "", 2, False)


def test_pitfall_04_gsi_start_key_has_index_and_table_keys(
    alice: Actor, dev: Environment, table: Table, dynamodb: AsAws
) -> None:
    fill(dynamodb, 35, timestamp={"N": "7"})  # one key of the index for all of them
    asked = Query(index=INDEX, partition="u1", page_size=10, attributes=("content",))
    for query in (BY_USER, asked, Query(index=INDEX, page_size=10)):
        found = [one for page in through(alice, dev, table, query) for one in ids(page)]
        assert sorted(found) == [f"m{place:03}" for place in range(35)]
    starts = [request.get("ExclusiveStartKey", {}) for _, request in dynamodb.requests]
    assert {frozenset(start) for start in starts if start} == {frozenset({"id", "user_id", "timestamp"})}


def test_pitfall_05_no_page_forgets_index_filters_or_order(
    alice: Actor, dev: Environment, table: Table, dynamodb: AsAws
) -> None:
    fill(dynamodb, 45)
    texts = (Condition("content", "begins-with", "S", "text"),)
    query = Query(index=INDEX, partition="u1", filters=texts, descending=True, page_size=10)
    found = [one for page in through(alice, dev, table, query) for one in ids(page)]
    assert found == [f"m{place:03}" for place in reversed(range(45))]
    assert {request["IndexName"] for _, request in dynamodb.requests} == {INDEX}


def test_pitfall_06_there_and_back_shows_the_same_rows(
    alice: Actor, dev: Environment, table: Table, dynamodb: AsAws
) -> None:
    fill(dynamodb, 45)
    for query in (BY_USER, Query(page_size=10, filters=(Condition("timestamp", ">", "N", "1003"),))):
        one, two, three, *_ = through(alice, dev, table, query)
        assert (one.previous, two.number, three.number) == (None, 2, 3)
        assert three.previous is not None
        second = do_read(alice, dev, table, query, three.previous)
        assert (second.rows, second.number, second.first) == (two.rows, 2, two.first)
        assert second.previous == ""
        first = do_read(alice, dev, table, query, second.previous)
        assert (first.rows, first.number, first.previous) == (one.rows, 1, None)


def test_pitfall_07_rows_are_numbered_by_what_was_shown(
    alice: Actor, dev: Environment, table: Table, dynamodb: AsAws
) -> None:
    fill(dynamodb, 210)
    ranges = [(page.first, page.last) for page in through(alice, dev, table, Query(page_size=100))]
    assert ranges == [(1, 100), (101, 200), (201, 210)]


def test_pitfall_08_what_a_page_took_is_summed_up(
    alice: Actor, dev: Environment, table: Table, dynamodb: AsAws
) -> None:
    fill(dynamodb, 60, blob={"B": b"x" * FULL})
    page = do_read(alice, dev, table, Query(filters=(Condition("id", "<", "S", "m006"),)))
    assert (page.returned, page.scanned, page.efficiency, page.calls) == (6, 60, 10, 2)
    assert page.capacity == Decimal("226")  # 34 and 26 items of a little over 30 KB, eventually consistent
    assert ReadBudget.objects.get(scope=f"person:{alice.user_id}").used == page.capacity


def test_pitfall_10_a_page_counts_what_matches(alice: Actor, dev: Environment, table: Table, dynamodb: AsAws) -> None:
    fill(dynamodb, 90)
    pages = through(alice, dev, table, Query(page_size=10, filters=(Condition("content", "contains", "S", "5"),)))
    expected = [f"m{place:03}" for place in range(90) if "5" in str(place)]
    assert sorted(one for page in pages for one in ids(page)) == expected
    assert [len(page.rows) for page in pages] == [10, 8]


def test_pitfall_26_what_an_index_does_not_project_is_not_empty(
    alice: Actor, dev: Environment, table: Table, dynamodb: AsAws
) -> None:
    fill(dynamodb, 3)
    page = do_read(alice, dev, table, Query(index="keys-index", partition="u1"))
    assert page.projected == frozenset({"id", "user_id", "timestamp"})
    assert page.attributes == ("id", "user_id", "timestamp")
    assert (page.lacks("content"), page.lacks("id")) == (True, False)
    chosen = do_read(alice, dev, table, Query(attributes=("content",)))
    assert (chosen.lacks("content"), chosen.lacks("user_id")) == (False, True)
    assert not do_read(alice, dev, table, BY_USER).lacks("anything")


def test_a_consistent_read_is_one(alice: Actor, dev: Environment, table: Table, dynamodb: AsAws) -> None:
    fill(dynamodb, 1)
    assert do_read(alice, dev, table, Query(consistent=True)).capacity == 1
    assert do_read(alice, dev, table, Query()).capacity == Decimal("0.5")


@pytest.mark.parametrize("name", ["key", "a.b", "a-b", "#x", "日本"])
def test_pitfall_22_tables_whose_keys_have_odd_names(
    alice: Actor, dev: Environment, dynamodb: AsAws, name: str
) -> None:
    shape: dict[str, Any] = {
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": name, "KeyType": "HASH"}],
        "GlobalSecondaryIndexes": None,
    }
    table = table_of(dynamodb, dev, "odd", **shape)
    for place in range(12):
        dynamodb.client.put_item(TableName="odd", Item={name: {"S": f"{place}"}, "status": {"S": "on"}})
    query = Query(page_size=10, filters=(Condition("status", "=", "S", "on"),), attributes=("status",))
    assert [len(page.rows) for page in through(alice, dev, table, query)] == [10, 2]
    assert do_read(alice, dev, table, Query(partition="7")).items == ({name: {"S": "7"}, "status": {"S": "on"}},)


def test_pitfall_37_a_click_is_four_calls_at_most_and_two_seconds(
    alice: Actor, dev: Environment, table: Table, dynamodb: AsAws
) -> None:
    fill(dynamodb, 150, blob={"B": b"x" * FULL})
    assert do_read(alice, dev, table, RARE).calls == 4

    class Slow(AsAws):
        """Each call takes a second and a half."""

        def scan(self, **request: Any) -> dict[str, Any]:
            clock.shift(1.5)
            return super().scan(**request)

    dynamodb.__class__ = Slow
    begun = timezone.now()
    with time_machine.travel(begun, tick=False) as clock:
        page = do_read(alice, dev, table, RARE)
        assert (page.calls, page.carry_on, timezone.now() - begun) == (2, True, timedelta(seconds=3))
