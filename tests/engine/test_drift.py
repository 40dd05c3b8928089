"""Drift is looked for on demand and at night, a few stacks at once, and what is found is kept per property (D4-D6).

What ministack can show of it is in `test_contract_drift`; detections that take their time, fail or get lost only the
scripted AWS can.
"""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from provisioning.actions.actor import AUDITORS, Actor
from provisioning.actions.drifting import do_detect_drift, why_not_detect
from provisioning.actions.refusals import Refusal
from provisioning.engine.comparing import compare, compare_soon
from provisioning.engine.drifting import AT_ONCE, detect, drifted, due_drift, is_checking, plan_checks
from provisioning.lifecycle import ChangeKind, StackKind
from provisioning.models import AuditEntry, DriftCheck, DriftedResource, Environment, Stack

from .by_hand import DATA, SERVICE
from .drift_rows import checks, found, looked
from .yard import HELLO, UPDATED, Yard

MESSAGES = "dev-hello-erlang-messages"
READS = {
    "cloudformation.DetectStackDrift",
    "cloudformation.DescribeStackDriftDetectionStatus",
    "cloudformation.DescribeStackResourceDrifts",
}


@pytest.fixture
def ready(yard: Yard) -> Environment:
    """An environment that is up."""
    environment = yard.ready()
    yard.fake.calls.clear()
    return environment


def test_what_is_as_its_template_says_is_in_sync(yard: Yard, ready: Environment) -> None:
    looked(yard, ready)
    assert [check.result for check in checks(ready)] == ["IN_SYNC", "IN_SYNC"]
    assert (drifted(ready), {check.seen_at for check in checks(ready)} == {None}) == ((), False)
    assert yard.fake.calls.keys() == READS


def test_an_edit_in_the_console_is_told_by_property(yard: Yard, ready: Environment) -> None:
    yard.fake.drift(DATA, "MessagesTable", BillingMode="PROVISIONED", DeletionProtectionEnabled=True)
    looked(yard, ready)
    assert found(ready) == {
        "MessagesTable": [
            ("/BillingMode", "PAY_PER_REQUEST", "PROVISIONED"),
            ("/DeletionProtectionEnabled", "false", "true"),
        ]
    }
    assert [check.result for check in checks(ready)] == ["DRIFTED", "IN_SYNC"]
    row = drifted(ready)[0]
    assert (row.status, row.physical_id, row.check_of.stack.name) == ("MODIFIED", MESSAGES, DATA)


def test_what_was_deleted_by_hand_is_told(yard: Yard, ready: Environment) -> None:
    yard.fake.lose_table(MESSAGES)
    yard.fake.lose_resource(SERVICE, "Group")
    looked(yard, ready)
    assert [(row.logical_id, row.status) for row in drifted(ready)] == [
        ("MessagesTable", "DELETED"),
        ("Group", "DELETED"),
    ]


def test_what_is_set_back_is_forgotten(yard: Yard, ready: Environment) -> None:
    yard.fake.drift(DATA, "MessagesTable", BillingMode="PROVISIONED")
    looked(yard, ready)
    yard.fake.drift(DATA, "MessagesTable", BillingMode="PAY_PER_REQUEST")
    yard.clock.shift(timedelta(minutes=1))
    looked(yard, ready)
    assert not DriftedResource.objects.exists()
    assert [check.result for check in checks(ready)] == ["IN_SYNC", "IN_SYNC"]


def provisioned(yard: Yard) -> Environment:
    """An environment whose tables have capacity of their own, moved by hand since."""
    environment = yard.ready()
    change = yard.did(environment, ChangeKind.UPDATE, {"data": {"BillingMode": "PROVISIONED"}})
    assert change.status == "succeeded", change.problem
    moved = {"ReadCapacityUnits": 50, "WriteCapacityUnits": 5}
    yard.fake.drift(DATA, "SessionsTable", ProvisionedThroughput=moved)
    return environment


def test_capacity_that_scales_by_itself_is_no_drift(yard: Yard) -> None:
    """T10."""
    environment = provisioned(yard)
    yard.fake.register_scaling("table/dev-hello-erlang-sessions", "dynamodb:table:ReadCapacityUnits")
    looked(yard, environment)
    assert (found(environment), [check.result for check in checks(environment)]) == ({}, ["IN_SYNC", "IN_SYNC"])


