"""The scripted AWS keeps AWS's rules about tables, also those that the emulator does not have."""

from datetime import timedelta

import pytest
from fakes.aws import FakeAws

from provisioning.aws import backups, cloudformation, dynamodb, scaling
from provisioning.aws.cloudformation import ChangeSet, ImportTarget
from provisioning.aws.errors import Conflict, Missing, Refused

TABLE = """
Resources:
  Kept:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      TableName: kept
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
"""
OUTPUT = """
Outputs:
  Name: {Value: !Ref Kept, Export: {Name: kept-name}}
"""
USER = """
Resources:
  Copy: {Type: AWS::SSM::Parameter, Properties: {Name: /copy, Type: String, Value: !ImportValue kept-name}}
"""
INDEXED = TABLE.replace(
    "AttributeDefinitions: [{AttributeName: id, AttributeType: S}]",
    """AttributeDefinitions: [{AttributeName: id, AttributeType: S}, {AttributeName: user, AttributeType: S}]
      GlobalSecondaryIndexes:
        - {IndexName: by-user, KeySchema: [{AttributeName: user, KeyType: HASH}], Projection: {ProjectionType: ALL}}""",
)
LINE = INDEXED[INDEXED.index("        - {IndexName") : INDEXED.index("      KeySchema: [{AttributeName: id")]
TWO = INDEXED.replace(LINE, LINE + LINE.replace("by-user", "for-user"))
TARGET = ImportTarget("AWS::DynamoDB::Table", "Kept", {"TableName": "kept"})


@pytest.fixture
def fake() -> FakeAws:
    return FakeAws()


def plan(fake: FakeAws, kind: str, body: str, name: str = "yard") -> ChangeSet:
    token = f"plan-{fake.world.number()}"
    ref = cloudformation.create_change_set(
        fake.clients(),
        stack=name,
        change_set_name=token,
        kind=kind,  # type: ignore[arg-type]  # one of its three words
        template_body=body,
        parameters={},
        tags={},
        capabilities=[],
        token=token,
        resources_to_import=[TARGET] if kind == "IMPORT" else [],
    )
    return cloudformation.describe_change_set(fake.clients(), ref.change_set_id)


def run(fake: FakeAws, found: ChangeSet) -> str:
    cloudformation.execute_change_set(
        fake.clients(), found.change_set_id, token=f"run-{found.name}", retain_except_on_create=True
    )
    fake.finish()
    return fake.stack("yard").status


def failure(fake: FakeAws) -> str:
    """What the newest failed resource said."""
    failed = [one for one in fake.stack("yard").events if one["ResourceStatus"].endswith("_FAILED")]
    return str(failed[-1]["ResourceStatusReason"])


def test_an_import_keeps_items_and_identity_and_applies_nothing(fake: FakeAws) -> None:
    table = fake.make_table("kept", items={"a": {"id": "a"}}, tags={"Owner": "alice"}, BillingMode="PROVISIONED")
    fake.world.tables["kept"].described["DeletionProtectionEnabled"] = True
    assert run(fake, plan(fake, "IMPORT", TABLE)) == "IMPORT_COMPLETE"
    assert fake.table("kept") is table
    assert (table.items, table.stack_id) == ({"a": {"id": "a"}}, fake.stack("yard").stack_id)
    assert table.described["BillingModeSummary"]["BillingMode"] == "PROVISIONED"
    assert (table.protected, fake.world.tags[table.arn]) == (True, {"Owner": "alice"})
    # What the template says already is no difference to CloudFormation, whatever the table is (R7).
    assert plan(fake, "UPDATE", TABLE).is_empty


def test_a_name_that_is_taken_fails_the_plan_and_at_the_older_aws_the_create(fake: FakeAws) -> None:
    fake.make_table("kept", items=3)
    assert plan(fake, "CREATE", TABLE).status == "FAILED"
    fake.world.early_validation = False
    assert run(fake, plan(fake, "CREATE", TABLE)) == "ROLLBACK_COMPLETE"
    assert len(fake.table("kept").items) == 3


