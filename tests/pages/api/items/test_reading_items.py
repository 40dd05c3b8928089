"""Tables and items by the API: what the pages know and show, exact, within the same bounds."""

import json

import pytest
from fakes.as_aws import AsAws

from portal.accounts.models import User
from provisioning.models import AuditEntry, Environment, Table

from ... import rows
from ...items.browser import ITEM, KEY
from ...tables.scene import INDEX, message, put
from ..program import Program, program_of
from .scene import Items, where

BIG = "1318796827993409899"


class TestTables:
    """What was last seen."""

    def test_all_of_a_table(self, alices: Items) -> None:
        row = alices.table
        row.ttl_attribute, row.alarms = "expires", [{"name": "a", "state": "OK", "metric": "m"}]
        row.save()
        found = alices.program.get(alices.home)
        assert found["keys"] == [{"name": "id", "type": "S", "role": "partition"}]
        assert [key["name"] for key in found["indexes"][0]["keys"]] == ["user_id", "timestamp"]
        assert (found["billing"], found["read_capacity"], found["expires_by"]) == ("PAY_PER_REQUEST", None, "expires")
        assert (found["scans"], found["hides"], found["stack"]) == (True, False, None)
        assert [one["name"] for one in found["access_patterns"]] == ["one-message", "messages-of-a-user-newest-first"]
        assert found["alarms"][0]["name"] == "a"
        assert alices.aws.keys(row.name)  # that it was made is all that AWS was asked

    def test_the_list_in_pages(self, alices: Items, things: Items) -> None:
        home = "/environments/hello-erlang/dev-alice/tables"
        first = alices.program.get(f"{home}?limit=1")
        second = alices.program.get(f"{home}?limit=1&cursor={first['next']}")
        assert [one["items"][0]["name"] for one in (first, second)] == [alices.table.name, things.table.name]
        assert second["next"] is None

    def test_pitfall_42_anothers_table_is_not_there(self, alices: Items, prod: Items) -> None:
        here = "/environments/hello-erlang/prod/tables"
        for path in ("", "/items", '/item?key={"id":{"S":"m001"}}', "/writes"):
            alices.program.get(f"{here}/{alices.table.name}{path}", 404)
        Table.objects.filter(pk=alices.table.pk).update(environment=None)
        alices.program.get(alices.home, 404)