def test_capacity_that_somebody_changed_is_drift(yard: Yard) -> None:
    environment = provisioned(yard)
    looked(yard, environment)
    assert found(environment) == {"SessionsTable": [("/ProvisionedThroughput/ReadCapacityUnits", "5", "50")]}


def test_the_number_of_machines_is_no_drift(yard: Yard, ready: Environment) -> None:
    yard.fake.drift(SERVICE, "Group", DesiredCapacity="2", MaxSize="4")
    looked(yard, ready)
    assert found(ready) == {"Group": [("/MaxSize", "2", "4")]}


def test_protection_that_was_switched_off_knowingly_is_no_drift(yard: Yard) -> None:
    environment = yard.ready(HELLO, "prod")
    yard.fake.table("prod-hello-erlang-messages").described["DeletionProtectionEnabled"] = False
    looked(yard, environment, StackKind.DATA)
    assert found(environment) == {"MessagesTable": [("/DeletionProtectionEnabled", "true", "false")]}
    Environment.objects.filter(pk=environment.pk).update(data_protected=False)
    yard.clock.shift(timedelta(minutes=1))
    looked(yard, environment, StackKind.DATA)
    assert found(environment) == {}


def test_a_detection_takes_its_time(yard: Yard, ready: Environment) -> None:
    yard.fake.pace.drift_looks = 5
    yard.fake.drift(DATA, "MessagesTable", BillingMode="PROVISIONED")
    do_detect_drift(yard.alice, ready, (StackKind.DATA,))
    assert detect(yard.account.pk, yard.fake.aws_for) == 2
    assert is_checking(checks(ready)[0])
    yard.clock.shift(timedelta(seconds=2))
    assert detect(yard.account.pk, yard.fake.aws_for) == 2
    assert found(ready) == {}
    looked(yard, ready, StackKind.DATA)
    assert list(found(ready)) == ["MessagesTable"]
    assert yard.fake.calls_of("DetectStackDrift") == 1
    assert yard.fake.calls_of("DetectionStatus") == 5


def test_a_failed_detection_keeps_what_it_found_and_says_why(yard: Yard, ready: Environment) -> None:
    yard.fake.drift(DATA, "MessagesTable", BillingMode="PROVISIONED")
    yard.fake.drift(DATA, "SessionsTable", BillingMode="PROVISIONED")
    looked(yard, ready, StackKind.DATA)
    yard.fake.drift(DATA, "MessagesTable", BillingMode="PAY_PER_REQUEST")
    yard.fake.world.unreadable.add("SessionsTable")
    yard.clock.shift(timedelta(hours=1))
    looked(yard, ready, StackKind.DATA)
    check = checks(ready)[0]
    assert (list(found(ready)), check.result) == (["SessionsTable"], "UNKNOWN")
    assert check.reason == "Failed to detect drift on resources [SessionsTable]"


def test_a_worker_that_ends_after_the_call_leads_to_one_result(yard: Yard, ready: Environment) -> None:
    """Its detection runs on in AWS, which takes no second one: ours comes after it."""
    yard.fake.pace.drift_looks = 3
    yard.fake.drift(DATA, "MessagesTable", BillingMode="PROVISIONED")
    do_detect_drift(yard.alice, ready, (StackKind.DATA,))
    yard.fake.script.after("DetectStackDrift", _killed)
    with pytest.raises(KeyboardInterrupt):
        detect(yard.account.pk, yard.fake.aws_for)
    assert due_drift(timezone.now()) == []
    yard.clock.shift(timedelta(seconds=61))
    assert due_drift(timezone.now()) == [yard.account.pk]
    detect(yard.account.pk, yard.fake.aws_for)
    assert checks(ready)[0].detection_id == ""
    (orphan,) = yard.fake.world.detections.values()
    orphan.looks_left = 0
    looked(yard, ready, StackKind.DATA)
    assert list(found(ready)) == ["MessagesTable"]


