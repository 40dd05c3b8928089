"""Long work on items by the API: exports and their files, counts, imports with a dry run, copies, deletions."""

import json
from typing import Any

import pytest

from portal.accounts.models import Scope, User
from provisioning.lifecycle import JobStatus
from provisioning.models import AuditEntry, Change, ItemJob

from ... import rows
from ...item_moves.mover import file_of
from ...tables.scene import INDEX, MESSAGES, make_messages, message, put
from ..program import Program, program_of, token_for, told
from .scene import Items


def bytes_of(answer: Any) -> bytes:
    """All of a streamed answer."""
    return b"".join(answer.streaming_content)


class TestExports:
    """All that a query or scan finds, as a file."""

    def test_the_whole_table(self, alices: Items) -> None:
        opened = alices.job("exports", {"filters": [{"path": "timestamp", "op": "<", "type": "N", "value": "1003"}]})
        assert (opened["kind"], opened["status"], opened["over"]) == ("export", "queued", False)
        assert opened["expected"]["rate"] == 3000
        job = alices.over(opened)
        assert (job["status"], job["done"], job["scanned"], job["share"]) == ("succeeded", 3, 60, 100)
        assert {"download", "retry", "drop"} <= set(job["acts"])
        answer = alices.file(job)
        assert answer.status_code == 200
        lines = sorted((json.loads(line) for line in bytes_of(answer).splitlines()), key=lambda item: item["id"]["S"])
        assert lines == [message(number) for number in range(3)]
        assert (answer["Cache-Control"], answer["Content-Type"]) == ("no-store, private", "application/x-ndjson")
        entry = AuditEntry.objects.get(verb="job_download")
        assert entry.detail["token"].startswith("ci (")

    @pytest.mark.parametrize(("form", "begins"), [("csv", "\ufeffid,"), ("json", '{"')])
    def test_other_forms(self, alices: Items, form: str, begins: str) -> None:
        job = alices.over(alices.job("exports", {"index": INDEX, "pk": "alice", "sk_op": "<", "sk": "1003"}))
        assert bytes_of(alices.file(job, form)).decode().startswith(begins)

    def test_pitfall_43_a_file_is_once_and_mine(self, alices: Items, bob: User) -> None:
        job = alices.over(alices.job("exports", {"pk": "m001"}))
        ticket = alices.program.post(f"/jobs/{job['id']}/downloads", {}, 201)
        path = ticket["url"].removeprefix("/api/v1")
        others = program_of(bob)
        assert others.get(path, 404)["code"] == "not-found"
        assert others.post(f"/jobs/{job['id']}/downloads", {}, 403)["code"] == "not-yours"
        assert alices.program.ask("GET", path).status_code == 200
        assert alices.program.get(path, 410)["code"] == "used-ticket"
        alices.program.get(f"{path}x", 404)

    def test_prod_by_a_query_only_and_masked(self, prod: Items) -> None:
        assert prod.job("exports", {}, 403)["code"] == "no-scan-in-prod"
        put(prod.aws, prod.table.name, [message(1, content={"S": "CANARY"})])
        job = prod.over(prod.job("exports", {"pk": "m001"}))
        assert b"CANARY" not in bytes_of(prod.file(job))
        hidden = [{"path": "content", "op": "exists"}]
        assert prod.job("exports", {"pk": "m001", "filters": hidden}, 403)["code"] == "hidden"

    def test_an_auditor_exports_too(self, alices: Items, audrey: User) -> None:
        theirs = Items(Program(token_for(audrey, Scope.READ).text), alices.table, alices.aws)
        job = theirs.over(theirs.job("exports", {"pk": "m001"}))
        assert bytes_of(theirs.file(job))
        theirs.job("imports", None, 403)

    @pytest.mark.parametrize(
        ("sent", "field"),
        [
            ({"rate": 0}, "rate"),
            ({"rate": 10**9}, "rate"),
            ({"pk": ""}, "pk"),
            ({"index": "none"}, "index"),
            ({"filters": [{"path": ""}]}, "filters.0.path"),
            ({"filters": [{"path": "a", "op": "~"}]}, "filter.0"),
            ({"attributes": ["a..b"]}, "attribute"),
            ({"limit": 5}, "limit"),
        ],
    )
    def test_what_cannot_be_asked(self, alices: Items, sent: Any, field: str) -> None:
        assert alices.job("exports", sent, 422)["fields"].keys() == {field}
        assert not ItemJob.objects.exists()

    def test_no_faster_than_what_is_provisioned(self, alices: Items) -> None:
        row = alices.table
        row.described |= {"billing_mode": "PROVISIONED", "read_capacity": 10}
        row.save()
        assert alices.job("exports", {"rate": 11}, 422)["fields"].keys() == {"rate"}
        assert alices.job("exports", {})["expected"]["rate"] == 5

    def test_once(self, alices: Items) -> None:
        ids = {alices.job("exports", {"pk": "m001"}, Idempotency_Key="k")["id"] for _ in range(2)}
        assert len(ids) == ItemJob.objects.count() == 1
        assert alices.job("exports", {"pk": "m002"}, 422, Idempotency_Key="k")["code"] == "key-reused"


