"""Before anything is done by the API: what it takes, what it would do, where else a table is, what differs there."""

from typing import Any

import pytest

from portal.accounts.models import User
from provisioning.models import AuditEntry, Table

from ... import rows
from ...item_moves.mover import file_of
from ...tables.scene import INDEX, MESSAGES, make_messages, message, put
from ..program import program_of, told
from .scene import Items, where


@pytest.fixture
def staging(alices: Items, alice: User) -> Items:
    """The same table in staging: one message is gone, one differs, one is there only."""
    environment = rows.environment(alice, "staging", stage="staging")
    there = Items(alices.program, make_messages(alices.aws, environment, f"staging{MESSAGES}"), alices.aws)
    alices.aws.client.delete_item(TableName=there.table.name, Key={"id": {"S": "m001"}})
    put(alices.aws, there.table.name, [message(2, text={"S": "other"}), message(100)])
    return there


class TestPrices:
    """By DynamoDB's own counts; AWS is asked nothing."""

    def test_of_a_scan_and_of_a_query(self, alices: Items) -> None:
        Table.objects.filter(pk=alices.table.pk).update(item_count=41_203, size_bytes=50_000_000)
        alices.aws.calls.clear()
        scan = alices.program.get(f"{alices.home}/price")
        assert (scan["reads"], scan["items"], scan["size_bytes"], scan["why_not"]) == ("scan", 41_203, 50_000_000, "")
        assert float(scan["click"]["units"]) == 512
        assert float(scan["whole"]["units"]) > 6000
        assert float(scan["whole"]["usd"]) > float(scan["page"]["usd"])
        assert (scan["provisioned"], scan["rate"], scan["seconds"]) == (None, 3000, 3)
        query = alices.program.get(f"{alices.home}/price?index={INDEX}&pk=alice&limit=10&rate=100")
        assert (query["reads"], query["rate"]) == ("query", 100)
        assert float(query["page"]["units"]) < 10
        assert not alices.aws.calls

    def test_where_capacity_is_provisioned_it_costs_nothing_by_itself(self, alices: Items) -> None:
        row = alices.table
        row.described |= {"billing_mode": "PROVISIONED", "read_capacity": 10}
        row.save()
        found = alices.program.get(f"{alices.home}/price")
        assert (found["provisioned"], found["whole"]["usd"], found["rate"]) == (10, None, 5)
        alices.program.get(f"{alices.home}/price?rate=11", 422)

    def test_what_would_be_refused(self, alices: Items, prod: Items) -> None:
        assert "never scanned" in prod.program.get(f"{prod.home}/price")["why_not"]
        assert alices.program.get(f"{alices.home}/price?index=none", 422)["fields"].keys() == {"index"}
        assert alices.program.get(f"{alices.home}/price?filter=x", 422)["fields"].keys() == {"filter.0"}

    def test_of_a_comparison(self, alices: Items, staging: Items) -> None:
        path = f"{alices.home}/comparisons/price?against=staging"
        scan = alices.program.get(path)
        assert (scan["against"], scan["now"], scan["why_not"]) == ("hello-erlang/staging", None, "")
        query = alices.program.get(f"{path}&pk=m001")
        assert float(query["now"]["units"]) > 0
        assert float(query["whole"]["units"]) > 0
        part = alices.program.get(f"{path}&sample=10")
        assert part["items"] < scan["items"]
        assert alices.program.get(f"{alices.home}/comparisons/price?against=no", 422)["fields"].keys() == {"against"}

    def test_of_a_copy(self, alices: Items, staging: Items, prod: Items, bob: User) -> None:
        path = f"{alices.home}/copies/price?count=10&into="
        found = alices.program.get(f"{path}staging")
        assert (found["items"], found["into"], found["asks"], found["stand_ins"]) == (
            10, "hello-erlang/staging", False, False,
        )  # fmt: skip
        assert float(found["writes"]["units"]) == 20  # each item, and the index
        assert alices.program.get(f"{path}prod")["asks"] is True
        theirs = f"{staging.home}/copies/price?count=10&into=dev-alice"
        assert "alice" in program_of(bob).get(theirs)["why_not"]
        assert alices.program.get(theirs)["why_not"] == ""
        assert prod.program.get(f"{prod.home}/copies/price?count=1&into=staging&pk=m001")["stand_ins"] is True
        assert alices.program.get(f"{path}none", 422)["fields"].keys() == {"into"}


