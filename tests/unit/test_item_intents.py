"""Intents: lossless from the form to the write, and nothing in them that cannot be meant."""

import pytest
from fakes.made_items import items as made_items
from hypothesis import given
from hypothesis import strategies as st

from provisioning.items.intents import (
    BadIntentError,
    Edit,
    WriteIntent,
    check,
    from_text,
    patched,
    result_of,
    shown_path,
)
from provisioning.items.values import BadValueError, Item, same_item
from provisioning.lifecycle import WriteVerb

KEY: Item = {"id": {"S": "a"}}
TYPES = {"id": "S"}
ITEM: Item = KEY | {"n": {"N": "1318796827993409899"}, "m": {"M": {"list": {"L": [{"S": "x"}, {"S": "y"}]}}}}


def edit(*edits: Edit) -> WriteIntent:
    """An edit of the item."""
    return WriteIntent(WriteVerb.EDIT, "things", KEY, patch=edits)


@given(made_items({"id": "S"}), st.sampled_from([WriteVerb.CREATE, WriteVerb.UNDO, WriteVerb.DELETE]), st.booleans())
def test_pitfall_18_an_intent_comes_back_as_it_was(item: Item, verb: WriteVerb, keep: bool) -> None:  # noqa: FBT001  (drawn)
    key = {"id": item["id"]}
    patch = tuple(Edit((name,), value) for name, value in item.items() if name != "id")
    intent = WriteIntent(verb, "things", key, item=item, patch=patch, new_key=key, read=item, undoes=3, keep=keep)
    back = from_text(intent.as_text())
    assert back == intent
    assert same_item(back.item, item)


def test_pitfall_12_large_numbers_stay_exact() -> None:
    assert '"1318796827993409899' in from_text(edit(Edit(("n",), ITEM["n"])).as_text()).as_text().replace("\\", "")


@pytest.mark.parametrize(
    ("intent", "said"),
    [
        (WriteIntent(WriteVerb.DELETE, "things", {}), "The key of this table is id"),
        (WriteIntent(WriteVerb.DELETE, "things", {"id": {"N": "1"}}), "The key of this table is id"),
        (WriteIntent(WriteVerb.CREATE, "things", KEY, item={"id": {"S": "b"}}), "another key than the one"),
        (WriteIntent(WriteVerb.CREATE, "things", KEY, item={}), "The key of this table is id"),
        (WriteIntent(WriteVerb.COPY, "things", KEY, new_key=KEY), "The new key is the one that the item has."),
        (WriteIntent(WriteVerb.COPY, "things", KEY), "The key of this table is id"),
        (edit(), "Nothing is changed."),
        (edit(Edit(("id",), {"S": "b"})), "id is part of the key"),
        (edit(Edit(("id",), None)), "id is part of the key"),
    ],
)
def test_pitfalls_21_and_31_what_cannot_be_meant_is_refused(intent: WriteIntent, said: str) -> None:
    with pytest.raises(BadIntentError, match=said):
        check(intent, TYPES)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"N": "1" * 39}, "38 digits at most"),
        ({"SS": []}, "at least one member"),
        ({"HIDDEN": "S"}, "hidden from you"),
    ],
)
def test_pitfalls_13_and_17_what_dynamodb_would_not_take_is_refused(value: dict[str, object], said: str) -> None:
    with pytest.raises(BadValueError, match=said):
        check(edit(Edit(("n",), value)), TYPES)


def test_what_can_be_meant_passes() -> None:
    for intent in (
        WriteIntent(WriteVerb.CREATE, "things", KEY, item=ITEM),
        WriteIntent(WriteVerb.DELETE, "things", KEY),
        WriteIntent(WriteVerb.COPY, "things", KEY, new_key={"id": {"S": "b"}}),
        edit(Edit(("m", "list", 1), None)),
    ):
        assert check(intent, TYPES) is intent


def test_only_what_an_edit_names_is_touched() -> None:
    after = result_of(edit(Edit(("m", "list", 0), {"N": "5"}), Edit(("new",), {"BOOL": True})), ITEM)
    assert after is not None
    assert after == ITEM | {"m": {"M": {"list": {"L": [{"N": "5"}, {"S": "y"}]}}}, "new": {"BOOL": True}}
    assert patched(ITEM, [Edit(("m", "list", 0), None), Edit(("n",), None)]) == KEY | {
        "m": {"M": {"list": {"L": [{"S": "y"}]}}}
    }


@pytest.mark.parametrize("path", [("x", "y"), ("n", "y"), ("m", "list", 2), ("m", "list", "x"), ("m", 0)])
def test_a_place_that_is_not_there_is_said(path: tuple[str | int, ...]) -> None:
    with pytest.raises(BadIntentError, match=r"There is no .* in the item any more."):
        patched(ITEM, [Edit(path, {"S": "z"})])


def test_what_there_is_not_cannot_be_edited_or_moved() -> None:
    for intent in (edit(Edit(("n",), None)), WriteIntent(WriteVerb.COPY, "things", KEY, new_key={"id": {"S": "b"}})):
        with pytest.raises(BadIntentError, match="no such item"):
            result_of(intent, None)


def test_paths_read_as_people_write_them() -> None:
    assert shown_path(("address", "lines", 0, "x")) == "address.lines[0].x"
