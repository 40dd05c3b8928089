"""Watching stacks in bulk: one ListStacks over the moving statuses per account and look (Q4–Q8).

A stack that has left that list is read once, together with its newest events, and its change is woken. Events of
moving stacks are tailed at growing pauses, of so many stacks a look. Nothing in here alters AWS.
"""

import itertools
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from provisioning.aws import cloudformation
from provisioning.aws.clients import Clients
from provisioning.aws.cloudformation import StackEvent, StackState
from provisioning.aws.errors import AwsError, Busy
from provisioning.engine.claims import LeaseLostError, claim_account, hold_account, release_account, wake
from provisioning.engine.ended import at_the_end, before_the_end
from provisioning.engine.events import keep_events
from provisioning.engine.reaching import AwsFor, default_aws, reach
from provisioning.engine.work import tokens_of
from provisioning.lifecycle import MOVING_STACKS, UNDER_REVIEW, ChangeKind, stack_status
from provisioning.models import Account, Operation, Stack, StackResource

log = structlog.get_logger(__name__)

STACK_TYPE = "AWS::CloudFormation::Stack"
PAUSES = ((2.0, 0.2), (10.0, 0.5), (60.0, 1.0))
LONGEST_PAUSE = 2.0
# With many stacks on the move a listing has many pages, and their events are many readings. Up to so many stacks, the
# looks keep this distance, and read the events of so many that move.
CROWDS: tuple[tuple[int, float, int], ...] = ((10, 0.0, 5), (100, 0.5, 2))
CROWDED_PAUSE, CROWDED_TAILS = 1.0, 1
EVENT_PAUSES = ((3.0, 1.5), (30.0, 5.0))
LONGEST_EVENT_PAUSE = 20.0
UNREACHABLE_PAUSE, LATER = 5.0, 1.0
MOST_TROUBLE = 5  # calls in a row that AWS did not serve, and the look leaves the rest to the next one
LOOK_LASTS = timedelta(seconds=5)  # one that has more to read goes on in the next, so that tasks stay short
OVERDUE, HURRIED = timedelta(seconds=0.2), timedelta(seconds=0.5)
SEEN_LASTS = timedelta(seconds=5)
# They send the template that is there.
AS_DEPLOYED = frozenset({ChangeKind.REPAIR_DRIFT, ChangeKind.ACCEPT_DRIFT, ChangeKind.DEPLOY})
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
# What a page or a plan needs of a change, and a look does not: it can be large.
_LARGE = (
    *("changes", "change__plan", "change__findings", "change__secrets", "change__receipt"),
    *("template__body", "template__lint"),
)


@dataclass(frozen=True)
class Look:
    """What one look led to: the changes to ring for, and when to look again (None: nothing moves)."""

    woken: tuple[uuid.UUID, ...] = ()
    again_in: float | None = None


@dataclass(frozen=True)
class _Watched:
    """As much of an operation under way as every look needs: of a thousand of them, nothing more is read."""

    pk: int
    stack: int
    stack_id: str
    status: str
    seen_at: datetime | None
    called_at: datetime
    events_at: datetime | None

    @property
    def age(self) -> float:
        return (timezone.now() - self.called_at).total_seconds()


def observe(account_id: int, aws_for: AwsFor = default_aws) -> Look:
    """Look once at everything that moves in one account."""
    account = claim_account(account_id)
    if account is None:
        return Look()
    again: float | None = UNREACHABLE_PAUSE
    woken: list[uuid.UUID] = []
    try:
        watched = _watched(account.pk)
        again = _Looking(account, reach(account, aws_for, urgent=True), woken).look(watched) if watched else None
    except Busy as busy:
        again = busy.again_in or UNREACHABLE_PAUSE
        log.warning("observe_failed", account=account.slug, trouble=str(busy))
    except AwsError as trouble:
        log.warning("observe_failed", account=account.slug, trouble=str(trouble))
    except LeaseLostError:
        log.warning("lease_lost", account=account.slug)
    finally:
        due = None if again is None else timezone.now() + timedelta(seconds=again)
        release_account(account, due)
    return Look(tuple(woken), again)


def under_way() -> QuerySet[Operation]:
    """The operations that AWS is at."""
    return Operation.objects.filter(is_open=True, called_at__isnull=False, finished_at__isnull=True)


def is_due(account_id: int) -> bool:
    """Whether a message that asks for a look is heard: one that comes between two looks is left over."""
    soon = Q(next_look_at__isnull=True) | Q(next_look_at__lte=timezone.now() + OVERDUE / 4)
    return Account.objects.filter(soon, pk=account_id).exists()


def overdue() -> list[int]:
    """The accounts that should have been looked at a moment ago, and that nobody looks at now."""
    now = timezone.now()
    free = Q(observer_until__isnull=True) | Q(observer_until__lt=now)
    return list(Account.objects.filter(free, next_look_at__lte=now - OVERDUE).values_list("pk", flat=True))