def test_a_table_that_appears_after_the_plan_fails_the_create_and_keeps_its_items(fake: FakeAws) -> None:
    found = plan(fake, "CREATE", TABLE)
    fake.make_table("kept", items=3)
    assert run(fake, found) == "ROLLBACK_COMPLETE"
    assert len(fake.table("kept").items) == 3


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (TABLE, TWO, "more than one GSI"),
        (TWO, TABLE, "more than one GSI"),
        (INDEXED, INDEXED.replace("by-user", "for-user"), "more than one GSI"),
        (INDEXED, INDEXED.replace("ProjectionType: ALL", "ProjectionType: KEYS_ONLY"), "Cannot update GSI"),
        (TABLE, TABLE.replace("AttributeType: S", "AttributeType: N"), "custom-named"),
        (TABLE, TABLE.replace("AttributeName: id", "AttributeName: key"), "custom-named"),
    ],
)
def test_what_a_table_cannot_become_rolls_back(fake: FakeAws, before: str, after: str, words: str) -> None:
    fake.make_stack("yard", before)
    table, described = fake.table("kept"), dict(fake.table("kept").described)
    assert run(fake, plan(fake, "UPDATE", after)) == "UPDATE_ROLLBACK_COMPLETE"
    assert words in failure(fake)
    assert fake.table("kept") is table
    assert table.described == described


def test_the_next_index_waits_for_the_one_that_is_being_filled(fake: FakeAws) -> None:
    fake.make_stack("yard", TABLE)
    fake.pace.index_looks = 2
    assert run(fake, plan(fake, "UPDATE", INDEXED)) == "UPDATE_COMPLETE"
    assert run(fake, plan(fake, "UPDATE", TWO)) == "UPDATE_ROLLBACK_COMPLETE"
    assert "Only 1 online index" in failure(fake)
    statuses = [dynamodb.describe_table(fake.clients(), "kept") for _ in range(3)]
    seen = [(one.indexes[0].status, one.indexes[0].backfilling) for one in statuses if one is not None]
    assert seen == [("CREATING", True), ("CREATING", True), ("ACTIVE", False)]
    assert run(fake, plan(fake, "UPDATE", TWO)) == "UPDATE_COMPLETE"


def test_a_policy_that_lets_go_counts_from_the_next_removal(fake: FakeAws) -> None:
    fake.make_stack("yard", TABLE)
    found = plan(fake, "UPDATE", TABLE.replace("Retain", "Delete"))
    assert [(row.action, row.scope) for row in found.changes] == [("Modify", ("DeletionPolicy", "UpdateReplacePolicy"))]
    assert run(fake, found) == "UPDATE_COMPLETE"
    fake.lose_stack("yard")
    assert fake.world.tables == {}


@pytest.mark.parametrize(
    ("statement", "after"),
    [
        (
            {"Effect": "Deny", "Action": "Update:Modify", "Resource": "LogicalResourceId/Kept"},
            "UPDATE_ROLLBACK_COMPLETE",
        ),
        ({"Effect": "Deny", "Action": "Update:Delete", "Resource": "*"}, "UPDATE_COMPLETE"),
        ({"Effect": "Deny", "Action": "Update:*", "Resource": "LogicalResourceId/Other"}, "UPDATE_COMPLETE"),
    ],
)
def test_a_stack_policy_is_honoured(fake: FakeAws, statement: dict[str, str], after: str) -> None:
    fake.make_stack("yard", TABLE)
    allow = '{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}'
    deny = str(statement | {"Principal": "*"}).replace("'", '"')
    fake.clients().cloudformation.set_stack_policy(
        StackName="yard", StackPolicyBody=f'{{"Statement": [{allow}, {deny}]}}'
    )
    assert run(fake, plan(fake, "UPDATE", INDEXED)) == after


def test_with_a_stack_policy_what_it_does_not_allow_is_denied(fake: FakeAws) -> None:
    fake.make_stack("yard", TABLE)
    fake.clients().cloudformation.set_stack_policy(StackName="yard", StackPolicyBody='{"Statement": []}')
    assert run(fake, plan(fake, "UPDATE", INDEXED)) == "UPDATE_ROLLBACK_COMPLETE"
    assert failure(fake) == "Action not allowed by stack policy"


def test_an_export_in_use_can_neither_change_nor_vanish(fake: FakeAws) -> None:
    fake.make_stack("yard", TABLE + OUTPUT)
    fake.make_stack("user", USER)
    for body in (TABLE, TABLE + OUTPUT.replace("!Ref Kept", "other")):
        more = body.replace("BillingMode: PAY_PER_REQUEST", "BillingMode: PROVISIONED")
        assert run(fake, plan(fake, "UPDATE", more)) == "UPDATE_ROLLBACK_COMPLETE"
        said = [str(one.get("ResourceStatusReason", "")) for one in fake.stack("yard").events]
        assert "in use by user" in "".join(said[-8:])
        assert fake.world.exports["kept-name"][1] == "kept"


