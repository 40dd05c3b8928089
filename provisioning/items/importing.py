"""Items read from a file, one after the other, each with what is wrong with it in words: pure and streaming.

A file holds typed items ({"id": {"S": "a"}}), DynamoDB's own exports ({"Item": {…}}), plain JSON, or rows of CSV; as
lines, as one list, or as objects over several lines. `open_file` finds out which from its beginning, `read` goes
through it and may be stopped and taken up again behind any item. Numbers are taken as they are written and are never
floats (pitfalls 12 to 15); sets and binary content come from typed items only (pitfall 18).
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioning.items.cells import BadHeaderError, Column, item_of_row, read_header
from provisioning.items.query import Shape
from provisioning.items.splitting import Part, Place, TextLines, lines, members
from provisioning.items.values import TYPES, BadValueError, Item, Value, check_item, once

HEAD = 256 * 1024  # bytes that are enough to find out what a file is
LINES, LIST, OBJECTS, CSV = "lines", "list", "objects", "csv"
TYPED, WRAPPED, PLAIN = "typed", "wrapped", "plain"
FORMS = {
    (LINES, TYPED): "typed JSON, an item a line",
    (LINES, WRAPPED): "a DynamoDB export, an item a line",
    (LINES, PLAIN): "plain JSON, an item a line",
    (LIST, TYPED): "a list of typed items",
    (LIST, WRAPPED): "a list of a DynamoDB export",
    (LIST, PLAIN): "a list of plain JSON",
    (OBJECTS, TYPED): "typed JSON",
    (OBJECTS, WRAPPED): "a DynamoDB export",
    (OBJECTS, PLAIN): "plain JSON",
    (CSV, PLAIN): "CSV with a header row",
}
_MARK = b"\xef\xbb\xbf"
_LIST_BEGINS = re.compile(rb'\s*(\{\s*"Items"\s*:\s*)?\[')
_FOREIGN = (
    (b"\x1f\x8b", "The file is compressed. Unpack it, then send what was in it."),
    (b"PK\x03\x04", "The file is a workbook or an archive. Save it as CSV, or send what is in it."),
    (b"\xff\xfe", "The file is written in UTF-16. Save it as UTF-8."),
    (b"\xfe\xff", "The file is written in UTF-16. Save it as UTF-8."),
)
_LONGEST_KEYS = {0: 2048, 1: 1024}  # bytes of a partition key, and of a sort key


class BadFileError(ValueError):
    """A file that is read no further; `sentence` says why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True)
class Keys:
    """What a table demands of its items: `names` of its key attributes, partition first, and `types` (S, N, B) of
    these and of every attribute that an index has for its key."""

    names: tuple[str, ...]
    types: Mapping[str, str]


@dataclass(frozen=True)
class FileForm:
    """How a file is written: LINES, LIST, OBJECTS or CSV; its items TYPED, WRAPPED or PLAIN; where they begin."""

    container: str
    notation: str
    start: Place
    columns: tuple[Column, ...] = ()
    delimiter: str = ","

    @property
    def label(self) -> str:
        """What it is, for people."""
        return FORMS[self.container, self.notation]

    def as_dict(self) -> dict[str, Any]:
        """As plain JSON data; `form_of_dict` is the way back."""
        start = [self.start.offset, self.start.line]
        columns = [[one.name, one.kind] for one in self.columns]
        return {
            "container": self.container,
            "notation": self.notation,
            "start": start,
            "columns": columns,
            "delimiter": self.delimiter,
        }


def form_of_dict(kept: Mapping[str, Any]) -> FileForm:
    """The form that `as_dict` made plain."""
    return FileForm(
        kept["container"],
        kept["notation"],
        Place(*kept["start"]),
        tuple(Column(*one) for one in kept["columns"]),
        kept["delimiter"],
    )


@dataclass(frozen=True)
class Line:
    """One item of a file: its line, the item or what is wrong with it, and the place behind it. `key` is there where
    it can be told, for what is wrong too."""

    number: int
    item: Item | None
    problem: str
    after: Place
    key: Item | None = None


def keys_of(shape: Shape) -> Keys:
    """What a table of this shape demands."""
    return Keys(shape.itself.keys, shape.types)


