"""Stuck data stacks, from cause to cure: every table is the same one afterwards, with its items, and nobody skips,
leaves behind or forces anything of one alone, at any stage.

What AWS does with a table that a roll-back would delete is as documented (R3, S11, S12); the local AWS has none of it.
"""

from pathlib import Path

import pytest

from provisioning.actions.actor import Actor
from provisioning.actions.deciding import do_approve, why_not_decide
from provisioning.actions.recovering import why_not_recover
from provisioning.actions.refusals import Refusal
from provisioning.actions.retrying import do_retry
from provisioning.lifecycle import UNDER_REVIEW, ChangeKind, EnvironmentStatus, StackKind
from provisioning.models import AuditEntry, Change, Environment

from .stuck import approved, fill, only, recover, seen, tables
from .vault import DATA
from .yard import HELLO, UPDATED, Yard, keep_linted

STREAMED = DATA.replace(
    "      BillingMode", "      StreamSpecification: {StreamViewType: NEW_IMAGE}\n      BillingMode"
)
MORE = """\
  Pointer:
    Type: AWS::SSM::Parameter
    Properties: {Name: !Sub '/vault/${Environment}/pointer', Type: String, Value: !Ref Things}
"""
NEW_TABLE = """\
  Fresh:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      TableName: !Sub vault-${Environment}-fresh
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
"""
DATA_KIND = StackKind.DATA


def sent(yard: Yard, vault: Path, environment: Environment, data: str) -> Change:
    """Update to another data template; approved, where that is asked."""
    (vault / "data.yaml").write_text(data)
    keep_linted()
    return approved(yard, yard.did(environment, ChangeKind.UPDATE))


def created_again(yard: Yard, environment: Environment) -> Change:
    """The next create of the same environment."""
    yard.clock.shift(1)
    return approved(yard, yard.drive(yard.create(environment.application, environment.name)))


def stuck_roll_back(yard: Yard, vault: Path, name: str) -> Environment:
    """An update of the data stack fails at one table, and undoing it at the other."""
    environment = yard.ready("vault", name)
    fill(yard)
    yard.fake.script.fail("Others", "Slow down", verb="UPDATE")
    yard.fake.script.fail("Things", "The table is being changed", verb="ROLLBACK")
    assert sent(yard, vault, environment, STREAMED).status == "failed"
    assert yard.stack(environment, "data").status == "UPDATE_ROLLBACK_FAILED"
    return environment


def bob_is_an_admin(yard: Yard) -> Actor:
    return Actor(yard.bob.user_id, "bob", frozenset({"admins"}))


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_a_create_whose_tables_could_not_be_removed_is_deleted_and_created_again(yard: Yard, name: str) -> None:
    """ROLLBACK_FAILED: tables that are protected stay, without a stack, and the next create takes them over."""
    yard.fake.script.fail("SessionsTable", "Internal failure")
    change = yard.create(HELLO, name)
    if name == "dev":
        yard.fake.script.fail("MessagesTable", "The table is in use", verb="ROLLBACK")
    approved(yard, yard.drive(change))
    environment, stack = change.environment, yard.fake.stack(f"hello-erlang-data-{name}")
    assert (stack.status, environment.status) == ("ROLLBACK_FAILED", EnvironmentStatus.ATTENTION)
    before = fill(yard)
    assert set(before) == {f"{name}-hello-erlang-messages"}
    with pytest.raises(Refusal, match="“Delete the failed stack”"):
        do_retry(yard.alice, change)

    assert only(environment).way_out.what == "delete"
    change = approved(yard, recover(yard, environment))
    assert (change.status, change.environment.status) == ("succeeded", EnvironmentStatus.REMOVED), change.problem
    assert change.plan is not None
    assert change.plan["impact"]["sentence"] == "1 table is kept with all items."
    assert tables(yard) == before
    change = created_again(yard, environment)
    assert (change.status, change.environment.status) == ("succeeded", EnvironmentStatus.READY), change.problem
    assert tables(yard).items() >= before.items()
    assert len(tables(yard)) == 2


