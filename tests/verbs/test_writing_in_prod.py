"""Asking for writes of items as a change: who may, what is refused, and that a refusal writes nothing."""

import uuid
from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.utils import timezone

from provisioning.actions.actor import Actor
from provisioning.actions.refusals import Refusal
from provisioning.actions.requesting import Ask, do_request
from provisioning.actions.taking_back import do_cancel
from provisioning.actions.writing_in_prod import (
    MOST_WRITES,
    AskToWrite,
    do_request_job,
    do_request_writes,
    undo_intent,
    why_not_ask,
)
from provisioning.items.intents import Edit, WriteIntent
from provisioning.items.values import Item
from provisioning.lifecycle import ChangeKind, ChangeStatus, JobKind, JobStatus, StackKind, WriteState, WriteVerb
from provisioning.models import AuditEntry, Change, Environment, ItemJob, ItemWrite, Operation, Table

from .rows import asked_for, at, awaiting, brought_up, everything, without

NAME = "prod-hello-erlang-messages"
KEYS = {"keys": [{"attribute": "id", "role": "HASH"}], "attribute_types": {"id": "S"}, "indexes": []}
WHY = AskToWrite("A wrong name was sent in")


def key(name: str = "m-1") -> Item:
    """The key of a message."""
    return {"id": {"S": name}}


def edit(name: str = "m-1", table: str = NAME) -> WriteIntent:
    """Another content of a message."""
    return WriteIntent(WriteVerb.EDIT, table, key(name), patch=(Edit(("content",), {"S": "x"}),))


def table_of(environment: Environment, name: str = NAME) -> Table:
    """The row of its table of messages."""
    return Table.objects.create(
        account=environment.account,
        environment=environment,
        environment_name=environment.name,
        application=environment.application,
        name=name,
        arn=f"arn:aws:dynamodb:us-east-1:123456789012:table/{name}",
        described=KEYS,
        seen_at=timezone.now(),
    )


@pytest.fixture
def prod(account: object, alice: Actor) -> Environment:
    """hello-erlang/prod with both stacks up, and its table of messages."""
    environment = brought_up(asked_for(alice, "prod"))
    table_of(environment)
    return environment


def test_a_request_is_one_change_with_its_audit_entry_and_locks_nothing(bob: Actor, prod: Environment) -> None:
    change = do_request_writes(bob, prod, [edit()], AskToWrite("  Because  ", uuid.uuid4()))
    assert (change.kind, change.status, change.reason) == ("write_items", "planning", "Because")
    assert change.goal == {"table": NAME, "items": 1}
    assert not Operation.objects.filter(is_open=True).exists()
    entry = AuditEntry.objects.get(verb="request_write_items")
    assert (entry.by_id, entry.change, entry.reason) == (bob.user_id, change, "Because")
    assert entry.summary == f"Write items hello-erlang/prod, asked for. 1 item of {NAME} is altered."
    assert '"content"' not in repr([change.goal, change.secrets, entry.detail])


def test_several_may_be_open_beside_each_other_and_beside_a_stacks_change(bob: Actor, prod: Environment) -> None:
    do_request(bob, prod, Ask(ChangeKind.PARK))
    for name in ("m-1", "m-1", "m-2"):
        do_request_writes(bob, prod, [edit(name)], WHY)
    assert Change.objects.filter(status=ChangeStatus.PLANNING).count() == 4


def test_a_stacks_change_is_asked_for_beside_open_writes(bob: Actor, prod: Environment) -> None:
    do_request_writes(bob, prod, [edit()], WHY)
    assert do_request(bob, prod, Ask(ChangeKind.PARK)).status == ChangeStatus.PLANNING


def test_two_clicks_are_one_change(bob: Actor, prod: Environment) -> None:
    ask = AskToWrite("Because", uuid.uuid4())
    first = do_request_writes(bob, prod, [edit()], ask)
    assert do_request_writes(bob, prod, [edit()], ask) == first
    assert AuditEntry.objects.filter(verb="request_write_items").count() == 1


