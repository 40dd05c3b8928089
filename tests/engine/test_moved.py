"""Between approval and execution everything is read again: whatever moved voids the approval, nothing is run (C15)."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fakes.world import ChangeSet

from provisioning.actions.requesting import Ask, do_request
from provisioning.actions.retrying import do_retry
from provisioning.aws import cloudformation
from provisioning.blueprints.policies import PolicyFloor
from provisioning.lifecycle import ChangeKind
from provisioning.models import AuditEntry, Change, Environment

from .yard import HELLO, UPDATED, Yard

DATA, COMPUTE = "hello-erlang-data-prod", "hello-erlang-prod"
SESSIONS = "prod-hello-erlang-sessions"
BY_HAND = "Resources: {Topic: {Type: AWS::SNS::Topic}}"


def approved_update(yard: Yard) -> Change:
    environment = yard.ready(HELLO, "prod")
    change = yard.did(environment, ChangeKind.UPDATE, UPDATED[HELLO])
    yard.fake.calls.clear()
    return yard.approve(change)


def approved_create(yard: Yard) -> Change:
    change = yard.approve(yard.drive(yard.create(HELLO, "prod")))
    yard.fake.calls.clear()
    return change


def waiting_set(yard: Yard, name: str = COMPUTE) -> ChangeSet:
    sets = yard.fake.stack(name).change_sets.values()
    return next(one for one in sets if one.execution == "AVAILABLE")


def update_outside(yard: Yard, name: str) -> None:
    yard.clock.shift(timedelta(hours=5, minutes=5))
    yard.fake.update_stack(name, tags={"Touched": "by hand", **yard.fake.stack(name).tags})


def delete_change_set(yard: Yard) -> None:
    cloudformation.delete_change_set(yard.fake.clients(), waiting_set(yard).arn)


def make_obsolete(yard: Yard) -> None:
    waiting_set(yard).execution = "OBSOLETE"


def list_otherwise(yard: Yard) -> None:
    row = waiting_set(yard).changes[0]["ResourceChange"]
    row["Replacement"] = "True" if row.get("Replacement") != "True" else "False"


def rename_the_owner(yard: Yard) -> None:
    type(Environment.objects.get().owner).objects.filter(username="alice").update(username="alicia")


def rewrite_the_goal(yard: Yard) -> None:
    operation = Change.objects.latest("requested_at").operations.get(stack__kind="compute")
    operation.parameters |= {"InstanceType": "t3.micro"}
    operation.save()


MOVES: dict[str, tuple[Callable[[Yard], object], str]] = {
    "stack updated": (lambda yard: update_outside(yard, COMPUTE), "hello-erlang-prod was updated at 14:05 UTC"),
    "the other stack updated": (lambda yard: update_outside(yard, DATA), "hello-erlang-data-prod was updated at 14:05"),
    "status changed": (lambda yard: yard.fake.force(COMPUTE, "UPDATE_ROLLBACK_COMPLETE"), "went from “ready” to"),
    "change set deleted": (delete_change_set, "the change set of hello-erlang-prod is gone"),
    "change set obsolete": (make_obsolete, "cannot be executed any more (OBSOLETE)"),
    "other changes": (list_otherwise, "changes other resources, or changes them otherwise"),
    "value changed": (
        lambda yard: waiting_set(yard).parameters.update(InstanceType="t3.large"),
        "has another value of InstanceType",
    ),
    "tags changed": (lambda yard: waiting_set(yard).tags.update(Owner="mallory"), "has other tags"),
    "owner renamed": (rename_the_owner, "has other tags"),
    "our own rows": (rewrite_the_goal, "has another value of InstanceType"),
}


@pytest.mark.parametrize("move", MOVES)
def test_whatever_moves_voids_the_approval(yard: Yard, move: str) -> None:
    change = approved_update(yard)
    happened, words = MOVES[move]
    happened(yard)
    yard.drive(change)
    assert change.status == "awaiting_approval", change.problem
    assert yard.fake.calls_of("ExecuteChangeSet") == 0
    first, second = change.plans.all()
    assert words in first.void_because
    assert (second.void_because, second.digest) == ("", change.plan_digest)
    assert first.digest != second.digest
    entry = AuditEntry.objects.get(change=change, verb="plan_moved")
    assert first.void_because[:200] in entry.summary
    assert change.expires_at is not None
    yard.approve(change)
    assert yard.drive(change).status == "succeeded", change.problem
    assert yard.fake.calls_of("ExecuteChangeSet") >= 1
    left = [one.execution for one in yard.fake.stack(COMPUTE).change_sets.values()]
    assert set(left) == {"EXECUTE_COMPLETE"}


def test_the_old_change_set_is_gone_before_a_new_one_is_made(yard: Yard) -> None:
    change = approved_update(yard)
    old = waiting_set(yard).arn
    waiting_set(yard).tags["Owner"] = "mallory"
    yard.drive(change)
    assert old not in yard.fake.world.change_sets
    assert waiting_set(yard).arn != old
    assert change.attempt == 2


def test_nothing_moved_and_the_reviewed_set_runs(yard: Yard) -> None:
    change = approved_update(yard)
    reviewed = waiting_set(yard).arn
    yard.clock.shift(timedelta(days=2))
    assert yard.drive(change).status == "succeeded"
    assert yard.fake.world.change_sets.keys() >= {reviewed}
    assert (yard.fake.calls_of("CreateChangeSet"), yard.fake.calls_of("ExecuteChangeSet")) == (0, 1)
    assert change.plans.get().void_because == ""


def test_nothing_is_altered_before_everything_was_read(yard: Yard) -> None:
    change = approved_update(yard)
    seen: list[str] = []
    yard.fake.script.before("ExecuteChangeSet", lambda: seen.extend(yard.fake.calls))
    yard.drive(change)
    assert {"cloudformation.DescribeStacks", "cloudformation.DescribeChangeSet"} <= set(seen)
    assert not [call for call in seen if call.split(".")[1].startswith(("Create", "Delete", "Put", "Update"))]


def test_a_create_whose_shell_is_gone_is_planned_again(yard: Yard) -> None:
    change = approved_create(yard)
    yard.fake.lose_stack(DATA)
    yard.drive(change)
    assert change.status == "awaiting_approval", change.problem
    assert "hello-erlang-data-prod was deleted by somebody else" in change.plans.all()[0].void_because
    assert yard.fake.calls_of("ExecuteChangeSet") == 0
    yard.approve(change)
    assert yard.drive(change).status == "succeeded"


def test_a_table_that_appeared_stops_a_create_that_was_approved(yard: Yard) -> None:
    change = approved_create(yard)
    yard.fake.make_table("prod-hello-erlang-messages", "other", items=7)
    yard.drive(change)
    assert "a table named prod-hello-erlang-messages has appeared" in change.plans.get().void_because
    assert change.status == "failed", "a table with other keys is not taken over"
    assert yard.fake.calls_of("ExecuteChangeSet") == 0
    assert len(yard.fake.table("prod-hello-erlang-messages").items) == 7


def test_a_compute_stack_that_appeared_stops_a_create_that_was_approved(yard: Yard) -> None:
    change = approved_create(yard)
    yard.fake.make_stack(COMPUTE, BY_HAND)
    yard.drive(change)
    assert "a stack named hello-erlang-prod has appeared" in change.plans.get().void_because
    assert (change.status, yard.fake.calls_of("ExecuteChangeSet")) == ("failed", 0)


def test_a_set_that_somebody_executed_in_the_console_is_history(yard: Yard) -> None:
    change = approved_create(yard)
    cloudformation.execute_change_set(
        yard.fake.clients(), waiting_set(yard, DATA).arn, token="console", retain_except_on_create=True
    )
    yard.fake.finish()
    yard.drive(change)
    assert change.status == "awaiting_approval", change.problem
    assert change.plan is not None
    assert [(one["kind"], one["action"]) for one in change.plan["stacks"]] == [("data", "none"), ("compute", "create")]
    yard.approve(change)
    assert yard.drive(change).status == "succeeded", change.problem
    assert yard.fake.stack(DATA).executed == 1


def test_a_stack_that_was_deleted_cannot_be_updated_any_more(yard: Yard) -> None:
    change = approved_update(yard)
    yard.fake.lose_stack(COMPUTE)
    yard.drive(change)
    assert "hello-erlang-prod was deleted" in change.plans.get().void_because
    assert change.status == "failed"
    assert change.problem is not None
    assert "There is no stack hello-erlang-prod to update" in change.problem["sentence"]


def test_a_plan_that_keeps_moving_ends(yard: Yard) -> None:
    change = approved_update(yard)
    for number in range(1, 6):
        waiting_set(yard).tags["Owner"] = "mallory"
        yard.drive(change)
        assert change.status == ("failed" if number == 5 else "awaiting_approval")
        if number < 5:
            yard.approve(change)
    assert change.problem is not None
    assert "moved 5 times" in change.problem["sentence"]
    assert yard.fake.calls_of("ExecuteChangeSet") == 0
    assert {one.execution for one in yard.fake.stack(COMPUTE).change_sets.values()} == {"EXECUTE_COMPLETE"}
    do_retry(yard.alice, change)
    yard.approve(yard.drive(change))
    assert yard.drive(change).status == "succeeded"


@pytest.mark.parametrize("operation", ["DescribeStacks", "DescribeChangeSet"])
@pytest.mark.parametrize("fault", ["throttle", "lose_call", "break_down"])
def test_a_bad_day_of_aws_only_delays_the_last_look(yard: Yard, operation: str, fault: str) -> None:
    change = approved_update(yard)
    getattr(yard.fake.script, fault)(operation, times=2)
    yard.tick(change)
    assert (change.status, change.tries) == ("queued", 1)
    assert yard.drive(change).status == "succeeded"
    assert change.plans.count() == 1


def test_a_right_that_is_missing_for_the_last_look_fails_with_a_sentence(yard: Yard) -> None:
    change = approved_update(yard)
    yard.fake.script.deny("DescribeChangeSet")
    yard.drive(change)
    assert change.status == "failed"
    assert yard.fake.calls_of("ExecuteChangeSet") == 0


@pytest.mark.parametrize("operation", ["DescribeStacks", "DeleteChangeSet", "CreateChangeSet"])
def test_a_lost_answer_while_planning_again_is_got_over(yard: Yard, operation: str) -> None:
    change = approved_update(yard)
    waiting_set(yard).tags["Owner"] = "mallory"
    yard.fake.script.lose_answer(operation, skip=0 if operation != "DescribeStacks" else 2)
    yard.drive(change)
    assert (change.status, change.plans.count()) == ("awaiting_approval", 2)
    yard.approve(change)
    assert yard.drive(change).status == "succeeded"
    assert {one.execution for one in yard.fake.stack(COMPUTE).change_sets.values()} == {"EXECUTE_COMPLETE"}


def test_what_an_earlier_try_has_done_is_no_move(yard: Yard) -> None:
    """The checklist fails, the change is tried again: its own stacks and tables are not held against it."""
    change = approved_create(yard)
    yard.fake.world.healthy = False
    yard.drive(change)
    assert change.status == "failed", "the instances never became healthy"
    yard.fake.world.healthy = True
    do_retry(yard.alice, change)
    assert yard.drive(change).status == "succeeded", change.problem
    assert change.plans.count() == 1


def test_a_kept_table_that_became_another_one_is_not_taken_over_unseen(yard: Yard, settings: Any) -> None:
    environment = yard.ready()
    for kind in (ChangeKind.DELETE_COMPUTE, ChangeKind.DELETE_DATA_STACK):
        yard.did(environment, kind)
    asks = (("approvals", 1), ("approver_groups", ("admins",)))
    settings.POLICIES = [PolicyFloor("*", "dev", asks, "policy.yaml", 1)]
    change = yard.approve(yard.drive(yard.create()))
    executed = yard.fake.calls_of("ExecuteChangeSet")
    yard.fake.table("dev-hello-erlang-messages").described["TableId"] = "made-since"
    yard.drive(change)
    assert (change.status, yard.fake.calls_of("ExecuteChangeSet")) == ("awaiting_approval", executed)
    assert "the tables to take over are not as they were" in change.plans.all()[0].void_because
    yard.approve(change)
    assert yard.drive(change).status == "succeeded", change.problem
    assert yard.fake.table("dev-hello-erlang-messages").described["TableId"] == "made-since"


def appear(yard: Yard) -> None:
    yard.fake.make_table("prod-hello-erlang-messages", "user_id", items=7)


OTHER_TABLES: dict[str, tuple[Callable[[Yard], object], str]] = {
    "one more": (appear, "a table named prod-hello-erlang-messages has appeared"),
    "one less": (lambda yard: yard.fake.lose_table(SESSIONS), "the table prod-hello-erlang-sessions is gone"),
    "another": (
        lambda yard: yard.fake.table(SESSIONS).described.update(TableId="made-since"),
        "prod-hello-erlang-sessions is another table now",
    ),
}


@pytest.mark.parametrize("move", OTHER_TABLES)
def test_only_the_very_tables_that_were_agreed_to_are_deleted(yard: Yard, move: str) -> None:
    environment = yard.ready(HELLO, "prod")
    for kind in (ChangeKind.DELETE_COMPUTE, ChangeKind.UNPROTECT):
        assert yard.drive(yard.approve(asked(yard, environment, kind))).status == "succeeded"
    yard.fake.lose_table("prod-hello-erlang-messages")
    change = yard.approve(asked(yard, environment, ChangeKind.DELETE_DATA))
    happened, words = OTHER_TABLES[move]
    happened(yard)
    yard.drive(change)
    assert change.status in {"awaiting_approval", "failed"}
    assert words in change.plans.all()[0].void_because
    assert yard.fake.calls_of("DeleteTable") == yard.fake.calls_of("CreateBackup") == 0
    assert yard.fake.stack(DATA).status == "CREATE_COMPLETE"


def asked(yard: Yard, environment: Environment, kind: ChangeKind) -> Change:
    """A later change with a reason, planned."""
    environment.refresh_from_db()
    ask = Ask(kind, reason="The service ends", key=uuid.uuid4(), confirm=environment.name)
    return yard.drive(do_request(yard.alice, environment, ask))
