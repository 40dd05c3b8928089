"""Hints from AWS: they bring the next look forward and never say what is; with the queue cut, polling converges."""

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from provisioning.aws.queues import Message
from provisioning.engine.hints import BATCHES, Heard, hints_due, listen, read
from provisioning.lifecycle import ChangeKind
from provisioning.models import AuditEntry, Change, Environment, HintQueue, Operation, Stack

from .yard import HELLO, Yard

URL = "https://sqs.us-east-1.amazonaws.com/123456789012/stackyard-hints"
GARBAGE = (
    "",
    "no json",
    "[]",
    "null",
    "7",
    "{}",
    '{"detail": null}',
    '{"detail": {"stack-id": 7}, "detail-type": "CloudFormation Stack Status Change"}',
    '{"detail": {"stack-id": "arn:aws:s3:::bucket"}, "detail-type": "CloudFormation Stack Status Change"}',
    '{"Message": "{"}',
    '{"Message": {"detail": {}}}',
    '{"detail-type": ["CloudFormation Stack Status Change"], "detail": {"stack-id": "x"}}',
    "[" * 5000,
    '{"Records": [{"eventSource": "aws:s3"}]}',
)


def event(stack_id: str, status: str, at: datetime | None = None, **more: Any) -> str:
    """What EventBridge puts into the queue for one change of a stack's status (Q5)."""
    region, account = stack_id.split(":")[3:5]
    at = at or timezone.now()
    said = {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": "CloudFormation Stack Status Change",
        "source": "aws.cloudformation",
        "account": account,
        "time": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "region": region,
        "resources": [stack_id],
        "detail": {"stack-id": stack_id, "status-details": {"status": status, "status-reason": ""}},
    }
    return json.dumps(said | more)


@pytest.fixture
def hinted(yard: Yard, settings: Any) -> Yard:
    """A yard that listens to a queue."""
    settings.AWS_EVENTS_QUEUE_URL = URL
    return yard


def hear(yard: Yard) -> Heard:
    """Listen as the sweep has it done, and look where that leads."""
    heard = listen(yard.fake.aws_for)
    for _ in heard.looks:
        yard.look()
    return heard


def moving(yard: Yard) -> tuple[Change, Stack]:
    """A change whose data stack moves, and was just looked at."""
    change = yard.create()
    while not Operation.objects.filter(change=change, called_at__isnull=False).exists():
        yard.tick(change)
        yard.wait()
    yard.look()
    return change, yard.stack(change.environment, "data")


