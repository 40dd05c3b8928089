# ruff: noqa: N803  (botocore spells its arguments so)
"""Items of tables in the scripted AWS: reading one, and conditional writes, as Stackyard's gateway sends them."""

import copy
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from .script import client_error
from .service import Answer, Service
from .world import Table

Item = dict[str, Any]
FAILED = "The conditional request failed"
UNIT = {"ConsumedCapacity": {"CapacityUnits": 1.0}}


class Items(Service):
    """What the client of DynamoDB answers about items."""

    def get_item(self, TableName: str, Key: Item, **_: Any) -> Answer:
        """One item, as it is now."""
        found = self._items(TableName, "GetItem").get(_name(Key))
        return {**({"Item": copy.deepcopy(found)} if found is not None else {}), **UNIT}

    def put_item(self, TableName: str, Item: Item, **sent: Any) -> Answer:
        """A whole item."""
        return self._write("PutItem", TableName, _key_of(self._table(TableName, "PutItem"), Item), sent, put=Item)

    def update_item(self, TableName: str, Key: Item, **sent: Any) -> Answer:
        """Parts of an item."""
        return self._write("UpdateItem", TableName, Key, sent)

    def delete_item(self, TableName: str, Key: Item, **sent: Any) -> Answer:
        """An item, away."""
        return self._write("DeleteItem", TableName, Key, sent, away=True)

    def transact_write_items(self, TransactItems: Sequence[Mapping[str, Any]], **_: Any) -> Answer:
        """All of it, or nothing."""
        kept = copy.deepcopy({name: table.items for name, table in self.world.tables.items()})
        reasons: list[dict[str, Any]] = []
        for one in TransactItems:
            ((verb, sent),) = one.items()
            try:
                self._part(verb, dict(sent))
                reasons.append({"Code": "None"})
            except ClientError as failed:
                reasons.append({"Code": "ConditionalCheckFailed", "Item": failed.response.get("Item", {})})
        if any(reason["Code"] != "None" for reason in reasons):
            for name, items in kept.items():
                self.world.tables[name].items = items
            cancelled = client_error("TransactionCanceledException", "Transaction cancelled", "TransactWriteItems")
            cancelled.response["CancellationReasons"] = reasons  # type: ignore[typeddict-item]  # as AWS has them
            raise cancelled
        return {"ConsumedCapacity": [{"CapacityUnits": 2.0 * len(TransactItems)}]}

    def _part(self, verb: str, sent: dict[str, Any]) -> None:
        if verb == "ConditionCheck":
            table = sent.pop("TableName")
            _check(self._items(table, verb).get(_name(sent.pop("Key"))), sent, verb)
            return
        calls: dict[str, Callable[..., Answer]] = {
            "Put": self.put_item,
            "Update": self.update_item,
            "Delete": self.delete_item,
        }
        calls[verb](**sent)

    def _write(
        self,
        operation: str,
        table: str,
        key: Item,
        sent: Mapping[str, Any],
        *,
        put: Item | None = None,
        away: bool = False,
    ) -> Answer:
        items, name = self._items(table, operation), _name(key)
        before = copy.deepcopy(items.get(name))
        _check(before, sent, operation)
        if away:
            items.pop(name, None)
        else:
            items[name] = copy.deepcopy(put) if put is not None else _updated(before or dict(key), sent)
        return {**({"Attributes": before} if before is not None else {}), **UNIT}

    def _items(self, table: str, operation: str) -> dict[str, Any]:
        return self._table(table, operation).items

    def _table(self, name: str, operation: str) -> Table:
        raise NotImplementedError


def _name(key: Item) -> str:
    return json.dumps(key, sort_keys=True)


def _key_of(table: Table, item: Item) -> Item:
    return {one["AttributeName"]: item[one["AttributeName"]] for one in table.described["KeySchema"]}


def _check(item: Item | None, sent: Mapping[str, Any], operation: str) -> None:
    """Raise what DynamoDB answers when the condition does not hold, with the item as it is."""
    condition = sent.get("ConditionExpression", "")
    parts = condition.split(" AND ") if condition else []
    if all(_holds(part, item or {}, sent) for part in parts):
        return
    error = client_error("ConditionalCheckFailedException", FAILED, operation)
    if item is not None:
        error.response["Item"] = copy.deepcopy(item)  # type: ignore[typeddict-unknown-key]  # as above
    raise error


def _holds(part: str, item: Item, sent: Mapping[str, Any]) -> bool:
    called = re.fullmatch(r"(attribute_\w+)\(([^,)]+)(?:,(:\w+))?\)", part)
    if called is None:
        path, _, value = part.partition("=")
        return bool(_at(item, path, sent) == sent["ExpressionAttributeValues"][value])
    there = _at(item, called[2], sent)
    if called[1] == "attribute_not_exists":
        return there is None
    if called[1] == "attribute_exists":
        return there is not None
    return there is not None and sent["ExpressionAttributeValues"][called[3]]["S"] in there


def _steps(path: str, sent: Mapping[str, Any]) -> list[str]:
    return [sent["ExpressionAttributeNames"][step] for step in path.split(".")]


def _at(item: Item, path: str, sent: Mapping[str, Any]) -> Any:
    here: Any = {"M": item}
    for step in _steps(path, sent):
        here = (here or {}).get("M", {}).get(step)
    return here


def _updated(item: Item, sent: Mapping[str, Any]) -> Item:
    whole: Item = copy.deepcopy(item)
    sets, _, removes = sent["UpdateExpression"].partition("REMOVE ")
    for one in filter(None, sets.strip().removeprefix("SET ").split(",")):
        path, _, value = one.partition("=")
        _inside(whole, path, sent)[_steps(path, sent)[-1]] = copy.deepcopy(sent["ExpressionAttributeValues"][value])
    for path in filter(None, removes.strip().split(",")):
        _inside(whole, path, sent).pop(_steps(path, sent)[-1], None)
    return whole


def _inside(item: Item, path: str, sent: Mapping[str, Any]) -> Item:
    here = item
    for step in _steps(path, sent)[:-1]:
        here = here[step]["M"]
    return here
