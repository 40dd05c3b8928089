"""Deleting data: only unprotected, only backed up, one thing once, and a receipt of everything."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from provisioning.actions.refusals import Refusal
from provisioning.actions.requesting import Ask, do_request
from provisioning.actions.retrying import do_retry
from provisioning.lifecycle import ChangeKind, EnvironmentStatus
from provisioning.models import Change, Environment, Table

from .yard import HELLO, Yard

TABLES = ("dev-hello-erlang-messages", "dev-hello-erlang-sessions")
DATA = "hello-erlang-data-dev"
WHY = "The service ends"
MANY = 10_000


@pytest.fixture
def doomed(yard: Yard) -> Environment:
    """An environment with items, without compute and without protection. At every call from here on, each table is
    there, or there is a complete backup of it."""
    environment = yard.ready()
    for number, name in enumerate(TABLES, 2):
        yard.fake.table(name).items.update({str(item): {"n": item} for item in range(number)})
    yard.did(environment, ChangeKind.DELETE_COMPUTE)
    unprotect(yard, environment)
    tables = {name: (yard.fake.table(name).described["TableId"], dict(yard.fake.table(name).items)) for name in TABLES}
    yard.fake.script.before("*", lambda: nothing_is_lost(yard, tables), times=MANY)
    return environment


def unprotect(yard: Yard, environment: Environment) -> None:
    """Switch protection off, approved where that is asked for."""
    change = yard.drive(do_request(yard.alice, environment, Ask(ChangeKind.UNPROTECT, reason=WHY)))
    if change.status == "awaiting_approval":
        yard.approve(change)
        yard.drive(change)
    assert change.status == "succeeded", change.problem


def nothing_is_lost(yard: Yard, tables: Mapping[str, tuple[str, dict[str, Any]]]) -> None:
    """Each table is there with its items, or a backup could bring back every one of them."""
    for name, (table_id, items) in tables.items():
        table = yard.fake.world.tables.get(name)
        if table is not None and table.described["TableId"] == table_id and table.described["TableStatus"] == "ACTIVE":
            continue
        kept = [one for one in yard.fake.world.backups.values() if one.table_id == table_id]
        good = [one for one in kept if one.status == "AVAILABLE" and items.items() <= one.items.items()]
        assert good, name


def delete(yard: Yard, environment: Environment, reason: str = WHY) -> Change:
    """Ask for the data to be deleted, and drive it until it rests."""
    environment.refresh_from_db()
    return yard.drive(asked(yard, environment, reason))


def asked(yard: Yard, environment: Environment, reason: str = WHY) -> Change:
    """Ask for the data to be deleted; nothing runs yet."""
    environment.refresh_from_db()
    return do_request(yard.alice, environment, Ask(ChangeKind.DELETE_DATA, reason=reason, confirm=environment.name))


def outcomes(change: Change) -> dict[str, str]:
    """What the receipt says of each table."""
    assert change.receipt is not None
    return {one["name"]: one["outcome"] for one in change.receipt["tables"]}


def one_of_each(yard: Yard) -> None:
    """One backup of each table, the stack deleted once, and every table gone."""
    assert sorted(one.table for one in yard.fake.world.backups.values()) == sorted(TABLES)
    begun = [one for one in yard.fake.stacks(DATA)[0].events if one["ResourceStatus"] == "DELETE_IN_PROGRESS"]
    assert sum(one["LogicalResourceId"] == DATA for one in begun) == 1
    assert yard.fake.world.tables == {}


def test_backups_then_the_stack_then_the_tables_and_a_receipt(yard: Yard, doomed: Environment) -> None:
    arns = {name: yard.fake.table(name).arn for name in TABLES}
    change = delete(yard, doomed)
    assert (change.status, change.problem) == ("succeeded", None)
    assert yard.fake.stacks() == []
    one_of_each(yard)
    kept = change.receipt
    assert kept is not None
    assert (kept["who"], kept["why"], kept["approved_by"]) == ("alice", WHY, [])
    assert kept["ended_at"]
    assert {one["name"]: one["arn"] for one in kept["tables"]} == arns
    assert {one["name"]: one["items"] for one in kept["tables"]} == dict(zip(TABLES, (2, 3), strict=True))
    assert {one["backup_arn"] for one in kept["tables"]} == set(yard.fake.world.backups)
    assert set(outcomes(change).values()) == {"deleted"}
    assert kept["stack"]["outcome"] == "deleted"
    assert {one["outcome"] for one in kept["resources"]} <= {"deleted"}
    environment = change.environment
    assert (environment.status, environment.data_protected) == (EnvironmentStatus.REMOVED, True)
    assert not Table.objects.filter(name__in=TABLES).exists()


def test_the_plan_counts_what_goes_and_what_is_saved(yard: Yard, doomed: Environment) -> None:
    change = delete(yard, doomed)
    assert change.plan is not None
    assert change.plan["impact"]["sentence"] == "2 tables and 5 items are deleted."
    assert change.plan["impact"]["tone"] == "bad"
    planned = change.plan["deletion"]
    assert [(one["name"], one["items"], one["backup"]) for one in planned["tables"]] == [
        (TABLES[0], 2, True),
        (TABLES[1], 3, True),
    ]
    assert planned["importers"] == []
    assert float(planned["saved_monthly"]) >= 0
    removed = {row["name"] for row in change.plan["stacks"][0]["changes"] if row["action"] == "Remove"}
    assert set(TABLES) <= removed
    assert float(change.plan["cost"]["after"]) == 0


def test_protected_data_is_not_deleted(yard: Yard) -> None:
    environment = yard.ready()
    yard.did(environment, ChangeKind.DELETE_COMPUTE)
    with pytest.raises(Refusal, match="is protected"):
        asked(yard, environment)
    assert not Change.objects.filter(kind=ChangeKind.DELETE_DATA).exists()


def test_the_compute_stack_goes_first(yard: Yard) -> None:
    environment = yard.ready()
    unprotect(yard, environment)
    with pytest.raises(Refusal, match="compute stack uses the tables"):
        asked(yard, environment)


@pytest.mark.parametrize(("confirm", "reason", "field"), [("", WHY, "confirm"), ("dev", " ", "reason")])
def test_the_name_and_a_reason_are_asked_for(
    yard: Yard, doomed: Environment, confirm: str, reason: str, field: str
) -> None:
    doomed.refresh_from_db()
    with pytest.raises(Refusal) as refused:
        do_request(yard.alice, doomed, Ask(ChangeKind.DELETE_DATA, reason=reason, confirm=confirm))
    assert set(refused.value.fields) == {field}


@pytest.mark.parametrize("lock", ["table", "stack"])
def test_what_is_protected_in_aws_stops_the_plan(yard: Yard, doomed: Environment, lock: str) -> None:
    if lock == "table":
        yard.fake.table(TABLES[1]).described["DeletionProtectionEnabled"] = True
    else:
        yard.fake.stack(DATA).protected = True
    change = delete(yard, doomed)
    assert change.status == "failed"
    assert change.problem is not None
    assert "Switch protection off first" in change.problem["advice"]
    assert (yard.fake.calls_of("CreateBackup"), len(yard.fake.world.tables)) == (0, 2)
    assert change.receipt is None


def test_stacks_that_import_its_exports_stop_the_plan(yard: Yard, doomed: Environment) -> None:
    yard.fake.world.importers[next(iter(yard.fake.world.exports))] = {yard.fake.stack(DATA).stack_id}
    change = delete(yard, doomed)
    assert change.status == "failed"
    assert change.problem is not None
    assert "uses its exports" in change.problem["sentence"]
    assert len(yard.fake.world.tables) == 2


def test_in_prod_a_second_person_agrees_and_is_on_the_receipt(yard: Yard) -> None:
    environment = yard.ready(HELLO, "prod")
    change = yard.did(environment, ChangeKind.DELETE_COMPUTE)
    yard.approve(change)
    yard.drive(change)
    unprotect(yard, environment)
    change = delete(yard, environment)
    assert change.status == "awaiting_approval"
    assert (yard.fake.calls_of("CreateBackup"), change.receipt) == (0, None)
    yard.approve(change)
    assert yard.drive(change).status == "succeeded", change.problem
    assert yard.fake.world.tables == {}
    assert change.receipt is not None
    assert (change.receipt["who"], change.receipt["approved_by"]) == ("alice", ["ada"])


def test_nothing_is_deleted_before_every_backup_is_complete(yard: Yard, doomed: Environment) -> None:
    yard.fake.pace.backup_looks = 4
    change = asked(yard, doomed)
    while "Waiting for the backup" not in change.waiting_for:
        yard.tick(change)
        yard.wait()
    assert (yard.fake.calls_of("DeleteStack"), yard.fake.calls_of("DeleteTable")) == (1, 0)  # compute was before
    assert yard.drive(change).status == "succeeded", change.problem
    one_of_each(yard)


@pytest.mark.parametrize("fault", ["lose_call", "lose_answer"])
@pytest.mark.parametrize("skip", [0, 1])
@pytest.mark.parametrize("operation", ["CreateBackup", "DescribeBackup", "ListBackups", "DeleteTable"])
def test_a_fault_at_any_call_has_no_second_effect(
    yard: Yard, doomed: Environment, operation: str, fault: str, skip: int
) -> None:
    yard.fake.pace.backup_looks, yard.fake.pace.deletion_looks = 1, 1
    getattr(yard.fake.script, fault)(operation, skip=skip)
    change = delete(yard, doomed)
    assert (change.status, change.problem) == ("succeeded", None)
    assert set(outcomes(change).values()) == {"deleted"}
    one_of_each(yard)


@pytest.mark.parametrize("fault", ["lose_call", "lose_answer"])
def test_a_lost_deletion_of_the_stack_is_one_deletion(yard: Yard, doomed: Environment, fault: str) -> None:
    getattr(yard.fake.script, fault)("DeleteStack")
    assert delete(yard, doomed).status == "succeeded"
    one_of_each(yard)


@pytest.mark.parametrize("operation", ["CreateBackup", "DeleteStack", "DeleteTable"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_killed_at_a_call_is_followed_by_one_that_goes_on(
    yard: Yard, doomed: Environment, operation: str, when: str
) -> None:
    def die() -> None:
        raise KeyboardInterrupt

    getattr(yard.fake.script, when)(operation, die)
    change = asked(yard, doomed)
    with pytest.raises(KeyboardInterrupt):
        yard.drive(change)
    yard.clock.shift(timedelta(minutes=1))
    assert yard.drive(change).status == "succeeded", change.problem
    assert set(outcomes(change).values()) == {"deleted"}
    one_of_each(yard)


@pytest.mark.parametrize("operation", ["CreateBackup", "DeleteTable"])
def test_a_refusal_half_way_is_on_the_receipt_and_a_retry_goes_on(
    yard: Yard, doomed: Environment, operation: str
) -> None:
    yard.fake.script.deny(operation, skip=1)
    change = delete(yard, doomed)
    assert change.status == "failed"
    first = "kept" if operation == "CreateBackup" else "deleted"
    assert outcomes(change) == {TABLES[0]: first, TABLES[1]: "kept"}
    change = yard.drive(do_retry(yard.alice, change))
    assert (change.status, change.attempt) == ("succeeded", 1)
    assert set(outcomes(change).values()) == {"deleted"}
    one_of_each(yard)


def test_a_stack_that_cannot_be_deleted_leaves_every_table_and_a_retry_takes_new_backups(
    yard: Yard, doomed: Environment
) -> None:
    yard.did(doomed, ChangeKind.UPDATE, {"data": {"Alarms": "true"}})
    resource = next(one for one in yard.fake.stack(DATA).resources.values() if one.type != "AWS::DynamoDB::Table")
    yard.fake.script.fail(resource.logical_id, "it is stuck", verb="DELETE")
    change = delete(yard, doomed)
    assert (change.status, change.environment.status) == ("failed", EnvironmentStatus.ATTENTION)
    assert set(outcomes(change).values()) == {"kept"}
    assert len(yard.fake.world.tables) == 2
    assert change.receipt is not None
    stuck = next(one for one in change.receipt["resources"] if one["logical_id"] == resource.logical_id)
    assert (stuck["outcome"], stuck["reason"]) == ("kept", "it is stuck")
    change = yard.drive(do_retry(yard.alice, change))
    assert (change.status, change.attempt) == ("succeeded", 2)
    assert set(outcomes(change).values()) == {"deleted"}
    assert change.receipt is not None
    assert all(one["earlier_backups"] and one["backup_arn"] for one in change.receipt["tables"])
    assert len(yard.fake.world.backups) == 4


def test_protection_that_comes_back_stops_before_that_table(yard: Yard, doomed: Environment) -> None:
    def protect() -> None:
        yard.fake.table(TABLES[1]).described["DeletionProtectionEnabled"] = True

    yard.fake.script.after("DeleteStack", protect)
    change = delete(yard, doomed)
    assert change.status == "failed"
    assert change.problem is not None
    assert "protected against deletion again" in change.problem["sentence"]
    assert outcomes(change) == {TABLES[0]: "deleted", TABLES[1]: "kept"}
    assert yard.fake.table(TABLES[1]).protected


def test_a_table_that_another_stack_has_taken_meanwhile_is_skipped(yard: Yard, doomed: Environment) -> None:
    def take() -> None:
        yard.fake.make_stack("elsewhere", "Resources: {Topic: {Type: 'AWS::SNS::Topic'}}")
        stack, table = yard.fake.stack("elsewhere"), yard.fake.table(TABLES[1])
        placed = next(iter(stack.resources.values()))
        placed.physical_id, table.stack_id = TABLES[1], stack.stack_id

    yard.fake.script.after("DeleteTable", take)
    change = delete(yard, doomed)
    assert change.status == "succeeded", change.problem
    assert outcomes(change) == {TABLES[0]: "deleted", TABLES[1]: "skipped"}
    assert change.receipt is not None
    assert "elsewhere" in change.receipt["tables"][1]["reason"]
    assert list(yard.fake.world.tables) == [TABLES[1]]


@pytest.mark.parametrize("again", [True, False])
def test_another_table_of_the_same_name_is_never_deleted(yard: Yard, doomed: Environment, *, again: bool) -> None:
    def swap() -> None:
        yard.fake.lose_table(TABLES[1])
        if again:
            yard.fake.make_table(TABLES[1], items=7)

    yard.fake.script.before("DeleteTable", swap)
    change = delete(yard, doomed)
    assert outcomes(change) == {TABLES[0]: "deleted", TABLES[1]: "skipped"}
    assert change.status == "succeeded"
    assert list(yard.fake.world.tables) == ([TABLES[1]] if again else [])


def test_an_old_backup_does_not_count(yard: Yard, doomed: Environment) -> None:
    yard.fake.script.deny("DeleteTable")
    change = delete(yard, doomed)
    assert change.status == "failed"
    yard.clock.shift(timedelta(hours=25))
    yard.fake.table(TABLES[0]).items["late"] = {}
    change = yard.drive(do_retry(yard.alice, change))
    assert change.status == "failed"
    assert change.problem is not None
    assert "more than a day old" in change.problem["sentence"]
    change = yard.drive(do_retry(yard.alice, change))
    assert change.status == "succeeded", change.problem
    assert any("late" in one.items for one in yard.fake.world.backups.values())


def test_kept_tables_without_a_stack_are_deleted_alone(yard: Yard, doomed: Environment) -> None:
    gone = yard.did(doomed, ChangeKind.DELETE_DATA_STACK)
    assert (gone.status, len(yard.fake.world.tables)) == ("succeeded", 2)
    change = delete(yard, doomed)
    assert change.status == "succeeded", change.problem
    assert yard.fake.world.tables == {}
    assert change.receipt is not None
    assert change.receipt["stack"] == {}
    assert change.environment.status == EnvironmentStatus.REMOVED


def test_a_table_of_another_stack_stays_and_the_plan_says_so(yard: Yard, doomed: Environment) -> None:
    yard.did(doomed, ChangeKind.DELETE_DATA_STACK)
    yard.fake.make_stack("elsewhere", "Resources: {Topic: {Type: 'AWS::SNS::Topic'}}")
    stack = yard.fake.stack("elsewhere")
    next(iter(stack.resources.values())).physical_id = TABLES[0]
    yard.fake.table(TABLES[0]).stack_id = stack.stack_id
    change = delete(yard, doomed)
    assert change.status == "succeeded", change.problem
    assert outcomes(change) == {TABLES[0]: "kept", TABLES[1]: "deleted"}
    assert change.plan is not None
    assert any("belongs to the stack elsewhere" in one["sentence"] for one in change.plan["findings"])
    assert list(yard.fake.world.tables) == [TABLES[0]]


def test_what_is_created_afterwards_is_protected_and_new(yard: Yard, doomed: Environment) -> None:
    before = {name: yard.fake.table(name).described["TableId"] for name in TABLES}
    delete(yard, doomed)
    environment = yard.ready()
    assert environment.data_protected
    after = {name: yard.fake.table(name).described["TableId"] for name in TABLES}
    assert set(before.values()).isdisjoint(after.values())
