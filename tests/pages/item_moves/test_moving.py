"""Freezing lists, ticked rows, copies: what the pages say and what they refuse."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from portal.accounts.models import User
from provisioning.items.values import key_token
from provisioning.lifecycle import ChangeKind, JobStatus
from provisioning.models import Change, Environment, ItemJob, Table

from .. import rows
from ..tables.scene import MESSAGES, make_messages, message
from .mover import Mover, words


@pytest.fixture
def second(alice: User, mover: Mover) -> Table:
    """The same table, in alice's second environment, empty."""
    made = rows.environment(alice, "dev-alice-2")
    table = make_messages(mover.aws, made, f"{made.name}{MESSAGES}")
    for item in mover.aws.client.scan(TableName=table.name)["Items"]:
        mover.aws.client.delete_item(TableName=table.name, Key={"id": item["id"]})
    return table


def count(mover: Mover, table: Table) -> int:
    """How many items a table has."""
    return int(mover.aws.client.scan(TableName=table.name)["Count"])


class TestDeleting:
    """The list, and the words typed."""

    def test_what_is_read_and_what_it_costs_is_said_first(self, mover: Mover) -> None:
        page = words(mover.get("table_delete_items", query="?pk=m001"))
        assert "One partition of the table, by a query" in page
        assert "Freeze the list by a query" in page
        assert "What this query takes is not known" in page  # DynamoDB has counted nothing yet
        Table.objects.filter(pk=mover.table.pk).update(item_count=60, size_bytes=6000)
        assert "This query reads ≤ 5.9 KB ≈ 1 unit" in words(mover.get("table_delete_items", query="?pk=m001")).replace(
            "\xa0", " "
        )

    def test_a_query_that_cannot_be_asked(self, mover: Mover) -> None:
        answer = mover.get("table_delete_items", query="?index=nothing")
        assert answer.status_code == 422
        assert "has no index “nothing”" in words(answer)

    def test_the_wrong_word_deletes_nothing(self, mover: Mover) -> None:
        frozen = mover.came_of(mover.post("table_delete_items"))
        answer = mover.post("table_delete_run", frozen, typed="yes")
        assert answer.status_code == 422
        assert "Type dev-alice or 60." in words(answer)
        assert len(mover.there()) == 60
        deleted = mover.came_of(mover.post("table_delete_run", frozen, typed="dev-alice"))
        assert (deleted.done, mover.there()) == (60, [])

    def test_rows_that_were_ticked(self, mover: Mover) -> None:
        tokens = [key_token({"id": {"S": f"m00{number}"}}) for number in (1, 2)]
        frozen = mover.came_of(mover.post("table_delete_items", token=tokens))
        page = words(mover.get("table_delete_run", frozen))
        assert "Delete 2 items" in page
        assert "m001 m002" in page
        assert mover.came_of(mover.post("table_delete_run", frozen, typed="2")).done == 2

    def test_forged_rows_are_refused_in_words(self, mover: Mover) -> None:
        answer = mover.browser.post(mover.address("table_delete_items"), {"token": "nonsense"}, follow=True)
        assert "This is no address of an item." in answer.content.decode()
        assert not ItemJob.objects.exists()

    def test_nothing_found(self, mover: Mover) -> None:
        frozen = mover.came_of(mover.post("table_delete_items", query="?pk=nothing"))
        assert "No item was found, so there is nothing to delete." in words(mover.get("item_job", frozen))
        assert "Not possible now" in words(mover.get("table_delete_run", frozen))

    def test_a_list_that_is_being_deleted_says_who_does(self, mover: Mover) -> None:
        frozen = mover.came_of(mover.post("table_delete_items", query="?pk=m001"))
        mover.post("table_delete_run", frozen, typed="1")
        page = words(mover.get("table_delete_run", frozen))
        assert "It is being deleted now." in page or "It is being run now." in page
        assert "Alice began to delete it" in page

    def test_pitfall_41_the_undo_file_hides_what_is_hidden(self, prod: Mover) -> None:
        prod.aws.client.put_item(TableName=prod.table.name, Item=message(1, content={"S": "secret words"}))
        frozen = prod.came_of(prod.post("table_delete_items", query="?pk=m001"))
        for page in (prod.get("item_job", frozen), prod.get("table_delete_run", frozen)):
            assert "secret words" not in page.content.decode()


class TestCopying:
    """From one environment into another."""

    def test_a_copy(self, mover: Mover, second: Table) -> None:
        page = words(mover.get("table_copy_items"))
        assert f"dev-alice-2, dev: {second.name}" in page
        assert "10 items: ≈" in page
        job = mover.came_of(mover.post("table_copy_items", into=second.pk, which="random", count=10, mode="new"))
        assert (job.status, job.done, job.environment.name) == (JobStatus.SUCCEEDED, 10, "dev-alice-2")
        assert count(mover, second) == 10

    def test_of_one_partition_there_is_no_random_sample(self, mover: Mover, second: Table) -> None:
        assert "Some from everywhere" not in words(mover.get("table_copy_items", query="?pk=m001"))
        answer = mover.post("table_copy_items", query="?pk=m001", into=second.pk, which="random", count=10, mode="new")
        assert answer.status_code == 422

    def test_nowhere_to_copy_to(self, mover: Mover) -> None:
        assert "No other environment of the application has this table" in words(mover.get("table_copy_items"))
        assert mover.post("table_copy_items", into=1, which="first", count=10, mode="new").status_code == 200
        assert not ItemJob.objects.exists()

    def test_only_into_what_one_may_change(
        self, mover: Mover, bob: User, client_of: Callable[[User], Client], alice: User
    ) -> None:
        theirs = rows.environment(bob, "dev-bob")
        make_messages(mover.aws, theirs, f"dev-bob{MESSAGES}")
        assert "dev-bob" not in words(mover.get("table_copy_items"))

    def test_out_of_prod_it_says_what_is_replaced(self, prod: Mover, mover: Mover) -> None:
        page = words(prod.get("table_copy_items", query="?pk=m001"))
        assert "What is hidden here is not copied" in page
        assert "never scanned" in words(prod.get("table_copy_items"))
        prod.aws.client.put_item(TableName=prod.table.name, Item=message(1, content={"S": "secret words"}))
        job = mover.came_of(
            prod.post("table_copy_items", query="?pk=m001", into=mover.table.pk, which="first", count=10, mode="over")
        )
        assert job.done == 1
        assert "secret words" not in str(mover.there())
        assert Environment.objects.get(name="prod").audit_entries.filter(verb="copy_items").exists()

    def test_into_prod_only_as_a_change(self, mover: Mover, prod: Mover) -> None:
        how: dict[str, Any] = {"into": prod.table.pk, "which": "first", "count": 10, "mode": "new"}
        missing = mover.post("table_copy_items", **how)
        assert missing.status_code == 422
        assert "Say why" in words(missing)
        assert mover.post("table_copy_items", reason="Fill it", **how).status_code == 302
        change = Change.objects.get()
        assert (change.kind, change.environment.name) == (ChangeKind.WRITE_ITEMS, "prod")
        assert len(prod.there()) == 60
