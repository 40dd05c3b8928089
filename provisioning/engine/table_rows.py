"""Rows of tables: each read from DynamoDB with its owner, its last write and its price, and kept."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from provisioning.aws import cloudformation, dynamodb, metrics
from provisioning.aws.clients import Clients
from provisioning.aws.dynamodb import Index
from provisioning.aws.dynamodb import Table as Described
from provisioning.aws.errors import Denied, Missing, Refused
from provisioning.costs.estimate import estimate
from provisioning.costs.model import PricedInput
from provisioning.models import Account, Environment, Table
from provisioning.planning.matching import Belonging

WRITES_SINCE = timedelta(days=90)
GB = Decimal(1_000_000_000)
_SEPARATE = ("arn", "name", "item_count", "size_bytes", "protection", "created_at", "billing_switched_at")


def keep_tables(aws: Clients, account: Account, tables: Mapping[str, Belonging]) -> None:
    """Read these tables, then write their rows together, so that no page shows some of them as they were and some as
    they are; what is gone meanwhile loses its row. Raises AwsError, with nothing written."""
    described = {name: dynamodb.describe_table(aws, name) for name in tables}
    gone = [name for name, found in described.items() if found is None]
    there = [found for found in described.values() if found is not None]
    writes = _last_writes(aws, [found.name for found in there])
    columns = {found.name: _columns(aws, found, writes) for found in there}
    environments = _environments(account, tables.values())
    with transaction.atomic():
        Table.objects.filter(account=account, name__in=gone).delete()
        for name, facts in columns.items():
            belongs = tables[name]
            Table.objects.update_or_create(
                account=account,
                name=name,
                defaults={
                    "application": belongs.application[:60],
                    "environment_name": belongs.environment[:40],
                    "environment": environments.get((belongs.application, belongs.environment)),
                    **facts,
                },
            )


def _columns(aws: Clients, found: Described, writes: Mapping[str, datetime]) -> dict[str, Any]:
    recovery = dynamodb.point_in_time_recovery(aws, found.name)
    owner = cloudformation.owner_of(aws, found.name)
    described = {key: value for key, value in asdict(found).items() if key not in _SEPARATE}
    return {
        "arn": found.arn,
        "stack_name": owner.stack_name if owner else "",
        "item_count": found.item_count,
        "size_bytes": found.size_bytes,
        "protected": found.protection,
        "recovery_from": recovery.earliest if recovery.enabled else None,
        "last_write_at": writes.get(found.name),
        "monthly_cost": kept_cost(found, recovers=recovery.enabled),
        "described": described,
        "made_at": found.created_at,
        "seen_at": timezone.now(),
    }


def _last_writes(aws: Clients, names: list[str]) -> Mapping[str, datetime]:
    """Not being told is no reason to stop: then no last write is known."""
    if not names:
        return {}
    try:
        return metrics.last_writes(aws, names, timezone.now() - WRITES_SINCE)
    except (Denied, Missing, Refused):
        return {}


def _environments(account: Account, belongings: Iterable[Belonging]) -> dict[tuple[str, str], Environment]:
    names = {one.environment for one in belongings}
    return {(one.application, one.name): one for one in Environment.objects.filter(account=account, name__in=names)}


def kept_cost(table: Described, *, recovers: bool) -> Decimal | None:
    """What keeping a table costs a month in US dollars while nobody reads or writes it: storage, recovery, and
    capacity where it is provisioned. None when it has no price."""
    idle = {"reads": 0, "writes": 0, "stream_reads": 0, "stored_gb": table.size_bytes / GB}
    (line,) = estimate([PricedInput(table.name, "AWS::DynamoDB::Table", _properties(table, recovers), idle)]).lines
    return line.monthly


def _properties(table: Described, recovers: bool) -> dict[str, Any]:  # noqa: FBT001  (a property of the table)
    return {
        "BillingMode": table.billing_mode,
        "ProvisionedThroughput": _throughput(table),
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": recovers},
        "GlobalSecondaryIndexes": [_index(one) for one in table.indexes if not one.is_local],
        "LocalSecondaryIndexes": [_index(one) for one in table.indexes if one.is_local],
    }


def _index(index: Index) -> dict[str, Any]:
    return {
        "IndexName": index.name,
        "Projection": {"ProjectionType": index.projection},
        "ProvisionedThroughput": _throughput(index),
    }


def _throughput(owner: Described | Index) -> dict[str, int]:
    return {"ReadCapacityUnits": owner.read_capacity, "WriteCapacityUnits": owner.write_capacity}
