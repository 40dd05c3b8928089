"""PartiQL on the page of a table: judged while it is typed, run as a look or as a write, and what is refused."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils.html import escape
from fakes.as_aws import AsAws

from portal.accounts.models import User
from provisioning.models import AuditEntry, Change, Environment, ItemWrite, Table

from .scene import INDEX, MESSAGES, Explorer, make_messages, make_table, message, put

SignIn = Callable[[User], Client]


class Editor(Explorer):
    """Somebody's browser on the page of statements."""

    @property
    def path(self) -> str:
        return f"{super().path}statement/"

    def run(self, *parts: str, status: int = 200, **sent: str) -> "Editor":
        """Send a statement; FROM stands for this table's."""
        answer = self.client.post(self.path, {"statement": self.text_of(*parts), **sent})
        assert answer.status_code == status, answer.content.decode()
        self.text = answer.content.decode()
        return self

    def judged(self, *parts: str, **sent: str) -> str:
        """What is said while it is typed."""
        answer = self.client.post(f"{self.path}judged/", {"statement": self.text_of(*parts), **sent})
        assert answer.status_code == 200
        self.text = answer.content.decode()
        return self.words

    def text_of(self, *parts: str) -> str:
        return " ".join(f'{part} "{self.table.name}"' if part in {"FROM", "INTO", "UPDATE"} else part for part in parts)

    def again(self, label: str, **sent: str) -> "Editor":
        """Press a button below the items."""
        value = re.search(rf'name="cursor" value="([^"]*)">{label}', self.text)
        assert value, f"There is no button {label}."
        fields = dict(re.findall(r'<input type="hidden" name="(parameters|consent|view)" value="([^"]*)"', self.text))
        statement = re.findall(r"<textarea[^>]*name=\"statement\"[^>]*>\n(.*?)</textarea>", self.text, re.DOTALL)[0]
        for sign, name in (("&quot;", '"'), ("&#x27;", "'"), ("&gt;", ">"), ("&amp;", "&")):
            statement = statement.replace(sign, name)
        answer = self.client.post(self.path, {**fields, "statement": statement, "cursor": value[1], **sent})
        assert answer.status_code == 200
        self.text = answer.content.decode()
        return self


@pytest.fixture
def editor(client_of: SignIn, alice: User, messages: Table) -> Editor:
    """alice on the page of statements of her messages."""
    return Editor(client_of(alice), messages)


ALL_OF_ALICE = (f'."{INDEX}"', "WHERE user_id = 'alice'")


def of_index(*rest: str) -> str:
    return " ".join((f'."{INDEX}"', *rest))


class TestEditor:
    """What stands there before anything was run."""

    def test_pitfall_28_it_starts_with_a_partition_and_runs_nothing(self, editor: Editor, aws: AsAws) -> None:
        editor.open()
        assert "WHERE &quot;id&quot; = &#x27;…&#x27;" in editor.text
        assert "Query on the table · ≤" in editor.words
        assert not aws.calls

    def test_the_applications_questions_are_examples(self, editor: Editor) -> None:
        editor.open()
        for title in ("One message", "Messages of a user, newest first", "By user_id", "Delete an item"):
            assert f">{escape(title)}</a>" in editor.text
        editor.open(f"{editor.path}?example=1")
        assert "ORDER BY &quot;timestamp&quot; DESC" in editor.text
        assert f"Query on {INDEX}" in editor.words

    def test_an_auditor_is_offered_no_writes(self, messages: Table, audrey: User, client_of: SignIn) -> None:
        editor = Editor(client_of(audrey), messages)
        assert "Delete an item" not in editor.open().words
        assert "You may read everything here" in editor.judged("DELETE", "FROM", "WHERE id = 'm001'")
        editor.run("DELETE", "FROM", "WHERE id = 'm001'", status=403)
        assert not ItemWrite.objects.exists()

    def test_it_is_never_kept_by_a_browser(self, editor: Editor) -> None:
        answer = editor.client.post(editor.path, {"statement": editor.text_of("SELECT *", "FROM", "WHERE id = 'm001'")})
        assert "no-store" in answer.headers["Cache-Control"]