def test_somebody_elses_form_is_not_sent_again(alice: Actor, bob: Actor, prod: Environment) -> None:
    ask = AskToWrite("Because", uuid.uuid4())
    do_request_writes(alice, prod, [edit()], ask)
    with pytest.raises(Refusal, match="sent already"):
        do_request_writes(bob, prod, [edit()], ask)


@pytest.mark.parametrize(
    ("writes", "code"),
    [
        ([], "nothing"),
        ([edit(table="another")], "no-table"),
        ([edit(), edit("m-2", table="another")], "several-tables"),
        ([edit(), edit()], "twice"),
        ([edit(), WriteIntent(WriteVerb.COPY, NAME, key("m-2"), new_key=key())], "twice"),
        ([edit(str(number)) for number in range(MOST_WRITES + 1)], "too-many"),
        ([WriteIntent(WriteVerb.EDIT, NAME, key())], "bad-write"),
        ([WriteIntent(WriteVerb.EDIT, NAME, key(), patch=(Edit(("id",), {"S": "b"}),))], "bad-write"),
        ([WriteIntent(WriteVerb.EDIT, NAME, key(), patch=(Edit(("n",), {"N": "NaN"}),))], "bad-write"),
        ([WriteIntent(WriteVerb.CREATE, NAME, key(), item=key("m-2"))], "bad-write"),
        ([WriteIntent(WriteVerb.UNDO, NAME, {}, undoes=4711)], "no-write"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_is_written(
    bob: Actor, prod: Environment, writes: Sequence[WriteIntent], code: str
) -> None:
    before = everything()
    with pytest.raises(Refusal) as caught:
        do_request_writes(bob, prod, writes, WHY)
    assert caught.value.code == code
    assert everything() == before


def test_a_reason_is_needed(bob: Actor, prod: Environment) -> None:
    with pytest.raises(Refusal) as caught:
        do_request_writes(bob, prod, [edit()], AskToWrite("   "))
    assert caught.value.fields == {"reason": "Say why."}


def test_a_start_in_the_past_is_refused(bob: Actor, prod: Environment) -> None:
    late = AskToWrite("Because", start_at=timezone.now() - timedelta(hours=1))
    with pytest.raises(Refusal, match="in the past"):
        do_request_writes(bob, prod, [edit()], late)


def test_auditors_ask_for_nothing(audrey: Actor, prod: Environment) -> None:
    with pytest.raises(Refusal) as caught:
        do_request_writes(audrey, prod, [edit()], WHY)
    assert caught.value.forbidden
    assert why_not_ask(audrey, prod) == caught.value.sentence


def test_where_nobody_decides_items_are_written_at_once(bob: Actor, shared: Environment) -> None:
    table_of(shared, "dev-hello-erlang-messages")
    with pytest.raises(Refusal) as caught:
        do_request_writes(bob, shared, [edit(table="dev-hello-erlang-messages")], WHY)
    assert caught.value.code == "direct"


def test_pitfall_42_another_environments_table_is_none_of_it(
    bob: Actor, prod: Environment, shared: Environment
) -> None:
    table_of(shared, "dev-hello-erlang-messages")
    with pytest.raises(Refusal) as caught:
        do_request_writes(bob, prod, [edit(table="dev-hello-erlang-messages")], WHY)
    assert caught.value.code == "no-table"


def test_without_a_data_stack_nothing_is_asked_for(bob: Actor, prod: Environment) -> None:
    without(prod, StackKind.COMPUTE, StackKind.DATA)
    with pytest.raises(Refusal, match="has no data stack now"):
        do_request_writes(bob, prod, [edit()], WHY)


def test_while_the_data_is_to_be_deleted_nothing_is_asked_for(bob: Actor, alice: Actor, prod: Environment) -> None:
    without(prod, StackKind.COMPUTE)
    Environment.objects.update(data_protected=False)
    going = awaiting(do_request(alice, prod, Ask(ChangeKind.DELETE_DATA, reason="Over", confirm="prod")))
    with pytest.raises(Refusal, match="alice has asked for the data of hello-erlang/prod to be deleted") as caught:
        do_request_writes(bob, prod, [edit()], WHY)
    assert caught.value.change_id == str(going.pk)
    at(going, ChangeStatus.REJECTED)
    do_request_writes(bob, prod, [edit()], WHY)


def test_a_request_may_be_sent_instead_of_one_that_waits(bob: Actor, prod: Environment) -> None:
    old = at(do_request_writes(bob, prod, [edit()], WHY), ChangeStatus.AWAITING_APPROVAL)
    new = do_request_writes(bob, prod, [edit("m-2")], AskToWrite("Another one", replaces=old.pk))
    old.refresh_from_db()
    assert (old.status, old.secrets) == (ChangeStatus.SUPERSEDED, "")
    assert new.supersedes == old


def test_a_stacks_change_is_not_replaced_by_writes(bob: Actor, prod: Environment) -> None:
    park = do_request(bob, prod, Ask(ChangeKind.PARK))
    with pytest.raises(Refusal, match="Only a request for writes of items"):
        do_request_writes(bob, prod, [edit()], AskToWrite("Because", replaces=park.pk))
    park.refresh_from_db()
    assert park.status == ChangeStatus.PLANNING


def test_a_failed_one_keeps_what_was_asked_for_when_others_come(bob: Actor, prod: Environment) -> None:
    failed = at(do_request_writes(bob, prod, [edit()], WHY), ChangeStatus.FAILED)
    do_request(bob, prod, Ask(ChangeKind.PARK))
    failed.refresh_from_db()
    assert failed.secrets


def test_only_what_was_done_can_be_undone_and_only_once(bob: Actor, prod: Environment) -> None:
    write = ItemWrite.objects.create(
        environment=prod, table=NAME, key_digest="x", verb="edit", state=WriteState.DONE, content="x",
        by_id=bob.user_id, at=timezone.now(),
    )  # fmt: skip
    change = do_request_writes(bob, prod, [undo_intent(write)], WHY)
    assert change.goal["items"] == 1
    undone = ItemWrite.objects.create(
        environment=prod, table=NAME, key_digest="x", verb="undo", state=WriteState.DONE, content="x",
        by_id=bob.user_id, at=timezone.now(), undoes=write,
    )  # fmt: skip
    with pytest.raises(Refusal, match="undone already"):
        do_request_writes(bob, prod, [WriteIntent(WriteVerb.UNDO, NAME, {}, undoes=write.pk)], WHY)
    ItemWrite.objects.filter(pk=undone.pk).update(state=WriteState.REFUSED)
    undone.refresh_from_db()
    with pytest.raises(Refusal, match="Only a write that was done"):
        undo_intent(undone)


def test_a_job_is_opened_with_its_change_or_not_at_all(bob: Actor, prod: Environment) -> None:
    def opened(change: Change) -> ItemJob:
        return ItemJob.objects.create(
            environment=prod, table=NAME, kind=JobKind.DELETE, status=JobStatus.QUEUED, change=change,
            asked_by_id=bob.user_id, asked_at=timezone.now(),
        )  # fmt: skip

    def refused(_: Change) -> ItemJob:
        raise Refusal("Five of your jobs are under way.", "too-many-jobs")

    change = do_request_job(bob, prod, NAME, JobKind.DELETE, WHY, open_job=opened, items=12)
    assert ItemJob.objects.get().change == change
    assert AuditEntry.objects.get(change=change).summary.endswith(f"12 items are deleted from {NAME}.")
    before = everything()
    with pytest.raises(Refusal, match="Five of your jobs"):
        do_request_job(bob, prod, NAME, JobKind.DELETE, WHY, open_job=refused, items=12)
    assert everything() == before


def test_a_kind_that_is_asked_for_elsewhere_is_no_plain_request(bob: Actor, prod: Environment) -> None:
    with pytest.raises(Refusal, match="from the page of their table"):
        do_request(bob, prod, Ask(ChangeKind.WRITE_ITEMS))


def test_cancelling_what_runs_is_only_marked(bob: Actor, prod: Environment) -> None:
    change = at(do_request_writes(bob, prod, [edit()], WHY), ChangeStatus.RUNNING)
    do_cancel(bob, change)
    change.refresh_from_db()
    assert (change.status, change.cancel_asked_by_id) == (ChangeStatus.RUNNING, bob.user_id)
