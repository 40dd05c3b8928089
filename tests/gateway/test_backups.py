"""On-demand backups, against moto; what moto does at once comes from a script."""

from datetime import UTC, datetime

import pytest
from botocore.stub import ANY

from provisioning.aws import backups, dynamodb
from provisioning.aws.clients import Clients
from provisioning.aws.errors import Conflict, Missing

from .scripts import Script

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/dev-messages/backup/01-a"


def table(aws: Clients) -> None:
    aws.dynamodb.create_table(
        TableName="dev-messages",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )


def test_a_backup_is_made_and_found_by_its_arn_and_by_its_table(aws: Clients) -> None:
    table(aws)
    assert backups.backups_of(aws, "dev-messages") == ()
    made = backups.create_backup(aws, "dev-messages", "before-deletion")
    assert (made.name, made.is_available) == ("before-deletion", True)
    found = backups.describe_backup(aws, made.arn)
    assert found is not None
    assert (found.arn, found.name, found.status) == (made.arn, "before-deletion", "AVAILABLE")
    assert [one.arn for one in backups.backups_of(aws, "dev-messages")] == [made.arn]


def test_a_backup_outlives_its_table(aws: Clients) -> None:
    table(aws)
    made = backups.create_backup(aws, "dev-messages", "before-deletion")
    dynamodb.delete_table(aws, "dev-messages")
    assert dynamodb.describe_table(aws, "dev-messages") is None
    assert [one.arn for one in backups.backups_of(aws, "dev-messages")] == [made.arn]


def test_a_backup_on_its_way_cannot_be_restored_yet(script: Script) -> None:
    aws, answers = script("dynamodb")
    details = {
        "BackupArn": ARN,
        "BackupName": "before",
        "BackupStatus": "CREATING",
        "BackupType": "USER",
        "BackupCreationDateTime": NOW,
    }
    answers.add_response("create_backup", {"BackupDetails": details})
    made = backups.create_backup(aws, "dev-messages", "before")
    assert (made.status, made.is_available, made.size_bytes, made.created_at) == ("CREATING", False, 0, NOW)


def test_what_is_not_there(aws: Clients) -> None:
    with pytest.raises(Missing):
        backups.create_backup(aws, "nothing", "before")
    assert backups.describe_backup(aws, ARN) is None


def test_a_table_that_is_being_made_is_in_use(script: Script) -> None:
    aws, answers = script("dynamodb")
    answers.add_client_error("create_backup", "TableInUseException", "Table is being created: dev-messages", 400)
    with pytest.raises(Conflict) as conflict:
        backups.create_backup(aws, "dev-messages", "before")
    assert conflict.value.kind == "in_use"


def test_every_page_is_read_and_tables_of_the_same_name_are_told_apart(script: Script) -> None:
    aws, answers = script("dynamodb")

    def page(number: int, **more: str) -> dict[str, object]:
        row = {"BackupArn": f"{ARN}{number}", "BackupName": "before", "BackupStatus": "AVAILABLE"}
        row |= {"TableId": f"8f0a7b6c-0000-4000-8000-00000000000{number}"}
        return {"BackupSummaries": [row], **more}

    asked = {"TableName": "dev-messages", "BackupType": "USER"}
    answers.add_response("list_backups", page(1, LastEvaluatedBackupArn=f"{ARN}1"), asked)
    answers.add_response("list_backups", page(2), asked | {"ExclusiveStartBackupArn": ANY})
    found = backups.backups_of(aws, "dev-messages")
    assert [one.arn for one in found] == [f"{ARN}1", f"{ARN}2"]
    assert [one.table_id[-1] for one in found] == ["1", "2"]


def test_the_backups_of_all_tables_are_read_without_those_that_dynamodb_keeps_itself(script: Script) -> None:
    aws, answers = script("dynamodb")

    def row(number: int, kind: str, table: str) -> dict[str, str]:
        arn = f"{ARN}{number}"
        return {
            "BackupArn": arn,
            "BackupName": "before",
            "BackupStatus": "AVAILABLE",
            "BackupType": kind,
            "TableName": table,
        }

    both = [row(1, "USER", "dev-a"), row(2, "SYSTEM", "dev-a")]
    first = {"BackupSummaries": both, "LastEvaluatedBackupArn": f"{ARN}2"}
    answers.add_response("list_backups", first, {"BackupType": "ALL"})
    second = {"BackupSummaries": [row(3, "AWS_BACKUP", "dev-b")]}
    answers.add_response("list_backups", second, {"BackupType": "ALL", "ExclusiveStartBackupArn": f"{ARN}2"})
    assert [(one.arn[-1], one.table) for one in backups.every_backup(aws)] == [("1", "dev-a"), ("3", "dev-b")]


def test_those_of_all_tables_in_moto(aws: Clients) -> None:
    table(aws)
    made = backups.create_backup(aws, "dev-messages", "before")
    assert [(one.arn, one.table) for one in backups.every_backup(aws)] == [(made.arn, "dev-messages")]
