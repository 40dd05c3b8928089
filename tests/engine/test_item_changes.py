"""Writes of items of prod: planned on items as they are, read again, written one by one, each once."""

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from provisioning.actions.requesting import Ask, do_request
from provisioning.actions.retrying import do_retry, why_not_retry
from provisioning.actions.taking_back import do_cancel
from provisioning.actions.writing_in_prod import AskToWrite, do_request_writes, undo_intent
from provisioning.engine.reconcile import reconcile
from provisioning.items.intents import Edit, WriteIntent
from provisioning.lifecycle import ChangeKind, EnvironmentStatus, WriteState, WriteVerb
from provisioning.models import AuditEntry, Change, ItemWrite, Operation

from .items import (
    MESSAGES,
    approved,
    asked,
    create,
    delete,
    edit,
    items,
    key,
    message,
    move,
    planned,
    put,
    stocked,
)
from .yard import Yard


def test_one_edit_is_planned_approved_and_written(yard: Yard) -> None:
    environment = stocked(yard, message(1), message(2))
    change = planned(yard, environment, edit(1))
    assert change.plan is not None
    assert change.plan["impact"]["sentence"] == f"1 item of {MESSAGES} is altered."
    assert items(yard)["m-1"] == message(1)
    change = approved(yard, change)
    assert (change.status, change.problem) == ("succeeded", None)
    assert items(yard) == {"m-1": message(1, "edited"), "m-2": message(2)}
    write = ItemWrite.objects.get()
    assert (write.change, write.number, write.state, write.by_id) == (change, 0, WriteState.DONE, yard.alice.user_id)
    entry = AuditEntry.objects.get(verb="edit_item")
    assert (entry.by_id, entry.change, entry.environment) == (yard.alice.user_id, change, environment)


def test_several_writes_are_one_change(yard: Yard) -> None:
    environment = stocked(yard, message(1), message(2), message(3))
    change = planned(yard, environment, create(9), edit(1), delete(2), move(3, 4))
    assert change.plan is not None
    wanted = f"1 item of {MESSAGES} is made, 1 is altered, 1 goes to another key, 1 is deleted."
    assert change.plan["impact"]["sentence"] == wanted
    assert change.plan["impact"]["tone"] == "bad"
    assert approved(yard, change).status == "succeeded"
    assert set(items(yard)) == {"m-9", "m-1", "m-4"}
    assert items(yard)["m-4"] == message(3) | key(4)
    verbs = ItemWrite.objects.order_by("number").values_list("verb", flat=True)
    assert list(verbs) == ["create", "edit", "delete", "copy"]


def test_pitfall_41_no_value_stands_in_the_clear_in_any_row(yard: Yard) -> None:
    environment = stocked(yard, message(1, "geheim-before"))
    change = approved(yard, planned(yard, environment, edit(1, "geheim-after")))
    assert change.status == "succeeded"
    rows = [list(model.objects.values()) for model in (Change, ItemWrite, AuditEntry)]
    kept = repr([*rows, list(change.plans.values()), list(change.events.values()), list(change.steps.values())])
    assert "geheim" not in kept
    assert "m-1" not in kept


def test_nothing_of_it_locks_a_stack_or_touches_the_environment(yard: Yard) -> None:
    environment = stocked(yard, message(1), message(2))
    first = planned(yard, environment, edit(1))
    second = planned(yard, environment, edit(2))
    assert not Operation.objects.filter(is_open=True).exists()
    update = yard.did(environment, ChangeKind.PARK)
    assert update.status == "awaiting_approval"
    yard.approve(update)
    yard.tick(update)
    environment.refresh_from_db()
    assert environment.status == EnvironmentStatus.BUSY
    yard.approve(first)
    assert yard.drive(first, update).status == "succeeded"
    environment.refresh_from_db()
    assert environment.status == EnvironmentStatus.PARKED
    assert approved(yard, second).status == "succeeded"
    environment.refresh_from_db()
    assert environment.status == EnvironmentStatus.PARKED


