"""Drift is repaired, or taken as it is, by changes that are planned, reviewed and run like any other (C13, T10).

ministack makes plain change sets where reverting ones are asked for: what that leads to is tested with the scripted
AWS told to do the same (`reverts_drift`).
"""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from provisioning.actions.drifting import (
    Pick,
    do_request_accept,
    do_request_repair,
    why_not_accept,
    why_not_repair,
)
from provisioning.actions.refusals import Refusal
from provisioning.actions.requesting import Ask
from provisioning.actions.retrying import do_retry
from provisioning.engine.drifting import drifted
from provisioning.lifecycle import ChangeKind, StackKind
from provisioning.models import Change, DriftCheck, DriftedResource, Environment

from .by_hand import DATA, SERVICE
from .drift_rows import checks, found, looked
from .yard import FILESHARE, HELLO, Yard

MESSAGES = "dev-hello-erlang-messages"
BILLING: Pick = (StackKind.DATA, "MessagesTable", "/BillingMode")
ON_DEMAND, BY_CAPACITY = "PAY_PER_REQUEST", "PROVISIONED"


@pytest.fixture
def edited(yard: Yard) -> Environment:
    """An environment of which somebody edited a table and a group in the console, and it is known."""
    environment = yard.ready()
    yard.fake.drift(DATA, "MessagesTable", BillingMode=BY_CAPACITY)
    yard.fake.drift(SERVICE, "Group", MaxSize="4")
    looked(yard, environment)
    assert list(found(environment)) == ["MessagesTable", "Group"]
    yard.clock.shift(timedelta(minutes=1))
    return environment


def ask(kind: ChangeKind) -> Ask:
    return Ask(kind, reason="Because", key=uuid.uuid4())


def repair(yard: Yard, environment: Environment, *kinds: StackKind) -> Change:
    """A repair, asked for by alice."""
    environment.refresh_from_db()
    wanted = kinds or tuple(StackKind)
    return do_request_repair(yard.alice, environment, ask(ChangeKind.REPAIR_DRIFT), stacks=wanted)


def accept(yard: Yard, environment: Environment, *picks: Pick) -> Change:
    """An acceptance, asked for by alice."""
    environment.refresh_from_db()
    return do_request_accept(yard.alice, environment, ask(ChangeKind.ACCEPT_DRIFT), picks=picks)


def billing(yard: Yard, table: str = MESSAGES) -> str:
    """How a table is really paid for."""
    return str(yard.fake.table(table).described["BillingModeSummary"]["BillingMode"])


def waiting(yard: Yard) -> list[str]:
    """The change sets that could still be executed."""
    return [one.name for one in yard.fake.stack(DATA).change_sets.values() if one.execution == "AVAILABLE"]


def sealed(change: Change, kind: str) -> dict[str, Any]:
    """The one part of a stack in the plan."""
    change.refresh_from_db()
    assert change.plan is not None
    (part,) = [one for one in change.plan["stacks"] if one["kind"] == kind]
    assert isinstance(part, dict)
    return part


def test_a_repair_brings_reality_back_to_the_template(yard: Yard, edited: Environment) -> None:
    yard.fake.table(MESSAGES).items["1"] = {}
    known = yard.stack(edited, "data")
    change = yard.drive(repair(yard, edited))
    assert change.status == "succeeded", change.problem
    assert (billing(yard), list(yard.fake.table(MESSAGES).items)) == (ON_DEMAND, ["1"])
    assert (found(edited), [check.result for check in checks(edited)]) == ({}, ["IN_SYNC", "IN_SYNC"])
    stack = yard.stack(edited, "data")
    assert (stack.template_id, stack.parameters) == (known.template_id, known.parameters)
    assert stack.blueprint_version == known.blueprint_version
    assert [step.note for step in change.steps.filter(name="ensure_drift_seen")] == ["No drift is left"]


def test_its_plan_tells_what_is_there_and_what_it_becomes(yard: Yard, edited: Environment) -> None:
    change = yard.drive(repair(yard, edited, StackKind.DATA))
    part = sealed(change, "data")
    (row,) = part["changes"]
    assert (row["logical_id"], row["action"], row["drift"]) == ("MessagesTable", "Modify", "MODIFIED")
    (detail,) = row["details"]
    assert (detail["path"], detail["before"], detail["after"]) == ("/Properties/BillingMode", BY_CAPACITY, ON_DEMAND)
    assert (part["action"], part["read_from"]) == ("update", "change_set")
    assert list(found(edited)) == ["Group"]


