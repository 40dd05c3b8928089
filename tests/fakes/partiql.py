"""ExecuteStatement as AWS answers it, for a SELECT: moto reads the simplest of statements only, and never by pages.

Items come from the client behind; conditions are worked out here. Pages end at the limit or 1 MB of evaluated items,
tokens belong to their statement, and capacity goes by size, as with every other read.
"""

import base64
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from provisioning.items.intents import Path as Steps
from provisioning.items.paths import value_at
from provisioning.items.statement_grammar import (
    AllOf,
    AnyOf,
    Call,
    Comparison,
    Condition,
    Literal,
    Not,
    Operand,
    Path,
    Reader,
)
from provisioning.items.statement_tokens import BadStatementError, words_of
from provisioning.items.values import Value, same, size_of

from .as_aws_rules import MEGABYTE, Item, Keys, Request, capacity_of_read, invalid

OPERATION = "ExecuteStatement"
NOT_WELL_FORMED = "Statement wasn't well formed, can't be processed: "


def execute(request: Request, items: Callable[[str], Iterable[Item]], keys: Callable[[str], Keys]) -> dict[str, Any]:
    """The answer to a statement. `items` are those of a table, `keys` its keys. Raises ClientError."""
    statement, parameters = request["Statement"], request.get("Parameters", [])
    words = words_of(statement)
    marks = [word.at for word in words if word.is_sign("?")]
    if len(marks) != len(parameters):
        raise invalid("Number of parameters in request and statement don't match.", OPERATION)
    reader = Reader(words, dict(zip(marks, parameters, strict=True)))
    try:
        columns, table, index, condition, order = _parsed(reader)
    except BadStatementError as bad:
        place = f"Unexpected term at 1:{(bad.at or 0) + 1}:1"
        raise invalid(NOT_WELL_FORMED + place, OPERATION) from None
    known = keys(table)
    if index and index not in known.indexes:
        raise invalid("The table does not have the specified index", OPERATION)
    there = [known.projected(index, item) for item in items(table) if all(key in item for key in known.of(index))]
    ordered = _ordered(_evaluated(there, condition, known.of(index)[0]), known.of(index), order)
    found, size, token = _one_page(ordered, request)
    shown = [_shown(item, columns) for item in found if condition is None or holds(condition, item)]
    answer: dict[str, Any] = {"Items": shown, **({"NextToken": token} if token else {})}
    if request.get("ReturnConsumedCapacity", "NONE") != "NONE":
        units = capacity_of_read(size, request.get("ConsistentRead"))
        answer["ConsumedCapacity"] = {"TableName": table, "CapacityUnits": units}
    return answer


def _parsed(reader: Reader) -> tuple[list[Steps] | None, str, str, Condition | None, bool]:
    reader.expect("SELECT")
    columns: list[Steps] | None = None
    if not reader.skip("*"):
        columns = [reader.path().steps]
        while reader.skip(","):
            columns.append(reader.path().steps)
    reader.expect("FROM")
    table = reader.take().content
    index = reader.take().content if reader.skip(".") else ""
    condition = reader.condition() if reader.skip("WHERE") else None
    descending = False
    if reader.skip("ORDER"):
        reader.expect("BY")
        reader.path()
        descending = reader.skip("DESC")
        reader.skip("ASC")
    if reader.word.kind != "end":
        raise reader.surprise("the end")
    return columns, table, index, condition, descending


def _evaluated(items: Sequence[Item], condition: Condition | None, partition: str) -> list[Item]:
    """What is read: the partitions that are named beyond doubt, or everything."""
    parts = condition.parts if isinstance(condition, AllOf) else (condition,)
    for part in parts:
        if (
            isinstance(part, Comparison)
            and part.operator in {"=", "IN"}
            and part.first == Path((partition,), _at(part))
        ):
            return [item for item in items if holds(part, item)]
    return list(items)


def _at(part: Comparison) -> int:
    return part.first.at if isinstance(part.first, Path) else -1


def _ordered(items: list[Item], keys: Sequence[str], descending: bool) -> list[Item]:  # noqa: FBT001  (of the statement)
    return sorted(items, key=lambda item: [_comparable(item[key]) for key in keys], reverse=descending)


def _comparable(value: Value) -> Any:
    ((kind, content),) = value.items()
    return float(content) if kind == "N" else content


def _one_page(items: Sequence[Item], request: Request) -> tuple[list[Item], int, str]:
    asked = [request["Statement"], len(request.get("Parameters", []))]
    start = 0
    if "NextToken" in request:
        try:
            told = json.loads(base64.b64decode(request["NextToken"]))
        except ValueError:
            told = {}
        if told.get("asked") != asked:
            raise invalid("The provided NextToken is invalid", OPERATION)
        start = told["at"]
    found: list[Item] = []
    size = 0
    for item in items[start:]:
        if found and size + size_of(item) > MEGABYTE:
            break
        found.append(item)
        size += size_of(item)
        if len(found) == request.get("Limit"):
            break
    end = start + len(found)
    more = end < len(items) or len(found) == request.get("Limit")
    return found, size, base64.b64encode(json.dumps({"asked": asked, "at": end}).encode()).decode() if more else ""


def _shown(item: Item, columns: Sequence[Steps] | None) -> Item:
    """What was asked for; a part of an attribute comes under its last name."""
    if columns is None:
        return item
    found = (
        (next(step for step in reversed(steps) if isinstance(step, str)), value_at(item, steps)) for steps in columns
    )
    return {name: value for name, value in found if value is not None}


def holds(condition: Condition, item: Mapping[str, Value]) -> bool:
    """Whether a condition is fulfilled by an item."""
    if isinstance(condition, AllOf):
        return all(holds(part, item) for part in condition.parts)
    if isinstance(condition, AnyOf):
        return any(holds(part, item) for part in condition.parts)
    if isinstance(condition, Not):
        return not holds(condition.part, item)
    return _called(condition, item) if isinstance(condition, Call) else _compared(condition, item)


def _called(call: Call, item: Mapping[str, Value]) -> bool:
    there, wanted = (_value(argument, item) for argument in call.arguments)
    text, part = (there or {}).get("S", ""), (wanted or {}).get("S", "")
    if call.name == "begins_with":
        return bool(text.startswith(part))
    return part in text or part in (there or {}).get("SS", ())


def _compared(condition: Comparison, item: Mapping[str, Value]) -> bool:
    first, others = _value(condition.first, item), [_value(other, item) for other in condition.others]
    if condition.operator == "IS":
        return first is None
    if condition.operator in {"=", "IN"}:
        return any(same(first, other) for other in others if other is not None)
    if condition.operator in {"<>", "!="}:
        return not same(first, others[0])
    if first is None or any(other is None or set(other) != set(first) for other in others):
        return False
    here, there_ = _comparable(first), [_comparable(other) for other in others if other]
    if condition.operator == "BETWEEN":
        return bool(there_[0] <= here <= there_[1])
    compared = {"<": here < there_[0], "<=": here <= there_[0], ">": here > there_[0], ">=": here >= there_[0]}
    return bool(compared[condition.operator])


def _value(operand: Operand, item: Mapping[str, Value]) -> Value | None:
    if isinstance(operand, Path):
        return value_at(item, operand.steps)
    return operand.value if isinstance(operand, Literal) else None
