"""The tables of one environment: as cards, with what is asked of them and what was done to their items."""

from collections.abc import Callable

from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from portal.accounts.models import User
from provisioning.lifecycle import JobKind, JobStatus, StackKind, WriteState, WriteVerb
from provisioning.models import Environment, ItemJob, ItemWrite

from .. import rows
from ..table_rows import INDEX, table

ClientOf = Callable[[User], Client]
PAGE = "/environments/hello-erlang/dev-alice/tables/"


def test_a_card_for_each_table_with_its_questions_one_click_away(
    dev: Environment, alice: User, client_of: ClientOf
) -> None:
    table(dev)
    text = rows.page(client_of(alice), PAGE)
    explore = f"{PAGE}dev-alice-hello-erlang-messages/"
    assert f'href="{explore}"' in text
    asked = "?index=user-timestamp-index&amp;order=desc&amp;ask=1#pk"
    assert f'href="{explore}{asked}">Messages of a user, newest first</a>' in text
    assert "carries everything" in text
    assert 'aria-current="page">Tables' in text


def test_the_questions_lead_where_they_say(dev: Environment, alice: User, client_of: ClientOf) -> None:
    table(dev)
    client = client_of(alice)
    answer = client.get(f"{PAGE}dev-alice-hello-erlang-messages/?index=user-timestamp-index&order=desc&ask=1")
    assert answer.status_code == 200


def test_of_an_index_that_is_being_filled_nothing_is_asked_yet(
    dev: Environment, alice: User, client_of: ClientOf
) -> None:
    table(dev, described={"indexes": [INDEX | {"backfilling": True}]})
    text = rows.page(client_of(alice), PAGE)
    assert "Messages of a user" not in text
    assert "One message" in text


def test_kept_ones_are_there_and_say_so(dev: Environment, alice: User, client_of: ClientOf) -> None:
    table(dev, stack_name="")
    assert "kept, no stack owns it" in rows.page(client_of(alice), PAGE)


def test_what_was_done_to_items_of_late(dev: Environment, alice: User, client_of: ClientOf) -> None:
    row, now = table(dev), timezone.now()
    job = ItemJob.objects.create(
        environment=dev,
        table=row.name,
        kind=JobKind.EXPORT,
        status=JobStatus.SUCCEEDED,
        asked_by=alice,
        asked_at=now,
    )
    ItemWrite.objects.create(
        environment=dev,
        table=row.name,
        key_digest="0" * 64,
        verb=WriteVerb.EDIT,
        state=WriteState.DONE,
        content="",
        by=alice,
        at=now,
    )
    text = rows.page(client_of(alice), PAGE)
    assert f"/jobs/{job.pk}/" in text
    assert "Edited in" in text


def test_nothing_there_teaches(dev: Environment, alice: User, client_of: ClientOf) -> None:
    assert "Not looked yet" in rows.page(client_of(alice), PAGE)
    rows.without(dev, *StackKind)
    assert "as soon as its data stack is ready" in rows.page(client_of(alice), PAGE)


def test_many_tables_cost_as_many_queries_as_one(
    dev: Environment, alice: User, client_of: ClientOf, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(60):
        table(dev, f"t-{number:03}")
    client = client_of(alice)
    with django_assert_max_num_queries(20):
        text = rows.page(client, PAGE)
    assert text.count("table-card") == 25
    assert "t-059" in rows.page(client, f"{PAGE}?page=3")