def test_what_is_done_by_hand_makes_waiting_change_sets_obsolete(fake: FakeAws) -> None:
    fake.make_stack("yard", TABLE)
    found = plan(fake, "UPDATE", INDEXED)
    calls = fake.calls.total()
    before = fake.stack("yard").updated_at
    stack = fake.update_stack("yard", tags={"By": "hand"})
    assert (stack.status, fake.calls.total()) == ("UPDATE_COMPLETE", calls)
    assert stack.updated_at != before
    (waiting,) = cloudformation.list_change_sets(fake.clients(), "yard")
    assert (waiting.name, waiting.execution_status) == (found.name, "OBSOLETE")
    with pytest.raises(Refused):
        run(fake, found)


def test_a_stack_lost_by_hand_leaves_what_it_retains(fake: FakeAws) -> None:
    stack = fake.make_stack("yard", TABLE)
    stack.protected = True
    fake.lose_stack("yard")
    assert cloudformation.describe_stack(fake.clients(), "yard") is None
    assert fake.table("kept").stack_id == ""
    assert cloudformation.owner_of(fake.clients(), "kept") is None


def test_a_deleted_table_and_a_backup_take_as_long_as_the_pace_says(fake: FakeAws) -> None:
    fake.pace.deletion_looks, fake.pace.backup_looks = 1, 1
    fake.make_table("kept", items=3)
    aws = fake.clients()
    made = backups.create_backup(aws, "kept", "before")
    looks = [backups.describe_backup(aws, made.arn) for _ in range(2)]
    assert [one and one.status for one in looks] == ["CREATING", "AVAILABLE"]
    dynamodb.delete_table(aws, "kept")
    with pytest.raises(Conflict) as conflict:
        dynamodb.delete_table(aws, "kept")
    assert conflict.value.kind == "in_use"
    seen = dynamodb.describe_table(aws, "kept")
    assert seen is not None
    assert seen.status == "DELETING"
    assert dynamodb.describe_table(aws, "kept") is None
    with pytest.raises(Missing):
        dynamodb.delete_table(aws, "kept")
    assert len(fake.world.backups[made.arn].items) == 3
    assert made.size_bytes > 0


def test_recovery_reaches_back_to_when_it_was_switched_on_and_at_most_35_days(fake: FakeAws) -> None:
    fake.make_table("kept", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
    fake.advance(3600)
    window = dynamodb.point_in_time_recovery(fake.clients(), "kept")
    assert window.earliest == fake.table("kept").recovery_since
    fake.advance(100 * 24 * 3600)
    window = dynamodb.point_in_time_recovery(fake.clients(), "kept")
    assert window.earliest is not None
    assert window.latest is not None
    assert timedelta(days=34) < window.latest - window.earliest < timedelta(days=35)


def test_going_on_demand_leaves_its_time(fake: FakeAws) -> None:
    provisioned = TABLE.replace("PAY_PER_REQUEST", "PROVISIONED")
    fake.make_stack("yard", provisioned)
    seen = []
    for body in (provisioned, TABLE, provisioned):
        if body != fake.stack("yard").body:
            fake.update_stack("yard", body)
        table = dynamodb.describe_table(fake.clients(), "kept")
        assert table is not None
        seen.append((table.billing_mode, table.billing_switched_at is not None))
    assert seen == [("PROVISIONED", False), ("PAY_PER_REQUEST", True), ("PROVISIONED", True)]


def test_every_page_of_tables_and_backups_is_read(fake: FakeAws) -> None:
    for number in range(205):
        fake.make_table(f"t{number:03}")
    assert len(dynamodb.list_tables(fake.clients())) == 205
    for _ in range(105):
        backups.create_backup(fake.clients(), "t000", "same-name")
    assert len(backups.backups_of(fake.clients(), "t000")) == 105


def test_capacity_that_follows_the_load_already_cannot_be_registered_by_a_stack(fake: FakeAws) -> None:
    body = """
Resources:
  Reads:
    Type: AWS::ApplicationAutoScaling::ScalableTarget
    Properties:
      ResourceId: table/kept
      ScalableDimension: dynamodb:table:ReadCapacityUnits
      ServiceNamespace: dynamodb
      MinCapacity: 1
      MaxCapacity: 10
"""
    fake.register_scaling("table/kept", "dynamodb:table:ReadCapacityUnits")
    with pytest.raises(ValueError, match="already exists"):
        fake.make_stack("yard", body)
    fake.lose_stack("yard")
    fake.world.scalable.clear()
    fake.make_stack("yard", body)
    assert scaling.scalable_targets(fake.clients(), "kept") == ("table/kept",)
    fake.lose_stack("yard")
    assert scaling.scalable_targets(fake.clients(), "kept") == ()