def test_prod_asks_before_it_repairs_and_reads_everything_again(yard: Yard) -> None:
    environment = yard.ready(HELLO, "prod")
    name = "prod-hello-erlang-messages"
    yard.fake.drift("hello-erlang-data-prod", "MessagesTable", BillingMode=BY_CAPACITY)
    looked(yard, environment)
    yard.clock.shift(timedelta(minutes=1))
    change = yard.drive(repair(yard, environment, StackKind.DATA))
    assert (change.status, billing(yard, name)) == ("awaiting_approval", BY_CAPACITY)
    yard.approve(change)
    assert yard.drive(change).status == "succeeded", change.problem
    assert billing(yard, name) == ON_DEMAND


def test_a_repair_that_was_approved_is_planned_again_when_the_stack_moves(yard: Yard) -> None:
    environment = yard.ready(HELLO, "prod")
    data = "hello-erlang-data-prod"
    yard.fake.drift(data, "MessagesTable", BillingMode=BY_CAPACITY)
    looked(yard, environment)
    yard.clock.shift(timedelta(minutes=1))
    change = yard.drive(repair(yard, environment, StackKind.DATA))
    first = change.plan_digest
    yard.fake.update_stack(data, parameters={"Alarms": "false"})
    yard.approve(change)
    yard.drive(change)
    assert change.status == "awaiting_approval"
    assert change.plan_digest != first
    yard.approve(change)
    assert yard.drive(change).status == "succeeded", change.problem
    assert yard.stack(environment, "data").parameters["Alarms"] == "false"


def test_a_table_that_was_deleted_is_made_again_empty_and_that_is_said(yard: Yard) -> None:
    environment = yard.ready()
    yard.fake.table(MESSAGES).items["1"] = {}
    yard.fake.lose_table(MESSAGES)
    looked(yard, environment, StackKind.DATA)
    yard.clock.shift(timedelta(minutes=1))
    (row,) = drifted(environment)
    assert "Restore it under its own name" in why_not_accept(environment, row)
    change = yard.drive(repair(yard, environment, StackKind.DATA))
    assert change.status == "succeeded", change.problem
    assert [finding["severity"] for finding in change.findings] == ["warning"]
    assert "was deleted outside Stackyard. A repair makes a new, empty one" in change.findings[0]["sentence"]
    assert dict(yard.fake.table(MESSAGES).items) == {}
    assert found(environment) == {}


def test_a_repair_may_not_replace_a_table(yard: Yard, edited: Environment) -> None:
    """The guard looks at what AWS says it would do, whatever it is asked for (C8)."""
    yard.fake.table(MESSAGES).described["KeySchema"] = [{"AttributeName": "user_id", "KeyType": "HASH"}]
    change = repair(yard, edited, StackKind.DATA)

    def replaced() -> None:
        for found_set in yard.fake.stack(DATA).change_sets.values():
            for row in found_set.changes:
                row["ResourceChange"]["Replacement"] = "True"

    yard.fake.script.after("CreateChangeSet", replaced)
    yard.drive(change)
    assert (change.status, (change.problem or {})["code"]) == ("failed", "data-guard")
    assert billing(yard) == BY_CAPACITY
    assert not waiting(yard)


def test_an_endpoint_that_cannot_revert_drift_says_so_and_nothing_is_done(yard: Yard, edited: Environment) -> None:
    yard.fake.world.reverts_drift = False
    change = yard.drive(repair(yard, edited))
    assert (change.status, (change.problem or {})["code"]) == ("failed", "no-revert")
    assert "does not know change sets that revert drift" in (change.problem or {})["sentence"]
    assert (billing(yard), waiting(yard)) == (BY_CAPACITY, [])
    assert list(found(edited)) == ["MessagesTable", "Group"]


def test_what_was_set_back_meanwhile_leaves_nothing_to_repair(yard: Yard, edited: Environment) -> None:
    yard.fake.drift(DATA, "MessagesTable", BillingMode=ON_DEMAND)
    change = yard.drive(repair(yard, edited, StackKind.DATA))
    assert (change.status, change.waiting_for) == (
        "succeeded",
        "Nothing to change: everything is already as asked.",
    )


@pytest.mark.parametrize(
    "call", ["CreateChangeSet", "ExecuteChangeSet", "DetectStackDrift", "DescribeStackResourceDrifts"]
)
def test_a_repair_survives_lost_answers_and_throttling(yard: Yard, edited: Environment, call: str) -> None:
    yard.fake.script.lose_answer(call)
    yard.fake.script.throttle(call, times=1, skip=1)
    change = yard.drive(repair(yard, edited))
    assert change.status == "succeeded", change.problem
    assert (billing(yard), found(edited)) == (ON_DEMAND, {})
    assert yard.fake.stack(DATA).executed == 2


