"""What workers do. Tasks take ids, are short, and may run any number of times in any order (L18).

Messages are a doorbell: with every one of them lost, the sweep still finds what is due (L12).
"""

import random
import uuid
from datetime import datetime, timedelta

import structlog
from celery import shared_task
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from provisioning.engine.comparing import compare, due_comparisons, due_looks, look_at
from provisioning.engine.costing.accruing import accrual_due, accrue
from provisioning.engine.costing.reading import due as due_readings
from provisioning.engine.costing.reading import read as read_cost_pages
from provisioning.engine.drifting import detect, due_drift
from provisioning.engine.heartbeats import beat_sweep
from provisioning.engine.hints import hints_due, listen
from provisioning.engine.item_rows import unanswered
from provisioning.engine.item_writes import settle_unanswered
from provisioning.engine.jobs.chunks import drop_expired
from provisioning.engine.jobs.claims import due_jobs
from provisioning.engine.jobs.working import work_on
from provisioning.engine.lifetimes import expired, park
from provisioning.engine.observe import Look, bring_forward, hurried, is_due, observe, overdue, under_way
from provisioning.engine.parameters.reading import due_paths
from provisioning.engine.parameters.reading import read as read_path
from provisioning.engine.parameters.scheduling import due_schedules, follow
from provisioning.engine.reading_trails import forget_pages
from provisioning.engine.reconcile import Tick, reconcile
from provisioning.engine.surveying import due_surveys, survey
from provisioning.engine.warming import warm_library
from provisioning.engine.watching import accounts_to_watch, watch_protection
from provisioning.models import Account, Change

SOON = 10.0  # seconds; what is due later is left to the sweep (L11)
EARLY = timedelta(seconds=1)  # the clocks of two machines may differ by so much
WORKS = timedelta(seconds=5)  # how long one message keeps a worker at what is due
WORKERS, BATCH = 4, 20
log = structlog.get_logger(__name__)


def ring(change_id: uuid.UUID) -> None:
    """Once the transaction is committed, ask a worker to look at a change. A broker that is away costs only the
    seconds until the next sweep (L12)."""
    transaction.on_commit(lambda: _ring_now(change_id), robust=True)


def _ring_now(change_id: uuid.UUID) -> None:
    reconcile_change.delay(str(change_id))


@shared_task
def reconcile_change(change_id: str, **_: object) -> None:
    """Bring one change as far as it goes now, and ring for what follows. A message that comes when the change is not
    due is left over: what it rang for has been done. So is one that would hold up a look: the next sweep rings."""
    held_up = _look_first()
    waiting = Change.objects.filter(pk=change_id, next_check_at__lte=timezone.now() + EARLY)
    if waiting.exclude(environment__account__in=held_up).exists():
        _follow(change_id, reconcile(uuid.UUID(change_id)))


@shared_task
def reconcile_due(**_: object) -> None:
    """Bring on what is due, longest first, for a few seconds: rung by the sweep, and the same however often it rings.
    Changes that are behind are so many rows, never so many messages."""
    until = timezone.now() + WORKS
    seen: set[uuid.UUID] = set()
    while timezone.now() < until:
        held_up = _look_first()
        fresh = [one for one in _due().exclude(environment__account__in=held_up)[:BATCH] if one not in seen]
        if not fresh:
            return
        change_id = random.choice(fresh)  # noqa: S311  (so that workers seldom want the same one)
        seen.add(change_id)
        _follow(str(change_id), reconcile(change_id))


def _due() -> QuerySet[Change, uuid.UUID]:
    """Changes that nobody works on and that should have gone on by now."""
    now = timezone.now()
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    due = Change.objects.filter(free, next_check_at__lte=now, set_aside_at__isnull=True)
    return due.order_by("next_check_at").values_list("pk", flat=True)


def _look_first() -> set[int]:
    """Watching goes before working: with many changes waiting, what ended in AWS is noticed all the same. Returns the
    accounts whose look is not to be held up."""
    for account_id in overdue():
        _observe(account_id)
    return set(hurried())


def _follow(change_id: str, tick: Tick) -> None:
    if tick.look_at is not None:
        _look_soon(tick.look_at)
    if tick.again_in is not None and tick.again_in <= SOON:
        reconcile_change.apply_async((change_id,), countdown=tick.again_in)


def _look_soon(account_id: int) -> None:
    pause = bring_forward(account_id)
    if pause is not None:
        observe_account.apply_async((account_id,), countdown=pause)


@shared_task
def observe_account(account_id: int, **_: object) -> None:
    """Look at everything that moves in one account, and go on with the changes whose stacks came to rest. Every look
    rings for the next one; a message that comes in between is left over, and ends there."""
    if is_due(account_id):
        woken = _observe(account_id)
        for change_id in woken[:1]:
            _follow(str(change_id), reconcile(change_id))  # the first one without the way through the broker


def _observe(account_id: int) -> tuple[uuid.UUID, ...]:
    look: Look = observe(account_id)
    for change_id in look.woken:
        reconcile_change.delay(str(change_id))
    if look.again_in is not None:
        observe_account.apply_async((account_id,), countdown=look.again_in)
    return look.woken


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
def listen_to_hints(**_: object) -> None:
    """Hear what AWS hints at, and look there now (Q5)."""
    heard = listen()
    for account_id in heard.looks:
        observe_account.delay(account_id)
    if heard.more:
        listen_to_hints.delay()


def ring_look(environment_id: int) -> None:
    """Once the transaction is committed, ask a worker to look at the stacks of an environment that are due."""
    transaction.on_commit(lambda: _look_now(environment_id), robust=True)


def _look_now(environment_id: int) -> None:
    look_at_environment.delay(environment_id)


