"""The calls that get a stuck stack out, held to the same answers as in `test_contract`; `KNOWN` marks what differs.

What blocks a deletion is, in the emulator, a network with something in it that no stack knows; the scripted AWS is
told. A roll-back that gets stuck is not to be had in the emulator: going on with one, and skipping, follows AWS's words
alone (S11, `test_ways_out`); refused in any other state it is on both sides.
"""

import uuid

import pytest

from provisioning.aws import cloudformation, dynamodb, parameters
from provisioning.aws.cloudformation import StackState
from provisioning.aws.errors import Refused

from .sides import FAKE, TEMPLATE, Side

NET = "  Net: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.9.0.0/16}}\n"
WITH_NET = TEMPLATE.replace("Outputs:", f"{NET}Outputs:")
# Its last resource has a name that is taken.
TAKEN = WITH_NET.replace(
    "Outputs:",
    """\
  Taken:
    Type: AWS::SSM::Parameter
    DependsOn: [Things, Net]
    Properties: {Name: !Sub '/${Name}/taken', Type: String, Value: x}
Outputs:""",
)


def taken(side: Side) -> str:
    """The template that fails, once the name in it is taken."""
    if side.fake is not None:
        side.fake.world.early_validation = False
    parameters.put_parameter(side.aws, f"/{side.name}/taken", "mine", type="String")
    return TAKEN


def blocked(side: Side, stack_id: str, times: int) -> None:
    """From now on the network cannot be deleted."""
    if side.fake is not None:
        side.fake.script.fail("Net", "It has dependencies and cannot be deleted", verb="DELETE", times=times)
        return
    (net,) = [one for one in cloudformation.list_resources(side.aws, stack_id) if one.logical_id == "Net"]
    side.aws.ec2.create_subnet(VpcId=net.physical_id, CidrBlock="10.9.1.0/24")


def token() -> str:
    return f"t-{uuid.uuid4().hex[:8]}"


def left_where_it_failed(side: Side, body: str, kind: str) -> StackState:
    """The stack after a change set that nothing rolls back."""
    plan = side.plan("CREATE" if kind == "CREATE" else "UPDATE", body)
    assert plan.is_ready, plan.reason
    side.aws.cloudformation.execute_change_set(
        ChangeSetName=plan.change_set_id, ClientRequestToken=token(), DisableRollback=True
    )
    return side.rest(plan.stack_id)


def test_a_stack_that_serves_takes_no_way_out(side: Side) -> None:
    state = side.up()
    with pytest.raises(Refused):
        cloudformation.continue_update_rollback(side.aws, state.stack_id, token=token())
    with pytest.raises(Refused):
        cloudformation.rollback_stack(side.aws, state.stack_id, token=token())
    with pytest.raises(Refused):
        cloudformation.delete_retaining(side.aws, state.stack_id, retain=["Things"], token=token())
    with pytest.raises(Refused):
        cloudformation.force_delete(side.aws, state.stack_id, token=token())
    assert side.rest(state.stack_id).status == "CREATE_COMPLETE"


@pytest.mark.parametrize("force", [True, False])
def test_a_deletion_that_is_stuck_leaves_behind_what_blocks(side: Side, force: bool) -> None:  # noqa: FBT001  (both)
    """S8."""
    state = side.run(side.plan("CREATE", WITH_NET))
    assert state.status == "CREATE_COMPLETE"
    blocked(side, state.stack_id, times=3 if force else 2)
    assert side.delete(state.stack_id).status == "DELETE_FAILED"
    rows = cloudformation.list_resources(side.aws, state.stack_id)
    assert [one.logical_id for one in rows if one.status == "DELETE_FAILED"] == ["Net"]
    assert side.delete(state.stack_id).status == "DELETE_FAILED"
    with pytest.raises(Refused):
        cloudformation.delete_retaining(side.aws, state.stack_id, retain=["Other"], token=token())
    if force:
        cloudformation.force_delete(side.aws, state.stack_id, token=token())
    else:
        cloudformation.delete_retaining(side.aws, state.stack_id, retain=["Net"], token=token())
    assert side.rest(state.stack_id).status == "DELETE_COMPLETE"
    assert dynamodb.describe_table(side.aws, f"{side.name}-things") is not None


def test_an_update_left_where_it_failed_goes_back(side: Side) -> None:
    """S12."""
    before = side.up()
    state = left_where_it_failed(side, taken(side), "UPDATE")
    assert state.status == "UPDATE_FAILED"
    cloudformation.rollback_stack(side.aws, state.stack_id, token="back")
    after = side.rest(state.stack_id)
    assert (after.status, after.outputs) == ("UPDATE_ROLLBACK_COMPLETE", before.outputs)
    there = {
        one.logical_id
        for one in cloudformation.list_resources(side.aws, state.stack_id)
        if one.status != "DELETE_COMPLETE"
    }
    assert there == {"Things", "Pointer"}
    tokens = {event.token for event in cloudformation.stack_events(side.aws, state.stack_id, after=None)}
    assert "back" in tokens


def test_a_create_left_where_it_failed_is_deleted_and_its_table_stays(side: Side) -> None:
    state = left_where_it_failed(side, taken(side), "CREATE")
    assert state.status == "CREATE_FAILED"
    assert side.delete(state.stack_id).status == "DELETE_COMPLETE"
    # KNOWN: forgets the template of a create that failed, its deletion policies with it, and deletes the table.
    assert (dynamodb.describe_table(side.aws, f"{side.name}-things") is not None) is (side.kind == FAKE)


def test_rolling_back_what_was_never_stable(side: Side) -> None:
    """S12. Stackyard never asks for it: it deletes such a stack, and says so."""
    state = left_where_it_failed(side, taken(side), "CREATE")
    cloudformation.rollback_stack(side.aws, state.stack_id, token=token(), retain_except_on_create=False)
    # KNOWN: an empty stack stays here; AWS deletes it.
    gone = "DELETE_COMPLETE" if side.kind == FAKE else "ROLLBACK_COMPLETE"
    assert side.rest(state.stack_id).status == gone