class TestJudged:
    """What is said while somebody types; AWS is asked nothing."""

    @pytest.mark.parametrize(
        ("parts", "said"),
        [
            (("SELECT *", "FROM", "WHERE id = 'm001'"), "Query on the table"),
            (("SELECT *", "FROM", "WHERE id IN ['a', 'b']"), "Query on the table, 2 partitions"),
            (("SELECT *", "FROM"), "Scan of the whole table"),
            (("SELECT *", "FROM", "WHERE id = 'a' OR id = 'b'"), "Scan of the whole table"),
            (("SELECT *", "FROM", "WHERE id = 'a' AND magic(x)"), "Stackyard does not understand the condition"),
            (("DELETE", "FROM", "WHERE id = 'm001'"), "Deletes one item"),
            (("UPDATE", "SET a = 1 REMOVE b.c WHERE id = 'm001'"), "Changes one item: sets a, removes b.c"),
            (("INSERT", "INTO", "VALUE {'id': 'x'}"), "New item, if its key is free"),
            (("DELETE", "FROM"), "column 46: Here stands the end, where WHERE"),
            (("SELECT * FROM other",), "column 15: This is about dev-alice-hello-erlang-messages"),
        ],
    )
    def test_pitfall_28_the_class_is_said_before_it_runs(
        self, parts: tuple[str, ...], said: str, editor: Editor, aws: AsAws
    ) -> None:
        assert said in editor.judged(*parts)
        assert not aws.calls

    def test_a_scan_asks_for_consent_and_has_a_price(self, editor: Editor) -> None:
        words = editor.judged("SELECT *", "FROM")
        assert "the whole table ≈" in words
        assert "Read everything; this is written into the audit log" in words
        assert 'name="consent"' in editor.text

    def test_nothing_is_read_by_looking_at_it_as_another_person(self, editor: Editor, messages: Table) -> None:
        assert Client().post(f"{editor.path}judged/", {"statement": "SELECT"}).status_code == 302


