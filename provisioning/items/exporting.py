"""Items as files: typed JSON that can be imported again, CSV for spreadsheets, plain JSON.

What an export keeps is always typed JSON, an item a line; the other forms are made of it on the way out. CSV needs to
know every attribute before its first row: `Columns` gathers them while items are read.

CSV is what `importing.py` reads: a header cell is an attribute's name, and where that is no text its type behind a
colon; an empty cell is an attribute that is not there. What a spreadsheet would take for a formula stands behind an
apostrophe; real numbers stay numbers, however they begin (pitfall 39).
"""

import base64
import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from provisioning.items.values import HIDDEN, Item, Value, dumps

HIDDEN_CELL = "(hidden)"
MIXED = "JSON"
SUFFIXES = ("S", "N", "B", "BOOL", MIXED, HIDDEN)
MOST_COLUMNS = 10_000
MOST_NAMES = 1_000_000  # characters of all names: names are data too, and memory is not to grow with them
BYTE_ORDER_MARK = "\ufeff"  # without it spreadsheets take UTF-8 for something else
# Spreadsheets pass over spaces and what cannot be seen, and some take the wide signs for signs, too.
_FORMULA = r"[\s\x00-\x1f\u200b\ufeff]*[=+\-@＝＋－＠]|[\t\r\n]|\Z"
_RISKY, _ESCAPED = re.compile(f"'*(?:{_FORMULA})"), re.compile(f"'+(?:{_FORMULA})")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


@dataclass(frozen=True)
class FileForm:
    """A form that an export can be downloaded in; `sentence` says what it is for."""

    slug: str
    label: str
    ending: str
    content_type: str
    sentence: str


NDJSON = FileForm(
    "ndjson",
    "Typed JSON lines",
    "ndjson",
    "application/x-ndjson",
    "Exact: every type as DynamoDB has it, an item a line. Can be imported again.",
)
CSV = FileForm(
    "csv",
    "CSV for spreadsheets",
    "csv",
    "text/csv; charset=utf-8",
    "A row an item, formulas made harmless. Spreadsheets round numbers of more than 15 digits.",
)
PLAIN = FileForm(
    "json",
    "Plain JSON lines",
    "json",
    "application/x-ndjson",
    "For programs: no types, sets as lists, binary content as base64. Cannot tell a set from a list any more.",
)
FORMS: Mapping[str, FileForm] = {form.slug: form for form in (NDJSON, CSV, PLAIN)}


@dataclass
class Columns:
    """The attributes of items and the types that each was seen with, keys first, then as they came."""

    types: dict[str, set[str]] = field(default_factory=dict)
    too_many: bool = False
    _length: int = 0

    @classmethod
    def of(cls, keys: Iterable[str]) -> Self:
        """No items so far; the columns begin with the keys."""
        columns = cls()
        for name in keys:
            columns.see(name, "")
        return columns

    def see(self, name: str, kind: str) -> bool:
        """Take note of an attribute and one of its types; whether that is news. Beyond MOST_COLUMNS nothing more is
        noted, and there is no CSV of it."""
        known = self.types.get(name)
        if known is None:
            if self.too_many or len(self.types) >= MOST_COLUMNS or self._length + len(name) > MOST_NAMES:
                news, self.too_many = not self.too_many, True
                return news
            known = self.types[name] = set()
            self._length += len(name)
        elif kind in known:
            return False
        if kind:
            known.add(kind)
        return True

    def add(self, seen: Iterable[tuple[str, str]]) -> bool:
        """Take note of many, as `seen_in` gives them; whether any was news."""
        news = False
        for name, kind in seen:
            news = self.see(name, kind) or news
        return news

    def kind(self, name: str) -> str:
        """What the cells of a column are, one of SUFFIXES."""
        kinds = self.types[name]
        if len(kinds) == 1 and next(iter(kinds)) in SUFFIXES:
            return next(iter(kinds))
        return MIXED if kinds else "S"

    def as_text(self) -> str:
        """The columns as JSON; `from_text` is the way back."""
        return json.dumps({"types": {name: sorted(kinds) for name, kinds in self.types.items()}, "more": self.too_many})

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The columns that `as_text` wrote."""
        kept = json.loads(text)
        types = {name: set(kinds) for name, kinds in kept["types"].items()}
        return cls(types, kept["more"], sum(map(len, types)))


def seen_in(items: Iterable[Item]) -> list[tuple[str, str]]:
    """Every attribute of the items with every type that it has there, in the order in which they come."""
    return list(dict.fromkeys((name, next(iter(value))) for item in items for name, value in item.items()))


def typed_lines(items: Iterable[Item]) -> bytes:
    """Items as typed JSON, a line each."""
    return "".join([f"{dumps(item)}\n" for item in items]).encode()


def masked_lines(lines: Iterable[bytes], mask: Callable[[Item], Item]) -> Iterator[bytes]:
    """Lines of typed JSON once more, each item as `mask` leaves it."""
    return (dumps(mask(json.loads(line))).encode() for line in lines)


def written(form: FileForm, lines: Iterable[bytes], columns: Columns) -> Iterator[bytes]:
    """A file in this form, piece by piece, of lines of typed JSON without their newlines."""
    if form is NDJSON:
        return (line + b"\n" for line in lines)
    items = (json.loads(line) for line in lines)
    return _csv(items, columns) if form is CSV else ((plain(item) + "\n").encode() for item in items)


def _csv(items: Iterable[Item], columns: Columns) -> Iterator[bytes]:
    kinds = {name: columns.kind(name) for name in columns.types}
    yield (BYTE_ORDER_MARK + csv_row(header(name, kind) for name, kind in kinds.items())).encode()
    for item in items:
        yield csv_row(cell(item[name], kind) if name in item else "" for name, kind in kinds.items()).encode()


def csv_row(cells: Iterable[str]) -> str:
    """One line of CSV (RFC 4180)."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(list(cells))
    return line.getvalue()