def open_file(head: bytes, name: str, keys: Keys, *, notation: str = "") -> FileForm:
    """How a file is written, from its first HEAD bytes and its name. `notation` is what somebody says of it, TYPED or
    PLAIN, empty to find out. Raises BadFileError."""
    for mark, sentence in _FOREIGN:
        if head.startswith(mark):
            raise BadFileError(sentence)
    if b"\0" in head and "\ufffd" in head.decode(errors="replace"):
        raise BadFileError("This is no text, so there are no items in it that could be read.")
    begin = len(_MARK) if head.startswith(_MARK) else 0
    text = head[begin:].lstrip()
    if not text:
        raise BadFileError("The file is empty.")
    if name.lower().endswith((".csv", ".tsv")) or not text.startswith((b"{", b"[")):
        return _csv_form(head, begin, keys)
    container, start = _container(head, begin)
    form = FileForm(container, notation or PLAIN, start)
    return form if notation else FileForm(container, _notation(form, head), start)


def _container(head: bytes, begin: int) -> tuple[str, Place]:
    listed = _LIST_BEGINS.match(head, begin)
    if listed:
        return LIST, Place(listed.end(), 1 + head.count(b"\n", 0, listed.end()))
    first = next((line.strip() for line in head[begin:].split(b"\n") if line.strip()), b"")
    whole = first.endswith(b"}") or len(first) > HEAD // 2
    return (LINES if whole else OBJECTS), Place(begin, 1)


def _notation(form: FileForm, head: bytes) -> str:
    """What the first items say; one that is cut off by the end of the head says what it can no more."""
    for part in _parts(form, [head[form.start.offset :]], form.start):
        try:
            thing = json.loads(part.text, parse_constant=str)
        except (ValueError, RecursionError):
            continue
        if isinstance(thing, dict) and thing:
            return _notation_of(thing)
    return TYPED if re.search(rb'"(S|N|B|BOOL|NULL|M|L|SS|NS|BS)"\s*:', head) else PLAIN


def _notation_of(thing: Mapping[str, Any]) -> str:
    if thing.keys() == {"Item"} and _is_typed(thing["Item"]):
        return WRAPPED
    return TYPED if _is_typed(thing) else PLAIN


def _is_typed(thing: Any) -> bool:
    """Whether every value names its type. An item of plain maps that are called so too would be taken for typed: the
    form has a choice for that, and the dry run says what it took."""
    return (
        isinstance(thing, dict)
        and bool(thing)
        and all(isinstance(value, dict) and len(value) == 1 and next(iter(value)) in TYPES for value in thing.values())
    )


def read(form: FileForm, keys: Keys, pieces: Iterable[bytes], place: Place) -> Iterator[Line]:
    """Every item behind `place`, from the pieces of the file from that offset on."""
    if form.container == CSV:
        yield from _rows(form, keys, pieces, place)
        return
    for part in _parts(form, pieces, place):
        if part.text.strip() or part.too_long or part.unfinished:
            yield _line_of(part, form.notation, keys)


def _parts(form: FileForm, pieces: Iterable[bytes], place: Place) -> Iterator[Part]:
    if form.container == LINES:
        return lines(pieces, place)
    return members(pieces, place, listed=form.container == LIST)


def _line_of(part: Part, notation: str, keys: Keys) -> Line:
    if part.too_long:
        return Line(part.line, None, "This is longer than any item can be.", part.after)
    if part.unfinished and not part.text:
        return Line(part.line, None, "The list has no end: the file may be cut off.", part.after)
    try:
        item = check_item(_item(part.text.decode(), notation))
    except UnicodeDecodeError:
        return Line(part.line, None, "This is not UTF-8.", part.after)
    except BadValueError as wrong:
        more = " The file may be cut off here." if part.unfinished else ""
        return Line(part.line, None, str(wrong) + more, part.after)
    return _checked(part.line, item, keys, part.after)


def _checked(number: int, item: Item, keys: Keys, after: Place) -> Line:
    problem = check_keys(item, keys)
    there = all(name in item for name in keys.names)
    key = {name: item[name] for name in keys.names} if there else None
    return Line(number, None if problem else item, problem, after, key)


def check_keys(item: Item, keys: Keys) -> str:
    """What is wrong with the key attributes of an item, those of indexes too; empty when nothing is."""
    for place, name in enumerate(keys.names):
        if name not in item:
            return f"The key attribute “{name}” is missing."
        ((kind, content),) = item[name].items()
        if kind != "N" and kind == keys.types.get(name) and len(_bytes(content)) > _LONGEST_KEYS[place]:
            return f"The key attribute “{name}” is longer than {_LONGEST_KEYS[place]:,} bytes."
    for name, wanted in keys.types.items():
        if name in item:
            ((kind, content),) = item[name].items()
            what = f"The key attribute “{name}”" if name in keys.names else f"“{name}”, the key of an index,"
            if kind != wanted:
                return f"{what} is {_of_kind(kind)} here; the table has {_of_kind(wanted)}."
            if kind != "N" and not content:
                return f"{what} is empty, which DynamoDB does not take."
    return ""