class TestLooking:
    """A SELECT."""

    def test_a_query_shows_items_with_their_way_in(self, editor: Editor, aws: AsAws) -> None:
        editor.run("SELECT *", "FROM", "WHERE id = 'm007'")
        assert editor.column("text") == ["Hello 7"]
        assert "0.5 units 1 call the end" in editor.words
        assert aws.calls == {"ExecuteStatement": 1}
        assert not AuditEntry.objects.exists()

    def test_parameters_come_from_their_lines(self, editor: Editor, aws: AsAws) -> None:
        editor.run("SELECT id", "FROM", 'WHERE id = ? AND "timestamp" > ?', parameters='\'m007\'\n\n{"N": "5"}')
        assert editor.column("id") == ["m007"]
        editor.run("SELECT id", "FROM", "WHERE id = ?", parameters="nothing", status=422)
        assert "Value 1 for ?" in editor.words

    def test_pitfall_28_a_scan_without_consent_is_refused_and_with_it_written_down(
        self, editor: Editor, aws: AsAws
    ) -> None:
        editor.run("SELECT *", "FROM", "WHERE text = 'Hello 3'", status=422)
        assert "This statement reads everything." in editor.words
        assert not aws.calls
        editor.run("SELECT *", "FROM", "WHERE text = 'Hello 3'", consent="1")
        assert editor.column("id") == ["m003"]
        entry = AuditEntry.objects.get()
        assert (entry.verb, entry.detail["consent"], entry.detail["returned"]) == ("read_items", True, 1)
        assert "Hello 3" not in str(entry.detail)

    def test_pitfall_28_a_scan_of_prod_is_refused_with_consent_too(
        self, prod: Environment, aws: AsAws, ada: User, client_of: SignIn
    ) -> None:
        editor = Editor(client_of(ada), make_messages(aws, prod, f"prod{MESSAGES}"))
        aws.calls.clear()
        editor.run("SELECT *", "FROM", consent="1", status=403)
        assert "Tables of prod are queried, never scanned" in editor.words
        assert not aws.calls
        editor.run("SELECT *", "FROM", "WHERE id = 'm001'")
        entry = AuditEntry.objects.get()
        assert (entry.verb, entry.detail["statement"]) == (
            "read_items",
            " ".join(["SELECT * FROM", f'"prod{MESSAGES}"', 'WHERE "id" = ?']),
        )

    def test_pages_both_ways_give_the_same_rows(self, editor: Editor, aws: AsAws, messages: Table) -> None:
        put(aws, messages.name, (message(number) for number in range(60, 250)))
        first = editor.run("SELECT *", "FROM", of_index("WHERE user_id = 'alice'")).column("id")
        assert (len(first), first[0]) == (100, "m000")
        second = editor.again("Next").column("id")
        assert (second[0], len(second)) == ("m100", 100)
        assert "101–200" in editor.words
        third = editor.again("Next").column("id")
        assert third[-1] == "m249"
        assert editor.again("Previous").column("id") == second
        assert editor.again("Previous").column("id") == first

    @time_machine.travel("2026-03-01 12:00", tick=False)  # a click ends after two seconds, too
    def test_pitfall_01_nothing_found_yet_is_not_the_end(self, editor: Editor, aws: AsAws, messages: Table) -> None:
        put(aws, messages.name, (message(number) for number in range(60, 1200)))
        editor.run("SELECT *", "FROM", of_index("WHERE user_id = 'alice' AND text = 'Hello 1199'"))
        assert "0 matches so far, more to read" in editor.words
        assert aws.calls["ExecuteStatement"] == 4
        assert editor.again("Carry on").column("id") == ["m1199"]

    def test_pitfall_11_a_cursor_is_somebodys_and_of_its_statement(
        self, editor: Editor, aws: AsAws, messages: Table, bob: User, client_of: SignIn
    ) -> None:
        put(aws, messages.name, (message(number) for number in range(60, 250)))
        editor.run("SELECT *", "FROM", of_index("WHERE user_id = 'alice'"))
        found = re.search(r'name="cursor" value="([^"]+)">Next', editor.text)
        assert found
        cursor = found[1]
        assert "m099" not in cursor
        statement = ("SELECT *", "FROM", of_index("WHERE user_id = 'alice'"))
        Editor(client_of(bob), messages).run(*statement, status=409, cursor=cursor)
        editor.run("SELECT *", "FROM", of_index("WHERE user_id = 'bob'"), status=409, cursor=cursor)
        assert "belongs to another question" in editor.words
        editor.run(*statement, status=409, cursor=cursor[:-6] + "AAAAAA")

    def test_pitfall_35_who_has_read_enough_waits(self, editor: Editor, settings: Any) -> None:
        settings.ITEM_READS_PER_PERSON = 0.1
        editor.run("SELECT *", "FROM", "WHERE id = 'm001'")
        editor.run("SELECT *", "FROM", "WHERE id = 'm001'", status=409)
        assert "Enough of dev-alice-hello-erlang-messages has been read for the moment" in editor.words

    def test_what_aws_does_not_understand_is_told_with_its_place(self, editor: Editor) -> None:
        editor.run("SELECT *\n", "FROM", "\n  WHERE id = 'm001' AND magic(x)", status=422, consent="1")
        assert "Line 3, column 25: DynamoDB does not understand the statement: Unexpected term." in editor.words
        assert "<mark>magic(x)</mark>" in editor.text

    def test_throttled_is_said_in_words(self, editor: Editor, aws: AsAws) -> None:
        aws.script.throttle("ExecuteStatement")
        editor.run("SELECT *", "FROM", "WHERE id = 'm001'", status=409)
        assert "DynamoDB asked to slow down" in editor.words

    def test_a_table_that_is_gone(self, editor: Editor, aws: AsAws, messages: Table) -> None:
        aws.delete_table(TableName=messages.name)
        editor.run("SELECT *", "FROM", "WHERE id = 'm001'", status=409)
        assert "is not there any more" in editor.words

    @pytest.mark.parametrize("name", ['"prod-hello-erlang-messages"', "system", '"x"."y"'])
    def test_pitfall_42_another_table_is_out_of_reach(self, name: str, editor: Editor, aws: AsAws) -> None:
        editor.run(" ".join(["SELECT * FROM", name]), status=422)
        assert "and no other table" in editor.words
        assert not aws.calls

    def test_pitfall_42_a_table_is_reached_through_its_own_environment(
        self, editor: Editor, prod: Environment, messages: Table
    ) -> None:
        path = f"/environments/hello-erlang/prod/tables/{messages.name}/statement/"
        assert editor.client.get(path).status_code == 404
        assert editor.client.post(path, {"statement": "SELECT"}).status_code == 404


