"""Stacks against moto, and the answers moto cannot give from a script."""

from datetime import UTC, datetime
from typing import Any, cast

import boto3
import pytest
from botocore.model import StringShape

from provisioning.aws import cloudformation
from provisioning.aws.clients import Clients, call_count
from provisioning.aws.errors import Busy, Conflict, Missing, Refused

from .scripts import Script

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
STACK_ID = "arn:aws:cloudformation:us-east-1:123456789012:stack/hello/1"
TEMPLATE = """
Description: the data stack
Parameters:
  Stage: {Type: String, Default: dev, AllowedValues: [dev, prod], Description: the stage}
  Secret: {Type: String, NoEcho: true}
Resources:
  Messages:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    Properties:
      TableName: !Sub "${Stage}-messages"
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
Outputs:
  Name: {Value: !Ref Messages, Description: the table, Export: {Name: !Sub "${Stage}-messages-name"}}
"""
MODEL = boto3.client("cloudformation", region_name="us-east-1").meta.service_model
STATUSES = cast("StringShape", MODEL.shape_for("StackStatus")).enum


def stack_made_directly(aws: Clients, name: str = "hello") -> str:
    """A finished stack. Moto loses outputs and exports of an executed change set, so this one is created."""
    return aws.cloudformation.create_stack(
        StackName=name,
        TemplateBody=TEMPLATE,
        Parameters=[{"ParameterKey": "Secret", "ParameterValue": "hush"}],
        Tags=[{"Key": "Application", "Value": "hello"}],
    )["StackId"]


def change_set(aws: Clients, **over: Any) -> cloudformation.ChangeSetRef:
    asked: dict[str, Any] = {
        "stack": "hello",
        "change_set_name": "change-1",
        "kind": "CREATE",
        "template_body": TEMPLATE,
        "parameters": {"Secret": "hush"},
        "tags": {"Application": "hello"},
        "capabilities": [],
        "token": "change-1-data",
    }
    return cloudformation.create_change_set(aws, **(asked | over))


def test_a_stack_is_read_whole(aws: Clients) -> None:
    stack_id = stack_made_directly(aws)
    stack = cloudformation.describe_stack(aws, stack_id)
    assert stack is not None
    assert (stack.stack_id, stack.name, stack.status) == (stack_id, "hello", "CREATE_COMPLETE")
    assert stack.parameters["Stage"] == "dev"
    assert stack.outputs == (cloudformation.Output("Name", "dev-messages", "the table", "dev-messages-name"),)
    assert stack.tags == {"Application": "hello"}
    assert stack.created_at.tzinfo is not None
    assert stack == cloudformation.describe_stack(aws, "hello")


def test_no_stack_is_none_and_a_deleted_one_still_answers_by_id(aws: Clients) -> None:
    assert cloudformation.describe_stack(aws, "hello") is None
    stack_id = stack_made_directly(aws)
    cloudformation.delete_stack(aws, stack_id, token="change-1-delete")
    assert cloudformation.describe_stack(aws, "hello") is None
    gone = cloudformation.describe_stack(aws, stack_id)
    assert gone is not None
    assert gone.status == "DELETE_COMPLETE"


def test_another_validation_error_is_not_a_missing_stack(script: Script) -> None:
    aws, answers = script("cloudformation")
    answers.add_client_error("describe_stacks", "ValidationError", "1 validation error detected", 400)
    with pytest.raises(Refused):
        cloudformation.describe_stack(aws, "hello")


def test_stacks_are_listed_by_status_only(aws: Clients) -> None:
    stack_id = stack_made_directly(aws)
    found = cloudformation.list_stacks(aws, {"CREATE_COMPLETE"})
    assert [(stack.stack_id, stack.name, stack.status) for stack in found] == [(stack_id, "hello", "CREATE_COMPLETE")]
    assert cloudformation.list_stacks(aws, {"DELETE_IN_PROGRESS"}) == ()
    calls = call_count()
    assert cloudformation.list_stacks(aws, ()) == ()
    assert call_count() == calls


