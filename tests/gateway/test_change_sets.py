"""Change sets from a script: what is sent, what is read, and that no changed resource is ever dropped."""

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import ANY, Stubber
from hypothesis import given
from hypothesis import strategies as st

from provisioning.aws import cloudformation
from provisioning.aws.cloudformation.changes import ACTIONS, REPLACEMENTS, read_changes, united
from provisioning.aws.errors import Conflict, Missing, Refused

from .scripts import Script

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ARN = "arn:aws:cloudformation:us-east-1:123456789012:changeSet/change-1/1"
STACK_ID = "arn:aws:cloudformation:us-east-1:123456789012:stack/hello/1"
REF = {"Id": ARN, "StackId": STACK_ID}


def answer(*changes: dict[str, Any], **more: Any) -> dict[str, Any]:
    head = {
        "ChangeSetId": ARN,
        "ChangeSetName": "change-1",
        "StackId": STACK_ID,
        "StackName": "hello",
        "Status": "CREATE_COMPLETE",
        "ExecutionStatus": "AVAILABLE",
        "CreationTime": NOW,
    }
    return head | {"Changes": list(changes)} | more


def resource(logical_id: str, **more: Any) -> dict[str, Any]:
    change = {"LogicalResourceId": logical_id, "Action": "Modify", "ResourceType": "AWS::DynamoDB::Table"}
    return {"Type": "Resource", "ResourceChange": change | more}


def detail(name: str, cause: str = "DirectModification", **target: str) -> dict[str, Any]:
    about = {"Attribute": "Properties", "Name": name, "RequiresRecreation": "Never"}
    return {"Target": about | target, "Evaluation": "Static", "ChangeSource": cause}


def expect_reading(answers: Stubber, *pages: dict[str, Any], values: bool) -> None:
    """Script one reading of the change set, page after page."""
    for number, page in enumerate(pages):
        asked: dict[str, Any] = {"ChangeSetName": ARN}
        if values:
            asked["IncludePropertyValues"] = True
        if number:
            asked["NextToken"] = f"page-{number}"
        more = {"NextToken": f"page-{number + 1}"} if number + 1 < len(pages) else {}
        answers.add_response("describe_change_set", page | more, asked)


def create(script_clients: Any, **over: Any) -> cloudformation.ChangeSetRef:
    asked: dict[str, Any] = {
        "stack": "hello",
        "change_set_name": "change-1",
        "kind": "UPDATE",
        "template_body": "Resources: {}",
        "parameters": {},
        "tags": {},
        "capabilities": [],
        "token": "change-1-data",
    }
    return cloudformation.create_change_set(script_clients, **(asked | over))


def test_values_tags_and_kept_parameters_are_sent(script: Script) -> None:
    aws, answers = script("cloudformation")
    answers.add_response(
        "create_change_set",
        REF,
        {
            "StackName": "hello",
            "ChangeSetName": "change-1",
            "ChangeSetType": "UPDATE",
            "ClientToken": "change-1-data",
            "TemplateBody": "Resources: {}",
            "Parameters": [
                {"ParameterKey": "Size", "ParameterValue": "2"},
                {"ParameterKey": "Secret", "UsePreviousValue": True},
            ],
            "Tags": [{"Key": "Application", "Value": "hello"}, {"Key": "Owner", "Value": "alice"}],
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
            "RoleARN": "arn:aws:iam::123456789012:role/builder",
            "Description": "Change 1",
        },
    )
    ref = create(
        aws,
        parameters={"Size": "2"},
        keep=["Secret", "Size"],
        tags={"Owner": "alice", "Application": "hello"},
        capabilities={"CAPABILITY_NAMED_IAM"},
        role_arn="arn:aws:iam::123456789012:role/builder",
        description="Change 1",
    )
    assert ref == cloudformation.ChangeSetRef(ARN, STACK_ID)


def test_an_empty_set_of_tags_is_sent_too(script: Script) -> None:
    aws, answers = script("cloudformation")
    sent = {
        "StackName": "hello",
        "ChangeSetName": "change-1",
        "ChangeSetType": "UPDATE",
        "ClientToken": "change-1-data",
        "TemplateBody": "Resources: {}",
        "Tags": [],
    }
    answers.add_response("create_change_set", REF, sent)
    create(aws)


