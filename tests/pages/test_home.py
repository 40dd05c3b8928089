"""Home and search: what is mine comes first, what waits for me is counted, nothing moves without need."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import time_machine
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from portal.accounts.models import User
from provisioning.lifecycle import ChangeKind, ChangeStatus, EnvironmentStatus, StackKind
from provisioning.models import Account, Change

from . import rows
from .table_rows import table

ClientOf = Callable[[User], Client]


def page(client: Client, path: str = "/") -> str:
    """The text of a page, tags and all."""
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def stat(text: str, label: str) -> str:
    """The number under a label, without tags."""
    found = re.search(
        rf"{label}(?:</a>)?</span>\s*<span class=\"stat-value[^>]*>(.*?)</span>\s*(?:<span class=\"stat-note|</div>)",
        text,
    )
    assert found is not None
    return re.sub(r"<[^>]+>", "", found[1])


def test_the_first_visit_leads_to_the_catalogue(alice: User, account: Account, client_of: ClientOf) -> None:
    text = page(client_of(alice))
    assert "Create dev environment" in text
    assert 'href="/catalogue/"' in text
    assert stat(text, "My environments") == "0"


def test_an_auditor_is_not_offered_to_create(audrey: User, account: Account, client_of: ClientOf) -> None:
    text = page(client_of(audrey))
    assert "Create" not in text
    assert "You own no environments" in text


def test_mine_are_counted_and_only_what_has_stacks_costs(
    alice: User, bob: User, account: Account, client_of: ClientOf
) -> None:
    rows.environment(alice, "dev-alice", monthly_cost="30.50")
    parked = rows.environment(alice, "dev-parked", monthly_cost="1.75", status=EnvironmentStatus.PARKED)
    rows.without(parked, StackKind.COMPUTE)
    rows.environment(alice, "dev-asked", monthly_cost="99.00").stacks.update(status="")
    rows.environment(alice, "dev-gone", monthly_cost="1.00", status=EnvironmentStatus.REMOVED)
    rows.environment(bob, "dev-bob", monthly_cost="40.00")
    text = page(client_of(alice))
    assert stat(text, "My environments") == "3"
    assert stat(text, "My environments a month") == "≈ $32.25"
    assert "estimate" in text
    assert "dev-bob" not in text
    assert "dev-gone" not in text


def test_decisions_wait_for_admins_but_never_for_the_requester(
    bob: User, ada: User, grace: User, account: Account, client_of: ClientOf
) -> None:
    prod = rows.environment(ada, "prod")
    waiting = rows.change(prod, ada, ChangeStatus.AWAITING_APPROVAL)
    for person, number in ((grace, "1"), (ada, "0"), (bob, "0")):
        assert stat(page(client_of(person)), "Waiting for me") == number
    assert f"/changes/{waiting.pk}/" in page(client_of(grace)).partition('id="mine"')[0]


def test_what_is_running_shows_mine_first(alice: User, bob: User, account: Account, client_of: ClientOf) -> None:
    mine = rows.change(rows.environment(alice, "dev-alice"), alice, ChangeStatus.RUNNING, ago=60)
    theirs = rows.change(rows.environment(bob, "dev-bob"), bob, ChangeStatus.QUEUED)
    text = page(client_of(alice))
    running = text.partition('id="running"')[2].partition("</section>")[0]
    assert running.index(str(mine.pk)) < running.index(str(theirs.pk))
    assert stat(text, "Running now") == "2"


def test_recent_changes_are_mine_or_else_everybodys(
    alice: User, bob: User, audrey: User, account: Account, client_of: ClientOf
) -> None:
    own = rows.change(rows.environment(alice, "dev-alice"), bob, ChangeStatus.SUCCEEDED, ago=50)
    theirs = rows.change(rows.environment(bob, "dev-bob"), bob, ChangeStatus.SUCCEEDED)
    text = page(client_of(alice))
    assert str(own.pk) in text
    assert str(theirs.pk) not in text
    assert str(theirs.pk) in page(client_of(audrey))


def test_it_looks_again_soon_while_something_moves_and_seldom_when_nothing_does(
    alice: User, account: Account, client_of: ClientOf
) -> None:
    moving = rows.change(rows.environment(alice, "dev-alice"), alice, ChangeStatus.RUNNING)
    assert "every 2s" in page(client_of(alice))
    Change.objects.filter(pk=moving.pk).update(status=ChangeStatus.SUCCEEDED)
    assert "every 20s" in page(client_of(alice))


def test_the_live_part_is_only_sent_when_it_differs(alice: User, account: Account, client_of: ClientOf) -> None:
    with time_machine.travel(datetime(2026, 5, 4, 12, tzinfo=UTC), tick=False):
        rows.environment(alice, "dev-alice")
        client = client_of(alice)
        url = re.search(r'hx-get="(/live/\?seen=\w+)"', page(client))
        assert url is not None
        assert client.get(url[1]).status_code == 204
        rows.environment(alice, "dev-second")
        answer = client.get(url[1])
    assert answer.status_code == 200
    assert "dev-second" in answer.content.decode()
    assert "<html" not in answer.content.decode()


def test_home_costs_at_most_12_queries_however_much_there_is(
    alice: User, account: Account, client_of: ClientOf, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(15):
        rows.change(rows.environment(alice, f"dev-{number}"), alice, ChangeStatus.RUNNING)
    client = client_of(alice)
    with django_assert_max_num_queries(12):
        text = page(client)
    assert "6 of 15" in text


class TestSearch:
    """Environments, changes and tables; every word counts."""

    @pytest.fixture(autouse=True)
    def some(self, alice: User, bob: User, account: Account) -> None:
        """An environment each, with a table and a change."""
        for person, name in ((bob, "dev-bob"), (alice, "dev-alice")):
            made = rows.environment(person, name)
            table(made, f"{name}-messages")
            rows.resource(made, StackKind.DATA, "Role", "AWS::IAM::Role", f"{name}-messages-role")
            rows.change(made, person, ChangeStatus.SUCCEEDED, ChangeKind.CREATE, reason=f"For {name}, quickly")

    def test_ones_own_come_first(self, alice: User, bob: User, client_of: ClientOf) -> None:
        for person, first, second in ((alice, "dev-alice", "dev-bob"), (bob, "dev-bob", "dev-alice")):
            text = page(client_of(person), "/search/?q=dev")
            assert text.index(f"/hello-erlang/{first}/") < text.index(f"/hello-erlang/{second}/")

    def test_every_word_must_fit(self, alice: User, client_of: ClientOf) -> None:
        text = page(client_of(alice), "/search/?q=hello-erlang/dev-bob")
        assert "/environments/hello-erlang/dev-bob/" in text
        assert "/environments/hello-erlang/dev-alice/" not in text
        assert "Nothing fits" in page(client_of(alice), "/search/?q=dev-bob+fileshare")

    def test_tables_by_name_and_nothing_else_that_is_called_so(self, alice: User, client_of: ClientOf) -> None:
        text = page(client_of(alice), "/search/?q=bob-messages")
        assert "dev-bob-messages</code>" in text
        assert "/environments/hello-erlang/dev-bob/tables/dev-bob-messages/" in text
        assert "messages-role" not in text

    def test_changes_by_reason_kind_and_start_of_id(self, alice: User, client_of: ClientOf) -> None:
        change = Change.objects.get(environment__name="dev-bob")
        for text in ("quickly+dev-bob", "create+dev-bob", change.pk.hex[:8], str(change.pk)):
            assert f"/changes/{change.pk}/" in page(client_of(alice), f"/search/?q={text}")

    def test_nothing_typed_teaches_and_odd_text_is_only_text(self, alice: User, client_of: ClientOf) -> None:
        assert "Find anything" in page(client_of(alice), "/search/?q=+")
        text = page(client_of(alice), "/search/?q=%3Cscript%3E%25_" + "x" * 500)
        assert "<script>%_" not in text
        assert "Nothing fits" in text

    def test_more_than_ten_are_cut_and_it_says_so(
        self, alice: User, client_of: ClientOf, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        for number in range(12):
            rows.environment(alice, f"dev-many-{number}")
        client = client_of(alice)
        with django_assert_max_num_queries(12):
            text = page(client, "/search/?q=many")
        assert text.count("row-link") == 10
        assert "/environments/?q=many&amp;status=any" in text