class TestJobs:
    """How far they are, and what is done to them."""

    def test_a_count(self, alices: Items) -> None:
        job = alices.over(alices.job("counts", {"index": INDEX, "pk": "alice"}))
        assert (job["kind"], job["done"]) == ("count", 60)

    def test_cancelled_and_gone_on_with(self, alices: Items) -> None:
        job = alices.job("exports", {})
        cancelled = alices.job(f"/jobs/{job['id']}/cancel", None, 200)
        assert cancelled["cancel_asked"]
        assert alices.over(job)["status"] == JobStatus.CANCELLED
        assert alices.job(f"/jobs/{job['id']}/cancel", None, 409)["code"] == "ended"
        alices.job(f"/jobs/{job['id']}/resume", None, 200)
        assert alices.over(job)["done"] == 60
        again = alices.job(f"/jobs/{job['id']}/retry")
        assert again["id"] != job["id"]

    def test_removed_before_its_time(self, alices: Items) -> None:
        job = alices.over(alices.job("exports", {"pk": "m001"}))
        for _ in range(2):
            dropped = alices.job(f"/jobs/{job['id']}/drop", None, 200, Idempotency_Key="k")
        assert "download" not in dropped["acts"]
        assert alices.job(f"/jobs/{job['id']}/downloads", {}, 409)["code"] == "time-over"
        assert AuditEntry.objects.filter(verb="job_drop").count() == 1

    def test_the_list(self, alices: Items, bob: User) -> None:
        mine = alices.job("exports", {"pk": "m001"})
        theirs = Items(program_of(bob), alices.table, alices.aws).job("counts", {"pk": "m001"})
        ids = [one["id"] for one in alices.program.get("/jobs")["items"]]
        assert ids == [mine["id"]]
        everybodys = alices.program.get("/jobs?whose=all&environment=hello-erlang/dev-alice&limit=1")
        rest = alices.program.get(
            f"/jobs?whose=all&environment=hello-erlang/dev-alice&limit=1&cursor={everybodys['next']}"
        )
        assert [one["items"][0]["id"] for one in (everybodys, rest)] == [theirs["id"], mine["id"]]
        assert alices.program.get("/jobs?table=none")["items"] == []

    def test_other_peoples(self, alices: Items, bob: User, ada: User) -> None:
        job = alices.job("exports", {"pk": "m001"})
        assert program_of(bob).post(f"/jobs/{job['id']}/cancel", None, 403)["code"] == "not-yours"
        assert program_of(bob).get(f"/jobs/{job['id']}")["acts"] == []
        assert program_of(ada).post(f"/jobs/{job['id']}/cancel", None, 200)["cancel_asked"]

    def test_a_token_that_reads_ends_only_what_reads(self, alices: Items, alice: User) -> None:
        frozen, export = alices.job("deletions", {"pk": "m001"}), alices.job("exports", {"pk": "m001"})
        reader = Program(token_for(alice, Scope.READ).text)
        assert reader.post(f"/jobs/{frozen['id']}/cancel", None, 403)["code"] == "no-scope"
        reader.post(f"/jobs/{export['id']}/cancel", None, 200)


