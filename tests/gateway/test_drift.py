"""Drift detection as CloudFormation answers it: every page, what AWS leaves out, and a detection in the way."""

from datetime import UTC, datetime
from typing import Any

import pytest

from provisioning.aws import cloudformation
from provisioning.aws.cloudformation import Difference
from provisioning.aws.errors import Denied, Refused

from .scripts import Script

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
STACK_ID = "arn:aws:cloudformation:us-east-1:123456789012:stack/hello/1"
DETECTION = "b78ac9b0-dec1-11e7-a451-503a3example"


def drift(logical_id: str, status: str = "IN_SYNC", **more: Any) -> dict[str, Any]:
    return {
        "StackId": STACK_ID,
        "LogicalResourceId": logical_id,
        "ResourceType": "AWS::DynamoDB::Table",
        "StackResourceDriftStatus": status,
        "Timestamp": NOW,
        **more,
    }


def test_every_page_of_what_was_found_is_read(script: Script) -> None:
    aws, answers = script("cloudformation")
    told = {"PropertyPath": "/BillingMode", "ExpectedValue": "PAY_PER_REQUEST", "ActualValue": "PROVISIONED"}
    first = drift("Messages", "MODIFIED", PropertyDifferences=[{**told, "DifferenceType": "NOT_EQUAL"}])
    asked = {"StackName": STACK_ID, "MaxResults": 100}
    answers.add_response("describe_stack_resource_drifts", {"StackResourceDrifts": [first], "NextToken": "2"}, asked)
    second = {"StackResourceDrifts": [drift("Sessions", "UNKNOWN", DriftStatusReason="Access denied")]}
    answers.add_response("describe_stack_resource_drifts", second, {**asked, "NextToken": "2"})
    messages, sessions = cloudformation.resource_drifts(aws, STACK_ID)
    assert messages.differences == (Difference("/BillingMode", "PAY_PER_REQUEST", "PROVISIONED", "NOT_EQUAL"),)
    assert (messages.physical_id, sessions.status, sessions.reason) == ("", "UNKNOWN", "Access denied")


def test_how_far_a_detection_is(script: Script) -> None:
    aws, answers = script("cloudformation")
    moving = {"StackId": STACK_ID, "StackDriftDetectionId": DETECTION, "Timestamp": NOW}
    for state, more in (
        ("DETECTION_IN_PROGRESS", {}),
        ("DETECTION_FAILED", {"StackDriftStatus": "DRIFTED", "DetectionStatusReason": "No access"}),
        ("DETECTION_COMPLETE", {"StackDriftStatus": "IN_SYNC"}),
    ):
        answer = {**moving, "DetectionStatus": state, **more}
        answers.add_response("describe_stack_drift_detection_status", answer, {"StackDriftDetectionId": DETECTION})
    found = [cloudformation.drift_detection(aws, DETECTION) for _ in range(3)]
    assert [(one.is_moving, one.has_failed, one.result, one.reason) for one in found] == [
        (True, False, "", ""),
        (False, True, "DRIFTED", "No access"),
        (False, False, "IN_SYNC", ""),
    ]


def test_a_detection_is_begun(script: Script) -> None:
    aws, answers = script("cloudformation")
    answers.add_response("detect_stack_drift", {"StackDriftDetectionId": DETECTION}, {"StackName": STACK_ID})
    assert cloudformation.detect_drift(aws, STACK_ID) == DETECTION


def test_somebody_elses_detection_is_waited_for(script: Script) -> None:
    aws, answers = script("cloudformation")
    text = f"Drift detection is already in progress for stack [{STACK_ID}]"
    answers.add_client_error("detect_stack_drift", "ValidationError", text, 400)
    assert cloudformation.detect_drift(aws, STACK_ID) == ""


@pytest.mark.parametrize(("code", "error"), [("ValidationError", Refused), ("AccessDenied", Denied)])
def test_a_refusal_stays_one(script: Script, code: str, error: type[Exception]) -> None:
    aws, answers = script("cloudformation")
    answers.add_client_error("detect_stack_drift", code, "Stack is in ROLLBACK_COMPLETE state", 400)
    with pytest.raises(error):
        cloudformation.detect_drift(aws, STACK_ID)
