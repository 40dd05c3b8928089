"""Plans of writes of items: whether each can work, what it costs, and what makes a plan another one."""

from typing import Any

import pytest
from fakes.made_items import items as made_items
from hypothesis import given

from provisioning.items.intents import Edit, WriteIntent
from provisioning.items.query import Shape, View
from provisioning.items.values import Item, same_item
from provisioning.lifecycle import JobKind, WriteVerb
from provisioning.planning import item_plans, plan
from provisioning.planning.item_plans import Leg

KEY: Item = {"id": {"S": "a"}}
ITEM: Item = KEY | {"kind": {"S": "k"}, "tags": {"SS": ["x", "y"]}, "n": {"N": "1.0"}}
SHAPE = Shape(table="things", itself=View("", "id", ""), indexes=(), types={"id": "S"})
EDIT = WriteIntent(WriteVerb.EDIT, "things", KEY, patch=(Edit(("kind",), {"S": "l"}),))


def write(now: Item | None, intent: WriteIntent = EDIT) -> dict[str, Any]:
    """The write as a plan holds it."""
    return item_plans.planned(0, intent, item_plans.legs_of(intent, now), SHAPE)


def sealed(*writes: dict[str, Any], table_id: str = "t-1") -> str:
    """The digest of a plan of these writes."""
    items = {"table": {"name": "things", "id": table_id}, "writes": list(writes), "job": None}
    made = plan.build(kind="write_items", stacks=[], findings=[], cost=None, more={"attempt": 1, "items": items})
    return plan.digest(made)


def test_the_same_item_is_the_same_plan_however_dynamodb_writes_it() -> None:
    """Pitfall 16: numbers by what they are worth, sets without order."""
    again = ITEM | {"tags": {"SS": ["y", "x"]}, "n": {"N": "1"}}
    assert sealed(write(ITEM)) == sealed(write(again))


@pytest.mark.parametrize(
    "other",
    [
        write(ITEM | {"n": {"N": "2"}}),
        write({**ITEM, "n": {"S": "1"}}),
        write({name: value for name, value in ITEM.items() if name != "n"}),
        write(ITEM, WriteIntent(WriteVerb.EDIT, "things", KEY, patch=(Edit(("kind",), {"S": "other"}),))),
        write(ITEM, WriteIntent(WriteVerb.DELETE, "things", KEY)),
        {**write(ITEM), "number": 1},
    ],
)
def test_another_item_or_another_write_is_another_plan(other: dict[str, Any]) -> None:
    """C15."""
    assert sealed(write(ITEM)) != sealed(other)


def test_another_table_under_the_name_is_another_plan() -> None:
    assert sealed(write(ITEM)) != sealed(write(ITEM), table_id="t-2")


def test_prices_and_what_is_sealed_anew_say_nothing() -> None:
    assert write(ITEM)["content"] != write(ITEM)["content"]
    assert sealed(write(ITEM)) == sealed({**write(ITEM), "units": "99", "content": "other"})


def test_a_plan_without_items_keeps_its_digest() -> None:
    made = plan.build(kind="update", stacks=[], findings=[], cost=None, more={"attempt": 1})
    assert plan.digest(made) == plan.digest({**made, "items": None})


@given(made_items({"id": "S"}))
def test_a_planned_write_comes_back_as_it_was(item: Item) -> None:
    intent = WriteIntent(WriteVerb.DELETE, "things", {"id": item["id"]}, read=item)
    kept = item_plans.planned(3, intent, item_plans.legs_of(intent, item), SHAPE)
    (leg,) = item_plans.opened(kept)
    assert leg.after is None
    assert same_item(leg.before, item)


def test_nothing_of_an_item_stands_in_the_clear() -> None:
    kept = repr(write(KEY | {"kind": {"S": "geheim"}}))
    assert "geheim" not in kept
    assert "kind" not in kept


@pytest.mark.parametrize(
    ("intent", "now", "there", "said"),
    [
        (WriteIntent(WriteVerb.CREATE, "things", KEY, item=ITEM), None, None, ""),
        (WriteIntent(WriteVerb.CREATE, "things", KEY, item=ITEM), ITEM, None, item_plans.EXISTS),
        (EDIT, None, None, item_plans.GONE),
        (EDIT, ITEM, None, ""),
        (WriteIntent(WriteVerb.EDIT, "things", KEY, patch=EDIT.patch, read=ITEM | {"n": {"N": "2"}}), ITEM, None, ""),
        (WriteIntent(WriteVerb.DELETE, "things", KEY, read={"n": {"N": "1"}}), ITEM, None, ""),
        (
            WriteIntent(WriteVerb.DELETE, "things", KEY, read={"n": {"N": "2"}}),
            ITEM,
            None,
            "the item changed since it was read",
        ),
        (
            WriteIntent(WriteVerb.EDIT, "things", KEY, patch=EDIT.patch, read=ITEM | {"kind": {"S": "other"}}),
            ITEM,
            None,
            "the item changed since it was read",
        ),
        (WriteIntent(WriteVerb.COPY, "things", KEY, new_key={"id": {"S": "b"}}), ITEM, ITEM, item_plans.TAKEN),
        (WriteIntent(WriteVerb.COPY, "things", KEY, new_key={"id": {"S": "b"}}), ITEM, None, ""),
    ],
)
def test_pitfalls_26_29_and_30_what_cannot_work_is_said(
    intent: WriteIntent, now: Item | None, there: Item | None, said: str
) -> None:
    assert item_plans.why_not(intent, now, there) == said


def test_an_undo_needs_its_items_as_they_were_left() -> None:
    back = (Leg(KEY, ITEM, None), Leg({"id": {"S": "b"}}, None, ITEM))
    assert item_plans.why_not_back(back, [ITEM, None]) == ""
    assert item_plans.why_not_back(back, [ITEM, ITEM])
    assert item_plans.why_not_back(back, [None, None])


@pytest.mark.parametrize(
    ("verbs", "said"),
    [
        ((), "No item of things is altered."),
        (["edit"], "1 item of things is altered."),
        (["delete", "delete"], "2 items of things are deleted."),
        (["delete", "edit", "create", "edit"], "1 item of things is made, 2 are altered, 1 is deleted."),
        (["undo", "copy"], "1 item of things goes to another key, 1 is put back as it was."),
    ],
)
def test_one_sentence_tells_what_happens(verbs: list[str], said: str) -> None:
    assert item_plans.sentence("things", verbs) == said


@pytest.mark.parametrize(
    ("kind", "count", "said"),
    [
        (JobKind.IMPORT, 1, "1 item is written into things."),
        (JobKind.DELETE, 1200, "1,200 items are deleted from things."),
        (JobKind.COPY, None, "Items are copied into things."),
    ],
)
def test_one_sentence_tells_what_a_job_does(kind: JobKind, count: int | None, said: str) -> None:
    assert item_plans.sentence("things", (), {"kind": kind, "items": count}) == said
