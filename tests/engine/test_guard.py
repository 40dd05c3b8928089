"""The data guard through the front door: edited templates, deletions, and the last look before a call."""

from pathlib import Path
from typing import Any

import pytest

from provisioning.engine.loading import work_for
from provisioning.engine.outcome import Stop
from provisioning.engine.steps.stacks import ensure_compute_stack, ensure_data_stack
from provisioning.lifecycle import ChangeKind
from provisioning.models import Change, Environment

from .vault import COMPUTE, DATA
from .yard import HELLO, UPDATED, Yard, keep_linted

TABLE = "AWS::DynamoDB::Table"
BUCKET = """\
  Files:
    Type: AWS::S3::Bucket
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties: {BucketName: vault-files}
"""
LOCAL = """\
      LocalSecondaryIndexes:
        - {IndexName: local, KeySchema: [{AttributeName: id, KeyType: HASH}], Projection: {ProjectionType: ALL}}
"""
HARM = {
    "logical id": (DATA.replace("  Others:", "  Elsewhere:"), "vault-{}-others is called Elsewhere"),
    "attribute type": (DATA.replace("AttributeType: S", "AttributeType: N"), "The type of id of vault-{}-others"),
    "local index": (DATA + LOCAL, "The local indexes of vault-{}-others"),
    "policy": (
        (DATA + BUCKET).replace(
            "    DeletionPolicy: Retain\n    UpdateReplacePolicy: Retain\n    Properties: {B", "    Properties: {B"
        ),
        "vault-files would change from Retain to Delete",
    ),
    "new, not kept": (DATA + "  More:\n    Type: AWS::S3::Bucket\n", "More is a new bucket that would not outlive"),
}


def send(yard: Yard, vault: Path, environment: Environment, **texts: str) -> Change:
    """Edit the application's templates and update to them."""
    for name, text in texts.items():
        (vault / f"{name}.yaml").write_text(text)
    keep_linted()
    return yard.did(environment, ChangeKind.UPDATE)


def guarded(change: Change, words: str) -> None:
    """The guard stopped it, said why and what to do, and put it among the findings."""
    assert change.status == "failed"
    assert change.problem is not None
    assert change.problem["code"] == "data-guard", change.problem
    assert words in change.problem["sentence"]
    assert change.problem["sentence"].endswith("Nothing was done.")
    assert change.problem["advice"]
    assert any(words in finding["sentence"] for finding in change.findings if finding["severity"] == "error")


@pytest.mark.parametrize("harm", HARM)
@pytest.mark.parametrize("name", ["dev", "prod"])
def test_templates_that_would_lose_data_stop_before_anybody_is_asked(
    yard: Yard, vault: Path, name: str, harm: str
) -> None:
    (vault / "data.yaml").write_text(DATA + BUCKET if harm == "policy" else DATA)
    keep_linted()
    environment = yard.ready("vault", name)
    executed, (data, words) = yard.fake.calls_of("ExecuteChangeSet"), HARM[harm]
    change = send(
        yard, vault, environment, data=data.replace("BillingMode", "Tags: [{Key: a, Value: b}]\n      BillingMode")
    )
    guarded(change, words.format(name))
    assert change.decisions.count() == 0
    assert yard.fake.calls_of("ExecuteChangeSet") == executed
    assert {"Things", "Others"} <= yard.fake.stack(f"vault-data-{name}").resources.keys()


def test_all_dangers_are_told_at_once(yard: Yard, vault: Path) -> None:
    environment = yard.ready("vault")
    change = send(yard, vault, environment, data=DATA.replace("-things", "-items").replace("-others", "-rest"))
    guarded(change, "vault-dev-things would become vault-dev-items")
    guarded(change, "vault-dev-others would become vault-dev-rest")


def test_data_in_the_compute_stack_is_guarded_too(yard: Yard, vault: Path) -> None:
    (vault / "compute.yaml").write_text(COMPUTE + BUCKET)
    keep_linted()
    environment = yard.ready("vault")
    guarded(send(yard, vault, environment, compute=COMPUTE), "vault-files is no longer in the template")


def test_a_create_that_would_not_keep_its_data_stops(yard: Yard, vault: Path) -> None:
    (vault / "compute.yaml").write_text(COMPUTE + "  More:\n    Type: AWS::S3::Bucket\n")
    keep_linted()
    guarded(yard.drive(yard.create("vault")), "More is a new bucket")
    assert [(stack.name, stack.status, list(stack.change_sets)) for stack in yard.fake.stacks()] == []


