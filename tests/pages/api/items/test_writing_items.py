"""Writing items by the API: on the version that was looked at, once, kept with what was there, and taken back."""

import json
from typing import Any

import pytest
from fakes.losing import Lost
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.accounts.models import ApiRequest, User
from provisioning.aws.clients import Clients
from provisioning.models import AuditEntry, Change, ItemWrite
from provisioning.tasks import settle_item_write

from ...items.browser import ITEM, KEY
from ...tables.scene import message, put
from ..program import program_of
from .scene import Items

NEW = {"id": {"S": "b"}, "at": {"N": "2"}}
M1 = {"id": {"S": "m001"}}
LIST = {"L": [{"S": "0"}, {"S": "1"}, {"S": "2"}]}


class TestPut:
    """A whole item."""

    def test_only_what_differs_is_sent(self, things: Items) -> None:
        wanted = {**ITEM, "n": {"N": "2"}}
        done = things.write("PUT", {"item": wanted, "reason": "to try"})
        assert things.stored() == wanted
        assert done["write"]["places"] == [{"path": "n", "before": {"N": "1"}, "after": {"N": "2"}}]
        assert (done["write"]["verb"], done["write"]["reason"], done["item"]) == ("edit", "to try", wanted)
        assert done["etag"] == things.etag()
        (update,) = [request for name, request in things.aws.requests if name == "UpdateItem"]
        assert list(update["ExpressionAttributeNames"].values()).count("kind") == 0

    def test_pitfall_29_somebody_was_quicker(self, things: Items) -> None:
        etag = things.etag()
        things.aws.client.put_item(TableName=things.table.name, Item={**ITEM, "n": {"N": "5"}, "more": {"S": "x"}})
        refused = things.write("PUT", {"item": {**ITEM, "n": {"N": "2"}}}, 412, If_Match=etag)
        assert refused["code"] == "changed"
        conflict = refused["conflict"]
        assert conflict["item"]["n"] == {"N": "5"}
        assert {"path": "n", "read": None, "mine": {"N": "2"}, "theirs": {"N": "5"}} in conflict["places"]
        assert {"path": "more", "read": None, "mine": None, "theirs": {"S": "x"}} in conflict["places"]
        assert not ItemWrite.objects.exists()
        things.write("PUT", {"item": {**conflict["item"], "n": {"N": "2"}}}, 200, If_Match=conflict["etag"])
        assert (things.stored() or {})["more"] == {"S": "x"}

    def test_the_version_is_of_values_and_not_of_how_they_are_written(self, things: Items) -> None:
        etag = things.etag()
        things.aws.client.put_item(TableName=things.table.name, Item={**ITEM, "n": {"N": "1.0"}})
        assert things.etag() == etag
        things.aws.client.put_item(TableName=things.table.name, Item={**ITEM, "n": {"S": "1"}})
        assert things.etag() != etag

    def test_pitfall_30_a_new_one_takes_nobodys_place(self, things: Items) -> None:
        done = things.write("PUT", {"item": {**NEW, "n": {"N": "1"}}}, 201, NEW, If_None_Match="*")
        assert done["write"]["verb"] == "create"
        refused = things.write("PUT", {"item": {**NEW, "n": {"N": "9"}}}, 412, NEW, If_None_Match="*")
        assert (refused["code"], refused["conflict"]["item"]["n"]) == ("exists", {"N": "1"})
        assert things.stored(NEW) == {**NEW, "n": {"N": "1"}}

    @pytest.mark.parametrize("match", ["*", '"other"', "", "W/x"])
    def test_it_takes_the_version(self, things: Items, match: str) -> None:
        assert things.write("PUT", {"item": ITEM}, 412, If_Match=match)["code"] == "changed"
        for method, sent in (("PUT", {"item": ITEM}), ("PATCH", {"remove": ["n"]}), ("DELETE", None)):
            assert things.ask(method, sent).status_code == 428
        assert things.stored() == ITEM

    def test_one_that_is_gone(self, things: Items) -> None:
        refused = things.write("PUT", {"item": NEW}, 412, NEW, If_Match='"x"')
        assert (refused["code"], refused["conflict"]) == ("gone", {"item": None, "etag": None, "places": []})

    def test_pitfall_31_another_key_in_the_body(self, things: Items) -> None:
        for item in ({**ITEM, "at": {"N": "2"}}, {"id": {"S": "a"}}, {}, {**ITEM, "id": "a"}):
            assert things.write("PUT", {"item": item}, 422)["code"] == "other-key"
            assert things.write("PUT", {"item": item}, 422, If_None_Match="*")["code"] == "other-key"
        assert things.stored() == ITEM

    @pytest.mark.parametrize(
        ("value", "path"),
        [
            ({"N": "1" * 39}, "n"),
            ({"N": 1}, "n"),
            ({"N": "NaN"}, "n"),
            ({"SS": []}, "n"),
            ({"NS": ["1", "1.0"]}, "n"),
            ({"X": "1"}, "n"),
            ({"HIDDEN": "N"}, "n"),
            ({"S": "\ud800"}, "n"),
            ({"M": {"a": {"L": [1]}}}, "n.a[0]"),
            ({"S": "a", "N": "1"}, "n"),
        ],
    )
    def test_pitfall_13_what_dynamodb_would_not_take(self, things: Items, value: Any, path: str) -> None:
        refused = things.write("PUT", {"item": {**ITEM, "n": value}}, 422)
        assert (refused["code"], list(refused["fields"])) == ("bad-item", [path])
        assert things.stored() == ITEM

    def test_what_dynamodb_refuses_by_itself(self, things: Items) -> None:
        key = {"id": {"S": ""}, "at": {"N": "1"}}
        refused = things.write("PUT", {"item": key}, 409, key, If_None_Match="*")
        assert refused["code"] == "aws-refused"

    def test_bodies_lose_nothing_in_silence(self, things: Items) -> None:
        query = f"{things.home}/item?key={json.dumps(KEY)}"
        headers = {**things.program.headers, "If-Match": things.etag()}
        for body in ('{"item": {"id": {"S": "a"}, "id": {"S": "b"}}}', '{"item": NaN}', "{", b"\xff"):
            answer = things.program.client.put(
                f"/api/v1{query}", body, content_type="application/json", headers=headers
            )
            assert (answer.status_code, answer.json()["code"]) == (400, "unreadable")


