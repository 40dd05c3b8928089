"""The list of every environment's tables: what it says, filters, order, pages, odd names."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from portal.accounts.models import User
from provisioning.models import Account, Environment, Table

from .. import rows
from ..table_rows import INDEX, table

ClientOf = Callable[[User], Client]
ALARM = {"name": "dev-reads", "state": "OK", "metric": "ReadThrottleEvents"}
UGLY = '"><img src=x onerror=alert(1)></script>'


def listed(client: Client, query: str = "") -> list[str]:
    """The names in the list, in order."""
    return re.findall(r"row-link[^>]*>([^<]+)<", rows.page(client, f"/tables/?{query}"))


class TestSaying:
    """What a line says."""

    def test_everything_that_was_seen(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        table(
            dev,
            ttl_attribute="expires",
            protected=True,
            recovery_from=timezone.now() - timedelta(days=3),
            backups=2,
            backup_at=timezone.now() - timedelta(hours=5),
            alarms=[ALARM, ALARM | {"name": "dev-writes", "state": "ALARM"}],
            firing=1,
            last_write_at=timezone.now() - timedelta(days=2),
        )
        text = rows.page(client_of(alice), "/tables/")
        for shown in (
            "<code>id</code>",
            ">S</span>",
            "1 index",
            'title="user-timestamp-index"',
            "≈ 41,203",
            "on demand",
        ):
            assert shown in text
        for shown in ("expire by <code>expires</code>", "Its stream has new and old items", "protected", "recovery"):
            assert shown in text
        for shown in ("2 backups", "5 h ago", 'title="dev-writes"', "1 firing", "2 d ago", "≈ $0.00"):
            assert shown.replace("$0.00", "") in text
        assert 'href="/environments/hello-erlang/dev-alice/tables/dev-alice-hello-erlang-messages/"' in text

    def test_pitfall_09_counts_say_that_they_are_about_hours_old(
        self, dev: Environment, alice: User, client_of: ClientOf
    ) -> None:
        table(dev)
        text = rows.page(client_of(alice), "/tables/")
        assert "1 table with about 41,203 items" in text
        assert "DynamoDB updates it about every six hours." in text
        assert re.search(r'title="As of \d{4}-\d\d-\d\d \d\d:\d\d UTC', text)

    def test_what_is_not_known_is_not_said_to_be_none(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        table(dev)
        text = rows.page(client_of(alice), "/tables/")
        assert "backups not known" in text
        assert "Not looked at yet, or Stackyard may not list alarms" in text

    def test_an_index_that_is_being_filled_says_so(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        building = INDEX | {"status": "CREATING", "backfilling": True}
        table(dev, described={"indexes": [building], "status": "UPDATING"})
        text = rows.page(client_of(alice), "/tables/")
        assert "index being filled" in text
        assert "being changed" in text

    def test_what_is_missing_in_prod_stands_out(self, alice: User, account: Account, client_of: ClientOf) -> None:
        table(rows.environment(alice, "staging"))
        assert "badge-bad" not in rows.page(client_of(alice), "/tables/")
        table(rows.environment(alice, "prod"))
        assert rows.page(client_of(alice), "/tables/").count("badge-bad") == 2

    def test_pitfall_38_names_are_only_text(self, alice: User, account: Account, client_of: ClientOf) -> None:
        """AWS would take none of these as a table's name, but most as that of an attribute or alarm."""
        made = rows.environment(alice, "dev")
        described = {
            "keys": [{"attribute": UGLY, "role": "HASH"}],
            "attribute_types": {UGLY: "S"},
            "indexes": [INDEX | {"name": UGLY, "keys": [{"attribute": UGLY, "role": "HASH"}], "status": UGLY}],
            "status": UGLY,
        }
        alarms = [{"name": UGLY, "state": "ALARM", "metric": UGLY}]
        table(made, UGLY.replace("/", ""), described=described, ttl_attribute=UGLY, alarms=alarms, firing=1)
        for path in ("/tables/", "/environments/hello-erlang/dev/tables/", "/search/?q=onerror"):
            text = rows.page(client_of(alice), path)
            assert "onerror=alert(1)&gt;" in text
            assert "<img" not in text


