"""The full look: every hour, all stacks of an account as they are, held against what is known of them.

One ListStacks finds what differs; only that is read. Reality wins: a stack that somebody deleted, changed or made
again outside Stackyard is written down as it is, once, with an audit entry. A stack that an open change works on is
left to that change's observer and steps. Nothing in here alters AWS. Needs cloudformation:ListStacks, DescribeStacks,
DescribeStackEvents, GetTemplate and ListStackResources.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from provisioning.aws import cloudformation
from provisioning.aws.clients import Clients
from provisioning.aws.cloudformation import StackState, StackSummary
from provisioning.aws.errors import AwsError
from provisioning.engine import noticing
from provisioning.engine.drifting import plan_checks
from provisioning.engine.noticing import Reading
from provisioning.engine.reaching import AwsFor, default_aws, reach
from provisioning.engine.rounds import Rounds
from provisioning.lifecycle import STACK_STATUSES, UNDER_REVIEW, Outside, stack_status
from provisioning.models import Account, Operation, Stack

log = structlog.get_logger(__name__)

EVERY = timedelta(hours=1)
LEASE = timedelta(seconds=60)
AFTER_TROUBLE = timedelta(minutes=5)
ROUNDS = Rounds(due="compare_due_at", until="comparing_until")
SOON = timedelta(seconds=15)
BATCH = 25
MOVING_PAUSES = ((timedelta(minutes=1), timedelta(seconds=5)), (timedelta(minutes=10), timedelta(seconds=20)))
LONGEST_MOVING_PAUSE = timedelta(minutes=1)
MOST_LOOKS = 200
_TIMES = ("created_at", "updated_at", "observed_at")
_ROW = ("id", "environment_id", "kind", "name", "stack_id", "status", "last_event_id", *_TIMES)
_THERE = [status.name for status in STACK_STATUSES.values() if not status.gone]


@dataclass(frozen=True)
class Compared:
    """How many stacks a tick read because they were not as known. `more` asks for another tick right away."""

    read: int = 0
    more: bool = False


def compare_soon(account_id: int) -> None:
    """Have all stacks of an account looked at again at the next chance."""
    Account.objects.filter(pk=account_id).update(compare_due_at=timezone.now())


def due_comparisons(now: datetime) -> list[int]:
    """The accounts whose full look is due, or was never made."""
    return list(Account.objects.filter(ROUNDS.free(now)).values_list("pk", flat=True))


def due_looks(now: datetime) -> list[int]:
    """The environments of which a stack is to be looked at by itself."""
    due = Stack.objects.filter(look_due_at__lte=now).order_by().values_list("environment_id", flat=True)
    return list(due.distinct()[:MOST_LOOKS])


def compare(account_id: int, aws_for: AwsFor = default_aws) -> Compared:
    """One tick of the full look at an account, if it is due and nobody else is at it. Trouble with AWS leaves the
    rows as they are, and is tried again later; what was read until then is kept."""
    claimed = ROUNDS.claim(account_id)
    if claimed is None:
        return Compared()
    account, since = claimed
    try:
        done = _tick(reach(account, aws_for), account, since)
    except AwsError as trouble:
        log.warning("comparing_failed", account=account.slug, trouble=str(trouble))
        ROUNDS.end(account, timezone.now() + AFTER_TROUBLE)
        return Compared()
    if done.more:
        ROUNDS.go_on(account)
    else:
        now = timezone.now()
        plan_checks(account.pk, now)
        ROUNDS.end(account, now + EVERY, compared_at=now)
    return done


def _idle() -> "QuerySet[Stack]":
    """The stacks that no open change works on."""
    return Stack.objects.filter(~Exists(Operation.objects.filter(stack=OuterRef("pk"), is_open=True)))


def _tick(aws: Clients, account: Account, since: datetime) -> Compared:
    # The rows first: what a change writes after this is newer than what AWS lists, and is left alone.
    rows = list(_idle().filter(environment__account=account).only(*_ROW).order_by("pk"))
    listed = cloudformation.list_stacks(aws, _THERE)
    by_id = {one.stack_id: one for one in listed}
    names = {one.name for one in listed if one.status != UNDER_REVIEW}
    as_known = [row for row in rows if _is_as_known(row, by_id, names)]
    _confirm(as_known, since)
    known = {row.pk for row in as_known}
    differing = [row for row in rows if row.pk not in known and (row.observed_at is None or row.observed_at < since)]
    for row in differing[:BATCH]:
        pause = _look(aws, row)
        Stack.objects.filter(pk=row.pk, look_due_at__isnull=True).update(look_due_at=_after(pause))
    return Compared(min(len(differing), BATCH), more=len(differing) > BATCH)


def _is_as_known(row: Stack, by_id: Mapping[str, StackSummary], names: set[str]) -> bool:
    if not row.stack_id or stack_status(row.status).gone:
        return row.name not in names
    found = by_id.get(row.stack_id)
    return found is not None and _same(row, found.status, found.updated_at)


def _same(row: Stack, status: str, at: datetime | None) -> bool:
    """Whether nothing has happened to a stack since its row was written. What moves is never taken for known."""
    known_at = row.updated_at or row.created_at
    return not stack_status(status).moving and row.status == status and (known_at is None or known_at == at)


def _confirm(rows: Sequence[Stack], since: datetime | None = None) -> None:
    """These were seen as they are known, unless a change took one up meanwhile. A mark that was made since stays."""
    now = timezone.now()
    for start in range(0, len(rows), 500):
        keys = [row.pk for row in rows[start : start + 500]]
        _idle().filter(pk__in=keys).update(observed_at=now)
        for stack in Stack.objects.filter(pk__in=keys, outside=Outside.CHANGED, outside_at__lt=since or now):
            noticing.settle(stack)


def look_at(environment_id: int, aws_for: AwsFor = default_aws) -> int:
    """Look at the stacks of one environment that are due: one call each where nothing has happened. Returns how many
    were looked at. Trouble with AWS leaves the rows as they are, and is tried again soon."""
    now, looked = timezone.now(), 0
    due = Stack.objects.filter(environment=environment_id, look_due_at__lte=now)
    for row in due.select_related("environment__account").order_by("-kind"):
        lease = now + LEASE
        if Stack.objects.filter(pk=row.pk, look_due_at=row.look_due_at).update(look_due_at=lease) != 1:
            continue
        pause: timedelta | None = SOON
        try:
            if _idle().filter(pk=row.pk).exists():
                pause = _look(reach(row.environment.account, aws_for), row)
                looked += 1
            else:
                pause = None  # its change looks after it
        except AwsError as trouble:
            log.warning("look_failed", stack=row.name, trouble=str(trouble))
        # Somebody who asked again meanwhile keeps the time that was asked for.
        Stack.objects.filter(pk=row.pk, look_due_at=lease).update(look_due_at=_after(pause))
    return looked


def _after(pause: timedelta | None) -> datetime | None:
    return None if pause is None else timezone.now() + pause


def _look(aws: Clients, row: Stack) -> timedelta | None:
    """Read one stack, and write down what differs. Returns after which time to look again by itself, None if never."""
    state = _state(aws, row)
    if state is None and not row.stack_id:
        _confirm([row])
        return None
    if state is not None and state.stack_id == row.stack_id and _same(row, state.status, _at(state)):
        _confirm([row])
        return None
    there = state is not None and not stack_status(state.status).gone
    moving = state is not None and stack_status(state.status).moving
    reading = _read_whole(aws, row, state) if there and not moving and state is not None else Reading(state)
    noticing.write_down(row, reading)
    return _moving_pause(row) if moving else None


def _state(aws: Clients, row: Stack) -> StackState | None:
    """The stack by its id; where that is gone, one that came up again under its name and is this environment's by its
    tag (S9). An empty shell, and somebody else's stack, do not count."""
    state = cloudformation.describe_stack(aws, row.stack_id) if row.stack_id else None
    if state is not None and not stack_status(state.status).gone:
        return state
    again = cloudformation.describe_stack(aws, row.name)
    if again is None or again.status == UNDER_REVIEW or stack_status(again.status).gone:
        return state
    return again if again.tags.get("EnvironmentId") == str(row.environment_id) else state


def _at(state: StackState) -> datetime:
    return state.updated_at or state.created_at


def _read_whole(aws: Clients, row: Stack, state: StackState) -> Reading:
    """A stack at rest with its template, its resources and its newest event."""
    if state.status == UNDER_REVIEW:
        return Reading(state)
    last = row.last_event_id if row.stack_id == state.stack_id else ""
    events = cloudformation.stack_events(aws, state.stack_id, after=last or None)
    return Reading(
        state,
        cloudformation.get_template(aws, state.stack_id),
        cloudformation.list_resources(aws, state.stack_id),
        events[-1].event_id if events else last,
    )


def _moving_pause(row: Stack) -> timedelta:
    since = Stack.objects.filter(pk=row.pk).values_list("outside_at", flat=True).get()
    age = timezone.now() - (since or timezone.now())
    return next((pause for limit, pause in MOVING_PAUSES if age < limit), LONGEST_MOVING_PAUSE)
