"""Queries as people ask them: read from forms and links, checked in words, and written as links again."""

from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.items.operators import OPERATORS, as_text, operands, operators_for, sort_operators_for, typed
from provisioning.items.paths import path_of, steps_of, value_at
from provisioning.items.query import (
    LARGEST_PAGE,
    MOST_FILTERS,
    BadQueryError,
    Condition,
    Query,
    Shape,
    View,
    check_query,
    read_query,
    shape_of,
)
from provisioning.items.values import BadValueError
from provisioning.models import Table

SHAPE = Shape(
    table="dev-messages",
    itself=View("", "id", "at"),
    indexes=(
        View("by-user", "user_id", "at"),
        View("by-mail", "mail", projection="KEYS_ONLY"),
        View("some", "mail", projection="INCLUDE", included=("text",)),
        View("local", "id", "mail", projection="KEYS_ONLY", is_local=True),
    ),
    types={"id": "S", "at": "N", "user_id": "S", "mail": "S"},
)
ODD = ("key", "status", "a.b", "a-b", "#x", "日本", 'with "quotes"', "a[0]", " ", "\\", "\n")


def wrong(**given: object) -> dict[str, str]:
    with pytest.raises(BadQueryError) as caught:
        check_query(Query(**given), SHAPE)  # type: ignore[arg-type]
    return caught.value.fields


def row(path: str, op: str = "=", kind: str = "S", value: str = "", to: str = "") -> list[tuple[str, str]]:
    return [("path", path), ("op", op), ("type", kind), ("value", value), ("to", to)]


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("a", ("a",)),
        ("a.b[0].c", ("a", "b", 0, "c")),
        ("a[1][2]", ("a", 1, 2)),
        ('"a.b".c', ("a.b", "c")),
        ('x."日 \\" 本"[3]', ("x", '日 " 本', 3)),
        ("a-b.#x", ("a-b", "#x")),
    ],
)
def test_paths_are_read_and_written(path: str, steps: tuple[str | int, ...]) -> None:
    assert steps_of(path) == steps
    assert path_of(steps) == path


@pytest.mark.parametrize(
    "path", ["", ".a", "a.", "a..b", "[0]", "a[x]", 'a"b', '"a', 'a"b"', '""', 'a.""', "a[0]b", "a]"]
)
def test_what_is_no_path_is_said(path: str) -> None:
    with pytest.raises(BadValueError):
        steps_of(path)


@given(st.lists(st.one_of(st.text(min_size=1), st.integers(0, 99_999)), min_size=1, max_size=20))
def test_any_steps_have_a_path(steps: list[str | int]) -> None:
    steps = ["first", *steps]
    assert steps_of(path_of(steps)) == tuple(steps)


def test_a_value_is_found_by_its_path() -> None:
    item = {"a.b": {"M": {"c": {"L": [{"N": "1"}, {"S": "two"}]}}}}
    assert value_at(item, steps_of('"a.b".c[1]')) == {"S": "two"}
    for nowhere in ('"a.b".c[2]', '"a.b".d', '"a.b"[0]', "a", '"a.b".c[0].x'):
        assert value_at(item, steps_of(nowhere)) is None


def test_pitfall_05_a_link_carries_the_whole_query() -> None:
    query = Query(
        index="by-user",
        partition="ü & =1?",
        sort=Condition("at", "between", "N", "1", "2"),
        filters=(
            Condition('"a.b"[0].c', "begins-with", "S", " x "),
            Condition("n", ">", "N", "1318796827993409899"),
            Condition("gone", "not-exists"),
        ),
        descending=True,
        attributes=("text", '"a.b"'),
        page_size=100,
    )
    link = urlencode(query.pairs())
    assert read_query(parse_qsl(link, keep_blank_values=True), SHAPE) == query


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
CONDITIONS = st.builds(
    Condition,
    path=st.lists(TEXTS.filter(bool), min_size=1, max_size=3).map(lambda names: path_of(["of", *names])),
    operator=st.sampled_from(["=", "!=", "begins-with", "contains"]),
    type=st.just("S"),
    value=TEXTS,
)


@given(
    st.builds(
        Query,
        index=st.sampled_from(["", "by-user"]),
        partition=st.one_of(st.none(), TEXTS.filter(bool)),
        filters=st.lists(CONDITIONS, max_size=4).map(tuple),
        descending=st.booleans(),
        page_size=st.integers(1, LARGEST_PAGE),
    )
)
def test_pitfall_05_no_link_ever_loses_a_part_of_its_query(query: Query) -> None:
    link = urlencode(query.pairs())
    assert read_query(parse_qsl(link, keep_blank_values=True), SHAPE) == query


