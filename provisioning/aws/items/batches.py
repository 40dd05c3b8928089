"""Reading many items by their keys at once. Needs dynamodb:BatchGetItem on the table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from provisioning.aws.clients import Clients
from provisioning.aws.errors import translated
from provisioning.aws.items.reading import Item, consumed

MOST_KEYS = 100


@dataclass(frozen=True)
class BatchGot:
    """The items that are there, in no order; keys that were not answered and have to be asked for again, after a
    while; the read units that it took."""

    items: tuple[Item, ...]
    unprocessed: tuple[Item, ...]
    capacity: Decimal


def batch_get(
    aws: Clients, table: str, keys: Sequence[Mapping[str, Mapping[str, Any]]], *, consistent: bool = False
) -> BatchGot:
    """Up to 100 items by their keys, each key once; at most 16 MB come in one answer, the rest is unprocessed. Raises
    AwsError, and ValueError for more than 100."""
    if not 0 < len(keys) <= MOST_KEYS:
        raise ValueError(f"A batch takes 1 to {MOST_KEYS} keys.")
    asked: Any = {table: {"Keys": [dict(key) for key in keys], "ConsistentRead": consistent}}
    with translated("dynamodb", "BatchGetItem"):
        answer: Mapping[str, Any] = aws.dynamodb.batch_get_item(RequestItems=asked, ReturnConsumedCapacity="TOTAL")
    left = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
    return BatchGot(tuple(answer.get("Responses", {}).get(table, [])), tuple(left), consumed(answer))
