"""What must never happen to items of prod: a write that nobody else approved, one on another item than was approved,
one done twice, or one over somebody else's."""

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from provisioning.actions.deciding import do_approve
from provisioning.actions.refusals import Refusal
from provisioning.actions.retrying import do_retry
from provisioning.actions.taking_back import do_cancel
from provisioning.actions.writing_in_prod import undo_intent
from provisioning.engine.item_rows import legs_of
from provisioning.items.values import same
from provisioning.lifecycle import WriteState
from provisioning.models import Change, Decision, Environment, ItemWrite
from provisioning.planning.item_plans import Leg, opened

from .conftest import START
from .items import MESSAGES, Item, asked, create, delete, edit, message, move, put, stocked
from .yard import Yard, keep_linted, make_yard

CALLS = ("GetItem", "PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "DescribeTable")
WRITES = CALLS[1:5]
FAULTS = ("throttle", "lose_call", "lose_answer", "break_down")
NUMBERS = st.integers(1, 3)


class Items(RuleBasedStateMachine):
    """Three keys of one table, people, workers that are cut off, and the application that writes by itself."""

    make: ClassVar[Callable[[], tuple[Yard, Environment]]]

    def __init__(self) -> None:
        super().__init__()
        self.saved = transaction.atomic()
        self.saved.__enter__()
        self.yard, self.environment = type(self).make()
        self.wrong: list[str] = []
        for operation in WRITES:
            self.yard.fake.script.watch(operation, self.look)

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.saved.__exit__(None, None, None)

    def look(self, sent: Mapping[str, Any]) -> None:
        """Right before a write takes effect, if its condition holds: is it one that somebody else has approved?"""
        running = Change.objects.filter(status="running", lease_token__isnull=False).first()
        if running is None or running.plan is None:
            self.wrong.append("a write without a change that runs")
            return
        good = Decision.objects.filter(change=running, plan_digest=running.plan_digest, verdict="approved")
        if not good.exclude(by=running.requested_by).exists():
            self.wrong.append("a write that nobody else has approved")
        keys = {json.dumps(key, sort_keys=True) for key in _keys(sent)}
        legs = [leg for write in running.plan["items"]["writes"] for leg in opened(write)]
        if not keys <= {json.dumps(leg.key, sort_keys=True) for leg in legs}:
            self.wrong.append(f"a write of {keys}, which is not in the plan")

    def attempt(self, act: Callable[[], object]) -> None:
        """A person tries something; being told no is fine."""
        self.yard.clock.shift(timedelta(milliseconds=1))
        with transaction.atomic():
            try:
                with transaction.atomic():
                    act()
            except Refusal:
                pass

    @rule(kind=st.sampled_from([create, edit, delete]), one=NUMBERS, other=NUMBERS, both=st.booleans())
    def ask(self, kind: Callable[[int], Any], one: int, other: int, *, both: bool) -> None:
        writes = [kind(one), edit(other)] if both else [kind(one)]
        self.attempt(lambda: asked(self.yard, self.environment, *writes))

    @rule(one=NUMBERS, other=NUMBERS, keep=st.booleans())
    def ask_to_move(self, one: int, other: int, *, keep: bool) -> None:
        self.attempt(lambda: asked(self.yard, self.environment, move(one, other, keep=keep)))

    @rule()
    def ask_to_undo(self) -> None:
        for write in ItemWrite.objects.filter(state=WriteState.DONE).order_by("-pk")[:1]:
            self.attempt(partial(self.undo, write))

    def undo(self, write: ItemWrite) -> Change:
        return asked(self.yard, self.environment, undo_intent(write))

    @rule(who=st.sampled_from(["ada", "ada", "alice"]))
    def approve(self, who: str) -> None:
        for change in Change.objects.filter(status="awaiting_approval"):
            actor = getattr(self.yard, who)
            self.attempt(partial(do_approve, actor, change, digest=change.plan_digest))

    @rule(verb=st.sampled_from([do_cancel, do_retry]))
    def change_its_mind(self, verb: Callable[..., object]) -> None:
        newest = Change.objects.filter(kind="write_items").order_by("-requested_at").first()
        if newest is not None:
            self.attempt(lambda: verb(self.yard.alice, newest))

    @rule(number=NUMBERS, content=st.sampled_from(["hello", "by the application"]))
    def write_outside(self, number: int, content: str) -> None:
        put(self.yard, message(number, content))

    @rule(number=NUMBERS, operation=st.sampled_from(CALLS))
    def write_outside_during_a_call(self, number: int, operation: str) -> None:
        self.yard.fake.script.before(operation, lambda: put(self.yard, message(number, "in between")))

    @rule(kind=st.sampled_from([create, edit, edit, delete]), number=NUMBERS, late=st.booleans())
    def ask_and_agree(self, kind: Callable[[int], Any], number: int, *, late: bool) -> None:
        """As it mostly goes: asked for, planned, approved, begun; `late`, the application writes the item then."""
        self.ask(kind, number, number, both=False)
        self.work(2)
        self.approve("ada")
        for operation in WRITES if late else ():
            self.write_outside_during_a_call(number, operation)
        self.work(1)

    @rule(operation=st.sampled_from(CALLS), fault=st.sampled_from(FAULTS))
    def break_something(self, operation: str, fault: str) -> None:
        getattr(self.yard.fake.script, fault)(operation)

    @rule(rounds=st.integers(1, 6))
    def work(self, rounds: int) -> None:
        """Workers go on for a while."""
        for _ in range(rounds):
            for change in Change.objects.filter(next_check_at__isnull=False):
                self.yard.tick(change)
            self.yard.wait()

    @invariant()
    def every_write_was_approved(self) -> None:
        assert self.wrong == []

    @invariant()
    def every_place_of_a_change_is_written_once(self) -> None:
        done = ItemWrite.objects.exclude(state=WriteState.REFUSED).values_list("change", "number")
        assert len(done) == len(set(done))

    @invariant()
    def nobodys_write_is_run_over(self) -> None:
        """What a write has replaced is what its plan had shown: nothing that came in between is lost."""
        for write in ItemWrite.objects.filter(state=WriteState.DONE).select_related("change"):
            plans = [each for each in _approved_plans(write) if each is not None]
            assert any(_replaced_as_shown(legs_of(write), legs) for legs in plans)

    @invariant()
    def rows_and_changes_agree(self) -> None:
        for change in Change.objects.filter(status="succeeded", kind="write_items", plan__isnull=False):
            planned = {one["number"] for one in (change.plan or {})["items"]["writes"]}
            done = set(change.item_writes.filter(state=WriteState.DONE).values_list("number", flat=True))
            assert planned <= done


class Converging(Items):
    """The same; and once people and AWS leave it alone, everything comes to rest."""

    def teardown(self) -> None:
        try:
            self.yard.fake.script.clear()
            moving = list(Change.objects.filter(next_check_at__isnull=False))
            if moving:
                self.yard.drive(*moving)
            over = Change.objects.filter(status__in=["planning", "queued", "running"])
            assert not over.exists(), [(one.status, one.waiting_for) for one in over]
            unknown = ItemWrite.objects.filter(state=WriteState.SENT).exclude(change__status="failed")
            assert not unknown.exists()
            self.every_write_was_approved()
        finally:
            super().teardown()


def _approved_plans(write: ItemWrite) -> list[tuple[Leg, ...] | None]:
    """What somebody else had agreed to of this write, plan by plan."""
    change = write.change
    assert change is not None
    agreed = change.decisions.filter(verdict="approved").exclude(by=change.requested_by)
    plans = change.plans.filter(digest__in=list(agreed.values_list("plan_digest", flat=True)))
    parts = [{one["number"]: one for one in plan.content["items"]["writes"]} for plan in plans]
    return [opened(part[write.number]) if write.number in part else None for part in parts]


def _replaced_as_shown(done: Sequence[Leg], shown: Sequence[Leg]) -> bool:
    """Whether each attribute that a write has changed was before as the plan had shown it."""
    return all(
        same((was.before or {}).get(name), (plan.before or {}).get(name))
        for was, plan in zip(done, shown, strict=True)
        for name in {*(plan.before or {}), *(plan.after or {})}
        if not same((plan.before or {}).get(name), (plan.after or {}).get(name))
    )


def _keys(sent: Mapping[str, Any]) -> list[Item]:
    """The keys of a call, whichever it is."""
    if "TransactItems" in sent:
        parts = [part for one in sent["TransactItems"] for verb, part in one.items() if verb != "ConditionCheck"]
        return [key for part in parts for key in _keys(part)]
    return [sent["Key"] if "Key" in sent else {"id": sent["Item"]["id"]}]


@pytest.fixture
def machine(db: None, clock: time_machine.Traveller) -> type[Converging]:
    """The state machine; each of its runs begins with the same rows and items, and leaves none."""
    clock.move_to(START)
    keep_linted()
    yard = make_yard(clock)
    environment = stocked(yard, message(1), message(2))
    world, start = copy.deepcopy(yard.fake.world.tables[MESSAGES].items), clock

    def make() -> tuple[Yard, Environment]:
        start.shift(timedelta(minutes=1))
        yard.fake.script.clear()
        yard.fake.world.tables[MESSAGES].items = copy.deepcopy(world)
        environment.refresh_from_db()
        return yard, environment

    attributes: dict[str, Any] = {"make": staticmethod(make)}
    return type("Machine", (Converging,), attributes)


def test_never(machine: type[Converging]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=20,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
            phases=[Phase.explicit, Phase.generate],  # to shrink a failure would take minutes
        ),
    )
