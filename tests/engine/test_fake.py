"""The scripted AWS itself: every status can be reached, by what CloudFormation would do or by force."""

from collections.abc import Callable

import pytest
from fakes.aws import FakeAws

from provisioning.aws import cloudformation
from provisioning.aws.cloudformation import ImportTarget
from provisioning.aws.errors import AwsError, Busy, Denied, Refused
from provisioning.lifecycle import STACK_STATUSES

TABLE = """
  {name}:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: {policy}
    UpdateReplacePolicy: {policy}
    Properties:
      TableName: {name}
      BillingMode: {mode}
      AttributeDefinitions: [{{AttributeName: id, AttributeType: S}}]
      KeySchema: [{{AttributeName: id, KeyType: HASH}}]
"""


def body(*names: str, policy: str = "Delete", mode: str = "PAY_PER_REQUEST") -> str:
    tables = "".join(TABLE.format(name=name, policy=policy, mode=mode) for name in names)
    return f"Resources:{tables}"


def run(fake: FakeAws, kind: str, template: str, *, keep_failed: bool = False) -> set[str]:
    """Run a change set of that kind; returns every status that the stack showed on the way."""
    aws, token = fake.clients(), f"{kind}-{fake.calls.total()}"
    targets = [ImportTarget("AWS::DynamoDB::Table", "Kept", {"TableName": "Kept"})] if kind == "IMPORT" else []
    ref = cloudformation.create_change_set(
        aws,
        stack="yard",
        change_set_name=token,
        kind=kind,  # type: ignore[arg-type]  # the three words of the tests below
        template_body=template,
        parameters={},
        tags={},
        capabilities=[],
        token=token,
        resources_to_import=targets,
    )
    seen = {fake.stack("yard").status}
    aws.cloudformation.execute_change_set(
        ChangeSetName=ref.change_set_id, ClientRequestToken=token, DisableRollback=keep_failed
    )
    return seen | watched(fake)


def watched(fake: FakeAws) -> set[str]:
    """Every status from now until the stack rests, by its events."""
    stack = fake.stacks("yard")[-1]
    before = len(stack.events)
    seen = {stack.status}
    fake.finish()
    return seen | {one["ResourceStatus"] for one in stack.events[before:] if one["LogicalResourceId"] == "yard"}


def delete(fake: FakeAws) -> set[str]:
    cloudformation.delete_stack(fake.clients(), "yard", token=f"delete-{fake.calls.total()}")
    return watched(fake)


def created(fake: FakeAws) -> set[str]:
    return run(fake, "CREATE", body("One"))


def rolled_back(fake: FakeAws) -> set[str]:
    fake.script.fail("Two", "no")
    return run(fake, "CREATE", body("One", "Two"))


def roll_back_stuck(fake: FakeAws) -> set[str]:
    fake.script.fail("Two", "no")
    fake.script.fail("One", "stuck", verb="ROLLBACK")
    return run(fake, "CREATE", body("One", "Two"))


def create_left_failed(fake: FakeAws) -> set[str]:
    fake.script.fail("Two", "no")
    return run(fake, "CREATE", body("One", "Two"), keep_failed=True)


def updated(fake: FakeAws) -> set[str]:
    created(fake)
    return run(fake, "UPDATE", body("One", "Two"))


def update_rolled_back(fake: FakeAws) -> set[str]:
    created(fake)
    fake.script.fail("Two", "no")
    return run(fake, "UPDATE", body("One", "Two", mode="PROVISIONED"))


def update_stuck(fake: FakeAws) -> set[str]:
    created(fake)
    fake.pace.resources = 1
    fake.script.fail("Two", "no")
    fake.script.fail("One", "stuck", verb="ROLLBACK")
    return run(fake, "UPDATE", body("One", "Two", mode="PROVISIONED"))


def update_left_failed(fake: FakeAws) -> set[str]:
    created(fake)
    fake.script.fail("Two", "no")
    return run(fake, "UPDATE", body("One", "Two"), keep_failed=True)


def deleted(fake: FakeAws) -> set[str]:
    created(fake)
    return delete(fake)


def delete_stuck(fake: FakeAws) -> set[str]:
    created(fake)
    fake.script.fail("One", "no", verb="DELETE")
    return delete(fake)


def imported(fake: FakeAws) -> set[str]:
    run(fake, "CREATE", body("Kept", policy="Retain"))
    delete(fake)
    return run(fake, "IMPORT", body("Kept", policy="Retain"))