def test_every_page_of_stacks_is_read_and_every_status_passes_as_it_is(script: Script) -> None:
    aws, answers = script("cloudformation")
    first, second = STATUSES[:10], STATUSES[10:]
    filters = {"StackStatusFilter": sorted(STATUSES)}

    def page(statuses: list[str]) -> list[dict[str, Any]]:
        return [{"StackName": s.lower(), "StackStatus": s, "CreationTime": NOW} for s in statuses]

    answers.add_response("list_stacks", {"StackSummaries": page(first), "NextToken": "2"}, filters)
    answers.add_response("list_stacks", {"StackSummaries": page(second)}, filters | {"NextToken": "2"})
    found = cloudformation.list_stacks(aws, STATUSES)
    assert len(STATUSES) == 23
    assert [stack.status for stack in found] == STATUSES


@pytest.mark.parametrize("status", STATUSES)
def test_a_stack_keeps_the_status_aws_gave_it(script: Script, status: str) -> None:
    aws, answers = script("cloudformation")
    stack = {"StackName": "hello", "StackId": STACK_ID, "StackStatus": status, "CreationTime": NOW}
    answers.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": STACK_ID})
    found = cloudformation.describe_stack(aws, STACK_ID)
    assert found is not None
    assert found.status == status


def test_what_aws_adds_to_a_running_stack_is_read(script: Script) -> None:
    aws, answers = script("cloudformation")
    stack = {
        "StackName": "hello",
        "StackId": STACK_ID,
        "StackStatus": "UPDATE_IN_PROGRESS",
        "DetailedStatus": "CONFIGURATION_COMPLETE",
        "CreationTime": NOW,
        "EnableTerminationProtection": True,
        "RoleARN": "arn:aws:iam::123456789012:role/builder",
        "LastOperations": [{"OperationType": "UPDATE_STACK", "OperationId": "operation-0001"}],
        "ChangeSetId": "change-set-0001",
    }
    answers.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": STACK_ID})
    found = cloudformation.describe_stack(aws, STACK_ID)
    assert found is not None
    assert found.detailed_status == "CONFIGURATION_COMPLETE"
    assert found.termination_protection
    assert found.role_arn.endswith("role/builder")
    assert found.last_operations == (cloudformation.Operation("UPDATE_STACK", "operation-0001"),)
    assert found.change_set_id == "change-set-0001"


def test_a_throttled_read_is_busy(script: Script) -> None:
    aws, answers = script("cloudformation")
    answers.add_client_error("list_stacks", "Throttling", "Rate exceeded", 400)
    with pytest.raises(Busy) as busy:
        cloudformation.list_stacks(aws, {"CREATE_IN_PROGRESS"})
    assert busy.value.reason == "throttled"


def test_resources_and_templates_of_a_stack(aws: Clients) -> None:
    stack_id = stack_made_directly(aws)
    (table,) = cloudformation.list_resources(aws, stack_id)
    assert (table.logical_id, table.physical_id, table.type, table.status) == (
        "Messages",
        "dev-messages",
        "AWS::DynamoDB::Table",
        "CREATE_COMPLETE",
    )
    assert cloudformation.get_template(aws, stack_id) == TEMPLATE
    with pytest.raises(Missing):
        cloudformation.list_resources(aws, "nothing")


def test_a_template_sent_as_json_is_text_too(aws: Clients) -> None:
    body = '{"Resources": {"A": {"Type": "AWS::SNS::Topic"}}}'
    aws.cloudformation.create_stack(StackName="hello", TemplateBody=body)
    assert cloudformation.get_template(aws, "hello") == body