def test_a_repair_that_fails_leaves_a_stack_that_works_and_can_be_tried_again(yard: Yard, edited: Environment) -> None:
    yard.fake.script.fail("MessagesTable", "Subscriber limit exceeded", verb="UPDATE")
    change = yard.drive(repair(yard, edited, StackKind.DATA))
    assert change.status == "failed"
    assert yard.stack(edited, "data").status == "UPDATE_ROLLBACK_COMPLETE"
    do_retry(yard.alice, change)
    assert yard.drive(change).status == "succeeded", change.problem
    assert billing(yard) == ON_DEMAND


def test_a_stack_that_is_gone_or_stuck_is_not_repaired(yard: Yard, edited: Environment) -> None:
    assert why_not_repair(edited) == ""
    yard.fake.force(DATA, "UPDATE_ROLLBACK_FAILED")
    change = yard.drive(repair(yard, edited, StackKind.DATA))
    assert (change.status, (change.problem or {})["code"]) == ("failed", "stuck")


def test_why_not_repair(yard: Yard) -> None:
    environment = yard.ready()
    assert why_not_repair(environment) == f"No drift of {environment} is known. Look for it first."
    assert why_not_repair(environment, StackKind.DATA) == f"No drift of {DATA} is known. Look for it first."
    with pytest.raises(Refusal) as refused:
        repair(yard, environment, StackKind.DATA)
    assert refused.value.code == "no-drift"


def test_what_is_accepted_is_written_down_and_alters_nothing(yard: Yard, edited: Environment) -> None:
    yard.fake.calls.clear()
    change = yard.drive(accept(yard, edited, BILLING))
    assert change.status == "succeeded", change.problem
    part = sealed(change, "data")
    (row,) = part["changes"]
    assert (part["action"], row["action"], row["logical_id"]) == ("accept", "SyncWithActual", "MessagesTable")
    (detail,) = row["details"]
    assert (detail["path"], detail["before"], detail["after"], detail["cause"]) == (
        "/Properties/BillingMode",
        ON_DEMAND,
        BY_CAPACITY,
        "taken as it is from now on",
    )
    assert not {call for call in yard.fake.calls if "ChangeSet" in call}
    assert (list(found(edited)), billing(yard)) == (["Group"], BY_CAPACITY)
    resource = DriftedResource.objects.get(logical_id="MessagesTable")
    assert resource.accepted_by == change
    assert why_not_accept(edited, resource) == f"{MESSAGES} was accepted as it is."


def test_an_accepted_value_stays_accepted_until_it_is_another_one(yard: Yard, edited: Environment) -> None:
    group: Pick = (StackKind.COMPUTE, "Group", "/MaxSize")
    yard.drive(accept(yard, edited, group))
    yard.clock.shift(timedelta(minutes=1))
    looked(yard, edited)
    assert list(found(edited)) == ["MessagesTable"]
    yard.fake.drift(SERVICE, "Group", MaxSize="6")
    yard.clock.shift(timedelta(minutes=1))
    looked(yard, edited)
    assert list(found(edited)) == ["MessagesTable", "Group"]


def test_a_value_that_one_parameter_decides_becomes_the_parameters(yard: Yard) -> None:
    """Else the next update would undo what was accepted."""
    environment = yard.ready(FILESHARE)
    name = environment.stacks.get(kind="compute").name
    before = yard.stack(environment, "compute").parameters["LogRetention"]
    yard.fake.drift(name, "LogGroup", RetentionInDays=90)
    looked(yard, environment, StackKind.COMPUTE)
    assert found(environment) == {"LogGroup": [("/RetentionInDays", before, "90")]}
    yard.clock.shift(timedelta(minutes=1))
    change = yard.drive(accept(yard, environment, (StackKind.COMPUTE, "LogGroup", "/RetentionInDays")))
    assert change.status == "succeeded", change.problem
    part = sealed(change, "compute")
    assert (part["action"], part["parameters"]["LogRetention"]) == ("update", "90")
    stack = yard.stack(environment, "compute")
    assert (stack.parameters["LogRetention"], found(environment)) == ("90", {})
    assert DriftCheck.objects.get(stack=stack).result == "IN_SYNC"
    change = yard.did(environment, ChangeKind.UPDATE)
    assert (change.status, yard.stack(environment, "compute").parameters["LogRetention"]) == ("succeeded", "90")


