"""Leases: who may work on a change, or watch an account, right now (L13, L14, DESIGN: the heart).

A claim is a filtered UPDATE that is believed only when it changed one row. Every write of the work carries the
lease's token, so that a worker that was paused past its lease cannot write over its successor.
"""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from provisioning.models import Account, Change

LEASE = timedelta(seconds=20)
MOST_CLAIMS = 5


class LeaseLostError(Exception):
    """Somebody else has taken over; whatever this worker still meant to write must not be written."""


def claim_change(change_id: uuid.UUID) -> Change | None:
    """Take the lease of a change that has work to do, or None when someone else holds it, or it is set aside.

    The claim is counted, and the count goes back to zero when the lease is given back: a change that ends every
    worker that takes it up has been claimed more than MOST_CLAIMS times, and is to be set aside.
    """
    now, token = timezone.now(), uuid.uuid4()
    taken = (
        Change.objects.filter(Q(lease_until__isnull=True) | Q(lease_until__lt=now), pk=change_id)
        .filter(next_check_at__isnull=False, set_aside_at__isnull=True)
        .update(lease_token=token, lease_until=now + LEASE, claims=F("claims") + 1)
    )
    if taken != 1:
        return None
    return Change.objects.select_related("environment__account", "environment__owner").get(pk=change_id)


def hold(change: Change) -> None:
    """Renew the lease inside the caller's transaction. Raises LeaseLostError when it is no longer ours, or when a
    person has moved the change meanwhile (cancelled it, say): what this tick believes is then out of date."""
    held = Change.objects.filter(pk=change.pk, lease_token=change.lease_token, status=change.status).update(
        lease_until=timezone.now() + LEASE
    )
    if held != 1:
        raise LeaseLostError(str(change.pk))


def release_change(change: Change, next_check_at: datetime | None) -> bool:
    """Give the lease back. Returns True when a ring came during the tick, so that another should follow at once."""
    mine = Change.objects.filter(pk=change.pk, lease_token=change.lease_token)
    back: dict[str, Any] = {"lease_token": None, "lease_until": None, "claims": 0}
    quiet = mine.filter(wakes=change.wakes).update(**back, next_check_at=next_check_at)
    if quiet:
        return False
    return bool(mine.update(**back, next_check_at=timezone.now()))


def wake(change_ids: list[uuid.UUID]) -> None:
    """Mark changes as due now. A tick that is under way sees the ring when it releases; one that is set aside stays."""
    at_work = Change.objects.filter(pk__in=change_ids, set_aside_at__isnull=True)
    at_work.update(wakes=F("wakes") + 1, next_check_at=timezone.now())


def claim_account(account_id: int) -> Account | None:
    """Take the observer's lease of an account, or None when another worker is watching it."""
    now, token = timezone.now(), uuid.uuid4()
    taken = Account.objects.filter(Q(observer_until__isnull=True) | Q(observer_until__lt=now), pk=account_id).update(
        observer_token=token, observer_until=now + LEASE
    )
    return Account.objects.get(pk=account_id) if taken == 1 else None


def hold_account(account: Account) -> None:
    """Renew the observer's lease inside the caller's transaction. Raises LeaseLostError when it is no longer ours."""
    held = Account.objects.filter(pk=account.pk, observer_token=account.observer_token).update(
        observer_until=timezone.now() + LEASE
    )
    if held != 1:
        raise LeaseLostError(account.slug)


def release_account(account: Account, next_look_at: datetime | None) -> None:
    """Give the observer's lease back and say when the next look is due."""
    with transaction.atomic():
        Account.objects.filter(pk=account.pk, observer_token=account.observer_token).update(
            observer_token=None, observer_until=None, next_look_at=next_look_at
        )
