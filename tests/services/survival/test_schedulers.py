"""Two schedulers at once, and none for a while: neither loses nor doubles anything."""

import time
from collections.abc import Iterator

import pytest

from bench.asking import follow
from bench.running import until
from bench.visitor import Visitor
from provisioning.models import Change
from tools.terminal import say

from .deployment import SCHEDULER, WORKERS, Deployment
from .lives import Aws, Life, Traces, all_rest, same_as

SECOND = "scheduler-2"


@pytest.fixture
def two_schedulers(yard: Deployment) -> Iterator[Deployment]:
    """The deployment after somebody has started one scheduler too many."""
    yard.start_scheduler(SECOND)
    log = yard.children[SECOND].log
    until(lambda: b"Sending due task sweep" in log.read_bytes(), "the second scheduler rings")
    yield yard
    yard.kill(SECOND)


def test_two_schedulers_double_nothing(
    alice: Visitor, aws: Aws, two_schedulers: Deployment, quiet: dict[int, Traces]
) -> None:
    lives = [Life(f"dev-two-{number}").begin(alice) for number in range(3)]

    all_rest(lives, "two schedulers bring up environments")

    same_as(quiet, aws, lives)


def test_without_a_scheduler_what_is_rung_goes_on_and_what_was_lost_waits_for_one(
    alice: Visitor, aws: Aws, yard: Deployment, quiet: dict[int, Traces]
) -> None:
    for name in (SCHEDULER, *WORKERS):
        yard.kill(name)
    lost = Life("dev-lost").begin(alice)
    yard.redis.flush()
    for name in WORKERS[:2]:
        yard.start_plain_worker(name)

    rung = Life("dev-rung").begin(alice)
    follow(alice, rung.paths[0])
    change = Change.objects.get(pk=lost.paths[0].split("/")[2])
    assert (change.status, change.steps.count()) == ("planning", 0)

    began = time.monotonic()
    yard.start_scheduler()
    all_rest([lost], "the scheduler is back")
    say(f"done {time.monotonic() - began:.1f} s after the scheduler was started")

    same_as(quiet, aws, [lost, rung])
