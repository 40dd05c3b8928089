"""What looking may not do: read prod unseen, show or tell what is hidden, use up a table, ask the impossible."""

from typing import Any

import pytest
import time_machine
from django.utils import timezone
from fakes.as_aws import AsAws

from provisioning.actions.actor import Actor
from provisioning.actions.browsing import do_get, do_read, require_allowed
from provisioning.actions.refusals import Refusal
from provisioning.items.query import Condition, Query
from provisioning.models import AuditEntry, Environment, ReadBudget, Table

from .item_tables import BY_USER, FULL, INDEX, NAME, fill, ids, refused, table_of


def test_pitfall_27_a_global_index_is_not_asked_consistently(alice: Actor, dev: Environment, table: Table) -> None:
    query = Query(index=INDEX, partition="u1", consistent=True)
    assert set(refused(alice, dev, table, query).fields) == {"consistent"}


def test_a_question_that_cannot_be_asked_names_its_fields(alice: Actor, dev: Environment, table: Table) -> None:
    many = ",".join(map(str, range(100)))
    long = tuple(Condition(f"a{number}", "in", "N", many) for number in range(12))
    assert set(refused(alice, dev, table, Query(filters=long)).fields) == {"filters"}
    assert set(refused(alice, dev, table, Query(page_size=101)).fields) == {"size"}
    assert set(refused(alice, dev, table, Query(index="never")).fields) == {"index"}


def test_pitfall_35_who_has_read_enough_is_told_when_to_come_back(
    alice: Actor, dev: Environment, table: Table, dynamodb: AsAws, settings: Any
) -> None:
    settings.ITEM_READS_PER_PERSON, settings.ITEM_READS_PER_TABLE = 50, 0
    fill(dynamodb, 60, blob={"B": b"x" * FULL})
    wide = Query(page_size=100)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        do_read(alice, dev, table, wide)  # 226 units, of which 100 may be used at once
        refusal = refused(alice, dev, table, wide)
        assert (refusal.code, "Try again in 3 seconds" in refusal.sentence) == ("held-back", True)
        with pytest.raises(Refusal, match="Try again in 3 seconds"):
            do_get(alice, dev, table, {"id": {"S": "m001"}})
        clock.shift(3)
        do_read(alice, dev, table, wide)
    assert ReadBudget.objects.get(scope=f"person:{alice.user_id}").held_back == 2


def test_pitfall_35_one_person_does_not_hold_back_another(
    alice: Actor, bob: Actor, table: Table, dynamodb: AsAws, settings: Any
) -> None:
    settings.ITEM_READS_PER_PERSON, settings.ITEM_READS_PER_TABLE = 50, 0
    fill(dynamodb, 60, blob={"B": b"x" * FULL})
    assert table.environment is not None
    with time_machine.travel(timezone.now(), tick=False):
        do_read(alice, table.environment, table, Query(page_size=100))
        do_read(bob, table.environment, table, Query(page_size=100))


def test_pitfall_35_a_table_is_spared_whoever_reads(
    alice: Actor, bob: Actor, table: Table, dynamodb: AsAws, settings: Any
) -> None:
    settings.ITEM_READS_PER_PERSON, settings.ITEM_READS_PER_TABLE = 0, 50
    fill(dynamodb, 60, blob={"B": b"x" * FULL})
    dev = table.environment
    assert dev is not None
    other = table_of(dynamodb, dev, "other")
    with time_machine.travel(timezone.now(), tick=False):
        do_read(alice, dev, table, Query(page_size=100))
        assert refused(bob, dev, table, Query()).code == "held-back"
        do_read(bob, dev, other, Query())
        settings.ITEM_READS_PER_TABLE = 0  # no limit
        do_read(bob, dev, table, Query())


def test_pitfall_41_what_is_hidden_never_leaves_prod(alice: Actor, prod: Environment, kept: Table) -> None:
    page = do_read(alice, prod, kept, BY_USER)
    assert len(page.rows) == 5
    assert all(item["content"] == {"HIDDEN": "S"} for item in page.items)
    assert "text" not in str(page)
    found = do_get(alice, prod, kept, {"id": {"S": "m001"}})
    assert found.item is not None
    assert found.item["content"] == {"HIDDEN": "S"}


def test_pitfall_41_nothing_is_filtered_by_what_is_hidden(alice: Actor, prod: Environment, kept: Table) -> None:
    query = Query(index=INDEX, partition="u1", filters=(Condition("content", "begins-with", "S", "text"),))
    refusal = refused(alice, prod, kept, query)
    assert (refusal.code, refusal.forbidden, set(refusal.fields)) == ("hidden", True, {"filter.0"})


