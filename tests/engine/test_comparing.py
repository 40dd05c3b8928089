"""The full look: what somebody did to stacks outside Stackyard is noticed once, kept as it is, and has a way on.

ministack shows the same facts with the same calls (`test_contract_drift`), so none of these needs it.
"""

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioning.actions.order import why_not_now
from provisioning.engine.comparing import BATCH, EVERY, compare, compare_soon, due_comparisons, due_looks, look_at
from provisioning.lifecycle import ChangeKind, EnvironmentStatus, Outside
from provisioning.models import Account, AuditEntry, Environment, Operation, Stack

from .by_hand import DATA, SERVICE, data_body
from .yard import HELLO, UPDATED, Yard

READS = {
    "cloudformation.ListStacks",
    "cloudformation.DescribeStacks",
    "cloudformation.DescribeStackEvents",
    "cloudformation.GetTemplate",
    "cloudformation.ListStackResources",
}


@pytest.fixture
def ready(yard: Yard) -> Environment:
    """An environment that is up, an hour ago, and known as it is."""
    environment = yard.ready()
    yard.clock.shift(EVERY)
    yard.fake.calls.clear()
    return environment


def compared(yard: Yard, environment: Environment) -> None:
    """One whole look, asked for now."""
    yard.clock.shift(timedelta(seconds=1))
    compare_soon(yard.account.pk)
    while compare(yard.account.pk, yard.fake.aws_for).more:
        pass
    environment.refresh_from_db()


def noticed(environment: Environment) -> list[tuple[str, str]]:
    """What the audit tells, oldest first: which stack, and what was done to it."""
    entries = AuditEntry.objects.filter(environment=environment, verb="noticed", by=None).order_by("id")
    return [(one.detail["stack"], one.detail["what"]) for one in entries]


def test_what_is_as_known_costs_one_call_and_is_seen(yard: Yard, ready: Environment) -> None:
    before = yard.stack(ready, "data").observed_at
    compared(yard, ready)
    assert yard.fake.calls == {"cloudformation.ListStacks": 1}
    after = yard.stack(ready, "data").observed_at
    assert before is not None
    assert after is not None
    assert after > before
    assert (noticed(ready), ready.status) == ([], EnvironmentStatus.READY)


def test_every_hour_and_not_before(yard: Yard, ready: Environment) -> None:
    assert due_comparisons(timezone.now()) == [yard.account.pk]
    compared(yard, ready)
    yard.clock.shift(EVERY - timedelta(seconds=1))
    assert due_comparisons(timezone.now()) == []
    yard.clock.shift(timedelta(seconds=1))
    assert due_comparisons(timezone.now()) == [yard.account.pk]
    account = Account.objects.get()
    assert account.compared_at == timezone.now() - EVERY


def test_compute_that_was_deleted_is_gone_and_can_be_woken(yard: Yard, ready: Environment) -> None:
    yard.fake.lose_stack(SERVICE)
    compared(yard, ready)
    stack = yard.stack(ready, "compute")
    assert (stack.outside, stack.status, stack.stack_id, stack.outputs) == (Outside.DELETED, "DELETE_COMPLETE", "", [])
    assert not stack.resources.exists()
    assert ready.status == EnvironmentStatus.DATA_ONLY
    assert noticed(ready) == [(SERVICE, "deleted")]
    compared(yard, ready)
    assert noticed(ready) == [(SERVICE, "deleted")]
    change = yard.did(ready, ChangeKind.WAKE)
    assert change.status == "succeeded", change.problem
    ready.refresh_from_db()
    stack = yard.stack(ready, "compute")
    assert (stack.outside, stack.outside_at, ready.status) == ("", None, EnvironmentStatus.READY)


def test_a_data_stack_that_was_deleted_asks_for_attention_and_comes_back_with_its_tables(
    yard: Yard, ready: Environment
) -> None:
    yard.fake.table("dev-hello-erlang-messages").items["1"] = {}
    yard.fake.lose_stack(SERVICE)
    yard.fake.stack(DATA).protected = False
    yard.fake.lose_stack(DATA)
    compared(yard, ready)
    assert ready.status == EnvironmentStatus.ATTENTION
    assert sorted(noticed(ready)) == [(DATA, "deleted"), (SERVICE, "deleted")]
    assert why_not_now(ready, ChangeKind.CREATE) == ""
    change = yard.drive(yard.create())
    assert change.status == "succeeded", change.problem
    assert list(yard.fake.table("dev-hello-erlang-messages").items) == ["1"]
    assert set(Stack.objects.values_list("outside", flat=True)) == {""}


