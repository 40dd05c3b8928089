"""AWS's limits on reading and writing items, as `AsAws` keeps them (B1, B4, B7, B11, pitfalls 1, 2, 4, 17, 26, 27)."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from botocore.exceptions import ClientError

from provisioning.items.values import BadValueError, size_of
from provisioning.items.values import check_item as check

Request = dict[str, Any]
Item = dict[str, Any]
MEGABYTE = 1_048_576
_NAME, _VALUE = re.compile(r"#\w+"), re.compile(r":\w+")


@dataclass(frozen=True)
class Keys:
    """The keys of a table and its indexes; `projections` are the names in an index, None for all of them."""

    table: tuple[str, ...]
    indexes: Mapping[str, tuple[str, ...]]
    projections: Mapping[str, frozenset[str] | None]
    everywhere: frozenset[str]  # global indexes

    def of(self, index: str) -> tuple[str, ...]:
        """The key attributes of what is read from."""
        return self.indexes[index] if index else self.table

    def start(self, index: str) -> tuple[str, ...]:
        """The names of a start key."""
        return tuple(dict.fromkeys((*self.table, *self.of(index))))

    def projected(self, index: str, item: Item) -> Item:
        """What an index has of an item."""
        names = self.projections.get(index)
        return item if names is None else {name: value for name, value in item.items() if name in names}


def keys_of(described: Mapping[str, Any]) -> Keys:
    """The keys of a table as DescribeTable tells them."""
    table = _names(described)
    local, everywhere = (described.get(f"{kind}SecondaryIndexes") or [] for kind in ("Local", "Global"))
    indexes = {one["IndexName"]: one for one in (*local, *everywhere)}
    return Keys(
        table=table,
        indexes={name: _names(one) for name, one in indexes.items()},
        projections={name: _projection(one, table) for name, one in indexes.items()},
        everywhere=frozenset(one["IndexName"] for one in everywhere),
    )


def _names(described: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(key["AttributeName"] for key in sorted(described["KeySchema"], key=lambda key: str(key["KeyType"])))


def _projection(index: Mapping[str, Any], table: tuple[str, ...]) -> frozenset[str] | None:
    if index["Projection"]["ProjectionType"] == "ALL":
        return None
    return frozenset((*table, *_names(index), *index["Projection"].get("NonKeyAttributes", ())))


def invalid(message: str, operation: str) -> ClientError:
    """A ValidationException."""
    return refusal("ValidationException", message, operation)


def refusal(code: str, message: str, operation: str) -> ClientError:
    """An error as AWS answers it."""
    answer: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return ClientError(answer, operation)


def check_read(operation: str, request: Request, keys: Keys) -> None:
    """Raise what AWS answers to a read that it does not take."""
    index = request.get("IndexName", "")
    if index and index not in keys.indexes:
        raise invalid(f"The table does not have the specified index: {index}", operation)
    if index in keys.everywhere and request.get("ConsistentRead"):
        raise invalid("Consistent reads are not supported on global secondary indexes", operation)
    if request.get("Select") == "ALL_ATTRIBUTES" and index in keys.everywhere and keys.projections[index] is not None:
        raise invalid(f"Select type ALL_ATTRIBUTES is not supported for global secondary index {index}", operation)
    if "ExclusiveStartKey" in request and set(request["ExclusiveStartKey"]) != set(keys.start(index)):
        raise invalid("The provided starting key is invalid", operation)
    _check_names(operation, request, keys, index)


def _check_names(operation: str, request: Request, keys: Keys, index: str) -> None:
    projected = keys.projections.get(index)
    asked = {path.split(".")[0].split("[")[0] for path in _paths(request, request.get("ProjectionExpression", ""))}
    if index in keys.everywhere and projected is not None and asked - projected:
        raise invalid(f"Global secondary index {index} does not project {sorted(asked - projected)}", operation)
    filtered = {name for name in _paths(request, request.get("FilterExpression", "")) if name in keys.of(index)}
    if operation == "Query" and filtered:
        raise invalid(
            "Filter Expression can only contain non-primary key attributes:"
            f" Primary key attribute: {sorted(filtered)[0]}",
            operation,
        )
    used = " ".join(str(request.get(name, "")) for name in _EXPRESSIONS)
    for kind, pattern in (("Names", _NAME), ("Values", _VALUE)):
        unused = set(request.get(f"ExpressionAttribute{kind}", ())) - set(pattern.findall(used))
        if unused:
            raise invalid(f"Value provided in ExpressionAttribute{kind} unused in expressions: {unused}", operation)


_EXPRESSIONS = ("KeyConditionExpression", "FilterExpression", "ProjectionExpression")


def _paths(request: Request, expression: str) -> Iterator[str]:
    """The first names of the paths in an expression."""
    for path in re.findall(r"(?<![.\w:#])#\w+", expression):
        yield request.get("ExpressionAttributeNames", {})[path]


def fit(ask: Callable[..., Any], request: Request, keys: Keys, most: int) -> tuple[list[Item], int, bool]:
    """The items that AWS would evaluate for one page, their bytes, and whether the page says that there may be more:
    up to the limit, or what fits into so many bytes, before any filter."""
    found: list[Item] = []
    size = 0
    for item in _unfiltered(ask, request):
        bytes_of = size_of(keys.projected(request.get("IndexName", ""), item))
        if found and size + bytes_of > most:
            return found, size, True
        found.append(item)
        size += bytes_of
        if len(found) == request.get("Limit"):
            return found, size, True
    return found, size, False


def _unfiltered(ask: Callable[..., Any], request: Request) -> Iterator[Item]:
    more: dict[str, Any] = {}
    while True:
        answer = ask(**sent_with(request, **more))
        yield from answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def sent_with(request: Request, *expressions: str, **more: Any) -> Request:
    """A request with these expressions and its key condition only, and what they use of names and values."""
    kept = {"KeyConditionExpression", *expressions}
    left_out = {*_EXPRESSIONS, "Select", "ReturnConsumedCapacity"} - kept
    sent = {name: value for name, value in request.items() if name not in left_out} | more
    used = " ".join(str(sent.get(name, "")) for name in _EXPRESSIONS)
    for kind, pattern in (("Names", _NAME), ("Values", _VALUE)):
        given = sent.pop(f"ExpressionAttribute{kind}", {})
        needed = {name: value for name, value in given.items() if name in pattern.findall(used)}
        if needed:
            sent[f"ExpressionAttribute{kind}"] = needed
    return sent


def check_batch(parts: Mapping[str, list[Any]], most: int, operation: str) -> None:
    """Raise what AWS answers to a batch that is empty or too large (pitfall 33)."""
    if not 0 < sum(map(len, parts.values())) <= most:
        raise invalid(f"Map value must have length less than or equal to {most}, and at least 1", operation)


def check_item(item: Mapping[str, Any], operation: str) -> None:
    """Raise what AWS answers to an item that it does not store: empty sets, 39 digits, more than 400 KB."""
    try:
        check(item)
    except BadValueError as wrong:
        raise invalid(f"One or more parameter values were invalid: {wrong}", operation) from None


def capacity_of_read(size: int, consistent: object = None) -> float:
    """Read units of so many bytes in one call (B11)."""
    return max(1, ceil(size / 4096)) * (1.0 if consistent else 0.5)


def capacity_of_write(size: int) -> float:
    """Write units of an item, the larger of before and after."""
    return float(max(1, ceil(size / 1024)))