def test_attributes_for_an_index_are_no_danger_although_aws_is_unsure(yard: Yard, vault: Path) -> None:
    """R11: declaring one more attribute replaces nothing; what AWS calls conditional is shown as it says it."""
    environment = yard.ready("vault", "prod")
    head, _, tail = DATA.rpartition("AttributeDefinitions: [{AttributeName: id, AttributeType: S}]")
    more = "{AttributeName: id, AttributeType: S}, {AttributeName: user, AttributeType: S}"
    index = "{IndexName: by-user, KeySchema: [{AttributeName: user, KeyType: HASH}], Projection: {ProjectionType: ALL}}"
    text = f"{head}AttributeDefinitions: [{more}]\n      GlobalSecondaryIndexes: [{index}]{tail}"
    yard.fake.script.before("DescribeChangeSet", lambda: doubt(yard, "vault-data-prod"))
    change = send(yard, vault, environment, data=text)
    assert (change.status, change.problem) == ("awaiting_approval", None)
    assert change.plan is not None
    row = next(row for row in change.plan["stacks"][0]["changes"] if row["logical_id"] == "Others")
    assert (row["replacement"], row["in_place"]) == ("Conditional", True)
    assert change.plan["impact"]["sentence"] == "1 table is changed in place with all items."


def doubt(yard: Yard, stack: str) -> None:
    """AWS cannot say whether new attributes replace the table, which is what it says of every edit of that list."""
    for change_set in yard.fake.stack(stack).change_sets.values():
        for row in change_set.changes:
            for detail in row["ResourceChange"]["Details"]:
                if detail["Target"].get("Name") == "AttributeDefinitions":
                    detail["Target"]["RequiresRecreation"] = "Conditionally"
                    row["ResourceChange"]["Replacement"] = "Conditional"


def test_a_compute_stack_that_somebody_gave_data_is_not_parked(yard: Yard, vault: Path) -> None:
    """What AWS itself has counts, not what Stackyard last sent."""
    environment = yard.ready("vault")
    yard.fake.stack("vault-dev").body += "  Files:\n    Type: AWS::S3::Bucket\n"
    for kind in (ChangeKind.PARK, ChangeKind.DELETE_COMPUTE):
        guarded(yard.did(environment, kind), "Files would be deleted together with its stack")
    assert yard.fake.calls_of("DeleteStack") == 0


def test_a_data_stack_that_no_longer_keeps_its_tables_is_not_deleted(yard: Yard, vault: Path) -> None:
    environment = yard.ready("vault")
    assert yard.did(environment, ChangeKind.DELETE_COMPUTE).status == "succeeded"
    deleted = yard.fake.calls_of("DeleteStack")
    yard.fake.stack("vault-data-dev").body = DATA.replace("    DeletionPolicy: Retain\n", "", 1)
    change = yard.did(environment, ChangeKind.DELETE_DATA_STACK)
    guarded(change, "vault-dev-things would be deleted together with its stack, and its items with it")
    assert "vault-dev-others" not in str(change.problem)
    broken = yard.fake.stack("vault-data-dev")
    yard.fake.script.before("GetTemplate", lambda: setattr(broken, "body", "Resources: {"))
    guarded(yard.did(environment, ChangeKind.DELETE_DATA_STACK), "cannot be read")
    assert yard.fake.calls_of("DeleteStack") == deleted
    assert len(yard.fake.world.tables) == 2


def test_only_a_deletion_asks_aws_for_the_template(yard: Yard) -> None:
    environment = yard.ready()
    yard.did(environment, ChangeKind.UPDATE, UPDATED[HELLO])
    assert yard.fake.calls_of("GetTemplate") == 0
    yard.did(environment, ChangeKind.PARK)
    assert yard.fake.calls_of("GetTemplate") == 1


LAST = [
    {"action": "Remove", "replacement": "", "policy_action": "Delete"},
    {"action": "Modify", "replacement": "True", "policy_action": "ReplaceAndRetain"},
    {"action": "Modify", "replacement": "Conditional", "policy_action": ""},
    None,
]


@pytest.mark.parametrize("row", LAST)
@pytest.mark.parametrize("action", ["update", "delete"])
def test_however_it_came_that_far_it_does_not_run(yard: Yard, action: str, row: dict[str, Any] | None) -> None:
    """The last line of defence: no call is made, whatever was planned or approved."""
    environment = yard.ready()
    change = yard.ask(environment, ChangeKind.UPDATE, UPDATED[HELLO])
    work = work_for(change, yard.fake.aws_for)
    told = {"logical_id": "MessagesTable", "physical_id": "dev-hello-erlang-messages", "type": TABLE, "details": []}
    for operation in work.every_part():
        operation.action, operation.read_from = action, "change_set"
        operation.changes = None if row is None else [told | row]
    before = yard.fake.calls.total()
    for ensure in (ensure_data_stack, ensure_compute_stack):
        outcome = ensure(work)
        assert isinstance(outcome, Stop)
        assert outcome.problem.code == "data-guard"
    assert yard.fake.calls.total() == before
