"""Values of items, lossless: what DynamoDB sends is what is kept, shown and sent back (B6, B7).

An item is a dict of attribute names to values; a value is DynamoDB's own form, a dict of one entry from its type to
its content, such as {"N": "1318796827993409899"}. Numbers stay texts and are never floats; binary content is bytes.
As JSON, which is what pages, rows, exports and cursors hold, binary content is base64.
"""

import base64
import binascii
import json
import zlib
from collections.abc import Callable, Iterable, Mapping
from decimal import ROUND_DOWN, Context, Decimal, InvalidOperation
from json.encoder import encode_basestring
from typing import Any

Value = dict[str, Any]
Item = dict[str, Value]

TYPES: Mapping[str, str] = {
    "S": "Text",
    "N": "Number",
    "B": "Binary",
    "BOOL": "True or false",
    "NULL": "Null",
    "M": "Map",
    "L": "List",
    "SS": "Set of texts",
    "NS": "Set of numbers",
    "BS": "Set of binary",
}
HIDDEN = "HIDDEN"  # the type that stands in place of a masked value; it is shown, and never sent
MOST_DIGITS = 38
MOST_BYTES = 400 * 1024  # of one item, with its names
DEEPEST = 32  # levels of maps and lists that DynamoDB takes
LONG_KEY = 600  # bytes of a key as JSON
_PACKED = "."  # what the token of a compressed key begins with; no base64 does
SAFE_INTEGER = 2**53  # beyond, a plain JSON number is another number in most programs
_EXACT = Context(prec=200)
_LARGEST, _SMALLEST = Decimal("9.9999999999999999999999999999999999999E+125"), Decimal("1E-130")


class BadValueError(ValueError):
    """A value that DynamoDB would not take. `path` names where, empty for the whole; `sentence` is for people."""

    def __init__(self, sentence: str, path: str = "") -> None:
        super().__init__(f"{path}: {sentence}" if path else sentence)
        self.sentence, self.path = sentence, path


def dumps(thing: Mapping[str, Any], *, pretty: bool = False) -> str:
    """A value or an item as typed JSON."""
    if pretty:
        return _pretty(thing, "")
    if len(thing) == 1:
        ((kind, content),) = thing.items()
        if type(content) is str:  # most values are one text, and a page has thousands of them
            return f"{{{json_text(kind)}:{json_text(content)}}}"
        if type(content) is bool:
            return f"{{{json_text(kind)}:{'true' if content else 'false'}}}"
    return _COMPACT.encode(thing)


def json_text(text: str) -> str:
    """A text as JSON has it: control characters and quotation marks can be told apart."""
    return encode_basestring(text)


def _pretty(thing: Any, lead: str) -> str:
    """As the encoder of the library writes it with an indentation, which it does slowly."""
    if isinstance(thing, str):
        return json_text(thing)
    inner = lead + _STEP
    if isinstance(thing, dict):  # before Mapping, which takes ten times as long to find out
        parts = [f"{inner}{json_text(name)}: {_pretty(part, inner)}" for name, part in thing.items()]
        begin, end = "{", "}"
    elif isinstance(thing, list | tuple):
        parts = [f"{inner}{_pretty(part, inner)}" for part in thing]
        begin, end = "[", "]"
    elif isinstance(thing, Mapping):
        return _pretty(dict(thing), lead)
    else:
        return _COMPACT.encode(thing)
    return "".join((begin, "\n", ",\n".join(parts), "\n", lead, end)) if parts else begin + end


def _as_base64(content: object) -> str:
    if isinstance(content, bytes | bytearray):
        return base64.b64encode(content).decode()
    raise TypeError(f"{type(content).__name__} is no part of an item.")


# Made once: a page encodes thousands of values.
_COMPACT = json.JSONEncoder(default=_as_base64, ensure_ascii=False, separators=(",", ":"))
_STEP = "  "


def loads_item(text: str) -> Item:
    """The item of a typed JSON text. Raises BadValueError for what is no item or what DynamoDB would not take."""
    return check_item(parsed(text))


def loads_value(text: str) -> Value:
    """The value of a typed JSON text, such as {"N": "1"}. Raises BadValueError."""
    return check_value(parsed(text))


def restored(text: str) -> Item:
    """The item of a text that `dumps` wrote here: nothing is checked, so that whatever a server had comes back."""
    return {name: _restored(value) for name, value in json.loads(text).items()}


