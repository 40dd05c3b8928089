"""Items as the page shows them: types, columns, what can be done with a value, and what must never be markup."""

import json
import re
from datetime import UTC, datetime
from html import unescape
from typing import Any
from urllib.parse import parse_qsl

import pytest
import time_machine
from django.test import Client
from fakes.as_aws import AsAws

from portal.accounts.models import User
from provisioning.models import ColumnChoice, Environment, Table

from .. import rows
from .scene import INDEX, MESSAGES, Explorer, make_messages, make_table, message, put

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "</script><script>alert(1)</script>",
    "javascript:alert(1)",
)
PLAIN = {"id": {"S": "1"}, "zeta": {"S": "z"}, "alpha": {"N": "5"}, "type": {"S": "ORDER"}}


@pytest.fixture
def shown(explorer: Explorer, aws: AsAws, dev: Environment) -> Any:
    """Opens the page of a table with these items."""

    def open_table(*items: dict[str, Any], **columns: Any) -> Explorer:
        table = make_table(aws, dev, "dev-alice-shown", items)
        Table.objects.filter(pk=table.pk).update(**columns)
        return Explorer(explorer.client, table).open()

    return open_table


def menu(page: Explorer) -> dict[str, Any]:
    """What the script is told about values."""
    found = re.search(r'<script id="menu-data" type="application/json">(.*?)</script>', page.text, re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


class TestViews:
    """Plain, and with types where plain would lie."""

    def test_plain_is_enough_for_most(self, shown: Any) -> None:
        page = shown(PLAIN)
        assert page.rows == [["1", "ORDER", "5", "z"]]
        assert re.search(r'aria-current="true">Plain</a>', page.text)

    def test_pitfall_12_a_large_number_is_exact_and_opens_typed(self, shown: Any) -> None:
        page = shown({"id": {"S": "1"}, "n": {"N": "1318796827993409899"}, "m": {"N": "9" * 38}})
        assert page.rows == [['S"1"', f"N{'9' * 38}", "N1318796827993409899"]]
        assert "Shown with types, because plain text would lie:" in page.words
        assert "n is a number beyond 2^53" in page.words
        assert page.follow("Plain").rows == [["1", "9" * 38, "1318796827993409899"]]
        assert "Plain text does not tell everything here" in page.words

    def test_pitfall_18_sets_and_binary_open_typed(self, shown: Any) -> None:
        page = shown({"id": {"S": "1"}, "tags": {"SS": ["a", "b"]}, "raw": {"B": b"\x00\x01"}})
        assert "tags is a set" in page.words
        assert "raw is binary" in page.words
        assert "2 bytes AAE=" in page.column("raw")[0]

    def test_a_view_that_was_chosen_stays_chosen(self, shown: Any, explorer: Explorer) -> None:
        explorer.ask(size="10").follow("Typed")
        assert explorer.follow("Next").rows[0][0] == 'S"m010"'
        assert 'name="view" value="typed"' in explorer.text

    def test_pitfall_19_a_number_is_not_turned_into_a_date(self, shown: Any) -> None:
        page = shown({"id": {"S": "1"}, "created_at": {"N": "1714730400"}, "phone": {"N": "1714730400"}})
        assert page.rows == [["1", "1714730400", "1714730400"]]
        assert page.text.count("2024-05-03 10:00 UTC, if it counts seconds since 1970") == 1

    @time_machine.travel(datetime(2026, 3, 1, tzinfo=UTC), tick=False)
    def test_what_expires_shows_when_and_whether_it_has(self, shown: Any) -> None:
        """T6."""
        page = shown(
            {"id": {"S": "1"}, "ttl": {"N": "1772236800"}},
            {"id": {"S": "2"}, "ttl": {"N": "1893456000"}},
            ttl_attribute="ttl",
        )
        assert sorted(page.column("ttl"))[0].split() == ["1772236800", "1", "d", "ago", "expired"]
        assert "expired" not in sorted(page.column("ttl"))[1]
        assert "within about two days" in page.text


class TestColumns:
    """Keys first, then the kind of item, then by name; over that what somebody chose."""

    def test_their_order(self, shown: Any) -> None:
        assert shown(PLAIN).heads == ["id", "type", "alpha", "zeta"]

    def test_an_index_has_its_own_keys_first(self, explorer: Explorer) -> None:
        assert explorer.ask(index=INDEX, pk="alice").heads == ["user_id", "timestamp", "id", "text"]

    def test_pitfall_26_what_an_index_leaves_out_is_not_empty(
        self, explorer: Explorer, aws: AsAws, dev: Environment, alice: User
    ) -> None:
        table = make_messages(aws, dev, "dev-alice-keys", ProjectionType="KEYS_ONLY")
        Table.objects.filter(pk=table.pk).update(ttl_attribute="expires")
        ColumnChoice.objects.create(user=alice, application="hello-erlang", table="MessagesTable", shown=["text"])
        page = Explorer(explorer.client, table).ask(index=INDEX, pk="alice")
        assert page.heads == ["user_id", "timestamp", "id", "text", "expires"]
        assert page.rows[0] == ["alice", "1000", "m000", "not projected", "not projected"]
        assert f"{INDEX} does not carry every attribute" in page.words

    def test_absent_is_blank(self, shown: Any) -> None:
        page = shown({"id": {"S": "1"}, "a": {"S": ""}}, {"id": {"S": "2"}, "b": {"NULL": True}})
        assert sorted(page.rows) == [["1", "empty text", ""], ["2", "", "null"]]

    def test_numbers_stand_right_with_their_heads(self, shown: Any) -> None:
        page = shown(PLAIN)
        assert '<th scope="col" class="number" data-name="alpha">' in page.text
        assert '<td class="number" data-t=N>5</td>' in page.text

    def test_a_choice_is_remembered_for_one_person_in_every_environment(
        self, explorer: Explorer, aws: AsAws, client_of: Any, bob: User
    ) -> None:
        known = ["id", "text", "timestamp", "user_id"]
        answer = explorer.client.post(
            f"{explorer.path}columns/", {"known": known, "show": ["id", "user_id"], "back": f"{explorer.path}?run=1"}
        )
        assert answer.headers["Location"] == f"{explorer.path}?run=1"
        assert explorer.open().heads == ["id", "user_id"]
        assert "2 hidden" in explorer.words
        elsewhere = make_messages(aws, rows.environment(bob, "dev-bob"), f"dev-bob{MESSAGES}")
        assert Explorer(explorer.client, elsewhere).open().heads == ["id", "user_id"]
        assert len(Explorer(client_of(bob), elsewhere).open().heads) == 4

    def test_one_put_first_comes_after_the_keys_and_all_can_be_forgotten(self, explorer: Explorer) -> None:
        known = ["id", "text", "timestamp", "user_id"]
        explorer.client.post(f"{explorer.path}columns/", {"known": known, "show": known, "first": "user_id"})
        assert explorer.open().heads == ["id", "user_id", "text", "timestamp"]
        explorer.client.post(f"{explorer.path}columns/", {"forget": "1"})
        assert explorer.open().heads == ["id", "text", "timestamp", "user_id"]
        assert not ColumnChoice.objects.exists()

    def test_pitfall_40_choosing_needs_a_token_and_leads_nowhere_else(self, explorer: Explorer, alice: User) -> None:
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(alice)
        assert strict.post(f"{explorer.path}columns/", {"forget": "1"}).status_code == 403
        answer = explorer.client.post(f"{explorer.path}columns/", {"forget": "1", "back": "https://elsewhere.test/"})
        assert answer.headers["Location"] == explorer.path
        assert explorer.client.get(f"{explorer.path}columns/").status_code == 405


class TestMenu:
    """What can be done with a value: decided here, put into links by the script."""

    def test_a_value_filters_keys_query_and_indexes_are_followed(self, explorer: Explorer) -> None:
        columns = menu(explorer.ask(size="10"))["columns"]
        assert dict(parse_qsl(columns["text"]["filter"]["link"])) == {"size": "10", "run": "1"}
        assert columns["text"]["filter"]["path"] == "text"
        assert [one["label"] for one in columns["id"]["follow"]] == ["Query the table by it"]
        (follow,) = columns["user_id"]["follow"]
        assert follow["label"] == f"Follow into {INDEX}"
        assert dict(parse_qsl(follow["link"])) == {"run": "1", "index": INDEX, "order": "desc"}

    def test_in_a_query_its_keys_are_no_filters(self, explorer: Explorer) -> None:
        columns = menu(explorer.ask(index=INDEX, pk="alice", sk_op=">", sk="1010"))["columns"]
        assert "filter" not in columns["user_id"]
        assert "filter" not in columns["timestamp"]
        assert dict(parse_qsl(columns["timestamp"]["sort"]["link"])) == {
            "index": INDEX,
            "pk": "alice",
            "run": "1",
            "sk_op": "=",
        }

    def test_an_index_that_is_being_built_is_not_followed(self, explorer: Explorer) -> None:
        described = explorer.table.described
        described["indexes"][0].update(status="CREATING")
        Table.objects.update(described=described)
        assert "follow" not in menu(explorer.open())["columns"]["user_id"]

    def test_a_name_with_dots_is_one_path(self, shown: Any) -> None:
        assert menu(shown({"id": {"S": "1"}, "a.b": {"S": "x"}}))["columns"]["a.b"]["filter"]["path"] == '"a.b"'


class TestHostile:
    """Names and values that try to be markup (pitfall 38)."""

    def test_pitfall_38_nothing_of_an_item_is_markup(self, shown: Any) -> None:
        item = {
            "id": {"S": HOSTILE[0]},
            **{name: {"S": value} for name, value in zip(HOSTILE, reversed(HOSTILE), strict=True)},
        }
        nested = {"id": {"S": "2"}, "map": {"M": {name: {"SS": list(HOSTILE)} for name in HOSTILE}}}
        page = shown(item, nested)
        for view in ("plain", "typed"):
            page.ask(view=view)
            assert not re.search(r"<(img|svg onload|script>)", page.text)
            assert 'href="javascript' not in page.text
            assert set(HOSTILE) <= set(page.heads)
            assert HOSTILE[0] in unescape(page.text)
            assert set(HOSTILE) <= set(menu(page)["columns"])

    def test_pitfall_38_nothing_that_is_asked_is_markup(self, explorer: Explorer) -> None:
        for text in HOSTILE:
            filters = [("path", text), ("op", text), ("type", text), ("value", text), ("to", text)]
            more = [("fetch", text), ("cursor", text), ("order", text), ("view", text), ("size", text)]
            for asked in ([("pk", text)], [("index", text)], [("pk", "a"), ("sk", text), ("sk_op", text)]):
                explorer.ask(*asked, *filters, *more)
                assert not re.search(r"<(img|svg onload|script>)", explorer.text)
                explorer.open(f"{explorer.path}price/?index={text}")
                assert not re.search(r"<(img|svg onload|script>)", explorer.text)

    def test_pitfall_38_names_of_keys_and_indexes(self, explorer: Explorer, aws: AsAws, dev: Environment) -> None:
        """DynamoDB takes any name for a key, and fewer for an index; whoever wrote the row may have taken others."""
        key = HOSTILE[2]
        table = make_table(aws, dev, "dev-alice-keys", [{key: {"S": HOSTILE[0]}}], partition=key)
        described = {**table.described, "indexes": explorer.table.described["indexes"]}
        described["indexes"][0]["name"] = HOSTILE[1]
        Table.objects.filter(pk=table.pk).update(described=described)
        page = Explorer(explorer.client, table).open()
        assert page.column(key) == [HOSTILE[0]]
        assert HOSTILE[1] in unescape(page.text)
        for part in (page.path, f"{page.path}controls/", f"{page.path}price/"):
            assert not re.search(r"<(img|svg onload|script>)", page.open(part).text)

    def test_the_policy_forbids_what_slips_through(self, explorer: Explorer) -> None:
        policy = explorer.client.get(explorer.path).headers["Content-Security-Policy"]
        assert "'unsafe-inline'" not in policy
        assert " style=" not in explorer.open().text


def test_pitfall_41_what_is_hidden_never_reaches_the_page(
    client_of: Any, alice: User, prod: Environment, aws: AsAws
) -> None:
    table = make_messages(aws, prod, f"prod{MESSAGES}")
    put(aws, table.name, [message(1, content={"M": {"secret": {"S": "For your eyes only"}}})])
    page = Explorer(client_of(alice), table)
    for view in ("plain", "typed"):
        page.ask(pk="m001", view=view)
        assert page.column("content") == ["hidden"]
        assert "eyes only" not in page.text
    pairs = [("path", "content"), ("op", "contains"), ("type", "S"), ("value", "eyes"), ("to", "")]
    assert "content is hidden here, so nothing can be filtered by it" in page.ask(*pairs, pk="m001").words
    assert not page.rows


def test_tools_lead_where_there_is_something_and_only_those_who_may(
    explorer: Explorer, client_of: Any, audrey: User
) -> None:
    auditors = Explorer(client_of(audrey), explorer.table).open()
    for page in (explorer.ask(pk="m001"), auditors):
        menus = re.findall(r'<div class="menu-items">(.*?)</div>', page.text, re.DOTALL)
        for address in re.findall(r'href="([^"]*/tables/[^"]*)"', "".join(menus)):
            assert page.client.get(unescape(address)).status_code == 200
    assert "/delete-items/" not in auditors.text
    assert "/import/" not in auditors.text