def test_a_template_says_what_it_needs(script: Script) -> None:
    aws, answers = script("cloudformation")
    answers.add_response(
        "get_template_summary",
        {
            "Parameters": [
                {
                    "ParameterKey": "Stage",
                    "ParameterType": "String",
                    "DefaultValue": "dev",
                    "ParameterConstraints": {"AllowedValues": ["dev", "prod"]},
                },
                {"ParameterKey": "Secret", "ParameterType": "String", "NoEcho": True},
            ],
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
            "ResourceTypes": ["AWS::DynamoDB::Table"],
            "ResourceIdentifierSummaries": [
                {
                    "ResourceType": "AWS::DynamoDB::Table",
                    "LogicalResourceIds": ["Messages"],
                    "ResourceIdentifiers": ["TableName"],
                }
            ],
        },
        {"TemplateBody": TEMPLATE},
    )
    summary = cloudformation.template_summary(aws, TEMPLATE)
    stage, secret = summary.parameters
    assert (stage.default, stage.no_echo, stage.allowed_values) == ("dev", False, ("dev", "prod"))
    assert (secret.default, secret.no_echo) == (None, True)
    assert summary.capabilities == ("CAPABILITY_NAMED_IAM",)
    assert summary.identifiers == (
        cloudformation.TemplateIdentifier("AWS::DynamoDB::Table", ("Messages",), ("TableName",)),
    )


def test_a_template_that_is_not_one_is_refused(script: Script) -> None:
    aws, answers = script("cloudformation")
    answers.add_client_error("get_template_summary", "ValidationError", "Template format error: not YAML", 400)
    with pytest.raises(Refused):
        cloudformation.template_summary(aws, "{")


def test_a_protected_stack_is_not_deleted(script: Script) -> None:
    aws, answers = script("cloudformation")
    message = "Stack [hello] cannot be deleted while TerminationProtection is enabled"
    answers.add_client_error("delete_stack", "ValidationError", message, 400)
    with pytest.raises(Conflict) as conflict:
        cloudformation.delete_stack(aws, STACK_ID, token="change-1-delete")
    assert conflict.value.kind == "protected"


def test_deleting_what_is_gone_is_done(script: Script) -> None:
    aws, answers = script("cloudformation")
    answers.add_client_error("delete_stack", "ValidationError", "Stack [hello] does not exist", 400)
    cloudformation.delete_stack(aws, STACK_ID, token="change-1-delete")


def test_a_role_is_sent_with_a_delete_only_when_there_is_one(script: Script) -> None:
    aws, answers = script("cloudformation")
    plain = {"StackName": STACK_ID, "ClientRequestToken": "t"}
    answers.add_response("delete_stack", {}, plain)
    answers.add_response("delete_stack", {}, plain | {"RoleARN": "arn:aws:iam::123456789012:role/builder"})
    cloudformation.delete_stack(aws, STACK_ID, token="t")
    cloudformation.delete_stack(aws, STACK_ID, token="t", role_arn="arn:aws:iam::123456789012:role/builder")


def test_protection_and_policy_are_calls_of_their_own(script: Script) -> None:
    aws, answers = script("cloudformation")
    answers.add_response(
        "update_termination_protection", {}, {"StackName": STACK_ID, "EnableTerminationProtection": True}
    )
    answers.add_response("set_stack_policy", {}, {"StackName": STACK_ID, "StackPolicyBody": "{}"})
    answers.add_response("get_stack_policy", {}, {"StackName": STACK_ID})
    cloudformation.set_termination_protection(aws, STACK_ID, enabled=True)
    cloudformation.set_stack_policy(aws, STACK_ID, policy="{}")
    assert cloudformation.get_stack_policy(aws, STACK_ID) == ""


def test_only_a_running_update_is_cancelled(script: Script) -> None:
    aws, answers = script("cloudformation")
    answers.add_response("cancel_update_stack", {}, {"StackName": STACK_ID, "ClientRequestToken": "t"})
    answers.add_client_error("cancel_update_stack", "ValidationError", "cannot be called from this status", 400)
    cloudformation.cancel_update(aws, STACK_ID, token="t")
    with pytest.raises(Refused):
        cloudformation.cancel_update(aws, STACK_ID, token="t")


