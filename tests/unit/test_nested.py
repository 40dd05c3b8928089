"""Documents within a property: exactly what differs is told, by the names a person would look for."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portal.changes.nested import MOST, differences

APP = {"Name": "app", "Image": "nginx:stable", "PortMappings": [{"ContainerPort": 80}]}
SIDECAR = {"Name": "sidecar", "Image": "logs:1"}
LEAF = st.none() | st.booleans() | st.integers() | st.text()
DOCUMENTS = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=8
)


def told(before: Any, after: Any) -> list[tuple[str, str, str]]:
    return differences(json.dumps(before), json.dumps(after))


def test_one_image_of_a_task_definition() -> None:
    assert told([SIDECAR, APP], [SIDECAR, APP | {"Image": "nginx:1.27"}]) == [
        ("app.Image", "nginx:stable", "nginx:1.27")
    ]


def test_what_comes_goes_and_stands_in_lists() -> None:
    assert told([APP], [APP | {"PortMappings": [{"ContainerPort": 8080}]}, SIDECAR]) == [
        ("app.PortMappings.0.ContainerPort", "80", "8080"),
        ("sidecar", "not set", json.dumps(SIDECAR)),
    ]
    assert told({"a": {}, "b": 1}, {"a": {"c": None}}) == [("a.c", "not set", "null"), ("b", "1", "not set")]


@pytest.mark.parametrize(
    ("before", "after"),
    [("nginx:1", "nginx:2"), ("1", "2"), (None, "[1]"), ("[1]", None), ("[1]", "{}"), ("[1", "[1]"), ("[1]", "[1]")],
)
def test_anything_else_is_left_whole(before: str | None, after: str | None) -> None:
    assert differences(before, after) == []


def test_many_differences_are_read_as_a_whole() -> None:
    assert told(list(range(MOST + 1)), list(range(1, MOST + 2))) == []


def test_names_in_another_order_are_left_whole() -> None:
    assert told([APP, SIDECAR], [SIDECAR, APP]) == []


@given(DOCUMENTS, LEAF, LEAF)
@example(around={}, one=1, other=True)
def test_a_value_that_differs_is_never_left_out(around: Any, one: Any, other: Any) -> None:
    found = told({"around": around, "here": one}, {"around": around, "here": other})
    assert [path for path, _, _ in found] == ([] if json.dumps(one) == json.dumps(other) else ["here"])


@given(DOCUMENTS, DOCUMENTS)
def test_what_is_told_differs(one: Any, other: Any) -> None:
    assert all(before != after or path for path, before, after in told({"x": one}, {"x": other}))
