"""A small Stackyard to test the engine in: an account, three people, the scripted AWS, and time moved by hand."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import time_machine
from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.utils import timezone
from fakes.aws import FakeAws

from provisioning.actions.actor import ADMINS, ENGINEERS, Actor
from provisioning.actions.deciding import do_approve, do_reject
from provisioning.actions.requesting import Ask, Values, do_request, do_request_create
from provisioning.blueprints.loader import library
from provisioning.engine.observe import Look, observe
from provisioning.engine.reconcile import Tick, reconcile
from provisioning.lifecycle import ChangeKind
from provisioning.models import Account, Change, Environment, Operation, Stack, Template

from .kept import put_up

HELLO, FILESHARE = "hello-erlang", "fileshare"
APPLICATIONS = (HELLO, FILESHARE)
NETWORK = {"VpcId": "vpc-1", "SubnetIds": "subnet-1,subnet-2"}
COMPUTE = {HELLO: NETWORK | {"KeyName": "mine", "ImageId": "ami-1"}, FILESHARE: NETWORK}
UPDATED = {HELLO: {"compute": {"InstanceType": "t3.medium"}}, FILESHARE: {"compute": {"TaskSize": "large"}}}


@dataclass
class Yard:
    """Everything a test of the engine needs at hand."""

    account: Account
    alice: Actor
    bob: Actor
    ada: Actor
    clock: time_machine.Traveller
    fake: FakeAws = field(default_factory=FakeAws)
    meanwhile: Callable[[], object] = lambda: None  # what others do between two rounds of work

    def create(self, application: str = HELLO, name: str = "dev") -> Change:
        """Ask for an environment; nothing runs yet."""
        values = {"compute": COMPUTE.get(application, {})}
        return do_request_create(self.alice, application, name, Ask(ChangeKind.CREATE, values))

    def ask(self, environment: Environment, kind: ChangeKind, values: Values | None = None) -> Change:
        """Ask for a later change of an environment; nothing runs yet."""
        environment.refresh_from_db()
        return do_request(
            self.alice, environment, Ask(kind, values=values or {}, key=uuid.uuid4(), confirm=environment.name)
        )

    def approve(self, change: Change) -> Change:
        """The admin agrees to the plan as it is now."""
        change.refresh_from_db()
        return do_approve(self.ada, change, digest=change.plan_digest)

    def reject(self, change: Change) -> Change:
        """The admin does not."""
        return do_reject(self.ada, change, comment="Not today")

    def ready(self, application: str = HELLO, name: str = "dev") -> Environment:
        """An environment that is up: the first one in a yard is made once, and put there from then on."""
        put_up(self, lambda: self.make(application, name), application, name)
        return Environment.objects.get(application=application, name=name)

    def make(self, application: str = HELLO, name: str = "dev") -> None:
        """Create an environment, agreed to where that is asked for."""
        change = self.drive(self.create(application, name))
        if change.status == "awaiting_approval":
            self.approve(change)
            self.drive(change)
        assert change.status == "succeeded", change.problem

    def did(self, environment: Environment, kind: ChangeKind, values: Values | None = None) -> Change:
        """A later change, driven until it rests."""
        change = self.ask(environment, kind, values)
        return self.drive(change)

    def tick(self, change: Change) -> Tick:
        """One reconcile."""
        tick = reconcile(change.pk, self.fake.aws_for)
        change.refresh_from_db()
        return tick

    def look(self) -> Look:
        """One observe."""
        return observe(self.account.pk, self.fake.aws_for)

    def drive(self, *changes: Change, rounds: int = 400) -> Change:
        """Reconcile and observe in turns, moving time to what is due next, until everything rests."""
        for _ in range(rounds):
            for change in changes:
                self.tick(change)
            self.look()
            if not self.wait():
                for change in changes:
                    change.refresh_from_db()
                    change.environment.refresh_from_db()
                return changes[0]
        raise AssertionError(f"{changes[0]} does not come to rest: {changes[0].waiting_for}")

    def sweep(self, rounds: int = 400) -> None:
        """Work as though every message were lost: only what a sweep finds due is done, every two seconds."""
        for _ in range(rounds):
            now = timezone.now()
            free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
            for change in Change.objects.filter(free, next_check_at__lte=now):
                self.tick(change)
            self.meanwhile()
            watched = Operation.objects.filter(is_open=True, called_at__isnull=False, finished_at__isnull=True)
            due = Q(next_look_at__isnull=True) | Q(next_look_at__lte=now)
            if watched.exists() and Account.objects.filter(due, pk=self.account.pk).exists():
                self.look()
            if not _moving().exists():
                return
            self.clock.shift(timedelta(seconds=2))
        raise AssertionError("The sweep alone does not bring everything to rest")

    def wait(self) -> bool:
        """Move time to what is due next. Returns False when nothing ever will be."""
        now = timezone.now()
        due = [at for at in _moving().values_list("next_check_at", flat=True) if at is not None]
        if not due:
            return False
        self.account.refresh_from_db()
        if self.account.next_look_at is not None:
            due.append(self.account.next_look_at)
        if min(due) > now:
            self.clock.move_to(min(due))
        return True

    def pass_time(self, change: Change, **past: float) -> Change:
        """Let time pass, then drive the change on."""
        self.clock.shift(timedelta(**past))
        return self.drive(change)

    def stack(self, environment: Environment, kind: str) -> Stack:
        """What is known of a stack now."""
        return Stack.objects.get(environment=environment, kind=kind)


def _moving() -> QuerySet[Change]:
    """The changes that go on by themselves now. One that waits for people, or for its start, is at rest until its time
    has come: `pass_time` goes there."""
    now = timezone.now()
    waiting = Q(status="awaiting_approval") | Q(status="queued", held=True) | Q(status="queued", start_at__gt=now)
    return Change.objects.filter(next_check_at__isnull=False).exclude(waiting, next_check_at__gt=now, cleanup=False)


def make_yard(clock: time_machine.Traveller) -> Yard:
    """The rows that every test starts from."""
    user_model = get_user_model()
    actors = {}
    for name, group in (("alice", ENGINEERS), ("bob", ENGINEERS), ("ada", ADMINS)):
        user = user_model.objects.create(username=name)
        actors[name] = Actor(user.pk, name, frozenset({group}))
    account = Account.objects.create(slug="default", region="us-east-1")
    return Yard(account, actors["alice"], actors["bob"], actors["ada"], clock)


def keep_linted() -> None:
    """Keep every template of the library with an empty list of findings."""
    for blueprint in library().blueprints.values():
        for stack in blueprint.stacks.values():
            body = {"body": stack.template.body, "lint": []}
            Template.objects.get_or_create(digest=stack.template.digest, defaults=body)