class TestPatch:
    """Some of an item."""

    def test_set_and_removed_by_path(self, things: Items) -> None:
        sent = {"set": {"m.y": {"N": "5"}, '"a.b"': {"S": "new"}}, "remove": ["expires", "m.x"]}
        done = things.write("PATCH", sent)
        left = {name: value for name, value in ITEM.items() if name != "expires"}
        assert things.stored() == {**left, "m": {"M": {"y": {"N": "5"}}}, "a.b": {"S": "new"}}
        assert sorted(one["path"] for one in done["write"]["places"]) == ['"a.b"', "expires", "m.x", "m.y"]

    def test_places_of_a_list(self, things: Items) -> None:
        things.write("PATCH", {"set": {"list": LIST}})
        things.write("PATCH", {"set": {"list[2]": {"S": "two"}}, "remove": ["list[0]", "list[1]"]})
        assert (things.stored() or {})["list"] == {"L": [{"S": "two"}]}

    def test_nothing_else_is_sent(self, things: Items) -> None:
        things.write("PATCH", {"set": {"n": {"N": "2"}}})
        (update,) = [request for name, request in things.aws.requests if name == "UpdateItem"]
        assert set(update["ExpressionAttributeNames"].values()) == {"n", "id"}

    @pytest.mark.parametrize(
        ("sent", "field"),
        [
            ({}, "set"),
            ({"remove": ["none"]}, "set"),
            ({"set": {"none.x": {"S": "1"}}}, "set"),
            ({"set": {"n.x": {"S": "1"}}}, "set"),
            ({"set": {"m": {"M": {}}, "m.x": {"S": "1"}}}, "set"),
            ({"set": {"n": {"N": "1"}}, "remove": ["n"]}, "set"),
            ({"set": {"a..b": {"S": "1"}}}, "set.a..b"),
            ({"set": {"n": {"N": "x"}}}, "set.n"),
            ({"remove": ["["]}, "remove.["),
            ({"set": {"n": 1}}, "set.n"),
            ({"put": {}}, "put"),
        ],
    )
    def test_what_cannot_be_done(self, things: Items, sent: Any, field: str) -> None:
        assert things.write("PATCH", sent, 422)["fields"].keys() == {field}
        assert things.stored() == ITEM

    def test_a_key_is_not_edited(self, things: Items) -> None:
        assert "key" in things.write("PATCH", {"set": {"at": {"N": "2"}}}, 422)["detail"]

    def test_both_sides(self, things: Items) -> None:
        etag = things.etag()
        things.aws.client.put_item(TableName=things.table.name, Item={**ITEM, "n": {"N": "5"}})
        refused = things.write("PATCH", {"set": {"n": {"N": "2"}}}, 412, If_Match=etag)
        assert refused["conflict"]["places"] == [{"path": "n", "read": None, "mine": {"N": "2"}, "theirs": {"N": "5"}}]


