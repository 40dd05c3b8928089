"""Two workers at once: they share the work, one of them dies, the broker forgets everything."""

import random

from redis import Redis

from bench.asking import ask_create, follow, status_of
from bench.running import Running, until
from bench.visitor import Visitor
from provisioning.lifecycle import ChangeKind
from provisioning.models import Change, Event, Heartbeat, Operation, Step

STACK = "AWS::CloudFormation::Stack"


def _begun(path: str) -> dict[str, int]:
    """How often AWS began each stack of a change, by its own events."""
    rows = Event.objects.filter(change_id=path.split("/")[2], type=STACK, status="CREATE_IN_PROGRESS")
    counts: dict[str, int] = {}
    for name in rows.values_list("logical_id", flat=True):
        counts[name] = counts.get(name, 0) + 1
    return counts


def test_two_workers_bring_up_environments_side_by_side(alice: Visitor, yard: Running) -> None:
    names = [f"dev-side-{number}" for number in range(6)]

    paths = [ask_create(alice, "hello-erlang", name) for name in names]
    for path in paths:
        follow(alice, path)

    for name, path in zip(names, paths, strict=True):
        assert _begun(path) == {f"hello-erlang-data-{name}": 1, f"hello-erlang-{name}": 1}
        assert Operation.objects.filter(change_id=path.split("/")[2], is_open=True).count() == 0
    assert yard.worker_calls("worker") > 0
    assert yard.worker_calls("worker-2") > 0


def test_a_worker_killed_midway_is_replaced_by_the_other(alice: Visitor, yard: Running) -> None:
    (calls,) = random.sample(range(2, 16), 1)
    before = yard.worker_calls("worker")
    paths = [ask_create(alice, "fileshare", f"dev-lost-{number}") for number in range(4)]
    until(lambda: yard.worker_calls("worker") >= before + calls, f"{calls} calls to AWS", pause=0.001)
    yard.kill("worker")

    for number, path in enumerate(paths):
        follow(alice, path)
        stacks = {f"fileshare-data-dev-lost-{number}": 1, f"fileshare-dev-lost-{number}": 1}
        assert _begun(path) == stacks, f"killed after {calls} calls"


def test_an_emptied_broker_costs_only_seconds(alice: Visitor, yard: Running, redis: Redis) -> None:
    path = ask_create(alice, "hello-erlang", "dev-unheard")
    for _ in range(40):
        redis.flushdb()
        status_of(alice.get(path))

    follow(alice, path)

    beat = Heartbeat.objects.get(name="sweep").at
    redis.flushdb()
    until(lambda: Heartbeat.objects.get(name="sweep").at > beat, "the sweep goes on with an empty broker")
    assert _begun(path) == {"hello-erlang-data-dev-unheard": 1, "hello-erlang-dev-unheard": 1}
    change = Change.objects.get(pk=path.split("/")[2])
    assert change.kind == ChangeKind.CREATE
    assert Step.objects.filter(change=change, name="ensure_compute_stack").count() == 1