def test_the_environment_stays_busy_while_a_stack_moves(yard: Yard) -> None:
    yard.fake.pace.looks = 30
    environment = stocked(yard, message(1))
    change = planned(yard, environment, edit(1))
    park = yard.drive(yard.ask(environment, ChangeKind.PARK))
    yard.approve(park)
    yard.tick(park)
    yard.approve(change)
    for _ in range(4):
        yard.tick(change)
    assert change.status == "succeeded"
    environment.refresh_from_db()
    assert environment.status == EnvironmentStatus.BUSY


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (create(1), "There is an item with this key already, and nothing is overwritten."),
        (edit(7), "There is no such item any more."),
        (delete(7), "There is no such item any more."),
        (move(1, 2), "There is an item under the new key already, and nothing is overwritten."),
        (edit(1, read=message(1, "as it was yesterday")), "The item changed since it was read."),
        (
            WriteIntent(WriteVerb.EDIT, MESSAGES, key(1), patch=(Edit(("profile", "name"), {"S": "x"}),)),
            "There is no profile.name in the item any more.",
        ),
        (
            WriteIntent(WriteVerb.EDIT, MESSAGES, key(1), patch=(Edit(("content",), {"S": "x" * 409_600}),)),
            "The item has 409,6",
        ),
    ],
)
def test_what_cannot_work_is_refused_before_anybody_is_asked(yard: Yard, write: WriteIntent, said: str) -> None:
    environment = stocked(yard, message(1), message(2))
    change = yard.drive(asked(yard, environment, write))
    assert change.status == "failed"
    assert change.problem is not None
    assert change.problem["sentence"].startswith(said)
    assert items(yard) == {"m-1": message(1), "m-2": message(2)}


def test_which_of_several_cannot_work_is_said_by_its_place(yard: Yard) -> None:
    change = yard.drive(asked(yard, stocked(yard, message(1)), edit(1), edit(7)))
    assert change.problem is not None
    assert change.problem["sentence"] == "Item 2 of 2: there is no such item any more."


def test_an_item_that_is_as_asked_already_needs_nobody(yard: Yard) -> None:
    change = yard.drive(asked(yard, stocked(yard, message(1)), edit(1, "hello")))
    assert (change.status, change.decisions.count()) == ("succeeded", 0)
    assert change.waiting_for.startswith("Nothing to change")
    assert not ItemWrite.objects.exists()


def test_units_count_the_table_and_every_index(yard: Yard) -> None:
    environment = stocked(yard, message(1, timestamp={"N": "1"}), message(2))
    with_index = planned(yard, environment, edit(1)).plan
    without = planned(yard, environment, edit(2)).plan
    moved = planned(yard, environment, move(1, 5)).plan
    assert with_index is not None
    assert without is not None
    assert moved is not None
    assert (with_index["items"]["units"], without["items"]["units"], moved["items"]["units"]) == ("2", "1", "8")


def test_an_item_that_moved_after_the_approval_is_asked_about_again(yard: Yard) -> None:
    """C15, pitfall 29: another tab saved meanwhile."""
    environment = stocked(yard, message(1), message(2))
    change = planned(yard, environment, edit(1), edit(2))
    digest = change.plan_digest
    put(yard, message(2, "written by others"))
    change = approved(yard, change)
    assert change.status == "awaiting_approval"
    assert change.plan_digest != digest
    assert change.plans.get(digest=digest).void_because == "item 2 changed since"
    assert items(yard)["m-1"] == message(1)
    assert approved(yard, change).status == "succeeded"
    assert items(yard)["m-2"] == message(2, "edited")


@pytest.mark.parametrize("write", [edit(1, read=message(1)), replace(delete(1), read=message(1))])
def test_what_was_read_counts_until_it_is_planned_and_then_the_plan(yard: Yard, write: WriteIntent) -> None:
    environment = stocked(yard, message(1))
    change = planned(yard, environment, write)
    put(yard, message(1, seen={"BOOL": True}))
    assert approved(yard, change).status == "awaiting_approval"
    assert approved(yard, change).status == "succeeded"
    wanted = {"m-1": message(1, "edited", seen={"BOOL": True})} if write.verb is WriteVerb.EDIT else {}
    assert items(yard) == wanted


def test_an_item_that_went_meanwhile_ends_the_change(yard: Yard) -> None:
    environment = stocked(yard, message(1))
    change = planned(yard, environment, edit(1))
    yard.fake.world.tables[MESSAGES].items.clear()
    change = approved(yard, change)
    assert change.status == "failed"
    assert change.problem is not None
    assert change.problem["sentence"] == "There is no such item any more."