@shared_task
def look_at_environment(environment_id: int, **_: object) -> None:
    """Look whether the stacks of one environment are as known."""
    look_at(environment_id)


def ring_compare(account_id: int) -> None:
    """Once the transaction is committed, ask a worker to compare all stacks of an account that is due."""
    transaction.on_commit(lambda: _compare_now(account_id), robust=True)


def _compare_now(account_id: int) -> None:
    compare_account.delay(account_id)


@shared_task
def compare_account(account_id: int, **_: object) -> None:
    """Hold all stacks of one account against what is known of them, a batch at a time."""
    if compare(account_id).more:
        compare_account.delay(account_id)


def ring_drift(account_id: int) -> None:
    """Once the transaction is committed, ask a worker to look for drift where it is due."""
    transaction.on_commit(lambda: _detect_now(account_id), robust=True)


def _detect_now(account_id: int) -> None:
    detect_drift.delay(account_id)


@shared_task
def detect_drift(account_id: int, **_: object) -> None:
    """Begin the detections of one account that are due, and go on with those that run."""
    again = detect(account_id)
    if again is not None and again <= SOON:
        detect_drift.apply_async((account_id,), countdown=again)


def ring_job(job_id: uuid.UUID) -> None:
    """Once the transaction is committed, ask a worker to go on with a job on items."""
    transaction.on_commit(lambda: _job_now(job_id), robust=True)


def _job_now(job_id: uuid.UUID) -> None:
    work_on_job.delay(str(job_id))


@shared_task
def work_on_job(job_id: str, **_: object) -> None:
    """Bring one job on for a few seconds; what is left goes on with whatever job has been due longest."""
    _look_first()
    again_in = work_on(uuid.UUID(job_id)).again_in
    if again_in is not None and 0 < again_in <= SOON:
        work_on_job.apply_async((job_id,), countdown=again_in)
    longest = due_jobs(timezone.now()).first()
    if longest is not None:
        work_on_job.apply_async((str(longest),), expires=WORKS.total_seconds())


@shared_task
def settle_item_write(write_id: int, **_: object) -> None:
    """Look what became of a write of an item that AWS has not answered (B9)."""
    settle_unanswered(write_id)


def ring_parameters(path_id: int) -> None:
    """Once the transaction is committed, ask a worker to read a parameter path that is due."""
    transaction.on_commit(lambda: _read_now(path_id), robust=True)


def _read_now(path_id: int) -> None:
    read_parameters.delay(path_id)


@shared_task
def read_parameters(path_id: int, **_: object) -> None:
    """Read the parameters of one environment, if it is due."""
    read_path(path_id)


@shared_task
def follow_schedule(schedule_id: int, **_: object) -> None:
    """Bring one scheduled value as far as it goes now, and ring for the change that it has opened."""
    change_id = follow(schedule_id)
    if change_id is not None:
        reconcile_change.delay(str(change_id))


def ring_costs(refresh_id: int) -> None:
    """Once the transaction is committed, ask a worker to read costs."""
    transaction.on_commit(lambda: _read_costs_now(refresh_id), robust=True)


def _read_costs_now(refresh_id: int) -> None:
    read_costs.delay(refresh_id)


@shared_task
def read_costs(refresh_id: int, **_: object) -> None:
    """Read a few pages of costs, if that is due, and go on with the next ones."""
    refresh = read_cost_pages(refresh_id)
    if refresh is not None and refresh.next_check_at is not None and refresh.next_check_at <= timezone.now():
        read_costs.delay(refresh_id)


@shared_task
def accrue_costs(**_: object) -> None:
    """Reckon what is deployed, where there is no Cost Explorer."""
    accrue()


@shared_task
def park_expired(environment_id: int, **_: object) -> None:
    """Open the change that parks an environment whose time is over, and ring for it."""
    change_id = park(environment_id)
    if change_id is not None:
        reconcile_change.delay(str(change_id))


@shared_task
def sweep(**_: object) -> None:
    """Ring for everything that is due: what a lost message, a killed worker or a long wait left behind."""
    now = timezone.now()
    for _number in range(min(WORKERS, _due().count())):
        reconcile_due.apply_async(expires=WORKS.total_seconds())
    for account_id in (
        Account.objects.filter(Q(next_look_at__isnull=True) | Q(next_look_at__lte=now))
        .filter(pk__in=under_way().values("stack__environment__account"))
        .values_list("pk", flat=True)
    ):
        observe_account.delay(account_id)
    for account_id in due_surveys(now):
        survey_account.delay(account_id)
    for account_id in accounts_to_watch():
        watch_account.delay(account_id)
    for environment_id in due_looks(now):
        look_at_environment.delay(environment_id)
    for account_id in due_comparisons(now):
        compare_account.delay(account_id)
    for account_id in due_drift(now):
        detect_drift.delay(account_id)
    _sweep_items(now)
    if hints_due(now):
        listen_to_hints.delay()
    _sweep_parameters(now)
    _sweep_costs(now)
    beat_sweep()
    warm_library()


def _sweep_items(now: datetime) -> None:
    for job_id in due_jobs(now)[:WORKERS]:
        work_on_job.apply_async((str(job_id),), expires=WORKS.total_seconds())
    drop_expired(now)
    forget_pages(now)
    for write_id in unanswered(now):
        settle_item_write.delay(write_id)


def _sweep_costs(now: datetime) -> None:
    for environment_id in expired(now):
        park_expired.delay(environment_id)
    for refresh_id in due_readings(now):
        read_costs.delay(refresh_id)
    if accrual_due(now):
        accrue_costs.delay()


def _sweep_parameters(now: datetime) -> None:
    for path_id in due_paths(now):
        read_parameters.delay(path_id)
    for schedule_id in due_schedules(now):
        follow_schedule.delay(schedule_id)