def test_an_import_names_the_resources_to_take_in(script: Script) -> None:
    aws, answers = script("cloudformation")
    sent: dict[str, Any] = dict.fromkeys(("StackName", "ChangeSetName", "ClientToken", "TemplateBody"), ANY)
    sent |= {
        "ChangeSetType": "IMPORT",
        "Tags": [],
        "ResourcesToImport": [
            {
                "ResourceType": "AWS::DynamoDB::Table",
                "LogicalResourceId": "Messages",
                "ResourceIdentifier": {"TableName": "dev-messages"},
            }
        ],
    }
    answers.add_response("create_change_set", REF, sent)
    table = cloudformation.ImportTarget("AWS::DynamoDB::Table", "Messages", {"TableName": "dev-messages"})
    create(aws, kind="IMPORT", resources_to_import=[table])


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("AlreadyExistsException", "ChangeSet change-1 already exists", Conflict),
        ("ValidationError", "Stack [hello] does not exist", Missing),
        ("ValidationError", "Stack:hello is in ROLLBACK_COMPLETE state and can not be updated.", Refused),
        ("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_IAM]", Refused),
        ("LimitExceededException", "Stack limit reached", Refused),
    ],
)
def test_a_change_set_that_is_not_made(script: Script, code: str, message: str, kind: type[Exception]) -> None:
    aws, answers = script("cloudformation")
    answers.add_client_error("create_change_set", code, message, 400)
    with pytest.raises(kind):
        create(aws)


def test_every_page_is_read_with_and_without_values(script: Script) -> None:
    aws, answers = script("cloudformation")
    expect_reading(answers, answer(resource("A")), answer(resource("B")), answer(), values=True)
    expect_reading(answers, answer(resource("A")), answer(resource("B")), answer(resource("C")), values=False)
    found = cloudformation.describe_change_set(aws, ARN)
    assert [change.logical_id for change in found.changes] == ["A", "B", "C"]
    assert found.is_ready


def test_values_come_from_one_reading_and_what_it_left_out_from_the_other(script: Script) -> None:
    aws, answers = script("cloudformation")
    mode = detail("BillingMode", Path="/Properties/BillingMode", BeforeValue="PROVISIONED", AfterValue="ON")
    keys = detail("KeySchema", RequiresRecreation="Always")
    with_values = resource("Messages", Replacement="False", Details=[mode], AfterContext="{}")
    without = resource(
        "Messages",
        Replacement="True",
        PolicyAction="ReplaceAndDelete",
        Scope=["Properties"],
        PhysicalResourceId="dev-messages",
        Details=[detail("BillingMode"), detail("BillingMode", "ParameterReference"), keys],
    )
    expect_reading(answers, answer(with_values), values=True)
    expect_reading(answers, answer(without), values=False)
    (table,) = cloudformation.describe_change_set(aws, ARN).changes
    assert (table.replacement, table.policy_action, table.scope) == (
        "True",
        "ReplaceAndDelete",
        ("Properties",),
    )
    assert (table.physical_id, table.after_context) == ("dev-messages", "{}")
    assert [(one.path, one.before, one.after, one.requires_recreation) for one in table.details] == [
        ("/Properties/BillingMode", "PROVISIONED", "ON", "Never"),
        ("KeySchema", None, None, "Always"),
    ]


def test_a_cause_names_its_source(script: Script) -> None:
    aws, answers = script("cloudformation")
    cause = detail("BillingMode", "ParameterReference") | {"CausingEntity": "Mode"}
    expect_reading(answers, answer(resource("A", Details=[cause])), values=True)
    expect_reading(answers, answer(), values=False)
    (table,) = cloudformation.describe_change_set(aws, ARN).changes
    assert table.details[0].cause == "ParameterReference Mode"


def test_an_endpoint_without_property_values_is_read_without(script: Script) -> None:
    aws, answers = script("cloudformation")
    answers.add_client_error("describe_change_set", "ValidationError", "Unknown IncludePropertyValues", 400)
    expect_reading(answers, answer(resource("A")), values=False)
    assert [change.logical_id for change in cloudformation.describe_change_set(aws, ARN).changes] == ["A"]


def test_a_reading_refused_both_ways_is_refused(script: Script) -> None:
    aws, answers = script("cloudformation")
    answers.add_client_error("describe_change_set", "ValidationError", "no", 400)
    answers.add_client_error("describe_change_set", "ValidationError", "no", 400)
    with pytest.raises(Refused):
        cloudformation.describe_change_set(aws, ARN)


@pytest.mark.parametrize("status", ["CREATE_PENDING", "CREATE_IN_PROGRESS"])
def test_one_that_is_being_made_is_read_once(script: Script, status: str) -> None:
    aws, answers = script("cloudformation")
    expect_reading(answers, answer(Status=status, ExecutionStatus="UNAVAILABLE"), values=True)
    found = cloudformation.describe_change_set(aws, ARN)
    assert (found.is_moving, found.is_ready, found.is_empty) == (True, False, False)