class TestElsewhere:
    """The same table of other environments."""

    def test_where_else_it_is(self, alices: Items, staging: Items, prod: Items, bob: User) -> None:
        found = alices.program.get(f"{alices.home}/counterparts")["items"]
        assert [(one["environment"], one["copies"]) for one in found] == [
            ("hello-erlang/prod", True), ("hello-erlang/staging", True),
        ]  # fmt: skip
        theirs = program_of(bob).get(f"{alices.home}/counterparts")["items"]
        assert {one["table"] for one in theirs} == {one["table"] for one in found}

    def test_compared_at_once(self, alices: Items, staging: Items) -> None:
        path = f"{alices.home}/comparison?against=staging&index={INDEX}&pk=alice"
        found = alices.program.get(path)
        assert found["counts"] == {"same": 58, "different": 1, "extra": 1, "missing": 1}
        by_id = {one["key"]["id"]["S"]: one for one in found["items"]}
        assert by_id["m002"]["differences"] == [
            {"path": "text", "how": "value", "here": {"S": "Hello 2"}, "there": {"S": "other"}}
        ]
        assert (by_id["m001"]["outcome"], by_id["m001"]["item"]) == ("extra", message(1))
        assert (by_id["m100"]["outcome"], found["more"]) == ("missing", False)
        assert alices.program.ask("GET", path)["Cache-Control"] == "no-store, private"

    def test_only_a_query_is_compared_at_once(self, alices: Items, staging: Items, prod: Items) -> None:
        assert alices.program.get(f"{alices.home}/comparison?against=staging", 422)["fields"].keys() == {"pk"}
        assert alices.program.get(f"{alices.home}/comparison?pk=m001&against=no", 422)["fields"].keys() == {"against"}

    def test_pitfall_41_what_is_hidden_on_one_side_is_hidden_on_both(self, alices: Items, prod: Items) -> None:
        put(alices.aws, alices.table.name, [message(1, content={"S": "CANARY here"})])
        put(prod.aws, prod.table.name, [message(1, content={"S": "CANARY there"})])
        answer = alices.program.ask("GET", f"{alices.home}/comparison?against=prod&pk=m001")
        assert "CANARY" not in answer.content.decode()
        (one,) = told(answer, 200)["items"]
        assert one["differences"] == [{"path": "content", "how": "hidden", "here": None, "there": None}]
        assert AuditEntry.objects.filter(verb="read_items", environment=prod.table.environment).exists()

    def test_what_a_job_has_found(self, alices: Items, staging: Items, bob: User) -> None:
        job = alices.over(alices.job("comparisons", {"against": "staging"}))
        seen, cursor = [], ""
        while cursor is not None:
            page = alices.program.get(f"/jobs/{job['id']}/differences?limit=1&cursor={cursor}")
            seen += [(one["key"]["id"]["S"], one["outcome"]) for one in page["items"]]
            cursor = page["next"]
        assert sorted(seen) == [("m001", "extra"), ("m002", "different"), ("m100", "missing")]
        (only,) = alices.program.get(f"/jobs/{job['id']}/differences?outcome=different")["items"]
        assert only["differences"][0]["path"] == "text"
        assert program_of(bob).get(f"/jobs/{job['id']}/differences", 403)["code"] == "not-yours"
        export = alices.over(alices.job("exports", {"pk": "m001"}))
        alices.program.get(f"/jobs/{export['id']}/differences", 409)
        alices.program.get(f"/jobs/{job['id']}/differences?cursor=x", 422)


