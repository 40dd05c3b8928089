# ruff: noqa: N803  (botocore spells its arguments so)
"""DynamoDB: tables as a whole, and their backups."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from .items import Items
from .script import client_error
from .service import PAGE, Answer
from .tables import add_backup, forget, switch_recovery
from .world import ITEM_BYTES, Backup, Table

WINDOW, DELAY = timedelta(days=35), timedelta(minutes=5)
PROTECTED = (
    "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first."
)


class DynamoDB(Items):
    """The client. Every look at a table brings forward what goes on in it."""

    def list_tables(self, ExclusiveStartTableName: str = "") -> Answer:
        """Names, a hundred a page."""
        names = sorted(name for name in self.world.tables if name > ExclusiveStartTableName)
        answer: Answer = {"TableNames": names[:PAGE]}
        return answer | ({"LastEvaluatedTableName": names[PAGE - 1]} if len(names) > PAGE else {})

    def describe_table(self, TableName: str) -> Answer:
        """The table."""
        self._look(self._table(TableName, "DescribeTable"))
        return {"Table": self._table(TableName, "DescribeTable").seen()}

    def delete_table(self, TableName: str) -> Answer:
        """Take a table away with all its items (T13)."""
        table = self._still(TableName, "DeleteTable")
        if table.protected:
            raise client_error("ValidationException", PROTECTED, "DeleteTable")
        table.described["TableStatus"], table.looks_left = "DELETING", self.world.pace.deletion_looks
        if not table.looks_left:
            forget(self.world, table)
        return {"TableDescription": table.seen()}

    def update_table(self, TableName: str, *, DeletionProtectionEnabled: bool) -> Answer:
        """Switch deletion protection."""
        table = self._still(TableName, "UpdateTable")
        table.described["DeletionProtectionEnabled"] = DeletionProtectionEnabled
        return {"TableDescription": table.seen()}

    def describe_time_to_live(self, TableName: str) -> Answer:
        """How it forgets items."""
        attribute = self._table(TableName, "DescribeTimeToLive").ttl_attribute
        on = {"TimeToLiveStatus": "ENABLED", "AttributeName": attribute}
        return {"TimeToLiveDescription": on if attribute else {"TimeToLiveStatus": "DISABLED"}}

    def update_time_to_live(self, TableName: str, TimeToLiveSpecification: Mapping[str, Any]) -> Answer:
        """Switch expiry (T5)."""
        table = self._table(TableName, "UpdateTimeToLive")
        if TimeToLiveSpecification["Enabled"] == bool(table.ttl_attribute):
            state = "enabled" if table.ttl_attribute else "disabled"
            raise client_error("ValidationException", f"TimeToLive is already {state}", "UpdateTimeToLive")
        table.ttl_attribute = TimeToLiveSpecification["AttributeName"] if TimeToLiveSpecification["Enabled"] else ""
        return {"TimeToLiveSpecification": dict(TimeToLiveSpecification)}

    def describe_continuous_backups(self, TableName: str) -> Answer:
        """Whether it can be restored, and to when (R16)."""
        table = self._table(TableName, "DescribeContinuousBackups")
        recovery: dict[str, Any] = {"PointInTimeRecoveryStatus": "ENABLED" if table.recovery else "DISABLED"}
        if table.recovery:
            earliest, latest = self._window(table)
            recovery |= {"EarliestRestorableDateTime": earliest, "LatestRestorableDateTime": latest}
        return {"ContinuousBackupsDescription": {"PointInTimeRecoveryDescription": recovery}}

    def update_continuous_backups(self, TableName: str, PointInTimeRecoverySpecification: Mapping[str, bool]) -> Answer:
        """Switch recovery."""
        table = self._table(TableName, "UpdateContinuousBackups")
        switch_recovery(self.world, table, enabled=PointInTimeRecoverySpecification["PointInTimeRecoveryEnabled"])
        return {}

    def list_tags_of_resource(self, ResourceArn: str) -> Answer:
        """The tags of a table."""
        tags = self.world.tags.get(ResourceArn, {})
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def create_backup(self, TableName: str, BackupName: str) -> Answer:
        """Start a backup; names need not be different."""
        if TableName not in self.world.tables:
            raise client_error("TableNotFoundException", f"Table not found: {TableName}", "CreateBackup")
        if self.world.tables[TableName].described["TableStatus"] == "DELETING":
            raise client_error("TableInUseException", f"Table is being deleted: {TableName}", "CreateBackup")
        return {"BackupDetails": _details(add_backup(self.world, self.world.tables[TableName], BackupName))}

    def describe_backup(self, BackupArn: str) -> Answer:
        """One backup."""
        if BackupArn not in self.world.backups:
            text = f"Backup not found: {BackupArn}"
            raise client_error("BackupNotFoundException", text, "DescribeBackup")
        backup = self.world.backups[BackupArn]
        _work_on(backup)
        source = {"TableName": backup.table, "TableId": backup.table_id}
        return {"BackupDescription": {"BackupDetails": _details(backup), "SourceTableDetails": source}}

    def list_backups(self, BackupType: str, TableName: str = "", ExclusiveStartBackupArn: str = "") -> Answer:
        """The backups of every table that has or had this name, or of all, a hundred a page."""
        assert BackupType in {"USER", "ALL"}
        found = [one for one in self.world.backups.values() if TableName in {"", one.table}]
        arns = [one.arn for one in found]
        start = arns.index(ExclusiveStartBackupArn) + 1 if ExclusiveStartBackupArn else 0
        rows = found[start : start + PAGE]
        for backup in rows:
            _work_on(backup)
        shown = [{**_details(one), "TableName": one.table, "TableId": one.table_id} for one in rows]
        last = {"LastEvaluatedBackupArn": rows[-1].arn} if start + PAGE < len(found) else {}
        return {"BackupSummaries": shown, **last}

    def _window(self, table: Table) -> tuple[datetime, datetime]:
        now = self.world.now()
        earliest = max(table.recovery_since or now, now - WINDOW)
        return earliest, max(earliest, now - DELAY)

    def _look(self, table: Table) -> None:
        if table.described["TableStatus"] == "DELETING":
            table.looks_left -= 1
            if table.looks_left < 0:
                forget(self.world, table)
        for index in table.indexes:
            left = table.filling.pop(index["IndexName"], 0)
            if left:
                table.filling[index["IndexName"]] = left - 1
            else:
                index["IndexStatus"] = "ACTIVE"
                index.pop("Backfilling", None)

    def _still(self, name: str, operation: str) -> Table:
        """The table, when nothing goes on with it (T1)."""
        table = self._table(name, operation)
        if table.described["TableStatus"] != "ACTIVE":
            text = f"Attempt to change a resource which is still in use: Table is being deleted: {name}"
            raise client_error("ResourceInUseException", text, operation)
        return table

    def _table(self, name: str, operation: str) -> Table:
        if name not in self.world.tables:
            text = f"Requested resource not found: Table: {name} not found"
            raise client_error("ResourceNotFoundException", text, operation)
        return self.world.tables[name]


def _work_on(backup: Backup) -> None:
    backup.looks_left -= 1
    if backup.looks_left < 0 and backup.status == "CREATING":
        backup.status = "AVAILABLE"


def _details(backup: Backup) -> dict[str, Any]:
    return {
        "BackupArn": backup.arn,
        "BackupName": backup.name,
        "BackupStatus": backup.status,
        "BackupType": "USER",
        "BackupSizeBytes": len(backup.items) * ITEM_BYTES,
        "BackupCreationDateTime": backup.created_at,
    }
