"""Values as a page shows them: exact, honest about what plain text would lose, and never markup."""

import json
import re
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.tables.cells import Look, cell, time_hint
from portal.tables.plain import is_plain_number, lies, plain_text, why_not_plain
from provisioning.items.values import Value, dumps, loads_value, same

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HOSTILE = ("<img src=x onerror=alert(1)>", '"><svg onload=alert(1)>', "</script><script>", "javascript:alert(1)")


def shown(value: dict[str, Any] | None, name: str = "a", *, typed: bool = False, ttl: str = "") -> str:
    """The cell of this value."""
    look = Look(typed, ttl, NOW, lambda attribute: attribute != "left out")
    return str(cell(name, {} if value is None else {name: value}, look))


def words(html: str) -> str:
    """What a person reads."""
    return unescape(re.sub(r"<[^>]*>", "", html))


def carried(html: str) -> dict[str, Any]:
    """The value that the script of the page reads from a cell."""
    found = re.match(r'<td[^>]* data-t=(\w+)(?: data-j="([^"]*)")?', html)
    assert found
    return loads_value(unescape(found[2])) if found[2] else {found[1]: words(html)}


@pytest.mark.parametrize("text", ["0", "-1", "12", "1.5", "9007199254740992", "0.1", "-123456.789"])
def test_pitfall_12_numbers_that_stay_what_they_are_are_plain(text: str) -> None:
    assert is_plain_number(text)
    assert why_not_plain({"N": text}) == ""


@pytest.mark.parametrize(
    "text", ["1318796827993409899", "9007199254740993", "0.1234567890123456789", "1E+3", "1.0", "01", "-0", "9" * 38]
)
def test_pitfall_12_numbers_that_plain_would_change_are_told(text: str) -> None:
    assert not is_plain_number(text)
    assert why_not_plain({"N": text})
    assert words(shown({"N": text})) == text


def test_pitfall_18_plain_says_where_it_would_lie() -> None:
    items: list[Any] = [
        {"id": {"S": "1"}, "tags": {"SS": ["a"]}, "deep": {"M": {"list": {"L": [{"B": b"\x00"}]}}}},
        {"id": {"S": "2"}, "big": {"N": "1318796827993409899"}, "raw": {"B": b"x"}},
    ]
    assert lies(items) == {
        "tags": "is a set",
        "deep": "holds a value that is binary",
        "big": "is a number beyond 2^53",
        "raw": "is binary",
    }


def test_pitfall_26_absent_and_not_projected_differ() -> None:
    assert words(shown(None)) == ""
    assert words(shown(None, "left out")) == "not projected"


def test_empty_null_hidden_and_false_are_told_apart() -> None:
    said = [
        words(shown(value)) for value in ({"S": ""}, {"NULL": True}, {"HIDDEN": "S"}, {"BOOL": False}, {"S": "null"})
    ]
    assert said == ["empty text", "null", "hidden", "false", "null"]
    assert "chip" in shown({"NULL": True})
    assert "chip" not in shown({"S": "null"})
    assert "data-j" not in shown({"HIDDEN": "S"})


def test_binary_shows_its_size_and_its_start() -> None:
    assert words(shown({"B": b"\x00\x01"})) == "2 bytes AAE="
    assert words(shown({"B": bytes(300)})).startswith("300 bytes AAAAAAAAAAAA…")


def test_long_texts_unfold_and_huge_ones_say_how_much_is_left() -> None:
    long, huge = shown({"S": "x" * 200}), shown({"S": "y" * 20_000})
    assert "<details" in long
    assert "x" * 200 in long
    assert "12,000 more characters" in huge
    assert "data-j" not in huge
    assert "data-big" in huge
    assert len(huge) < 10_000