class TestImports:
    """A file, its dry run, its report, and what is written."""

    def test_a_dry_run_then_what_it_found(self, alices: Items) -> None:
        new, other = message(100), message(1, text={"S": "other"})
        content = file_of(new, other, message(2)) + b'{"id": {"N": "1"}}\n{"no": \n'
        job = alices.over(told(alices.upload(content), 202))
        assert (job["phase"], job["status"]) == ("check", "succeeded")
        assert {name: job["found"][name] for name in ("new", "exists", "same", "wrong")} == {
            "new": 1, "exists": 1, "same": 1, "wrong": 2,
        }  # fmt: skip
        report = alices.program.get(f"/jobs/{job['id']}/report?limit=1")
        rest = alices.program.get(f"/jobs/{job['id']}/report?cursor={report['next']}")
        lines = [one["line"] for one in (*report["items"], *rest["items"])]
        assert {4, 5} <= set(lines)
        assert len(alices.there()) == 60
        assert "run" in job["acts"]
        done = alices.over(alices.job(f"/jobs/{job['id']}/run", {"mode": "over"}))
        assert (done["kind"], done["phase"], done["of"], done["done"]) == ("import", "run", job["id"], 2)
        assert [item for item in alices.there() if item["id"]["S"] in {"m100", "m001"}] == [other, new]
        assert alices.job(f"/jobs/{job['id']}/run", {}, 409)["code"] == "cannot-run"
        assert "put_back" in done["acts"]
        alices.over(alices.job(f"/jobs/{done['id']}/put_back", {}))
        assert message(1) in alices.there()

    def test_csv_by_its_name(self, alices: Items) -> None:
        job = alices.over(told(alices.upload(b"id,user_id,timestamp:N\nx1,bob,5\n", "?file=items.csv"), 202))
        assert job["found"]["new"] == 1

    @pytest.mark.parametrize(("content", "said"), [(b"", "empty"), (b"\x1f\x8b", "compressed"), (b"PK\x03\x04", "CSV")])
    def test_what_is_no_file(self, alices: Items, content: bytes, said: str) -> None:
        refused = told(alices.upload(content), 422)
        assert said in refused["fields"]["file"]
        assert not ItemJob.objects.exists()

    def test_one_that_is_too_large(self, alices: Items, settings: Any) -> None:
        settings.IMPORT_MOST_MIB = 1
        refused = told(alices.upload(b"{}\n" * 400_000), 422)
        assert "larger than 1 MiB" in refused["fields"]["file"]

    def test_a_form_is_no_file(self, alices: Items) -> None:
        path = f"/api/v1{alices.home}/imports"
        answer = alices.program.client.post(path, {"file": "x"}, headers=alices.program.headers)
        assert (answer.status_code, answer.json()["fields"].keys()) == (422, {"file"})

    def test_once(self, alices: Items) -> None:
        answers = [alices.upload(file_of(message(100)), Idempotency_Key="k") for _ in range(2)]
        assert {told(one, 202)["id"] for one in answers} == {str(ItemJob.objects.get().pk)}
        other = alices.upload(file_of(message(101)), Idempotency_Key="k")
        assert told(other, 422)["code"] == "key-reused"

    def test_a_report_is_for_who_asked(self, alices: Items, ada: User) -> None:
        job = alices.over(told(alices.upload(file_of(message(100))), 202))
        assert program_of(ada).get(f"/jobs/{job['id']}/report", 403)["code"] == "not-yours"

    def test_in_prod_it_is_a_change(self, prod: Items) -> None:
        job = prod.over(told(prod.upload(file_of(message(100))), 202))
        assert prod.job(f"/jobs/{job['id']}/run", {}, 422)["fields"].keys() == {"reason"}
        change = prod.job(f"/jobs/{job['id']}/run", {"reason": "asked by support"})
        assert (change["kind"], change["reason"]) == ("write_items", "asked by support")
        assert len(prod.there()) == 60
        assert Change.objects.count() == 1


