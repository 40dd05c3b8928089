"""What Stackyard will not do: take what is others', go over a quota, or lose a table."""

from pathlib import Path
from typing import Any

import pytest

from provisioning.aws import cloudformation
from provisioning.blueprints.loader import library
from provisioning.lifecycle import ChangeKind
from provisioning.models import Change

from .vault import DATA
from .yard import FILESHARE, HELLO, Yard, keep_linted

FOREIGN = """
Resources:
  Thing:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: {name}
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{{AttributeName: id, AttributeType: S}}]
      KeySchema: [{{AttributeName: id, KeyType: HASH}}]
"""
HARM = {
    "removed": DATA[: DATA.index("  Others:")],
    "renamed": DATA.replace("-others", "-other-things"),
    "other key": DATA.replace("AttributeName: id", "AttributeName: key"),
}


def foreign(yard: Yard, name: str, table: str, tags: dict[str, str] | None = None) -> None:
    """A stack that Stackyard did not make."""
    aws = yard.fake.clients()
    ref = cloudformation.create_change_set(
        aws,
        stack=name,
        change_set_name="by-hand",
        kind="CREATE",
        template_body=FOREIGN.format(name=table),
        parameters={},
        tags=tags or {},
        capabilities=[],
        token="by-hand",
    )
    cloudformation.execute_change_set(aws, ref.change_set_id, token="by-hand", retain_except_on_create=True)
    yard.fake.finish()


def refused(change: Change, *words: str) -> None:
    assert change.status == "failed"
    assert change.problem is not None
    for word in words:
        assert word in change.problem["sentence"]


@pytest.mark.parametrize("name", ["hello-erlang-data-dev", "hello-erlang-dev"])
@pytest.mark.parametrize(
    ("tags", "why"), [({}, "made outside Stackyard"), ({"EnvironmentId": "99"}, "another Stackyard environment")]
)
def test_a_name_that_belongs_to_another_stack_is_left_alone(
    yard: Yard, name: str, tags: dict[str, str], why: str
) -> None:
    foreign(yard, name, "somebody-elses", tags)
    change = yard.drive(yard.create())
    refused(change, name, why)
    assert [stack.name for stack in yard.fake.stacks()] == [name]
    assert yard.fake.stack(name).status == "CREATE_COMPLETE"
    assert yard.fake.stack(name).executed == 1


def test_a_table_that_is_there_is_left_alone(yard: Yard) -> None:
    foreign(yard, "by-hand", "dev-hello-erlang-messages")
    refused(yard.drive(yard.create()), "The table dev-hello-erlang-messages exists already")
    assert [stack.name for stack in yard.fake.stacks()] == ["by-hand"]


def test_tables_that_a_deleted_stack_left_are_taken_over_and_not_made_anew(yard: Yard) -> None:
    environment = yard.ready()
    ids = {name: table.described["TableId"] for name, table in yard.fake.world.tables.items()}
    for kind in (ChangeKind.DELETE_COMPUTE, ChangeKind.DELETE_DATA_STACK):
        assert yard.did(environment, kind).status == "succeeded"
    assert yard.drive(yard.create()).status == "succeeded"
    assert {name: table.described["TableId"] for name, table in yard.fake.world.tables.items()} == ids


@pytest.mark.parametrize(("limit", "status"), [(2, "failed"), (3, "succeeded")])
def test_new_stacks_stop_at_nine_tenths_of_the_quota(yard: Yard, limit: int, status: str) -> None:
    yard.fake.world.stack_limit = limit
    change = yard.drive(yard.create())
    assert change.status == status
    if status == "failed":
        refused(change, "0 of 2 CloudFormation stacks are in use")
        assert yard.fake.stacks() == []


