"""Asking a table: the row of controls, its price, and what is said of a reading."""

import re
from typing import Any

import pytest
from fakes.as_aws import AsAws

from portal.accounts.models import User
from provisioning.models import AuditEntry, Environment, Table

from .. import rows
from .scene import INDEX, MESSAGES, Explorer, make_messages, make_table, message, put

FILTER = ("path", "op", "type", "value", "to")


def filtered(*conditions: tuple[str, str, str, str]) -> list[tuple[str, str]]:
    """The pairs of these filters."""
    return [pair for one in conditions for pair in zip(FILTER, (*one, ""), strict=True)]


class TestAsking:
    """What a person asks, and what is sent."""

    def test_the_first_look_shows_the_first_items(self, explorer: Explorer, aws: AsAws) -> None:
        explorer.open()
        assert len(explorer.rows) == 25
        assert "25 returned, 26 read 100 % matched" in explorer.words
        assert aws.calls == {"Scan": 1}

    def test_a_page_is_one_call_and_is_not_kept_by_the_browser(self, explorer: Explorer, aws: AsAws) -> None:
        explorer.ask(index=INDEX, pk="alice", order="desc", size="100")
        assert explorer.column("timestamp")[0] == "1059"
        assert aws.calls == {"Query": 1}
        assert "no-store" in explorer.client.get(explorer.path).headers["Cache-Control"]

    def test_the_applications_own_questions_are_one_click(self, explorer: Explorer, aws: AsAws) -> None:
        explorer.open().follow("Messages of a user, newest first")
        before = aws.calls.total()
        assert re.search(r'<input[^>]* id="pk"[^>]* autofocus', explorer.text)
        assert f'<option value="{INDEX}" selected>' in explorer.text
        assert '<option value="desc" selected>' in explorer.text
        assert "Nothing is read yet" in explorer.words
        assert aws.calls.total() == before

    def test_pitfall_23_several_filters_on_one_attribute(self, explorer: Explorer) -> None:
        explorer.ask(*filtered(("timestamp", ">", "N", "1010"), ("timestamp", "<", "N", "1013")))
        assert explorer.column("timestamp") == ["1011", "1012"]
        assert explorer.text.count('value="timestamp"') >= 2

    def test_pitfall_24_a_key_among_the_filters_of_a_query_is_told_where_it_belongs(self, explorer: Explorer) -> None:
        explorer.ask(*filtered(("user_id", "=", "S", "bob")), index=INDEX, pk="alice")
        assert "Nothing was read. 1 thing to correct:" in explorer.words
        assert "user_id is a key of this query" in explorer.words
        assert 'value="bob"' in explorer.text

    def test_what_is_wrong_is_said_at_its_field_and_the_form_stays_filled(self, explorer: Explorer, aws: AsAws) -> None:
        wrong = filtered(("text", "begins-with", "N", "1"))
        explorer.ask(*wrong, index=INDEX, pk="alice", sk_op="between", sk="x", sk_to="9")
        assert "2 things to correct" in explorer.words
        assert '<a href="#sk">Sort key</a>: “x” is no number.' in explorer.text
        assert '<a href="#filter-0">Filter 1</a>' in explorer.text
        assert re.search(r'id="sk" name="sk" value="x"[^>]*aria-invalid="true"', explorer.text)
        assert 'value="alice"' in explorer.text
        assert not aws.calls

    def test_pitfall_27_consistent_reading_is_off_on_a_global_index_and_says_why(self, explorer: Explorer) -> None:
        explorer.ask(index=INDEX, pk="alice")
        assert re.search(r'id="consistent"[^>]* disabled aria-describedby="why-consistent"', explorer.text)
        assert "never of a global index" in explorer.words
        explorer.ask(consistent="1")
        assert re.search(r'id="consistent"[^>]* checked', explorer.text)

    def test_a_spare_filter_serves_those_without_javascript(self, explorer: Explorer) -> None:
        explorer.open()
        assert explorer.text.count('name="path"') == 1
        explorer.ask(*filtered(("text", "=", "S", "Hello 3"), ("", "=", "S", "")))
        assert explorer.column("id") == ["m003"]
        assert explorer.text.count('name="path"') == 2

    def test_only_some_attributes(self, explorer: Explorer, aws: AsAws) -> None:
        explorer.ask(fetch='text, "a,b"')
        assert explorer.heads == ["id", "text"]
        assert aws.requests[-1][1]["ExpressionAttributeNames"] == {"#n0": "id", "#n1": "text", "#n2": "a,b"}


class TestPrice:
    """What the button says before anybody clicks."""

    def test_the_word_and_the_cost_follow_the_form(self, explorer: Explorer, messages: Table) -> None:
        Table.objects.update(item_count=1_000_000, size_bytes=600_000_000)
        scan = explorer.open(f"{explorer.path}price/").words
        assert scan.startswith("Scan · this click reads ≤ 4 MB, ≤ 512 units ≈ $0.00006")
        assert "the whole table ≈ 73,242 units" in scan
        query = explorer.open(f"{explorer.path}price/?pk=m001&size=10").words
        assert query.startswith("Query · ≈ 1 unit a page")
        assert '<span id="word" hx-swap-oob="innerHTML">Query</span>' in explorer.text

    def test_pitfall_36_a_filter_saves_nothing(self, explorer: Explorer) -> None:
        bare = explorer.open(f"{explorer.path}price/?pk=m001").words
        pairs = "path=text&op=%3D&type=S&value=x&to=&fetch=id"
        assert explorer.open(f"{explorer.path}price/?pk=m001&{pairs}").words == bare

    def test_without_javascript_the_page_says_it_after_the_click(self, explorer: Explorer) -> None:
        assert '<span id="word">Query</span>' in explorer.ask(pk="m001").text
        assert '<span id="word">Scan</span>' in explorer.ask().text

    def test_a_form_that_is_wrong_has_no_price(self, explorer: Explorer) -> None:
        explorer.open(f"{explorer.path}price/?index={INDEX}&pk=a&sk=x")
        assert "“x” is no number." in explorer.words

    def test_choosing_an_index_brings_its_keys(self, explorer: Explorer, aws: AsAws) -> None:
        explorer.open(f"{explorer.path}controls/?index={INDEX}&pk=alice")
        assert "user_id = text" in explorer.words
        assert "timestamp number" in explorer.words
        assert "begins with" not in explorer.words
        assert 'id="consistent-field" hx-swap-oob="true"' in explorer.text
        assert not aws.calls