class TestRuns:
    """What running a list or a dry run would do."""

    def test_a_list_that_is_to_be_deleted(self, alices: Items, bob: User, audrey: User) -> None:
        asked = {"index": INDEX, "pk": "alice", "sk_op": "<", "sk": "1012"}
        job = alices.over(alices.job("deletions", asked))
        plan = alices.program.get(f"/jobs/{job['id']}/run")
        assert (plan["items"], plan["confirm"], plan["why_not"]) == (12, ["dev-alice", "12"], "")
        assert plan["does"] == [f"12 items of {alices.table.name} are deleted."]
        assert len(plan["keys"]) == 10
        assert set(plan["keys"][0]) == {"id"}
        assert (float(plan["writes"]["units"]), float(plan["reads"]), plan["asks"]) == (24, 12, False)
        assert "bob" not in plan["why_not"]
        assert program_of(bob).get(f"/jobs/{job['id']}/run")["why_not"]
        program_of(audrey).get(f"/jobs/{job['id']}/run", 403)
        alices.over(alices.job(f"/jobs/{job['id']}/run", {"confirm": "12"}))
        assert "already" in alices.program.get(f"/jobs/{job['id']}/run")["why_not"]

    def test_a_dry_run(self, alices: Items, prod: Items) -> None:
        content = file_of(message(100), message(1, text={"S": "other"}))
        job = alices.over(told(alices.upload(content), 202))
        plan = alices.program.get(f"/jobs/{job['id']}/run")
        assert (plan["items"], plan["keys"], plan["confirm"]) == (1, None, [])
        assert plan["does"][1] == "1 item that differs left alone."
        over = alices.program.get(f"/jobs/{job['id']}/run?over=true&rate=10")
        assert (over["items"], over["rate"]) == (2, 10)
        checked = prod.over(told(prod.upload(content), 202))
        assert prod.program.get(f"/jobs/{checked['id']}/run")["asks"] is True

    def test_what_is_none_of_them(self, alices: Items) -> None:
        job = alices.over(alices.job("exports", {"pk": "m001"}))
        assert alices.program.get(f"/jobs/{job['id']}/run")["why_not"] == "This is no dry run."
        assert alices.program.get(f"/jobs/{job['id']}/put_back")["why_not"] == "It has written nothing."

    def test_putting_back(self, alices: Items) -> None:
        job = alices.over(alices.job("deletions", {"keys": [{"id": {"S": "m001"}}]}))
        done = alices.over(alices.job(f"/jobs/{job['id']}/run", {"confirm": "1"}))
        plan = alices.program.get(f"/jobs/{done['id']}/put_back")
        assert (plan["items"], plan["does"], plan["why_not"]) == (
            1, ["1 item that the job deleted is put back as it was."], "",
        )  # fmt: skip
        assert alices.program.get(f"/jobs/{done['id']}/put_back?unsure=true")["unsure"] == 0


def test_a_report_as_a_file(alices: Items, ada: User) -> None:
    job = alices.over(told(alices.upload(b'{"id": {"N": "1"}}\n'), 202))
    answer: Any = alices.program.ask("GET", f"/jobs/{job['id']}/report/file")
    content = b"".join(answer.streaming_content).decode()
    assert answer.status_code == 200
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("text/csv; charset=utf-8", "no-store, private")
    assert content.startswith("\ufeffline,key,what\r\n1,")
    assert program_of(ada).get(f"/jobs/{job['id']}/report/file", 403)["code"] == "not-yours"


def test_filters_count_nothing_in_a_price(alices: Items) -> None:
    plain = alices.program.get(f"{alices.home}/price")
    condition = where(path="timestamp", op=">", type="N", value="5").replace(" ", "")
    filtered = alices.program.get(f"{alices.home}/price?filter={condition.replace('>', '%3E')}")
    assert filtered["whole"] == plain["whole"]
