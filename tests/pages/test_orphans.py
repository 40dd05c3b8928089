"""Kept tables that no stack owns: what is listed, what it costs, and who may do what with it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from portal.accounts.models import User
from provisioning.models import Account, AuditEntry, Environment, Table

from . import rows
from .survey_rows import kept, removed

SignIn = Callable[[User], Client]
READ_ONLY = "You may read everything here, but not change anything."


class TestList:
    """What is listed."""

    def test_tables_by_environment_with_what_they_hold_and_cost(
        self, account: Account, bob: User, alice: User, client_of: SignIn
    ) -> None:
        removed(bob, "dev-bob")
        kept("dev-bob-hello-erlang-messages", last_write_at=timezone.now() - timedelta(days=3), monthly_cost="1.5")
        kept("dev-bob-hello-erlang-sessions", item_count=0, size_bytes=0, protected=True, monthly_cost="0.25")
        text = rows.page(client_of(alice), "/orphans/")
        assert text.count('href="/environments/hello-erlang/dev-bob/"') == 1
        for shown in ("dev-bob-hello-erlang-messages", "≈ 41,203", "3 d ago", "Kept since", "1 h ago", "protected"):
            assert shown in text
        assert "2 tables with about 41,203 items" in text
        assert '<strong><span class="money">≈ $1.75</span> a month</strong>' in text

    def test_what_a_stack_owns_is_not(self, account: Account, alice: User, client_of: SignIn) -> None:
        kept("dev-hello-erlang-messages", "dev", stack_name="hello-erlang-data-dev")
        assert "dev-hello-erlang-messages" not in rows.page(client_of(alice), "/orphans/")

    def test_empty(self, account: Account, alice: User, client_of: SignIn) -> None:
        assert "Not looked yet" in rows.page(client_of(alice), "/orphans/")
        Account.objects.update(
            surveyed_at=timezone.now() - timedelta(minutes=5), survey_due_at=timezone.now() + timedelta(hours=1)
        )
        text = rows.page(client_of(alice), "/orphans/")
        assert "No table is left over" in text
        assert "5 min ago" in text
        assert "looking again" not in text

    def test_filters_and_order(self, account: Account, alice: User, client_of: SignIn) -> None:
        kept("dev-a-hello-erlang-messages", "dev-a", monthly_cost="3")
        kept("file-sharing-app-dev-b-users", "dev-b", "fileshare", monthly_cost="7")
        client = client_of(alice)
        dear_first, by_name = rows.page(client, "/orphans/"), rows.page(client, "/orphans/?sort=name")
        assert dear_first.index("fileshare/dev-b") < dear_first.index("hello-erlang/dev-a")
        assert by_name.index("hello-erlang/dev-a") < by_name.index("fileshare/dev-b")
        only = rows.page(client, "/orphans/?application=fileshare")
        assert "dev-b-users" in only
        assert "dev-a-hello-erlang-messages" not in only
        assert "$7.00" in only
        assert "No table fits" in rows.page(client, "/orphans/?q=nothing")

    def test_trouble_is_said(self, account: Account, alice: User, client_of: SignIn) -> None:
        Account.objects.update(survey_problem="AWS refuses ListTables. Ask an admin for the permission.")
        assert "AWS refuses ListTables." in rows.page(client_of(alice), "/orphans/")

    def test_queries_do_not_grow_with_the_list(
        self,
        account: Account,
        alice: User,
        bob: User,
        client_of: SignIn,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        client = client_of(alice)
        for number in range(3):
            kept(f"dev-{number}-hello-erlang-messages", f"dev-{number}")
        rows.page(client, "/orphans/")
        with django_assert_num_queries(11):
            rows.page(client, "/orphans/")
        for number in range(3, 20):
            kept(f"dev-{number}-hello-erlang-messages", f"dev-{number}")
        with django_assert_num_queries(11):
            rows.page(client, "/orphans/")


class TestActs:
    """Adopting, deleting, looking again."""

    def test_adopting_is_creating_again(self, account: Account, bob: User, client_of: SignIn) -> None:
        removed(bob, "dev-bob")
        kept("dev-bob-hello-erlang-messages")
        client = client_of(bob)
        assert 'href="/request/hello-erlang/?name=dev-bob"' in rows.page(client, "/orphans/")
        assert 'value="dev-bob"' in rows.page(client, "/request/hello-erlang/?name=dev-bob")

    def test_auditors_see_buttons_that_are_off(self, account: Account, audrey: User, client_of: SignIn) -> None:
        kept("dev-bob-hello-erlang-messages")
        client = client_of(audrey)
        text = rows.page(client, "/orphans/")
        assert READ_ONLY in text
        assert "/request/hello-erlang/" not in text
        assert client.post("/orphans/look-again/").status_code == 403
        assert client.post("/orphans/delete/hello-erlang/dev-bob/").status_code == 403
        assert not Environment.objects.exists()

    def test_somebody_elses_personal_one_is_theirs(
        self, account: Account, bob: User, alice: User, ada: User, client_of: SignIn
    ) -> None:
        removed(bob, "dev-bob")
        kept("dev-bob-hello-erlang-messages")
        assert "hello-erlang/dev-bob belongs to bob. Ask them, or an admin." in rows.page(client_of(alice), "/orphans/")
        assert client_of(alice).post("/orphans/delete/hello-erlang/dev-bob/").status_code == 403
        assert "belongs to bob" not in rows.page(client_of(ada), "/orphans/")

    def test_deleting_begins_on_the_page_of_the_environment(
        self, account: Account, alice: User, client_of: SignIn
    ) -> None:
        kept("dev-bob-hello-erlang-messages")
        client = client_of(alice)
        assert 'action="/orphans/delete/hello-erlang/dev-bob/"' in rows.page(client, "/orphans/")
        answer = client.post("/orphans/delete/hello-erlang/dev-bob/")
        made = Environment.objects.get()
        assert (made.name, made.status, made.owner, made.stacks.count()) == ("dev-bob", "removed", alice, 2)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/environments/hello-erlang/dev-bob/")
        assert AuditEntry.objects.get().verb == "claim_environment"
        assert Table.objects.count() == 1

    def test_an_unknown_application_is_refused_in_words(self, account: Account, alice: User, client_of: SignIn) -> None:
        kept("dev-bob-old-things", application="old")
        client = client_of(alice)
        assert "There is no application called old any more." in rows.page(client, "/orphans/")
        answer = client.post("/orphans/delete/old/dev-bob/", follow=True)
        assert "There is no application called old." in answer.content.decode()

    def test_looking_again(self, account: Account, alice: User, client_of: SignIn) -> None:
        Account.objects.update(surveyed_at=timezone.now(), survey_due_at=timezone.now() + timedelta(hours=6))
        answer = client_of(alice).post("/orphans/look-again/", {"back": "/adopt/"})
        account.refresh_from_db()
        assert answer.headers["Location"] == "/adopt/"
        assert account.survey_due_at is not None
        assert account.survey_due_at <= timezone.now()
        assert AuditEntry.objects.get().verb == "look_again"

    def test_nobody_is_sent_elsewhere(self, account: Account, alice: User, client_of: SignIn) -> None:
        answer = client_of(alice).post("/orphans/look-again/", {"back": "https://elsewhere.test/"})
        assert answer.headers["Location"] == "/orphans/"


@pytest.mark.parametrize("path", ["/environments/", "/orphans/", "/adopt/"])
def test_the_lists_lead_to_each_other(path: str, account: Account, alice: User, client_of: SignIn) -> None:
    kept("dev-bob-hello-erlang-messages")
    text = rows.page(client_of(alice), path)
    for other in ("/environments/", "/orphans/", "/adopt/"):
        assert f'<a href="{other}"' in text
    assert 'Kept tables<span class="count">1</span>' in text
