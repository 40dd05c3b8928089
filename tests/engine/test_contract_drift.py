"""The scripted AWS and the local AWS answer alike about drift, and about what a full look reads.

Left to the fake alone, which follows AWS's documentation: detections that take time, fail or run twice (ministack's
are over at once), drift of indexes and of types ministack does not read, and change sets that revert drift, which
ministack makes plain ones of without a word.
"""

import pytest

from provisioning.aws import cloudformation, dynamodb, parameters
from provisioning.aws.cloudformation import ResourceDrift, StackState
from provisioning.aws.errors import Refused
from provisioning.lifecycle import STACK_STATUSES

from .sides import EMULATOR, TEMPLATE, Side

ALLOW_ALL = '{"Statement": [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}]}'


def drifts(side: Side, stack_id: str) -> dict[str, ResourceDrift]:
    """What a detection finds, by logical id."""
    detection_id = cloudformation.detect_drift(side.aws, stack_id)
    found = cloudformation.drift_detection(side.aws, detection_id)
    assert (found.is_moving, found.has_failed, found.reason) == (False, False, "")
    rows = {row.logical_id: row for row in cloudformation.resource_drifts(side.aws, stack_id)}
    drifted = any(row.status in {"MODIFIED", "DELETED"} for row in rows.values())
    assert found.result == ("DRIFTED" if drifted else "IN_SYNC")
    return rows


def test_a_stack_that_is_as_its_template_says(side: Side) -> None:
    rows = drifts(side, side.up().stack_id)
    assert {name: (row.type, row.status, row.differences) for name, row in rows.items()} == {
        "Things": ("AWS::DynamoDB::Table", "IN_SYNC", ()),
        "Pointer": ("AWS::SSM::Parameter", "IN_SYNC", ()),
    }
    assert rows["Things"].physical_id == f"{side.name}-things"


def test_an_edited_table_and_parameter_are_told_by_property(side: Side) -> None:
    state = side.up()
    dynamodb.set_deletion_protection(side.aws, f"{side.name}-things", enabled=True)
    parameters.put_parameter(side.aws, f"/{side.name}/table", "elsewhere")
    rows = drifts(side, state.stack_id)
    assert {
        name: [(one.path, one.expected, one.actual, one.kind) for one in row.differences] for name, row in rows.items()
    } == {
        "Things": [("/DeletionProtectionEnabled", "false", "true", "NOT_EQUAL")],
        "Pointer": [("/Value", f"{side.name}-things", "elsewhere", "NOT_EQUAL")],
    }


def test_a_deleted_table_is_told(side: Side) -> None:
    state = side.up()
    dynamodb.delete_table(side.aws, f"{side.name}-things")
    assert drifts(side, state.stack_id)["Things"].status == "DELETED"


def test_what_is_not_there_has_no_drift(side: Side) -> None:
    with pytest.raises(Refused):
        cloudformation.drift_detection(side.aws, "b78ac9b0-dec1-11e7-a451-503a3example")
    plan = side.plan("CREATE")
    with pytest.raises(Refused):
        cloudformation.detect_drift(side.aws, plan.stack_id)


def test_only_the_scripted_one_reverts_drift(side: Side) -> None:
    """AWS tells the mode back; ministack takes the word and makes a plain change set, which the missing mode shows."""
    state = side.up()
    dynamodb.set_deletion_protection(side.aws, f"{side.name}-things", enabled=True)
    ref = cloudformation.create_change_set(
        side.aws,
        stack=state.stack_id,
        change_set_name="repair",
        kind="UPDATE",
        template_body=TEMPLATE,
        parameters={"Name": side.name},
        tags={"EnvironmentId": side.name},
        capabilities=[],
        token="repair",
        revert_drift=True,
    )
    found = cloudformation.describe_change_set(side.aws, ref.change_set_id)
    assert found.reverts_drift == (side.kind != EMULATOR)
    assert found.is_empty == (side.kind == EMULATOR)


def listed(side: Side, state: StackState) -> tuple[str, bool]:
    """What ListStacks says of a stack, and whether it was last touched when DescribeStacks says so."""
    there = [one.name for one in STACK_STATUSES.values() if not one.gone]
    found = next(one for one in cloudformation.list_stacks(side.aws, there) if one.stack_id == state.stack_id)
    now = cloudformation.describe_stack(side.aws, state.stack_id)
    assert now is not None
    return found.status, found.updated_at == (now.updated_at or now.created_at)


def test_a_listing_tells_when_a_stack_was_last_updated(side: Side) -> None:
    state = side.up()
    assert listed(side, state) == ("CREATE_COMPLETE", True)
    state = side.run(side.plan("UPDATE", Protection="true"))
    assert listed(side, state) == ("UPDATE_COMPLETE", True)
    assert state.updated_at is not None


def test_protecting_a_stack_is_no_update(side: Side) -> None:
    """Else the full look would take our own protection for a change by somebody else."""
    state = side.up()
    cloudformation.set_termination_protection(side.aws, state.stack_id, enabled=True)
    cloudformation.set_stack_policy(side.aws, state.stack_id, policy=ALLOW_ALL)
    cloudformation.detect_drift(side.aws, state.stack_id)
    now = cloudformation.describe_stack(side.aws, state.stack_id)
    assert now is not None
    assert (now.status, now.updated_at, now.created_at) == (state.status, state.updated_at, state.created_at)


def test_a_template_comes_back_as_it_was_sent(side: Side) -> None:
    assert cloudformation.get_template(side.aws, side.up().stack_id) == TEMPLATE