class TestAsking:
    """Queries and scans."""

    def test_a_query_of_an_index(self, alices: Items) -> None:
        found = alices.find(index=INDEX, pk="alice", sk_op="between", sk="1010", sk_to="1012", order="desc")
        assert [one["timestamp"] for one in found["items"]] == [{"N": "1012"}, {"N": "1011"}, {"N": "1010"}]
        assert (found["reads"], found["returned"], found["scanned"], found["calls"]) == ("query", 3, 3, 1)
        assert float(found["capacity"]) > 0
        assert found["next"] is None

    def test_an_access_pattern_by_its_name(self, alices: Items) -> None:
        found = alices.find(pattern="messages-of-a-user-newest-first", pk="alice", limit=2)
        assert [one["id"]["S"] for one in found["items"]] == ["m059", "m058"]
        assert alices.find(422, pattern="nothing", pk="alice")["fields"].keys() == {"pattern"}
        assert alices.find(422, pattern="one-message", pk="m001", index=INDEX)["fields"].keys() == {"index"}
        assert alices.find(422, pattern="one-message")["fields"].keys() == {"pk"}

    def test_pitfall_23_several_filters_on_one_attribute(self, alices: Items) -> None:
        both = [where(path="timestamp", op=op, type="N", value=value) for op, value in ((">", "1010"), ("<", "1013"))]
        found = alices.find(filter=both, attribute=["id", "timestamp"])
        assert sorted(one["id"]["S"] for one in found["items"]) == ["m011", "m012"]
        assert (found["reads"], found["scanned"]) == ("scan", 60)
        assert all(set(one) == {"id", "timestamp"} for one in found["items"])

    def test_every_page_once(self, alices: Items) -> None:
        seen, cursor, pages = [], "", 0
        while cursor is not None:
            found = alices.find(index=INDEX, pk="alice", limit=7, cursor=cursor)
            seen += [one["id"]["S"] for one in found["items"]]
            cursor, pages = found["next"], pages + 1
        assert seen == [f"m{number:03}" for number in range(60)]
        assert (pages, found["read_so_far"]) == (9, 60 + 8)  # each page looks for one more

    def test_pitfall_01_nothing_found_so_far_is_not_the_end(self, alices: Items) -> None:
        put(alices.aws, alices.table.name, (message(number, text={"S": "x" * 30_000}) for number in range(60, 300)))
        found = alices.find(filter=where(path="text", value="nobody says this"))
        assert (found["items"], found["more"], found["calls"]) == ([], True, 4)
        assert found["next"]

    def test_pitfall_11_a_cursor_is_for_one_person_and_question(self, alices: Items, bob: User) -> None:
        cursor = alices.find(limit=5)["next"]
        assert alices.find(limit=5, cursor=cursor)["items"]
        assert alices.find(422, limit=6, cursor=cursor)["code"] == "bad-cursor"
        assert alices.find(422, limit=5, cursor=cursor[:-4])["code"] == "bad-cursor"
        bobs = Items(program_of(bob), alices.table, alices.aws)
        assert bobs.find(422, limit=5, cursor=cursor)["code"] == "bad-cursor"

    @pytest.mark.parametrize(
        ("asked", "field"),
        [
            ({"index": "none"}, "index"),
            ({"pk": ""}, "pk"),
            ({"pk": "x" * 2049}, "pk"),
            ({"sk": "5"}, "sk"),
            ({"index": INDEX, "pk": "alice", "sk": "five"}, "sk"),
            ({"index": INDEX, "pk": "alice", "sk_op": ">"}, "sk"),
            ({"index": INDEX, "pk": "alice", "sk": "5", "sk_to": "6"}, "sk_to"),
            ({"index": INDEX, "pk": "alice", "consistent": "true"}, "consistent"),
            ({"limit": 101}, "limit"),
            ({"limit": 0}, "limit"),
            ({"filter": "{"}, "filter.0"),
            ({"filter": "[]"}, "filter.0"),
            ({"filter": where(path="a", value=5)}, "filter.0"),
            ({"filter": where(path="a", op="~")}, "filter.0"),
            ({"filter": where(path="a", type="N", value="NaN")}, "filter.0"),
            ({"filter": '{"path":"a","path":"b"}'}, "filter.0"),
            ({"attribute": "a..b"}, "attribute"),
            ({"order": "up"}, "order"),
            ({"view": "raw"}, "view"),
        ],
    )
    def test_what_cannot_be_asked_is_said_at_its_field(
        self, alices: Items, asked: dict[str, object], field: str
    ) -> None:
        assert alices.find(422, **asked)["fields"].keys() == {field}

    def test_items_are_kept_nowhere_on_the_way(self, alices: Items) -> None:
        answer = alices.program.ask("GET", f"{alices.home}/items?limit=1")
        assert answer["Cache-Control"] == "no-store, private"

    def test_whoever_has_read_enough_is_told_when_to_come_back(self, alices: Items, settings: object) -> None:
        settings.ITEM_READS_PER_PERSON = 1  # type: ignore[attr-defined]  # pytest-django's
        put(alices.aws, alices.table.name, (message(number, text={"S": "x" * 30_000}) for number in range(60, 120)))
        for _ in range(4):
            answer = alices.program.ask("GET", f"{alices.home}/items?limit=100")
        assert answer.status_code == 429
        assert json.loads(answer.content)["code"] == "held-back"
        assert int(answer["Retry-After"]) > 1

    def test_throttled(self, alices: Items) -> None:
        alices.aws.script.throttle("Scan", 3)
        answer = alices.program.ask("GET", f"{alices.home}/items")
        assert (answer.status_code, answer["Retry-After"]) == (503, "5")


