"""Workers that die, an AWS that is away, credentials that are gone: nothing is lost, nothing is done twice."""

import random
import time

import pytest

from bench.asking import ask_act, ask_create, follow, status_of
from bench.running import Running, until
from bench.visitor import Visitor
from tools.terminal import say

from .looks import Aws, executions, waiting_for_aws

CALLS_OF_A_CREATE = 20
KILLS = 2
CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


def test_a_worker_killed_at_any_moment_is_survived(alice: Visitor, aws: Aws, yard: Running) -> None:
    follow(alice, ask_create(alice, "hello-erlang", "dev-before"))  # its templates are linted from here on
    moments = random.sample(range(1, CALLS_OF_A_CREATE), KILLS)
    paths = []
    for number, calls in enumerate(moments):
        before = yard.worker_calls()
        paths.append(ask_create(alice, "hello-erlang", f"dev-crash-{number}"))
        until(
            lambda enough=before + calls: yard.worker_calls() >= enough,  # type: ignore[misc]  # bound now
            f"{calls} calls to AWS",
            pause=0.001,
        )
        yard.kill("worker")
        yard.start_worker()

    for number, path in enumerate(paths):
        follow(alice, path)
        for stack in (f"hello-erlang-data-dev-crash-{number}", f"hello-erlang-dev-crash-{number}"):
            assert executions(aws, stack) == 1, f"killed after {moments} calls"


def test_the_sweep_alone_makes_up_for_every_message_that_a_kill_has_lost(
    alice: Visitor, aws: Aws, yard: Running
) -> None:
    """One change was under way when the worker died, another one was asked for while there was none."""
    before = yard.worker_calls()
    paths = [ask_create(alice, "hello-erlang", "dev-midway")]
    until(lambda: yard.worker_calls() > before, "the worker is at it", pause=0.001)
    yard.kill("worker")
    paths.append(ask_create(alice, "hello-erlang", "dev-unheard"))
    messages = list((yard.launch.home.root / "broker").glob("*.msg"))
    assert messages
    for message in messages:
        message.unlink()
    yard.start_worker()
    began = time.monotonic()

    for path, name in zip(reversed(paths), ("unheard", "midway"), strict=True):
        follow(alice, path)
        say(f"dev-{name} is done {time.monotonic() - began:.1f} s after the worker was started again")
        for stack in (f"hello-erlang-data-dev-{name}", f"hello-erlang-dev-{name}"):
            assert executions(aws, stack) == 1


def test_a_broken_message_does_not_end_the_worker(alice: Visitor, yard: Running) -> None:
    # What a full disk or a lost power supply leaves behind.
    message = yard.launch.home.root / "broker" / "0_broken.stackyard.msg"
    message.write_bytes(b"")
    until(lambda: not message.exists(), "the worker has taken the message")

    follow(alice, ask_create(alice, "fileshare", "dev-broken"))
    assert not yard.children["worker"].ended


def test_aws_is_away_while_a_change_is_planned(alice: Visitor, yard: Running) -> None:
    follow(alice, ask_create(alice, "hello-erlang", "dev-away"))
    yard.stop("local AWS")

    path = ask_act(alice, "hello-erlang", "dev-away", "park")
    said = waiting_for_aws(alice, path)

    assert "Stackyard tries again by itself; there is nothing to do." in said
    assert status_of(alice.get(path)) == "Planning"
    yard.start_aws()
    follow(alice, path)


@pytest.fixture
def no_credentials(yard: Running) -> Running:
    """Stackyard whose worker has no credentials."""
    yard.stop("worker")
    yard.start_worker(without=CREDENTIALS)
    return yard


def test_missing_credentials_fail_with_a_sentence_and_a_retry(alice: Visitor, no_credentials: Running) -> None:
    path = ask_create(alice, "hello-erlang", "dev-keyless")

    failed = follow(alice, path, "Failed")

    assert "AWS does not accept Stackyard's credentials: they are missing, wrong or expired." in failed.words
    no_credentials.stop("worker")
    no_credentials.start_worker()
    alice.submit(failed.form("/retry/"))
    follow(alice, path)