def test_pitfall_41_a_hidden_key_of_an_index_is_asked_for_whole(alice: Actor, prod: Environment, kept: Table) -> None:
    Table.objects.filter(pk=kept.pk).update(logical_id="")
    kept.refresh_from_db()  # a table that no rule is known for: all but its keys is hidden
    for operator in ("<", ">", "between"):
        sort = Condition("timestamp", operator, "N", "1002", "1003")
        assert refused(alice, prod, kept, Query(index=INDEX, partition="u1", sort=sort)).code == "hidden"
    whole = Query(index=INDEX, partition="u1", sort=Condition("timestamp", "=", "N", "1002"))
    (item,) = do_read(alice, prod, kept, whole).items
    assert item == {
        "id": {"S": "m002"},
        "user_id": {"HIDDEN": "S"},
        "timestamp": {"HIDDEN": "N"},
        "content": {"HIDDEN": "S"},
    }


def test_pitfall_42_a_table_is_read_through_its_own_environment(alice: Actor, prod: Environment, table: Table) -> None:
    assert refused(alice, prod, table, Query(partition="m1")).code == "no-table"
    with pytest.raises(Refusal):
        do_get(alice, prod, table, {"id": {"S": "m001"}})


def test_pitfall_35_prod_is_queried_and_never_scanned(
    alice: Actor, prod: Environment, kept: Table, dynamodb: AsAws
) -> None:
    for query in (Query(), Query(index=INDEX), Query(filters=(Condition("user_id", "!=", "S", "u"),))):
        refusal = refused(alice, prod, kept, query)
        assert (refusal.code, refusal.forbidden) == ("no-scan-in-prod", True)
    assert not dynamodb.calls
    assert ids(do_read(alice, prod, kept, Query(filters=(Condition("id", "=", "S", "m001"),)))) == ["m001"]


def test_a_job_may_ask_what_a_page_may(prod: Environment, dev: Environment, kept: Table) -> None:
    require_allowed(prod, kept, BY_USER)
    for query, code in (
        (Query(), "no-scan-in-prod"),
        (Query(partition="m1", filters=(Condition("content", "exists"),)), "hidden"),
    ):
        with pytest.raises(Refusal) as caught:
            require_allowed(prod, kept, query)
        assert caught.value.code == code
    with pytest.raises(Refusal, match="has no table"):
        require_allowed(dev, kept, BY_USER)


def test_each_read_of_prod_is_written_down_without_values(alice: Actor, prod: Environment, kept: Table) -> None:
    filters = (Condition("timestamp", ">", "N", "1001"), Condition("user_id", "exists"))
    do_read(alice, prod, kept, Query(partition="m003", filters=filters))
    do_get(alice, prod, kept, {"id": {"S": "m003"}})
    first, second = AuditEntry.objects.order_by("id")
    assert (first.verb, first.by_id, first.environment, first.address) == (
        "read_items",
        alice.user_id,
        prod,
        "192.0.2.7",
    )
    assert first.detail == {"table": NAME, "index": "", "operators": ["=", ">", "exists"], "returned": 1}
    assert first.summary == f"Read 1 item of {NAME}"
    assert second.summary == f"Read one item of {NAME}"
    assert "m003" not in f"{first.detail}{first.summary}{second.detail}{second.summary}"


def test_reading_dev_leaves_no_entry(alice: Actor, dev: Environment, table: Table) -> None:
    do_read(alice, dev, table, Query())
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(("key", "kind"), [("code", "S"), ("id", "N")])
def test_a_table_that_was_made_anew_with_other_keys_is_refused_in_words(
    alice: Actor, dev: Environment, table: Table, dynamodb: AsAws, *, key: str, kind: str
) -> None:
    dynamodb.delete_table(TableName=NAME)
    other: dict[str, Any] = {
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": kind}],
        "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    dynamodb.client.create_table(TableName=NAME, **other)
    for number in range(30):
        dynamodb.client.put_item(TableName=NAME, Item={key: {kind: str(number)}})
    refusal = refused(alice, dev, table, Query())
    assert refusal.sentence == f"{NAME} has other keys than when Stackyard last looked. Look again."
    assert refusal.code == "other-keys"
    if key != "id":  # moto takes a key of another type; AWS does not
        with pytest.raises(Refusal, match="has other keys than"):
            do_get(alice, dev, table, {"id": {"S": "m001"}})