class TestDelete:
    """An item away, and under another key."""

    def test_and_back(self, things: Items) -> None:
        done = things.write("DELETE", None)
        assert (things.stored(), done["item"], done["etag"]) == (None, None, None)
        undo = f"{things.home}/writes/{done['write']['id']}/undo"
        back = things.program.post(undo, {"reason": "a mistake"})
        assert things.stored() == ITEM
        assert (back["write"]["verb"], back["etag"]) == ("undo", things.etag())
        assert things.program.post(undo, {}, 409)["code"] == "cannot-undo"

    def test_not_as_it_was_read(self, things: Items) -> None:
        etag = things.etag()
        things.write("PATCH", {"set": {"n": {"N": "2"}}})
        assert things.write("DELETE", None, 412, If_Match=etag)["code"] == "changed"
        assert things.stored()

    def test_pitfall_21_another_key(self, things: Items) -> None:
        answer = things.ask("POST", {"new_key": NEW, "keep": False}, more="/copy", If_Match=things.etag())
        assert answer.status_code == 200, answer.content
        told = json.loads(answer.content)
        assert (told["key"], told["item"]) == (NEW, {**ITEM, **NEW})
        assert (things.stored(), things.stored(NEW)) == (None, {**ITEM, **NEW})
        assert (
            things.ask("POST", {"new_key": {"id": {"S": "c"}}}, NEW, "/copy", If_Match=told["etag"]).status_code == 422
        )


class TestHistory:
    """What was written, and the way back."""

    def test_of_a_table_and_of_an_item(self, things: Items) -> None:
        things.write("PUT", {"item": NEW}, 201, NEW, If_None_Match="*")
        things.write("PATCH", {"set": {"n": {"N": "2"}}})
        verbs = [one["verb"] for one in things.program.get(f"{things.home}/writes")["items"]]
        assert verbs == ["edit", "create"]
        (one,) = things.program.get(f"{things.home}/writes?key={json.dumps(KEY)}")["items"]
        assert (one["key"], one["can_undo"], one["by"]) == (KEY, True, "alice")
        first = things.program.get(f"{things.home}/writes?limit=1")
        second = things.program.get(f"{things.home}/writes?limit=1&cursor={first['next']}")
        assert [second["items"][0]["verb"], second["next"]] == ["create", None]

    def test_what_somebody_altered_since_is_not_taken_back(self, things: Items) -> None:
        done = things.write("PATCH", {"set": {"n": {"N": "2"}}})
        things.aws.client.put_item(TableName=things.table.name, Item={**ITEM, "n": {"N": "5"}})
        refused = things.program.post(f"{things.home}/writes/{done['write']['id']}/undo", {}, 409)
        assert (refused["code"], refused["conflict"]["item"]["n"]) == ("changed", {"N": "5"})

    def test_pitfall_42_another_tables_write(self, things: Items, alices: Items) -> None:
        done = things.write("PATCH", {"set": {"n": {"N": "2"}}})
        alices.program.post(f"{alices.home}/writes/{done['write']['id']}/undo", {}, 404)
        alices.program.post(f"{alices.home}/writes/{2**70}/undo", {}, 404)

    def test_the_audit_names_the_token(self, things: Items) -> None:
        things.write("PATCH", {"set": {"n": {"N": "2"}}, "reason": "to try"})
        entry = AuditEntry.objects.get(verb="edit_item")
        assert (entry.detail["token"][:4], entry.reason, entry.address) == ("ci (", "to try", "127.0.0.1")