def test_values_and_what_is_only_written_down_in_one_change(yard: Yard) -> None:
    environment = yard.ready(FILESHARE)
    name = environment.stacks.get(kind="compute").name
    yard.fake.drift(name, "LogGroup", RetentionInDays=90)
    yard.fake.drift(name, "Service", HealthCheckGracePeriodSeconds=90, DesiredCount=7)
    looked(yard, environment, StackKind.COMPUTE)
    assert list(found(environment)) == ["LogGroup", "Service"]
    yard.clock.shift(timedelta(minutes=1))
    picks = [(StackKind.COMPUTE, "LogGroup", "/RetentionInDays")]
    picks += [(StackKind.COMPUTE, "Service", "/HealthCheckGracePeriodSeconds")]
    change = yard.drive(accept(yard, environment, *picks))
    assert change.status == "succeeded", change.problem
    assert change.plan is not None
    assert [(part["part"], part["action"]) for part in change.plan["stacks"]] == [(0, "update"), (1, "accept")]
    assert found(environment) == {}
    assert yard.stack(environment, "compute").parameters["LogRetention"] == "90"


def test_prod_asks_before_it_accepts_and_the_digest_covers_the_picks(yard: Yard) -> None:
    environment = yard.ready(HELLO, "prod")
    data = "hello-erlang-data-prod"
    yard.fake.drift(data, "MessagesTable", BillingMode=BY_CAPACITY, DeletionProtectionEnabled=False)
    looked(yard, environment)
    yard.clock.shift(timedelta(minutes=1))
    change = yard.drive(accept(yard, environment, BILLING))
    assert change.status == "awaiting_approval"
    Change.objects.filter(pk=change.pk).update(status="cancelled", next_check_at=None)
    change.operations.update(is_open=False)
    other = yard.drive(accept(yard, environment, (StackKind.DATA, "MessagesTable", "/DeletionProtectionEnabled")))
    assert other.plan_digest != change.plan_digest
    yard.approve(other)
    assert yard.drive(other).status == "succeeded", other.problem
    assert found(environment) == {
        "MessagesTable": [
            ("/BillingMode", ON_DEMAND, BY_CAPACITY),
            ("/DeletionProtectionEnabled", "true", "false"),
        ]
    }
    (row,) = drifted(environment)
    assert [one["path"] for one in row.accepted] == ["/DeletionProtectionEnabled"]


def test_what_has_moved_since_it_was_agreed_to_is_not_accepted(yard: Yard) -> None:
    environment = yard.ready(HELLO, "prod")
    yard.fake.drift("hello-erlang-data-prod", "MessagesTable", BillingMode=BY_CAPACITY)
    looked(yard, environment)
    yard.clock.shift(timedelta(minutes=1))
    change = yard.drive(accept(yard, environment, BILLING))
    row = drifted(environment)[0]
    row.differences[0]["actual"] = "ANOTHER"
    row.save()
    yard.approve(change)
    yard.drive(change)
    assert (change.status, (change.problem or {})["code"]) == ("failed", "drift-moved")
    row.refresh_from_db()
    assert row.accepted == []


@pytest.mark.parametrize(
    ("pick", "code"),
    [
        ((StackKind.DATA, "Nothing", "/BillingMode"), "no-drift"),
        ((StackKind.DATA, "MessagesTable", "/KeySchema"), "no-drift"),
    ],
)
def test_only_what_is_known_can_be_accepted(yard: Yard, edited: Environment, pick: Pick, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        accept(yard, edited, pick)
    assert refused.value.code == code


def test_what_is_gone_cannot_be_accepted(yard: Yard) -> None:
    environment = yard.ready()
    yard.fake.lose_resource(SERVICE, "Group")
    looked(yard, environment)
    (row,) = drifted(environment)
    assert "Repair the drift to have it made again" in why_not_accept(environment, row)
    with pytest.raises(Refusal) as refused:
        accept(yard, environment, (StackKind.COMPUTE, "Group", "/MaxSize"))
    assert refused.value.code == "cannot-accept"


def test_a_second_click_is_the_same_change(yard: Yard, edited: Environment) -> None:
    one = ask(ChangeKind.REPAIR_DRIFT)
    first = do_request_repair(yard.alice, edited, one, stacks=(StackKind.DATA,))
    assert do_request_repair(yard.alice, edited, one, stacks=(StackKind.DATA,)) == first
    other = ask(ChangeKind.ACCEPT_DRIFT)
    with pytest.raises(Refusal) as refused:
        do_request_accept(yard.alice, edited, other, picks=(BILLING,))
    assert refused.value.code == "change-open"
