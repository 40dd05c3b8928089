"""The scripted AWS and the local AWS answer alike about tables: adopting, protecting, backing up, deleting them.

As in `test_contract`, where the emulator differs from AWS the fake follows AWS, and the difference is `KNOWN`.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bench.running import until
from provisioning.aws import backups, cloudformation, dynamodb, metrics, scaling
from provisioning.aws.backups import Backup
from provisioning.aws.cloudformation import ImportTarget, StackOwner
from provisioning.aws.errors import Conflict, Missing, Refused

from .sides import EMULATOR, TEMPLATE, Side

ONLY_TABLES = TEMPLATE[: TEMPLATE.index("  Pointer:")]
MORE = """
  Others:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    Properties:
      TableName: !Sub '${Name}-others'
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
"""
ALARM = """\
  Throttled:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Namespace: AWS/DynamoDB
      MetricName: ReadThrottleEvents
      Dimensions: [{Name: TableName, Value: !Ref Things}]
      Statistic: Sum
      Period: 60
      EvaluationPeriods: 1
      Threshold: 1
      ComparisonOperator: GreaterThanOrEqualToThreshold
"""
INDEX = """
      AttributeDefinitions:
        - {AttributeName: id, AttributeType: S}
        - {AttributeName: user, AttributeType: S}
      GlobalSecondaryIndexes:
        - {IndexName: by-user, KeySchema: [{AttributeName: user, KeyType: HASH}], Projection: {ProjectionType: ALL}}
