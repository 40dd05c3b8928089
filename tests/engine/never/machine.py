"""Everything that can happen to three environments, in any order; what must never happen is in `ledger`."""

import uuid
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from django.db import transaction
from django.utils import timezone
from fakes.aws import FakeAws
from fakes.world import World
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from engine.yard import Yard
from provisioning.actions.actor import Actor
from provisioning.actions.adopting import do_request_adopt
from provisioning.actions.deciding import do_approve, do_reject, do_send_back
from provisioning.actions.drifting import do_detect_drift, do_request_accept, do_request_repair
from provisioning.actions.recovering import do_request_recover, stuck
from provisioning.actions.refusals import Refusal
from provisioning.actions.requesting import Ask, do_request, do_request_create
from provisioning.actions.retrying import do_retry
from provisioning.actions.running import do_run
from provisioning.actions.taking_back import do_cancel
from provisioning.engine.comparing import look_at
from provisioning.engine.drifting import detect
from provisioning.engine.surveying import survey
from provisioning.engine.watching import watch_protection
from provisioning.lifecycle import OPEN_CHANGES, ChangeKind, IllegalMoveError, StackKind
from provisioning.models import Account, Change, DriftedResource, Environment, Operation, Stack

from . import outside
from .estate import ESTATE, VARIANTS, edit
from .ledger import Ledger

NAMES = ("dev", "staging", "prod")
OPERATIONS = (
    *("CreateChangeSet", "DescribeChangeSet", "ExecuteChangeSet", "DeleteChangeSet", "DeleteStack", "DescribeStacks"),
    *("ListStacks", "DescribeStackEvents", "GetTemplate", "DescribeTable", "DeleteTable", "UpdateTable"),
    *("CreateBackup", "DescribeBackup", "UpdateTerminationProtection", "SetStackPolicy", "UpdateTimeToLive"),
)
RESOURCES = ("Things", "Others", "More", "Group")
FAILING = ("CREATE", "UPDATE", "DELETE", "IMPORT", "ROLLBACK")
PACES = ("index_looks", "backup_looks", "deletion_looks", "looks")
FAULTS = ("throttle", "lose_call", "lose_answer", "deny", "break_down")
VERBS = ("approve", "hold", "schedule", "reject", "send_back", "run", "cancel", "retry")
VALUES: dict[str, Any] = {
    "none": {},
    "note": {"data": {"Note": "other"}},
    "name": {"data": {"Suffix": "pieces"}},
}
STUCK = ("CREATE_FAILED", "DELETE_FAILED", "ROLLBACK_FAILED", "UPDATE_FAILED", "IMPORT_ROLLBACK_FAILED", "BROKEN")
OF_WHAT_IS_THERE = frozenset({ChangeKind.RECOVER, ChangeKind.REPAIR_DRIFT, ChangeKind.ACCEPT_DRIFT})
LATER = tuple(kind for kind in ChangeKind if kind not in {ChangeKind.CREATE, ChangeKind.ADOPT})
# What people do one after the other, on purpose.
JOURNEYS: tuple[tuple[ChangeKind, ...], ...] = (
    (ChangeKind.ADOPT, ChangeKind.UPDATE),
    (ChangeKind.PARK, ChangeKind.WAKE),
    (ChangeKind.UNPROTECT, ChangeKind.PROTECT),
    (ChangeKind.DELETE_COMPUTE, ChangeKind.DELETE_DATA_STACK),
    (ChangeKind.DELETE_COMPUTE, ChangeKind.DELETE_DATA_STACK, ChangeKind.CREATE),
    (ChangeKind.UNPROTECT, ChangeKind.DELETE_COMPUTE, ChangeKind.DELETE_DATA),
    (ChangeKind.UNPROTECT, ChangeKind.DELETE_COMPUTE, ChangeKind.DELETE_DATA_STACK, ChangeKind.DELETE_DATA),
    (ChangeKind.CREATE,),
)
ROUNDS = st.sampled_from([3, 8, 60, 60, 60])
BY = st.sampled_from([("ada", "mona"), ("ada", "mona"), ("alice", "bob", "ada"), ("alice", "ada")])


