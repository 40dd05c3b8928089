"""Reading Cost Explorer: once a day, and when an administrator asks; never from a page, one at a time in an account.

A tick asks a few pages and writes each down; the rows that pages show change only when the whole reading is there, so
that a fault in its middle leaves the last good data with its age (pitfall 14). What AWS changed later is kept as a
revision (pitfall 7). Needs ce:GetCostAndUsage and ce:ListCostAllocationTags.
"""

import random
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from provisioning.aws import billing
from provisioning.aws.billing import CostPage
from provisioning.aws.clients import Clients
from provisioning.aws.errors import AwsError, Busy, Denied, Refused
from provisioning.engine.costing.following import costs_changed
from provisioning.engine.costing.keeping import keep_whole
from provisioning.engine.costing.ledger import CapReachedError, cap, pay
from provisioning.engine.costing.questions import FIRST, NAMES_AT, TOTAL, Question, days_to_read, questions, row_of
from provisioning.engine.reaching import AwsFor, default_aws, reach
from provisioning.lifecycle import CostSource, RefreshStatus
from provisioning.models import Account, CostDay, CostRefresh, CostStage, CostTag

log = structlog.get_logger(__name__)

EVERY = timedelta(hours=24)
LEASE = timedelta(seconds=60)
PAGES_A_TICK = 5
FIRST_PAUSE, LONGEST_PAUSE, MOST_TRIES = 5.0, 600.0, 6
UNDER_WAY = (RefreshStatus.QUEUED, RefreshStatus.RUNNING)
NO_DATA, ANOTHER_QUESTION = "DataUnavailableException", "RequestChangedException"


def is_there() -> bool:
    """Whether there is a Cost Explorer to ask: not on an emulator, unless one is named for it."""
    return bool(settings.COST_EXPLORER)


def begin(account: Account, asked_by_id: int | None = None) -> CostRefresh:
    """The reading that is under way, or a new one that begins at the next chance (pitfall 3)."""
    days = days_to_read(timezone.now().date(), first_time=not _is_known(account))
    try:
        with transaction.atomic():
            return CostRefresh.objects.create(
                account=account,
                asked_by_id=asked_by_id,
                asked_at=timezone.now(),
                status=RefreshStatus.QUEUED,
                first_day=days[0],
                end_day=days[1],
                next_check_at=timezone.now(),
            )
    except IntegrityError:
        return CostRefresh.objects.get(account=account, status__in=UNDER_WAY)


def due(now: datetime) -> list[int]:
    """The readings that a worker is to go on with, begun here for accounts whose day is over."""
    if not is_there():
        return []
    for account in Account.objects.exclude(cost_refreshes__asked_at__gt=now - EVERY):
        begin(account)
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    waiting = CostRefresh.objects.filter(free, status__in=UNDER_WAY, next_check_at__lte=now)
    return list(waiting.values_list("pk", flat=True))


def read(refresh_id: int, aws_for: AwsFor = default_aws) -> CostRefresh | None:
    """A few pages of one reading, if it is due and nobody else is at it; None when it was not touched."""
    refresh = _claim(refresh_id)
    if refresh is None:
        return None
    try:
        done = _tick(refresh, reach(refresh.account, aws_for))
    except CapReachedError:
        sentence = f"Reading costs has itself cost ${cap()} this month, which is the cap. It goes on next month."
        return _end(refresh, RefreshStatus.CAPPED, sentence)
    except AwsError as trouble:
        return _trouble(refresh, trouble)
    if done:
        costs_changed()  # before the end is written down, so that a worker's end in between leaves it to the next one
        return _end(refresh, RefreshStatus.DONE, "")
    return _later(refresh, 0.0)


def _claim(refresh_id: int) -> CostRefresh | None:
    now = timezone.now()
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    mine = CostRefresh.objects.filter(free, pk=refresh_id, status__in=UNDER_WAY, next_check_at__lte=now)
    if mine.update(lease_until=now + LEASE, status=RefreshStatus.RUNNING) != 1:
        return None
    return CostRefresh.objects.select_related("account").get(pk=refresh_id)


def _tick(refresh: CostRefresh, aws: Clients) -> bool:
    for _ in range(PAGES_A_TICK):
        every = _questions(refresh)
        number = int(refresh.position.get("question", 0))
        if number == len(every):
            _read_tags(refresh, aws)
            refresh.changed = keep_whole(refresh)
            return True
        _ask(refresh, aws, every[number], number)
    return False


