"""What workers do. Tasks take ids, are short, and may run any number of times in any order (L18).

Messages are a doorbell: with every one of them lost, the sweep still finds what is due (L12).
"""

import uuid

import structlog
from celery import shared_task
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from provisioning.engine.observe import Look, observe
from provisioning.engine.reconcile import Tick, reconcile
from provisioning.engine.surveying import due_surveys, survey
from provisioning.engine.warming import warm_library
from provisioning.engine.watching import accounts_to_watch, watch_protection
from provisioning.models import Account, Change, Heartbeat, Operation

SOON = 10.0  # seconds; what is due later is left to the sweep (L11)
BATCH = 200
log = structlog.get_logger(__name__)


def ring(change_id: uuid.UUID) -> None:
    """Once the transaction is committed, ask a worker to look at a change. A broker that is away costs only the
    seconds until the next sweep (L12)."""
    transaction.on_commit(lambda: _ring_now(change_id), robust=True)


def _ring_now(change_id: uuid.UUID) -> None:
    reconcile_change.delay(str(change_id))


@shared_task
def reconcile_change(change_id: str, **_: object) -> None:
    """Bring one change as far as it goes now, and ring for what follows."""
    _follow(change_id, reconcile(uuid.UUID(change_id)))


def _follow(change_id: str, tick: Tick) -> None:
    if tick.look_at is not None:
        observe_account.delay(tick.look_at)
    if tick.again_in is not None and tick.again_in <= SOON:
        reconcile_change.apply_async((change_id,), countdown=tick.again_in)


@shared_task
def observe_account(account_id: int, **_: object) -> None:
    """Look at everything that moves in one account, and go on with the changes whose stacks came to rest."""
    look: Look = observe(account_id)
    for change_id in look.woken[1:]:
        reconcile_change.delay(str(change_id))
    if look.again_in is not None:
        observe_account.apply_async((account_id,), countdown=look.again_in)
    for change_id in look.woken[:1]:
        _follow(str(change_id), reconcile(change_id))  # the first one without the way through the broker


def ring_survey(account_id: int) -> None:
    """Once the transaction is committed, ask a worker to survey an account that is due."""
    transaction.on_commit(lambda: _survey_now(account_id), robust=True)


def _survey_now(account_id: int) -> None:
    survey_account.delay(account_id)


@shared_task
def survey_account(account_id: int, **_: object) -> None:
    """List the tables and the hand-made stacks of one account, a batch at a time."""
    if survey(account_id).more:
        survey_account.delay(account_id)


@shared_task
def watch_account(account_id: int, **_: object) -> None:
    """Look whether the data stacks of one account are still protected as they were."""
    watch_protection(account_id)


@shared_task
def sweep(**_: object) -> None:
    """Ring for everything that is due: what a lost message, a killed worker or a long wait left behind."""
    now = timezone.now()
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    for change_id in (
        Change.objects.filter(free, next_check_at__lte=now)
        .order_by("next_check_at")
        .values_list("pk", flat=True)[:BATCH]
    ):
        reconcile_change.delay(str(change_id))
    watched = Operation.objects.filter(is_open=True, called_at__isnull=False, finished_at__isnull=True)
    for account_id in (
        Account.objects.filter(Q(next_look_at__isnull=True) | Q(next_look_at__lte=now))
        .filter(pk__in=watched.values("stack__environment__account"))
        .values_list("pk", flat=True)
    ):
        observe_account.delay(account_id)
    for account_id in due_surveys(now):
        survey_account.delay(account_id)
    for account_id in accounts_to_watch():
        watch_account.delay(account_id)
    Heartbeat.objects.update_or_create(name="sweep", defaults={"at": now})
    warm_library()