def test_limits_are_read_by_name(script: Script) -> None:
    aws, answers = script("cloudformation")
    limits = [{"Name": "StackLimit", "Value": 2000}, {"Name": "ConcurrentResourcesLimit", "Value": 2500}]
    answers.add_response("describe_account_limits", {"AccountLimits": limits})
    answers.add_client_error("describe_account_limits", "InvalidAction", "Unknown action", 400)
    answers.add_client_error("describe_account_limits", "ValidationError", "no", 400)
    found = cloudformation.account_limits(aws)
    assert (found.stacks, found.outputs, found.concurrent_resources) == (2000, None, 2500)
    assert cloudformation.account_limits(aws) == cloudformation.StackLimits(None, None, None)
    with pytest.raises(Refused):
        cloudformation.account_limits(aws)


def test_exports_and_who_imports_them(aws: Clients) -> None:
    stack_id = stack_made_directly(aws)
    assert cloudformation.list_exports(aws) == {
        "dev-messages-name": cloudformation.Export("dev-messages-name", "dev-messages", stack_id)
    }


def test_an_export_nobody_imports_has_no_importers(script: Script) -> None:
    aws, answers = script("cloudformation")
    answers.add_response("list_imports", {"Imports": ["a"], "NextToken": "2"}, {"ExportName": "x"})
    answers.add_response("list_imports", {"Imports": ["b"]}, {"ExportName": "x", "NextToken": "2"})
    message = "Export 'x' is not imported by any stack."
    answers.add_client_error("list_imports", "ValidationError", message, 400)
    answers.add_client_error("list_imports", "ValidationError", "something else", 400)
    assert cloudformation.list_imports(aws, "x") == ("a", "b")
    assert cloudformation.list_imports(aws, "x") == ()
    with pytest.raises(Refused):
        cloudformation.list_imports(aws, "x")


def event(number: int, **more: str) -> dict[str, Any]:
    return {"StackId": STACK_ID, "EventId": f"e{number}", "StackName": "hello", "Timestamp": NOW, **more}


def test_events_come_oldest_first_each_once_and_stop_at_the_known_one(script: Script) -> None:
    aws, answers = script("cloudformation")
    newest = [event(5, ResourceStatus="CREATE_COMPLETE", ClientRequestToken="t"), event(4)]
    answers.add_response("describe_stack_events", {"StackEvents": newest, "NextToken": "2"})
    answers.add_response(
        "describe_stack_events",
        {"StackEvents": [event(4), event(3), event(2)], "NextToken": "3"},
        {"StackName": STACK_ID, "NextToken": "2"},
    )
    found = cloudformation.stack_events(aws, STACK_ID, after="e2")
    assert [one.event_id for one in found] == ["e3", "e4", "e5"]
    assert (found[-1].status, found[-1].token) == ("CREATE_COMPLETE", "t")


def test_all_events_of_a_real_stack(aws: Clients) -> None:
    stack_id = stack_made_directly(aws)
    events = cloudformation.stack_events(aws, stack_id, after=None)
    assert [one.status for one in events] == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]
    assert cloudformation.stack_events(aws, stack_id, after=events[0].event_id) == events[1:]
    assert cloudformation.stack_events(aws, stack_id, after=events[-1].event_id) == ()
    with pytest.raises(Missing):
        cloudformation.stack_events(aws, "nothing", after=None)


def test_a_change_set_waits_on_a_shell_and_can_be_taken_back(aws: Clients) -> None:
    ref = change_set(aws)
    shell = cloudformation.describe_stack(aws, ref.stack_id)
    assert shell is not None
    assert shell.status == "REVIEW_IN_PROGRESS"
    found = cloudformation.describe_change_set(aws, ref.change_set_id)
    assert found.is_ready
    assert [(change.logical_id, change.action) for change in found.changes] == [("Messages", "Add")]
    cloudformation.delete_change_set(aws, ref.change_set_id)
    with pytest.raises(Missing):
        cloudformation.describe_change_set(aws, ref.change_set_id)


def test_an_executed_change_set_makes_its_resources(aws: Clients) -> None:
    ref = change_set(aws)
    cloudformation.execute_change_set(aws, ref.change_set_id, token="t", retain_except_on_create=True)
    assert aws.dynamodb.list_tables()["TableNames"] == ["dev-messages"]
