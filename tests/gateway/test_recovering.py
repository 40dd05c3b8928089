"""The calls that get a stuck stack out, from a script: moto has none of them, and deletes whatever it is told to."""

import pytest

from provisioning.aws import cloudformation
from provisioning.aws.errors import Busy, Conflict, Refused

from .scripts import Script

STACK_ID = "arn:aws:cloudformation:us-east-1:123456789012:stack/hello/1"
BASE = {"StackName": STACK_ID, "ClientRequestToken": "t"}
WRONG = "Stack is in UPDATE_COMPLETE state"


def test_a_roll_back_goes_on_with_and_without_something_skipped(script: Script) -> None:
    """S11. An empty list of resources to skip is not sent: to AWS it is not the same as none."""
    aws, answers = script("cloudformation")
    answers.add_response("continue_update_rollback", {}, BASE)
    skips = {"ResourcesToSkip": ["Group", "Other"], "RoleARN": "arn:aws:iam::123456789012:role/stacks"}
    answers.add_response("continue_update_rollback", {}, BASE | skips)
    cloudformation.continue_update_rollback(aws, STACK_ID, token="t")
    cloudformation.continue_update_rollback(
        aws, STACK_ID, skip=("Other", "Group"), token="t", role_arn="arn:aws:iam::123456789012:role/stacks"
    )


@pytest.mark.parametrize("retain", [True, False])
def test_what_failed_is_rolled_back(script: Script, retain: bool) -> None:  # noqa: FBT001  (both)
    """S12, R3."""
    aws, answers = script("cloudformation")
    answers.add_response("rollback_stack", {"StackId": STACK_ID}, BASE | {"RetainExceptOnCreate": retain})
    cloudformation.rollback_stack(aws, STACK_ID, token="t", retain_except_on_create=retain)


def test_deleting_leaves_behind_what_is_named_and_no_less(script: Script) -> None:
    """S8."""
    aws, answers = script("cloudformation")
    answers.add_response("delete_stack", {}, BASE | {"RetainResources": ["Group", "Table"]})
    cloudformation.delete_retaining(aws, STACK_ID, retain=["Table", "Group"], token="t")
    with pytest.raises(ValueError, match="plain"):
        cloudformation.delete_retaining(aws, STACK_ID, retain=[], token="t")


def test_deleting_by_force_says_so(script: Script) -> None:
    """S8."""
    aws, answers = script("cloudformation")
    answers.add_response("delete_stack", {}, BASE | {"DeletionMode": "FORCE_DELETE_STACK"})
    cloudformation.force_delete(aws, STACK_ID, token="t")


def test_a_stack_that_is_gone_counts_as_deleted(script: Script) -> None:
    aws, answers = script("cloudformation")
    for _ in range(2):
        answers.add_client_error("delete_stack", "ValidationError", f"Stack [{STACK_ID}] does not exist", 400)
    cloudformation.delete_retaining(aws, STACK_ID, retain=["Group"], token="t")
    cloudformation.force_delete(aws, STACK_ID, token="t")


def test_every_way_out_is_refused_in_another_status(script: Script) -> None:
    aws, answers = script("cloudformation")
    for call in ("continue_update_rollback", "rollback_stack", "delete_stack", "delete_stack"):
        answers.add_client_error(call, "ValidationError", WRONG, 400)
    with pytest.raises(Refused):
        cloudformation.continue_update_rollback(aws, STACK_ID, token="t")
    with pytest.raises(Refused):
        cloudformation.rollback_stack(aws, STACK_ID, token="t")
    with pytest.raises(Refused):
        cloudformation.delete_retaining(aws, STACK_ID, retain=["Group"], token="t")
    with pytest.raises(Refused):
        cloudformation.force_delete(aws, STACK_ID, token="t")


def test_a_token_that_was_used_and_a_shell_that_aws_fails_to_delete_are_told_apart(script: Script) -> None:
    """S21: read what came of it. S7: an internal failure is worth another try."""
    aws, answers = script("cloudformation")
    answers.add_client_error("continue_update_rollback", "TokenAlreadyExistsException", "Token t already exists", 400)
    answers.add_client_error("delete_stack", "InternalFailure", "An internal failure occurred", 500)
    with pytest.raises(Conflict) as used:
        cloudformation.continue_update_rollback(aws, STACK_ID, token="t")
    assert used.value.token_used
    with pytest.raises(Busy):
        cloudformation.force_delete(aws, STACK_ID, token="t")