class TestWho:
    """Engineers and admins; never auditors, nor in somebody else's personal environment."""

    def test_others_read(self, things: Items, audrey: User, bob: User) -> None:
        for user in (audrey, bob):
            theirs = Items(program_of(user), things.table, things.aws)
            assert theirs.one()["item"] == ITEM
            assert theirs.write("PATCH", {"remove": ["n"]}, 403)
        assert things.stored() == ITEM


class TestOnce:
    """Idempotency-Key: the same request is one write, whatever was lost on the way."""

    def test_sent_twice(self, things: Items) -> None:
        headers: Any = {"If_Match": things.etag(), "Idempotency_Key": "k"}
        first = things.ask("PATCH", {"set": {"n": {"N": "2"}}}, **headers)
        again = things.ask("PATCH", {"set": {"n": {"N": "2"}}}, **headers)
        assert (first.status_code, again.status_code) == (200, 200)
        assert again["Idempotent-Replayed"] == "true"
        assert json.loads(first.content) == json.loads(again.content)
        assert ItemWrite.objects.count() == AuditEntry.objects.filter(verb="edit_item").count() == 1

    def test_with_something_else_it_is_a_mistake(self, things: Items) -> None:
        headers: Any = {"If_Match": things.etag(), "Idempotency_Key": "k"}
        things.ask("PATCH", {"set": {"n": {"N": "2"}}}, **headers)
        for more in ({"set": {"n": {"N": "3"}}}, {"set": {"n": {"N": "2"}}, "reason": "x"}):
            assert things.write("PATCH", more, 422, **headers)["code"] == "key-reused"
        assert things.write("DELETE", None, 422, **headers)["code"] == "key-reused"

    def test_a_new_item(self, things: Items) -> None:
        headers: Any = {"If_None_Match": "*", "Idempotency_Key": "k"}
        ids = {things.write("PUT", {"item": NEW}, 201, NEW, **headers)["write"]["id"] for _ in range(2)}
        assert len(ids) == 1

    def test_after_a_refusal_the_key_may_be_sent_again(self, things: Items) -> None:
        things.write("PATCH", {"set": {"n": {"N": "2"}}}, 412, If_Match='"x"', Idempotency_Key="k")
        assert not ApiRequest.objects.exists()
        things.write("PATCH", {"set": {"n": {"N": "2"}}}, 200, If_Match=things.etag(), Idempotency_Key="k")

    def test_an_answer_that_was_lost_is_found_again(self, things: Items, settings: Any) -> None:
        sent = {"set": {"n": {"N": "2"}}}
        headers: Any = {"If_Match": things.etag(), "Idempotency_Key": "k"}
        client = Lost(things.aws, lands=True, blind=True)
        settings.AWS_CLIENTS = f"{__name__}.clients_for"
        _here[:] = [Clients.of(dynamodb=client)]
        for _ in range(2):
            answer = things.ask("PATCH", sent, **headers)
            assert (answer.status_code, json.loads(answer.content)["code"]) == (503, "not-known")
            assert answer["Retry-After"]
        other = things.write("PATCH", {"remove": ["n"]}, 422, **headers)
        assert other["code"] == "key-reused"
        client.blind = False
        settle_item_write(ItemWrite.objects.get().pk)
        again = things.ask("PATCH", sent, **headers)
        assert (again.status_code, again["Idempotent-Replayed"]) == (200, "true")
        assert ItemWrite.objects.count() == 1

    def test_nothing_to_write_keeps_no_key(self, things: Items) -> None:
        things.write("PUT", {"item": ITEM}, 200, If_Match=things.etag(), Idempotency_Key="k")
        assert not ApiRequest.objects.exists()