def test_a_create_left_where_it_failed_is_deleted_and_its_table_taken_over(yard: Yard) -> None:
    """CREATE_FAILED."""
    yard.fake.world.disable_rollback = True
    yard.fake.script.fail("SessionsTable", "Internal failure")
    environment = yard.drive(yard.create()).environment
    assert yard.stack(environment, "data").status == "CREATE_FAILED"
    before = fill(yard)
    assert only(environment).condition == "The create failed and was not rolled back"
    assert recover(yard, environment).environment.status == EnvironmentStatus.REMOVED
    assert tables(yard) == before
    yard.fake.world.disable_rollback = False
    assert created_again(yard, environment).environment.status == EnvironmentStatus.READY
    assert tables(yard).items() >= before.items()


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_a_stuck_roll_back_of_data_goes_on_without_skipping(yard: Yard, vault: Path, name: str) -> None:
    environment = stuck_roll_back(yard, vault, name)
    before = tables(yard)
    found = only(environment)
    assert [one.logical_id for one in found.way_out.proposals] == ["Things"]
    assert (found.way_out.ticked, found.way_out.second_person) == (False, True)
    change = recover(yard, environment, reason="")
    assert change.status == ("succeeded" if name == "dev" else "awaiting_approval"), change.problem
    approved(yard, change)
    assert change.environment.status == EnvironmentStatus.READY
    assert (tables(yard), yard.stack(environment, "data").skipped) == (before, [])
    assert sent(yard, vault, environment, STREAMED).status == "succeeded"
    assert tables(yard) == before


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_skipping_on_a_data_stack_takes_an_admin_who_did_not_ask(yard: Yard, vault: Path, name: str) -> None:
    environment = stuck_roll_back(yard, vault, name)
    before = tables(yard)
    change = recover(yard, environment, "Things", actor=bob_is_an_admin(yard))
    assert change.status == "awaiting_approval"
    assert yard.fake.calls_of("ContinueUpdateRollback") == 0
    with pytest.raises(Refusal, match="You asked for this change"):
        do_approve(bob_is_an_admin(yard), change, digest=change.plan_digest)
    assert "Only admins decide" in why_not_decide(yard.alice, change)
    yard.approve(change)
    yard.drive(change)
    assert (change.status, change.environment.status) == ("succeeded", EnvironmentStatus.READY), change.problem
    assert (tables(yard), yard.stack(environment, "data").skipped) == (before, ["Things"])
    asked = AuditEntry.objects.get(change=change, verb="request_recover")
    assert (asked.by_id, asked.reason) == (yard.bob.user_id, "It cannot be mended")
    refused = approved(yard, yard.did(environment, ChangeKind.UPDATE))
    assert refused.problem is not None
    assert refused.problem["code"] == "skipped"


def test_the_digest_covers_what_is_skipped(yard: Yard, vault: Path) -> None:
    environment = stuck_roll_back(yard, vault, "dev")
    change = recover(yard, environment, "Things")
    change.operations.update(spared=[])
    yard.approve(change)
    yard.drive(change)
    assert change.status == "awaiting_approval", change.problem
    assert "what was planned is not what is written down now" in change.plans.order_by("number")[0].void_because
    assert change.operations.get().spared == ["Things"]
    assert yard.fake.calls_of("ContinueUpdateRollback") == 0


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_an_update_of_data_left_where_it_failed_is_rolled_back(yard: Yard, vault: Path, name: str) -> None:
    """UPDATE_FAILED; what the update had made and the template retains stays, in no stack."""
    environment = yard.ready("vault", name)
    yard.fake.world.disable_rollback = True
    yard.fake.script.fail("Pointer", "Internal failure")
    assert sent(yard, vault, environment, DATA + NEW_TABLE + MORE).status == "failed"
    before = fill(yard)
    assert set(before) >= {f"vault-{name}-fresh"}
    change = approved(yard, recover(yard, environment))
    assert (change.status, change.environment.status) == ("succeeded", EnvironmentStatus.READY), change.problem
    assert tables(yard) == before
    yard.fake.world.disable_rollback = False
    assert sent(yard, vault, environment, STREAMED).status == "succeeded"
    assert tables(yard) == before


