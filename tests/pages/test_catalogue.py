"""The catalogue: what there is to create, one application in full, and the blueprints that cannot be read."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from portal.accounts.models import User
from portal.requesting.prices import price_of
from provisioning.blueprints.loader import library
from provisioning.lifecycle import EnvironmentStatus
from provisioning.models import Account

from . import rows
from .rows import page

ClientOf = Callable[[User], Client]


def card(html: str, slug: str) -> str:
    """One application's card, as words."""
    found = re.search(rf'<article[^>]*app-{slug}".*?</article>', html, re.DOTALL)
    assert found
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found.group(0)))


class TestCatalogue:
    """Both shipped applications as cards."""

    def test_says_what_each_creates(self, alice: User, account: Account, client_of: ClientOf) -> None:
        html = page(client_of(alice), "/catalogue/")
        erlang, files = card(html, "hello-erlang"), card(html, "fileshare")
        assert "dev-hello-erlang-messages by id · index user-timestamp-index (user_id, timestamp) · stream" in erlang
        assert "dev-hello-erlang-sessions by session_id · items expire by ttl" in erlang
        assert "1 machine t3.micro, replaced when it fails" in erlang
        assert "1 container on Fargate, 0.25 processors and 0.5 GiB each" in files
        assert "5 parameters under /fileshare/dev/" in files
        assert "1 flag use_dynamodb" in files
        assert "1 load balancer reachable from the internet" in erlang
        assert "flag" not in erlang

    def test_says_what_each_stage_asks_for_and_costs(self, alice: User, account: Account, client_of: ClientOf) -> None:
        erlang = card(page(client_of(alice), "/catalogue/"), "hello-erlang")
        blueprint = library().blueprints["hello-erlang"]
        for stage in ("dev", "staging", "prod"):
            monthly = price_of(blueprint, name=stage, stage=stage, region="us-east-1").monthly
            assert f"≈ ${monthly:.2f}" in erlang
        assert "prod 1 approval by admins Protected No end" in erlang
        assert "dev No approval None 14 days" in erlang

    def test_offers_to_create_to_those_who_may(
        self, alice: User, audrey: User, account: Account, client_of: ClientOf
    ) -> None:
        html = page(client_of(alice), "/catalogue/")
        assert "Create dev environment" in html
        assert 'href="/request/hello-erlang/?name=prod"' in html
        assert "/request/" not in page(client_of(audrey), "/catalogue/")

    def test_works_before_there_is_an_account(self, alice: User, client_of: ClientOf) -> None:
        assert "Hello Erlang" in page(client_of(alice), "/catalogue/")

    def test_costs_few_queries(
        self,
        alice: User,
        account: Account,
        client_of: ClientOf,
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        for number in range(5):
            rows.environment(alice, f"dev-{number}")
        client = client_of(alice)
        with django_assert_max_num_queries(12):
            html = page(client, "/catalogue/")
        assert "5 environments" in card(html, "hello-erlang")


class TestApplication:
    """One application with its environments."""

    def test_lists_its_environments_and_no_others(
        self, alice: User, bob: User, account: Account, client_of: ClientOf
    ) -> None:
        rows.environment(alice, "dev-alice")
        rows.environment(bob, "staging")
        rows.environment(bob, "dev-gone", status=EnvironmentStatus.REMOVED)
        rows.environment(bob, "dev-files", "fileshare")
        html = page(client_of(alice), "/catalogue/hello-erlang/?sort=name")
        assert re.findall(r'row-link"[^>]*>([^<]+)<', html) == ["dev-alice", "staging"]
        back = page(client_of(alice), "/catalogue/hello-erlang/?sort=-name")
        assert re.findall(r'row-link"[^>]*>([^<]+)<', back) == ["staging", "dev-alice"]

    def test_pages_many(
        self,
        alice: User,
        account: Account,
        client_of: ClientOf,
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        for number in range(30):
            rows.environment(alice, f"dev-{number:02}")
        client = client_of(alice)
        with django_assert_max_num_queries(12):
            html = page(client, "/catalogue/hello-erlang/?sort=name&page=2")
        assert re.findall(r'row-link"[^>]*>([^<]+)<', html) == [f"dev-{number}" for number in range(25, 30)]
        assert page(client, "/catalogue/hello-erlang/?page=nonsense&sort=nonsense")

    def test_shows_all_there_is_to_know(self, audrey: User, account: Account, client_of: ClientOf) -> None:
        html = page(client_of(audrey), "/catalogue/fileshare/")
        for words in ("email-index", "use_dynamodb", "AWS::ECS::Service", "fileshare-data-dev", "No environment yet"):
            assert words in html
        assert "/request/" not in html

    def test_an_unknown_one_is_not_found(self, alice: User, account: Account, client_of: ClientOf) -> None:
        assert client_of(alice).get("/catalogue/nonsense/").status_code == 404


class TestProblems:
    """What is wrong with blueprints."""

    @pytest.fixture
    def broken(self, tmp_path: Path, settings: Settings) -> None:
        """A folder whose blueprint says nothing that is needed."""
        folder = tmp_path / "broken-one"
        folder.mkdir()
        (folder / "blueprint.yaml").write_text("title: Broken\n")
        settings.BLUEPRINT_DIRS = [tmp_path]

    def test_names_file_line_and_what_to_do(self, ada: User, client_of: ClientOf, broken: None) -> None:
        html = page(client_of(ada), "/blueprints/")
        problem = library().problems[0]
        assert "broken-one" in html
        assert f"line {problem.line}" in html
        assert len(library().problems) == html.count('class="quiet small nowrap">line ')
        assert "2 blueprints can be used" in html

    def test_the_catalogue_tells_those_who_can_act(
        self, ada: User, alice: User, client_of: ClientOf, broken: None
    ) -> None:
        assert "Some blueprints cannot be read" in page(client_of(ada), "/catalogue/")
        assert "Some blueprints cannot be read" not in page(client_of(alice), "/catalogue/")

    def test_without_problems_it_teaches_how_to_add_one(self, audrey: User, client_of: ClientOf) -> None:
        html = page(client_of(audrey), "/blueprints/")
        assert "Every blueprint is in order" in html
        assert "BLUEPRINT_DIRS" in html

    def test_is_not_for_engineers(self, alice: User, client_of: ClientOf) -> None:
        assert client_of(alice).get("/blueprints/").status_code == 403