def _questions(refresh: CostRefresh) -> tuple[Question, ...]:
    applications = refresh.position.get("applications")
    return FIRST if applications is None else questions(applications)


def _ask(refresh: CostRefresh, aws: Clients, question: Question, number: int) -> None:
    pay(refresh, billing.COST_AND_USAGE)
    token = str(refresh.position.get("token", ""))
    days = (refresh.first_day, refresh.end_day)
    page = billing.cost_page(aws, days, question.group_by, only=question.only, token=token)
    with transaction.atomic():
        if not token:  # a question that was cut off, or that AWS took for another one, starts over
            CostStage.objects.filter(refresh=refresh, question=number).delete()
        _stage(refresh, question, number, page)
        if page.token:
            refresh.position |= {"token": page.token}
        else:
            refresh.position = refresh.position | {"question": number + 1, "token": ""} | _names(refresh, number)
        refresh.tries, refresh.problem = 0, ""
        refresh.save(update_fields=["position", "tries", "problem"])


def _names(refresh: CostRefresh, number: int) -> dict[str, list[str]]:
    """The applications that have costs, once the question for them has been answered whole."""
    if number != len(FIRST) - 1:
        return {}
    names = CostStage.objects.filter(refresh=refresh, question=NAMES_AT).exclude(application="")
    return {"applications": sorted(set(names.values_list("application", flat=True)))}


def _stage(refresh: CostRefresh, question: Question, number: int, page: CostPage) -> None:
    CostStage.objects.bulk_create(
        CostStage(
            refresh=refresh,
            question=number,
            day=group.day,
            amount=group.amount,
            currency=group.currency,
            estimated=group.estimated,
            **(row_of(question, group) if question.about != TOTAL else {}),
        )
        for group in page.groups
    )


def _read_tags(refresh: CostRefresh, aws: Clients) -> None:
    """Which tags are active. An account that may not say leaves what is known, and the page says so (E6)."""
    pay(refresh, billing.COST_TAGS)
    try:
        found = billing.cost_tags(aws)
    except (Denied, Refused) as trouble:
        log.info("cost_tags_not_told", account=refresh.account.slug, trouble=str(trouble))
        return
    now = timezone.now()
    for tag in found:
        CostTag.objects.update_or_create(
            account=refresh.account,
            key=tag.key,
            defaults={"status": tag.status, "last_used_on": tag.last_used_on, "seen_at": now},
        )
    CostTag.objects.filter(account=refresh.account, seen_at__lt=now).delete()


def _trouble(refresh: CostRefresh, trouble: AwsError) -> CostRefresh:
    log.warning("costs_unread", account=refresh.account.slug, trouble=str(trouble))
    if isinstance(trouble, Refused) and trouble.code == ANOTHER_QUESTION:
        refresh.position = {**refresh.position, "token": ""}
    elif isinstance(trouble, Refused) and trouble.code == NO_DATA:
        return _end(refresh, RefreshStatus.FAILED, "Cost Explorer has no data yet; it needs a day after it is enabled.")
    elif not isinstance(trouble, Busy):
        return _end(refresh, RefreshStatus.FAILED, trouble.sentence)
    if refresh.tries >= MOST_TRIES:
        return _end(refresh, RefreshStatus.FAILED, f"{trouble.sentence} The last good data stays.")
    refresh.tries += 1
    refresh.problem = trouble.sentence[:300]
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2**refresh.tries)
    return _later(refresh, random.uniform(longest / 2, longest))  # noqa: S311 - spreads, protects nothing


def _later(refresh: CostRefresh, seconds: float) -> CostRefresh:
    refresh.next_check_at, refresh.lease_until = timezone.now() + timedelta(seconds=seconds), None
    refresh.save(update_fields=["next_check_at", "lease_until", "position", "tries", "problem"])
    return refresh


def _end(refresh: CostRefresh, status: RefreshStatus, problem: str) -> CostRefresh:
    refresh.status, refresh.problem, refresh.finished_at = status, problem[:300], timezone.now()
    refresh.next_check_at, refresh.lease_until = None, None
    refresh.save()
    CostStage.objects.filter(refresh=refresh).delete()
    return refresh


def _is_known(account: Account) -> bool:
    return CostDay.objects.filter(account=account, source=CostSource.EXPLORER).exists()
