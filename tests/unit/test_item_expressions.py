"""From a query to expressions: placeholders only, whatever attributes and values are called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.items.expressions import expressions_of
from provisioning.items.paths import path_of
from provisioning.items.query import BadQueryError, Condition, Query, Shape, View, check_query

SHAPE = Shape(
    "t",
    View("", "id", "at"),
    (View("by-user", "user", "at"),),
    {"id": "S", "at": "N", "user": "S"},
)


@pytest.mark.parametrize("name", ["key", "status", "a.b", "a-b", "#x", ":v0", "日本", 'a "b"', "size(x)", "a[0]"])
def test_pitfall_22_any_name_stands_behind_a_placeholder(name: str) -> None:
    shape = Shape("t", View("", name), (), {name: "S"})
    query = check_query(Query(partition="1", filters=(Condition(path_of(["x", name]), "exists"),)), shape)
    found = expressions_of(query, shape)
    assert found.key_condition == "#n0 = :v0"
    assert found.filter == "attribute_exists(#n1.#n0)"
    assert found.names == {"#n0": name, "#n1": "x"}


def test_pitfall_22_an_empty_name_is_refused_in_words() -> None:
    with pytest.raises(BadQueryError, match="not empty"):
        check_query(Query(filters=(Condition('""', "exists"),)), SHAPE)
    with pytest.raises(BadQueryError, match="Name an attribute"):
        check_query(Query(filters=(Condition("", "exists"),)), SHAPE)


@given(st.lists(st.text(min_size=1), min_size=1, max_size=5), st.text())
def test_pitfall_22_no_name_and_no_value_is_ever_in_an_expression(names: list[str], value: str) -> None:
    try:
        query = check_query(Query(filters=(Condition(path_of(names), "=", "S", value),)), SHAPE)
    except BadQueryError:
        return
    found = expressions_of(query, SHAPE)
    bare = found.key_condition if query.partition is not None else found.filter
    assert set(bare) <= set("#nv:. =0123456789")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Condition("a", "=", "S", "x"), "#n0 = :v0"),
        (Condition("a", "!=", "S", "x"), "#n0 <> :v0"),
        (Condition("a.b[2]", "between", "N", "1", "2"), "#n0.#n1[2] BETWEEN :v0 AND :v1"),
        (Condition("a", "in", "S", "x,y,z"), "#n0 IN (:v0, :v1, :v2)"),
        (Condition("a", "contains", "S", "x"), "contains(#n0, :v0)"),
        (Condition("a", "not-contains", "S", "x"), "NOT contains(#n0, :v0)"),
        (Condition("a", "begins-with", "S", "x"), "begins_with(#n0, :v0)"),
        (Condition("a", "exists"), "attribute_exists(#n0)"),
        (Condition("a", "not-exists"), "attribute_not_exists(#n0)"),
        (Condition("a", "type", "S", "SS"), "attribute_type(#n0, :v0)"),
        (Condition("a", "size>=", "S", "3"), "size(#n0) >= :v0"),
    ],
)
def test_each_operator_as_dynamodb_reads_it(condition: Condition, expected: str) -> None:
    assert expressions_of(Query(filters=(condition,)), SHAPE).filter == expected


def test_pitfall_23_several_conditions_on_one_attribute_stand_side_by_side() -> None:
    query = Query(filters=(Condition("ts", ">", "N", "5"), Condition("ts", "<", "N", "9")))
    found = expressions_of(query, SHAPE)
    assert found.filter == "#n0 > :v0 AND #n0 < :v1"
    assert found.values == {":v0": {"N": "5"}, ":v1": {"N": "9"}}
    assert found.names == {"#n0": "ts"}


def test_a_key_condition_has_the_types_of_the_table() -> None:
    query = Query(index="by-user", partition="7", sort=Condition("at", "<=", "N", "7"))
    found = expressions_of(query, SHAPE)
    assert found.key_condition == "#n0 = :v0 AND #n1 <= :v1"
    assert found.values == {":v0": {"S": "7"}, ":v1": {"N": "7"}}


def test_keys_of_table_and_index_are_always_projected() -> None:
    found = expressions_of(Query(index="by-user", attributes=("text", "map.a", "map", "id")), SHAPE)
    names = [found.names[placeholder] for placeholder in found.projection.split(", ")]
    assert names == ["id", "at", "user", "text", "map"]
    assert expressions_of(Query(), SHAPE).projection == ""


def test_an_expression_that_dynamodb_would_not_read_is_refused_in_words() -> None:
    many = ",".join(map(str, range(100)))
    query = check_query(Query(filters=tuple(Condition(f"a{number}", "in", "N", many) for number in range(12))), SHAPE)
    with pytest.raises(BadQueryError, match="4,096 bytes") as caught:
        expressions_of(query, SHAPE)
    assert set(caught.value.fields) == {"filters"}