def import_rolled_back(fake: FakeAws) -> set[str]:
    fake.script.fail("Kept", "no", verb="IMPORT")
    return imported(fake)


def import_stuck(fake: FakeAws) -> set[str]:
    fake.script.fail("yard", "stuck", verb="ROLLBACK")
    return import_rolled_back(fake)


ENDINGS: dict[Callable[[FakeAws], set[str]], str] = {
    created: "CREATE_COMPLETE",
    rolled_back: "ROLLBACK_COMPLETE",
    roll_back_stuck: "ROLLBACK_FAILED",
    create_left_failed: "CREATE_FAILED",
    updated: "UPDATE_COMPLETE",
    update_rolled_back: "UPDATE_ROLLBACK_COMPLETE",
    update_stuck: "UPDATE_ROLLBACK_FAILED",
    update_left_failed: "UPDATE_FAILED",
    deleted: "DELETE_COMPLETE",
    delete_stuck: "DELETE_FAILED",
    imported: "IMPORT_COMPLETE",
    import_rolled_back: "IMPORT_ROLLBACK_COMPLETE",
    import_stuck: "IMPORT_ROLLBACK_FAILED",
}


@pytest.mark.parametrize("life", ENDINGS, ids=lambda life: life.__name__)
def test_each_life_ends_where_cloudformation_would(life: Callable[[FakeAws], set[str]]) -> None:
    fake = FakeAws()
    life(fake)
    assert fake.stacks("yard")[-1].status == ENDINGS[life]


def test_every_status_is_passed_through() -> None:
    seen = set().union(*(life(FakeAws()) for life in ENDINGS))
    assert seen == set(STACK_STATUSES)


def test_a_failed_update_puts_everything_back() -> None:
    fake = FakeAws()
    update_rolled_back(fake)
    assert set(fake.world.tables) == {"One"}
    assert fake.table("One").described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert fake.stack("yard").body == body("One")


def test_a_kept_table_survives_its_stack_and_is_taken_over_with_its_id() -> None:
    fake = FakeAws()
    run(fake, "CREATE", body("Kept", policy="Retain"))
    table = fake.table("Kept")
    delete(fake)
    assert fake.table("Kept") is table
    run(fake, "IMPORT", body("Kept", policy="Retain"))
    assert table.stack_id == fake.stack("yard").stack_id


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("throttle", Busy),
        ("break_down", Busy),
        ("lose_call", Busy),
        ("lose_answer", Busy),
        ("deny", Denied),
        ("expire", Denied),
    ],
)
def test_a_fault_is_used_up(fault: str, error: type[AwsError]) -> None:
    fake = FakeAws()
    getattr(fake.script, fault)("ListStacks", times=2)
    for _ in range(2):
        with pytest.raises(error):
            cloudformation.list_stacks(fake.clients(), ["CREATE_COMPLETE"])
    assert cloudformation.list_stacks(fake.clients(), ["CREATE_COMPLETE"]) == ()
    assert fake.calls_of("ListStacks") == 3


def test_a_lost_call_has_no_effect_and_a_lost_answer_has() -> None:
    for fault, there in (("lose_call", 0), ("lose_answer", 1)):
        fake = FakeAws()
        getattr(fake.script, fault)("CreateChangeSet")
        with pytest.raises(Busy):
            created(fake)
        assert len(fake.stacks()) == there


def test_the_clock_moves_stacks_when_the_pace_is_in_seconds() -> None:
    fake = FakeAws()
    fake.pace.seconds = 60
    aws = fake.clients()
    ref = cloudformation.create_change_set(
        aws, stack="yard", change_set_name="a", kind="CREATE", template_body=body("One"), parameters={}, tags={},
        capabilities=[], token="a",
    )  # fmt: skip
    cloudformation.execute_change_set(aws, ref.change_set_id, token="b", retain_except_on_create=True)
    for _ in range(50):
        cloudformation.describe_stack(aws, "yard")
    assert fake.stack("yard").status == "CREATE_IN_PROGRESS"
    fake.advance(600)
    cloudformation.describe_stack(aws, "yard")
    assert fake.stack("yard").status == "CREATE_COMPLETE"


def test_the_quota_is_enforced() -> None:
    fake = FakeAws()
    fake.world.stack_limit = 0
    with pytest.raises(Refused) as refusal:
        created(fake)
    assert refusal.value.quota
