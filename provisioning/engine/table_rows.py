"""Rows of tables: each read from DynamoDB with its owner, its last write and its price, and kept.

The survey reads everything. A change that has just verified its tables keeps what it saw of them, without another call,
so that they can be explored the moment it is done; what only the survey reads stays as it was, or not known.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from provisioning.aws import backups, cloudformation, dynamodb, metrics
from provisioning.aws.backups import Backup
from provisioning.aws.clients import Clients
from provisioning.aws.dynamodb import Index, PointInTimeRecovery, TimeToLive
from provisioning.aws.dynamodb import Table as Described
from provisioning.aws.errors import Denied, Missing, Refused
from provisioning.blueprints.loader import library
from provisioning.costs.estimate import estimate
from provisioning.costs.model import PricedInput
from provisioning.engine.owning import TABLE_TYPE, promises
from provisioning.engine.verify.tables import TableFound
from provisioning.lifecycle import StackKind
from provisioning.models import Account, Environment, StackResource, Table
from provisioning.planning.matching import Belonging

WRITES_SINCE = timedelta(days=90)
GB = Decimal(1_000_000_000)
_SEPARATE = ("arn", "name", "item_count", "size_bytes", "protection", "created_at", "billing_switched_at")
_NOT_TOLD = (Denied, Missing, Refused)  # no right, or an emulator without the call: then it is not known


def keep_tables(aws: Clients, account: Account, tables: Mapping[str, Belonging]) -> None:
    """Read these tables, then write their rows together, so that no page shows some of them as they were and some as
    they are; what is gone meanwhile loses its row. Raises AwsError, with nothing written."""
    described = {name: dynamodb.describe_table(aws, name) for name in tables}
    gone = [name for name, found in described.items() if found is None]
    there = [found for found in described.values() if found is not None]
    writes = _last_writes(aws, [found.name for found in there])
    columns = {found.name: _surveyed(aws, found, writes) for found in there}
    environments = _environments(account, tables.values())
    logical_ids = _logical_ids(account, columns, environments.values())
    with transaction.atomic():
        Table.objects.filter(account=account, name__in=gone).delete()
        for name, facts in columns.items():
            belongs = tables[name]
            _keep(
                account,
                name,
                application=belongs.application[:60],
                environment_name=belongs.environment[:40],
                environment=environments.get((belongs.application, belongs.environment)),
                logical_id=logical_ids.get(name, ""),
                **facts,
            )


def keep_verified(environment: Environment, stack_name: str, found: Iterable[TableFound]) -> None:
    """Keep what a change has just seen of the tables of its data stack, in the caller's transaction."""
    account = environment.account
    for one in found:
        if one.table is None:
            continue
        row = Table.objects.filter(account=account, name=one.promise.name).first()
        recovers = one.settings.recovery.enabled if one.settings.recovery else bool(row and row.recovery_from)
        _keep(
            account,
            one.promise.name,
            application=environment.application,
            environment_name=environment.name,
            environment=environment,
            logical_id=one.promise.logical_id,
            stack_name=stack_name,
            monthly_cost=kept_cost(one.table, recovers=recovers),
            **_shown(one.table),
            **_recovery(one.settings.recovery),
            **_expiry(one.settings.expiry, one.promise.ttl_attribute or ""),
        )


def keep_account_facts(aws: Clients, account: Account) -> None:
    """What is asked once for all tables of an account: their backups, and the alarms on them. Raises AwsError."""
    made, alarms = _backups(aws), _alarms(aws)
    for row in Table.objects.filter(account=account):
        mine = [one for one in made.get(row.name, ()) if _is_of(one, row)] if made is not None else []
        on_it = alarms.get(row.name, ()) if alarms is not None else ()
        facts: dict[str, Any] = {
            "backups": len(mine) if made is not None else None,
            "backup_at": max((one.created_at for one in mine if one.created_at), default=None),
            "alarms": [asdict(alarm) for alarm in on_it] if alarms is not None else None,
            "firing": sum(alarm.is_firing for alarm in on_it),
        }
        if any(getattr(row, column) != value for column, value in facts.items()):
            Table.objects.filter(pk=row.pk).update(**facts)


