"""On-demand backups of tables: made before data may go, and kept after it went."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from provisioning.aws.clients import Clients
from provisioning.aws.errors import Missing, translated

SERVICE = "dynamodb"


@dataclass(frozen=True)
class Backup:
    """One backup. `status` is CREATING, AVAILABLE or DELETED.

    `table` is the name of its table. `table_id` tells tables apart that had the same name one after the other; it is
    empty where AWS leaves it out.
    """

    arn: str
    name: str
    status: str
    size_bytes: int
    created_at: datetime | None
    table_id: str = ""
    table: str = ""

    @property
    def is_available(self) -> bool:
        """Whether the table can be restored from it."""
        return self.status == "AVAILABLE"


def create_backup(aws: Clients, table: str, backup_name: str) -> Backup:
    """Start a backup of a table; the same name may be used again and makes another backup.

    Raises Missing when there is no such table, Conflict while it is being created or deleted.
    """
    with translated(SERVICE, "CreateBackup"):
        answer = aws.dynamodb.create_backup(TableName=table, BackupName=backup_name)
    return _backup(answer["BackupDetails"])


def describe_backup(aws: Clients, arn: str) -> Backup | None:
    """The backup, or None when there is none."""
    try:
        with translated(SERVICE, "DescribeBackup"):
            found = aws.dynamodb.describe_backup(BackupArn=arn)["BackupDescription"]
    except Missing:
        return None
    return _backup(found.get("BackupDetails", {}), found.get("SourceTableDetails", {}))


def backups_of(aws: Clients, table: str) -> tuple[Backup, ...]:
    """The on-demand backups of every table that has or had this name, every page; none is an empty answer."""
    with translated(SERVICE, "ListBackups"):
        pages = aws.dynamodb.get_paginator("list_backups").paginate(TableName=table, BackupType="USER")
        return tuple(_backup(found, found) for page in pages for found in page["BackupSummaries"])


def every_backup(aws: Clients) -> tuple[Backup, ...]:
    """The backups of every table of the account and region, every page: those made on demand and by AWS Backup, without
    those that DynamoDB itself keeps for a while of deleted tables."""
    with translated(SERVICE, "ListBackups"):
        pages = aws.dynamodb.get_paginator("list_backups").paginate(BackupType="ALL")
        found = (found for page in pages for found in page["BackupSummaries"])
        return tuple(_backup(one, one) for one in found if one.get("BackupType") != "SYSTEM")


def _backup(found: Mapping[str, Any], source: Mapping[str, Any] | None = None) -> Backup:
    return Backup(
        arn=found["BackupArn"],
        name=found["BackupName"],
        status=found["BackupStatus"],
        size_bytes=found.get("BackupSizeBytes", 0),
        created_at=found.get("BackupCreationDateTime"),
        table_id=(source or {}).get("TableId", ""),
        table=(source or {}).get("TableName", ""),
    )
