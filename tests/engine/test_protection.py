"""Protection of data: put on where the stage asks for it, read back, and switched as a change of its own."""

import json

import pytest

from provisioning.actions.order import why_not_now
from provisioning.actions.refusals import Refusal
from provisioning.actions.requesting import Ask, do_request
from provisioning.actions.retrying import do_retry
from provisioning.lifecycle import ChangeKind, EnvironmentStatus, Outcome
from provisioning.models import AuditEntry, Change, Check, Environment
from provisioning.planning.stack_policy import keeping_tables, keeps_tables

from .yard import HELLO, UPDATED, Yard

DATA = "hello-erlang-data-prod"
TABLES = ("prod-hello-erlang-messages", "prod-hello-erlang-sessions")
SWITCHES = ("UpdateTerminationProtection", "SetStackPolicy", "UpdateTable")


def switch(yard: Yard, environment: Environment, kind: ChangeKind, reason: str = "The service ends") -> Change:
    """Ask for protection to be switched, have it approved where that is asked for, and drive it to its end."""
    environment.refresh_from_db()
    change = yard.drive(do_request(yard.alice, environment, Ask(kind, reason=reason)))
    if change.status == "awaiting_approval":
        yard.approve(change)
        yard.drive(change)
    return change


def protected(yard: Yard) -> tuple[bool, bool, list[bool]]:
    """What AWS has: termination protection, the policy, each table's own."""
    stack = yard.fake.stack(DATA)
    return stack.protected, keeps_tables(stack.policy), [yard.fake.table(name).protected for name in TABLES]


def lines(environment: Environment) -> dict[str, str]:
    """The checklist's lines about protection."""
    rows = Check.objects.filter(environment=environment, label__in=LABELS)
    return {f"{row.group}: {row.label}": row.outcome for row in rows}


LABELS = ("Termination protection is on", "Stack policy keeps the tables", "Deletion protection is on")


def test_prod_gets_termination_protection_and_a_policy_that_are_read_back(yard: Yard) -> None:
    environment = yard.ready(HELLO, "prod")
    assert protected(yard) == (True, True, [True, True])
    assert json.loads(yard.fake.stack(DATA).policy) == json.loads(keeping_tables())
    stack = yard.stack(environment, "data")
    assert (stack.termination_protection, stack.update_policy) == (True, True)
    assert stack.protection_seen_at is not None
    assert set(lines(environment).values()) == {Outcome.GOOD}
    assert [yard.fake.calls_of(one) for one in SWITCHES] == [1, 1, 0]


def test_dev_is_asked_nothing_about_protection(yard: Yard) -> None:
    environment = yard.ready(HELLO, "dev")
    assert [yard.fake.calls_of(one) for one in (*SWITCHES, "GetStackPolicy")] == [0, 0, 0, 0]
    assert lines(environment) == {}


@pytest.mark.parametrize("fault", ["lose_call", "lose_answer"])
@pytest.mark.parametrize("operation", ["UpdateTerminationProtection", "SetStackPolicy", "GetStackPolicy"])
def test_a_fault_while_protecting_is_got_over(yard: Yard, operation: str, fault: str) -> None:
    getattr(yard.fake.script, fault)(operation)
    yard.ready(HELLO, "prod")
    assert protected(yard) == (True, True, [True, True])


def test_a_protection_that_aws_does_not_show_stops_and_a_retry_puts_it_on(yard: Yard) -> None:
    def forget() -> None:
        yard.fake.stack(DATA).protected = False

    yard.fake.script.after("UpdateTerminationProtection", forget)
    change = yard.drive(yard.create(HELLO, "prod"))
    yard.approve(change)
    yard.drive(change)
    assert change.status == "failed"
    assert change.problem is not None
    assert "does not show it" in change.problem["sentence"]
    executed = yard.fake.calls_of("ExecuteChangeSet")
    assert yard.drive(do_retry(yard.alice, change)).status == "succeeded", change.problem
    assert protected(yard) == (True, True, [True, True])
    assert yard.fake.calls_of("ExecuteChangeSet") == executed + 1  # compute; data was done


def test_an_update_brings_back_what_was_lost_and_keeps_what_else_the_policy_says(yard: Yard) -> None:
    environment = yard.ready(HELLO, "prod")
    stack = yard.fake.stack(DATA)
    other = {"Effect": "Deny", "Action": "Update:*", "Principal": "*", "Resource": "LogicalResourceId/Alarm"}
    stack.protected, stack.policy = False, json.dumps({"Statement": [other]})
    change = yard.did(environment, ChangeKind.UPDATE, UPDATED[HELLO])
    yard.approve(change)
    assert yard.drive(change).status == "succeeded", change.problem
    assert protected(yard)[:2] == (True, True)
    assert other in json.loads(stack.policy)["Statement"]