class TestFinding:
    """Filters, order, pages."""

    @pytest.fixture
    def some(self, alice: User, account: Account) -> None:
        """Tables of three stages, one of them in trouble, one kept, one of nobody here."""
        prod, staging, dev = (rows.environment(alice, name) for name in ("prod", "staging", "dev"))
        files = rows.environment(alice, "dev-files", "fileshare")
        safe: dict[str, Any] = {"protected": True, "recovery_from": timezone.now(), "ttl_attribute": "ttl"}
        table(prod, "prod-bare", item_count=1, size_bytes=40, monthly_cost="3")
        table(prod, "prod-safe", item_count=2, size_bytes=30, monthly_cost="2", **safe)
        table(staging, "staging-loud", item_count=3, size_bytes=20, monthly_cost=None, firing=1, ttl_attribute="ttl")
        table(files, "dev-files-users", item_count=4, size_bytes=10, last_write_at=timezone.now(), ttl_attribute="ttl")
        table(dev, "dev-kept", stack_name="")
        Table.objects.filter(pk=table(dev, "nobodys").pk).update(environment=None)

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("", ["dev-files-users", "prod-bare", "prod-safe", "staging-loud"]),
            ("sort=-name", ["staging-loud", "prod-safe", "prod-bare", "dev-files-users"]),
            ("sort=-items", ["dev-files-users", "staging-loud", "prod-safe", "prod-bare"]),
            ("sort=size", ["dev-files-users", "staging-loud", "prod-safe", "prod-bare"]),
            ("sort=cost", ["dev-files-users", "prod-safe", "prod-bare", "staging-loud"]),
            ("sort=-cost", ["prod-bare", "prod-safe", "dev-files-users", "staging-loud"]),
            ("sort=-alarms", ["staging-loud", "dev-files-users", "prod-bare", "prod-safe"]),
            ("sort=-written", ["dev-files-users", "prod-bare", "prod-safe", "staging-loud"]),
            ("sort=nonsense", ["dev-files-users", "prod-bare", "prod-safe", "staging-loud"]),
            ("stage=prod", ["prod-bare", "prod-safe"]),
            ("application=fileshare", ["dev-files-users"]),
            ("q=fileshare/dev", ["dev-files-users"]),
            ("q=loud", ["staging-loud"]),
            ("problem=any", ["prod-bare", "staging-loud"]),
            ("problem=unprotected", ["prod-bare"]),
            ("problem=unrecoverable", ["prod-bare"]),
            ("problem=alarms", ["staging-loud"]),
            ("problem=no-expiry", ["prod-bare"]),
            ("problem=any&stage=prod", ["prod-bare"]),
            ("q=nothing-of-the-kind", []),
        ],
    )
    def test_shows_what_was_asked_for_in_order(
        self, some: None, alice: User, client_of: ClientOf, query: str, names: list[str]
    ) -> None:
        assert listed(client_of(alice), query) == names

    def test_kept_tables_are_apart(self, some: None, alice: User, client_of: ClientOf) -> None:
        text = rows.page(client_of(alice), "/tables/")
        assert 'Kept tables<span class="count">1</span>' in text
        assert 'href="/orphans/"' in text

    def test_nothing_fits_and_nothing_is_there(self, alice: User, account: Account, client_of: ClientOf) -> None:
        assert "No tables yet" in rows.page(client_of(alice), "/tables/")
        assert "No table fits" in rows.page(client_of(alice), "/tables/?stage=prod")

    def test_a_page_costs_as_many_queries_however_many_there_are(
        self,
        dev: Environment,
        alice: User,
        client_of: ClientOf,
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        for number in range(60):
            table(dev, f"t-{number:03}")
        client = client_of(alice)
        with django_assert_max_num_queries(12):
            assert listed(client, "page=2") == [f"t-{number:03}" for number in range(25, 50)]
        assert len(listed(client, "page=99")) == 10


@pytest.mark.parametrize("who", ["alice", "ada", "audrey"])
def test_everybody_sees_it(who: str, dev: Environment, request: pytest.FixtureRequest, client_of: ClientOf) -> None:
    table(dev)
    client = client_of(request.getfixturevalue(who))
    assert listed(client) == ["dev-alice-hello-erlang-messages"]
    assert client.get("/environments/hello-erlang/dev-alice/tables/").status_code == 200
