"""A DynamoDB client that keeps AWS's limits where emulators do not: it stands in front of moto's or a local AWS's.

    with mock_aws():
        aws = AsAws(boto3.client("dynamodb"))
        aws.script.throttle("Query", times=1)
        Clients.of(dynamodb=aws)

What it adds: pages of 1 MB counted before the filter, capacity by size, no consistent reads of global indexes, what an
index does not project is not there, start keys with the keys of index and table, batches of 25 at most, and on demand:
throttling, unprocessed items, an index that is still being built. Everything else is the client's behind it.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from provisioning.aws.clients import Clients, Target
from provisioning.items.values import size_of

from . import partiql
from .as_aws_rules import (
    MEGABYTE,
    Keys,
    Request,
    capacity_of_read,
    capacity_of_write,
    check_batch,
    check_item,
    check_read,
    fit,
    invalid,
    keys_of,
    refusal,
    sent_with,
)

Answer = dict[str, Any]
THROTTLED = "ProvisionedThroughputExceededException"


@dataclass
class Script:
    """What goes wrong: how many calls of an operation are throttled, how many items of batches are left unprocessed,
    which indexes are being built; and how large a page is, for tests of many small ones."""

    throttled: Counter[str] = field(default_factory=Counter)
    unprocessed: int = 0
    building: set[str] = field(default_factory=set)
    page_bytes: int = MEGABYTE

    def throttle(self, operation: str, times: int = 1) -> None:
        """Have the next calls of an operation, such as Query, throttled."""
        self.throttled[operation] += times


class AsAws:
    """The client. `calls` are the data calls that reached it, by operation."""

    def __init__(self, client: Any) -> None:
        self.client, self.script = client, Script()
        self.calls: Counter[str] = Counter()
        self.requests: list[tuple[str, Request]] = []
        self._keys: dict[str, Keys] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def delete_table(self, **request: Any) -> Answer:
        """A table goes; another one of its name may have other keys."""
        self._keys.pop(request["TableName"], None)
        gone: Answer = self.client.delete_table(**request)
        return gone

    def query(self, **request: Any) -> Answer:
        """A page of one partition."""
        return self._read("Query", self.client.query, request)

    def scan(self, **request: Any) -> Answer:
        """A page of everything."""
        return self._read("Scan", self.client.scan, request)

    def get_item(self, **request: Any) -> Answer:
        """One item."""
        self._called("GetItem", request)
        answer: Answer = self.client.get_item(**request)
        size = size_of(answer.get("Item", {}))
        return self._with_capacity(answer, request, capacity_of_read(size, request.get("ConsistentRead")))

    def put_item(self, **request: Any) -> Answer:
        """One item written whole."""
        check_item(request["Item"], "PutItem")
        key = {name: request["Item"][name] for name in self.keys(request["TableName"]).table if name in request["Item"]}
        return self._write("PutItem", self.client.put_item, request, key)

    def update_item(self, **request: Any) -> Answer:
        """Parts of one item written."""
        return self._write("UpdateItem", self.client.update_item, request, request["Key"])

    def delete_item(self, **request: Any) -> Answer:
        """One item taken away."""
        return self._write("DeleteItem", self.client.delete_item, request, request["Key"])

    def batch_write_item(self, **request: Any) -> Answer:
        """Up to 25 puts and deletes, of which the script may leave some unprocessed."""
        self._called("BatchWriteItem", request)
        check_batch(request["RequestItems"], 25, "BatchWriteItem")
        left, done = self._left(request["RequestItems"])
        for writes in done.values():
            for write in writes:
                if "PutRequest" in write:
                    check_item(write["PutRequest"]["Item"], "BatchWriteItem")
        if done:
            self.client.batch_write_item(RequestItems=done)
        answer: Answer = {"UnprocessedItems": left}
        sizes = [size_of(one.get("PutRequest", {}).get("Item", {})) for writes in done.values() for one in writes]
        if "ReturnConsumedCapacity" in request:
            total = sum(capacity_of_write(size) for size in sizes)
            answer["ConsumedCapacity"] = [{"TableName": name, "CapacityUnits": total} for name in list(done)[:1]]
        return answer

    def batch_get_item(self, **request: Any) -> Answer:
        """Up to 100 items by their keys, of which the script may leave some unprocessed."""
        self._called("BatchGetItem", request)
        wanted = {name: asked["Keys"] for name, asked in request["RequestItems"].items()}
        check_batch(wanted, 100, "BatchGetItem")
        left, done = self._left(wanted)
        asked = {name: {**request["RequestItems"][name], "Keys": keys} for name, keys in done.items()}
        found = self.client.batch_get_item(RequestItems=asked)["Responses"] if asked else {}
        answer: Answer = {"Responses": found}
        answer["UnprocessedKeys"] = {n: {**request["RequestItems"][n], "Keys": keys} for n, keys in left.items()}
        if "ReturnConsumedCapacity" in request:
            answer["ConsumedCapacity"] = [
                {"TableName": name, "CapacityUnits": sum(capacity_of_read(size_of(item)) for item in items)}
                for name, items in found.items()
            ]
        return answer

    def execute_statement(self, **request: Any) -> Answer:
        """A page of what a SELECT finds."""
        self._called(partiql.OPERATION, request)
        pages = self.client.get_paginator("scan").paginate
        return partiql.execute(
            request, lambda table: [item for page in pages(TableName=table) for item in page["Items"]], self.keys
        )

    def transact_write_items(self, **request: Any) -> Answer:
        """Up to 100 writes, all or none, at twice the price."""
        self._called("TransactWriteItems", request)
        check_batch({"": request["TransactItems"]}, 100, "TransactWriteItems")
        items = [part["Put"]["Item"] for part in request["TransactItems"] if "Put" in part]
        for item in items:
            check_item(item, "TransactWriteItems")
        answer: Answer = self.client.transact_write_items(**request)
        if "ReturnConsumedCapacity" in request:
            others = len(request["TransactItems"]) - len(items)
            total = 2 * (sum(capacity_of_write(size_of(item)) for item in items) + others)
            answer["ConsumedCapacity"] = [{"TableName": "", "CapacityUnits": total}]
        return answer

    def keys(self, table: str) -> Keys:
        """The keys of a table and its indexes, looked up once behind the client."""
        if table not in self._keys:
            self._keys[table] = keys_of(self.client.describe_table(TableName=table)["Table"])
        return self._keys[table]

    def _called(self, operation: str, request: Request) -> None:
        self.calls[operation] += 1
        self.requests.append((operation, dict(request)))
        if self.script.throttled[operation]:
            self.script.throttled[operation] -= 1
            raise refusal(THROTTLED, "The level of configured provisioned throughput was exceeded.", operation)

    def _read(self, operation: str, ask: Callable[..., Answer], request: Request) -> Answer:
        self._called(operation, request)
        keys, index = self.keys(request["TableName"]), request.get("IndexName", "")
        check_read(operation, request, keys)
        if index in self.script.building:
            raise invalid(f"Cannot read from backfilling global secondary index: {index}", operation)
        evaluated, size, more = fit(ask, request, keys, self.script.page_bytes)
        answer = self._filtered(ask, request, len(evaluated))
        answer["Items"] = [keys.projected(index, item) for item in answer.get("Items", [])]
        if request.get("Select") == "COUNT":
            del answer["Items"]
        answer.pop("LastEvaluatedKey", None)
        if more:
            answer["LastEvaluatedKey"] = {name: evaluated[-1][name] for name in keys.start(index)}
        answer["ScannedCount"] = len(evaluated)
        return self._with_capacity(answer, request, capacity_of_read(size, request.get("ConsistentRead")))

    def _filtered(self, ask: Callable[..., Answer], request: Request, number: int) -> Answer:
        """The items among so many evaluated ones that match, by the filter of the client behind, whose own pages may
        be shorter."""
        items: list[Any] = []
        more: Answer = {}
        while number > 0:
            answer = ask(**sent_with(request, "FilterExpression", "ProjectionExpression", Limit=number, **more))
            items += answer["Items"]
            number -= answer["ScannedCount"]
            if "LastEvaluatedKey" not in answer:
                break
            more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
        return {"Items": items, "Count": len(items)}

    def _write(self, operation: str, write: Callable[..., Answer], request: Request, key: Mapping[str, Any]) -> Answer:
        self._called(operation, request)
        before = self._size(request["TableName"], key)
        answer = write(**request)
        after = self._size(request["TableName"], key)
        return self._with_capacity(answer, request, capacity_of_write(max(before, after)))

    def _size(self, table: str, key: Mapping[str, Any]) -> int:
        if not key:
            return 0
        return size_of(self.client.get_item(TableName=table, Key=dict(key), ConsistentRead=True).get("Item", {}))

    def _left(self, wanted: Mapping[str, list[Any]]) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
        """What the script leaves unprocessed, and the rest."""
        left: dict[str, list[Any]] = {}
        done: dict[str, list[Any]] = {}
        for name, parts in wanted.items():
            number = min(self.script.unprocessed, len(parts))
            self.script.unprocessed -= number
            if parts[:number]:
                left[name] = parts[:number]
            if parts[number:]:
                done[name] = parts[number:]
        return left, done

    def _with_capacity(self, answer: Answer, request: Request, capacity: float) -> Answer:
        answer.pop("ConsumedCapacity", None)
        if request.get("ReturnConsumedCapacity", "NONE") != "NONE":
            answer["ConsumedCapacity"] = {"TableName": request["TableName"], "CapacityUnits": capacity}
        return answer


_here: list[Clients] = []


@cache
def plain(service: str) -> Any:
    """A client of whatever is in moto when it is called. Each is made once for the process: that takes longer than all
    that most tests ask of one."""
    keys = {"aws_access_key_id": "made-up", "aws_secret_access_key": "made-up"}
    config = Config(ignore_configured_endpoint_urls=True)  # type: ignore[call-arg]  # the stubs lack it
    return boto3.client(service, region_name="us-east-1", config=config, **keys)  # type: ignore[call-overload]  # any


@contextmanager
def reached(settings: Any, **more: Any) -> Iterator[AsAws]:
    """Have all of Stackyard reach DynamoDB in moto as AWS would be, within `mock_aws()`; `more` are other clients."""
    dynamodb = AsAws(plain("dynamodb"))
    _here.append(Clients.of(Target("us-east-1"), dynamodb=dynamodb, **more))
    settings.AWS_CLIENTS = f"{__name__}.clients_for"
    try:
        yield dynamodb
    finally:
        _here.pop()


def clients_for(_target: Target) -> Clients:
    """What AWS_CLIENTS names while `reached` is on."""
    return _here[-1]