@pytest.mark.parametrize("call", ["DescribeStackDriftDetectionStatus", "DescribeStackResourceDrifts"])
def test_a_worker_that_ends_while_it_reads_leads_to_one_result(yard: Yard, ready: Environment, call: str) -> None:
    yard.fake.drift(DATA, "MessagesTable", BillingMode="PROVISIONED")
    do_detect_drift(yard.alice, ready, (StackKind.DATA,))
    detect(yard.account.pk, yard.fake.aws_for)
    yard.clock.shift(timedelta(seconds=2))
    yard.fake.script.before(call, _killed)
    with pytest.raises(KeyboardInterrupt):
        detect(yard.account.pk, yard.fake.aws_for)
    yard.clock.shift(timedelta(seconds=61))
    detect(yard.account.pk, yard.fake.aws_for)
    assert (list(found(ready)), is_checking(checks(ready)[0])) == (["MessagesTable"], False)
    assert yard.fake.calls_of("DetectStackDrift") == 1


def _killed() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "call", ["DetectStackDrift", "DescribeStackDriftDetectionStatus", "DescribeStackResourceDrifts"]
)
def test_throttling_and_lost_answers_only_take_time(yard: Yard, ready: Environment, call: str) -> None:
    yard.fake.drift(DATA, "MessagesTable", BillingMode="PROVISIONED")
    yard.fake.script.throttle(call, times=2)
    yard.fake.script.lose_answer(call, skip=2)
    looked(yard, ready)
    assert list(found(ready)) == ["MessagesTable"]


def test_a_right_that_is_missing_is_told_and_tried_again_at_night(yard: Yard, ready: Environment) -> None:
    yard.fake.script.deny("DetectStackDrift")
    do_detect_drift(yard.alice, ready, (StackKind.DATA,))
    assert detect(yard.account.pk, yard.fake.aws_for) is None
    check = checks(ready)[0]
    assert "may not" in check.reason or "right" in check.reason or "allow" in check.reason
    assert not is_checking(check)
    assert check.due_at is not None
    assert check.due_at > timezone.now() + timedelta(minutes=30)


def test_a_detection_that_aws_forgot_is_begun_again(yard: Yard, ready: Environment) -> None:
    yard.fake.pace.drift_looks = 3
    do_detect_drift(yard.alice, ready, (StackKind.DATA,))
    detect(yard.account.pk, yard.fake.aws_for)
    yard.fake.world.detections.clear()
    yard.clock.shift(timedelta(seconds=2))
    detect(yard.account.pk, yard.fake.aws_for)
    check = checks(ready)[0]
    assert check.detection_id == ""
    assert check.reason == "The detection got lost in CloudFormation. It is begun again."
    yard.clock.shift(timedelta(minutes=10))
    looked(yard, ready, StackKind.DATA)
    assert (checks(ready)[0].result, checks(ready)[0].reason) == ("IN_SYNC", "")


def test_never_while_a_change_has_the_stack(yard: Yard, ready: Environment) -> None:
    do_detect_drift(yard.alice, ready)
    change = yard.ask(ready, ChangeKind.UPDATE, UPDATED[HELLO])
    yard.fake.calls.clear()
    detect(yard.account.pk, yard.fake.aws_for)
    assert not yard.fake.calls
    yard.drive(change)
    yard.clock.shift(timedelta(minutes=10))
    looked(yard, ready)
    assert [check.result for check in checks(ready)] == ["IN_SYNC", "IN_SYNC"]


def test_what_was_found_while_a_change_began_is_thrown_away(yard: Yard, ready: Environment) -> None:
    yard.fake.pace.drift_looks = 2
    yard.fake.drift(SERVICE, "Group", MaxSize="4")
    do_detect_drift(yard.alice, ready, (StackKind.COMPUTE,))
    detect(yard.account.pk, yard.fake.aws_for)
    yard.did(ready, ChangeKind.UPDATE, UPDATED[HELLO])
    for _ in range(4):
        yard.clock.shift(timedelta(seconds=10))
        detect(yard.account.pk, yard.fake.aws_for)
    check = DriftCheck.objects.get(stack__kind="compute")
    assert (check.detection_id, check.seen_at, found(ready)) == ("", None, {})
    assert check.reason.startswith("A change began")
    yard.clock.shift(timedelta(minutes=10))
    looked(yard, ready, StackKind.COMPUTE)
    assert list(found(ready)) == ["Group"]