@pytest.mark.parametrize(
    ("status", "execution", "moving", "ready"),
    [
        ("CREATE_COMPLETE", "AVAILABLE", False, True),
        ("CREATE_COMPLETE", "UNAVAILABLE", False, False),
        ("CREATE_COMPLETE", "OBSOLETE", False, False),
        ("CREATE_COMPLETE", "EXECUTE_IN_PROGRESS", True, False),
        ("CREATE_COMPLETE", "EXECUTE_COMPLETE", False, False),
        ("CREATE_COMPLETE", "EXECUTE_FAILED", False, False),
        ("DELETE_FAILED", "UNAVAILABLE", False, False),
    ],
)
def test_only_a_finished_available_one_is_ready(
    script: Script, status: str, execution: str, *, moving: bool, ready: bool
) -> None:
    aws, answers = script("cloudformation")
    whole = answer(Status=status, ExecutionStatus=execution)
    expect_reading(answers, whole, values=True)
    expect_reading(answers, whole, values=False)
    found = cloudformation.describe_change_set(aws, ARN)
    assert (found.is_moving, found.is_ready) == (moving, ready)


@pytest.mark.parametrize(
    ("reason", "empty"),
    [
        ("The submitted information didn't contain changes. Submit different information.", True),
        ("No updates are to be performed.", True),
        ("The following hook(s)/validation failed: [AWS::EarlyValidation::PropertyValidation].", False),
    ],
)
def test_nothing_to_change_is_told_from_a_failure(script: Script, reason: str, *, empty: bool) -> None:
    aws, answers = script("cloudformation")
    expect_reading(answers, answer(Status="FAILED", ExecutionStatus="UNAVAILABLE", StatusReason=reason), values=True)
    found = cloudformation.describe_change_set(aws, ARN)
    assert (found.is_empty, found.is_ready, found.is_moving) == (empty, False, False)


def test_an_execution_rolls_back_in_words(script: Script) -> None:
    aws, answers = script("cloudformation")
    sent = {
        "ChangeSetName": ARN,
        "ClientRequestToken": "t",
        "DisableRollback": False,
        "RetainExceptOnCreate": True,
    }
    answers.add_response("execute_change_set", {}, sent)
    answers.add_client_error("execute_change_set", "TokenAlreadyExistsException", "t", 400)
    answers.add_client_error("execute_change_set", "InvalidChangeSetStatus", "OBSOLETE", 400)
    cloudformation.execute_change_set(aws, ARN, token="t", retain_except_on_create=True)
    with pytest.raises(Conflict) as used:
        cloudformation.execute_change_set(aws, ARN, token="t", retain_except_on_create=True)
    assert used.value.token_used
    with pytest.raises(Refused):
        cloudformation.execute_change_set(aws, ARN, token="t", retain_except_on_create=True)


def test_deleting_a_change_set_that_is_gone_is_done(script: Script) -> None:
    aws, answers = script("cloudformation")
    answers.add_client_error("delete_change_set", "ChangeSetNotFound", "gone", 404)
    answers.add_client_error("delete_change_set", "InvalidChangeSetStatus", "executing", 400)
    cloudformation.delete_change_set(aws, ARN)
    with pytest.raises(Refused):
        cloudformation.delete_change_set(aws, ARN)


readings = st.lists(
    st.builds(
        resource,
        st.sampled_from("ABCD"),
        Action=st.sampled_from(ACTIONS[1:]),
        Replacement=st.sampled_from(REPLACEMENTS),
        Details=st.lists(st.builds(detail, st.sampled_from(["Keys", "Mode"]))),
    ),
    max_size=6,
)


@given(readings, readings)
def test_two_readings_as_one_never_drop_or_soften_anything(
    one: list[dict[str, Any]], other: list[dict[str, Any]]
) -> None:
    whole = {change.logical_id: change for change in united(read_changes(one), read_changes(other))}
    for change in read_changes(one + other):
        kept = whole[change.logical_id]
        assert ACTIONS.index(kept.action) >= ACTIONS.index(change.action)
        assert REPLACEMENTS.index(kept.replacement) >= REPLACEMENTS.index(change.replacement)
        assert {told.name for told in change.details} <= {told.name for told in kept.details}


def test_a_word_aws_adds_later_counts_as_the_worst() -> None:
    known = read_changes([resource("A", Replacement="True")])
    new = read_changes([resource("A", Replacement="Sideways")])
    assert [change.replacement for change in united(known, new)] == ["Sideways"]
    assert [change.replacement for change in united(new, known)] == ["Sideways"]