"""
SECOND_INDEX = INDEX + INDEX[INDEX.index("        - {IndexName") :].lstrip("\n").replace("by-user", "for-user")
NO_INDEX = "\n      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]\n"
POLICY = {
    "Statement": [
        {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
        {
            "Effect": "Deny",
            "Action": ["Update:Replace", "Update:Delete"],
            "Principal": "*",
            "Resource": "*",
            "Condition": {"StringEquals": {"ResourceType": ["AWS::DynamoDB::Table"]}},
        },
    ]
}


def target(side: Side, logical_id: str = "Things", name: str = "things") -> ImportTarget:
    return ImportTarget("AWS::DynamoDB::Table", logical_id, {"TableName": f"{side.name}-{name}"})


def kept(side: Side) -> dynamodb.Table:
    """The table of a stack that is gone."""
    assert side.delete(side.up().stack_id).status == "DELETE_COMPLETE"
    return there(side)


def there(side: Side, name: str = "things") -> dynamodb.Table:
    found = dynamodb.describe_table(side.aws, f"{side.name}-{name}")
    assert found is not None
    return found


def make_table(side: Side, name: str, **more: Any) -> str:
    """A table made by hand, in whichever way each side lets people make one."""
    full = f"{side.name}-{name}"
    if side.fake is not None:
        side.fake.make_table(full, **more)
        return full
    side.aws.dynamodb.create_table(
        TableName=full,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        **more,
    )
    return full


def test_a_kept_table_is_taken_into_a_new_stack_and_the_rest_is_added_to_it(side: Side) -> None:
    before = kept(side)
    assert cloudformation.owner_of(side.aws, before.name) is None
    plan = side.plan("IMPORT", ONLY_TABLES, targets=[target(side)])
    assert plan.is_ready, plan.reason
    assert [(row.logical_id, row.action, row.physical_id) for row in plan.changes] == [
        ("Things", "Import", before.name)
    ]
    shell = cloudformation.describe_stack(side.aws, side.name)
    assert shell is not None
    assert shell.status == "REVIEW_IN_PROGRESS"
    taken = side.run(plan)
    assert (taken.status, taken.stack_id, taken.outputs) == ("IMPORT_COMPLETE", plan.stack_id, ())
    assert cloudformation.owner_of(side.aws, before.name) == StackOwner(plan.stack_id, side.name, "Things")
    second = side.plan("UPDATE")
    assert {(row.logical_id, row.action) for row in second.changes} >= {("Pointer", "Add")}
    assert not {row.replacement for row in second.changes} & {"True", "Conditional"}
    state = side.run(second)
    assert state.status == "UPDATE_COMPLETE"
    assert {output.key for output in state.outputs} == {"Table", "Arn"}
    assert state.tags["EnvironmentId"] == side.name
    after = there(side)
    assert (after.table_id, after.created_at) == (before.table_id, before.created_at)


def test_a_table_is_taken_into_a_stack_that_is_there(side: Side) -> None:
    name = make_table(side, "others")
    plan = side.plan("CREATE", ONLY_TABLES)
    state = side.run(plan)
    body, targets = ONLY_TABLES + MORE, [target(side, "Others", "others")]
    found = side.plan("IMPORT", body, targets=targets, tags=state.tags)
    assert [(row.logical_id, row.action) for row in found.changes] == [("Others", "Import")]
    assert side.run(found).status == "IMPORT_COMPLETE"
    assert cloudformation.owner_of(side.aws, name) == StackOwner(state.stack_id, side.name, "Others")


@pytest.mark.parametrize("more", ["outputs", "another resource", "no policy", "tags"])
def test_an_import_does_nothing_else(side: Side, more: str) -> None:
    kept(side)
    bodies = {
        "outputs": ONLY_TABLES + TEMPLATE[TEMPLATE.index("Outputs:") :],
        "another resource": TEMPLATE[: TEMPLATE.index("Outputs:")],
        "no policy": ONLY_TABLES.replace("    DeletionPolicy: Retain\n", ""),
    }
    tags = {"EnvironmentId": side.name} if more == "tags" else None
    with pytest.raises(Refused):
        side.plan("IMPORT", bodies.get(more, ONLY_TABLES), targets=[target(side)], tags=tags)
    assert cloudformation.describe_stack(side.aws, side.name) is None


def test_a_table_that_is_missing_or_another_stacks_cannot_be_taken(side: Side) -> None:
    plan = side.plan("IMPORT", ONLY_TABLES, targets=[target(side)])
    assert (plan.status, plan.is_empty) == ("FAILED", False)
    assert "does not exist" in plan.reason
    side.delete(plan.stack_id)
    owner = side.up()
    plan = side.plan("IMPORT", ONLY_TABLES, stack=f"{side.name}-second", targets=[target(side)])
    assert plan.status == "FAILED"
    assert "already exists in stack" in plan.reason
    assert cloudformation.owner_of(side.aws, f"{side.name}-things") == StackOwner(owner.stack_id, side.name, "Things")


def test_an_import_leaves_the_table_as_it_is(side: Side) -> None:
    kept(side)
    side.run(side.plan("IMPORT", ONLY_TABLES, targets=[target(side)], Protection="true"))
    assert not there(side).protection


def test_a_stack_policy_is_kept(side: Side) -> None:
    state = side.up()
    assert cloudformation.get_stack_policy(side.aws, state.stack_id) == ""
    cloudformation.set_stack_policy(side.aws, state.stack_id, policy=json.dumps(POLICY))
    assert json.loads(cloudformation.get_stack_policy(side.aws, state.stack_id)) == POLICY


def test_a_stack_policy_keeps_an_update_from_taking_a_table_out(side: Side) -> None:
    state = side.run(side.plan("CREATE", ONLY_TABLES + MORE))
    cloudformation.set_stack_policy(side.aws, state.stack_id, policy=json.dumps(POLICY))
    after = side.run(side.plan("UPDATE", ONLY_TABLES, Protection="true"))
    if side.kind == EMULATOR:
        # KNOWN: kept and shown here, but not honoured; the data guard refuses before it comes to that.
        assert after.status == "UPDATE_COMPLETE"
    else:
        assert after.status == "UPDATE_ROLLBACK_COMPLETE"
        events = cloudformation.stack_events(side.aws, state.stack_id, after=None)
        assert "does not allow [Update:Delete]" in next(one.reason for one in events if one.status == "UPDATE_FAILED")
        assert cloudformation.owner_of(side.aws, f"{side.name}-others") is not None


def test_termination_protection_is_read_back(side: Side) -> None:
    state = side.up()
    for enabled in (True, False):
        cloudformation.set_termination_protection(side.aws, state.stack_id, enabled=enabled)
        found = cloudformation.describe_stack(side.aws, state.stack_id)
        assert found is not None
        assert found.termination_protection is enabled


def test_waiting_change_sets_are_listed_until_one_of_them_runs(side: Side) -> None:
    state = side.up()
    one, other = side.plan("UPDATE", Protection="true"), side.plan("UPDATE", Protection="true")
    listed = {row.change_set_id: row for row in cloudformation.list_change_sets(side.aws, side.name)}
    assert listed.keys() >= {one.change_set_id, other.change_set_id}
    row = listed[one.change_set_id]
    assert (row.name, row.status, row.execution_status) == (one.name, "CREATE_COMPLETE", "AVAILABLE")
    side.run(one)
    waiting = [row for row in cloudformation.list_change_sets(side.aws, side.name) if row.name == other.name]
    assert [row for row in waiting if row.execution_status == "AVAILABLE"] == []
    assert state.stack_id == one.stack_id


def test_an_index_is_added_and_another_one_needs_another_update(side: Side) -> None:
    side.up()
    body = TEMPLATE.replace(NO_INDEX, INDEX)
    plan = side.plan("UPDATE", body)
    assert [(row.logical_id, row.replacement) for row in plan.changes if row.logical_id == "Things"] == [
        ("Things", "False")
    ]
    assert side.run(plan).status == "UPDATE_COMPLETE"
    until(lambda: [one.status for one in there(side).indexes] == ["ACTIVE"], "the index is filled")
    assert [one.name for one in there(side).indexes] == ["by-user"]
    assert side.run(side.plan("UPDATE", TEMPLATE.replace(NO_INDEX, SECOND_INDEX))).status == "UPDATE_COMPLETE"
    assert sorted(one.name for one in there(side).indexes) == ["by-user", "for-user"]


def test_two_index_changes_at_once_fail(side: Side) -> None:
    side.up()
    state = side.run(side.plan("UPDATE", TEMPLATE.replace(NO_INDEX, SECOND_INDEX)))
    if side.kind == EMULATOR:
        # KNOWN: done here; AWS does one a table and update, so Stackyard divides such an update (T1, T2).
        assert state.status == "UPDATE_COMPLETE"
        return
    assert state.status == "UPDATE_ROLLBACK_COMPLETE"
    events = cloudformation.stack_events(side.aws, state.stack_id, after=None)
    reasons = [one.reason for one in events if one.status == "UPDATE_FAILED" and one.logical_id == "Things"]
    assert reasons == ["Cannot perform more than one GSI creation or deletion in a single update"]
    assert there(side).indexes == ()


def test_other_keys_under_the_same_name_fail(side: Side) -> None:
    before = side.up()
    table = there(side)
    state = side.run(side.plan("UPDATE", TEMPLATE.replace("AttributeName: id", "AttributeName: key")))
    assert state.status == "UPDATE_ROLLBACK_COMPLETE"
    events = cloudformation.stack_events(side.aws, before.stack_id, after=None)
    reasons = [one.reason for one in events if one.status == "UPDATE_FAILED" and one.logical_id == "Things"]
    assert any("custom-named resource requires replacing" in reason for reason in reasons)
    assert there(side).table_id == table.table_id


def test_the_template_comes_back_as_it_was_sent(side: Side) -> None:
    state = side.up()
    assert cloudformation.get_template(side.aws, state.stack_id) == TEMPLATE
    sent = {"Resources": {"Topic": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "x"}}}}
    sent["Parameters"] = {"Name": {"Type": "String"}}
    other = side.run(side.plan("CREATE", json.dumps(sent), stack=f"{side.name}-json"))
    assert json.loads(cloudformation.get_template(side.aws, other.stack_id)) == sent


def test_tables_are_listed(side: Side) -> None:
    names = {make_table(side, f"t{number}") for number in range(3)}
    assert set(dynamodb.list_tables(side.aws)) >= names


def test_a_table_is_deleted_once_it_is_not_protected(side: Side) -> None:
    name = make_table(side, "own", DeletionProtectionEnabled=True)
    with pytest.raises(Conflict) as refusal:
        dynamodb.delete_table(side.aws, name)
    assert refusal.value.kind == "protected"
    assert dynamodb.describe_table(side.aws, name) is not None
    dynamodb.set_deletion_protection(side.aws, name, enabled=False)
    dynamodb.delete_table(side.aws, name)
    until(lambda: dynamodb.describe_table(side.aws, name) is None, "the table is gone")
    assert name not in dynamodb.list_tables(side.aws)
    with pytest.raises(Missing):
        dynamodb.delete_table(side.aws, name)


def test_a_backup_is_made_found_and_outlives_its_table(side: Side) -> None:
    name = make_table(side, "own")
    table = there(side, "own")
    assert backups.backups_of(side.aws, name) == ()
    made = backups.create_backup(side.aws, name, "before-deletion")
    again = backups.create_backup(side.aws, name, "before-deletion")
    assert made.arn != again.arn

    def available() -> Backup | None:
        found = backups.describe_backup(side.aws, made.arn)
        return found if found and found.is_available else None

    found = until(available, "the backup is made")
    assert found is not None
    assert (found.name, found.table_id) == ("before-deletion", table.table_id)
    dynamodb.delete_table(side.aws, name)
    until(lambda: dynamodb.describe_table(side.aws, name) is None, "the table is gone")
    assert {one.arn for one in backups.backups_of(side.aws, name)} == {made.arn, again.arn}
    assert {one.arn for one in backups.every_backup(side.aws) if one.table == name} == {made.arn, again.arn}
    with pytest.raises(Missing):
        backups.create_backup(side.aws, name, "too-late")
    assert backups.describe_backup(side.aws, f"{made.arn}0") is None


def test_recovery_has_a_window(side: Side) -> None:
    name = make_table(side, "own")
    dynamodb.enable_point_in_time_recovery(side.aws, name)
    window = dynamodb.point_in_time_recovery(side.aws, name)
    assert window.earliest is not None
    assert window.latest is not None
    assert window.earliest <= window.latest


def test_an_alarm_is_found_by_the_table_that_it_looks_at(side: Side) -> None:
    state = side.run(side.plan("CREATE", TEMPLATE.replace("Outputs:", f"{ALARM}Outputs:")))
    assert state.status == "CREATE_COMPLETE"
    (alarm,) = metrics.table_alarms(side.aws)[f"{side.name}-things"]
    assert alarm.metric == "ReadThrottleEvents"
    assert not alarm.is_firing


def test_nothing_is_known_of_a_table_that_nobody_wrote_to(side: Side) -> None:
    name = make_table(side, "own")
    assert metrics.last_writes(side.aws, [name], datetime.now(UTC) - timedelta(days=30)) == {}
    assert scaling.scalable_targets(side.aws, name, ["by-user"]) == ()
    if side.fake is not None:
        # KNOWN: the emulator measures no writes of its own and has no Application Auto Scaling.
        side.fake.wrote(name, datetime.now(UTC) - timedelta(days=3))
        assert metrics.last_writes(side.aws, [name], datetime.now(UTC) - timedelta(days=30)).keys() == {name}
        side.fake.register_scaling(f"table/{name}")
        assert scaling.scalable_targets(side.aws, name, ["by-user"]) == (f"table/{name}",)