def _restored(value: Value) -> Value:
    ((kind, content),) = value.items()
    if kind == "B":
        return {kind: base64.b64decode(content)}
    if kind == "BS":
        return {kind: [base64.b64decode(member) for member in content]}
    if kind == "M":
        return {kind: {name: _restored(part) for name, part in content.items()}}
    return {kind: [_restored(part) for part in content]} if kind == "L" else value


def parsed(text: str) -> Any:
    """A JSON text, each name once and no number that JSON does not know; nothing else is checked. Raises
    BadValueError."""
    try:
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=once)
    except RecursionError:
        raise BadValueError(f"Maps and lists may be {DEEPEST} levels deep at most.") from None
    except json.JSONDecodeError as wrong:
        raise BadValueError(f"This is not JSON: {wrong.msg}, line {wrong.lineno}, column {wrong.colno}.") from None


def _no_constant(name: str) -> Any:
    raise BadValueError(f"{name} is no JSON.")


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON whose names are there once: with the second one taken, the first would be lost without a word.
    Raises BadValueError."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise BadValueError(f"“{twice}” is there twice.")
    return found


def check_item(thing: Any) -> Item:
    """The item itself when DynamoDB would take it, its base64 made bytes. Raises BadValueError."""
    if not isinstance(thing, dict):
        raise BadValueError("An item is an object of attributes.")
    item = {name: check_value(value, _step("", name)) for name, value in thing.items()}
    size = size_of(item)
    if size > MOST_BYTES:
        raise BadValueError(f"The item has {size:,} bytes; DynamoDB takes {MOST_BYTES:,} at most.")
    return item


def check_value(thing: Any, path: str = "", level: int = 1) -> Value:
    """The value itself when DynamoDB would take it, its base64 made bytes. `path` is for the error."""
    if not isinstance(thing, dict) or len(thing) != 1:
        raise BadValueError('A value names its type, as in {"S": "text"}.', path)
    ((kind, content),) = thing.items()
    if kind == HIDDEN:
        raise BadValueError("This value is hidden from you, so it cannot be sent.", path)
    if kind not in _CHECKS:
        raise BadValueError(f"“{kind}” is no type. Types are {', '.join(TYPES)}.", path)
    if level > DEEPEST:
        raise BadValueError(f"Maps and lists may be {DEEPEST} levels deep at most.", path)
    return {kind: _CHECKS[kind](content, path, level)}


def _text(content: Any, path: str, _level: int = 0) -> str:
    if not isinstance(content, str):
        raise BadValueError("A text stands in quotation marks.", path)
    try:
        content.encode()
    except UnicodeEncodeError:
        raise BadValueError("The text has half of a character, which cannot be stored.", path) from None
    return content


def _number(content: Any, path: str, _level: int = 0) -> str:
    if not isinstance(content, str):
        raise BadValueError('A number stands in quotation marks here, as in {"N": "1"}, so that it stays exact.', path)
    check_number(content, path)
    return content


def check_number(text: str, path: str = "") -> Decimal:
    """The number of a text, when DynamoDB would take it (B6). Raises BadValueError."""
    try:
        number = _EXACT.create_decimal(text.strip()) if text.isascii() and "_" not in text else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise BadValueError(f"“{text[:60]}” is no number.", path)
    digits = len(number.normalize(_EXACT).as_tuple().digits)
    if digits > MOST_DIGITS:
        raise BadValueError(f"A number has {MOST_DIGITS} digits at most; this one has {digits}.", path)
    if number and not _SMALLEST <= abs(number) <= _LARGEST:
        raise BadValueError("A number lies between 1E-130 and 9.9…E+125, with either sign.", path)
    return number


def _binary(content: Any, path: str, _level: int = 0) -> bytes:
    if isinstance(content, bytes | bytearray):
        return bytes(content)
    try:
        return base64.b64decode(_text(content, path), validate=True)
    except (binascii.Error, ValueError):
        raise BadValueError("Binary content is base64.", path) from None


def _truth(content: Any, path: str, _level: int = 0) -> bool:
    if not isinstance(content, bool):
        raise BadValueError("This is true or false.", path)
    return content


def _null(content: Any, path: str, _level: int = 0) -> bool:
    if content is not True:
        raise BadValueError('Null is {"NULL": true}.', path)
    return True


def _map(content: Any, path: str, level: int) -> Item:
    if not isinstance(content, dict):
        raise BadValueError("A map is an object of values.", path)
    return {_text(name, path): check_value(value, _step(path, name), level + 1) for name, value in content.items()}


def _list(content: Any, path: str, level: int) -> list[Value]:
    if not isinstance(content, list):
        raise BadValueError("A list stands in brackets.", path)
    return [check_value(value, f"{path}[{place}]", level + 1) for place, value in enumerate(content)]


