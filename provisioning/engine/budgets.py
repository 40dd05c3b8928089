"""Call budgets: one token bucket per account and region for CloudFormation's reads, one for what alters (Q2, K4).

AWS does not publish how many calls it takes, throttles an account as a whole, and others (the console, other tools)
use the same account. So all workers share the bucket, as a row of the database: one filtered UPDATE takes a token and
is believed only when it changed one row. Rates and sizes are settings; a rate of 0 is no budget, and then no row is
touched. Clocks of workers that differ by a second are worth one second's tokens, no more.
"""

import threading
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Greatest, Least
from django.utils import timezone

from provisioning.aws.errors import Busy, is_throttle
from provisioning.models import CallBudget

log = structlog.get_logger(__name__)

READS, WRITES = "reads", "writes"
READING = ("BatchDescribe", "Describe", "Detect", "Estimate", "Get", "List", "Validate")
PAUSE = 2.0  # seconds without a call of a step after AWS asked to slow down (Q3)
SLOTS_AHEAD = 60.0  # seconds; nobody is asked to come back later than that
CALLS_OF_A_STEP = 4
SOONEST = 0.05  # seconds; a clock's rounding must not make somebody come back at once, for ever
_ROUNDING = 0.01  # of a token: adding up its fractions must not cost a whole one


@dataclass(frozen=True)
class Budget:
    """One kind of call: `rate` calls a second, `burst` at once.

    A step asks AWS several times and starts over when it is held back. If each new one could take the last token,
    nobody would ever get through: so what begins may use half of the reads only, what has begun nearly all, and the
    last eighth is for watching, so that what moves is seen however many steps want to call.
    """

    kind: str
    rate: float
    burst: int

    @property
    def reserve(self) -> int:
        """The calls that only watching may use."""
        return 0 if self.kind == WRITES else self.burst - self.burst * 7 // 8

    def latest(self, now: float, *, urgent: bool, begun: bool) -> float:
        """How far ahead the bucket may be full again for one more call to go out, in seconds since the epoch."""
        return now + (self._usable(urgent=urgent, begun=begun) - 1 + _ROUNDING) / self.rate

    def _usable(self, *, urgent: bool, begun: bool) -> int:
        if self.kind == WRITES or (urgent and begun):
            return self.burst
        return self.burst - self.reserve if urgent or begun else self.burst // 2


class _Here(threading.local):
    """Whether what this thread does has made its first call."""

    begun = False


_here = _Here()


@dataclass(frozen=True)
class AccountGate:
    """What the calls of one account pass. `urgent` ones may use the reserve."""

    account_id: int
    urgent: bool = False

    def enter(self, operation: str, *, page: bool) -> None:
        """Take a token. Raises Busy, with when to come back, when there is none; RuntimeError inside a transaction,
        which would hold up every other worker. A further page of a listing always goes out, and is paid for later:
        an account with many stacks could not be listed at all otherwise."""
        budget = budget_of(operation)
        if budget is None:
            return
        wait = take(self.account_id, budget, urgent=self.urgent, begun=_here.begun, page=page)
        _here.begun = wait is None
        if wait is not None:
            raise Busy("", reason="budget", again_in=wait, service="cloudformation", operation=operation)

    def left(self, operation: str, code: str) -> None:
        """Slow every worker down when AWS asked this one to."""
        budget = budget_of(operation)
        if budget is None or not is_throttle(code):
            return
        try:
            slow_down(self.account_id, budget)
        except DatabaseError:
            log.warning("throttle_not_noted", account=self.account_id, operation=operation)


@dataclass(frozen=True)
class BudgetState:
    """A budget as it stands. `left` counts the calls that could go out at once now, the reserve among them."""

    budget: Budget
    left: int
    taken: int
    held_back: int
    throttled: int
    throttled_at: datetime | None


def gate_of(account_id: int, *, urgent: bool) -> AccountGate | None:
    """The gate of an account for what this thread begins now, or None when nothing is budgeted."""
    _here.begun = False
    return AccountGate(account_id, urgent) if budgets() else None