def hurried() -> list[int]:
    """The accounts whose look has been at it for longer than it should: so much has ended there that whoever brings on
    other changes would only hold it up. One that takes longer still waits for AWS, not for us, and hurries nobody."""
    now = timezone.now()
    began = {"next_look_at__lt": now - HURRIED, "next_look_at__gt": now - LOOK_LASTS - HURRIED}
    return list(Account.objects.filter(observer_until__gt=now, **began).values_list("pk", flat=True))


def bring_forward(account_id: int) -> float | None:
    """A stack has just begun to move: have its account looked at as soon as may be. Returns in how many seconds, None
    when a look is due by then as it is."""
    pause, _ = _crowd(under_way().filter(stack__environment__account=account_id).count())
    at = timezone.now() + timedelta(seconds=pause)
    later = Account.objects.filter(Q(next_look_at__isnull=True) | Q(next_look_at__gt=at), pk=account_id)
    return pause if later.update(next_look_at=at) else None


def _watched(account_id: int) -> list[_Watched]:
    rows = under_way().filter(stack__environment__account=account_id).order_by("called_at", "pk")
    found = rows.values_list(
        *("pk", "stack", "stack__stack_id", "stack__status", "stack__observed_at", "called_at", "next_events_at")
    )
    return [_Watched(*row) for row in found]


class _Looking:
    """One look. `woken` collects the changes to ring for, so that they are known however the look ends."""

    def __init__(self, account: Account, aws: Clients, woken: list[uuid.UUID]) -> None:
        self.account, self.aws, self.woken = account, aws, woken
        self.until = timezone.now() + LOOK_LASTS
        self.trouble: AwsError | None = None
        self.troubles = 0
        self.finished: set[int] = set()

    def look(self, watched: Sequence[_Watched]) -> float | None:
        """Find out what ended, then tail what moves. Returns in how many seconds to look again."""
        moving, ended = self._moving(watched)
        left = [one for one in watched if one.stack_id not in moving]
        unread = self._each(left, lambda one: self._end(one, ended))
        due = [one for one in watched if one.stack_id in moving and (one.events_at or _LONG_AGO) <= timezone.now()]
        if not unread:
            due.sort(key=lambda one: one.events_at or _LONG_AGO)
            self._each(due[: _crowd(len(watched))[1]], self._tail)
        if self.trouble is not None:
            log.warning("observe_failed", account=self.account.slug, trouble=str(self.trouble))
            if self.troubles >= MOST_TROUBLE:
                raise self.trouble
        if unread:
            return 0.0
        ages = [one.age for one in watched if one.pk not in self.finished]
        if not ages:
            return None
        again = max(min(_pause(age, PAUSES, LONGEST_PAUSE) for age in ages), _crowd(len(ages))[0])
        return max(again, LATER) if self.trouble is not None else again

    def _moving(self, watched: Sequence[_Watched]) -> tuple[Mapping[str, str], StackState | None]:
        """The stacks that move, with their status. One alone is asked itself: that is one call, too, and when it has
        ended the answer is all there is to know of it."""
        alone = None
        if len(watched) == 1:
            alone = cloudformation.describe_stack(self.aws, watched[0].stack_id)
            is_moving = alone is not None and stack_status(alone.status).moving
            moving = {watched[0].stack_id: alone.status} if alone is not None and is_moving else {}
        else:
            moving = {stack.stack_id: stack.status for stack in cloudformation.list_stacks(self.aws, MOVING_STACKS)}
        self._keep_statuses(watched, moving)
        return moving, alone

    def _keep_statuses(self, watched: Iterable[_Watched], moving: Mapping[str, str]) -> None:
        """What is new, or was last seen a while ago, in one statement a status."""
        now = timezone.now()
        stale: dict[str, list[int]] = {}
        for one in watched:
            status = moving.get(one.stack_id)
            if status is not None and (status != one.status or (one.seen_at or _LONG_AGO) <= now - SEEN_LASTS):
                stale.setdefault(status, []).append(one.stack)
        with transaction.atomic():
            hold_account(self.account)
            for status, stacks in stale.items():
                for start in range(0, len(stacks), 500):
                    Stack.objects.filter(pk__in=stacks[start : start + 500]).update(status=status, observed_at=now)

    def _each(self, these: Sequence[_Watched], do: Callable[[_Watched], None]) -> bool:
        """Do it for each, and once more in the end for those that AWS did not serve, until the look lasted long enough
        or AWS serves nobody. Returns whether some are left that were not tried."""
        again: list[_Watched] = []
        for number, one in enumerate(itertools.chain(these, again)):
            if timezone.now() >= self.until or self.troubles >= MOST_TROUBLE:
                return number < len(these)
            try:
                do(one)
                self.troubles = 0
            except AwsError as trouble:
                if isinstance(trouble, Busy) and trouble.reason == "budget":
                    raise
                self.trouble, self.troubles = trouble, self.troubles + 1
                if number < len(these):
                    again.append(one)
        return False

    def _tail(self, one: _Watched) -> None:
        """Read what happened in a stack that moves, and say when to read again."""
        operation = self._operation(one)
        events = _new_events(self.aws, operation)
        pause = timedelta(seconds=_pause(one.age, EVENT_PAUSES, LONGEST_EVENT_PAUSE))
        with transaction.atomic():
            hold_account(self.account)
            keep_events(operation, events)
            Operation.objects.filter(pk=one.pk).update(next_events_at=timezone.now() + pause)

    def _end(self, one: _Watched, known: StackState | None) -> None:
        """Find out whether our operation, not just the stack, has come to rest: its own newest event says so."""
        operation = self._operation(one)
        ended = _ended(operation)  # known from the last look, perhaps, when AWS did not serve what follows
        if ended is None:
            events = _new_events(self.aws, operation)
            with transaction.atomic():
                hold_account(self.account)
                keep_events(operation, events)
            ended = _ended(operation)
        if ended is None:
            return
        state = known or cloudformation.describe_stack(self.aws, one.stack_id)
        if state is not None and stack_status(state.status).moving:
            return
        before_the_end(self.aws, operation, state.status if state is not None else ended)
        with transaction.atomic():
            hold_account(self.account)
            wake([operation.change_id])  # first: whoever writes a change locks its row before those of its stacks
            _finish(operation, state, ended)
        self.finished.add(one.pk)
        self.woken.append(operation.change_id)

    def _operation(self, one: _Watched) -> Operation:
        return Operation.objects.select_related("stack", "change", "template").defer(*_LARGE).get(pk=one.pk)


