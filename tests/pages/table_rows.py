"""Rows of tables, as verification and the survey leave them, for pages to show."""

from typing import Any

from django.utils import timezone

from provisioning.models import Environment, Table

INDEX = {
    "name": "user-timestamp-index",
    "keys": [{"attribute": "user_id", "role": "HASH"}, {"attribute": "timestamp", "role": "RANGE"}],
    "projection": "ALL",
    "included": [],
    "status": "ACTIVE",
    "backfilling": False,
    "is_local": False,
    "read_capacity": 0,
    "write_capacity": 0,
}
MESSAGES: dict[str, Any] = {
    "status": "ACTIVE",
    "keys": [{"attribute": "id", "role": "HASH"}],
    "attribute_types": {"id": "S", "user_id": "S", "timestamp": "N"},
    "indexes": [INDEX],
    "billing_mode": "PAY_PER_REQUEST",
    "read_capacity": 0,
    "write_capacity": 0,
    "stream_view": "NEW_AND_OLD_IMAGES",
    "table_id": "",
}


def table(made: Environment, name: str = "", logical_id: str = "MessagesTable", **columns: Any) -> Table:
    """A table of an environment, its messages unless `columns` say otherwise; `described` adds to what was seen."""
    name = name or f"{made.name}-hello-erlang-messages"
    described = {**MESSAGES, **columns.pop("described", {})}
    columns = {"item_count": 41_203, "size_bytes": 5_000_000, "monthly_cost": "0.0012", **columns}
    columns = {"stack_name": f"hello-erlang-data-{made.name}", "seen_at": timezone.now(), **columns}
    return Table.objects.create(
        account=made.account,
        name=name,
        arn=f"arn:aws:dynamodb:us-east-1:123456789012:table/{name}",
        application=made.application,
        environment_name=made.name,
        environment=made,
        logical_id=logical_id,
        described=described,
        **columns,
    )