def test_a_deletion_that_is_long_past_is_noticed_too(yard: Yard, ready: Environment) -> None:
    """After 90 days AWS does not know the stack by its id any more (S9)."""
    yard.fake.lose_stack(SERVICE)
    del yard.fake.world.stacks[yard.stack(ready, "compute").stack_id]
    compared(yard, ready)
    stack = yard.stack(ready, "compute")
    assert (stack.outside, stack.status) == (Outside.DELETED, "")


def test_an_update_by_hand_is_written_down_whole(yard: Yard, ready: Environment) -> None:
    known = yard.stack(ready, "compute")
    yard.fake.update_stack(SERVICE, parameters={"InstanceType": "t3.medium"}, tags={"Team": "ops"})
    compared(yard, ready)
    stack = yard.stack(ready, "compute")
    assert (stack.outside, stack.status) == (Outside.CHANGED, "UPDATE_COMPLETE")
    assert stack.parameters == known.parameters | {"InstanceType": "t3.medium"}
    assert (stack.tags, stack.template_id) == ({"Team": "ops"}, known.template_id)
    assert stack.resources.count() == known.resources.count()
    assert noticed(ready) == [(SERVICE, "changed")]
    change = yard.did(ready, ChangeKind.UPDATE)
    assert change.status == "succeeded", change.problem
    assert change.plan is not None
    sent = next(one for one in change.plan["stacks"] if one["kind"] == "compute")
    assert sent["parameters"]["InstanceType"] == "t3.medium"
    assert yard.stack(ready, "compute").outside == ""


def test_another_template_is_kept_as_the_one_that_is_deployed(yard: Yard, ready: Environment) -> None:
    body = data_body(("Reads of the messages table are throttled.", "Edited by hand."))
    yard.fake.update_stack(DATA, body, tags={"EnvironmentId": str(ready.pk)})
    compared(yard, ready)
    stack = Stack.objects.select_related("template").get(environment=ready, kind="data")
    assert stack.template is not None
    assert (stack.template.body, stack.blueprint_version) == (body, "")
    assert stack.outside == Outside.CHANGED


def test_a_template_that_nobody_here_can_read_does_not_replace_one_that_can(yard: Yard, ready: Environment) -> None:
    known = yard.stack(ready, "compute")
    yard.fake.update_stack(SERVICE, parameters={"InstanceType": "t3.medium"})
    there = yard.fake.stack(SERVICE)
    body = there.body

    def unreadable() -> None:
        there.body = "Nothing: [that can be read"

    def readable() -> None:
        there.body = body

    yard.fake.script.before("GetTemplate", unreadable)
    yard.fake.script.after("GetTemplate", readable)
    compared(yard, ready)
    stack = yard.stack(ready, "compute")
    assert (stack.template_id, stack.parameters, stack.outside) == (known.template_id, known.parameters, "changed")


def test_what_was_set_back_by_hand_loses_its_mark(yard: Yard, ready: Environment) -> None:
    before = yard.stack(ready, "compute").parameters["InstanceType"]
    tags = dict(yard.fake.stack(SERVICE).tags)
    yard.fake.update_stack(SERVICE, parameters={"InstanceType": "t3.medium"})
    compared(yard, ready)
    yard.clock.shift(EVERY)
    compared(yard, ready)
    assert yard.stack(ready, "compute").outside == Outside.CHANGED
    yard.fake.update_stack(SERVICE, parameters={"InstanceType": before}, tags=tags)
    compared(yard, ready)
    assert yard.stack(ready, "compute").outside == Outside.CHANGED
    yard.clock.shift(EVERY)
    compared(yard, ready)
    assert yard.stack(ready, "compute").outside == ""
    assert len(noticed(ready)) == 2


@pytest.mark.parametrize("status", ["UPDATE_ROLLBACK_FAILED", "DELETE_FAILED", "IMPORT_ROLLBACK_FAILED"])
def test_a_stack_that_got_stuck_outside_asks_for_attention(yard: Yard, ready: Environment, status: str) -> None:
    yard.fake.force(DATA, status, "Somebody tried")
    compared(yard, ready)
    stack = yard.stack(ready, "data")
    assert (stack.status, stack.status_reason, stack.outside) == (status, "Somebody tried", Outside.CHANGED)
    assert ready.status == EnvironmentStatus.ATTENTION
    yard.fake.force(DATA, "UPDATE_ROLLBACK_COMPLETE")
    compared(yard, ready)
    assert ready.status == EnvironmentStatus.READY