def _pause(age: float, pauses: tuple[tuple[float, float], ...], longest: float) -> float:
    return next((pause for limit, pause in pauses if age < limit), longest)


def _crowd(moving: int) -> tuple[float, int]:
    """The distance that looks keep, and how many tails one has, by how many stacks move."""
    return next(((pause, tails) for most, pause, tails in CROWDS if moving <= most), (CROWDED_PAUSE, CROWDED_TAILS))


def _new_events(aws: Clients, operation: Operation) -> tuple[StackEvent, ...]:
    return cloudformation.stack_events(aws, operation.stack.stack_id, after=operation.stack.last_event_id or None)


def _ended(operation: Operation) -> str | None:
    """The status in which our operation came to rest, by the events that are kept; None when it has not.

    From its first event on, all that come are about it: a roll-back, or a deletion, that somebody asked for in the
    console has a token of its own (S20).
    """
    told = operation.change.events.filter(stack=operation.stack, type=STACK_TYPE).order_by("at", "id")
    tokens, since, ours, newest = tokens_of(operation), _since(operation), False, ""
    for token, at, status in told.values_list("token", "at", "status"):
        ours = ours or token in tokens
        if ours or (not token and at >= since):
            newest = status
    return newest if newest and newest != UNDER_REVIEW and not stack_status(newest).moving else None


def _since(operation: Operation) -> datetime:
    """For events without a token: from when on they can be this operation's. A minute of grace for clocks."""
    return (operation.called_at or timezone.now()) - timedelta(seconds=60)


def _finish(operation: Operation, state: StackState | None, ended: str) -> None:
    """Write the end of an operation down, in the caller's transaction."""
    status = state.status if state is not None else ended
    now = timezone.now()
    operation.finished_at, operation.result = now, status
    operation.save(update_fields=["finished_at", "result"])
    at_the_end(operation)
    stack = Stack.objects.select_for_update().get(pk=operation.stack_id)
    stack.status, stack.observed_at = status, now
    meaning = stack_status(status)
    if meaning.gone or state is None:
        forget(stack)
    else:
        remember(stack, state)
        if not meaning.failed and operation.template is not None:
            stack.template, stack.parameters = operation.template, operation.parameters
            if operation.change.kind not in AS_DEPLOYED:
                stack.blueprint_version = operation.change.goal.get("blueprint_version", "")
    stack.save()
    StackResource.objects.filter(stack=stack, status__in=["DELETE_COMPLETE", "DELETE_SKIPPED"]).delete()


def forget(stack: Stack) -> None:
    """Nothing of it is there any more; the caller saves the row. Template and parameters stay, so that it can be woken
    as it was."""
    stack.outputs, stack.tags, stack.stack_id, stack.last_event_id = [], {}, "", ""
    stack.skipped = []
    stack.created_at = stack.updated_at = None
    stack.termination_protection = stack.update_policy = False
    stack.protection_seen_at = None
    StackResource.objects.filter(stack=stack).delete()


def remember(stack: Stack, state: StackState) -> None:
    """Put what AWS says of a stack on its row, which the caller saves; the status is the caller's."""
    stack.status_reason = state.status_reason
    stack.outputs = [
        {"key": one.key, "value": one.value, "description": one.description, "export": one.export_name}
        for one in state.outputs
    ]
    stack.tags = dict(state.tags)
    stack.termination_protection = state.termination_protection
    stack.created_at, stack.updated_at = state.created_at, state.updated_at