class TestTrouble:
    """Whatever is wrong, the page stays, with the form filled, and says what to do."""

    def test_a_table_that_vanished(self, explorer: Explorer, aws: AsAws) -> None:
        aws.client.delete_table(TableName=explorer.table.name)
        explorer.ask(pk="m001")
        assert "is not there any more" in explorer.words
        assert 'value="m001"' in explorer.text

    def test_a_table_that_was_made_anew_with_other_keys(self, explorer: Explorer, aws: AsAws) -> None:
        name = explorer.table.name
        aws.delete_table(TableName=name)
        aws.client.create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": "code", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "code", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        aws.client.put_item(TableName=name, Item={"code": {"S": "a"}})
        explorer.open()
        assert f"{name} has other keys than when Stackyard last looked. Look again." in explorer.words
        assert '<a href="/tables/">Look again</a>' in explorer.text

    def test_an_index_that_is_being_built(self, explorer: Explorer, aws: AsAws) -> None:
        aws.script.building.add(INDEX)
        explorer.ask(index=INDEX, pk="alice")
        assert "still being built" in explorer.words
        described = explorer.table.described
        described["indexes"][0].update(status="CREATING", backfilling=True)
        Table.objects.update(described=described)
        assert "user_id, timestamp · being built" in explorer.open().words

    def test_throttled(self, explorer: Explorer, aws: AsAws) -> None:
        aws.script.throttle("Query", times=9)
        explorer.ask(pk="m001")
        assert "DynamoDB asked to slow down" in explorer.words
        assert ">Try again</a>" in explorer.text

    def test_pitfall_35_held_back_says_when(self, explorer: Explorer, settings: Any) -> None:
        settings.ITEM_READS_PER_PERSON = 0.1
        explorer.ask(pk="m001")
        explorer.ask(pk="m001")
        assert re.search(r"Try again in \d+ seconds\.", explorer.words)
        assert 'value="m001"' in explorer.text

    def test_aws_is_away(self, explorer: Explorer, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        settings.AWS_CLIENTS = "provisioning.aws.clients.Clients"  # none that an earlier test has built
        explorer.ask(pk="m001")
        assert "could not be reached" in explorer.words or "Nothing was read" in explorer.words
        assert 'value="m001"' in explorer.text

    def test_a_table_that_nobody_has_described(self, explorer: Explorer, aws: AsAws) -> None:
        Table.objects.update(described={})
        explorer.open()
        assert "Not looked at yet" in explorer.words
        assert not aws.calls


class TestWhose:
    """Which table is reached, and by whom."""

    def test_pitfall_42_another_environments_table_is_not_there(
        self, explorer: Explorer, aws: AsAws, bob: User, dev: Environment
    ) -> None:
        other = make_table(aws, rows.environment(bob, "dev-bob"), "dev-bob-hello-erlang-sessions", [])
        for part in ("", "price/", "controls/"):
            explorer.open(f"/environments/hello-erlang/dev-alice/tables/{other.name}/{part}", status=404)
        columns = f"/environments/hello-erlang/dev-alice/tables/{other.name}/columns/"
        assert explorer.client.post(columns).status_code == 404

    def test_auditors_read_too(self, client_of: Any, audrey: User, messages: Table) -> None:
        assert len(Explorer(client_of(audrey), messages).open().rows) == 25

    def test_in_prod_nothing_is_read_unasked_nothing_is_scanned_and_reading_is_written_down(
        self, client_of: Any, alice: User, prod: Environment, aws: AsAws
    ) -> None:
        table = make_messages(aws, prod, f"prod{MESSAGES}")
        explorer = Explorer(client_of(alice), table).open()
        assert "Nothing is read yet" in explorer.words
        assert (
            "Tables of prod are queried, never scanned: a scan reads everything. Give a value of id." in explorer.words
        )
        assert not aws.calls
        assert "queried, never scanned" in explorer.ask().words
        assert not aws.calls
        put(aws, table.name, [message(1, content={"S": "For your eyes only"})])
        explorer.ask(pk="m001")
        assert (explorer.column("id"), explorer.column("content")) == (["m001"], ["hidden"])
        assert "For your eyes only" not in explorer.text
        assert AuditEntry.objects.get().verb == "read_items"


def test_a_key_that_is_nowhere_is_said_so(explorer: Explorer) -> None:
    assert "No item has this key Nothing has id = nobody ." in explorer.ask(pk="nobody").words


def test_an_empty_table_says_that_it_is(explorer: Explorer, aws: AsAws, dev: Environment) -> None:
    empty = Explorer(explorer.client, make_table(aws, dev, "dev-alice-empty", []))
    assert "This table is empty." in empty.open().words


def test_a_hundred_rows_are_one_query_more_than_none(
    explorer: Explorer, aws: AsAws, django_assert_max_num_queries: Any
) -> None:
    put(aws, explorer.table.name, (message(number) for number in range(60, 130)))
    explorer.open()
    with django_assert_max_num_queries(16):
        explorer.ask(size="100")