def _set_of(check: Callable[[Any, str], Any], same: Callable[[Any], Any]) -> Callable[[Any, str, int], list[Any]]:
    def checked(content: Any, path: str, _level: int) -> list[Any]:
        if not isinstance(content, list | tuple):
            raise BadValueError("A set stands in brackets.", path)
        members = [check(member, path) for member in content]
        if not members:
            raise BadValueError("A set has at least one member. Remove the attribute instead.", path)
        if len({same(member) for member in members}) != len(members):
            raise BadValueError("A set has each member once.", path)
        return members

    return checked


_CHECKS: Mapping[str, Callable[[Any, str, int], Any]] = {
    "S": _text,
    "N": _number,
    "B": _binary,
    "BOOL": _truth,
    "NULL": _null,
    "M": _map,
    "L": _list,
    "SS": _set_of(_text, str),
    "NS": _set_of(_number, Decimal),
    "BS": _set_of(_binary, bytes),
}


def _step(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def same(one: Value | None, other: Value | None) -> bool:
    """Whether two values are the same to DynamoDB: numbers by what they are worth (it writes them its own way), sets
    without order, maps and lists by their parts."""
    if one is None or other is None or one.keys() != other.keys():
        return one is other
    ((kind, here),) = one.items()
    there = other[kind]
    if kind == "N":
        return Decimal(here) == Decimal(there)
    if kind == "NS":
        return {Decimal(number) for number in here} == {Decimal(number) for number in there}
    if kind in {"SS", "BS"}:
        return set(here) == set(there)
    if kind == "M":
        return here.keys() == there.keys() and all(same(here[name], there[name]) for name in here)
    if kind == "L":
        return len(here) == len(there) and all(same(left, right) for left, right in zip(here, there, strict=True))
    return bool(here == there)


def same_item(one: Mapping[str, Value] | None, other: Mapping[str, Value] | None) -> bool:
    """Whether two items are the same to DynamoDB; None is no item."""
    if one is None or other is None:
        return one is other
    return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)


def size_of(item: Mapping[str, Value]) -> int:
    """The bytes of an item as DynamoDB counts them: names and contents, 3 for a map or list and 1 for each part."""
    return sum(len(name.encode(errors="surrogatepass")) + _size(value) for name, value in item.items())


def _size(value: Value) -> int:
    ((kind, content),) = value.items()
    if kind == "S":
        return len(content.encode(errors="surrogatepass"))
    if kind == "N":
        return _size_of_number(content)
    if kind == "B":
        return len(content)
    if kind == "M":
        return 3 + len(content) + size_of(content)
    if kind == "L":
        return 3 + len(content) + sum(_size(part) for part in content)
    if kind in {"SS", "NS", "BS"}:
        return sum(_size({kind[0]: member}) for member in content)
    return 1


def _size_of_number(text: str) -> int:
    """About one byte for two digits, and one more; one more for a minus sign."""
    number = Decimal(text).normalize(Context(prec=MOST_DIGITS, rounding=ROUND_DOWN))
    return (len(number.as_tuple().digits) + 1) // 2 + 1 + (number < 0)


def key_of(item: Mapping[str, Value], names: Iterable[str]) -> Item:
    """The key attributes of an item, in the order of `names`. Raises KeyError when one is not there."""
    return {name: item[name] for name in names}


def key_token(key: Mapping[str, Value]) -> str:
    """A key as it stands in an address: any characters, any type. A long one is compressed, because addresses end
    somewhere: 2,048 and 1,024 bytes of binary content are base64 twice over otherwise."""
    text = dumps(key).encode()
    packed = len(text) > LONG_KEY
    coded = base64.urlsafe_b64encode(zlib.compress(text, 9) if packed else text).decode().rstrip("=")
    return f"{_PACKED}{coded}" if packed else coded


def key_from_token(token: str, types: Mapping[str, str]) -> Item:
    """The key of an address, which has exactly these attributes with these types (S, N or B). Raises BadValueError."""
    coded = token.removeprefix(_PACKED)
    try:
        content = base64.b64decode(coded + "=" * (-len(coded) % 4), altchars=b"-_", validate=True)
        unpacker = zlib.decompressobj()
        text = (content if coded == token else unpacker.decompress(content, MOST_BYTES)).decode()
    except (binascii.Error, ValueError, zlib.error):
        raise BadValueError("This is no address of an item.") from None
    key = loads_item(text)
    if {name: next(iter(value)) for name, value in key.items()} != dict(types):
        raise BadValueError("This is no address of an item of this table.")
    return {name: key[name] for name in types}