class TestExact:
    """Nothing is lost on the way."""

    def test_every_type(self, things: Items) -> None:
        item = {
            **KEY,
            "n": {"N": BIG},
            "b": {"B": "AAEC/w=="},
            "ss": {"SS": ["a", "b"]},
            "ns": {"NS": ["1", BIG]},
            "bs": {"BS": ["AA=="]},
            "null": {"NULL": True},
            "yes": {"BOOL": True},
            "empty": {"S": ""},
            "deep": {"M": {"a.b": {"L": [{"N": "0.1"}, {"M": {}}, {"L": []}]}}},
        }
        things.write("PUT", {"item": item}, 200)
        assert things.one()["item"] == item
        assert things.find(pk="a")["items"] == [item]
        again = things.write("PUT", {"item": things.one()["item"]})
        assert again["write"] is None

    def test_plain_where_it_loses_nothing(self, things: Items) -> None:
        found = things.find(pk="a", view="plain")
        assert (found["view"], found["why_typed"]) == ("plain", {})
        assert found["items"] == [
            {"id": "a", "at": 1, "kind": "x", "n": 1, "m": {"x": "1"}, "expires": 1700000000},
        ]
        things.aws.client.put_item(TableName=things.table.name, Item={**ITEM, "n": {"N": BIG}, "tags": {"SS": ["a"]}})
        found = things.find(pk="a", view="plain")
        assert found["view"] == "typed"
        assert found["why_typed"] == {"n": "is a number beyond 2^53", "tags": "is a set"}
        assert found["items"][0]["n"] == {"N": BIG}

    @pytest.mark.parametrize("text", ["a,b", "a/b", "#", "%2F", "..", "\n", "日本 🙂", "x" * 2000])
    def test_pitfall_32_any_key(self, things: Items, text: str) -> None:
        key = {"id": {"S": text}, "at": {"N": "-1.5"}}
        things.write("PUT", {"item": {**key, "v": {"S": "1"}}}, 201, key, If_None_Match="*")
        found = things.one(key)
        assert found["key"] == key
        assert things.find(pk=text)["items"] == [found["item"]]

    @pytest.mark.parametrize(
        "key", ["", "{", "[]", "null", '{"id":{"S":"a"}}', '{"id":{"S":"a"},"at":{"S":"1"}}', '{"id":{"S":"a"},"at":1}']
    )
    def test_what_is_no_key(self, things: Items, key: str) -> None:
        answer = things.program.ask("GET", f"{things.home}/item?key={key}")
        assert (answer.status_code, list(json.loads(answer.content)["fields"])) == (422, ["key"])

    def test_an_item_that_is_not_there(self, things: Items) -> None:
        things.one({"id": {"S": "b"}, "at": {"N": "1"}}, 404)

    def test_unchanged_it_is_not_sent_again(self, things: Items) -> None:
        assert things.ask("GET", If_None_Match=things.etag()).status_code == 304
        assert [things.one()[name]["units"] for name in ("to_save", "to_delete")] == ["2", "2"]  # table and index


class TestProd:
    """Query only, masked, and written down."""

    def test_a_scan_is_refused(self, prod: Items) -> None:
        assert prod.find(403)["code"] == "no-scan-in-prod"
        assert prod.find(403, filter=where(path="id", op="begins-with", value="m"))["code"] == "no-scan-in-prod"
        assert prod.program.get(prod.home)["scans"] is False

    def test_what_is_hidden_leaves_nothing(self, prod: Items) -> None:
        put(prod.aws, prod.table.name, [message(1, content={"S": "CANARY"})])
        answer = prod.program.ask("GET", f"{prod.home}/items?pk=m001&view=plain")
        assert b"CANARY" not in answer.content
        found = json.loads(answer.content)
        assert (found["view"], found["hides"], found["items"][0]["content"]) == ("typed", True, {"HIDDEN": "S"})
        one = prod.one({"id": {"S": "m001"}})
        assert (one["hidden"], one["item"]["content"]) == (["content"], {"HIDDEN": "S"})
        refused = prod.find(403, pk="m001", filter=where(path="content", op="begins-with", value="C"))
        assert refused["code"] == "hidden"

    def test_it_is_written_down_without_values_with_the_token(self, prod: Items) -> None:
        prod.find(pk="m001")
        entry = AuditEntry.objects.get(verb="read_items")
        assert entry.detail["token"].startswith("ci (")
        assert "m001" not in json.dumps(entry.detail)

    def test_revealing_takes_a_reason(self, prod: Items, audrey: User) -> None:
        key = {"id": {"S": "m001"}}
        put(prod.aws, prod.table.name, [message(1, content={"S": "CANARY"})])
        assert prod.program.ask("POST", f"{prod.home}/item/reveal?key={json.dumps(key)}", {}).status_code == 422
        short = prod.ask("POST", {"reason": "why"}, key, "/reveal")
        assert (short.status_code, json.loads(short.content)["fields"].keys()) == (422, {"reason"})
        answer = prod.ask("POST", {"reason": "a complaint of theirs"}, key, "/reveal")
        assert json.loads(answer.content)["item"]["content"] == {"S": "CANARY"}
        assert answer["Cache-Control"] == "no-store, private"
        entry = AuditEntry.objects.get(verb="reveal_item")
        assert (entry.reason, entry.detail["token"][:4]) == ("a complaint of theirs", "ci (")
        auditors = Items(program_of(audrey), prod.table, prod.aws)
        assert auditors.ask("POST", {"reason": "curiosity"}, key, "/reveal").status_code == 403


def test_a_table_that_is_gone(alices: Items, aws: AsAws) -> None:
    aws.delete_table(TableName=alices.table.name)
    refused = alices.find(409)
    assert refused["code"] == "table-gone"


def test_an_environment_without_tables(dev: Environment, alice: User) -> None:
    program: Program = program_of(alice)
    assert program.get("/environments/hello-erlang/dev-alice/tables")["items"] == []
    rows.environment(alice, "staging")
    program.get("/environments/hello-erlang/staging/tables/x", 404)