def budgets() -> tuple[Budget, ...]:
    """The budgets that are set."""
    reads, writes = settings.CLOUDFORMATION_READ_BURST, settings.CLOUDFORMATION_WRITE_BURST
    both = (
        Budget(READS, settings.CLOUDFORMATION_READS_PER_SECOND, reads),
        Budget(WRITES, settings.CLOUDFORMATION_WRITES_PER_SECOND, writes),
    )
    return tuple(one for one in both if one.rate > 0)


def budget_of(operation: str) -> Budget | None:
    """The budget that a call of CloudFormation counts against."""
    kind = READS if operation.startswith(READING) else WRITES
    return next((one for one in budgets() if one.kind == kind), None)


def take(
    account_id: int, budget: Budget, *, urgent: bool = False, begun: bool = False, page: bool = False
) -> float | None:
    """Take one token. None when that worked, else in how many seconds to begin again."""
    CallBudget.objects.get_or_create(account_id=account_id, kind=budget.kind)
    now = timezone.now().timestamp()
    rows = CallBudget.objects.filter(account_id=account_id, kind=budget.kind)
    free = Q() if page else Q(free_at__lte=budget.latest(now, urgent=urgent, begun=begun))
    # Durable: inside somebody's transaction the row would stay locked for every other worker until its end.
    with transaction.atomic(durable=True):
        refilled = Greatest(F("free_at"), Value(now)) + Value(1 / budget.rate)
        if rows.filter(free).update(free_at=refilled, taken=F("taken") + 1):
            return None
        free_at = rows.values_list("free_at", flat=True).get()
        token_at = now + max(0.0, free_at - budget.latest(now, urgent=urgent, begun=False))
        if urgent:
            rows.update(held_back=F("held_back") + 1)
            return max(SOONEST, token_at - now)
        return max(SOONEST, _slot(rows, budget, now, token_at) - now)


def _slot(rows: "QuerySet[CallBudget]", budget: Budget, now: float, token_at: float) -> float:
    """When this caller is to come back: each gets a moment of its own, as far apart as a step needs, so that a
    thousand changes do not all come for the next token."""
    apart = CALLS_OF_A_STEP / budget.rate
    after = Greatest(F("next_slot"), Value(token_at)) + Value(apart)
    rows.update(held_back=F("held_back") + 1, next_slot=Least(after, Value(now + apart + SLOTS_AHEAD)))
    return rows.values_list("next_slot", flat=True).get() - apart


def slow_down(account_id: int, budget: Budget) -> None:
    """AWS throttled a call: whatever the bucket believed, nothing begins for a moment, and then goes on at the rate."""
    now = timezone.now()
    free_at = budget.latest(now.timestamp() + PAUSE, urgent=False, begun=False)
    with transaction.atomic(durable=True):
        CallBudget.objects.filter(account_id=account_id, kind=budget.kind).update(
            free_at=Greatest(F("free_at"), Value(free_at)), throttled=F("throttled") + 1, throttled_at=now
        )


def budget_states(*account_ids: int) -> dict[int, tuple[BudgetState, ...]]:
    """The budgets of accounts as they stand, by the account's id; a bucket that nobody has used yet is full."""
    now, found = timezone.now().timestamp(), CallBudget.objects.filter(account_id__in=account_ids)
    rows = {(row.account_id, row.kind): row for row in found}
    return {pk: tuple(_state(one, rows.get((pk, one.kind)), now) for one in budgets()) for pk in account_ids}


def _state(budget: Budget, known: CallBudget | None, now: float) -> BudgetState:
    row = known or CallBudget(kind=budget.kind)
    used = max(0.0, row.free_at - now) * budget.rate
    left = max(0, int(budget.burst - used + _ROUNDING))
    return BudgetState(budget, left, row.taken, row.held_back, row.throttled, row.throttled_at)
