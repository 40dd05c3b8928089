"""Preflight through the front door: what AWS would refuse half way stops before anybody is asked."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from provisioning.aws import cloudformation
from provisioning.blueprints.loader import library
from provisioning.lifecycle import ChangeKind
from provisioning.models import Change, Environment, Stack

from .vault import BLUEPRINT, COMPUTE, DATA
from .yard import HELLO, UPDATED, Yard, keep_linted

FIRST = "      KeySchema: [{AttributeName: id, KeyType: HASH}]\n"
UNITS = "{ReadCapacityUnits: 5, WriteCapacityUnits: 5}"
ON_DEMAND = "      BillingMode: PAY_PER_REQUEST\n"
PROVISIONED = f"      BillingMode: PROVISIONED\n      ProvisionedThroughput: {UNITS}\n"
EXPORTS = """\
Outputs:
  Things: {Value: !GetAtt Things.Arn, Export: {Name: !Sub '${AWS::StackName}-Arn'}}
  Stream: {Value: !GetAtt Things.StreamArn, Export: {Name: !Sub '${AWS::StackName}-Stream'}}
"""
SCALING = """\
  Scaling:
    Type: AWS::ApplicationAutoScaling::ScalableTarget
    Properties:
      ResourceId: !Sub table/${Things}
      ScalableDimension: dynamodb:table:ReadCapacityUnits
      ServiceNamespace: dynamodb
      MinCapacity: 1
      MaxCapacity: 9
"""


def things(more: str) -> str:
    """The data template with more said about the first table."""
    return DATA.replace(FIRST, FIRST + more, 1)


def expires(attribute: str, enabled: str = "true") -> str:
    """The first table's items expire."""
    return things(f"      TimeToLiveSpecification: {{AttributeName: {attribute}, Enabled: {enabled}}}\n")


def streams(view: str) -> str:
    """The first table has a stream."""
    return things(f"      StreamSpecification: {{StreamViewType: {view}}}\n")


def sent(yard: Yard, vault: Path, environment: Environment, data: str) -> Change:
    """Edit the data template and update to it."""
    (vault / "data.yaml").write_text(data)
    keep_linted()
    return yard.did(environment, ChangeKind.UPDATE)


def with_data(yard: Yard, vault: Path, data: str) -> Environment:
    """An environment of this data template."""
    (vault / "data.yaml").write_text(data)
    keep_linted()
    return yard.ready("vault")


def refused(change: Change, *words: str) -> None:
    """It stopped before any change set could run, with a sentence and a way out."""
    assert change.status == "failed"
    assert change.problem is not None
    assert change.problem["code"] == "preflight", change.problem
    for word in words:
        assert word in change.problem["sentence"]
    assert change.problem["advice"]
    assert change.decisions.count() == 0


def told(change: Change, severity: str) -> list[str]:
    """The findings of a severity."""
    return [one["sentence"] for one in change.findings if one["severity"] == severity]


def test_expiry_moves_to_another_attribute_in_two_steps(yard: Yard, vault: Path) -> None:
    environment = with_data(yard, vault, expires("ttl"))
    refused(sent(yard, vault, environment, expires("gone_at")), "expire by ttl", "cannot become gone_at")
    refused(sent(yard, vault, environment, DATA), "no longer says so")
    first = sent(yard, vault, environment, expires("ttl", "false"))
    assert (first.status, first.problem) == ("succeeded", None)
    second = sent(yard, vault, environment, expires("gone_at"))
    assert "changed within the last hour" in told(second, "warning")[0]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (DATA.replace("PAY_PER_REQUEST", "PROVISIONED", 1), "lacks ProvisionedThroughput"),
        (things(f"      ProvisionedThroughput: {UNITS}\n"), "has ProvisionedThroughput"),
    ],
)
def test_capacity_fits_its_billing_from_the_first_create_on(yard: Yard, vault: Path, data: str, words: str) -> None:
    (vault / "data.yaml").write_text(data)
    keep_linted()
    refused(yard.drive(yard.create("vault")), "vault-dev-things", words)
    assert yard.fake.stacks() == []


def test_going_on_demand_is_counted(yard: Yard, vault: Path, settings: Any) -> None:
    settings.BILLING_SWITCHES_PER_DAY = 2
    provisioned = DATA.replace(ON_DEMAND, PROVISIONED, 1)
    environment = with_data(yard, vault, provisioned)
    assert sent(yard, vault, environment, DATA).findings == []
    assert sent(yard, vault, environment, provisioned).status == "succeeded"
    last = sent(yard, vault, environment, DATA)
    assert (last.status, told(last, "warning")) == (
        "succeeded",
        ["This is the last time within 24 hours that vault-dev-things may go on demand."],
    )
    assert sent(yard, vault, environment, provisioned).status == "succeeded"
    refused(sent(yard, vault, environment, DATA), "vault-dev-things went on demand 2 times within 24 hours")
    yard.clock.shift(timedelta(hours=24, minutes=1))
    assert sent(yard, vault, environment, DATA).status == "succeeded"


