"""Stacks that can be adopted: the list, the page that asks, and who may."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from portal.accounts.models import User
from provisioning.lifecycle import ChangeKind, StackKind
from provisioning.models import Account, Change, Environment

from . import rows
from .survey_rows import found

SignIn = Callable[[User], Client]
PAGE = "/adopt/hello-erlang/dev/"
LINK = f'href="{PAGE}"'


class TestList:
    """What was found."""

    def test_pairs(self, account: Account, alice: User, client_of: SignIn) -> None:
        found()
        text = rows.page(client_of(alice), "/adopt/")
        for shown in ("hello-erlang-data-dev", "hello-erlang-dev", "tagged with the owner ops", LINK):
            assert shown in text
        assert 'To adopt<span class="count">1</span>' in text

    def test_a_data_stack_alone_can_be(self, account: Account, alice: User, client_of: SignIn) -> None:
        found("dev", StackKind.DATA)
        text = rows.page(client_of(alice), "/adopt/")
        assert LINK in text
        assert "without a compute stack" in text

    def test_compute_alone_cannot(self, account: Account, alice: User, client_of: SignIn) -> None:
        found("dev", StackKind.COMPUTE)
        text = rows.page(client_of(alice), "/adopt/")
        assert LINK not in text
        assert "There is no data stack beside it." in text

    def test_empty(self, account: Account, alice: User, client_of: SignIn) -> None:
        assert "Not looked yet" in rows.page(client_of(alice), "/adopt/")
        Account.objects.update(surveyed_at=timezone.now())
        assert "Nothing to adopt" in rows.page(client_of(alice), "/adopt/")

    def test_auditors_see_a_button_that_is_off(self, account: Account, audrey: User, client_of: SignIn) -> None:
        found()
        text = rows.page(client_of(audrey), "/adopt/")
        assert "hello-erlang-data-dev" in text
        assert LINK not in text
        assert "You may read everything here, but not change anything." in text
        assert client_of(audrey).get(PAGE).status_code == 403


class TestAsking:
    """The page of one pair."""

    def test_says_what_happens_and_asks(self, account: Account, alice: User, client_of: SignIn) -> None:
        found()
        client = client_of(alice)
        text = rows.page(client, PAGE)
        for shown in ("Nothing in AWS is altered", "Nobody has to agree at dev", "hello-erlang-data-dev", "ops"):
            assert shown in text
        answer = client.post(PAGE, {"reason": "Ours from now on"})
        change = Change.objects.get()
        assert answer.headers["Location"] == f"/changes/{change.pk}/"
        assert (change.kind, change.reason, change.requested_by) == (ChangeKind.ADOPT, "Ours from now on", alice)
        assert change.environment.owner == alice
        assert client.get(f"/changes/{change.pk}/").status_code == 200

    def test_prod_says_who_agrees(self, account: Account, alice: User, client_of: SignIn) -> None:
        found("prod")
        assert "waits until admins agree" in rows.page(client_of(alice), "/adopt/hello-erlang/prod/")

    def test_what_is_in_the_way_is_linked(self, account: Account, alice: User, bob: User, client_of: SignIn) -> None:
        found()
        client_of(alice).post(PAGE, {})
        first = Change.objects.get()
        client = client_of(bob)
        assert "alice has a change of hello-erlang/dev open" in rows.page(client, PAGE)
        answer = client.post(PAGE, {})
        assert answer.status_code == 422
        assert f'href="/changes/{first.pk}/"' in answer.content.decode()
        assert Change.objects.count() == 1

    def test_an_old_link_leads_to_the_list(self, account: Account, alice: User, client_of: SignIn) -> None:
        client = client_of(alice)
        for answer in (client.get(PAGE, follow=True), client.post(PAGE, {}, follow=True)):
            assert answer.redirect_chain == [("/adopt/", 302)]
            assert "There is nothing to adopt as hello-erlang/dev any more." in answer.content.decode()
        assert not Environment.objects.exists()

    @pytest.mark.parametrize("stage", ["dev", "prod"])
    def test_names_of_tags_are_text(self, stage: str, account: Account, alice: User, client_of: SignIn) -> None:
        found(stage, tags={"<b>": "<script>alert(1)</script>"})
        text = rows.page(client_of(alice), f"/adopt/hello-erlang/{stage}/")
        assert "<script>alert(1)</script>" not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