def header(name: str, kind: str) -> str:
    """The header cell of a column: texts need no suffix, unless their name looks as if it had one."""
    plain_name = kind == "S" and suffix_split(name) is None
    return escaped(name if plain_name else f"{name}:{kind}")


def suffix_split(cell: str) -> tuple[str, str] | None:
    """Name and type of a header cell that says its type, None for one that does not."""
    name, colon, kind = cell.rpartition(":")
    return (name, kind) if colon and kind in SUFFIXES else None


def cell(value: Value, kind: str) -> str:
    """A value as it stands in a column of this kind."""
    ((own, content),) = value.items()
    if kind == HIDDEN:
        return HIDDEN_CELL
    if kind == MIXED:
        return dumps(value)
    if own == "N":
        return str(content) if _NUMBER.fullmatch(content) else escaped(content)
    if own == "BOOL":
        return "true" if content else "false"
    return escaped(_base64(content) if own == "B" else content)


def escaped(text: str) -> str:
    """A text that no spreadsheet runs (pitfall 39), and that is told from an attribute that is not there when it is
    empty: with an apostrophe more where it needs one."""
    return f"'{text}" if _RISKY.match(text) else text


def unescaped(cell: str) -> str:
    """The text that `escaped` wrote."""
    return cell[1:] if _ESCAPED.match(cell) else cell


def plain(item: Item) -> str:
    """An item as JSON without types. Numbers keep every digit."""
    return _object(item)


def _object(item: Mapping[str, Value]) -> str:
    return "{" + ",".join(f"{_quoted(name)}:{_plain(value)}" for name, value in item.items()) + "}"


def _plain(value: Value) -> str:
    ((kind, content),) = value.items()
    if kind == HIDDEN:
        return _quoted(HIDDEN_CELL)
    if kind == "N":
        return str(content) if _NUMBER.fullmatch(content) else _quoted(content)
    if kind == "NULL":
        return "null"
    if kind == "BOOL":
        return "true" if content else "false"
    if kind == "M":
        return _object(content)
    if kind in {"L", "SS", "NS", "BS"}:
        parts = content if kind == "L" else ({kind[0]: member} for member in content)
        return "[" + ",".join(_plain(part) for part in parts) + "]"
    return _quoted(_base64(content) if kind == "B" else content)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _base64(content: Any) -> str:
    """Binary content as base64; in what was read from lines it is that already."""
    return content if isinstance(content, str) else base64.b64encode(content).decode()
