"""Rows of CSV as items: what a header says of its columns, and what a cell is worth.

A header cell is the name of an attribute, and where it is no text its type behind a colon: `age:N`, `ok:BOOL`,
`photo:B` (base64), `tags:JSON` (any value, as typed JSON). Exports write such headers. Text that a spreadsheet would
take for a formula stands behind an apostrophe, which is taken off again (pitfall 39).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioning.items.exporting import MIXED, suffix_split, unescaped
from provisioning.items.values import HIDDEN, BadValueError, check_value, loads_value

_TRUTHS = {"true": True, "false": False}


class BadHeaderError(ValueError):
    """A header row that names no attributes, or one of them twice."""


@dataclass(frozen=True)
class Column:
    """An attribute and the type of its cells, one of SUFFIXES."""

    name: str
    kind: str


def read_header(cells: Sequence[str], types: Mapping[str, str]) -> tuple[Column, ...]:
    """The columns of a header row; `types` are those that the table has for key attributes. Raises BadHeaderError,
    and BadValueError for what is no UTF-8."""
    columns = tuple(_column(unescaped(_text(cell, "")), types) for cell in cells)
    names = [column.name for column in columns]
    hidden = next((column.name for column in columns if column.kind == HIDDEN), "")
    if hidden:
        raise BadHeaderError(f"The values of “{hidden}” are hidden in this file, so there is nothing to import there.")
    if not all(names):
        raise BadHeaderError(f"Column {names.index('') + 1} of the first row has no name.")
    twice = next((name for name in names if names.count(name) > 1), "")
    if twice:
        raise BadHeaderError(f"The first row names “{twice}” twice.")
    return columns


def _column(cell: str, types: Mapping[str, str]) -> Column:
    return Column(*(suffix_split(cell) or (cell, types.get(cell, "S"))))


def item_of_row(cells: Sequence[str], columns: Sequence[Column]) -> dict[str, Any]:
    """The item of a row; an empty cell is an attribute that is not there. Raises BadValueError."""
    if len(cells) != len(columns):
        raise BadValueError(f"The row has {len(cells)} cells, the first row has {len(columns)}.")
    return {
        column.name: _value(cell, column.kind, column.name) for cell, column in zip(cells, columns, strict=True) if cell
    }


def _text(cell: str, name: str) -> str:
    """The cell itself, when all of it was UTF-8: what was not is in it as halves of characters."""
    if not cell.isascii():
        try:
            cell.encode()
        except UnicodeEncodeError:
            raise BadValueError("This is not UTF-8.", name) from None
    return cell


def _value(cell: str, kind: str, name: str) -> dict[str, Any]:
    text = unescaped(_text(cell, name))
    if kind == "BOOL":
        if text.strip().lower() not in _TRUTHS:
            raise BadValueError(f"“{text[:60]}” is neither true nor false.", name)
        return {"BOOL": _TRUTHS[text.strip().lower()]}
    if kind == MIXED:
        try:
            return loads_value(text)
        except BadValueError as wrong:
            raise BadValueError(wrong.sentence, f"{name}{wrong.path and '.'}{wrong.path}") from None
    return check_value({kind: text if kind == "S" else text.strip()}, name)