class TestHearing:
    """What one message leads to."""

    def test_a_moving_stack_is_looked_at_now(self, hinted: Yard) -> None:
        hinted.fake.pace.resources = 40
        _, stack = moving(hinted)
        hinted.account.refresh_from_db()
        assert hinted.account.next_look_at is not None
        assert hinted.account.next_look_at > timezone.now()
        hinted.fake.queue.send(event(stack.stack_id, "CREATE_COMPLETE"))
        assert listen(hinted.fake.aws_for) == Heard((hinted.account.pk,))
        hinted.account.refresh_from_db()
        assert hinted.account.next_look_at == timezone.now()
        assert hinted.fake.queue.waiting == []

    def test_a_stack_at_rest_is_due_for_a_look(self, hinted: Yard) -> None:
        environment = hinted.ready()
        hinted.clock.shift(timedelta(hours=1))
        stack = hinted.stack(environment, "compute")
        hinted.fake.queue.send(event(stack.stack_id, "UPDATE_IN_PROGRESS"))
        assert listen(hinted.fake.aws_for) == Heard()
        assert hinted.stack(environment, "compute").look_due_at == timezone.now()
        assert hinted.stack(environment, "data").look_due_at is None

    def test_what_was_looked_at_since_is_not_looked_at_again(self, hinted: Yard) -> None:
        """Our own operations send a message for every status, and most come when we know."""
        environment = hinted.ready()
        stack = hinted.stack(environment, "compute")
        assert stack.observed_at is not None
        hinted.fake.queue.send(event(stack.stack_id, "CREATE_COMPLETE", stack.observed_at - timedelta(seconds=30)))
        listen(hinted.fake.aws_for)
        assert hinted.stack(environment, "compute").look_due_at is None

    def test_a_stack_made_again_under_our_name_is_due_for_a_look(self, hinted: Yard) -> None:
        environment = hinted.ready()
        hinted.clock.shift(timedelta(hours=1))
        stack = hinted.stack(environment, "compute")
        hinted.fake.queue.send(event(f"{stack.stack_id[:-4]}ffff", "CREATE_IN_PROGRESS"))
        listen(hinted.fake.aws_for)
        assert hinted.stack(environment, "compute").look_due_at == timezone.now()

    def test_no_status_is_taken_from_a_message(self, hinted: Yard) -> None:
        environment = hinted.ready()
        hinted.clock.shift(timedelta(hours=1))
        before = Stack.objects.filter(environment=environment).values("status", "outputs", "updated_at")
        known = list(before)
        for stack in environment.stacks.all():
            hinted.fake.queue.send(event(stack.stack_id, "DELETE_COMPLETE"))
            hinted.fake.queue.send(event(stack.stack_id, "NO_SUCH_STATUS"))
        listen(hinted.fake.aws_for)
        assert list(before.all()) == known
        environment.refresh_from_db()
        assert environment.status == "ready"

    def test_a_look_that_is_due_earlier_stays(self, hinted: Yard) -> None:
        environment = hinted.ready()
        earlier = timezone.now()
        Stack.objects.update(look_due_at=earlier)
        hinted.clock.shift(timedelta(hours=1))
        hinted.fake.queue.send(event(hinted.stack(environment, "data").stack_id, "UPDATE_COMPLETE"))
        listen(hinted.fake.aws_for)
        assert hinted.stack(environment, "data").look_due_at == earlier

    def test_by_way_of_a_topic(self, hinted: Yard) -> None:
        environment = hinted.ready()
        hinted.clock.shift(timedelta(hours=1))
        inner = event(hinted.stack(environment, "data").stack_id, "UPDATE_COMPLETE")
        hinted.fake.queue.send(json.dumps({"Type": "Notification", "MessageId": "m", "Message": inner}))
        listen(hinted.fake.aws_for)
        assert hinted.stack(environment, "data").look_due_at == timezone.now()

    @pytest.mark.parametrize("body", GARBAGE, ids=range(len(GARBAGE)))
    def test_what_cannot_be_read_is_deleted_and_counted(self, hinted: Yard, body: str) -> None:
        hinted.fake.queue.send(body)
        assert listen(hinted.fake.aws_for) == Heard()
        assert hinted.fake.queue.waiting == []
        assert HintQueue.objects.get().unreadable == 1

    @pytest.mark.parametrize("where", ["another name", "another region", "another account"])
    def test_what_is_somebody_else_s_is_deleted_and_counted(self, hinted: Yard, where: str) -> None:
        environment = hinted.ready()
        hinted.clock.shift(timedelta(hours=1))
        stack_id = hinted.stack(environment, "data").stack_id
        changed = {
            "another name": ("stack/", "stack/x"),
            "another region": ("us-east-1", "eu-west-1"),
            "another account": (hinted.fake.world.account_id, "999999999999"),
        }
        hinted.fake.queue.send(event(stack_id.replace(*changed[where]), "UPDATE_COMPLETE"))
        listen(hinted.fake.aws_for)
        queue = HintQueue.objects.get()
        assert (queue.ours, queue.foreign, queue.hint_at) == (0, 1, None)
        assert not Stack.objects.filter(look_due_at__isnull=False).exists()

    def test_no_more_than_a_hundred_at_a_time(self, hinted: Yard) -> None:
        for _ in range(BATCHES * 10 + 5):
            hinted.fake.queue.send("garbage")
        assert listen(hinted.fake.aws_for) == Heard(more=True)
        assert len(hinted.fake.queue.waiting) == 5
        assert listen(hinted.fake.aws_for) == Heard()
        assert hinted.fake.queue.waiting == []

    def test_a_worker_killed_before_deleting_hears_it_again(self, hinted: Yard) -> None:
        environment = hinted.ready()
        hinted.clock.shift(timedelta(hours=1))

        def die() -> None:
            raise KeyboardInterrupt

        hinted.fake.script.before("DeleteMessageBatch", die)
        hinted.fake.queue.send(event(hinted.stack(environment, "data").stack_id, "UPDATE_COMPLETE"))
        with pytest.raises(KeyboardInterrupt):
            listen(hinted.fake.aws_for)
        assert hinted.stack(environment, "data").look_due_at is not None
        assert listen(hinted.fake.aws_for) == Heard()  # its lease still stands
        assert len(hinted.fake.queue.waiting) == 1
        hinted.clock.shift(timedelta(minutes=1))
        listen(hinted.fake.aws_for)
        assert hinted.fake.queue.waiting == []


