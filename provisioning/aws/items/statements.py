"""Reading items by PartiQL: one call of ExecuteStatement, for a SELECT and nothing else.

Needs dynamodb:PartiQLSelect on the table and its indexes; no right to write by statements, which can be denied. With
the condition key dynamodb:FullTableScan AWS itself refuses scans.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from provisioning.aws.clients import Clients
from provisioning.aws.errors import translated
from provisioning.aws.items.reading import SERVICE, Item, consumed


@dataclass(frozen=True)
class StatementPage:
    """What one call brought. The end is only where `next_token` is empty, however few items there are (pitfall 1).
    `capacity` is in read units; how many items were evaluated AWS does not tell."""

    items: tuple[Item, ...]
    next_token: str
    capacity: Decimal


def execute_select(
    aws: Clients,
    statement: str,
    parameters: Sequence[Mapping[str, Any]] = (),
    *,
    limit: int | None = None,
    next_token: str = "",
    consistent: bool = False,
) -> StatementPage:
    """One page of what a SELECT finds; `limit` counts what is evaluated. Raises Missing, Denied, Refused or Busy, and
    ValueError for a statement that would do anything else than read."""
    if not statement.startswith("SELECT "):
        raise ValueError("Only a SELECT is sent as a statement.")
    optional = {"Parameters": list(parameters), "Limit": limit, "NextToken": next_token, "ConsistentRead": consistent}
    request: dict[str, Any] = {name: content for name, content in optional.items() if content}
    with translated(SERVICE, "ExecuteStatement"):
        answer: Mapping[str, Any] = aws.dynamodb.execute_statement(
            Statement=statement, ReturnConsumedCapacity="TOTAL", **request
        )
    return StatementPage(tuple(answer.get("Items", ())), answer.get("NextToken") or "", consumed(answer))
