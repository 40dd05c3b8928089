"""Cursors: for one person and one question, for some hours, telling nothing (pitfall 11)."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from engine.yard import keep_linted
from fakes.as_aws import AsAws

from provisioning.actions.actor import Actor
from provisioning.actions.browsing import do_read
from provisioning.items.query import Query
from provisioning.models import Environment, ReadTrail, Table
from provisioning.tasks import sweep

from .item_tables import BY_USER, INDEX, fill, refused, table_of


@pytest.fixture
def cursor(alice: Actor, dev: Environment, table: Table, dynamodb: AsAws) -> str:
    """alice's way to page 2."""
    fill(dynamodb, 15)
    found = do_read(alice, dev, table, BY_USER).next
    assert found is not None
    return found


def test_pitfall_11_a_cursor_holds_no_key(cursor: str) -> None:
    assert "m009" not in cursor
    assert "m009" not in ReadTrail.objects.get().start


def test_pitfall_11_a_cursor_that_was_altered_leads_nowhere(
    alice: Actor, dev: Environment, table: Table, dynamodb: AsAws, cursor: str
) -> None:
    middle = len(cursor) // 2
    other = "A" if cursor[middle] != "A" else "B"
    for bad in (cursor[:middle] + other + cursor[middle + 1 :], cursor[:-8], "nonsense", "ä", "."):
        refusal = refused(alice, dev, table, BY_USER, bad)
        assert (refusal.code, "damaged" in refusal.sentence) == ("bad-cursor", True)
    assert dynamodb.calls["Query"] == 1


def test_pitfall_11_a_cursor_is_for_one_person(bob: Actor, dev: Environment, table: Table, cursor: str) -> None:
    assert "somebody else's" in refused(bob, dev, table, BY_USER, cursor).sentence


@pytest.mark.parametrize(
    "query",
    [
        Query(index=INDEX, partition="u2", page_size=10),
        Query(index="keys-index", partition="u1", page_size=10),
        Query(index=INDEX, partition="u1", page_size=10, descending=True),
        Query(index=INDEX, partition="u1", page_size=25),
        Query(page_size=10),
    ],
)
def test_pitfall_11_a_cursor_is_for_one_question(
    alice: Actor, dev: Environment, table: Table, cursor: str, query: Query
) -> None:
    assert "another question" in refused(alice, dev, table, query, cursor).sentence


def test_pitfall_11_a_cursor_is_for_one_table_of_one_environment(
    alice: Actor, dev: Environment, prod: Environment, dynamodb: AsAws, cursor: str
) -> None:
    other = table_of(dynamodb, dev, "other")
    assert "another question" in refused(alice, dev, other, BY_USER, cursor).sentence
    table = Table.objects.exclude(pk=other.pk).get()
    Table.objects.filter(pk=table.pk).update(environment=prod)
    table.refresh_from_db()
    assert "another question" in refused(alice, prod, table, BY_USER, cursor).sentence


def test_pitfall_11_a_cursor_expires(alice: Actor, dev: Environment, table: Table, dynamodb: AsAws) -> None:
    fill(dynamodb, 15)
    keep_linted()  # else the sweep does, which takes longer than all tests here
    with time_machine.travel(timezone.now(), tick=False) as clock:
        cursor = do_read(alice, dev, table, BY_USER).next
        assert cursor is not None
        clock.shift(timedelta(hours=7, minutes=59))
        do_read(alice, dev, table, BY_USER, cursor)
        clock.shift(timedelta(minutes=2))
        refusal = refused(alice, dev, table, BY_USER, cursor)
        assert (refusal.code, "expired" in refusal.sentence) == ("bad-cursor", True)
        do_read(alice, dev, table, BY_USER)
        sweep()
    assert ReadTrail.objects.get().page == 2  # of those that nobody can go to any more none is kept


def test_pitfall_11_with_another_secret_nothing_opens(
    alice: Actor, dev: Environment, table: Table, cursor: str, settings: Any
) -> None:
    settings.SECRET_KEY = "another"
    assert refused(alice, dev, table, BY_USER, cursor).code == "bad-cursor"
