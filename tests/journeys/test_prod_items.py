"""An item of prod: asked for, decided about by somebody else, written once, in the audit, and put back the same way."""

import re
from typing import Any

import pytest

from bench.asking import ask_create, change_path, follow
from bench.running import until
from bench.visitor import Page, Visitor
from provisioning.items.values import key_token

from .looks import Aws

TABLE = "prod-hello-erlang-messages"
HOME = f"/environments/hello-erlang/prod/tables/{TABLE}/"
KEY: dict[str, Any] = {"id": {"S": "m-1#a,b/ü"}}
ITEM = KEY | {"user_id": {"S": "u-7"}, "timestamp": {"N": "12345678901234567890"}, "content": {"S": "private"}}
WHY = "A customer sent a wrong name"


@pytest.fixture
def item(alice: Visitor, ada: Visitor, aws: Aws) -> None:
    """hello-erlang/prod is up, its table is known, and has one message."""
    if alice.get("/environments/hello-erlang/prod/").status != 200:
        path = ask_create(alice, "hello-erlang", "prod", {"reason": "going live"})
        follow(alice, path, "Awaiting approval")
        _approve(ada, path)
        follow(alice, path)
    until(lambda: alice.get(HOME).status == 200, "the table is listed")
    aws("dynamodb").put_item(TableName=TABLE, Item=ITEM)


def _approve(person: Visitor, path: str) -> Page:
    form = person.get(path).form("/approve/")
    return person.post(f"{path}approve/", form.filled({"comment": "read"}))


def _stored(aws: Aws) -> dict[str, Any]:
    found: dict[str, Any] = aws("dynamodb").get_item(TableName=TABLE, Key=KEY, ConsistentRead=True)["Item"]
    return found


def _ask_edit(person: Visitor, **values: str) -> str:
    """Fill in the form of the item and ask for the change; returns the change's path."""
    page = person.get(f"{HOME}item/{key_token(KEY)}/edit/")
    rows = re.findall(r'data-row data-name="([^"]*)"', page.html)
    filled = {f"value-{rows.index(name)}": value for name, value in values.items()}
    form = page.form("/edit/")
    return change_path(person.post(form.action, form.filled({**filled, "reason": WHY})))


@pytest.mark.usefixtures("item")
def test_an_edit_of_prod_takes_a_second_person_and_so_does_its_undo(alice: Visitor, ada: Visitor, aws: Aws) -> None:
    path = _ask_edit(alice, user_id="u-8")
    waiting = follow(alice, path, "Awaiting approval")
    assert f"1 item of {TABLE} is altered." in waiting.words
    assert "private" not in waiting.html
    assert _stored(aws) == ITEM

    own = [form for form in waiting.forms if form.action.endswith("/approve/")]
    assert not own
    assert f"1 item of {TABLE} is altered." in ada.get("/approvals/").words
    _approve(ada, path)
    done = follow(alice, path)
    assert _stored(aws) == ITEM | {"user_id": {"S": "u-8"}}
    assert "Ada Adler" in done.words

    audit = ada.get("/audit/").words
    assert f"Edited: an item of {TABLE} in hello-erlang/prod" in audit
    assert WHY in audit
    writes = alice.get(f"{HOME}writes/")
    undo = re.findall(rf'href="({re.escape(HOME)}writes/\d+/undo/)"', writes.html)[0]
    form = alice.get(undo).form("/undo/")
    back = change_path(alice.post(form.action, form.filled({"reason": "It was right before"})))
    follow(alice, back, "Awaiting approval")
    assert _stored(aws)["user_id"] == {"S": "u-8"}
    _approve(ada, back)
    follow(alice, back)
    assert _stored(aws) == ITEM


@pytest.mark.usefixtures("item")
def test_what_moved_meanwhile_is_planned_and_asked_about_again(alice: Visitor, ada: Visitor, aws: Aws) -> None:
    path = _ask_edit(alice, user_id="u-9")
    follow(alice, path, "Awaiting approval")
    aws("dynamodb").put_item(TableName=TABLE, Item=ITEM | {"content": {"S": "written by the application"}})
    digest = ada.get(path).form("/approve/").sent["digest"]
    _approve(ada, path)
    until(
        lambda: any(form.sent["digest"] != digest for form in ada.get(path).forms if form.action.endswith("/approve/")),
        "another plan waits",
    )
    assert "Plan 1 is void: the item changed since." in ada.get(path).words
    assert _stored(aws)["user_id"] == {"S": "u-7"}
    _approve(ada, path)
    follow(alice, path)
    assert _stored(aws)["user_id"] == {"S": "u-9"}
