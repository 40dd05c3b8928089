"""Many items from a terminal: what it takes first, then lists that are deleted, copies elsewhere, comparisons."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone
from fakes.as_aws import AsAws

from portal.accounts.models import User
from portal.cli.failures import Exit
from provisioning.lifecycle import ChangeStatus
from provisioning.models import Account, AuditEntry, Change, ItemJob, Table

from ..item_changes.scene import worked
from ..item_moves.mover import file_of
from ..items.browser import KEY
from ..tables.scene import INDEX, message, put
from .items_scene import DEV, PROD, SOON, STAGING, all_of
from .served import Terminal

OF_ALICE = ("--index", INDEX, "--pk", "alice")


class TestPrices:
    """Told, and nothing is done."""

    @pytest.mark.parametrize("command", ["scan", "export", "count", "delete-many"])
    def test_of_everything(self, alice_types: Terminal, messages: Table, aws: AsAws, command: str) -> None:
        Table.objects.filter(pk=messages.pk).update(item_count=41_203, size_bytes=50_000_000)
        aws.calls.clear()
        shown = alice_types.told("items", command, DEV, "messages", "--price")
        for part in ("everything, by a scan", "about 41,203 items", "6,104 units", "at 3,000 a second"):
            assert part in shown
        assert not aws.calls
        assert not ItemJob.objects.exists()

    def test_of_a_query_and_of_what_is_refused(self, alice_types: Terminal, messages: Table, prod: Table) -> None:
        found = alice_types.json("items", "query", DEV, "messages", *OF_ALICE, "--price")
        assert found["reads"] == "query"
        assert "never scanned" in alice_types.told("items", "scan", PROD, "messages", "--price")

    def test_of_a_comparison_and_a_copy(self, alice_types: Terminal, messages: Table, staging: Table) -> None:
        compare = ["items", "compare", DEV, "messages", "--with", "staging", "--price"]
        assert "hello-erlang/staging" in alice_types.told(*compare)
        assert "At once" in alice_types.told(*compare, *OF_ALICE)
        copy = ["items", "copy-many", DEV, "messages", "--into", "staging", "--count", "10", "--dry-run"]
        assert "10 items at most" in alice_types.told(*copy)
        assert not ItemJob.objects.exists()


@pytest.mark.usefixtures("worker")
class TestDeleting:
    """A list that is frozen, looked at, and deleted."""

    def test_shown_first_then_run(self, alice_types: Terminal, messages: Table, aws: AsAws) -> None:
        words = ["items", "delete-many", DEV, "messages", *OF_ALICE, "--sk", "< 1012", *SOON]
        shown = alice_types.run(*words, "--dry-run")
        assert shown.exit_code == 0, shown.stderr
        for part in ("12 items of", "are deleted", "m000", "and 2 more", "24 write units"):
            assert part in shown.stdout
        assert len(all_of(aws, messages)) == 60
        job = ItemJob.objects.get()
        assert f"stackyard jobs run {job.pk} --confirm 12" in shown.stderr
        done = alice_types.json("jobs", "run", str(job.pk), "--confirm", "12", "--wait", *SOON)
        assert (done["kind"], done["done"], len(all_of(aws, messages))) == ("delete", 12, 48)
        assert "already" in alice_types.refused("jobs", "run", str(job.pk), "--confirm", "12", code=Exit.CONFLICT)
        plan = alice_types.told("jobs", "put-back", done["id"], "--dry-run")
        assert "12 items that the job deleted are put back as they were." in plan
        assert len(all_of(aws, messages)) == 48
        alice_types.told("jobs", "put-back", done["id"], "--wait", *SOON)
        assert len(all_of(aws, messages)) == 60

    def test_in_one_go(self, alice_types: Terminal, messages: Table, aws: AsAws) -> None:
        words = ["items", "delete-many", DEV, "messages", "--where", "timestamp < 1003", *SOON]
        said = alice_types.refused(*words, code=Exit.USAGE)
        assert "nobody can be asked here" in said
        assert "--confirm 3" in said
        assert "Type dev-alice or 3" in alice_types.refused(*words, "--confirm", "4", code=Exit.USAGE)
        assert len(all_of(aws, messages)) == 60
        done = alice_types.run(*words, "--confirm", "3", "--wait", "--json")
        assert "m001" in done.stderr
        assert json.loads(done.stdout)["done"] == 3
        assert len(all_of(aws, messages)) == 57

    def test_by_a_file_of_keys(self, alice_types: Terminal, messages: Table, aws: AsAws, tmp_path: Path) -> None:
        file = tmp_path / "keys.ndjson"
        file.write_text('{"id": {"S": "m001"}}\n\n{"id": {"S": "m002"}}\n')
        words = ["items", "delete-many", DEV, "messages", "--keys", str(file), *SOON]
        alice_types.told(*words, "--confirm", "dev-alice", "--wait")
        assert len(all_of(aws, messages)) == 58
        alice_types.refused(*words, "--pk", "m001", code=Exit.USAGE)
        for content in ("", "{", '{"id": {"N": "1"}}'):
            file.write_text(content)
            alice_types.refused(*words, code=Exit.USAGE)

    def test_nothing_found(self, alice_types: Terminal, messages: Table) -> None:
        found = alice_types.run("items", "delete-many", DEV, "messages", "--pk", "none", *SOON)
        assert (found.exit_code, "nothing to delete" in found.stderr) == (0, True)

    def test_in_prod_it_is_a_change(self, alice_types: Terminal, prod: Table, aws: AsAws) -> None:
        words = ["items", "delete-many", PROD, "messages", "--pk", "m001", "--confirm", "1", *SOON]
        alice_types.refused("items", "delete-many", PROD, "messages", "--confirm", "1", code=Exit.REFUSED)
        alice_types.refused(*words, code=Exit.USAGE)
        change = alice_types.json(*words, "--reason", "asked by support")
        assert change["kind"] == "write_items"
        assert message(1) in all_of(aws, prod)
        Change.objects.filter(pk=change["id"]).update(sent_back=True, status=ChangeStatus.AWAITING_APPROVAL)
        instead = ["--reason", "as you said", "--instead", change["id"]]
        frozen = str(ItemJob.objects.filter(change=None).latest("asked_at").pk)
        again = alice_types.json("jobs", "run", frozen, "--confirm", "1", *instead)
        assert again["supersedes"] == change["id"]

    def test_others_do_not(self, terminal_of: Callable[..., Terminal], bob: User, messages: Table) -> None:
        words = ["items", "delete-many", DEV, "messages", "--pk", "m001", "--confirm", "1"]
        terminal_of(bob).refused(*words, code=Exit.REFUSED)


@pytest.mark.usefixtures("worker")
class TestJobs:
    """What else is done to jobs."""

    def test_a_dry_run_is_run_later(self, alice_types: Terminal, messages: Table, aws: AsAws, tmp_path: Path) -> None:
        file = tmp_path / "items.ndjson"
        file.write_bytes(file_of(message(100), message(1, text={"S": "other"})) + b'{"id": {"N": "1"}}\n')
        alice_types.run("items", "import", DEV, "messages", str(file), *SOON)
        job = str(ItemJob.objects.get().pk)
        assert "1 item that differs left alone." in alice_types.told("jobs", "run", job, "--dry-run")
        assert "written over" in alice_types.told("jobs", "run", job, "--dry-run", "--over")
        report = tmp_path / "report.csv"
        alice_types.told("jobs", "report", job, "-o", str(report))
        assert report.read_text(encoding="utf-8-sig").startswith("line,key,what\n3,")
        alice_types.refused("jobs", "run", job, "--confirm", "1", code=Exit.USAGE)
        alice_types.told("jobs", "run", job, "--over", "--wait", *SOON)
        assert len(all_of(aws, messages)) == 61
        assert message(1) not in all_of(aws, messages)

    def test_anew_and_removed(self, alice_types: Terminal, messages: Table) -> None:
        job = alice_types.json("items", "export", DEV, "messages", "--pk", "m001", "--wait", *SOON)
        again = alice_types.json("jobs", "retry", job["id"])
        assert again["id"] != job["id"]
        assert "download" not in alice_types.json("jobs", "drop", job["id"])["acts"]
        listed = alice_types.json("jobs", "list", "--env", DEV, "--table", messages.name)["items"]
        assert [one["id"] for one in listed] == [again["id"], job["id"]]
        assert alice_types.json("jobs", "list", "--table", "none")["items"] == []


@pytest.mark.usefixtures("worker")
class TestElsewhere:
    """Copies and comparisons."""

    def test_copied(self, alice_types: Terminal, messages: Table, staging: Table, aws: AsAws) -> None:
        words = ["items", "copy-many", DEV, "messages", "--into", STAGING, "--count", "1000", *SOON]
        assert "--yes" in alice_types.refused(*words, code=Exit.USAGE)
        done = alice_types.json(*words, "--yes", "--wait")
        assert (done["kind"], done["environment"]) == ("copy", STAGING)
        there = all_of(aws, staging)
        assert message(1) in there
        assert message(2) not in there
        alice_types.told(*words, "--yes", "--wait", "--over")
        assert message(2) in all_of(aws, staging)

    def test_a_copy_that_cannot_be(self, alice_types: Terminal, messages: Table, staging: Table) -> None:
        words = ["items", "copy-many", DEV, "messages", "--yes"]
        alice_types.refused(*words, "--into", "fileshare/dev", code=Exit.USAGE)
        alice_types.refused(*words, "--into", "none", code=Exit.USAGE)
        alice_types.refused(*words, "--into", "staging", "--pk", "m001", "--random", code=Exit.USAGE)

    def test_into_prod_it_is_a_change(self, alice_types: Terminal, messages: Table, prod: Table) -> None:
        words = ["items", "copy-many", DEV, "messages", "--into", "prod", "--count", "10", "--yes"]
        assert "somebody else approves" in alice_types.told(*words, "--dry-run")
        alice_types.refused(*words, code=Exit.USAGE)
        assert alice_types.json(*words, "--reason", "to begin with")["kind"] == "write_items"

    def test_where_else_it_is(self, alice_types: Terminal, messages: Table, staging: Table, things: Table) -> None:
        for command in ("compare", "copy-many"):
            shown = alice_types.told("items", command, DEV, "messages")
            assert (STAGING in shown, "yes" in shown) == (True, True)
        assert "No other environment" in alice_types.told("items", "compare", DEV, "things")

    def test_compared_at_once(self, alice_types: Terminal, messages: Table, staging: Table) -> None:
        words = ["items", "compare", DEV, "messages", "--with", "staging"]
        shown = alice_types.told(*words, *OF_ALICE, code=Exit.FAILED)
        lines = [" ".join(line.split()) for line in shown.splitlines()]
        assert "m001 only here" in lines
        assert "m002 differs text Hello 2 other" in lines
        assert "m100 only there" in lines
        assert "Only in hello-erlang/staging 1" in lines
        same = alice_types.told(*words, "--pk", "m005")
        assert "Nothing differs." in same
        limited = alice_types.run(*words, *OF_ALICE, "--limit", "1")
        assert "2 more differ" in limited.stderr

    def test_compared_to_the_end(self, alice_types: Terminal, messages: Table, staging: Table) -> None:
        words = ["items", "compare", DEV, "messages", "--with", "staging", *SOON]
        found = alice_types.json(*words, code=Exit.FAILED)
        assert {one["key"]["id"]["S"]: one["outcome"] for one in found["items"]} == {
            "m001": "extra", "m002": "different", "m100": "missing",
        }  # fmt: skip
        assert (found["kind"], found["next"]) == ("compare", None)
        alice_types.told(*words, *OF_ALICE, "--sk", "between 1010 and 1020", "--all")
        alice_types.refused(*words[:5], "none", code=Exit.USAGE)

    def test_there_is_more_to_compare(self, alice_types: Terminal, messages: Table, staging: Table, aws: AsAws) -> None:
        more = [message(number) for number in range(200, 1400)]
        for table in (messages, staging):
            put(aws, table.name, more)
        words = ["items", "compare", DEV, "messages", "--with", "staging", *OF_ALICE, "--sk", "> 1199"]
        found = alice_types.run(*words)
        assert found.exit_code == Exit.FAILED
        assert "--all goes to the end" in found.stderr
        assert alice_types.run(*words, "--all", *SOON).exit_code == 0


class TestOneItem:
    """Another key, and what is hidden."""

    def test_copied_and_moved(self, alice_types: Terminal, things: Table, aws: AsAws) -> None:
        words = ["items", "copy", DEV, "things", "a", "1"]
        told = alice_types.json(*words, "--to", "b", "--to", "2")
        assert told["key"] == {"id": {"S": "b"}, "at": {"N": "2"}}
        assert len(all_of(aws, things)) == 2
        assert "exists" in alice_types.refused(*words, "--to", "b", "--to", "2", code=Exit.CONFLICT)
        alice_types.told(*words, "--to", '{"id": {"S": "c"}, "at": {"N": "3"}}', "--move")
        assert [item["id"]["S"] for item in all_of(aws, things)] == ["b", "c"]
        alice_types.refused(*words, "--to", "x", code=Exit.USAGE)
        alice_types.refused(*words, "--to", "{", code=Exit.USAGE)
        assert KEY["id"] == {"S": "a"}

    def test_what_is_hidden_is_shown_for_a_reason(
        self, alice_types: Terminal, terminal_of: Callable[..., Terminal], audrey: User, prod: Table, aws: AsAws
    ) -> None:
        put(aws, prod.name, [message(1, content={"S": "CANARY"})])
        words = ["items", "reveal", PROD, "messages", "m001"]
        assert "CANARY" not in alice_types.told("items", "get", PROD, "messages", "m001")
        alice_types.refused(*words, code=Exit.USAGE)
        alice_types.refused(*words, "--reason", "x", code=Exit.USAGE)
        assert "CANARY" in alice_types.told(*words, "--reason", "asked by support")
        terminal_of(audrey).refused(*words, "--reason", "asked by support", code=Exit.REFUSED)
        assert AuditEntry.objects.filter(reason="asked by support").count() == 1


class TestEveryTable:
    """Without an environment, and without a table."""

    def test_what_was_written_in_any_table(self, alice_types: Terminal, messages: Table, things: Table) -> None:
        alice_types.told("items", "edit", DEV, "things", "a", "1", "--set", "n=7", "--reason", "to try")
        alice_types.told("items", "delete", DEV, "messages", "m001", "--yes")
        lines = alice_types.told("items", "history", DEV).splitlines()
        assert messages.name in lines[1]
        assert "to try" in lines[2]
        assert "Nothing was written." in alice_types.told("items", "history", DEV, "messages", "m002")

    def test_the_list(self, alice_types: Terminal, messages: Table, prod: Table) -> None:
        Table.objects.update(stack_name="some", item_count=10)
        shown = alice_types.told("tables")
        for part in (messages.name, prod.name, DEV, "2 tables, about 20 items"):
            assert part in shown
        found = alice_types.json("tables", "--stage", "prod", "--app", "hello-erlang", "-q", "messages")
        assert [one["name"] for one in found["items"]] == [prod.name]
        assert alice_types.json("tables", "--problem", "unprotected")["items"][0]["name"] == prod.name
        alice_types.refused("tables", DEV, "--stage", "prod", code=Exit.USAGE)
        alice_types.refused("tables", "--problem", "none", code=Exit.USAGE)


def test_writes_that_were_sent_back_are_asked_for_again(alice_types: Terminal, prod: Table) -> None:
    Account.objects.update(facts_at=timezone.now())
    words = ["items", "edit", PROD, "messages", "m001", "--set", "user_id=bob", "--reason", "asked by support"]
    change = Change.objects.get(pk=alice_types.json(*words)["id"])
    worked(change)
    Change.objects.filter(pk=change.pk).update(sent_back=True)
    again = ["items", "again", str(change.pk), "--reason", "as you said"]
    assert "no write 7" in alice_types.refused(*again, "--write", "7", code=Exit.USAGE)
    assert alice_types.json(*again)["supersedes"] == str(change.pk)
    alice_types.refused(*again, "--write", "0", code=Exit.CONFLICT)