def test_a_switch_made_outside_stackyard_counts_too(yard: Yard, vault: Path, settings: Any) -> None:
    settings.BILLING_SWITCHES_PER_DAY = 1
    environment = with_data(yard, vault, DATA.replace(ON_DEMAND, PROVISIONED, 1))
    yard.clock.shift(timedelta(hours=1))
    billing = yard.fake.table("vault-dev-things").described["BillingModeSummary"]
    billing["LastUpdateToPayPerRequestDateTime"] = yard.fake.world.now()
    refused(sent(yard, vault, environment, DATA), "went on demand 1 times")


@pytest.mark.parametrize("after", [streams("KEYS_ONLY"), DATA])
def test_a_stream_that_is_exported_changes_in_two_steps(yard: Yard, vault: Path, after: str) -> None:
    environment = with_data(yard, vault, streams("NEW_IMAGE") + EXPORTS)
    refused(sent(yard, vault, environment, after + EXPORTS), "The stream of vault-dev-things (NEW_IMAGE)", "exported")
    free = sent(yard, vault, environment, after)
    assert (free.status, free.problem) == ("succeeded", None)
    assert "The stream of vault-dev-things" in told(free, "warning")[0]


@pytest.mark.parametrize("used", [True, False])
def test_an_export_in_use_does_not_vanish(yard: Yard, vault: Path, used: bool) -> None:  # noqa: FBT001  (a case)
    environment = with_data(yard, vault, streams("NEW_IMAGE") + EXPORTS)
    if used:
        yard.fake.world.importers["vault-data-dev-Arn"] = {yard.fake.stack("vault-dev").stack_id}
    asked, executed = yard.fake.calls_of("ListImports"), yard.fake.calls_of("ExecuteChangeSet")
    without = EXPORTS.replace(EXPORTS.splitlines()[1] + "\n", "")
    tagged = "      Tags: [{Key: a, Value: b}]\n"
    change = sent(yard, vault, environment, streams("NEW_IMAGE").replace(FIRST, FIRST + tagged) + without)
    assert yard.fake.calls_of("ListImports") == asked + 1, "only what changes is asked about"
    if used:
        refused(change, "The export vault-data-dev-Arn would vanish while vault-dev imports it")
        assert yard.fake.calls_of("ExecuteChangeSet") == executed
    else:
        assert (change.status, change.problem) == ("succeeded", None)


def test_a_table_that_scales_by_itself_is_not_registered_again(yard: Yard, vault: Path) -> None:
    environment = with_data(yard, vault, DATA)
    target = "table/vault-dev-things|dynamodb:table:ReadCapacityUnits|dynamodb"
    yard.fake.world.scalable[target] = "by hand"
    refused(sent(yard, vault, environment, DATA + SCALING), "table/vault-dev-things scales by itself already")
    del yard.fake.world.scalable[target]
    change = sent(yard, vault, environment, DATA + SCALING)
    assert (change.status, change.problem) == ("succeeded", None)


def test_two_applications_cannot_have_the_same_table(yard: Yard, vault: Path) -> None:
    """Neither when it is there, nor when it was only promised so far."""
    twin = vault.parent / "twin"
    twin.mkdir()
    texts = {"blueprint": BLUEPRINT.replace("'vault-", "'twin-"), "data": DATA, "compute": COMPUTE}
    for name, text in texts.items():
        (twin / f"{name}.yaml").write_text(text)
    assert "twin" in library().blueprints
    keep_linted()
    first = yard.create("vault", "staging")
    refused(
        yard.drive(yard.create("twin", "staging"), first),
        "vault-staging-others belongs to the environment vault/staging",
    )
    yard.ready("vault")
    refused(yard.drive(yard.create("twin")), "vault-dev-others belongs to the environment vault/dev")
    assert not [stack for stack in yard.fake.stacks() if stack.name.startswith("twin")]


def test_two_environments_cannot_have_the_same_stack(yard: Yard) -> None:
    environment = yard.ready(HELLO, "dev-one")
    Stack.objects.filter(environment=environment, kind="data").update(name="hello-erlang-data-dev-two")
    change = yard.drive(yard.create(HELLO, "dev-two"))
    refused(change, "The stack hello-erlang-data-dev-two belongs to the environment hello-erlang/dev-one")


def test_change_sets_of_others_are_told_before_they_go(yard: Yard) -> None:
    environment = yard.ready()
    stack = yard.fake.stack("hello-erlang-dev")
    cloudformation.create_change_set(
        yard.fake.clients(), stack=stack.stack_id, change_set_name="by-hand", kind="UPDATE", template_body=stack.body,
        parameters=stack.parameters | {"InstanceType": "t3.large"}, tags=stack.tags, capabilities=stack.capabilities,
        token="by-hand",
    )  # fmt: skip
    change = yard.did(environment, ChangeKind.UPDATE, UPDATED[HELLO])
    assert (change.status, change.problem) == ("succeeded", None)
    assert told(change, "info") == [
        "The change set by-hand waits on hello-erlang-dev too; AWS deletes it when this runs."
    ]
    assert "by-hand" not in stack.change_sets
