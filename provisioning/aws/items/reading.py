"""Reading items: one page of a query or a scan, or one item by its key.

Needs dynamodb:Query, dynamodb:Scan and dynamodb:GetItem on the table and its indexes (B12). Every call asks for what
it consumed. Items are in DynamoDB's own form, as the client gives them: numbers are texts, binary content is bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from provisioning.aws.clients import Clients
from provisioning.aws.errors import OtherKeys, translated

SERVICE = "dynamodb"
Item = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Read:
    """What one call sends. With `key_condition` it is a query, without one a scan.

    Expressions hold placeholders only; `names` and `values` say what they stand for. `limit` counts what is evaluated,
    not what matches; None goes on to 1 MB (B1). `segment` of `segments` is one part of a parallel scan. `count_only`
    brings no items. `consistent` is refused on a global index (B4). `keys` are attributes with their types that every
    item has, as long as the table is the one that was described.
    """

    table: str
    index: str = ""
    key_condition: str = ""
    filter: str = ""
    projection: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    limit: int | None = None
    descending: bool = False
    consistent: bool = False
    start: Mapping[str, Mapping[str, Any]] | None = None
    segment: int | None = None
    segments: int | None = None
    count_only: bool = False
    keys: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_query(self) -> bool:
        """Whether it asks for one partition."""
        return bool(self.key_condition)


@dataclass(frozen=True)
class ReadPage:
    """What one call brought. The end is only where `last_key` is None, however few items there are (B1, pitfall 1).

    `returned` are those that matched, `scanned` those that were read and paid for; `capacity` is in read units (B2).
    """

    items: tuple[Item, ...]
    last_key: Item | None
    returned: int
    scanned: int
    capacity: Decimal


def read_page(aws: Clients, read: Read) -> ReadPage:
    """One page of a query or a scan. Raises Missing, Denied, Refused or Busy; OtherKeys, which is Refused, when an item
    lacks one of `keys`."""
    request = _request(read)
    operation = "Query" if read.is_query else "Scan"
    with translated(SERVICE, operation):
        page = _page(aws.dynamodb.query(**request) if read.is_query else aws.dynamodb.scan(**request))
    if not all(kind in item.get(name, ()) for item in page.items for name, kind in read.keys.items()):
        raise OtherKeys("Items without the keys of the table.", service=SERVICE, operation=operation)
    return page


def get_item(
    aws: Clients, table: str, key: Mapping[str, Mapping[str, Any]], *, consistent: bool = True
) -> tuple[Item | None, Decimal]:
    """One item whole, None when there is none, and what reading it consumed. Raises as `read_page` does."""
    with translated(SERVICE, "GetItem"):
        answer: Mapping[str, Any] = aws.dynamodb.get_item(
            TableName=table,
            Key=dict(key),
            ConsistentRead=consistent,
            ReturnConsumedCapacity="TOTAL",
        )
    return answer.get("Item"), consumed(answer)


def consumed(answer: Mapping[str, Any]) -> Decimal:
    """The capacity units of an answer: of all its tables and indexes together; 0 when it does not say."""
    told = answer.get("ConsumedCapacity") or {}
    parts = told if isinstance(told, list) else [told]
    return sum((Decimal(str(part.get("CapacityUnits", 0))) for part in parts), Decimal(0))


def _request(read: Read) -> dict[str, Any]:
    optional = {
        "IndexName": read.index,
        "KeyConditionExpression": read.key_condition,
        "FilterExpression": read.filter,
        "ProjectionExpression": read.projection,
        "ExpressionAttributeNames": dict(read.names),
        "ExpressionAttributeValues": dict(read.values),
        "Limit": read.limit,
        "ExclusiveStartKey": read.start,
        "ConsistentRead": read.consistent,
        "Select": "COUNT" if read.count_only else "",
    }
    request: dict[str, Any] = {name: content for name, content in optional.items() if content}
    if read.is_query:
        request["ScanIndexForward"] = not read.descending
    elif read.segments is not None:
        request |= {"Segment": read.segment, "TotalSegments": read.segments}
    return request | {"TableName": read.table, "ReturnConsumedCapacity": "TOTAL"}


def _page(answer: Mapping[str, Any]) -> ReadPage:
    items = answer.get("Items", [])
    return ReadPage(
        items=tuple(items),
        last_key=answer.get("LastEvaluatedKey") or None,
        returned=answer.get("Count", len(items)),
        scanned=answer.get("ScannedCount", len(items)),
        capacity=consumed(answer),
    )
