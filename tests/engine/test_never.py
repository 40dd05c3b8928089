"""What must never happen, whatever people, workers and AWS do in whatever order."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from provisioning.actions.refusals import Refusal
from provisioning.actions.retrying import do_retry
from provisioning.actions.taking_back import do_cancel
from provisioning.lifecycle import OPEN_CHANGES, ChangeKind, IllegalMoveError
from provisioning.models import Change, Decision, Environment, Operation

from .conftest import START
from .yard import HELLO, UPDATED, Yard, keep_linted, make_yard

OPERATIONS = (
    *("CreateChangeSet", "DescribeChangeSet", "ExecuteChangeSet", "DeleteChangeSet", "DeleteStack"),
    *("DescribeStacks", "ListStacks", "DescribeStackEvents", "GetResources"),
)
RESOURCES = ("MessagesTable", "SessionsTable", "LoadBalancer", "LaunchTemplate")
FAULTS = ("throttle", "lose_call", "lose_answer", "deny", "break_down")


class Anything(RuleBasedStateMachine):
    """One dev and one prod environment, and everything that can happen to them."""

    make: ClassVar[Callable[[], Yard]]

    def __init__(self) -> None:
        super().__init__()
        self.saved = transaction.atomic()
        self.saved.__enter__()
        self.yard = type(self).make()
        self.tables: dict[str, str] = {}
        self.unapproved: list[str] = []
        self.yard.fake.script.before("ExecuteChangeSet", self.approved, times=10_000)

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.saved.__exit__(None, None, None)

    def approved(self) -> None:
        """Note an execution in prod whose very plan nobody else has approved. (Raised here, it would only look like
        a bug in the step.)"""
        running = Change.objects.filter(status="running", environment__stage="prod", lease_token__isnull=False)
        for change in running:
            good = Decision.objects.filter(change=change, plan_digest=change.plan_digest, verdict="approved")
            if not good.exclude(by=change.requested_by).exists():
                self.unapproved.append(f"{change.kind} {change.environment}")

    def newest(self, name: str) -> Change | None:
        return Change.objects.filter(environment__name=name).order_by("requested_at", "pk").last()

    def attempt(self, act: Callable[[], object]) -> None:
        """A person tries something; being told no is fine."""
        with transaction.atomic():
            try:
                with transaction.atomic():
                    act()
            except Refusal:
                pass

    names = st.sampled_from(["dev", "prod"])

    @initialize(there=st.sets(names))
    def begin(self, there: set[str]) -> None:
        """Some environments are up from the start."""
        for name in sorted(there):
            self.yard.ready(HELLO, name)

    @rule(name=names)
    def create(self, name: str) -> None:
        self.yard.clock.shift(timedelta(milliseconds=1))
        self.attempt(lambda: self.yard.create(HELLO, name))

    @rule(
        name=names, kind=st.sampled_from([one for one in ChangeKind if one != ChangeKind.CREATE]), change=st.booleans()
    )
    def ask(self, name: str, kind: ChangeKind, *, change: bool) -> None:
        environment = Environment.objects.filter(name=name).first()
        if environment is not None:
            self.yard.clock.shift(timedelta(milliseconds=1))
            values = UPDATED[HELLO] if change and kind == ChangeKind.UPDATE else {}
            self.attempt(lambda: self.yard.ask(environment, kind, values))

    @rule(name=names, verb=st.sampled_from(["approve", "reject", "cancel", "retry"]))
    def decide(self, name: str, verb: str) -> None:
        change = self.newest(name)
        if change is None:
            return
        acts: dict[str, Callable[[], object]] = {
            "approve": lambda: self.yard.approve(change),
            "reject": lambda: self.yard.reject(change),
            "cancel": lambda: do_cancel(self.yard.alice, change),
            "retry": lambda: do_retry(self.yard.alice, change),
        }
        self.attempt(acts[verb])

    @rule(rounds=st.integers(1, 12))
    def work(self, rounds: int) -> None:
        """Workers go on for a while."""
        for _ in range(rounds):
            for change in Change.objects.filter(next_check_at__isnull=False):
                self.tick(change)
            self.yard.look()
            self.yard.wait()

    @rule(name=names)
    def work_once(self, name: str) -> None:
        change = self.newest(name)
        if change is not None:
            self.tick(change)

    @rule(seconds=st.integers(1, 90))
    def pass_time(self, seconds: int) -> None:
        self.yard.clock.shift(timedelta(seconds=seconds))

    @rule(operation=st.sampled_from(OPERATIONS), fault=st.sampled_from(FAULTS))
    def break_something(self, operation: str, fault: str) -> None:
        if operation != "ExecuteChangeSet":
            getattr(self.yard.fake.script, fault)(operation)

    @rule(resource=st.sampled_from(RESOURCES), verb=st.sampled_from(["CREATE", "UPDATE", "DELETE"]))
    def fail_something(self, resource: str, verb: str) -> None:
        self.yard.fake.script.fail(resource, "scripted", verb=verb)

    @rule(name=names, verb=st.sampled_from(["cancel", "approve", "reject"]), operation=st.sampled_from(OPERATIONS))
    @precondition(lambda self: Change.objects.exists())
    def decide_during_a_call(self, name: str, verb: str, operation: str) -> None:
        """A person decides while a worker is inside a call."""
        if operation != "ExecuteChangeSet":
            self.yard.fake.script.after(operation, lambda: self.decide_now(name, verb))

    def decide_now(self, name: str, verb: str) -> None:
        change = self.newest(name)
        if change is not None:
            act = {"cancel": lambda: do_cancel(self.yard.alice, change)}.get(
                verb, lambda: getattr(self.yard, verb)(change)
            )
            self.attempt(act)

    def tick(self, change: Change) -> None:
        before = Change.objects.get(pk=change.pk).status
        try:
            self.yard.tick(change)
        except IllegalMoveError as illegal:
            raise AssertionError(f"from {before}: {illegal}") from illegal

    @invariant()
    def nothing_unapproved_ran(self) -> None:
        assert self.unapproved == []

    @invariant()
    def one_open_change_per_stack(self) -> None:
        open_ones = list(Operation.objects.filter(is_open=True).values_list("stack", flat=True))
        assert len(open_ones) == len(set(open_ones))

    @invariant()
    def an_open_change_holds_its_stacks(self) -> None:
        loose = Change.objects.filter(status__in=OPEN_CHANGES).exclude(operations__is_open=True)
        assert not loose.exists()

    @invariant()
    def no_table_is_lost(self) -> None:
        """A table that was once part of a finished stack is there for ever, and is still the same one."""
        now = {name: str(table.described["TableId"]) for name, table in self.yard.fake.world.tables.items()}
        for name, first in self.tables.items():
            assert now.get(name) == first, f"{name} is gone or another one"
        for stack in self.yard.fake.stacks():
            if stack.status.endswith("_COMPLETE") and "ROLLBACK" not in stack.status:
                for placed in stack.resources.values():
                    if placed.type == "AWS::DynamoDB::Table":
                        self.tables.setdefault(placed.physical_id, now[placed.physical_id])

    @invariant()
    def no_stack_runs_two_operations(self) -> None:
        for stack in self.yard.fake.stacks():
            begun = [one for one in stack.events if one["LogicalResourceId"] == stack.name]
            tokens = [one["ClientRequestToken"] for one in begun if one["ResourceStatus"] in STARTS]
            assert len(tokens) == len(set(tokens))


STARTS = {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"}


class Converging(Anything):
    """The same; and once people and AWS leave it alone, everything comes to rest."""

    def teardown(self) -> None:
        try:
            self.yard.fake.script.clear()
            waiting = list(Change.objects.filter(next_check_at__isnull=False))
            if waiting:
                self.yard.drive(*waiting)
            moving = Change.objects.filter(status__in=["planning", "queued", "running"])
            assert not moving.exists(), [(one.kind, one.status, one.waiting_for) for one in moving]
            over = Operation.objects.filter(is_open=True).exclude(change__status="awaiting_approval")
            assert not over.exists()
            self.no_table_is_lost()
        finally:
            super().teardown()


@pytest.fixture
def machine(db: None, clock: time_machine.Traveller) -> type[Converging]:
    """The state machine; each of its runs begins at the same time with the same rows, and leaves none."""

    def make() -> Yard:
        clock.move_to(START)
        keep_linted()
        yard = make_yard(clock)
        yard.fake.pace.resources = 20
        return yard

    attributes: dict[str, Any] = {"make": staticmethod(make)}
    return type("Machine", (Converging,), attributes)


def test_never(machine: type[Converging]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=15,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
            phases=[Phase.explicit, Phase.generate],  # to shrink a failure would take minutes
        ),
    )