def test_another_table_under_the_name_is_no_place_for_it(yard: Yard) -> None:
    environment = stocked(yard, message(1))
    change = planned(yard, environment, edit(1))
    yard.fake.world.tables[MESSAGES].described["TableId"] = "another"
    assert approved(yard, change).status == "awaiting_approval"
    assert change.plans.exclude(void_because="").get().void_because == f"{MESSAGES} is another table now"


def test_a_write_between_the_last_look_and_ours_stops_it(yard: Yard) -> None:
    """The condition of the write stands where no look can (B8)."""
    environment = stocked(yard, message(1), message(2))
    change = planned(yard, environment, edit(1), edit(2))
    yard.fake.script.watch("UpdateItem", lambda _: put(yard, message(2, "in between")))
    change = approved(yard, change)
    assert change.status == "failed"
    assert change.problem is not None
    wanted = "The item changed after it was approved. 1 write was done before and stays."
    assert change.problem["sentence"] == wanted
    assert items(yard) == {"m-1": message(1, "edited"), "m-2": message(2, "in between")}


def test_a_retry_plans_only_what_is_left_and_asks_again(yard: Yard) -> None:
    environment = stocked(yard, message(1), message(2))
    change = planned(yard, environment, edit(1), edit(2))
    yard.fake.script.refuse("UpdateItem", "ValidationException", "no", skip=1)
    change = approved(yard, change)
    assert change.status == "failed"
    yard.clock.shift(timedelta(seconds=5))
    planned(yard, environment, create(5))  # a newer one beside it makes it no history
    assert why_not_retry(yard.alice, change) == ""
    do_retry(yard.alice, change)
    change = yard.drive(change)
    assert change.status == "awaiting_approval"
    assert change.plan is not None
    assert [write["number"] for write in change.plan["items"]["writes"]] == [1]
    assert approved(yard, change).status == "succeeded"
    assert items(yard)["m-1"] == message(1, "edited")
    assert items(yard)["m-2"] == message(2, "edited")
    done = ItemWrite.objects.filter(change=change, state=WriteState.DONE)
    assert set(done.values_list("number", flat=True)) == {0, 1}


