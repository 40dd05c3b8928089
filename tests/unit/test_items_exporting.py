"""Files of items: what is exported can be imported again byte for byte; what a spreadsheet opens runs nothing."""

import csv
import io
import json
import re
from decimal import Decimal

import pytest
from fakes.made_items import items
from hypothesis import example, given
from hypothesis import strategies as st

from provisioning.items.cells import item_of_row, read_header
from provisioning.items.exporting import (
    BYTE_ORDER_MARK,
    CSV,
    NDJSON,
    PLAIN,
    Columns,
    cell,
    escaped,
    header,
    masked_lines,
    seen_in,
    suffix_split,
    typed_lines,
    unescaped,
    written,
)
from provisioning.items.values import Item, dumps, loads_item, same_item

KEYS = {"id": "S", "at": "N"}
MANY = st.lists(items(KEYS), max_size=6)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
FORMULA = re.compile(r"[\s\x00-\x1f\u200b\ufeff]*[=+\-@＝＋－＠]|[\t\r\n]")


def lines_of(found: list[Item]) -> list[bytes]:
    """The items as an export keeps them."""
    return [line for line in typed_lines(found).split(b"\n") if line]


def columns_of(found: list[Item]) -> Columns:
    """What an export knows of its columns in the end."""
    columns = Columns.of(KEYS)
    columns.add(seen_in(found))
    return Columns.from_text(columns.as_text())


def table_of(found: list[Item]) -> list[list[str]]:
    """The rows of the CSV, as any program reads them."""
    text = b"".join(written(CSV, lines_of(found), columns_of(found))).decode()
    assert text.startswith(BYTE_ORDER_MARK)
    return list(csv.reader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK), newline="")))


@given(MANY)
def test_pitfall_18_typed_lines_come_back_as_they_were_byte_for_byte(found: list[Item]) -> None:
    kept = lines_of(found)
    assert len(kept) == len(found)
    again = [loads_item(line.decode()) for line in kept]
    assert again == found
    assert lines_of(again) == kept
    assert b"".join(written(NDJSON, kept, columns_of(found))) == typed_lines(found)


@given(st.text())
def test_pitfall_12_a_line_is_one_item_whatever_characters_it_has(text: str) -> None:
    item: Item = {"id": {"S": text.encode(errors="ignore").decode()}, "n": {"N": "1318796827993409899"}}
    (line,) = lines_of([item])
    assert loads_item(line.decode()) == item


@given(MANY)
def test_pitfall_39_no_cell_and_no_header_of_a_csv_is_a_formula(found: list[Item]) -> None:
    head, *rows = table_of(found)
    kinds = [columns_of(found).kind(name) for name in columns_of(found).types]
    assert not any(FORMULA.match(name) for name in head)
    for row in rows:
        for kind, text in zip(kinds, row, strict=True):
            if FORMULA.match(text):
                assert kind == "N"
                assert Decimal(text).is_finite()


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", " =", "\n=", "\u00a0+", "＝", "\ufeff="])
def test_pitfall_39_each_dangerous_beginning_is_made_harmless(begin: str) -> None:
    text = f"{begin}cmd|' /C calc'!A0"
    assert cell({"S": text}, "S") == f"'{text}"
    assert header(text, "S") == f"'{text}"


@pytest.mark.parametrize("number", ["-5", "-0.5", "1E+125", "123", "12345678901234567890123456789012345678"])
def test_pitfall_39_real_numbers_stay_numbers(number: str) -> None:
    assert cell({"N": number}, "N") == number
    assert cell({"S": "-5"}, "S") == "'-5"


@given(TEXTS)
@example("")
@example("'")
@example("''=1")
@example("'\n")
def test_an_escaped_text_comes_back(text: str) -> None:
    assert unescaped(escaped(text)) == text
    assert escaped(text) != ""


@given(MANY)
def test_a_csv_can_be_imported_again(found: list[Item]) -> None:
    head, *rows = table_of(found)
    columns = read_header(head, KEYS)
    again = [item_of_row(row, columns) for row in rows]
    assert all(same_item(one, other) for one, other in zip(found, again, strict=True))


@given(MANY)
def test_plain_lines_keep_every_digit_and_are_json(found: list[Item]) -> None:
    plain = list(written(PLAIN, lines_of(found), columns_of(found)))
    assert len(plain) == len(found)
    for line, item in zip(plain, found, strict=True):
        read = json.loads(line, parse_int=Decimal, parse_float=Decimal)
        assert read.keys() == item.keys()
        assert read["at"] == Decimal(item["at"]["N"])


def test_columns_are_keys_first_then_what_came_with_its_one_type_or_as_json() -> None:
    found: list[Item] = [
        {"zeta": {"N": "1"}, "id": {"S": "a"}, "at": {"N": "1"}, "same": {"BOOL": True}},
        {"id": {"S": "b"}, "at": {"N": "2"}, "zeta": {"S": "x"}, "tags": {"SS": ["b", "a"]}, "empty": {"S": ""}},
    ]
    head, first, second = table_of(found)
    assert head == ["id", "at:N", "zeta:JSON", "same:BOOL", "tags:JSON", "empty"]
    assert first == ["a", "1", '{"N":"1"}', "true", "", ""]
    assert second == ["b", "2", '{"S":"x"}', "", '{"SS":["b","a"]}', "'"]


@pytest.mark.parametrize("name", ["a:N", "x:JSON", "y:S", "z:HIDDEN"])
def test_a_name_that_looks_as_if_it_said_a_type_says_its_own(name: str) -> None:
    assert header(name, "S") == f"{name}:S"
    assert suffix_split(f"{name}:S") == (name, "S")


def test_pitfall_41_what_is_hidden_is_hidden_in_every_form() -> None:
    found: list[Item] = [
        {
            "id": {"S": "a"},
            "at": {"N": "1"},
            "phone": {"HIDDEN": "S"},
            "home": {"M": {"street": {"HIDDEN": "S"}, "city": {"S": "Bonn"}}},
        }
    ]
    head, row = table_of(found)
    assert head[2:] == ["phone:HIDDEN", "home:JSON"]
    assert row[2] == "(hidden)"
    (plain,) = written(PLAIN, lines_of(found), columns_of(found))
    assert json.loads(plain)["home"] == {"street": "(hidden)", "city": "Bonn"}


def test_pitfall_41_lines_that_were_kept_are_masked_once_more() -> None:
    kept = lines_of([{"id": {"S": "a"}, "at": {"N": "1"}, "photo": {"B": b"\x00"}}])
    (line,) = masked_lines(kept, lambda item: {**item, "id": {"HIDDEN": "S"}})
    assert line == b'{"id":{"HIDDEN":"S"},"at":{"N":"1"},"photo":{"B":"AA=="}}'


def test_more_names_than_columns_can_be_are_told_and_memory_does_not_grow() -> None:
    columns = Columns()
    assert columns.add((f"name-{number}", "S") for number in range(20_000))
    assert columns.too_many
    assert len(columns.types) == 10_000
    assert not columns.add([("one-more", "S")])
    assert Columns.from_text(columns.as_text()).too_many


def test_the_longest_item_is_one_line() -> None:
    item: Item = {"id": {"S": "x" * 390_000}, "at": {"N": "1"}}
    assert typed_lines([item]) == (dumps(item) + "\n").encode()