def test_a_status_that_aws_added_since_freezes_the_environment(yard: Yard, ready: Environment) -> None:
    """S2. A listing by status would not find it: by its id the stack is found all the same."""
    yard.fake.force(DATA, "QUARANTINED")
    compared(yard, ready)
    assert yard.stack(ready, "data").status == "QUARANTINED"
    assert ready.status == EnvironmentStatus.ATTENTION


def test_a_stack_that_moves_is_followed_until_it_rests(yard: Yard, ready: Environment) -> None:
    yard.fake.force(SERVICE, "UPDATE_IN_PROGRESS")
    compared(yard, ready)
    stack = yard.stack(ready, "compute")
    assert (stack.outside, ready.status) == (Outside.MOVING, EnvironmentStatus.BUSY)
    assert stack.look_due_at is not None
    yard.clock.move_to(stack.look_due_at)
    assert due_looks(timezone.now()) == [ready.pk]
    look_at(ready.pk, yard.fake.aws_for)
    assert noticed(ready) == [(SERVICE, "moving")]
    yard.fake.force(SERVICE, "UPDATE_COMPLETE")
    due = yard.stack(ready, "compute").look_due_at
    assert due is not None
    yard.clock.move_to(due)
    look_at(ready.pk, yard.fake.aws_for)
    ready.refresh_from_db()
    stack = yard.stack(ready, "compute")
    assert (stack.outside, stack.status, stack.look_due_at) == (Outside.CHANGED, "UPDATE_COMPLETE", None)
    assert (noticed(ready)[1:], ready.status) == ([(SERVICE, "changed")], EnvironmentStatus.READY)


def test_a_stack_of_ours_that_is_there_again_is_taken_as_it_is(yard: Yard, ready: Environment) -> None:
    known, lost = yard.stack(ready, "compute"), yard.fake.stack(SERVICE)
    body, values, tags = lost.body, dict(lost.parameters), dict(lost.tags)
    yard.fake.lose_stack(SERVICE)
    compared(yard, ready)
    again = yard.fake.make_stack(SERVICE, body, values, tags)
    compared(yard, ready)
    stack = yard.stack(ready, "compute")
    assert (stack.stack_id, stack.status, stack.outside) == (again.stack_id, "CREATE_COMPLETE", Outside.CHANGED)
    assert stack.stack_id != known.stack_id
    assert (stack.parameters, ready.status) == (known.parameters, EnvironmentStatus.READY)


def test_somebody_elses_stack_under_the_name_is_left_alone(yard: Yard, ready: Environment) -> None:
    lost = yard.fake.stack(SERVICE)
    yard.fake.lose_stack(SERVICE)
    yard.fake.make_stack(SERVICE, lost.body, lost.parameters, {"EnvironmentId": "999"})
    compared(yard, ready)
    stack = yard.stack(ready, "compute")
    assert (stack.stack_id, stack.outside) == ("", Outside.DELETED)
    compared(yard, ready)
    assert yard.stack(ready, "compute").stack_id == ""


def test_trouble_with_aws_leaves_the_rows_alone(yard: Yard, ready: Environment) -> None:
    yard.fake.lose_stack(SERVICE)
    yard.fake.script.throttle("DescribeStacks")
    before = yard.stack(ready, "compute")
    compared(yard, ready)
    after = yard.stack(ready, "compute")
    assert (after.status, after.stack_id, after.outside) == (before.status, before.stack_id, "")
    assert due_comparisons(timezone.now()) == []
    yard.clock.shift(timedelta(minutes=5))
    compare(yard.account.pk, yard.fake.aws_for)
    assert yard.stack(ready, "compute").outside == Outside.DELETED


def test_a_look_that_was_cut_off_is_free_again_after_a_minute(yard: Yard, ready: Environment) -> None:
    yard.fake.lose_stack(SERVICE)
    yard.fake.script.before("ListStacks", _killed)
    with pytest.raises(KeyboardInterrupt):
        compare(yard.account.pk, yard.fake.aws_for)
    assert due_comparisons(timezone.now()) == []
    yard.clock.shift(timedelta(seconds=61))
    compare(yard.account.pk, yard.fake.aws_for)
    assert yard.stack(ready, "compute").outside == Outside.DELETED