class TestWhen:
    """How often the queue is asked, and what happens when it cannot be."""

    def test_without_a_queue_nobody_listens(self, yard: Yard) -> None:
        assert not hints_due(timezone.now())
        assert listen(yard.fake.aws_for) == Heard()
        assert not HintQueue.objects.exists()
        assert yard.fake.calls_of("sqs.") == 0

    def test_once_a_minute_while_nothing_moves(self, hinted: Yard) -> None:
        assert hints_due(timezone.now())
        listen(hinted.fake.aws_for)
        assert not hints_due(timezone.now() + timedelta(seconds=59))
        assert hints_due(timezone.now() + timedelta(seconds=60))

    def test_at_every_sweep_while_something_moves(self, hinted: Yard) -> None:
        hinted.fake.pace.resources = 40
        moving(hinted)
        listen(hinted.fake.aws_for)
        assert hints_due(timezone.now())

    def test_one_worker_at_a_time(self, hinted: Yard) -> None:
        inner: list[Heard] = []
        hinted.fake.script.before("ReceiveMessage", lambda: inner.append(listen(hinted.fake.aws_for)))
        listen(hinted.fake.aws_for)
        assert inner == [Heard()]
        assert hinted.fake.calls_of("ReceiveMessage") == 1

    def test_a_queue_that_cannot_be_reached_is_asked_later_and_later(self, hinted: Yard) -> None:
        hinted.fake.script.lose_call("ReceiveMessage", times=4)
        pauses = []
        for _ in range(4):
            listen(hinted.fake.aws_for)
            queue = HintQueue.objects.get()
            assert queue.pause_until is not None
            assert "The queue of hints could not be reached in time." in queue.problem
            assert not hints_due(timezone.now())
            pauses.append((queue.pause_until - timezone.now()).total_seconds())
            hinted.clock.move_to(queue.pause_until)
        assert all(5 * 2**number / 2 <= pause <= 5 * 2**number for number, pause in enumerate(pauses))
        listen(hinted.fake.aws_for)
        queue = HintQueue.objects.get()
        assert (queue.problem, queue.tries, queue.pause_until) == ("", 0, None)

    def test_a_queue_that_is_forbidden_says_so(self, hinted: Yard) -> None:
        hinted.fake.script.deny("ReceiveMessage")
        listen(hinted.fake.aws_for)
        assert "not allow Stackyard to call ReceiveMessage" in HintQueue.objects.get().problem


class Ended:
    """What is left in the end, without when and under which numbers."""

    def __init__(self, yard: Yard, environment: Environment) -> None:
        self.status = environment.status
        self.stacks = list(environment.stacks.order_by("kind").values_list("kind", "status", "outputs", "outside"))
        self.changes = list(environment.changes.order_by("requested_at").values_list("kind", "status", "problem"))
        entries = AuditEntry.objects.filter(environment=environment).exclude(verb="noticed")
        self.audit = sorted(entries.values_list("verb", "summary"))
        names = environment.stacks.order_by("kind").values_list("name", flat=True)
        self.executed = [[stack.executed for stack in yard.fake.stacks(name)] for name in names]


def whole_life(yard: Yard, name: str, queue: str) -> Ended:
    """An environment created, updated and parked on slow stacks while the queue is as told."""
    yard.fake.pace.resources = 4
    chance = random.Random(5)  # noqa: S311 - the same disorder in every run
    kept: list[str] = []
    change = yard.create(HELLO, name)
    environment = change.environment
    for kind in (None, ChangeKind.UPDATE, ChangeKind.PARK):
        change = change if kind is None else yard.ask(environment, kind, {"compute": {"InstanceType": "t3.medium"}})
        for _ in range(300):
            yard.tick(change)
            _send(yard, environment, queue, kept, chance)
            hear(yard)
            yard.look()
            if not yard.wait():
                break
        else:
            raise AssertionError("It does not come to rest")
    yard.fake.script.clear()
    environment.refresh_from_db()
    return Ended(yard, environment)


def _send(yard: Yard, environment: Environment, queue: str, kept: list[str], chance: random.Random) -> None:
    """Every status that a stack has had, as a queue of this kind would give it now."""
    if queue == "cut":
        yard.fake.script.lose_call("ReceiveMessage", times=1)
    for stack in yard.fake.stacks():
        told = [event(stack.stack_id, one["ResourceStatus"], one["Timestamp"]) for one in stack.events[-2:]]
        kept.extend(told)
    if queue in {"none", "cut"} or not kept:
        return
    chance.shuffle(kept)
    many = {"late": kept[:1], "twice": kept[:2] * 2, "garbage": [*GARBAGE[:4], *kept[:1]]}.get(queue, kept[:2])
    for body in many:
        yard.fake.queue.send(body.replace(":stack/", ":stack/x") if queue == "foreign" else body)


def test_whatever_the_queue_says_or_not_the_end_is_the_same(hinted: Yard) -> None:
    """Q8: polling alone is right, and hints change only when it looks."""
    ends = {}
    for queue in ("none", "cut", "late", "twice", "disorder", "foreign", "garbage"):
        end = whole_life(hinted, f"dev-{queue}", queue)
        assert (queue, end.status, end.executed) == (queue, "parked", [[2], [1]])
        ends[queue] = json.dumps(vars(end), default=str).replace(f"dev-{queue}", "dev-x")
    assert {queue for queue, end in ends.items() if end != ends["none"]} == set()
    heard = HintQueue.objects.get()
    assert min(heard.ours, heard.foreign, heard.unreadable) > 10


def test_the_time_of_an_event_is_read_in_every_spelling() -> None:
    arn = "arn:aws:cloudformation:us-east-1:123456789012:stack/x/1"
    at = datetime(2026, 5, 4, 9, tzinfo=UTC)
    for text in ("2026-05-04T09:00:00Z", "2026-05-04T11:00:00+02:00", "2026-05-04T09:00:00"):
        hint = read(Message("m", "r", event(arn, "CREATE_COMPLETE", time=text)))
        assert hint is not None
        assert hint.at == at
    for odd in (None, 7, "yesterday"):
        hint = read(Message("m", "r", event(arn, "CREATE_COMPLETE", time=odd)))
        assert hint is not None
        assert hint.at is None
