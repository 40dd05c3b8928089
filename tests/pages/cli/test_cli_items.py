"""Tables and items from a terminal: read, written on what was read, moved by the thousand."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes.as_aws import AsAws

from portal.accounts.models import User
from portal.cli.failures import Exit
from provisioning.lifecycle import WriteState
from provisioning.models import Change, Environment, ItemWrite, Table

from ..item_moves.mover import file_of
from ..items.browser import ITEM, KEY
from ..tables.scene import INDEX, MESSAGES, make_messages, message, put
from .items_scene import DEV, all_of
from .served import Served, Terminal


class TestTables:
    """What is there."""

    def test_the_list_and_one(self, alice_types: Terminal, messages: Table, things: Table) -> None:
        listed = alice_types.told("tables", DEV)
        assert messages.name in listed
        assert "id (S), at (N)" in listed
        shown = alice_types.told("tables", DEV, "messages")
        for part in (INDEX, "messages-of-a-user-newest-first", "on demand"):
            assert part in shown
        assert alice_types.json("tables", DEV, "MessagesTable")["name"] == messages.name
        assert len(alice_types.json("tables", DEV)["items"]) == 2

    def test_what_is_not_there(self, alice_types: Terminal, messages: Table, dev: Environment, alice: User) -> None:
        said = alice_types.refused("tables", DEV, "nothing", code=Exit.NOT_FOUND)
        assert messages.name in said
        alice_types.refused("tables", "hello-erlang/none", code=Exit.NOT_FOUND)

    def test_a_name_that_may_be_two(self, alice_types: Terminal, messages: Table, aws: AsAws, dev: Environment) -> None:
        make_messages(aws, dev, f"old{MESSAGES}")
        assert "each of these" in alice_types.refused("items", "scan", DEV, "messages", code=Exit.USAGE)


class TestReading:
    """Queries, scans, one item."""

    def test_a_query_by_its_pattern(self, alice_types: Terminal, messages: Table) -> None:
        query = ["items", "query", DEV, "messages", "--pattern", "messages-of-a-user-newest-first", "--pk", "alice"]
        shown = alice_types.told(*query, "--limit", "2")
        lines = shown.splitlines()
        assert lines[0].split() == ["id", "user_id", "timestamp", "text"]
        assert [line.split()[0] for line in lines[1:3]] == ["m059", "m058"]
        assert "by a query" in shown
        found = alice_types.json(*query, "--sk", "between 1010 and 1012")
        assert [one["id"]["S"] for one in found["items"]] == ["m012", "m011", "m010"]

    def test_several_conditions_on_one_attribute(self, alice_types: Terminal, messages: Table) -> None:
        words = ["--where", "timestamp > 1010", "--where", "timestamp < 1013", "--where", "text begins-with Hello"]
        found = alice_types.json("items", "scan", DEV, "messages", *words, "--attribute", "id")
        assert sorted(one["id"]["S"] for one in found["items"]) == ["m011", "m012"]
        assert (found["returned"], found["scanned"]) == (2, 60)

    def test_all_pages_are_one(self, alice_types: Terminal, messages: Table, aws: AsAws) -> None:
        put(aws, messages.name, (message(number) for number in range(60, 250)))
        found = alice_types.json("items", "scan", DEV, "messages", "--limit", "0")
        assert len({one["id"]["S"] for one in found["items"]}) == len(found["items"]) == 250
        assert (found["next"], found["returned"]) == (None, 252)  # each page but the last looks for one more

    def test_it_goes_on_at_a_cursor(self, alice_types: Terminal, messages: Table) -> None:
        words = ["items", "query", DEV, "messages", "--index", INDEX, "--pk", "alice", "--limit", "40"]
        first = alice_types.run(*words, "--json")
        assert "There is more" in first.stderr
        rest = alice_types.json(*words, "--cursor", json.loads(first.stdout)["next"])
        assert len(rest["items"]) == 20

    @pytest.mark.parametrize(
        "words",
        [
            ["query", DEV, "messages"],
            ["query", DEV, "messages", "--pk", ""],
            ["scan", DEV, "messages", "--pk", "m001"],
            ["scan", DEV, "messages", "--where", "x"],
            ["scan", DEV, "messages", "--where", "x between 1"],
            ["scan", DEV, "messages", "--where", "x ~ 1"],
            ["scan", DEV, "messages", "--where", 'x = {"M": {}}'],
            ["scan", DEV, "messages", "--limit", "101"],
            ["scan", DEV, "messages", "--index", "none"],
            ["get", DEV, "messages", "a", "b"],
            ["get", DEV, "messages", "{"],
        ],
    )
    def test_what_cannot_be_asked(self, alice_types: Terminal, messages: Table, words: list[str]) -> None:
        alice_types.refused("items", *words, code=Exit.USAGE)

    def test_one_item_by_its_key(self, alice_types: Terminal, things: Table) -> None:
        assert "1700000000" in alice_types.told("items", "get", DEV, "things", "a", "1")
        assert alice_types.json("items", "get", DEV, "things", json.dumps(KEY))["item"] == ITEM
        alice_types.refused("items", "get", DEV, "things", "b", "1", code=Exit.NOT_FOUND)

    def test_prod_by_a_key_only_and_masked(self, alice_types: Terminal, prod: Table, aws: AsAws) -> None:
        put(aws, prod.name, [message(1, content={"S": "CANARY"})])
        said = alice_types.refused("items", "scan", "hello-erlang/prod", "messages", code=Exit.REFUSED)
        assert "never scanned" in said
        shown = alice_types.told("items", "get", "hello-erlang/prod", "messages", "m001")
        assert "hidden" in shown
        assert "CANARY" not in shown

    def test_what_an_item_holds_obeys_no_terminal(self, alice_types: Terminal, messages: Table, aws: AsAws) -> None:
        put(aws, messages.name, [message(1, **{"\x1b[2J": {"S": "\x1b]0;x\x07 日本"}})])
        for words in (["query", DEV, "messages", "--pk", "m001"], ["get", DEV, "messages", "m001"]):
            shown = alice_types.told("items", *words)
            assert "\x1b" not in shown
            assert "日本" in shown


class TestWriting:
    """On what was read."""

    def test_put_new_then_replaced(self, alice_types: Terminal, things: Table) -> None:
        item = '{"id": {"S": "b"}, "at": {"N": "2"}, "n": {"N": "1318796827993409899"}}'
        told = alice_types.json("items", "put", DEV, "things", item, "--reason", "to try")
        assert (told["write"]["verb"], told["write"]["reason"]) == ("create", "to try")
        said = alice_types.refused("items", "put", DEV, "things", item, code=Exit.CONFLICT)
        assert "exists" in said
        again = alice_types.json("items", "put", DEV, "things", item, "--replace")
        assert again["write"] is None
        assert ItemWrite.objects.filter(state=WriteState.DONE).count() == 1

    def test_plain_json_keeps_every_digit(self, alice_types: Terminal, things: Table, tmp_path: Path) -> None:
        file = tmp_path / "item.json"
        file.write_text(
            '{"id": "b", "at": 2, "n": 1318796827993409899, "f": 0.1, "l": [1, "a", null, true, {"x": {}}]}'
        )
        told = alice_types.json("items", "put", DEV, "things", "--plain", f"@{file}")
        assert told["item"]["n"] == {"N": "1318796827993409899"}
        assert told["item"]["l"] == {
            "L": [{"N": "1"}, {"S": "a"}, {"NULL": True}, {"BOOL": True}, {"M": {"x": {"M": {}}}}]
        }

    def test_edited(self, alice_types: Terminal, things: Table) -> None:
        words = ["--set", "n=5", "--set", 'm.y="7"', "--set", "kind=z=1", "--remove", "expires"]
        told = alice_types.json("items", "edit", DEV, "things", "a", "1", *words)
        assert told["item"] == {
            **KEY, "kind": {"S": "z=1"}, "n": {"N": "5"}, "m": {"M": {"x": {"S": "1"}, "y": {"S": "7"}}},
        }  # fmt: skip
        shown = alice_types.told("items", "edit", DEV, "things", "a", "1", "--set", "n=6")
        assert "5 → 6" in shown
        alice_types.refused("items", "edit", DEV, "things", "a", "1", code=Exit.USAGE)
        alice_types.refused("items", "edit", DEV, "things", "a", "1", "--set", "n", code=Exit.USAGE)

    def test_both_sides_where_somebody_was_quicker(self, alice_types: Terminal, things: Table, aws: AsAws) -> None:
        etag = alice_types.json("items", "get", DEV, "things", "a", "1")["etag"]
        aws.client.put_item(TableName=things.name, Item={**ITEM, "n": {"N": "5"}})
        words = ["items", "edit", DEV, "things", "a", "1", "--set", "n=2", "--if-match", etag]
        said = alice_types.refused(*words, code=Exit.CONFLICT)
        assert 'n: you want {"N": "2"}, there is {"N": "5"}' in said

    def test_deleted_and_taken_back(self, alice_types: Terminal, things: Table, aws: AsAws) -> None:
        words = ["items", "delete", DEV, "things", "a", "1"]
        assert "--yes" in alice_types.refused(*words, code=Exit.USAGE)
        assert all_of(aws, things)
        write = alice_types.json(*words, "--yes")["write"]["id"]
        assert all_of(aws, things) == []
        assert "Deleted" in alice_types.told("items", "history", DEV, "things", "a", "1")
        alice_types.told("items", "undo", DEV, "things", str(write))
        assert all_of(aws, things) == [ITEM]
        assert "cannot-undo" in alice_types.refused("items", "undo", DEV, "things", str(write), code=Exit.CONFLICT)

    @pytest.mark.parametrize("item", ["{", "[]", '{"at": {"N": "1"}}', '{"id": {"S": "a"}, "id": {"S": "b"}}', "@none"])
    def test_what_is_no_item(self, alice_types: Terminal, things: Table, item: str) -> None:
        alice_types.refused("items", "put", DEV, "things", item, code=Exit.USAGE)

    def test_in_prod_it_is_a_change(self, alice_types: Terminal, prod: Table) -> None:
        words = ["items", "edit", "hello-erlang/prod", "messages", "m001", "--set", "n=1"]
        alice_types.refused(*words, code=Exit.USAGE)
        change = alice_types.json(*words, "--reason", "asked by support")
        assert (change["kind"], change["id"]) == ("write_items", str(Change.objects.get().pk))

    def test_others_do_not(self, terminal_of: Callable[..., Terminal], bob: User, things: Table, aws: AsAws) -> None:
        terminal_of(bob).refused("items", "delete", DEV, "things", "a", "1", "--yes", code=Exit.REFUSED)
        assert all_of(aws, things) == [ITEM]


@pytest.mark.usefixtures("worker")
class TestMoving:
    """By the thousand."""

    def test_exported_into_a_file(self, alice_types: Terminal, messages: Table, tmp_path: Path) -> None:
        file = tmp_path / "out.ndjson"
        told = alice_types.json("items", "export", DEV, "messages", "-o", str(file), "--every", "0.05")
        assert (told["done"], told["status"]) == (60, "succeeded")
        assert len(file.read_text().splitlines()) == 60
        assert oct(file.stat().st_mode & 0o777) == "0o600"
        assert list(tmp_path.iterdir()).count(file) == 1
        csv = alice_types.told("items", "export", DEV, "messages", "--pk", "m001", "--format", "csv", "-o", "-")
        assert "m001" in csv

    def test_exported_without_waiting_then_downloaded(
        self, alice_types: Terminal, messages: Table, tmp_path: Path
    ) -> None:
        job = alice_types.json("items", "export", DEV, "messages", "--pk", "m001")
        alice_types.told("jobs", "watch", job["id"], "--every", "0.05")
        assert job["id"] in alice_types.told("jobs", "list")
        assert "download" in alice_types.told("jobs", "show", job["id"])
        alice_types.told("jobs", "download", job["id"], "-o", str(tmp_path / "x"))
        assert json.loads((tmp_path / "x").read_text())["id"] == {"S": "m001"}
        missing = alice_types.refused("jobs", "download", job["id"], "-o", str(tmp_path / "no" / "x"), code=Exit.USAGE)
        assert "cannot be written" in missing
        assert "ended" in alice_types.refused("jobs", "cancel", job["id"], code=Exit.CONFLICT)

    def test_counted(self, alice_types: Terminal, messages: Table) -> None:
        told = alice_types.json("items", "count", DEV, "messages", "--every", "0.05")
        assert told["done"] == 60

    def test_a_dry_run_writes_nothing(self, alice_types: Terminal, messages: Table, aws: AsAws, tmp_path: Path) -> None:
        file = tmp_path / "items.ndjson"
        file.write_bytes(file_of(message(100), message(1, text={"S": "other"}), message(2)))
        words = ["items", "import", DEV, "messages", str(file), "--every", "0.05"]
        told = alice_types.json(*words, "--dry-run")
        assert {name: told["found"][name] for name in ("new", "exists", "same")} == {"new": 1, "exists": 1, "same": 1}
        assert len(all_of(aws, messages)) == 60
        done = alice_types.json(*words)
        assert (done["phase"], done["done"], len(all_of(aws, messages))) == ("run", 1, 61)
        assert message(1) in all_of(aws, messages)
        over = alice_types.json(*words, "--over")
        assert over["done"] == 1
        assert message(1) not in all_of(aws, messages)
        alice_types.told("jobs", "put-back", over["id"], "--wait", "--every", "0.05")
        assert message(1) in all_of(aws, messages)
        alice_types.told(*words, "--over")
        nothing = alice_types.run(*words)
        assert "nothing to write" in nothing.stderr

    def test_wrong_lines_stop_it(self, alice_types: Terminal, messages: Table, aws: AsAws, tmp_path: Path) -> None:
        file = tmp_path / "items.ndjson"
        file.write_bytes(file_of(message(100)) + b'{"id": {"N": "1"}}\n')
        words = ["items", "import", DEV, "messages", str(file), "--every", "0.05"]
        for more in ([], ["--dry-run"]):
            found = alice_types.run(*words, *more)
            assert found.exit_code == Exit.FAILED
            assert "1 line is wrong. Nothing was written." in found.stderr
            assert "2 " in found.stdout  # the line
        assert len(all_of(aws, messages)) == 60
        alice_types.told(*words, "--skip-wrong")
        assert len(all_of(aws, messages)) == 61

    def test_what_is_no_file(self, alice_types: Terminal, messages: Table, tmp_path: Path) -> None:
        alice_types.refused("items", "import", DEV, "messages", str(tmp_path / "none"), code=Exit.USAGE)
        (tmp_path / "empty").touch()
        said = alice_types.refused("items", "import", DEV, "messages", str(tmp_path / "empty"), code=Exit.USAGE)
        assert "empty" in said

    def test_into_prod_it_is_a_change(self, alice_types: Terminal, prod: Table, aws: AsAws, tmp_path: Path) -> None:
        (tmp_path / "items.ndjson").write_bytes(file_of(message(100)))
        words = ["items", "import", "hello-erlang/prod", "messages", str(tmp_path / "items.ndjson"), "--every", "0.05"]
        alice_types.refused(*words, code=Exit.USAGE)
        change = alice_types.json(*words, "--reason", "asked by support")
        assert change["kind"] == "write_items"
        assert len(all_of(aws, prod)) == 60

    def test_it_waits_so_long_at_most(
        self, alice_types: Terminal, messages: Table, served: Served, tmp_path: Path
    ) -> None:
        served.after = None
        words = ["items", "export", DEV, "messages", "-o", str(tmp_path / "x"), "--timeout", "0.1", "--every", "0.05"]
        assert "jobs watch" in alice_types.refused(*words, code=Exit.TIMED_OUT)
        assert not (tmp_path / "x").exists()


def test_the_token_is_nowhere(alice_types: Terminal, things: Table) -> None:
    token = str(alice_types.environment["STACKYARD_TOKEN"])
    for words in (["items", "get", DEV, "things", "a", "1", "--json"], ["items", "get", DEV, "things", "b", "1"]):
        assert token not in alice_types.run(*words).output


def test_standard_input(alice_types: Terminal, things: Table) -> None:
    found = alice_types.run("items", "put", DEV, "things", "--plain", "-", typed='{"id": "c", "at": 3}')
    assert found.exit_code == 0, found.stderr
    assert "Created" in found.stdout