def _killed() -> None:
    raise KeyboardInterrupt


def test_one_worker_at_a_time(yard: Yard, ready: Environment) -> None:
    def meanwhile() -> None:
        assert compare(yard.account.pk, yard.fake.aws_for).read == 0

    yard.fake.script.before("ListStacks", meanwhile)
    compared(yard, ready)
    assert yard.fake.calls_of("ListStacks") == 1


def test_a_change_that_begins_during_the_look_is_not_written_over(yard: Yard, ready: Environment) -> None:
    yard.fake.force(SERVICE, "UPDATE_ROLLBACK_COMPLETE")
    before = yard.stack(ready, "compute")

    def meanwhile() -> None:
        yard.ask(ready, ChangeKind.UPDATE, UPDATED[HELLO])

    yard.fake.script.after("DescribeStacks", meanwhile)
    compared(yard, ready)
    after = yard.stack(ready, "compute")
    assert (after.status, after.outside, after.observed_at) == (before.status, "", before.observed_at)


def test_a_change_that_came_and_went_during_the_look_is_not_written_over(yard: Yard, ready: Environment) -> None:
    def meanwhile() -> None:
        assert yard.did(ready, ChangeKind.UPDATE, UPDATED[HELLO]).status == "succeeded"

    yard.fake.script.after("ListStacks", meanwhile)
    compared(yard, ready)
    stack = yard.stack(ready, "compute")
    assert (stack.status, stack.outside, noticed(ready)) == ("UPDATE_COMPLETE", "", [])


def rows(environment: Environment, kind: str) -> dict[str, object]:
    """Everything that is known of a stack, but when to look at it next."""
    known = dict(Stack.objects.filter(environment=environment, kind=kind).values().get())
    return {name: value for name, value in known.items() if name != "look_due_at"}


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    statuses=st.lists(st.sampled_from(["UPDATE_COMPLETE", "UPDATE_ROLLBACK_FAILED", "DELETE_FAILED"]), max_size=2),
    held=st.sampled_from(["data", "compute", "both"]),
    looks=st.lists(st.sampled_from(["all", "one", "later"]), min_size=1, max_size=4),
)
def test_never_writes_over_a_stack_of_an_open_change_and_never_alters_aws(
    yard: Yard, statuses: list[str], held: str, looks: list[str]
) -> None:
    """Whatever happens outside, and in whichever order it is looked at."""
    environment = Environment.objects.first() or yard.ready()
    Operation.objects.all().delete()
    kinds = ["data", "compute"] if held == "both" else [held]
    change = environment.changes.latest("requested_at")
    for kind in kinds:
        Operation.objects.create(change=change, stack=yard.stack(environment, kind))
    for name, status in zip((DATA, SERVICE), statuses, strict=False):
        yard.fake.force(name, status)
    before = [rows(environment, kind) for kind in kinds]
    yard.fake.calls.clear()
    for one in looks:
        if one == "all":
            compared(yard, environment)
        elif one == "one":
            Stack.objects.filter(environment=environment).update(look_due_at=timezone.now())
            look_at(environment.pk, yard.fake.aws_for)
        else:
            yard.clock.shift(EVERY)
    assert [rows(environment, kind) for kind in kinds] == before
    assert yard.fake.calls.keys() <= READS


def test_many_are_read_in_batches(yard: Yard, ready: Environment) -> None:
    """More than a worker may read at once: the rest is read by the next tick, and what was read is not read again."""
    known = rows(ready, "compute")
    for number in range(BATCH + 3):
        row = Environment.objects.get(pk=ready.pk)
        row.pk, row.name = None, f"dev-{number}"
        row.save()
        own = {"id": None, "environment_id": row.pk, "name": f"one-{number}", "stack_id": f"gone-{number}"}
        Stack.objects.create(**{**known, **own, "kind": "data"})
        Stack.objects.create(environment=row, kind="compute", name=f"none-{number}")
    yard.clock.shift(timedelta(seconds=1))
    ticks = [compare(yard.account.pk, yard.fake.aws_for) for _ in range(3)]
    assert [(tick.read, tick.more) for tick in ticks] == [(BATCH, True), (3, False), (0, False)]
    assert Stack.objects.filter(outside=Outside.DELETED).count() == BATCH + 3