def test_switching_protection_off_is_a_recorded_change_that_a_second_person_approves(yard: Yard) -> None:
    environment = yard.ready(HELLO, "prod")
    change = do_request(yard.alice, environment, Ask(ChangeKind.UNPROTECT, reason="The service ends"))
    yard.drive(change)
    assert change.status == "awaiting_approval"
    assert protected(yard) == (True, True, [True, True])
    assert change.plan is not None
    rows = {(row["name"], row["details"][0]["path"]) for row in change.plan["stacks"][0]["changes"]}
    assert rows == {
        ("hello-erlang/prod", "DataProtected"),
        (DATA, "EnableTerminationProtection"),
        *((name, "DeletionProtectionEnabled") for name in TABLES),
    }
    assert change.plan["cost"]["delta"] in {"0", "0.00"} or float(change.plan["cost"]["delta"]) == 0
    yard.approve(change)
    assert yard.drive(change).status == "succeeded", change.problem
    assert protected(yard) == (False, True, [False, False])
    environment.refresh_from_db()
    assert not environment.data_protected
    assert environment.unprotected_by_id == yard.alice.user_id
    assert environment.unprotected_because == "The service ends"
    assert environment.unprotected_at is not None
    assert environment.status == EnvironmentStatus.READY
    assert AuditEntry.objects.filter(change=change, verb="request_unprotect", reason="The service ends").exists()


@pytest.mark.parametrize("reason", ["", "   "])
def test_switching_off_without_a_reason_is_refused(yard: Yard, reason: str) -> None:
    environment = yard.ready()
    with pytest.raises(Refusal) as refused:
        do_request(yard.alice, environment, Ask(ChangeKind.UNPROTECT, reason=reason))
    assert set(refused.value.fields) == {"reason"}
    assert not Change.objects.filter(kind=ChangeKind.UNPROTECT).exists()


def test_where_nothing_is_protected_in_aws_the_lock_is_switched_all_the_same(yard: Yard) -> None:
    environment = yard.ready()
    yard.fake.calls.clear()
    change = switch(yard, environment, ChangeKind.UNPROTECT)
    assert (change.status, change.environment.data_protected) == ("succeeded", False)
    assert [yard.fake.calls_of(one) for one in SWITCHES] == [0, 0, 0]
    assert "not protected now" in why_not_now(change.environment, ChangeKind.UNPROTECT)
    back = switch(yard, environment, ChangeKind.PROTECT, reason="")
    assert (back.status, back.environment.data_protected) == ("succeeded", True)
    assert (back.environment.unprotected_by, back.environment.unprotected_because) == (None, "")
    assert [yard.fake.calls_of(one) for one in SWITCHES] == [0, 0, 0]
    assert "protected already" in why_not_now(back.environment, ChangeKind.PROTECT)


def test_a_parked_environment_stays_parked(yard: Yard) -> None:
    environment = yard.ready()
    yard.did(environment, ChangeKind.PARK)
    assert switch(yard, environment, ChangeKind.UNPROTECT).environment.status == EnvironmentStatus.PARKED


@pytest.mark.parametrize("fault", ["lose_call", "lose_answer"])
@pytest.mark.parametrize("operation", ["UpdateTerminationProtection", "UpdateTable", "DescribeTable"])
def test_a_fault_while_switching_off_is_got_over(yard: Yard, operation: str, fault: str) -> None:
    environment = yard.ready(HELLO, "prod")
    getattr(yard.fake.script, fault)(operation)
    assert switch(yard, environment, ChangeKind.UNPROTECT).status == "succeeded"
    assert protected(yard) == (False, True, [False, False])


def test_a_refusal_half_way_leaves_the_lock_on_and_a_retry_goes_on(yard: Yard) -> None:
    environment = yard.ready(HELLO, "prod")
    yard.fake.script.deny("UpdateTable", skip=1)
    change = switch(yard, environment, ChangeKind.UNPROTECT)
    assert (change.status, change.environment.data_protected) == ("failed", True)
    change = yard.drive(do_retry(yard.alice, change))
    if change.status == "awaiting_approval":
        yard.approve(change)
        yard.drive(change)
    assert (change.status, change.environment.data_protected) == ("succeeded", False)
    assert protected(yard) == (False, True, [False, False])


def test_an_update_leaves_off_what_was_switched_off_knowingly(yard: Yard) -> None:
    environment = yard.ready(HELLO, "prod")
    switch(yard, environment, ChangeKind.UNPROTECT)
    change = yard.did(environment, ChangeKind.UPDATE, UPDATED[HELLO])
    yard.approve(change)
    assert yard.drive(change).status == "succeeded", change.problem
    assert protected(yard) == (False, True, [False, False])
    assert lines(environment) == {
        "Data stack: Termination protection is on": Outcome.UNKNOWN,
        "Data stack: Stack policy keeps the tables": Outcome.GOOD,
        **{f"{name}: Deletion protection is on": Outcome.UNKNOWN for name in TABLES},
    }


def test_switching_on_again_protects_everything_the_stage_promises(yard: Yard) -> None:
    environment = yard.ready(HELLO, "prod")
    switch(yard, environment, ChangeKind.UNPROTECT)
    yard.fake.stack(DATA).policy = ""
    change = switch(yard, environment, ChangeKind.PROTECT, reason="")
    assert change.status == "succeeded", change.problem
    assert protected(yard) == (True, True, [True, True])
    assert change.environment.data_protected
    assert set(lines(environment).values()) == {Outcome.GOOD}


def test_kept_tables_that_no_stack_owns_are_unprotected_too(yard: Yard) -> None:
    environment = yard.ready(HELLO, "prod")
    for kind in (ChangeKind.DELETE_COMPUTE, ChangeKind.DELETE_DATA_STACK):
        change = yard.did(environment, kind)
        yard.approve(change)
        assert yard.drive(change).status == "succeeded", change.problem
    change = switch(yard, environment, ChangeKind.UNPROTECT)
    assert (change.status, change.environment.status) == ("succeeded", EnvironmentStatus.REMOVED)
    assert [yard.fake.table(name).protected for name in TABLES] == [False, False]
