"""Looks and detections are rung for by verbs, and found by the sweep when every ring was lost (L12)."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from celery.signals import before_task_publish
from django.utils import timezone

from portal.celery import app
from provisioning.actions.drifting import do_detect_drift
from provisioning.actions.looking import do_look_at
from provisioning.actions.surveying import do_look_again
from provisioning.models import Account, DriftCheck, Environment, Stack
from provisioning.tasks import sweep

from .yard import Yard

RINGS = {"look_at_environment", "compare_account", "detect_drift"}


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, int]]]:
    """What is sent to workers about the truth outside: task and id."""
    heard: list[tuple[str, int]] = []

    def hear(sender: str, body: Any, **_: Any) -> None:
        name = sender.rpartition(".")[2]
        if name in RINGS:
            heard.append((name, body[0][0]))

    # A setting, not code: Celery has read it when it was loaded.
    monkeypatch.setattr(app.conf, "broker_url", "memory://")
    before_task_publish.connect(hear)
    yield heard
    before_task_publish.disconnect(hear)


@pytest.fixture
def quiet(yard: Yard) -> Environment:
    """An environment of which nothing is due."""
    environment = yard.ready()
    later = timezone.now() + timedelta(hours=1)
    Account.objects.update(compare_due_at=later, survey_due_at=later)
    return environment


def test_nothing_due_rings_for_nothing(quiet: Environment, rung: list[tuple[str, int]]) -> None:
    sweep()
    assert rung == []


def test_the_sweep_rings_for_each(yard: Yard, quiet: Environment, rung: list[tuple[str, int]]) -> None:
    now = timezone.now()
    Account.objects.update(compare_due_at=now)
    Stack.objects.filter(environment=quiet).update(look_due_at=now)
    DriftCheck.objects.create(stack=yard.stack(quiet, "data"), due_at=now)
    sweep()
    account = yard.account.pk
    assert sorted(rung) == [("compare_account", account), ("detect_drift", account), ("look_at_environment", quiet.pk)]


def test_the_verbs_ring_once_they_are_committed(
    yard: Yard, quiet: Environment, rung: list[tuple[str, int]], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        do_look_at(yard.bob, quiet)
        do_detect_drift(yard.bob, quiet)
        do_look_again(yard.bob, yard.account)
        assert rung == []
    account = yard.account.pk
    assert rung == [("look_at_environment", quiet.pk), ("detect_drift", account), ("compare_account", account)]