def test_a_few_at_once_in_an_account(yard: Yard) -> None:
    environments = [yard.ready(HELLO, f"dev-{letter}") for letter in "abcd"]
    yard.fake.pace.drift_looks = 2
    for environment in environments:
        do_detect_drift(yard.ada, environment)
    for _ in range(40):
        detect(yard.account.pk, yard.fake.aws_for)
        running = sum(one.looks_left > 0 for one in yard.fake.world.detections.values())
        assert running <= AT_ONCE
        assert DriftCheck.objects.exclude(detection_id="").count() <= AT_ONCE
        yard.clock.shift(timedelta(seconds=5))
    assert DriftCheck.objects.filter(result="IN_SYNC").count() == 8
    assert yard.fake.calls_of("DetectStackDrift") == 8


def test_every_night_each_stack_at_its_own_time(yard: Yard) -> None:
    environments = [yard.ready(HELLO, f"dev-{letter}") for letter in "abc"]
    compare_soon(yard.account.pk)
    compare(yard.account.pk, yard.fake.aws_for)
    due = list(DriftCheck.objects.values_list("due_at", flat=True))
    night = datetime(2026, 5, 5, tzinfo=UTC)
    assert len(set(due)) == 6
    assert all(at is not None and night <= at < night + timedelta(hours=5) for at in due)
    yard.fake.drift("hello-erlang-data-dev-a", "MessagesTable", BillingMode="PROVISIONED")
    yard.clock.move_to(night)
    for _ in range(5 * 60 + 5):
        if due_drift(timezone.now()):
            detect(yard.account.pk, yard.fake.aws_for)
        yard.clock.shift(timedelta(minutes=1))
    assert list(found(environments[0])) == ["MessagesTable"]
    assert yard.fake.calls_of("DetectStackDrift") == 6
    assert set(DriftCheck.objects.values_list("due_at", flat=True)) == {at + timedelta(days=1) for at in due if at}


def test_a_stack_that_is_gone_has_no_turn(yard: Yard, ready: Environment) -> None:
    looked(yard, ready)
    yard.did(ready, ChangeKind.PARK)
    yard.clock.shift(timedelta(days=1))
    detect(yard.account.pk, yard.fake.aws_for)
    check = DriftCheck.objects.get(stack__kind="compute")
    assert check.due_at is None
    yard.did(ready, ChangeKind.WAKE)
    plan_checks(yard.account.pk, timezone.now())
    check.refresh_from_db()
    assert check.due_at is not None


def test_what_a_roll_back_skipped_is_in_order_once_it_is_seen_to_be(yard: Yard, ready: Environment) -> None:
    """S11."""
    Stack.objects.filter(environment=ready, kind="data").update(skipped=["MessagesTable", "SessionsTable"])
    yard.fake.drift(DATA, "SessionsTable", BillingMode="PROVISIONED")
    looked(yard, ready, StackKind.DATA)
    assert yard.stack(ready, "data").skipped == ["SessionsTable"]
    yard.fake.drift(DATA, "SessionsTable", BillingMode="PAY_PER_REQUEST")
    yard.clock.shift(timedelta(minutes=1))
    looked(yard, ready, StackKind.DATA)
    assert yard.stack(ready, "data").skipped == []


def test_who_may_have_it_looked_for_and_when(yard: Yard, ready: Environment) -> None:
    auditor = Actor(yard.bob.user_id, "bob", frozenset({AUDITORS}))
    with pytest.raises(Refusal) as refused:
        do_detect_drift(auditor, ready)
    assert refused.value.forbidden
    do_detect_drift(yard.bob, ready)
    do_detect_drift(yard.alice, ready)
    entries = AuditEntry.objects.filter(environment=ready, verb="detect_drift")
    assert [entry.by_id for entry in entries] == [yard.bob.user_id] * 2
    assert why_not_detect(ready) == ""


@pytest.mark.parametrize("status", ["IMPORT_COMPLETE", "ROLLBACK_COMPLETE", "UPDATE_IN_PROGRESS", "DELETE_FAILED"])
def test_only_in_the_four_statuses_in_which_aws_does(yard: Yard, ready: Environment, status: str) -> None:
    """D4."""
    Stack.objects.filter(environment=ready, kind="data").update(status=status)
    assert "does not look for drift" in why_not_detect(ready, StackKind.DATA)
    with pytest.raises(Refusal):
        do_detect_drift(yard.alice, ready, (StackKind.DATA,))
    assert why_not_detect(ready) == ""
    assert len(do_detect_drift(yard.alice, ready)) == 1
