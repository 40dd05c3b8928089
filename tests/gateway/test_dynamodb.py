"""Tables as a whole, against moto."""

from datetime import UTC, datetime
from typing import Any

import pytest

from provisioning.aws import dynamodb
from provisioning.aws.clients import Clients
from provisioning.aws.errors import Conflict, Missing, Refused

from .scripts import Script


def table(aws: Clients, **more: Any) -> None:
    shape: dict[str, Any] = {
        "TableName": "dev-messages",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "at", "AttributeType": "N"},
        ],
        "KeySchema": [
            {"AttributeName": "id", "KeyType": "HASH"},
            {"AttributeName": "at", "KeyType": "RANGE"},
        ],
    }
    aws.dynamodb.create_table(**(shape | more))


def test_a_table_is_read_whole(aws: Clients) -> None:
    table(
        aws,
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        DeletionProtectionEnabled=True,
        GlobalSecondaryIndexes=[
            {
                "IndexName": "at-index",
                "KeySchema": [{"AttributeName": "at", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["text"]},
            }
        ],
    )
    found = dynamodb.describe_table(aws, "dev-messages")
    assert found is not None
    assert (found.name, found.status, found.protection) == ("dev-messages", "ACTIVE", True)
    assert found.keys == (dynamodb.Key("id", "HASH"), dynamodb.Key("at", "RANGE"))
    assert found.attribute_types == {"id": "S", "at": "N"}
    assert (found.billing_mode, found.read_capacity, found.write_capacity) == ("PAY_PER_REQUEST", 0, 0)
    assert found.stream_view == "NEW_IMAGE"
    assert found.stream_arn.startswith(found.arn)
    (index,) = found.indexes
    assert (index.name, index.projection, index.included) == ("at-index", "INCLUDE", ("text",))
    assert (index.keys, index.status, index.is_local) == ((dynamodb.Key("at", "HASH"),), "ACTIVE", False)


def test_a_provisioned_table_has_capacity_and_its_indexes_too(aws: Clients) -> None:
    units = {"ReadCapacityUnits": 3, "WriteCapacityUnits": 2}
    table(
        aws,
        BillingMode="PROVISIONED",
        ProvisionedThroughput=units,
        GlobalSecondaryIndexes=[
            {
                "IndexName": "at-index",
                "KeySchema": [{"AttributeName": "at", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
                "ProvisionedThroughput": units,
            }
        ],
    )
    found = dynamodb.describe_table(aws, "dev-messages")
    assert found is not None
    assert (found.billing_mode, found.read_capacity, found.write_capacity) == ("PROVISIONED", 3, 2)
    assert (found.indexes[0].read_capacity, found.indexes[0].write_capacity) == (3, 2)
    assert (found.stream_view, found.stream_arn, found.protection) == ("", "", False)


def test_capacity_left_over_from_before_is_not_shown_on_demand(script: Script) -> None:
    aws, answers = script("dynamodb")
    described = {
        "TableArn": "arn:aws:dynamodb:us-east-1:123456789012:table/t",
        "TableName": "dev-messages",
        "TableStatus": "ACTIVE",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
        "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
    }
    answers.add_response("describe_table", {"Table": described}, {"TableName": "dev-messages"})
    found = dynamodb.describe_table(aws, "dev-messages")
    assert found is not None
    assert (found.read_capacity, found.write_capacity) == (0, 0)


def test_what_is_not_there(aws: Clients) -> None:
    assert dynamodb.describe_table(aws, "nothing") is None
    for ask in (dynamodb.time_to_live, dynamodb.point_in_time_recovery):
        with pytest.raises(Missing):
            ask(aws, "nothing")
    with pytest.raises(Missing):
        dynamodb.set_deletion_protection(aws, "nothing", enabled=True)


def test_time_to_live_is_off_until_it_is_switched_on(aws: Clients) -> None:
    table(aws)
    assert dynamodb.time_to_live(aws, "dev-messages") == dynamodb.TimeToLive("DISABLED", "")
    dynamodb.enable_time_to_live(aws, "dev-messages", "expires_at")
    assert dynamodb.time_to_live(aws, "dev-messages") == dynamodb.TimeToLive("ENABLED", "expires_at")


def test_time_to_live_switched_twice_within_the_hour_is_refused(script: Script) -> None:
    aws, answers = script("dynamodb")
    message = "Time to live has been modified multiple times within a fixed interval"
    answers.add_client_error("update_time_to_live", "ValidationException", message, 400)
    with pytest.raises(Refused):
        dynamodb.enable_time_to_live(aws, "dev-messages", "expires_at")


def test_recovery_is_off_until_it_is_switched_on(aws: Clients) -> None:
    table(aws)
    assert dynamodb.point_in_time_recovery(aws, "dev-messages") == dynamodb.PointInTimeRecovery(
        enabled=False, earliest=None, latest=None
    )
    dynamodb.enable_point_in_time_recovery(aws, "dev-messages")
    recovery = dynamodb.point_in_time_recovery(aws, "dev-messages")
    assert recovery.enabled
    assert recovery.earliest is not None
    assert recovery.latest is not None
    assert recovery.earliest <= recovery.latest


def test_a_protected_table_says_so_and_can_be_unprotected(aws: Clients) -> None:
    table(aws)
    for enabled in (True, False):
        dynamodb.set_deletion_protection(aws, "dev-messages", enabled=enabled)
        found = dynamodb.describe_table(aws, "dev-messages")
        assert found is not None
        assert found.protection is enabled


def test_a_table_that_is_changing_is_in_use(script: Script) -> None:
    aws, answers = script("dynamodb")
    message = "Attempt to change a resource which is still in use: Table is being updated"
    answers.add_client_error("update_table", "ResourceInUseException", message, 400)
    with pytest.raises(Conflict) as conflict:
        dynamodb.set_deletion_protection(aws, "dev-messages", enabled=False)
    assert conflict.value.kind == "in_use"


def test_every_page_of_tags_is_read(script: Script) -> None:
    aws, answers = script("dynamodb")
    arn = "arn:aws:dynamodb:us-east-1:123456789012:table/t"
    first = {"Tags": [{"Key": "Application", "Value": "hello"}], "NextToken": "2"}
    answers.add_response("list_tags_of_resource", first, {"ResourceArn": arn})
    second = {"Tags": [{"Key": "Owner", "Value": "alice"}]}
    answers.add_response("list_tags_of_resource", second, {"ResourceArn": arn, "NextToken": "2"})
    assert dynamodb.table_tags(aws, arn) == {"Application": "hello", "Owner": "alice"}


def test_every_page_of_tables_is_read(script: Script) -> None:
    aws, answers = script("dynamodb")
    answers.add_response("list_tables", {"TableNames": ["dev-a", "dev-b"], "LastEvaluatedTableName": "dev-b"}, {})
    answers.add_response("list_tables", {"TableNames": ["dev-c"]}, {"ExclusiveStartTableName": "dev-b"})
    assert dynamodb.list_tables(aws) == ("dev-a", "dev-b", "dev-c")


def test_a_deleted_table_is_gone_and_missing_the_next_time(aws: Clients) -> None:
    table(aws)
    assert dynamodb.list_tables(aws) == ("dev-messages",)
    dynamodb.delete_table(aws, "dev-messages")
    assert dynamodb.describe_table(aws, "dev-messages") is None
    assert dynamodb.list_tables(aws) == ()
    with pytest.raises(Missing):
        dynamodb.delete_table(aws, "dev-messages")


@pytest.mark.parametrize("code", ["ValidationException", "ResourceInUseException"])
def test_a_protected_table_refuses_in_whatever_code(script: Script, code: str) -> None:
    aws, answers = script("dynamodb")
    message = "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection."
    answers.add_client_error("delete_table", code, message, 400)
    with pytest.raises(Conflict) as conflict:
        dynamodb.delete_table(aws, "dev-messages")
    assert conflict.value.kind == "protected"


def test_a_protected_table_is_still_there_after_the_refusal(aws: Clients) -> None:
    table(aws, DeletionProtectionEnabled=True)
    with pytest.raises((Conflict, Refused)):
        dynamodb.delete_table(aws, "dev-messages")
    assert dynamodb.describe_table(aws, "dev-messages") is not None


def test_tables_of_one_name_are_told_apart_and_the_last_switch_to_on_demand_is_known(script: Script) -> None:
    aws, answers = script("dynamodb")
    switched = datetime(2026, 3, 1, 12, tzinfo=UTC)
    described = {
        "TableArn": "arn:aws:dynamodb:us-east-1:123456789012:table/t",
        "TableName": "dev-messages",
        "TableStatus": "ACTIVE",
        "TableId": "8f0a7b6c-0000-4000-8000-000000000001",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST", "LastUpdateToPayPerRequestDateTime": switched},
    }
    answers.add_response("describe_table", {"Table": described})
    found = dynamodb.describe_table(aws, "dev-messages")
    assert found is not None
    assert (found.table_id, found.billing_switched_at) == (described["TableId"], switched)