def _keep(account: Account, name: str, **columns: Any) -> None:
    Table.objects.update_or_create(account=account, name=name, defaults=columns)


def _surveyed(aws: Clients, found: Described, writes: Mapping[str, datetime]) -> dict[str, Any]:
    recovery = dynamodb.point_in_time_recovery(aws, found.name)
    owner = cloudformation.owner_of(aws, found.name)
    return {
        "stack_name": owner.stack_name if owner else "",
        "last_write_at": writes.get(found.name),
        "monthly_cost": kept_cost(found, recovers=recovery.enabled),
        **_shown(found),
        **_recovery(recovery),
        **_expiry(_time_to_live(aws, found.name)),
    }


def _shown(found: Described) -> dict[str, Any]:
    """The columns that DescribeTable alone fills."""
    return {
        "arn": found.arn,
        "item_count": found.item_count,
        "size_bytes": found.size_bytes,
        "protected": found.protection,
        "described": {key: value for key, value in asdict(found).items() if key not in _SEPARATE},
        "made_at": found.created_at,
        "seen_at": timezone.now(),
    }


def _recovery(found: PointInTimeRecovery | None) -> dict[str, Any]:
    """Nothing where it was not read. It may be on before the window has a start: then it starts now."""
    if found is None:
        return {}
    return {"recovery_from": (found.earliest or timezone.now()) if found.enabled else None}


def _expiry(found: TimeToLive | None, promised: str = "") -> dict[str, Any]:
    """Nothing where it was not read. An attribute that is not named yet is the one that was promised."""
    if found is None:
        return {}
    return {"ttl_attribute": (found.attribute or promised) if found.is_on else ""}


def _time_to_live(aws: Clients, name: str) -> TimeToLive | None:
    try:
        return dynamodb.time_to_live(aws, name)
    except _NOT_TOLD:
        return None


def _backups(aws: Clients) -> Mapping[str, list[Backup]] | None:
    try:
        found = backups.every_backup(aws)
    except _NOT_TOLD:
        return None
    made: dict[str, list[Backup]] = {}
    for one in found:
        made.setdefault(one.table, []).append(one)
    return made


def _is_of(backup: Backup, row: Table) -> bool:
    """Whether a backup that can be restored is this table's, and not that of an earlier one of its name."""
    known = row.described.get("table_id", "")
    return backup.is_available and (not known or not backup.table_id or backup.table_id == known)


def _alarms(aws: Clients) -> Mapping[str, tuple[metrics.Alarm, ...]] | None:
    try:
        return metrics.table_alarms(aws)
    except _NOT_TOLD:
        return None


def _logical_ids(account: Account, names: Iterable[str], environments: Iterable[Environment]) -> Mapping[str, str]:
    """What the data template calls these tables: as their stack says, else as their name is promised."""
    found: dict[str, str] = {}
    blueprints = library().blueprints
    for environment in environments:
        blueprint = blueprints.get(environment.application)
        stack = environment.stacks.filter(kind=StackKind.DATA).first()
        if blueprint and stack:
            found |= {one.name: one.logical_id for one in promises(blueprint, environment, stack)}
    placed = StackResource.objects.filter(
        stack__environment__account=account, type=TABLE_TYPE, physical_id__in=list(names)
    )
    return found | dict(placed.values_list("physical_id", "logical_id"))


def _last_writes(aws: Clients, names: list[str]) -> Mapping[str, datetime]:
    """Not being told is no reason to stop: then no last write is known."""
    if not names:
        return {}
    try:
        return metrics.last_writes(aws, names, timezone.now() - WRITES_SINCE)
    except _NOT_TOLD:
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
