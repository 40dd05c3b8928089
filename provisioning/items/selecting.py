"""Whether a query would select an item, worked out here: for items that were read by their keys, not by the query."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from provisioning.items.operators import OPERATORS, typed
from provisioning.items.paths import steps_of, value_at
from provisioning.items.query import Condition, Query, Shape
from provisioning.items.values import Item, Value, same


def selects(query: Query, shape: Shape, item: Item) -> bool:
    """Whether DynamoDB would answer a query with this item, if it were in the table."""
    view = shape.view(query.index) or shape.itself
    if any(set(item.get(name, ())) != {shape.types.get(name, "S")} for name in view.keys):
        return False  # an index has only items with its keys, and those of the right type (pitfall 26)
    if query.partition is not None:
        if not same(item[view.partition], typed(shape.types.get(view.partition, "S"), query.partition)):
            return False
        if query.sort is not None and not _holds(query.sort, item[view.sort]):
            return False
    return all(_holds(one, value_at(item, steps_of(one.path))) for one in query.filters)


def _holds(condition: Condition, value: Value | None) -> bool:
    operator = OPERATORS[condition.operator]
    operands = condition.operands()
    if operator.asks == "size":
        return _compared(operator.code.removeprefix("size"), _size(value), operands[0])
    if operator.asks == "type":
        return value is not None and operands[0]["S"] in value
    if operator.code in _BY_CODE:
        return _BY_CODE[operator.code](value, operands)
    return _compared(operator.code, value, operands[0])


def _size(value: Value | None) -> Value | None:
    """What `size` is: of a number, true or false and null there is none."""
    ((kind, content),) = (value or {"NULL": True}).items()
    if kind in {"N", "BOOL", "NULL"}:
        return None
    return {"N": str(len(content.encode() if kind == "S" else content))}


def _compared(sign: str, value: Value | None, operand: Value) -> bool:
    if sign in {"=", "!="}:
        return same(value, operand) is (sign == "=")
    return value is not None and value.keys() == operand.keys() and _SIGNS[sign](_order(value), _order(operand))


def _order(value: Value) -> Any:
    ((kind, content),) = value.items()
    return Decimal(content) if kind == "N" else content.encode() if kind == "S" else content


def _between(value: Value | None, operands: list[Value]) -> bool:
    return _compared(">=", value, operands[0]) and _compared("<=", value, operands[1])


def _begins(value: Value | None, operands: list[Value]) -> bool:
    ((kind, start),) = operands[0].items()
    return value is not None and kind in value and bool(value[kind].startswith(start))


def _contains(value: Value | None, operands: list[Value]) -> bool:
    """A text or binary content has the other in it, a set the member, a list the value."""
    if value is None:
        return False
    (((kind, content),), ((other, part),)) = value.items(), operands[0].items()
    if kind == "L":
        return any(same(member, operands[0]) for member in content)
    if kind == f"{other}S":
        return any(same({other: member}, operands[0]) for member in content)
    return kind == other and kind in {"S", "B"} and part in content


_SIGNS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}
_BY_CODE: Mapping[str, Callable[[Value | None, list[Value]], bool]] = {
    "between": _between,
    "begins-with": _begins,
    "in": lambda value, operands: any(same(value, operand) for operand in operands),
    "contains": _contains,
    "not-contains": lambda value, operands: not _contains(value, operands),
    "exists": lambda value, _: value is not None,
    "not-exists": lambda value, _: value is None,
}