class TestDeletions:
    """A frozen list, confirmed, deleted, put back."""

    def test_all_that_a_query_finds(self, alices: Items) -> None:
        asked = {"index": INDEX, "pk": "alice", "sk_op": "<", "sk": "1005"}
        job = alices.over(alices.job("deletions", asked))
        assert (job["phase"], job["found"]["items"], len(alices.there())) == ("freeze", 5, 60)
        for confirm in ("", "6", "dev"):
            assert alices.job(f"/jobs/{job['id']}/run", {"confirm": confirm}, 422)["fields"].keys() == {"confirm"}
        alices.job(f"/jobs/{job['id']}/run", {"mode": "new", "confirm": "5"}, 422)
        done = alices.over(alices.job(f"/jobs/{job['id']}/run", {"confirm": "5"}))
        assert (done["done"], len(alices.there())) == (5, 55)
        back = alices.over(alices.job(f"/jobs/{done['id']}/put_back", {}))
        assert (back["done"], len(alices.there())) == (5, 60)

    def test_by_their_keys(self, alices: Items) -> None:
        keys = [{"id": {"S": "m001"}}, {"id": {"S": "m002"}}]
        job = alices.over(alices.job("deletions", {"keys": keys}))
        alices.over(alices.job(f"/jobs/{job['id']}/run", {"confirm": "dev-alice"}))
        assert len(alices.there()) == 58
        assert alices.job("deletions", {"keys": keys, "pk": "m001"}, 422)["fields"].keys() == {"keys"}
        for wrong in ({"id": {"N": "x"}}, {"id": {"N": "1"}}, {"other": {"S": "x"}}, {}):
            assert alices.job("deletions", {"keys": [wrong]}, 422)["fields"].keys() == {"keys.0"}

    def test_others_do_not(self, alices: Items, bob: User, audrey: User) -> None:
        for user in (bob, audrey):
            program_of(user).post(f"{alices.home}/deletions", {"pk": "m001"}, 403)


class TestElsewhere:
    """Copies into another environment, and comparisons with it."""

    @pytest.fixture
    def staging(self, alices: Items, alice: User) -> Items:
        """The same table in staging, empty but for one message that differs."""
        environment = rows.environment(alice, "staging")
        there = Items(alices.program, make_messages(alices.aws, environment, f"staging{MESSAGES}"), alices.aws)
        for item in there.there():
            alices.aws.client.delete_item(TableName=there.table.name, Key={"id": item["id"]})
        put(alices.aws, there.table.name, [message(1, text={"S": "other"})])
        return there

    def test_copied(self, alices: Items, staging: Items) -> None:
        job = alices.over(alices.job("copies", {"into": "staging", "count": 10}))
        assert (job["environment"], job["kind"]) == ("hello-erlang/staging", "copy")
        assert 10 <= len(staging.there()) <= 11
        assert alices.job("copies", {"into": "nowhere", "count": 10}, 422)["fields"].keys() == {"into"}
        assert alices.job("copies", {"into": "staging", "count": 0}, 422)["fields"].keys() == {"count"}

    def test_into_prod_it_is_a_change(self, alices: Items, prod: Items) -> None:
        change = alices.job("copies", {"into": "prod", "count": 10, "reason": "to begin with"})
        assert (change["kind"], change["environment"]) == ("write_items", "hello-erlang/prod")

    def test_compared(self, alices: Items, staging: Items) -> None:
        job = alices.over(alices.job("comparisons", {"against": "staging", "index": INDEX, "pk": "alice"}))
        assert job["found"] | {"rows": 0} == {"different": 1, "extra": 59, "rows": 0}
        rows_of = [json.loads(line) for line in bytes_of(alices.file(job)).splitlines()]
        assert len(rows_of) == 60
        assert alices.job("comparisons", {"against": "nowhere"}, 422)["fields"].keys() == {"against"}