def test_a_roll_back_that_would_delete_a_table_is_refused(yard: Yard, vault: Path) -> None:
    """A table that the stuck update itself has made goes with the rest of its roll-back (R3): not from here."""
    environment = yard.ready("vault")
    yard.fake.script.fail("Others", "Slow down", verb="UPDATE")
    yard.fake.script.fail("Things", "The table is being changed", verb="ROLLBACK")
    fresh = NEW_TABLE.replace("Fresh", "Aaa")
    assert sent(yard, vault, environment, STREAMED.replace("  Things:", f"{fresh}  Things:")).status == "failed"
    before = fill(yard)
    assert len(before) == 3
    change = recover(yard, environment)
    assert change.status == "failed"
    assert change.problem is not None
    assert change.problem["code"] == "data-guard"
    assert "vault-dev-fresh" in change.problem["sentence"]
    assert (yard.fake.calls_of("ContinueUpdateRollback"), tables(yard)) == (0, before)


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_a_data_stack_that_cannot_be_deleted_goes_step_by_step(yard: Yard, vault: Path, name: str) -> None:
    """DELETE_FAILED: again, then leaving what blocks, which an admin agrees to at every stage (S8)."""
    (vault / "data.yaml").write_text(DATA + MORE)
    keep_linted()
    environment = yard.ready("vault", name)
    approved(yard, yard.did(environment, ChangeKind.PARK))
    before = fill(yard)
    yard.fake.script.fail("Pointer", "It is locked", verb="DELETE", times=2)
    change = approved(yard, yard.did(environment, ChangeKind.DELETE_DATA_STACK))
    assert (change.status, only(environment).way_out.label) == ("failed", "Delete again")
    change = approved(yard, yard.drive(do_retry(yard.alice, change)))
    assert (change.status, only(environment).way_out.what) == ("failed", "retain")
    with pytest.raises(Refusal) as refused:
        recover(yard, environment)
    assert set(refused.value.fields) == {"spared"}
    change = recover(yard, environment, "Pointer")
    assert change.status == "awaiting_approval"
    approved(yard, change)
    assert (change.status, change.environment.status) == ("succeeded", EnvironmentStatus.REMOVED), change.problem
    assert tables(yard) == before
    assert f"/vault/{name}/pointer" in yard.fake.world.parameters


def test_forcing_a_data_stack_takes_a_second_person_in_dev_too(yard: Yard, vault: Path) -> None:
    (vault / "data.yaml").write_text(DATA + MORE + MORE.replace("Pointer", "Second").replace("pointer", "second"))
    keep_linted()
    environment = yard.ready("vault")
    yard.did(environment, ChangeKind.PARK)
    before = fill(yard)
    for name in ("Pointer", "Second"):
        yard.fake.script.fail(name, "It is locked", verb="DELETE", times=9)
    yard.drive(do_retry(yard.alice, yard.did(environment, ChangeKind.DELETE_DATA_STACK)))
    assert approved(yard, recover(yard, environment, "Pointer")).status == "failed"
    found = only(environment)
    assert (found.way_out.what, found.way_out.second_person) == ("force", True)
    change = recover(yard, environment)
    assert change.status == "awaiting_approval"
    assert approved(yard, change).environment.status == EnvironmentStatus.REMOVED
    assert tables(yard) == before
    assert created_again(yard, environment).problem is not None  # the parameters that stayed have its names
    assert tables(yard) == before


def test_a_delete_that_would_take_a_table_along_is_refused(yard: Yard, vault: Path) -> None:
    environment = yard.ready("vault")
    yard.did(environment, ChangeKind.PARK)
    before = fill(yard)
    yard.fake.stack("vault-data-dev").body = DATA.replace("DeletionPolicy: Retain", "DeletionPolicy: Delete")
    yard.fake.force("vault-data-dev", "DELETE_FAILED")
    seen(environment, "data", status="DELETE_FAILED")
    change = recover(yard, environment)
    assert change.status == "failed"
    assert change.problem is not None
    assert change.problem["code"] == "data-guard"
    assert (yard.fake.calls_of("DeleteStack"), tables(yard)) == (1, before)  # the parking


