"""PartiQL by the API: judged by its words, a SELECT as a masked look, a write as the form would do it."""

from typing import Any

import pytest

from portal.accounts.models import Scope, User
from provisioning.models import AuditEntry, Change, ItemWrite, Table

from ...tables.scene import INDEX, message, put
from ..program import Program, program_of, token_for
from .scene import Items


def stated(items: Items, text: str) -> str:
    """A statement; ~ stands for the table, ~index for its index."""
    name = f'"{items.table.name}"'
    return text.replace("~index", f'{name}."{INDEX}"').replace("~", name)


def run(items: Items, text: str, status: int = 200, *, sent: Any = None, **headers: str) -> Any:
    """What running a statement answers."""
    body = {"statement": stated(items, text), **(sent or {})}
    return items.program.post(f"{items.home}/statements", body, status, **headers)


def judged(items: Items, text: str, status: int = 200, **sent: Any) -> Any:
    """What is said of a statement before it runs."""
    return items.program.post(f"{items.home}/statements/judged", {"statement": stated(items, text), **sent}, status)


class TestJudged:
    """From the words alone."""

    def test_a_query(self, alices: Items) -> None:
        alices.aws.calls.clear()
        found = judged(alices, "SELECT * FROM ~index WHERE user_id = ?", parameters=[{"S": "alice"}])
        assert (found["verb"], found["needs_consent"], found["why_not"]) == ("SELECT", False, "")
        reads = found["reads"]
        assert (reads["reads"], reads["index"], reads["partitions"], reads["why"]) == ("query", INDEX, 1, "")
        assert float(reads["click"]["units"]) > 0
        assert found["title"] == f"Query on {INDEX}"
        assert not alices.aws.calls

    def test_pitfall_28_a_scan_says_why_it_is_one(self, alices: Items, prod: Items) -> None:
        found = judged(alices, "SELECT * FROM ~ WHERE text = 'x'")
        assert (found["needs_consent"], found["reads"]["reads"], found["reads"]["partitions"]) == (True, "scan", None)
        assert found["reads"]["why"]
        assert "never scanned" in judged(prod, "SELECT * FROM ~")["why_not"]

    def test_writes(self, alices: Items, prod: Items, audrey: User) -> None:
        found = judged(alices, "UPDATE ~ SET a = 1 REMOVE b.c WHERE id = 'm001'")
        assert found["writes"] == {
            "does": "edit", "key": {"id": {"S": "m001"}}, "sets": ["a"], "removes": ["b.c"], "asks": False,
        }  # fmt: skip
        assert found["reads"] is None
        assert judged(prod, "DELETE FROM ~ WHERE id = 'm001'")["writes"]["asks"] is True
        theirs = Items(program_of(audrey), alices.table, alices.aws)
        assert "not change anything" in judged(theirs, "DELETE FROM ~ WHERE id = 'm001'")["why_not"]

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("SELECT * FROM other", "Line 1, column 15: "),
            ("DELETE\nFROM ~", "Line 2, column "),
            ("EXPLAIN", "A statement begins with"),
            ("SELECT * FROM ~ WHERE id = ?", "1 parameter"),
        ],
    )
    def test_what_is_not_understood_is_told_with_its_place(self, alices: Items, text: str, said: str) -> None:
        for asked in (judged, run):
            refused = asked(alices, text, 422)
            assert said in refused["fields"]["statement"]

    def test_a_parameter_is_typed(self, alices: Items) -> None:
        for wrong in ({"X": "a"}, {"N": "x"}, {}):
            found = judged(alices, "SELECT * FROM ~ WHERE id = ?", 422, parameters=[wrong])
            assert found["fields"].keys() == {"parameters.0"}

    def test_statements_to_begin_with(self, alices: Items, audrey: User) -> None:
        mine = alices.program.get(f"{alices.home}/statements")["items"]
        assert {"One message", "Delete an item"} <= {one["title"] for one in mine}
        theirs = program_of(audrey).get(f"{alices.home}/statements")["items"]
        assert not any(one["writes"] for one in theirs)


