"""Hints: AWS says through a queue that a stack has moved, and Stackyard looks at it sooner (Q5, Q8).

A hint is never the new state: it comes late, twice, out of order, or not at all. It moves the next look forward, and
that is all; no status is written from it. Without the queue everything converges by polling alone. Only one worker
listens at a time. Needs sqs:ReceiveMessage and sqs:DeleteMessage on the queue of AWS_EVENTS_QUEUE_URL.
"""

import json
import random
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from provisioning.aws import queues
from provisioning.aws.clients import Clients, Target
from provisioning.aws.errors import AwsError
from provisioning.aws.queues import Message
from provisioning.engine.reaching import AwsFor, default_aws
from provisioning.models import Account, HintQueue, Operation, Stack

log = structlog.get_logger(__name__)

KIND = "CloudFormation Stack Status Change"
LEASE = timedelta(seconds=30)
QUIET = timedelta(seconds=60)  # between two looks into the queue while nothing moves
BATCHES = 10  # of ten messages, for one worker at a time
CLOCKS = timedelta(seconds=5)  # how far AWS's clock and ours may differ
BACKOFF_FIRST, BACKOFF_LAST = 5.0, 300.0  # seconds
_STACK = re.compile(r"arn:[\w-]+:cloudformation:([\w-]+):(\d{12}):stack/([A-Za-z][A-Za-z0-9-]{0,127})/[\w-]+")


@dataclass(frozen=True)
class Hint:
    """A stack that AWS says has moved, and when that was."""

    stack_id: str
    name: str
    region: str
    account_id: str
    at: datetime | None


@dataclass(frozen=True)
class Heard:
    """What listening led to: the accounts to observe now, and whether there may be more to hear."""

    looks: tuple[int, ...] = ()
    more: bool = False


def hints_due(now: datetime) -> bool:
    """Whether somebody should listen now: each time it is asked while a stack moves, else once a minute."""
    url = settings.AWS_EVENTS_QUEUE_URL
    if not url:
        return False
    row = HintQueue.objects.filter(url=url).first()
    if row is None:
        return True
    if (row.until is not None and row.until > now) or (row.pause_until is not None and row.pause_until > now):
        return False
    return row.listened_at is None or row.listened_at <= now - QUIET or _moving().exists()


def listen(aws_for: AwsFor = default_aws) -> Heard:
    """Take what the queue holds, ten batches at most, and bring the looks forward that it hints at."""
    queue = _claim()
    if queue is None:
        return Heard()
    looks: set[int] = set()
    more = True
    try:
        aws = aws_for(Target(queues.region_of(queue.url) or settings.AWS_REGION))
        for _ in range(BATCHES):
            found, more = _batch(aws, queue)
            looks |= found
            if not more:
                break
    except AwsError as trouble:
        return _unheard(queue, trouble, looks)
    mine = HintQueue.objects.filter(pk=queue.pk, until=queue.until)
    mine.update(until=None, listened_at=timezone.now(), pause_until=None, tries=0, problem="")
    return Heard(tuple(sorted(looks)), more)


def _claim() -> HintQueue | None:
    """Take the lease of the queue, or None when there is no queue or another worker listens."""
    url, now = settings.AWS_EVENTS_QUEUE_URL, timezone.now()
    if not url:
        return None
    HintQueue.objects.get_or_create(url=url)
    free = HintQueue.objects.filter(Q(until__isnull=True) | Q(until__lt=now), url=url)
    return HintQueue.objects.get(url=url) if free.update(until=now + LEASE) == 1 else None


def _unheard(queue: HintQueue, trouble: AwsError, looks: set[int]) -> Heard:
    """The queue could not be reached: polling goes on as ever, and the queue is asked again later and later."""
    log.warning("hints_unheard", queue=queue.url, trouble=str(trouble))
    longest = min(BACKOFF_LAST, BACKOFF_FIRST * 2**queue.tries)
    pause = timedelta(seconds=random.uniform(longest / 2, longest))  # noqa: S311 - spreads, protects nothing
    HintQueue.objects.filter(pk=queue.pk, until=queue.until).update(
        until=None, pause_until=timezone.now() + pause, tries=F("tries") + 1, problem=trouble.sentence[:300]
    )
    return Heard(tuple(sorted(looks)))


def _batch(aws: Clients, queue: HintQueue) -> tuple[set[int], bool]:
    """The accounts to observe after one batch, and whether it was a full one. Messages are deleted after what they
    led to is written: a worker killed in between hears them again, which is harmless."""
    messages = queues.receive(aws, queue.url)
    hints = [read(message) for message in messages]
    looks, ours = _follow([hint for hint in hints if hint is not None])
    if messages:
        unreadable = hints.count(None)
        columns: dict[str, Any] = {"hint_at": timezone.now()} if ours else {}
        HintQueue.objects.filter(pk=queue.pk).update(
            ours=F("ours") + ours,
            unreadable=F("unreadable") + unreadable,
            foreign=F("foreign") + len(messages) - unreadable - ours,
            **columns,
        )
        queues.delete(aws, queue.url, messages)
    return looks, len(messages) == queues.MOST


def read(message: Message) -> Hint | None:
    """What a message says, or None for one that is no event about a stack's status."""
    try:
        said = json.loads(message.body)
        if isinstance(said, dict) and "Message" in said and "detail" not in said:
            said = json.loads(said["Message"])  # by way of an SNS topic
        stack_id = said["detail"]["stack-id"]
        found = _STACK.fullmatch(stack_id) if said["detail-type"] == KIND else None
        return Hint(stack_id, found[3], found[1], found[2], _time(said.get("time"))) if found else None
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None


def _time(text: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _follow(hints: list[Hint]) -> tuple[set[int], int]:
    """Bring the looks forward that these hints ask for: the accounts to observe, and how many spoke of our stacks."""
    rows = _stacks_of(hints)
    moving = set(_moving().filter(stack__in=rows).values_list("stack_id", flat=True))
    looks: set[int] = set()
    resting: set[int] = set()
    ours = 0
    for hint in hints:
        row = next((one for one in rows if _is_about(hint, one)), None)
        if row is None:
            continue
        ours += 1
        if row.pk in moving:
            looks.add(row.environment.account_id)
        elif hint.at is None or row.observed_at is None or row.observed_at < hint.at + CLOCKS:
            resting.add(row.pk)  # what was looked at since is known already
    _bring_forward(looks, resting)
    return looks, ours


def _bring_forward(accounts: Iterable[int], stacks: Iterable[int]) -> None:
    now = timezone.now()
    Account.objects.filter(pk__in=accounts, next_look_at__gt=now).update(next_look_at=now)
    later = Q(look_due_at__isnull=True) | Q(look_due_at__gt=now)
    Stack.objects.filter(later, pk__in=stacks).update(look_due_at=now)


def _stacks_of(hints: list[Hint]) -> list[Stack]:
    """The stacks of ours that hints may be about: by their id, or by a name that was made again outside."""
    named = Q(stack_id__in={hint.stack_id for hint in hints}) | Q(name__in={hint.name for hint in hints})
    return list(Stack.objects.filter(named).select_related("environment__account"))


def _is_about(hint: Hint, stack: Stack) -> bool:
    account = stack.environment.account
    here = account.region == hint.region and account.account_id in {"", hint.account_id}
    return here and (stack.stack_id == hint.stack_id or stack.name == hint.name)


def _moving() -> QuerySet[Operation]:
    """What of ours moves in AWS now."""
    return Operation.objects.filter(is_open=True, called_at__isnull=False, finished_at__isnull=True)
