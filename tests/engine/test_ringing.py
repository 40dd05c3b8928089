"""The tasks: what is left over ends at once, and however much is behind, the sweep rings a few times."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from provisioning import tasks
from provisioning.aws.clients import Clients, Target
from provisioning.models import Account, Change

from .yard import HELLO, Yard

_yards: list[Yard] = []


def aws_of_the_yard(target: Target) -> Clients:
    """What AWS_CLIENTS names here."""
    return _yards[-1].fake.aws_for(target)


@pytest.fixture
def rung(yard: Yard, settings: Any) -> Iterator[Path]:
    """The broker's folder, without messages, while tasks reach the yard's AWS."""
    settings.AWS_CLIENTS = f"{__name__}.aws_of_the_yard"
    _yards.append(yard)
    folder = Path(settings.BROKER_FOLDER)
    _messages(folder)
    yield folder
    _messages(folder)
    _yards.pop()


def test_a_message_for_a_change_that_is_not_due_ends_there(yard: Yard, rung: Path) -> None:
    yard.fake.pace.looks = 1000
    change = yard.create()
    tasks.reconcile_change(str(change.pk))
    change.refresh_from_db()
    assert change.status == "running"
    assert change.next_check_at is not None
    assert change.next_check_at > timezone.now() + tasks.EARLY
    yard.fake.calls.clear()
    tasks.reconcile_change(str(change.pk))
    assert yard.fake.calls.total() == 0


def test_a_message_between_two_looks_ends_there(yard: Yard, rung: Path) -> None:
    yard.fake.pace.looks = 1000
    yard.tick(yard.create())
    tasks.observe_account(yard.account.pk)
    assert _messages(rung) == ["observe_account"], "each look rings for the next one"
    yard.fake.calls.clear()
    tasks.observe_account(yard.account.pk)
    assert (yard.fake.calls.total(), _messages(rung)) == (0, [])


def test_a_backlog_is_rows_and_never_messages(yard: Yard, rung: Path) -> None:
    for number in range(30):
        yard.create(HELLO, f"dev-n{number}")
    for _ in range(3):
        tasks.sweep()
        assert _messages(rung).count("reconcile_due") == tasks.WORKERS


def test_what_is_due_is_brought_on_longest_first(yard: Yard, rung: Path) -> None:
    changes = [yard.create(HELLO, f"dev-n{number}") for number in range(3)]
    later = timezone.now() + timedelta(minutes=1)
    Change.objects.filter(pk=changes[2].pk).update(next_check_at=later)
    yard.fake.script.before("CreateChangeSet", lambda: yard.clock.shift(timedelta(seconds=2)), times=10)
    tasks.reconcile_due()
    begun = [Change.objects.get(pk=change.pk).steps.exists() for change in changes]
    assert begun == [True, True, False]


def test_a_worker_looks_before_it_works(yard: Yard, rung: Path) -> None:
    """With one change under way and its stack at rest, another worker's message for another change notices that."""
    first, second = yard.create(HELLO, "dev-first"), yard.create(HELLO, "dev-second")
    yard.tick(first)
    Account.objects.update(next_look_at=timezone.now() - timedelta(seconds=1))
    yard.fake.finish()
    tasks.reconcile_change(str(second.pk))
    assert first.operations.filter(finished_at__isnull=False).count() == 1
    assert Change.objects.get(pk=second.pk).steps.exists()


def _messages(folder: Path) -> list[str]:
    """The names of the tasks that were rung for, taken out of the broker."""
    found = []
    for message in folder.glob("*.msg"):
        found.append(next(name for name in NAMES if f"provisioning.tasks.{name}" in message.read_text()))
        message.unlink()
    return found


NAMES = (
    "reconcile_due",
    "reconcile_change",
    "observe_account",
    "survey_account",
    "watch_account",
    *("compare_account", "look_at_environment", "detect_drift", "listen_to_hints", "sweep"),
    *("work_on_job", "settle_item_write", "read_costs", "accrue_costs", "park_expired", "read_parameters"),
)
