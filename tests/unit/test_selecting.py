"""Whether a query would select an item, worked out without DynamoDB."""

import pytest

from provisioning.items.query import Condition, Query, Shape, View
from provisioning.items.selecting import selects
from provisioning.items.values import Item

SHAPE = Shape(
    "t", View("", "id", "at"), (View("by-kind", "kind", "size"),), {"id": "S", "at": "N", "kind": "S", "size": "N"}
)
ITEM: Item = {
    "id": {"S": "a"},
    "at": {"N": "5"},
    "kind": {"S": "letter"},
    "size": {"N": "10"},
    "text": {"S": "héllo"},
    "tags": {"SS": ["x", "y"]},
    "list": {"L": [{"N": "1"}, {"S": "z"}]},
    "nested": {"M": {"deep": {"BOOL": True}}},
}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(), True),
        (Query(partition="a"), True),
        (Query(partition="b"), False),
        (Query(partition="a", sort=Condition("at", ">", "N", "4")), True),
        (Query(partition="a", sort=Condition("at", "between", "N", "6", "7")), False),
        (Query("by-kind", "letter"), True),
        (Query("by-kind", "letter", sort=Condition("size", "=", "N", "1e1")), True),
        (Query("by-kind"), True),
        (Query(filters=(Condition("text", "begins-with", "S", "hé"),)), True),
        (Query(filters=(Condition("text", "contains", "S", "llo"), Condition("text", "!=", "S", "x"))), True),
        (Query(filters=(Condition("text", "size>", "S", "5"),)), True),
        (Query(filters=(Condition("text", "size=", "S", "5"),)), False),
        (Query(filters=(Condition("tags", "contains", "S", "x"),)), True),
        (Query(filters=(Condition("tags", "not-contains", "S", "x"),)), False),
        (Query(filters=(Condition("tags", "size=", "S", "2"),)), True),
        (Query(filters=(Condition("list", "contains", "N", "1.0"),)), True),
        (Query(filters=(Condition("list[1]", "=", "S", "z"),)), True),
        (Query(filters=(Condition("nested.deep", "=", "BOOL", "true"),)), True),
        (Query(filters=(Condition("nested.deep", "type", "S", "BOOL"),)), True),
        (Query(filters=(Condition("at", "in", "N", "4, 5.0"),)), True),
        (Query(filters=(Condition("at", "<", "S", "6"),)), False),
        (Query(filters=(Condition("none", "not-exists"), Condition("text", "exists"))), True),
        (Query(filters=(Condition("none", "!=", "S", "x"),)), True),
        (Query(filters=(Condition("none", "<", "S", "x"),)), False),
        (Query(filters=(Condition("at", "size>", "S", "0"),)), False),
    ],
)
def test_as_dynamodb_would(query: Query, expected: bool) -> None:  # noqa: FBT001  (what is expected)
    assert selects(query, SHAPE, ITEM) is expected


def test_what_an_index_does_not_have_is_not_selected() -> None:
    without = {name: value for name, value in ITEM.items() if name != "size"}
    assert not selects(Query("by-kind", "letter"), SHAPE, without)
    assert not selects(Query("by-kind", "letter"), SHAPE, {**ITEM, "size": {"S": "10"}})