def test_what_is_not_of_a_query_is_passed_over_and_empty_rows_are_none() -> None:
    pairs = [("cursor", "x"), ("pk", ""), *row("", "=", "S"), *row("text", "contains", "S", "hello"), ("order", "asc")]
    assert read_query(pairs, SHAPE) == Query(filters=(Condition("text", "contains", "S", "hello"),))


def test_a_partition_makes_it_a_query() -> None:
    assert (read_query([], SHAPE).word, read_query([("pk", "1")], SHAPE).word) == ("Scan", "Query")


def test_pitfall_23_one_attribute_may_be_asked_for_several_times() -> None:
    pairs = [*row("ts", ">", "N", "5"), *row("ts", "<", "N", "9")]
    assert [(one.operator, one.value) for one in read_query(pairs, SHAPE).filters] == [(">", "5"), ("<", "9")]


def test_pitfall_24_a_condition_on_a_key_goes_to_the_key_condition() -> None:
    scan_by_key = read_query(row("id", "=", "S", "one"), SHAPE)
    assert (scan_by_key.word, scan_by_key.partition, scan_by_key.filters) == ("Query", "one", ())
    by_sort = read_query([("pk", "one"), *row("at", "between", "N", "1", "2")], SHAPE)
    assert by_sort.sort == Condition("at", "between", "N", "1", "2")
    assert by_sort.filters == ()


def test_pitfall_24_what_no_key_condition_can_say_is_refused_in_words() -> None:
    assert "is a key of this query" in wrong(partition="one", filters=(Condition("at", "!=", "N", "1"),))["filter.0"]
    assert "is a key of this query" in wrong(partition="one", filters=(Condition("id", "=", "S", "two"),))["filter.0"]
    twice = (Condition("at", ">", "N", "1"), Condition("at", "<", "N", "9"))
    assert set(wrong(partition="one", filters=twice)) == {"filter.0", "filter.1"}
    # The table's own key is an attribute like any other to an index, and everything is to a scan.
    check_query(Query(index="by-user", partition="u", filters=(Condition("id", "=", "S", "one"),)), SHAPE)
    check_query(Query(filters=(Condition("at", "!=", "N", "1"), Condition("id", "begins-with", "S", "o"))), SHAPE)


def test_pitfall_25_operators_depend_on_the_type() -> None:
    assert "begins-with" not in {operator.code for operator in operators_for("N")}
    assert {"<", "begins-with", "contains"} <= {operator.code for operator in operators_for("S")}
    assert {operator.code for operator in operators_for("BOOL") if operator.types} == {"=", "!="}
    assert [operator.code for operator in sort_operators_for("N")] == ["=", "<", "<=", ">", ">=", "between"]
    assert sort_operators_for("S")[-1].code == "begins-with"
    assert "cannot be asked of this type" in wrong(filters=(Condition("n", "begins-with", "N", "1"),))["filter.0"]
    assert "no operator" in wrong(filters=(Condition("n", "like", "S", "1"),))["filter.0"]
    assert "no type" in wrong(filters=(Condition("n", "=", "X", "1"),))["filter.0"]
    begins = Condition("at", "begins-with", "N", "1")
    assert set(wrong(partition="one", sort=begins)) == {"sk_op"}


def test_pitfall_25_every_operator_has_its_own_check() -> None:
    for kind in ("S", "N", "B", "BOOL", "NULL"):
        for operator in operators_for(kind):
            sample = {"S": "a", "N": "1", "B": "YQ==", "BOOL": "true", "NULL": ""}[kind]
            sample = {"size": "3", "type": "SS"}.get(operator.asks, sample)
            check_query(Query(filters=(Condition("x", operator.code, kind, sample, sample),)), SHAPE)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("N", "1" * 39),  # pitfall 13
        ("N", "1E+126"),  # pitfall 14
        ("N", "1E-131"),
        ("N", "NaN"),  # pitfall 15
        ("N", "Infinity"),
        ("N", "1,5"),
        ("N", ""),
        ("B", "no base64"),
        ("BOOL", "yes"),
        ("S", "\ud800"),
        ("M", "{}"),
    ],
)
def test_pitfalls_13_to_15_a_value_that_is_none_is_an_error_of_its_field(kind: str, text: str) -> None:
    with pytest.raises(BadValueError):
        typed(kind, text)
    assert set(wrong(filters=(Condition("n", "=", kind, text),))) == {"filter.0"}


@pytest.mark.parametrize(
    "value", [{"S": "a,b"}, {"N": "1318796827993409899"}, {"B": b"\x00\xff"}, {"BOOL": False}, {"NULL": True}]
)
def test_a_value_becomes_a_text_and_a_value_again(value: dict[str, object]) -> None:
    (kind,) = value
    assert typed(kind, as_text(value)) == value