def test_maps_are_compact_and_open_to_the_whole() -> None:
    deep: dict[str, Any] = {"N": "1.50"}
    for level in range(8):
        deep = {"M": {f"level{level}": deep}}
    html = shown(deep)
    assert words(html).startswith("{1} level7")
    assert "1.50" in html
    assert json.loads(plain_text(deep))["level7"]["level6"]
    assert plain_text({"L": [{"N": "1"}, {"M": {}}, {"S": "a\nb"}]}) == '[\n  1,\n  {},\n  "a\\nb"\n]'
    assert words(shown({"SS": ["a", "b", "c", "d"]})).startswith('4 in set "a", "b", "c", …')


def test_typed_cells_name_their_type() -> None:
    assert words(shown({"S": "a"}, typed=True)) == 'S"a"'
    assert words(shown({"N": "1"}, typed=True)) == "N1"


@pytest.mark.parametrize(
    ("name", "text", "hint"),
    [
        ("created_at", "1714730400", "2024-05-03 10:00 UTC, if it counts seconds since 1970"),
        ("updatedAt", "1714730400123", "2024-05-03 10:00 UTC, if it counts thousandths of seconds since 1970"),
        ("phone", "1714730400", ""),
        ("id", "1714730400", ""),
        ("timestamp", "123456789", ""),
        ("timestamp", "9999999999", ""),
        ("timestamp", "-171473040", ""),
        ("timestamp", "17147304001", ""),
    ],
)
def test_pitfall_19_a_time_is_only_a_hint(name: str, text: str, hint: str) -> None:
    assert time_hint(name, text) == hint
    assert words(shown({"N": text}, name)) == text


def test_what_has_expired_is_marked() -> None:
    """T6."""
    past, gone, ahead, no_time = (
        shown({"N": text}, "ttl", ttl="ttl") for text in ("1772236800", "9", "1893456000", "1E+40")
    )
    assert "expired" in words(past)
    assert "within about two days" in past
    assert "the item stays" in gone
    assert "expired" not in ahead
    assert "<time" in ahead
    assert words(no_time) == "1E+40"
    assert "<time" not in shown({"S": "1772236800"}, "ttl", ttl="ttl")


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("typed", [True, False])
def test_pitfall_38_no_value_is_markup(text: str, typed: bool) -> None:  # noqa: FBT001  (a case)
    values: list[Any] = [{"S": text}, {"S": text * 9}, {"SS": [text]}, {"M": {text: {"S": text}}}, {"L": [{"S": text}]}]
    for value in values:
        html = shown(value, text, typed=typed)
        assert not re.search(r"<(img|svg|script)", html)
        assert html.count('"') % 2 == 0
        assert carried(html) == value


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
VALUES = st.recursive(
    st.builds(lambda text: {"S": text}, TEXTS)
    | st.builds(lambda number: {"N": str(number)}, st.integers(-(10**38) + 1, 10**38 - 1))
    | st.builds(lambda content: {"B": content}, st.binary(max_size=40))
    | st.sampled_from([{"BOOL": True}, {"BOOL": False}, {"NULL": True}])
    | st.builds(lambda texts: {"SS": sorted(texts)}, st.sets(TEXTS, min_size=1, max_size=4)),
    lambda parts: (
        st.builds(lambda inside: {"L": inside}, st.lists(parts, max_size=3))
        | st.builds(lambda inside: {"M": inside}, st.dictionaries(TEXTS, parts, max_size=3))
    ),
    max_leaves=6,
)


@given(VALUES, st.booleans())
def test_pitfall_12_the_page_never_carries_another_value(value: dict[str, Any], typed: bool) -> None:  # noqa: FBT001
    """What is filtered by, or copied, is the value itself, whatever characters are in it."""
    assert same(carried(shown(value, typed=typed)), value)


@given(VALUES)
def test_typed_json_is_what_the_library_would_write(value: Value) -> None:
    plain = json.loads(dumps(value))
    assert dumps(value) == json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
    assert dumps(value, pretty=True) == json.dumps(plain, ensure_ascii=False, indent=2)