@pytest.mark.parametrize("harm", HARM)
@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_an_update_that_would_lose_a_table_stops_at_every_stage(yard: Yard, vault: Path, name: str, harm: str) -> None:
    change = yard.drive(yard.create("vault", name))
    if name == "prod":
        yard.approve(change)
        yard.drive(change)
    assert change.status == "succeeded", change.problem
    ids = {table: found.described["TableId"] for table, found in yard.fake.world.tables.items()}
    executed = yard.fake.calls_of("ExecuteChangeSet")
    (vault / "data.yaml").write_text(HARM[harm])
    keep_linted()
    change = yard.did(change.environment, ChangeKind.UPDATE)
    refused(change, f"vault-{name}-others", "Nothing was done")
    assert change.problem is not None
    assert change.problem["code"] == "data-guard"
    assert change.decisions.count() == 0
    assert yard.fake.calls_of("ExecuteChangeSet") == executed
    assert {table: found.described["TableId"] for table, found in yard.fake.world.tables.items()} == ids
    assert yard.fake.stack(f"vault-data-{name}").change_sets.keys() == {_first_plan(yard, name)}


def _first_plan(yard: Yard, name: str) -> str:
    made = yard.fake.stack(f"vault-data-{name}").change_sets.values()
    return next(one.name for one in made if one.execution == "EXECUTE_COMPLETE")


def test_a_harmless_change_of_the_same_template_passes(yard: Yard, vault: Path) -> None:
    change = yard.drive(yard.create("vault"))
    units = "PROVISIONED\n      ProvisionedThroughput: {ReadCapacityUnits: 5, WriteCapacityUnits: 5}"
    (vault / "data.yaml").write_text(DATA.replace("PAY_PER_REQUEST", units))
    keep_linted()
    change = yard.did(change.environment, ChangeKind.UPDATE)
    assert (change.status, change.problem) == ("succeeded", None)
    assert change.plan is not None
    assert change.plan["impact"]["sentence"] == "2 tables are changed in place with all items."


def test_a_data_stack_whose_exports_are_used_elsewhere_stays(yard: Yard) -> None:
    environment = yard.ready()
    yard.did(environment, ChangeKind.DELETE_COMPUTE)
    foreign(yard, "reporting", "reports")
    export = "hello-erlang-data-dev-MessagesTableArn"
    yard.fake.world.importers[export] = {yard.fake.stack("reporting").stack_id}
    change = yard.did(environment, ChangeKind.DELETE_DATA_STACK)
    refused(change, "reporting uses its exports")
    assert yard.fake.stack("hello-erlang-data-dev").status == "CREATE_COMPLETE"
    assert yard.fake.calls_of("DeleteStack") == 1


def test_compute_that_came_back_outside_stackyard_keeps_the_data_stack(yard: Yard) -> None:
    environment = yard.ready()
    yard.did(environment, ChangeKind.DELETE_COMPUTE)
    foreign(yard, "hello-erlang-dev", "unexpected")
    refused(yard.did(environment, ChangeKind.DELETE_DATA_STACK), "hello-erlang-dev is still there")


def test_an_unknown_status_freezes_the_stack(yard: Yard) -> None:
    environment = yard.ready()
    yard.fake.force("hello-erlang-dev", "QUARANTINED")
    change = yard.did(environment, ChangeKind.UPDATE, {"compute": {"InstanceType": "t3.medium"}})
    refused(change, "QUARANTINED", "takes no change")
    assert yard.fake.calls_of("ExecuteChangeSet") == 2


def test_a_create_that_meets_a_protected_table_in_its_rollback_says_so(yard: Yard) -> None:
    change = yard.drive(yard.create(FILESHARE, "prod"))
    yard.approve(change)
    yard.fake.script.fail("TablesPolicy", "Limit of policies reached")
    yard.drive(change)
    refused(change, "TablesPolicy", "a limit of this AWS account is reached")
    assert "Limit of policies reached" in (change.problem or {})["raw"]
    assert yard.fake.stack("fileshare-data-prod").status == "ROLLBACK_FAILED"
    assert yard.stack(change.environment, "data").status == "ROLLBACK_FAILED"
    assert len(yard.fake.world.tables) == 2


def test_application_that_left_the_library_fails_with_a_sentence(yard: Yard, vault: Path, settings: Any) -> None:
    change = yard.create("vault")
    settings.BLUEPRINT_DIRS = []
    refused(yard.drive(change), "The blueprint of vault cannot be read any more")
    assert HELLO in library().blueprints
