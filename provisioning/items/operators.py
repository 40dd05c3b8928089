"""What a condition may say, by the type of its value (pitfall 25): as data, for forms, checks and expressions."""

import base64
import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from provisioning.items.values import TYPES, BadValueError, Value, check_number, check_value

MOST_IN_LIST = 100  # values of one `in` (B7)
VALUE_TYPES = ("S", "N", "B", "BOOL", "NULL")
_COMPARED = frozenset({"S", "N", "B"})


@dataclass(frozen=True)
class Operator:
    """One thing that a condition may say.

    `types` are those of its value that it takes; empty when the value has no type of its own: nothing is asked for
    (`takes` 0), a size, or a type's name. `takes` is how many fields it has: 2 for from and to. `template` is its
    expression: {path}, {0} and {1} stand for placeholders.
    """

    code: str
    label: str
    template: str
    types: frozenset[str] = _COMPARED
    takes: int = 1
    is_list: bool = False
    asks: str = ""  # "size" or "type" for a value that is none of an attribute
    of_sort_key: bool = False


def _sizes() -> tuple[Operator, ...]:
    compared = (
        ("=", "=", "="),
        ("!=", "≠", "<>"),
        ("<", "<", "<"),
        ("<=", "≤", "<="),
        (">", ">", ">"),
        (">=", "≥", ">="),
    )
    return tuple(
        Operator(f"size{code}", f"size {label}", f"size({{path}}) {sign} {{0}}", types=frozenset(), asks="size")
        for code, label, sign in compared
    )


_ALL = (
    Operator("=", "=", "{path} = {0}", frozenset(VALUE_TYPES), of_sort_key=True),
    Operator("!=", "≠", "{path} <> {0}", frozenset(VALUE_TYPES)),
    Operator("<", "<", "{path} < {0}", of_sort_key=True),
    Operator("<=", "≤", "{path} <= {0}", of_sort_key=True),
    Operator(">", ">", "{path} > {0}", of_sort_key=True),
    Operator(">=", "≥", "{path} >= {0}", of_sort_key=True),
    Operator("between", "between", "{path} BETWEEN {0} AND {1}", takes=2, of_sort_key=True),
    Operator("begins-with", "begins with", "begins_with({path}, {0})", frozenset({"S", "B"}), of_sort_key=True),
    Operator("in", "is one of", "{path} IN ({list})", is_list=True),
    # With a number these find a member of a set or a list: a number itself contains nothing.
    Operator("contains", "contains", "contains({path}, {0})"),
    Operator("not-contains", "does not contain", "NOT contains({path}, {0})"),
    Operator("exists", "exists", "attribute_exists({path})", frozenset(), takes=0),
    Operator("not-exists", "does not exist", "attribute_not_exists({path})", frozenset(), takes=0),
    Operator("type", "has type", "attribute_type({path}, {0})", frozenset(), asks="type"),
    *_sizes(),
)
OPERATORS: Mapping[str, Operator] = {operator.code: operator for operator in _ALL}


def operators_for(kind: str) -> tuple[Operator, ...]:
    """The operators of a filter whose value has this type, those without a typed value among them."""
    return tuple(operator for operator in _ALL if not operator.types or kind in operator.types)


def sort_operators_for(kind: str) -> tuple[Operator, ...]:
    """The operators of a sort key of this type (B4)."""
    return tuple(operator for operator in _ALL if operator.of_sort_key and kind in operator.types)


def typed(kind: str, text: str) -> Value:
    """The value that somebody typed as text: numbers exact, binary content as base64, true or false, nothing for
    null. Raises BadValueError (pitfalls 13 to 15)."""
    if kind == "N":
        check_number(text)
        return {"N": text.strip()}
    if kind == "BOOL":
        if text not in {"true", "false"}:
            raise BadValueError("This is true or false.")
        return {"BOOL": text == "true"}
    if kind == "NULL":
        return {"NULL": True}
    if kind not in {"S", "B"}:
        raise BadValueError(f"“{kind}” is no type of a value to compare with.")
    return check_value({kind: text})


def as_text(value: Value) -> str:
    """A value as `typed` reads it. Raises KeyError for a type that nothing compares with."""
    ((kind, content),) = value.items()
    texts: Mapping[str, Callable[[Any], str]] = {
        "S": str,
        "N": str,
        "B": lambda data: base64.b64encode(data).decode(),
        "BOOL": lambda truth: "true" if truth else "false",
        "NULL": lambda _: "",
    }
    return texts[kind](content)


def operands(operator: Operator, kind: str, value: str, upper: str) -> list[Value]:
    """The values that an operator compares with. Raises BadValueError."""
    if operator.takes == 0:
        return []
    if operator.asks == "size":
        return [_size(value)]
    if operator.asks == "type":
        if value not in TYPES:
            raise BadValueError(f"Types are {', '.join(TYPES)}.")
        return [{"S": value}]
    if operator.is_list:
        return _listed(kind, value)
    if operator.takes == 2:
        return _range(typed(kind, value), typed(kind, upper))
    return [typed(kind, value)]


def _size(text: str) -> Value:
    if not (text.strip().isascii() and text.strip().isdecimal() and len(text.strip()) < 10):
        raise BadValueError("A size is a whole number: characters, bytes or members.")
    return {"N": text.strip()}


def _listed(kind: str, text: str) -> list[Value]:
    """Values with commas or lines between them; one with a comma in it stands in quotation marks, as in CSV."""
    try:
        rows = list(csv.reader(text.splitlines(), skipinitialspace=True, strict=True))
    except csv.Error:
        raise BadValueError("A quotation mark is not closed.") from None
    members = [member for row in rows for member in row]
    if not members:
        raise BadValueError("Give values with commas between them.")
    if len(members) > MOST_IN_LIST:
        raise BadValueError(f"A list takes {MOST_IN_LIST} values at most; these are {len(members)}.")
    return [typed(kind, member) for member in members]


def _range(lower: Value, upper: Value) -> list[Value]:
    if _order(lower) > _order(upper):
        raise BadValueError("The first value is greater than the second.")
    return [lower, upper]


def _order(value: Value) -> Any:
    """How DynamoDB orders values of one type: numbers by worth, texts by their bytes."""
    ((kind, content),) = value.items()
    if kind == "N":
        return Decimal(content)
    return content.encode() if kind == "S" else content