class TestHidden:
    """Masks go by names of attributes, however a statement asks (pitfall 41)."""

    @pytest.fixture
    def masked(self, prod: Environment, aws: AsAws, alice: User, client_of: SignIn) -> Editor:
        """A table of prod without a rule: its keys are shown, and nothing else."""
        secret = {"id": {"S": "a"}, "email": {"S": "s3cret@x.y"}, "profile": {"M": {"phone": {"S": "s3cret-phone"}}}}
        table = make_table(aws, prod, "prod-hello-erlang-people", [secret])
        aws.calls.clear()
        return Editor(client_of(alice), table)

    def test_pitfall_41_values_are_replaced_before_anything_is_written(self, masked: Editor) -> None:
        masked.run("SELECT *", "FROM", "WHERE id = 'a'")
        assert masked.column("id") == ["a"]
        assert "s3cret" not in masked.text
        masked.run("SELECT email, profile", "FROM", "WHERE id = 'a'")
        assert "s3cret" not in masked.text

    @pytest.mark.parametrize(
        ("columns", "where"),
        [
            ("profile.phone", "id = 'a'"),
            ("size(email)", "id = 'a'"),
            ("*", "id = 'a' AND email = 's3cret@x.y'"),
            ("*", "id = 'a' AND begins_with(profile.phone, 's')"),
            ("*", "id = 'a' AND NOT (email < 't')"),
        ],
    )
    def test_pitfall_41_no_statement_gets_around_the_mask(
        self, columns: str, where: str, masked: Editor, aws: AsAws
    ) -> None:
        masked.run(f"SELECT {columns}", "FROM", f"WHERE {where}", status=403)
        assert "hidden in this table" in masked.words
        assert not aws.calls