class TestProd:
    """A second person decides."""

    def test_a_write_is_a_change(self, prod: Items) -> None:
        before = prod.stored(M1)
        etag = prod.etag(M1)
        missing = prod.write("PATCH", {"set": {"n": {"N": "1"}}}, 422, M1, If_Match=etag)
        assert missing["fields"].keys() == {"reason"}
        sent = {"set": {"n": {"N": "1"}}, "reason": "asked by support"}
        answers = [prod.ask("PATCH", sent, M1, If_Match=etag, Idempotency_Key="k") for _ in range(2)]
        assert [one.status_code for one in answers] == [202, 202]
        change = Change.objects.get()
        assert answers[0]["Location"] == f"/api/v1/changes/{change.pk}"
        assert (change.kind, change.reason) == ("write_items", "asked by support")
        assert prod.stored(M1) == before
        assert AuditEntry.objects.get(verb="request_write_items").detail["token"].startswith("ci (")

    def test_what_is_hidden_stays_as_it_is(self, prod: Items) -> None:
        put(prod.aws, prod.table.name, [message(1, content={"S": "CANARY"})])
        shown = prod.one(M1)["item"]
        assert shown["content"] == {"HIDDEN": "S"}
        without = {name: value for name, value in shown.items() if name != "content"}
        for item in (without, {**shown, "content": {"S": "x"}}):
            refused = prod.write("PUT", {"item": item, "reason": "to see it"}, 422, M1)
            assert "hidden" in refused["detail"]
        prod.write("PUT", {"item": {**shown, "text": {"S": "x"}}, "reason": "a typo"}, 202, M1)
        refused = prod.write("PATCH", {"set": {"content": {"S": "x"}}, "reason": "to see it"}, 422, M1)
        assert "hidden" in refused["detail"]

    def test_a_conflict_tells_nothing_hidden(self, prod: Items) -> None:
        put(prod.aws, prod.table.name, [message(1, content={"S": "CANARY"})])
        answer = prod.ask("DELETE", None, M1, If_Match='"x"')
        assert answer.status_code == 412
        assert b"CANARY" not in answer.content

    def test_dev_takes_no_time_to_start(self, things: Items) -> None:
        sent = {"remove": ["n"], "start_at": "2030-01-01T00:00:00Z"}
        assert things.write("PATCH", sent, 422)["fields"].keys() == {"start_at"}


_here: list[Clients] = []


def clients_for(_target: object) -> Clients:
    """What AWS_CLIENTS names while answers are lost."""
    return _here[0]


_VALUES = st.recursive(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=5).map(lambda text: {"S": text}),
        st.integers(-(10**37), 10**37).map(lambda number: {"N": str(number)}),
        st.booleans().map(lambda truth: {"BOOL": truth}),
        st.just({"NULL": True}),
        st.sets(st.integers(-9, 9).map(str), min_size=1, max_size=3).map(lambda some: {"NS": sorted(some)}),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda some: {"L": some}),
        st.dictionaries(st.text("ab.[", min_size=1, max_size=3), inner, max_size=3).map(lambda some: {"M": some}),
    ),
    max_leaves=5,
)


@given(st.dictionaries(st.text("cd.", min_size=1, max_size=3), _VALUES, max_size=4))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_put_is_what_is_read_and_never_touches_another_item(things: Items, more: dict[str, Any]) -> None:
    """Lossless both ways, and sent back untouched it is not sent at all."""
    other = {**NEW, "kind": {"S": "stays"}}
    things.aws.client.put_item(TableName=things.table.name, Item=other)
    wanted = {**ITEM, **more}
    things.write("PUT", {"item": wanted})
    read = things.one()["item"]
    assert read == wanted
    assert things.write("PUT", {"item": read})["write"] is None
    assert things.stored(NEW) == other


def test_what_was_written_in_an_environment(things: Items, alices: Items) -> None:
    things.write("PATCH", {"set": {"n": {"N": "5"}}, "reason": "so"})
    alices.write("DELETE", None, key={"id": {"S": "m001"}})
    home = "/environments/hello-erlang/dev-alice/writes"
    first = things.program.get(f"{home}?limit=1")
    second = things.program.get(f"{home}?limit=1&cursor={first['next']}")
    told = [(one["items"][0]["verb"], one["items"][0]["table"], one["items"][0]["by"]) for one in (first, second)]
    assert told == [("delete", alices.table.name, "alice"), ("edit", things.table.name, "alice")]
    assert (second["items"][0]["reason"], second["next"]) == ("so", None)
    assert "key" not in second["items"][0]
    things.program.get("/environments/hello-erlang/none/writes", 404)