class TestReading:
    """A SELECT."""

    def test_items_of_a_partition(self, alices: Items) -> None:
        found = run(alices, "SELECT * FROM ~ WHERE id = ?", sent={"parameters": [{"S": "m007"}]})
        assert (found["reads"], found["items"], found["next"]) == ("query", [message(7)], None)
        assert (found["returned"], found["calls"], found["more"]) == (1, 1, False)
        plain = run(alices, "SELECT id, text FROM ~ WHERE id = 'm007'", sent={"view": "plain"})
        assert plain["items"] == [{"id": "m007", "text": "Hello 7"}]

    def test_every_page_once(self, alices: Items, bob: User) -> None:
        put(alices.aws, alices.table.name, (message(number) for number in range(60, 250)))
        text, seen, cursor = "SELECT * FROM ~index WHERE user_id = 'alice'", [], ""
        while cursor is not None:
            found = run(alices, text, sent={"cursor": cursor})
            seen += [one["id"]["S"] for one in found["items"]]
            cursor = found["next"]
            if cursor:
                theirs = Items(program_of(bob), alices.table, alices.aws)
                assert run(theirs, text, 422, sent={"cursor": cursor})["code"] == "bad-cursor"
        assert sorted(seen) == [f"m{number:03}" for number in range(250)]

    def test_pitfall_28_everything_takes_consent_that_is_written_down(self, alices: Items) -> None:
        alices.aws.calls.clear()
        assert run(alices, "SELECT * FROM ~", 422)["fields"].keys() == {"consent"}
        assert not alices.aws.calls
        assert run(alices, "SELECT * FROM ~", sent={"consent": True})["reads"] == "scan"
        entry = AuditEntry.objects.get(verb="read_items")
        assert entry.detail["consent"] is True
        assert entry.detail["token"].startswith("ci (")

    def test_pitfall_41_prod_by_a_key_and_masked(self, prod: Items) -> None:
        put(prod.aws, prod.table.name, [message(1, content={"S": "CANARY"})])
        assert run(prod, "SELECT * FROM ~", 403, sent={"consent": True})["code"] == "no-scan-in-prod"
        found = run(prod, "SELECT * FROM ~ WHERE id = 'm001'")
        assert (found["items"][0]["content"], found["hides"]) == ({"HIDDEN": "S"}, True)
        asked = "SELECT * FROM ~ WHERE id = 'm001' AND content = 'CANARY'"
        assert run(prod, asked, 403)["code"] == "hidden"
        assert AuditEntry.objects.filter(verb="read_items").count() == 1

    def test_a_token_that_reads_reads(self, alices: Items, alice: User) -> None:
        reader = Items(Program(token_for(alice, Scope.READ).text), alices.table, alices.aws)
        assert run(reader, "SELECT * FROM ~ WHERE id = 'm001'")["returned"] == 1
        assert run(reader, "DELETE FROM ~ WHERE id = 'm001'", 403)["code"] == "no-scope"
        assert len(alices.there()) == 60

    def test_what_is_only_for_writes(self, alices: Items) -> None:
        refused = run(alices, "SELECT * FROM ~ WHERE id = 'm001'", 422, sent={"reason": "so"})
        assert refused["fields"].keys() == {"reason"}

    def test_what_aws_refuses(self, alices: Items) -> None:
        refused = run(alices, "SELECT * FROM ~ WHERE id = 'm001' AND magic(x)", 422, sent={"consent": True})
        assert (refused["code"], "does not understand" in refused["detail"]) == ("aws-refused", True)
        alices.aws.script.throttle("ExecuteStatement")
        assert run(alices, "SELECT * FROM ~ WHERE id = 'm001'", 503)["code"].startswith("busy-")


class TestWriting:
    """INSERT, UPDATE and DELETE."""

    def test_done_kept_and_taken_back(self, alices: Items) -> None:
        done = run(alices, "UPDATE ~ SET text = 'Changed' WHERE id = 'm005'", sent={"reason": "so"})
        assert (done["write"]["verb"], done["write"]["reason"], done["item"]["text"]) == (
            "edit",
            "so",
            {"S": "Changed"},
        )
        assert done["etag"] == alices.etag({"id": {"S": "m005"}})
        assert "ExecuteStatement" not in alices.aws.calls
        alices.program.post(f"{alices.home}/writes/{done['write']['id']}/undo", {})
        assert message(5) in alices.there()
        run(alices, "DELETE FROM ~ WHERE id = 'm005'")
        assert message(5) not in alices.there()

    def test_an_insert_never_takes_the_place_of_an_item(self, alices: Items) -> None:
        refused = run(alices, "INSERT INTO ~ VALUE {'id': 'm005', 'text': 'mine'}", 412)
        assert (refused["code"], refused["conflict"]["item"]) == ("exists", message(5))
        assert run(alices, "INSERT INTO ~ VALUE {'id': 'n1'}")["write"]["verb"] == "create"

    def test_once(self, alices: Items) -> None:
        ids = {run(alices, "INSERT INTO ~ VALUE {'id': 'n1'}", Idempotency_Key="k")["write"]["id"] for _ in range(2)}
        assert len(ids) == ItemWrite.objects.count() == 1
        assert run(alices, "INSERT INTO ~ VALUE {'id': 'n2'}", 422, Idempotency_Key="k")["code"] == "key-reused"

    def test_in_prod_it_is_a_change(self, prod: Items) -> None:
        text = "UPDATE ~ SET user_id = 'bob' WHERE id = 'm001'"
        assert run(prod, text, 422)["fields"].keys() == {"reason"}
        change = run(prod, text, 202, sent={"reason": "asked by support"})
        assert (change["kind"], change["reason"]) == ("write_items", "asked by support")
        again = run(prod, text, 202, sent={"reason": "otherwise", "replaces": change["id"]})
        assert again["supersedes"] == change["id"]
        assert prod.stored({"id": {"S": "m001"}}) == message(1)

    def test_what_is_only_for_reading(self, alices: Items) -> None:
        for name, value in (("consent", True), ("cursor", "x")):
            refused = run(alices, "DELETE FROM ~ WHERE id = 'm001'", 422, sent={name: value})
            assert refused["fields"].keys() == {name}

    def test_others_do_not(self, alices: Items, bob: User, audrey: User) -> None:
        for user in (bob, audrey):
            theirs = Items(program_of(user), alices.table, alices.aws)
            run(theirs, "DELETE FROM ~ WHERE id = 'm001'", 403)
        assert len(alices.there()) == 60
        assert not Change.objects.exists()

    def test_pitfall_42_another_environments_table_is_not_there(self, alices: Items, prod: Items) -> None:
        run(alices, " ".join(["DELETE FROM", f'"{prod.table.name}"', "WHERE id = 'm001'"]), 422)
        Table.objects.filter(pk=alices.table.pk).update(environment=None)
        run(alices, "SELECT * FROM ~ WHERE id = 'm001'", 404)