@pytest.mark.parametrize("write", [create(1), edit(2), delete(2), move(2, 3)])
def test_an_answer_that_got_lost_is_looked_for_and_nothing_is_done_twice(yard: Yard, write: WriteIntent) -> None:
    """B9: the first attempt may have won."""
    environment = stocked(yard, message(2))
    change = planned(yard, environment, write)
    for operation in ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"):
        yard.fake.script.lose_answer(operation)
    assert approved(yard, change).status == "succeeded"
    calls = [yard.fake.calls_of(name) for name in ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems")]
    assert sum(calls) == 1
    assert ItemWrite.objects.get().state == WriteState.DONE


def test_a_call_that_never_arrived_is_made_again_as_the_same_row(yard: Yard) -> None:
    environment = stocked(yard, message(1))
    change = planned(yard, environment, edit(1))
    yard.fake.script.lose_call("UpdateItem", 2)
    assert approved(yard, change).status == "succeeded"
    assert ItemWrite.objects.get().state == WriteState.DONE
    assert items(yard)["m-1"] == message(1, "edited")


def test_throttled_it_waits_and_tells_nobody(yard: Yard) -> None:
    environment = stocked(yard, message(1))
    change = planned(yard, environment, edit(1))
    yard.fake.script.throttle("UpdateItem", 3)
    assert approved(yard, change).status == "succeeded"
    assert AuditEntry.objects.filter(verb="edit_item").count() == 1


def test_a_lost_answer_and_somebody_elses_write_are_left_for_a_person(yard: Yard) -> None:
    environment = stocked(yard, message(1))
    change = planned(yard, environment, edit(1))
    yard.fake.script.lose_answer("UpdateItem")
    yard.approve(change)
    yard.tick(change)
    put(yard, message(1, "somebody else's"))
    change = yard.drive(change)
    assert change.status == "failed"
    assert change.problem is not None
    assert change.problem["sentence"].startswith("It is not known whether it was written")
    assert items(yard)["m-1"] == message(1, "somebody else's")


def test_taken_back_before_it_runs_nothing_is_written(yard: Yard) -> None:
    environment = stocked(yard, message(1))
    change = planned(yard, environment, edit(1))
    do_cancel(yard.alice, change)
    change = yard.drive(change)
    assert (change.status, change.secrets) == ("cancelled", "")
    assert items(yard) == {"m-1": message(1)}


def test_cancelled_while_it_runs_the_rest_is_not_written(yard: Yard) -> None:
    environment = stocked(yard, message(1), message(2))
    change = planned(yard, environment, edit(1), edit(2))
    yard.fake.script.watch("UpdateItem", lambda _: do_cancel(yard.alice, change))
    yard.approve(change)
    yard.tick(change)
    change = yard.drive(change)
    assert change.status == "cancelled"
    assert change.waiting_for == "Cancelled: 1 of 2 writes were done and stays; each of them can be undone."
    assert items(yard) == {"m-1": message(1, "edited"), "m-2": message(2)}


def test_nobody_decided_in_time(yard: Yard) -> None:
    environment = stocked(yard, message(1))
    change = planned(yard, environment, edit(1))
    assert change.expires_at == timezone.now() + timedelta(hours=72)
    change = yard.pass_time(change, hours=73)
    assert (change.status, change.secrets) == ("expired", "")
    assert items(yard) == {"m-1": message(1)}


def test_an_undo_is_a_change_of_its_own(yard: Yard) -> None:
    environment = stocked(yard, message(1), message(2))
    approved(yard, planned(yard, environment, edit(1), move(2, 3), create(8)))
    for write in ItemWrite.objects.order_by("number"):
        change = planned(yard, environment, undo_intent(write))
        assert change.plan is not None
        assert change.plan["impact"]["sentence"] == f"1 item of {MESSAGES} is put back as it was."
        assert approved(yard, change).status == "succeeded"
    assert items(yard) == {"m-1": message(1), "m-2": message(2)}
    assert ItemWrite.objects.filter(undoes__isnull=False, state=WriteState.DONE).count() == 3


def test_an_undo_of_what_changed_since_is_refused(yard: Yard) -> None:
    environment = stocked(yard, message(1))
    approved(yard, planned(yard, environment, edit(1)))
    put(yard, message(1, "written since"))
    change = yard.drive(asked(yard, environment, undo_intent(ItemWrite.objects.get())))
    assert change.problem is not None
    assert change.problem["sentence"] == "The item changed since the write that is to be undone."


def test_data_that_is_deleted_meanwhile_ends_a_change_of_its_items(yard: Yard) -> None:
    environment = stocked(yard, message(1))
    change = planned(yard, environment, edit(1))
    for kind in (ChangeKind.DELETE_COMPUTE, ChangeKind.UNPROTECT, ChangeKind.DELETE_DATA):
        other = yard.drive(do_request(yard.alice, environment, Ask(kind, confirm="prod", reason="Over")))
        assert approved(yard, other).status == "succeeded"
        environment.refresh_from_db()
    assert other.plan is not None
    assert other.plan["impact"]["sentence"] == "2 tables and 1 item are deleted."
    change = approved(yard, change)
    assert change.status == "failed"
    assert change.problem is not None
    assert change.problem["sentence"] == f"There is no table {MESSAGES} in {environment} any more."
    environment.refresh_from_db()
    assert environment.status == EnvironmentStatus.REMOVED


def test_two_workers_at_once_write_once(yard: Yard) -> None:
    """The second one meets the row of the first, as after a pause longer than its lease (L14)."""
    environment = stocked(yard, message(1))
    change = planned(yard, environment, edit(1))
    yard.approve(change)

    def other_worker(_: object) -> None:
        Change.objects.filter(pk=change.pk).update(lease_token=None, lease_until=None)
        reconcile(change.pk, yard.fake.aws_for)

    yard.fake.script.before("UpdateItem", lambda: other_worker(None))
    yard.drive(change)
    change.refresh_from_db()
    assert change.status == "succeeded"
    assert ItemWrite.objects.filter(state=WriteState.DONE).count() == 1
    assert items(yard)["m-1"] == message(1, "edited")


def test_the_request_key_finds_the_first_clicks_change(yard: Yard) -> None:
    environment = stocked(yard, message(1))
    ask = AskToWrite("Because", uuid.uuid4())
    one = do_request_writes(yard.alice, environment, [edit(1)], ask)
    assert do_request_writes(yard.alice, environment, [edit(1)], ask) == one