class TestWriting:
    """INSERT, UPDATE and DELETE go the way of the form, and never to AWS as statements."""

    def test_pitfall_28_an_update_is_a_conditional_patch_that_keeps_the_item_before(
        self, editor: Editor, aws: AsAws, messages: Table
    ) -> None:
        editor.run("UPDATE", "SET text = 'Changed' WHERE id = 'm005'", status=302)
        found = aws.client.get_item(TableName=messages.name, Key={"id": {"S": "m005"}})["Item"]
        assert found == message(5, text={"S": "Changed"})
        write = ItemWrite.objects.get()
        assert (write.verb, write.state) == ("edit", "done")
        assert "ExecuteStatement" not in aws.calls
        assert aws.calls["UpdateItem"] == 1
        assert AuditEntry.objects.get().verb == "edit_item"

    def test_an_insert_never_takes_the_place_of_an_item(self, editor: Editor, aws: AsAws, messages: Table) -> None:
        editor.run("INSERT", "INTO", "VALUE {'id': 'm005', 'text': 'mine'}", status=409)
        found = aws.client.get_item(TableName=messages.name, Key={"id": {"S": "m005"}})["Item"]
        assert found == message(5)
        editor.run("INSERT", "INTO", "VALUE {'id': 'new', 'n': 1318796827993409899, 's': <<'x'>>}", status=302)
        made = aws.client.get_item(TableName=messages.name, Key={"id": {"S": "new"}})["Item"]
        assert made == {"id": {"S": "new"}, "n": {"N": "1318796827993409899"}, "s": {"SS": ["x"]}}

    def test_a_delete_is_of_one_item_and_kept(self, editor: Editor, aws: AsAws, messages: Table) -> None:
        editor.run("DELETE", "FROM", "WHERE id = 'm005'", status=302)
        assert "Item" not in aws.client.get_item(TableName=messages.name, Key={"id": {"S": "m005"}})
        assert ItemWrite.objects.get().verb == "delete"
        editor.run("DELETE", "FROM", "WHERE user_id = 'alice'", status=422)
        assert "one item, named by its whole key" in editor.words
        assert aws.client.scan(TableName=messages.name, Select="COUNT")["Count"] == 59

    def test_an_update_of_an_item_that_is_not_there_makes_none(
        self, editor: Editor, aws: AsAws, messages: Table
    ) -> None:
        editor.run("UPDATE", "SET text = 'x' WHERE id = 'nothing'", status=409)
        assert "Item" not in aws.client.get_item(TableName=messages.name, Key={"id": {"S": "nothing"}})

    def test_pitfall_28_in_prod_a_write_is_a_change_for_a_second_person(
        self, prod: Environment, aws: AsAws, alice: User, client_of: SignIn
    ) -> None:
        table = make_messages(aws, prod, f"prod{MESSAGES}")
        editor = Editor(client_of(alice), table)
        assert "in prod somebody else approves it first" in editor.judged("DELETE", "FROM", "WHERE id = 'm001'")
        editor.run("DELETE", "FROM", "WHERE id = 'm001'", status=422)
        assert "Say why" in editor.words
        editor.run("DELETE", "FROM", "WHERE id = 'm001'", status=302, reason="It is a duplicate.")
        change = Change.objects.get()
        assert (change.kind, change.reason) == ("write_items", "It is a duplicate.")
        assert "Item" in aws.client.get_item(TableName=table.name, Key={"id": {"S": "m001"}})
        assert not ItemWrite.objects.exists()

    def test_pitfall_40_without_the_forms_token_nothing_runs(self, alice: User, messages: Table, aws: AsAws) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(alice)
        editor = Editor(client, messages)
        statement = editor.text_of("DELETE", "FROM", "WHERE id = 'm001'")
        assert client.post(editor.path, {"statement": statement}).status_code == 403
        assert "Item" in aws.client.get_item(TableName=messages.name, Key={"id": {"S": "m001"}})

    def test_somebody_elses_personal_environment_is_only_read(
        self, messages: Table, bob: User, client_of: SignIn
    ) -> None:
        editor = Editor(client_of(bob), messages)
        editor.run("DELETE", "FROM", "WHERE id = 'm001'", status=403)
        assert "belongs to alice" in editor.words
        assert editor.run("SELECT *", "FROM", "WHERE id = 'm001'").column("id") == ["m001"]


@pytest.mark.parametrize(
    "ugly", ["<img src=x onerror=alert(1)>", '"><svg onload=alert(1)>', "</textarea><script>alert(1)</script>"]
)
def test_pitfall_38_names_values_and_statements_are_only_text(
    ugly: str, editor: Editor, aws: AsAws, messages: Table
) -> None:
    put(aws, messages.name, [{"id": {"S": ugly}, ugly: {"S": ugly}}])
    quoted = ugly.replace('"', '""')
    for parts in (
        ("SELECT *", "FROM", f"WHERE id = '{ugly}' AND \"{quoted}\" = '{ugly}'"),
        ("SELECT *", "FROM", f"WHERE {ugly}"),
        (ugly,),
    ):
        text = editor.client.post(editor.path, {"statement": editor.text_of(*parts)}).content.decode()
        assert not re.search(r"<(img src=x|svg onload|script>)", text)
        typed = editor.client.post(f"{editor.path}judged/", {"statement": editor.text_of(*parts)}).content.decode()
        assert not re.search(r"<(img src=x|svg onload|script>)", typed)
