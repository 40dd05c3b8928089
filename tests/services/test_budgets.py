"""Fifty workers that want to call at the same moment, on a database with real row locks: what is there passes."""

import uuid
from functools import partial
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from redis import Redis

from provisioning.engine.budgets import PAUSE, READS, WRITES, Budget, slow_down, take
from provisioning.models import Account, CallBudget

from .together import at_once

ALL, BURST = 50, 24
SLOW = 1 / 3600  # a second: nothing comes back while a test runs


@pytest.fixture
def account(database_url: str, redis: Redis) -> Account:
    """An account of its own: other tests make no calls in it."""
    return Account.objects.create(slug=f"budgets-{uuid.uuid4().hex[:8]}", region="us-east-1")


@pytest.mark.parametrize(
    ("kind", "how", "passing"),
    [
        (READS, {}, BURST // 2),
        (READS, {"begun": True}, BURST * 7 // 8),
        (READS, {"urgent": True, "begun": True}, BURST),
        (WRITES, {}, BURST),
    ],
)
def test_of_fifty_at_once_exactly_what_the_bucket_holds_passes(
    account: Account, kind: str, how: dict[str, Any], passing: int
) -> None:
    """The first of all makes the row, which is not there before."""
    budget = Budget(kind, SLOW, BURST)

    answers = at_once(*[partial(take, account.pk, budget, **how)] * ALL)

    assert answers.count(None) == passing
    row = CallBudget.objects.get(account=account)
    assert (row.taken, row.held_back) == (passing, ALL - passing)


def test_a_full_bucket_is_shared_by_steps_and_watching(account: Account) -> None:
    budget = Budget(READS, SLOW, BURST)

    answers = at_once(
        *[partial(take, account.pk, budget)] * 25,
        *[partial(take, account.pk, budget, urgent=True, begun=True)] * 25,
    )

    assert answers.count(None) <= BURST
    assert answers[25:].count(None) >= BURST - BURST // 2


def test_everybody_sees_a_throttle(account: Account) -> None:
    budget = Budget(READS, 2.0, BURST)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert take(account.pk, budget) is None
        at_once(*[partial(slow_down, account.pk, budget)] * 10)
        assert None not in at_once(*[partial(take, account.pk, budget)] * 10)
        clock.shift(PAUSE)
        assert at_once(*[partial(take, account.pk, budget)] * 10).count(None) == 1

    assert CallBudget.objects.get(account=account).throttled == 10
