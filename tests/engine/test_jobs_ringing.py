"""How jobs are rung for: with every message lost the sweep finds them, and however many there are, few are in hand."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from moto import mock_aws

from provisioning import tasks
from provisioning.aws.clients import Clients, Target
from provisioning.engine.jobs.claims import IN_HAND
from provisioning.lifecycle import JobStatus
from provisioning.models import ItemJob

from .item_yard import ItemYard, make_yard

_yards: list[ItemYard] = []


def aws_of_the_yard(_target: Target) -> Clients:
    """What AWS_CLIENTS names here."""
    return _yards[-1].aws


@pytest.fixture
def yard(db: None, settings: Any) -> Iterator[ItemYard]:
    """A table with three items, reached by tasks."""
    settings.AWS_CLIENTS = f"{__name__}.aws_of_the_yard"
    with mock_aws():
        _yards.append(make_yard())
        _yards[-1].put({"user": {"S": "u"}, "at": {"N": str(number)}} for number in range(3))
        yield _yards[-1]
        _yards.pop()


@pytest.fixture
def messages(settings: Any) -> Iterator[Path]:
    """The broker's folder, without messages."""
    folder = Path(settings.BROKER_FOLDER)
    rung_for(folder)
    yield folder
    rung_for(folder)


def rung_for(folder: Path) -> list[str]:
    """The jobs that were rung for since the last look, by id."""
    found = []
    for message in folder.glob("**/*.msg"):
        headers = json.loads(message.read_text())["headers"]
        found += [headers["argsrepr"].strip("(',)")] if headers["task"].endswith("work_on_job") else []
        message.unlink()
    return sorted(found)


def test_the_sweep_rings_for_what_is_due_and_for_nothing_that_waits(yard: ItemYard, messages: Path) -> None:
    due, later, held = yard.open(), yard.open(), yard.open()
    ItemJob.objects.filter(pk=later.pk).update(next_check_at=timezone.now() + timedelta(minutes=1))
    ItemJob.objects.filter(pk=held.pk).update(next_check_at=None)
    rung_for(messages)
    tasks.sweep()
    assert rung_for(messages) == [str(due.pk)]
    tasks.work_on_job(str(held.pk))
    assert yard.client.asked == []
    held.refresh_from_db()
    assert held.status == JobStatus.QUEUED


def test_one_message_brings_a_job_to_its_end_and_rings_for_the_next(yard: ItemYard, messages: Path) -> None:
    first, second = yard.open(), yard.open()
    rung_for(messages)
    tasks.work_on_job(str(first.pk))
    first.refresh_from_db()
    assert (first.status, first.done) == (JobStatus.SUCCEEDED, 3)
    assert rung_for(messages) == [str(second.pk)]
    tasks.work_on_job(str(first.pk))  # a message that comes late
    assert rung_for(messages) == [str(second.pk)]


def test_few_jobs_are_in_hand_at_once(yard: ItemYard, messages: Path) -> None:
    for _ in range(IN_HAND):
        busy = yard.open()
        ItemJob.objects.filter(pk=busy.pk).update(lease_until=timezone.now() + timedelta(minutes=1))
    job = yard.open()
    tasks.work_on_job(str(job.pk))
    job.refresh_from_db()
    assert job.status == JobStatus.QUEUED
    assert yard.client.asked == []
    ItemJob.objects.exclude(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    tasks.work_on_job(str(job.pk))
    job.refresh_from_db()
    assert job.status == JobStatus.SUCCEEDED