class Start:
    """Where every run begins: one yard, built once; rows are rolled back to it, AWS is copied from it."""

    def __init__(self, yard: Yard, people: dict[str, Actor], own: Path) -> None:
        self.yard, self.people, self.own = yard, people, own
        yard.fake.finish()
        self.world: World = yard.fake.world.copied()
        self.at = timezone.now()

    def again(self) -> Yard:
        """The yard as it was."""
        edit(self.own, "as it is")
        self.yard.clock.move_to(self.at)
        self.yard.fake = FakeAws(world=self.world.copied())
        self.yard.account.refresh_from_db()
        return self.yard

    def carry_out(self, name: str, kind: ChangeKind) -> None:
        """A change without values, agreed to where that is asked for, and driven until it rests."""
        change = self.yard.drive(self.yard.ask(Environment.objects.get(name=name), kind))
        self.agree(change)

    def agree(self, change: Change) -> None:
        """As many say yes as are asked; then it is done."""
        for who in ("ada", "mona"):
            change.refresh_from_db()
            if change.status == "awaiting_approval":
                do_approve(self.people[who], change, digest=change.plan_digest)
        self.yard.drive(change)
        assert change.status == "succeeded", change.problem


class Machine(RuleBasedStateMachine):
    """People who may and may not, workers, AWS on its bad days, hands outside, and templates under edit."""

    start: ClassVar[Start]
    names = st.sampled_from(NAMES)

    def __init__(self) -> None:
        super().__init__()
        self.saved = transaction.atomic()
        self.saved.__enter__()
        self.yard = self.start.again()
        self.people = self.start.people
        self.ledger = Ledger(self.yard)
        self.ledger.take_stock()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.saved.__exit__(None, None, None)

    # People.

    def attempt(self, act: Callable[[], object]) -> None:
        """Somebody tries something; being told no is fine."""
        self.yard.clock.shift(timedelta(milliseconds=1))
        with transaction.atomic():
            try:
                with transaction.atomic():
                    act()
            except Refusal:
                pass

    def newest(self, name: str) -> Change | None:
        return Change.objects.filter(environment__name=name).order_by("requested_at", "pk").last()

    def request(self, who: str, name: str, kind: ChangeKind, **parts: Any) -> None:
        ask = Ask(kind, reason="so it is", confirm=name, key=uuid.uuid4(), **parts)
        environment = Environment.objects.filter(name=name).first()
        if kind == ChangeKind.CREATE:
            self.attempt(lambda: do_request_create(self.people[who], ESTATE, name, ask))
        elif kind == ChangeKind.ADOPT:
            Account.objects.update(survey_due_at=None, survey_until=None)
            survey(self.yard.account.pk, self.yard.fake.aws_for)
            self.attempt(lambda: do_request_adopt(self.people[who], ESTATE, name, ask))
        elif environment is not None and kind in OF_WHAT_IS_THERE:
            self.attempt(lambda: self.mend(self.people[who], environment, ask))
        elif environment is not None:
            self.attempt(lambda: do_request(self.people[who], environment, ask))

    def mend(self, actor: Actor, environment: Environment, ask: Ask) -> None:
        """Ask for the way out of what is stuck, all skipped that may be, or have drift mended or accepted."""
        if ask.kind == ChangeKind.RECOVER:
            for one in stuck(environment):
                spared = tuple(each.logical_id for each in one.way_out.proposals)
                kind, what = StackKind(one.stack.kind), one.way_out.what
                do_request_recover(actor, environment, ask, stack=kind, what=what, spared=spared)
            return
        rows = DriftedResource.objects.filter(check_of__stack__environment=environment)
        if ask.kind == ChangeKind.REPAIR_DRIFT:
            stacks = {StackKind(row.check_of.stack.kind) for row in rows}
            do_request_repair(actor, environment, ask, stacks=tuple(sorted(stacks)))
            return
        picks = [
            (StackKind(row.check_of.stack.kind), row.logical_id, one["path"]) for row in rows for one in row.differences
        ]
        do_request_accept(actor, environment, ask, picks=tuple(picks))

    @rule(name=names, part=st.sampled_from(["data-", ""]), status=st.sampled_from(STUCK), rounds=ROUNDS, by=BY)
    def get_stuck_and_out(self, name: str, part: str, status: str, rounds: int, by: Iterable[str]) -> None:
        """A stack rests in a bad state, somebody looks, and asks for the way out."""
        environment, stack = Environment.objects.filter(name=name).first(), f"vault-{part}{name}"
        there = self.yard.fake.world.names.get(stack) and self.yard.fake.stack(stack).motion is None
        if environment is None or not there or Operation.objects.filter(stack__name=stack, is_open=True).exists():
            return
        self.yard.fake.force(stack, status)
        Stack.objects.filter(environment=environment).update(look_due_at=timezone.now())
        look_at(environment.pk, self.yard.fake.aws_for)
        self.carry_out(name, ChangeKind.RECOVER, rounds, by)

    @rule(name=names)
    def look_for_drift(self, name: str) -> None:
        """Somebody has both stacks compared with their templates."""
        environment = Environment.objects.filter(name=name).first()
        if environment is not None:
            self.attempt(lambda: do_detect_drift(self.people["alice"], environment))
            detect(self.yard.account.pk, self.yard.fake.aws_for)
            detect(self.yard.account.pk, self.yard.fake.aws_for)

    @rule(
        who=st.sampled_from(["alice", "bob", "ada"]),
        name=names,
        kind=st.sampled_from([*LATER, ChangeKind.UPDATE, ChangeKind.CREATE, ChangeKind.ADOPT]),
        values=st.sampled_from(sorted(VALUES)),
        replaces=st.booleans(),
        hours=st.sampled_from([0, 0, 0, 3, 100]),
    )
    def ask(self, who: str, name: str, kind: ChangeKind, values: str, hours: int, *, replaces: bool) -> None:
        open_one = self.newest(name) if replaces else None
        start = timezone.now() + timedelta(hours=hours) if hours else None
        self.request(who, name, kind, values=VALUES[values], replaces=open_one.pk if open_one else None, start_at=start)

    @rule(name=names, verb=st.sampled_from(VERBS), who=st.sampled_from(["alice", "bob", "ada", "mona"]))
    def decide(self, name: str, verb: str, who: str) -> None:
        change = self.newest(name)
        if change is not None:
            self.attempt(self.verb(verb, self.people[who], change))

    def verb(self, verb: str, actor: Actor, change: Change) -> Callable[[], object]:
        digest, soon = change.plan_digest, timezone.now() + timedelta(hours=2)
        acts: dict[str, Callable[[], object]] = {
            "approve": lambda: do_approve(actor, change, digest=digest),
            "hold": lambda: do_approve(actor, change, digest=digest, run="later"),
            "schedule": lambda: do_approve(actor, change, digest=digest, start_at=soon),
            "reject": lambda: do_reject(actor, change, comment="Not today"),
            "send_back": lambda: do_send_back(actor, change, comment="Smaller"),
            "run": lambda: do_run(actor, change),
            "cancel": lambda: do_cancel(actor, change),
            "retry": lambda: do_retry(actor, change),
        }
        return acts[verb]

    @rule(name=names, variant=st.sampled_from(VARIANTS), values=st.sampled_from(sorted(VALUES)), rounds=ROUNDS, by=BY)
    def update(self, name: str, variant: str, values: str, rounds: int, by: Iterable[str]) -> None:
        """The team saves its data template and brings an environment to it."""
        edit(self.start.own, variant)
        self.carry_out(name, ChangeKind.UPDATE, rounds, by, values=VALUES[values])

    @rule(name=names, values=st.sampled_from(["note", "note", "name"]), rounds=ROUNDS, by=BY)
    def update_values(self, name: str, values: str, rounds: int, by: Iterable[str]) -> None:
        self.carry_out(name, ChangeKind.UPDATE, rounds, by, values=VALUES[values])

    @rule(name=names, kinds=st.sampled_from(JOURNEYS), rounds=ROUNDS, by=BY)
    def go_through(self, name: str, kinds: Iterable[ChangeKind], rounds: int, by: Iterable[str]) -> None:
        """One thing after the other; those who say yes to it are enough people, or they are not."""
        for kind in kinds:
            self.carry_out(name, kind, rounds, by)

    def carry_out(self, name: str, kind: ChangeKind, rounds: int, by: Iterable[str], **parts: Any) -> None:
        self.write(name)
        self.request("alice", name, kind, **parts)
        self.work(rounds)
        for who in by:
            self.decide(name, "approve", who)
        self.work(rounds)

    def write(self, name: str) -> None:
        """The application writes, unless its tables are about to be deleted."""
        change = self.newest(name)
        if change is None or change.kind != ChangeKind.DELETE_DATA:
            for table in self.yard.fake.world.tables.values():
                if f"-{name}-" in table.name and table.name in self.ledger.held:
                    table.items[uuid.uuid4().hex] = {}

    # Workers, time and AWS.

    @rule(rounds=st.integers(1, 12))
    def work(self, rounds: int) -> None:
        """Workers go on for a while."""
        for _ in range(rounds):
            for change in Change.objects.filter(next_check_at__isnull=False):
                is_due = change.next_check_at is not None and change.next_check_at <= timezone.now()
                if change.status != "awaiting_approval" or is_due:
                    self.tick(change)
            self.yard.look()
            watch_protection(self.yard.account.pk, self.yard.fake.aws_for)
            if not self.yard.wait():
                break

    def tick(self, change: Change) -> None:
        before = Change.objects.get(pk=change.pk).status
        try:
            self.yard.tick(change)
        except IllegalMoveError as illegal:
            raise AssertionError(f"from {before}: {illegal}") from illegal
        assert (change.problem or {}).get("code") != "crash", change.problem

    @rule(seconds=st.sampled_from([1, 30, 90, 3 * 3600, 25 * 3600, 73 * 3600]))
    def pass_time(self, seconds: int) -> None:
        self.yard.clock.shift(timedelta(seconds=seconds))

    @rule(fault=st.sampled_from(FAULTS), operation=st.sampled_from(OPERATIONS), skip=st.integers(0, 2))
    def break_something(self, fault: str, operation: str, skip: int) -> None:
        getattr(self.yard.fake.script, fault)(operation, **({} if fault == "break_down" else {"skip": skip}))

    @rule(
        trouble=st.one_of(
            st.tuples(st.just("fail"), st.sampled_from(RESOURCES), st.sampled_from(FAILING)),
            st.tuples(st.just("slow"), st.sampled_from(PACES), st.integers(1, 3)),
            st.tuples(st.just("decide"), st.sampled_from(OPERATIONS), st.tuples(names, st.sampled_from(VERBS))),
            st.tuples(st.just("edit"), st.sampled_from(OPERATIONS), st.sampled_from(VARIANTS)),
        )
    )
    def meet_trouble(self, trouble: tuple[str, str, Any]) -> None:
        """Resources that fail; an AWS that is slow; a person who decides, or a template that is saved, in mid-call."""
        kind, about, what = trouble
        script, pace = self.yard.fake.script, self.yard.fake.pace
        acts: dict[str, Callable[[], object]] = {
            "fail": lambda: script.fail(about, "scripted", verb=what),
            "slow": lambda: setattr(pace, about, what),
            "decide": lambda: script.after(about, lambda: self.decide(*what, who="ada")),
            "edit": lambda: script.after(about, lambda: edit(self.start.own, what)),
        }
        acts[kind]()

    # Hands outside Stackyard.

    @rule(name=names, act=st.sampled_from(sorted(outside.ACTS)))
    def outside(self, name: str, act: str) -> None:
        """Somebody does something in AWS itself. What goes lost by that is not held against Stackyard."""
        self.ledger.take_stock()
        outside.ACTS[act](self.yard.fake, name)
        self.ledger.forgive()

    @invariant()
    def no_data_is_lost_and_nothing_unreviewed_runs(self) -> None:
        self.ledger.take_stock()
        assert not self.ledger.wrong, "; ".join(self.ledger.wrong)

    @invariant()
    def an_open_change_holds_its_stacks(self) -> None:
        open_ones = list(Operation.objects.filter(is_open=True, part=0).values_list("stack", flat=True))
        assert len(open_ones) == len(set(open_ones))
        loose = Change.objects.filter(status__in=OPEN_CHANGES).exclude(operations__is_open=True)
        assert not loose.exists()


class Converging(Machine):
    """The same; and once people, AWS and the team leave it alone, everything comes to rest."""

    def teardown(self) -> None:
        try:
            edit(self.start.own, "as it is")
            self.yard.fake.script.clear()
            self.work(400)
            moving = Change.objects.filter(status__in=["planning", "running"]) | Change.objects.filter(cleanup=True)
            assert not moving.exists(), [(one.kind, one.status, one.waiting_for) for one in moving]
            asleep = Change.objects.filter(status="queued", held=False).exclude(start_at__gt=timezone.now())
            assert not asleep.exists(), [(one.kind, one.waiting_for) for one in asleep]
            over = Operation.objects.filter(is_open=True).exclude(change__status__in=["awaiting_approval", "queued"])
            assert not over.exists()
            self.no_data_is_lost_and_nothing_unreviewed_runs()
        finally:
            super().teardown()