def test_a_protected_stack_is_not_deleted(yard: Yard) -> None:
    environment = yard.ready(HELLO, "prod")
    approved(yard, yard.did(environment, ChangeKind.PARK))
    yard.fake.force("hello-erlang-data-prod", "DELETE_FAILED")
    seen(environment, "data", status="DELETE_FAILED")
    change = recover(yard, environment)
    assert change.problem is not None
    assert change.problem["code"] == "protected"


@pytest.mark.parametrize("undone", [True, False])
def test_an_import_that_failed_is_got_out_of_and_the_tables_are_taken_over(yard: Yard, undone: bool) -> None:  # noqa: FBT001  (pytest's)
    environment = yard.ready()
    before = fill(yard)
    yard.did(environment, ChangeKind.PARK)
    yard.did(environment, ChangeKind.DELETE_DATA_STACK)
    yard.fake.script.fail("SessionsTable", "Not now", verb="IMPORT")
    if not undone:
        yard.fake.script.fail("hello-erlang-data-dev", "Not now, either", verb="ROLLBACK")
    yard.clock.shift(1)
    change = yard.drive(yard.create())
    assert (change.status, tables(yard)) == ("failed", before)
    found = only(environment)
    if undone:
        assert (found.stack.status, found.way_out.label) == ("IMPORT_ROLLBACK_COMPLETE", "Create again")
        change = yard.drive(do_retry(yard.alice, change))
    else:
        assert (found.stack.status, found.way_out.second_person) == ("IMPORT_ROLLBACK_FAILED", True)
        change = recover(yard, environment)
        assert change.status == "awaiting_approval"
        assert approved(yard, change).environment.status == EnvironmentStatus.REMOVED
        assert tables(yard) == before
        change = created_again(yard, environment)
    assert (change.status, change.environment.status) == ("succeeded", EnvironmentStatus.READY), change.problem
    assert tables(yard) == before


def test_the_shell_of_a_plan_that_did_not_run_is_deleted(yard: Yard) -> None:
    """REVIEW_IN_PROGRESS (S7); the first calls meet the fault that AWS is said to have there."""
    change = yard.drive(yard.create(HELLO, "prod"))
    shell = yard.fake.stack("hello-erlang-data-prod")
    kept = shell.stack_id
    yard.reject(change)
    yard.drive(change)
    yard.fake.finish()
    assert shell.status == "DELETE_COMPLETE"
    # Somebody plans in the console, and leaves it at that.
    clients = yard.fake.clients()
    clients.cloudformation.create_change_set(
        StackName=shell.name, ChangeSetName="mine", ChangeSetType="CREATE", ClientToken="mine", TemplateBody=DATA,
        Parameters=[{"ParameterKey": "Environment", "ParameterValue": "prod"}],
    )  # fmt: skip
    shell = yard.fake.stack(shell.name)
    assert shell.stack_id != kept
    environment = seen(change.environment, "data", status=UNDER_REVIEW, stack_id=shell.stack_id).environment
    assert only(environment).way_out.label == "Delete the empty stack"
    assert why_not_recover(yard.alice, environment, stack=DATA_KIND) == ""
    yard.fake.script.break_down("DeleteStack", times=2)
    yard.clock.shift(1)
    recovered = approved(yard, recover(yard, environment))
    assert (recovered.status, shell.status) == ("succeeded", "DELETE_COMPLETE"), recovered.problem
    assert recovered.environment.status == EnvironmentStatus.REMOVED
    assert created_again(yard, environment).environment.status == EnvironmentStatus.READY


def test_compute_comes_out_of_its_state_while_data_is_not_touched(yard: Yard) -> None:
    environment = yard.ready(HELLO, "prod")
    before = fill(yard)
    yard.fake.script.fail("Group", "No capacity", verb="UPDATE")
    yard.fake.script.fail("LaunchTemplate", "Gone", verb="ROLLBACK")
    approved(yard, yard.did(environment, ChangeKind.UPDATE, UPDATED[HELLO]))
    yard.fake.script.lose_answer("ContinueUpdateRollback")
    change = approved(yard, recover(yard, environment, "LaunchTemplate"))
    assert (change.status, tables(yard)) == ("succeeded", before), change.problem
    assert yard.fake.stack("hello-erlang-data-prod").status == "CREATE_COMPLETE"
