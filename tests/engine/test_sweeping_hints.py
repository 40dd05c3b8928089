"""The sweep has somebody listen to hints, and every worker tells of itself with the sweeps that it finishes."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from celery.signals import before_task_publish
from django.utils import timezone
from fakes.aws import FakeAws

from portal.celery import app
from provisioning.aws.clients import Clients, Target
from provisioning.engine.heartbeats import FORGOTTEN_AFTER, last_sweep, workers
from provisioning.models import Heartbeat, HintQueue
from provisioning.tasks import listen_to_hints, sweep

from .test_hints import URL, event, moving
from .yard import Yard

served: dict[str, FakeAws] = {}


def scripted(_: Target) -> Clients:
    """What AWS_CLIENTS names here."""
    return served["fake"].clients()


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch, yard: Yard, settings: Any) -> Iterator[list[tuple[str, Any]]]:
    """What is sent to workers, in order."""
    heard: list[tuple[str, Any]] = []

    def hear(sender: str, body: Any, **_: Any) -> None:
        heard.append((sender.rpartition(".")[2], body[0]))

    settings.AWS_CLIENTS = f"{__name__}.scripted"
    served["fake"] = yard.fake
    # A setting, not code: Celery has read it when it was loaded.
    monkeypatch.setattr(app.conf, "broker_url", "memory://")
    before_task_publish.connect(hear)
    yield heard
    before_task_publish.disconnect(hear)


def test_without_a_queue_nobody_is_sent_to_listen(rung: list[tuple[str, Any]]) -> None:
    sweep()
    assert "listen_to_hints" not in [name for name, _ in rung]


def test_the_sweep_sends_somebody_once_a_minute(yard: Yard, rung: list[tuple[str, Any]], settings: Any) -> None:
    settings.AWS_EVENTS_QUEUE_URL = URL
    sweep()
    assert ("listen_to_hints", []) in [(name, list(told)) for name, told in rung]
    listen_to_hints()
    rung.clear()
    sweep()
    assert "listen_to_hints" not in [name for name, _ in rung]
    yard.clock.shift(timedelta(minutes=1))
    sweep()
    assert "listen_to_hints" in [name for name, _ in rung]


def test_what_is_heard_of_is_looked_at_now(yard: Yard, rung: list[tuple[str, Any]], settings: Any) -> None:
    settings.AWS_EVENTS_QUEUE_URL = URL
    yard.fake.pace.resources = 40
    _, stack = moving(yard)
    rung.clear()
    yard.fake.queue.send(event(stack.stack_id, "CREATE_COMPLETE"))
    for _ in range(105):
        yard.fake.queue.send("garbage")
    listen_to_hints()
    assert [name for name, _ in rung] == ["listen_to_hints"]  # more is waiting; ours came first, and is behind it
    rung.clear()
    listen_to_hints()
    assert [(name, list(told)) for name, told in rung] == [("observe_account", [yard.account.pk])]


def test_with_nobody_listening_the_sweep_still_looks(yard: Yard, rung: list[tuple[str, Any]], settings: Any) -> None:
    settings.AWS_EVENTS_QUEUE_URL = URL
    yard.fake.script.lose_call("ReceiveMessage", times=100)
    moving(yard)
    yard.clock.shift(timedelta(seconds=10))
    listen_to_hints()
    rung.clear()
    sweep()
    assert "observe_account" in [name for name, _ in rung]
    assert HintQueue.objects.get().problem


def test_workers_tell_of_themselves_and_are_forgotten(yard: Yard, rung: list[tuple[str, Any]]) -> None:
    assert last_sweep() is None
    assert workers() == ()
    sweep()
    (me,) = workers()
    assert (last_sweep(), me.at) == (timezone.now(), timezone.now())
    yard.clock.shift(timedelta(minutes=1))
    Heartbeat.objects.filter(name__startswith="worker ").update(name="worker gone/1")
    sweep()
    assert {one.name for one in workers()} == {me.name, "gone/1"}
    yard.clock.shift(FORGOTTEN_AFTER)
    sweep()
    assert [one.name for one in workers()] == [me.name]
