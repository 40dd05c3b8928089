"""Which stack a resource belongs to, and which change sets wait on a stack."""

from datetime import UTC, datetime
from typing import Any

import pytest

from provisioning.aws import cloudformation
from provisioning.aws.cloudformation import ChangeSetSummary, StackOwner
from provisioning.aws.errors import Busy, Missing

from .scripts import Script

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
STACK_ID = "arn:aws:cloudformation:us-east-1:123456789012:stack/hello/1"
OWNER = StackOwner(STACK_ID, "hello", "Messages")


def resource(logical_id: str, physical_id: str, status: str = "CREATE_COMPLETE") -> dict[str, Any]:
    return {
        "StackId": STACK_ID,
        "StackName": "hello",
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": physical_id,
        "ResourceType": "AWS::DynamoDB::Table",
        "ResourceStatus": status,
        "Timestamp": NOW,
    }


def test_the_owner_is_picked_out_of_its_stack(script: Script) -> None:
    aws, answers = script("cloudformation")
    rows = [resource("Sessions", "dev-sessions"), resource("Messages", "dev-messages")]
    answers.add_response("describe_stack_resources", {"StackResources": rows}, {"PhysicalResourceId": "dev-messages"})
    assert cloudformation.owner_of(aws, "dev-messages") == OWNER


def test_nobody_owns_what_a_stack_left_behind(script: Script) -> None:
    aws, answers = script("cloudformation")
    rows = [resource("Messages", "dev-messages", "DELETE_SKIPPED")]
    answers.add_response("describe_stack_resources", {"StackResources": rows})
    assert cloudformation.owner_of(aws, "dev-messages") is None


def test_nobody_owns_what_no_stack_knows(script: Script) -> None:
    aws, answers = script("cloudformation")
    message = "Stack for dev-messages does not exist"
    answers.add_client_error("describe_stack_resources", "ValidationError", message, 400)
    assert cloudformation.owner_of(aws, "dev-messages") is None


def test_an_unanswered_question_is_not_an_answer(script: Script) -> None:
    aws, answers = script("cloudformation")
    answers.add_client_error("describe_stack_resources", "Throttling", "Rate exceeded", 400)
    with pytest.raises(Busy):
        cloudformation.owner_of(aws, "dev-messages")


@pytest.mark.parametrize(("asked", "owner"), [("dev-messages", OWNER), ("dev-other", None)])
def test_an_endpoint_that_cannot_look_by_physical_id_is_searched(
    script: Script, asked: str, owner: StackOwner | None
) -> None:
    aws, answers = script("cloudformation")
    answers.add_client_error("describe_stack_resources", "ValidationError", "Stack [] does not exist", 400)
    stack = {"StackName": "hello", "StackId": STACK_ID, "StackStatus": "CREATE_COMPLETE", "CreationTime": NOW}
    answers.add_response("describe_stacks", {"Stacks": [stack]}, {})
    row = resource("Messages", "dev-messages") | {"LastUpdatedTimestamp": NOW}
    del row["Timestamp"], row["StackId"], row["StackName"]
    answers.add_response("list_stack_resources", {"StackResourceSummaries": [row]}, {"StackName": STACK_ID})
    assert cloudformation.owner_of(aws, asked) == owner


def test_every_page_of_waiting_change_sets_is_read(script: Script) -> None:
    aws, answers = script("cloudformation")

    def page(name: str, **more: str) -> dict[str, Any]:
        row = {"ChangeSetId": f"arn:{name}", "ChangeSetName": name, "CreationTime": NOW}
        row |= {"Status": "CREATE_COMPLETE", "ExecutionStatus": "AVAILABLE"}
        return {"Summaries": [row], **more}

    answers.add_response("list_change_sets", page("one", NextToken="2"), {"StackName": STACK_ID})
    answers.add_response("list_change_sets", page("two"), {"StackName": STACK_ID, "NextToken": "2"})
    assert cloudformation.list_change_sets(aws, STACK_ID) == tuple(
        ChangeSetSummary(f"arn:{name}", name, "CREATE_COMPLETE", "AVAILABLE", NOW) for name in ("one", "two")
    )


def test_a_stack_that_is_not_there_has_no_change_sets(script: Script) -> None:
    aws, answers = script("cloudformation")
    answers.add_client_error("list_change_sets", "ValidationError", "Stack [hello] does not exist", 400)
    with pytest.raises(Missing):
        cloudformation.list_change_sets(aws, "hello")