def test_one_of_takes_a_list_as_csv_has_it() -> None:
    one_of = OPERATORS["in"]
    assert operands(one_of, "S", 'a, "b, c",d', "") == [{"S": "a"}, {"S": "b, c"}, {"S": "d"}]
    assert operands(one_of, "N", "1\n2\n3", "") == [{"N": "1"}, {"N": "2"}, {"N": "3"}]
    assert (
        "100 values at most" in wrong(filters=(Condition("n", "in", "N", ",".join(map(str, range(101)))),))["filter.0"]
    )
    assert "commas between" in wrong(filters=(Condition("n", "in", "S", ""),))["filter.0"]
    assert "not closed" in wrong(filters=(Condition("n", "in", "S", '"a'),))["filter.0"]


def test_between_goes_upwards_as_dynamodb_orders() -> None:
    assert operands(
        OPERATORS["between"],
        "N",
        "9",
        "10",
    ) == [{"N": "9"}, {"N": "10"}]
    for kind, lower, upper in (("N", "10", "9"), ("S", "b", "a"), ("B", "Yg==", "YQ==")):
        assert "greater" in wrong(filters=(Condition("n", "between", kind, lower, upper),))["filter.0"]


def test_a_size_is_a_number_and_a_type_is_a_type() -> None:
    assert "whole number" in wrong(filters=(Condition("n", "size>", "S", "many"),))["filter.0"]
    assert "Types are" in wrong(filters=(Condition("n", "type", "S", "text"),))["filter.0"]


def test_pitfall_27_a_global_index_is_never_read_consistently() -> None:
    assert set(wrong(index="by-user", partition="u", consistent=True)) == {"consistent"}
    assert check_query(Query(index="local", partition="1", consistent=True), SHAPE).consistent
    assert check_query(Query(consistent=True), SHAPE).consistent


def test_pitfall_26_a_global_index_is_not_asked_for_what_it_does_not_project() -> None:
    assert "not projected" in wrong(index="by-mail", attributes=("text",))["attribute"]
    assert "not projected" in wrong(index="by-mail", filters=(Condition("text.b", "exists"),))["filter.0"]
    check_query(Query(index="some", attributes=("text", "id")), SHAPE)
    check_query(Query(index="local", partition="1", attributes=("text",)), SHAPE)
    assert SHAPE.projected("by-mail") == frozenset({"id", "at", "mail"})
    assert SHAPE.projected("some") == frozenset({"id", "at", "mail", "text"})
    assert SHAPE.projected("") is SHAPE.projected("by-user") is None


def test_everything_that_is_wrong_is_said_at_once() -> None:
    bad = {"index": "by-user", "partition": "x" * 2049, "page_size": 101, "consistent": True, "attributes": ("a..b",)}
    assert set(wrong(**bad)) == {"pk", "size", "consistent", "attribute"}
    assert set(wrong(sort=Condition("at", "=", "N", "1"))) == {"sk"}
    assert set(wrong(index="by-mail", partition="m", sort=Condition("", "=", "S", "1"))) == {"sk"}
    assert set(wrong(partition="one", sort=Condition("at", "=", "N", "one"))) == {"sk"}
    assert set(wrong(index="nothing")) == {"index"}
    assert set(wrong(attributes=tuple(f"a{number}" for number in range(51)))) == {"attribute"}
    assert set(wrong(filters=(Condition("a", "exists"),) * (MOST_FILTERS + 1))) == {"filters"}
    assert set(wrong(filters=(Condition("", "=", "S", "x"),))) == {"filter.0"}


def test_a_size_that_is_no_number_is_said() -> None:
    with pytest.raises(BadQueryError, match="A page has 1 to 100 items"):
        read_query([("size", "²")], SHAPE)


def test_a_shape_is_made_of_what_was_described() -> None:
    table = Table(
        name="t",
        described={
            "keys": [{"attribute": "id", "role": "HASH"}, {"attribute": "at", "role": "RANGE"}],
            "attribute_types": {"id": "S", "at": "N", "mail": "S"},
            "indexes": [
                {
                    "name": "by-mail",
                    "keys": [{"attribute": "mail", "role": "HASH"}],
                    "projection": "INCLUDE",
                    "included": ["text"],
                    "is_local": False,
                }
            ],
        },
    )
    shape = shape_of(table)
    assert shape.itself == View("", "id", "at")
    assert shape.indexes == (View("by-mail", "mail", "", "INCLUDE", ("text",)),)
    assert shape.start_names("by-mail") == ("id", "at", "mail")
    assert shape_of(Table(name="t")).itself.partition == ""
