"""The audit: every filter, newest first, for admins and auditors alone."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from portal.accounts.models import User
from provisioning.lifecycle import ChangeStatus
from provisioning.models import Account, AuditEntry

from . import rows

ClientOf = Callable[[User], Client]


def shown(client: Client, query: str = "") -> list[str]:
    """The summaries on the page, in order."""
    response = client.get(f"/audit/?{query}")
    assert response.status_code == 200
    return re.findall(r'class="strong"[^>]*>([^<]+)<', response.content.decode())


@pytest.fixture(autouse=True)
def some(alice: User, bob: User, account: Account) -> None:
    """Three entries: one of each person about an environment, one of Stackyard itself."""
    dev = rows.environment(alice, "dev-alice")
    files = rows.environment(bob, "dev-files", "fileshare")
    asked = rows.change(dev, alice, ChangeStatus.SUCCEEDED)
    entry = AuditEntry.objects.create
    entry(
        at=datetime(2026, 5, 1, 23, 59, tzinfo=UTC),
        by=alice,
        verb="request_update",
        environment=dev,
        change=asked,
        summary="First",
        reason="More memory",
        address="192.0.2.7",
        detail={"attempt": 1, "note": "<b>bold</b>"},
    )
    entry(at=datetime(2026, 5, 2, tzinfo=UTC), verb="succeeded", environment=dev, change=asked, summary="Second")
    entry(
        at=datetime(2026, 5, 3, 12, tzinfo=UTC),
        by=bob,
        verb="deliver_configuration",
        environment=files,
        summary="Third",
    )


@pytest.mark.parametrize(
    ("query", "summaries"),
    [
        ("", ["Third", "Second", "First"]),
        ("person=ali", ["First"]),
        ("person=Stackyard", ["Second"]),
        ("verb=deliver_configuration", ["Third"]),
        ("environment=hello-erlang/dev-alice", ["Second", "First"]),
        ("environment=fileshare", ["Third"]),
        ("q=memory", ["First"]),
        ("q=second", ["Second"]),
        ("since=2026-05-02", ["Third", "Second"]),
        ("until=2026-05-01", ["First"]),
        ("since=2026-05-02&until=2026-05-02", ["Second"]),
        ("person=nobody-at-all", []),
    ],
)
def test_filters(audrey: User, client_of: ClientOf, query: str, summaries: list[str]) -> None:
    assert shown(client_of(audrey), query) == summaries


def test_a_filter_that_cannot_be_read_says_so_and_is_left_out(audrey: User, client_of: ClientOf) -> None:
    text = client_of(audrey).get("/audit/?since=yesterday&person=bob").content.decode()
    assert "Enter a valid date" in text
    assert "Third" in text
    assert "Second" not in text


def test_an_entry_says_why_from_where_and_about_what(ada: User, client_of: ClientOf) -> None:
    entry = AuditEntry.objects.get(summary="First")
    text = client_of(ada).get("/audit/?q=first").content.decode()
    assert "More memory" in text
    assert "192.0.2.7" in text
    assert f"/changes/{entry.change_id}/" in text
    assert "/environments/hello-erlang/dev-alice/" in text
    assert "&lt;b&gt;bold&lt;/b&gt;" in text


def test_pages_hold_fifty_and_cost_as_many_queries_as_one_entry(
    audrey: User, bob: User, client_of: ClientOf, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    at = datetime(2026, 6, 1, tzinfo=UTC)
    AuditEntry.objects.bulk_create(AuditEntry(at=at, by=bob, verb="did", summary=f"Entry {n}") for n in range(70))
    client = client_of(audrey)
    with django_assert_max_num_queries(12):
        first = shown(client)
    assert (len(first), first[0]) == (50, "Entry 69")
    assert shown(client, "page=2")[-1] == "First"


def test_engineers_are_refused(alice: User, client_of: ClientOf) -> None:
    response = client_of(alice).get("/audit/")
    assert response.status_code == 403
    assert "First" not in response.content.decode()
