"""Writing items: each write on a condition, and what the server has when the condition does not hold (B8, B9).

Needs dynamodb:PutItem, UpdateItem, DeleteItem and ConditionCheckItem on the table. Names and values always travel as
placeholders, so no name is reserved or odd (B5). A call that brought no answer raises Busy with the reason
`unreachable` or `aws`: it may have landed, so look at the item before saying anything (B9).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, TypeVar

from provisioning.aws.clients import Clients
from provisioning.aws.errors import AwsError, Busy, Conflict, Refused, Where, translated

SERVICE = "dynamodb"
MOST_IN_TRANSACTION = 100
MOST_OF_EXPRESSION = 4096  # bytes of one expression (B7)
MOST_CHECKS = 250  # conditions of one write: DynamoDB takes 300 operators (B7), and each check may need two

Item = Mapping[str, Any]  # names to values in DynamoDB's own form
Path = tuple[str, ...]  # from an attribute down through maps
Found = TypeVar("Found")


class ItemConflict(Conflict):
    """The condition of a write does not hold, and nothing was written.

    `item` is what the server has under that key, None when there is nothing. `place` is which write of a transaction
    it was. `retried` says that this was not the first attempt of the call: an earlier one may have landed (B9).
    The kind is `exists` where nothing was to be there, `changed` otherwise.
    """

    def __init__(
        self,
        kind: Literal["exists", "changed"],
        item: dict[str, Any] | None,
        *,
        place: int = 0,
        retried: bool = False,
        where: Where | None = None,
    ) -> None:
        super().__init__("The condition of the write does not hold.", kind=kind, **(where or {}))
        self.item, self.place, self.retried = item, place, retried

    @property
    def sentence(self) -> str:
        """What happened, whose turn it is, what to do."""
        if self.kind == "exists":
            return "There is an item with this key already, and it was not overwritten. Choose another key, or edit it."
        if self.item is None:
            return "The item is not there any more. Nothing was written."
        return "The item changed since it was read. Nothing was written: look at both, and decide again."


@dataclass(frozen=True)
class Check:
    """One thing that has to be so. `how` is `is` (equal to `value`), `absent`, `present`, or `map` (there is a map)."""

    path: Path
    how: Literal["is", "absent", "present", "map"]
    value: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Put:
    """A whole item. Never for an edit: it replaces what is there (B8)."""

    table: str
    item: Item
    checks: Sequence[Check] = ()


@dataclass(frozen=True)
class Update:
    """Some attributes of an item, or of maps in it; all else stays as it is."""

    table: str
    key: Item
    sets: Sequence[tuple[Path, Mapping[str, Any]]] = ()
    removes: Sequence[Path] = ()
    checks: Sequence[Check] = ()


@dataclass(frozen=True)
class Delete:
    """One item, away."""

    table: str
    key: Item
    checks: Sequence[Check] = ()


@dataclass(frozen=True)
class Look:
    """Within a transaction: an item that has to be so, and stays as it is."""

    table: str
    key: Item
    checks: Sequence[Check]


Write = Put | Update | Delete | Look


@dataclass(frozen=True)
class Written:
    """What a write replaced, None where there was nothing, and the write units it took."""

    before: dict[str, Any] | None
    capacity: Decimal


def put_item(aws: Clients, put: Put) -> Written:
    """Write a whole item. Raises ItemConflict when its checks do not hold, and AwsError."""
    sent = {"TableName": put.table, "Item": put.item, **_expressed(put)}
    answer = _asked("PutItem", put, lambda: aws.dynamodb.put_item(**sent, **_TOLD, ReturnValues="ALL_OLD"))
    return _written(answer)


def update_item(aws: Clients, update: Update) -> Written:
    """Write some attributes of an item. Raises ItemConflict when its checks do not hold, and AwsError."""
    sent = {"TableName": update.table, "Key": update.key, **_expressed(update)}
    answer = _asked("UpdateItem", update, lambda: aws.dynamodb.update_item(**sent, **_TOLD, ReturnValues="ALL_OLD"))
    return _written(answer)


def delete_item(aws: Clients, delete: Delete) -> Written:
    """Delete an item. Raises ItemConflict when its checks do not hold, and AwsError."""
    sent = {"TableName": delete.table, "Key": delete.key, **_expressed(delete)}
    answer = _asked("DeleteItem", delete, lambda: aws.dynamodb.delete_item(**sent, **_TOLD, ReturnValues="ALL_OLD"))
    return _written(answer)


def transact_write(aws: Clients, writes: Sequence[Write], *, token: str = "") -> Decimal:
    """Write all of these or none, and say how many write units that took. With a `token` of up to 36 characters a
    second call within ten minutes is the same one.

    Raises ItemConflict whose `place` is the first write that did not hold, Conflict with the kind `in_use` while
    another write is at one of the items, Busy, Refused; ValueError for more than 100 writes.
    """
    if len(writes) > MOST_IN_TRANSACTION:
        raise ValueError(f"A transaction takes {MOST_IN_TRANSACTION} writes at most.")
    sent: dict[str, Any] = {"TransactItems": [_in_transaction(write) for write in writes]}
    if token:
        sent["ClientRequestToken"] = token
    try:
        with translated(SERVICE, "TransactWriteItems"):
            answer = aws.dynamodb.transact_write_items(**sent, ReturnConsumedCapacity="TOTAL")
    except AwsError as error:
        raise _cancelled(error, writes) from error
    return sum((_units(one) for one in answer.get("ConsumedCapacity", [])), Decimal(0))


_TOLD: dict[str, Any] = {"ReturnConsumedCapacity": "TOTAL", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}


@dataclass
class _Placeholders:
    """The names and values of one write, each name once."""

    names: dict[str, str] = field(default_factory=dict)
    values: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def path(self, path: Path) -> str:
        """The path in placeholders."""
        return ".".join(self.names.setdefault(step, f"#{len(self.names)}") for step in path)

    def value(self, value: Mapping[str, Any]) -> str:
        """The placeholder of a value."""
        name = f":{len(self.values)}"
        self.values[name] = value
        return name

    def told(self) -> dict[str, Any]:
        """What goes beside the expressions; DynamoDB refuses empty ones."""
        told: dict[str, Any] = {}
        if self.names:
            told["ExpressionAttributeNames"] = {placeholder: name for name, placeholder in self.names.items()}
        if self.values:
            told["ExpressionAttributeValues"] = self.values
        return told


def _expressed(write: Write) -> dict[str, Any]:
    """The expressions of a write, with their placeholders."""
    holders = _Placeholders()
    told: dict[str, Any] = {}
    if isinstance(write, Update):
        told["UpdateExpression"] = _short(_changes(write, holders))
    if write.checks:
        told["ConditionExpression"] = _short(" AND ".join(_checked(check, holders) for check in write.checks))
    return told | holders.told()


def _changes(update: Update, holders: _Placeholders) -> str:
    sets = ",".join(f"{holders.path(path)}={holders.value(value)}" for path, value in update.sets)
    removes = ",".join(holders.path(path) for path in update.removes)
    return " ".join(part for part in (sets and f"SET {sets}", removes and f"REMOVE {removes}") if part)


def _checked(check: Check, holders: _Placeholders) -> str:
    path = holders.path(check.path)
    if check.how == "absent":
        return f"attribute_not_exists({path})"
    if check.how == "present":
        return f"attribute_exists({path})"
    if check.how == "map":
        return f"attribute_type({path},{holders.value({'S': 'M'})})"
    return f"{path}={holders.value(check.value or {})}"


def _short(expression: str) -> str:
    """The expression, when DynamoDB takes its length. Raises Refused, before anything was sent."""
    if len(expression) > MOST_OF_EXPRESSION:
        raise Refused("This touches too many attributes at once. Save it in parts.", service=SERVICE)
    return expression


def _in_transaction(write: Write) -> Any:
    name = {Put: "Put", Update: "Update", Delete: "Delete", Look: "ConditionCheck"}[type(write)]
    what = {"Item": write.item} if isinstance(write, Put) else {"Key": write.key}
    return {
        name: {
            "TableName": write.table,
            **what,
            **_expressed(write),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


def _asked(operation: str, write: Write, call: Callable[[], Found]) -> Found:
    """The answer of one conditional write. Raises ItemConflict, and AwsError."""
    try:
        with translated(SERVICE, operation):
            return call()
    except Conflict as error:
        if error.kind != "changed":
            raise
        raise ItemConflict(
            _kind(write), _answer_of(error).get("Item") or None, retried=_retried(error), where=_where(error)
        ) from error


def _kind(write: Write) -> Literal["exists", "changed"]:
    is_new = isinstance(write, Put) and any(check.how == "absent" for check in write.checks)
    return "exists" if is_new else "changed"


def _cancelled(error: AwsError, writes: Sequence[Write]) -> AwsError:
    """The error of a transaction by the first reason that AWS gives, a condition before all others."""
    reasons: Sequence[Mapping[str, Any]] = _answer_of(error).get("CancellationReasons", [])
    told = [(place, reason) for place, reason in enumerate(reasons) if reason.get("Code", "None") != "None"]
    if not told:
        return error
    place, reason = next((one for one in told if one[1]["Code"] == "ConditionalCheckFailed"), told[0])
    code, message = str(reason["Code"]), str(reason.get("Message", ""))
    where = _where(error)
    if code == "ConditionalCheckFailed":
        item = reason.get("Item") or None
        return ItemConflict(_kind(writes[place]), item, place=place, retried=_retried(error), where=where)
    if code == "TransactionConflict":
        return Conflict(message, kind="in_use", **where)
    if code in {"ThrottlingError", "ProvisionedThroughputExceeded"}:
        return Busy(message, reason="throttled", **where)
    return Refused(message, **where)


def _where(error: AwsError) -> Where:
    return {
        "service": error.service,
        "operation": error.operation,
        "code": error.code,
        "request_id": error.request_id,
    }


def _answer_of(error: AwsError) -> Mapping[str, Any]:
    """What AWS answered with, all of it: the item that was in the way, or the reasons of a transaction."""
    answer: Mapping[str, Any] | None = getattr(error.__cause__, "response", None)
    return answer or {}  # a call that brought no answer has None there


def _retried(error: AwsError) -> bool:
    return bool(_answer_of(error).get("ResponseMetadata", {}).get("RetryAttempts", 0))


def _written(answer: Any) -> Written:
    return Written(answer.get("Attributes") or None, _units(answer.get("ConsumedCapacity", {})))


def _units(told: Mapping[str, Any]) -> Decimal:
    return Decimal(str(told.get("CapacityUnits", 0)))
