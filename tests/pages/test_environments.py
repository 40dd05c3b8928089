"""Environments: the list, the overview, the activity."""

import re
from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from portal.accounts.models import User
from provisioning.lifecycle import ChangeKind, ChangeStatus, EnvironmentStatus, Outcome, StackKind
from provisioning.models import Account, AuditEntry, Change, Check, Environment

from . import rows
from .rows import page

ClientOf = Callable[[User], Client]


def listed(client: Client, query: str) -> list[str]:
    """The names in the list, in order."""
    return re.findall(r'row-link"[^>]*>([^<]+)<', page(client, f"/environments/?{query}"))


class TestList:
    """Filtered, sorted and paged."""

    @pytest.fixture(autouse=True)
    def some(self, alice: User, bob: User, account: Account) -> None:
        """Four environments of two people, and one that was removed."""
        rows.environment(alice, "dev-alice", monthly_cost="5.00")
        rows.environment(alice, "dev-files", "fileshare", monthly_cost="40.00", status=EnvironmentStatus.PARKED)
        rows.environment(bob, "staging", status=EnvironmentStatus.ATTENTION)
        rows.environment(bob, "prod", monthly_cost="43.00")
        rows.environment(bob, "dev-gone", status=EnvironmentStatus.REMOVED)

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("sort=name", ["dev-alice", "dev-files", "prod", "staging"]),
            ("sort=-name", ["staging", "prod", "dev-files", "dev-alice"]),
            ("sort=application", ["dev-files", "dev-alice", "prod", "staging"]),
            ("sort=stage", ["dev-alice", "dev-files", "staging", "prod"]),
            ("sort=status", ["staging", "dev-alice", "prod", "dev-files"]),
            ("sort=cost", ["dev-alice", "dev-files", "prod", "staging"]),
            ("sort=-cost", ["prod", "dev-files", "dev-alice", "staging"]),
            ("sort=changed", ["dev-alice", "dev-files", "staging", "prod"]),
            ("sort=nonsense", ["prod", "staging", "dev-files", "dev-alice"]),
            ("owner=mine&sort=name", ["dev-alice", "dev-files"]),
            ("application=fileshare", ["dev-files"]),
            ("stage=prod", ["prod"]),
            ("status=parked", ["dev-files"]),
            ("status=removed", ["dev-gone"]),
            ("status=any&sort=name", ["dev-alice", "dev-files", "dev-gone", "prod", "staging"]),
            ("q=bob&sort=name", ["prod", "staging"]),
            ("q=hello-erlang/dev&sort=name", ["dev-alice"]),
            ("q=nothing-of-the-kind", []),
        ],
    )
    def test_shows_what_was_asked_for_in_order(
        self, alice: User, client_of: ClientOf, query: str, names: list[str]
    ) -> None:
        assert listed(client_of(alice), query) == names

    def test_pages_hold_25_and_cost_as_many_queries_as_one_row(
        self, alice: User, client_of: ClientOf, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        for number in range(60):
            rows.environment(alice, f"dev-{number}")
        client = client_of(alice)
        with django_assert_max_num_queries(12):
            assert len(listed(client, "page=2")) == 25
        assert len(listed(client, "page=99")) == 64 - 50

    def test_says_where_the_library_has_something_newer(self, alice: User, client_of: ClientOf) -> None:
        Environment.objects.get(name="prod").stacks.update(blueprint_version="0.9")
        text = page(client_of(alice), "/environments/?stage=prod")
        assert "Version 1.0" in text
        assert "Version 1.0" not in page(client_of(alice), "/environments/?stage=staging")


class TestOverview:
    """What there is of one environment."""

    URL = "/environments/hello-erlang/dev-alice/"

    def test_shows_health_outputs_and_resources(self, dev: Environment, bob: User, client_of: ClientOf) -> None:
        rows.outputs(dev, StackKind.DATA, MessagesTableName="dev-alice-hello-erlang-messages")
        rows.resource(dev, StackKind.DATA, "MessagesTable", "AWS::DynamoDB::Table", "dev-alice-hello-erlang-messages")
        text = page(client_of(bob), self.URL)
        assert text.count("badge-good") == 4  # the environment, both stacks, the table
        assert "dev-alice-hello-erlang-messages" in text
        assert "≈ $34.99" in text
        assert "prod-strip" not in text

    def test_links_to_the_console_but_not_on_a_local_aws(
        self, dev: Environment, bob: User, client_of: ClientOf, settings: Settings
    ) -> None:
        rows.resource(dev, StackKind.DATA, "MessagesTable", "AWS::DynamoDB::Table", "messages")
        assert "#table?name=messages" in page(client_of(bob), self.URL)
        settings.AWS_ENDPOINT_URL = "http://127.0.0.1:1"
        text = page(client_of(bob), self.URL)
        assert "#table?name=messages" not in text
        assert text.count("no page in the AWS console") == 1

    def test_a_failed_change_comes_first_with_its_cause(
        self, dev: Environment, alice: User, client_of: ClientOf
    ) -> None:
        dev.stacks.filter(kind=StackKind.COMPUTE).update(status="ROLLBACK_COMPLETE")
        Environment.objects.filter(pk=dev.pk).update(status=EnvironmentStatus.ATTENTION)
        failed = rows.change(dev, alice, ChangeStatus.FAILED, problem={"sentence": "There is no such image."})
        text = page(client_of(alice), self.URL)
        assert "There is no such image." in text
        assert f"/changes/{failed.pk}/" in text
        assert "Create failed, rolled back" in text
        assert "Needs attention" in text

    def test_while_a_change_is_open_it_looks_again_and_then_stops(
        self, dev: Environment, alice: User, client_of: ClientOf
    ) -> None:
        running = rows.change(dev, alice, ChangeStatus.RUNNING)
        text = page(client_of(alice), self.URL)
        assert 'hx-trigger="every' in text
        assert f"/changes/{running.pk}/" in text
        assert "/update/" not in text
        Change.objects.update(status=ChangeStatus.SUCCEEDED)
        assert 'hx-trigger="every' not in page(client_of(alice), self.URL)

    def test_htmx_gets_the_part_alone_and_the_badge(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        response = client_of(alice).get(self.URL, headers={"HX-Request": "true"})
        text = response.content.decode()
        assert "<html" not in text
        assert 'id="overview"' in text
        assert 'hx-swap-oob="true"' in text
        assert "HX-Request" in response["Vary"]

    def test_what_is_not_as_promised_is_open_and_the_rest_folded(
        self, dev: Environment, alice: User, client_of: ClientOf
    ) -> None:
        found = [
            ("messages", "Table is active", Outcome.GOOD, "ACTIVE"),
            ("sessions", "Items expire by expires_at", Outcome.BAD, "disabled"),
            ("Compute", "Targets are healthy", Outcome.UNKNOWN, "No machines here."),
        ]
        for position, (group, label, outcome, detail) in enumerate(found):
            Check.objects.create(
                environment=dev,
                position=position,
                group=group,
                label=label,
                outcome=outcome,
                detail=detail,
                at=dev.changed_at,
            )
        text = page(client_of(alice), self.URL)
        assert text.count("<details open>") == 1
        assert "1 not as promised" in text
        assert "Cannot be checked here. No machines here." in text

    def test_before_any_stack_and_after_the_last(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        dev.stacks.update(status="", stack_id="")
        Environment.objects.update(status=EnvironmentStatus.REQUESTED)
        assert page(client_of(alice), self.URL).count("This stack is not there.") == 2
        rows.without(dev, *StackKind)
        Environment.objects.update(status=EnvironmentStatus.REMOVED)
        text = page(client_of(alice), self.URL)
        assert "It has no stacks." in text
        assert "Create dev-alice" in text

    def test_prod_has_its_strip(self, alice: User, account: Account, client_of: ClientOf) -> None:
        rows.environment(alice, "prod")
        assert "prod-strip" in page(client_of(alice), "/environments/hello-erlang/prod/")

    def test_what_one_may_not_do_is_not_offered_and_the_reason_is_said(
        self, dev: Environment, alice: User, bob: User, audrey: User, client_of: ClientOf
    ) -> None:
        assert "/update/" in page(client_of(alice), self.URL)
        for person, reason in ((bob, "belongs to alice"), (audrey, "not change anything")):
            text = page(client_of(person), self.URL)
            assert "/update/" not in text
            assert reason in text

    def test_what_does_not_exist_is_a_404(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        page(client_of(alice), "/environments/hello-erlang/dev-nobody/", 404)
        page(client_of(alice), "/environments/fileshare/dev-alice/", 404)

    def test_a_page_costs_at_most_12_queries(
        self, dev: Environment, alice: User, client_of: ClientOf, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        rows.change(dev, alice, ChangeStatus.RUNNING)
        client = client_of(alice)
        with django_assert_max_num_queries(12):
            page(client, self.URL)


class TestActivity:
    """Changes and entries in one timeline."""

    URL = "/environments/hello-erlang/dev-alice/activity/"

    def test_newest_first_with_the_entries_of_each_change(
        self, dev: Environment, alice: User, bob: User, client_of: ClientOf
    ) -> None:
        older = rows.change(dev, alice, ChangeStatus.SUCCEEDED, ChangeKind.CREATE, ago=60, reason="To try it")
        newer = rows.change(dev, alice, ChangeStatus.FAILED, ago=10, problem={"sentence": "It broke."})
        for summary, at, of in (("asked", older.requested_at, older), ("taken away", dev.changed_at, None)):
            AuditEntry.objects.create(at=at, by=bob, verb="did", environment=dev, change=of, summary=summary)
        text = page(client_of(bob), self.URL)
        places = [
            text.index(mark) for mark in ("taken away", str(newer.pk), "It broke.", str(older.pk), "To try it", "asked")
        ]
        assert places == sorted(places)

    def test_is_paged_in_the_database(
        self, dev: Environment, alice: User, client_of: ClientOf, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        for ago in range(45):
            rows.change(dev, alice, ChangeStatus.SUCCEEDED, ago=ago)
        client = client_of(alice)
        with django_assert_max_num_queries(12):
            text = page(client, f"{self.URL}?page=3")
        assert text.count('href="/changes/') == 5
        assert "41–45 of 45" in text

    def test_says_that_nothing_happened(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        assert "Nothing has happened yet" in page(client_of(alice), self.URL)