def _bytes(content: Any) -> bytes:
    return content if isinstance(content, bytes) else str(content).encode()


def _of_kind(kind: str) -> str:
    name = TYPES[kind].lower()
    return name if kind in {"B", "BOOL", "NULL"} else f"a {name}"


@dataclass(frozen=True)
class _Exact:
    """A number of JSON as it is written. It is no text: where a typed item has one without quotation marks, that is
    told, and not taken for what it may have meant."""

    text: str


def _item(text: str, notation: str) -> Any:
    thing = _loads(text)
    if notation == PLAIN:
        if not isinstance(thing, dict):
            raise BadValueError("An item is an object of attributes.")
        return {name: plain_value(value, name) for name, value in thing.items()}
    if notation == WRAPPED:
        if not isinstance(thing, dict) or thing.keys() != {"Item"}:
            raise BadValueError('The file began with {"Item": …}, which this is not.')
        return thing["Item"]
    return thing


def _loads(text: str) -> Any:
    try:
        return json.loads(
            text, parse_float=_Exact, parse_int=_Exact, parse_constant=_no_constant, object_pairs_hook=once
        )
    except RecursionError:
        raise BadValueError("Maps and lists may be 32 levels deep at most.") from None
    except json.JSONDecodeError as wrong:
        raise BadValueError(f"This is not JSON: {wrong.msg}, column {wrong.colno}.") from None


def _no_constant(name: str) -> Any:
    raise BadValueError(f"{name} is no number that DynamoDB has.")


def plain_value(thing: Any, path: str = "") -> Value:
    """The value for plain JSON as `_loads` reads it: lists stay lists, there is no telling that one was a set."""
    if isinstance(thing, _Exact):
        return {"N": thing.text}
    if isinstance(thing, str):
        return {"S": thing}
    if isinstance(thing, bool):
        return {"BOOL": thing}
    if thing is None:
        return {"NULL": True}
    if isinstance(thing, list):
        return {"L": [plain_value(part, f"{path}[{place}]") for place, part in enumerate(thing)]}
    return {"M": {name: plain_value(part, f"{path}.{name}") for name, part in thing.items()}}


def _csv_form(head: bytes, begin: int, keys: Keys) -> FileForm:
    """The form of a CSV file, its header read. Raises BadFileError."""
    texts = TextLines(lines([head[begin:]], Place(begin, 1)), Place(begin, 1))
    first = next((line for line in iter(texts) if line.strip()), "")
    delimiter = max(",;\t", key=first.count)
    again = TextLines(lines([head[begin:]], Place(begin, 1)), Place(begin, 1))
    try:
        header = next(row for row in csv.reader(again, delimiter=delimiter, strict=True) if any(row))
        columns = read_header(header, keys.types)
    except (csv.Error, StopIteration):
        raise BadFileError("The first row, which names the attributes, cannot be read.") from None
    except (BadHeaderError, BadValueError) as wrong:
        raise BadFileError(str(wrong)) from None
    missing = [name for name in keys.names if name not in {column.name for column in columns}]
    if missing:
        raise BadFileError(f"The first row names the attributes, and “{missing[0]}”, a key, is not among them.")
    return FileForm(CSV, PLAIN, again.after, columns, delimiter)


def _rows(form: FileForm, keys: Keys, pieces: Iterable[bytes], place: Place) -> Iterator[Line]:
    csv.field_size_limit(2 * 1024 * 1024)  # of the process; its 128 KB are less than an item may have in one cell
    texts = TextLines(lines(pieces, place), place)
    rows = csv.reader(texts, delimiter=form.delimiter, strict=True)
    number = place.line
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as wrong:
            yield Line(number, None, f"This row cannot be read: {wrong}.", texts.after)
        else:
            if any(row) or texts.too_long:
                yield _row(form, keys, row, number, texts)
        number, texts.too_long = texts.after.line, False


def _row(form: FileForm, keys: Keys, row: list[str], number: int, texts: TextLines) -> Line:
    if texts.too_long:
        return Line(number, None, "This is longer than any item can be.", texts.after)
    try:
        item = check_item(item_of_row(row, form.columns))
    except BadValueError as wrong:
        return Line(number, None, str(wrong), texts.after)
    return _checked(number, item, keys, texts.after)
