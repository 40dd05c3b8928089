"""What the verbs about one change share: its row, held; its end before it ran; the ring for a worker."""

from datetime import datetime, timedelta

from django.utils import timezone

from provisioning.actions.refusals import Refusal
from provisioning.lifecycle import ChangeKind, ChangeStatus, EnvironmentStatus, move, set_environment_status
from provisioning.models import Change
from provisioning.planning.policy import START_DAYS
from provisioning.tasks import ring


def locked(change: Change) -> Change:
    """The change as it is now, its row held until the transaction ends. Lock a change before its environment."""
    rows = Change.objects.select_for_update(of=("self",))
    return rows.select_related("environment__owner", "requested_by").get(pk=change.pk)


def what(change: Change) -> str:
    """The change in a few words, for summaries."""
    return f"{ChangeKind(change.kind).label} {change.environment}"


def word(change: Change) -> str:
    """Its status, as it stands within a sentence."""
    return ChangeStatus(change.status).label.lower()


def waits_to_run(change: Change) -> bool:
    """Whether it is approved and does not run yet: somebody says when, or its time has not come."""
    later = change.start_at is not None and change.start_at > timezone.now()
    return change.status == ChangeStatus.QUEUED and (change.held or later)


def is_expired(change: Change) -> bool:
    """Whether its time is over, even before the engine has marked it."""
    return change.expires_at is not None and change.expires_at <= timezone.now()


def clock(at: datetime) -> str:
    """A time in UTC, with its date unless that is today."""
    today = at.date() == timezone.now().date()
    return f"{at:%H:%M} UTC" if today else f"{at:%Y-%m-%d %H:%M} UTC"


def require_start(start_at: datetime) -> None:
    """Refuse a start that is not within the next 30 days."""
    now = timezone.now()
    if start_at < now:
        sentence = f"{clock(start_at)} is in the past. Choose a time to come."
    elif start_at > now + timedelta(days=START_DAYS):
        sentence = f"A start can be at most {START_DAYS} days ahead."
    else:
        return
    raise Refusal(sentence, "bad-start", fields={"start_at": sentence})


def end(change: Change, to: ChangeStatus) -> None:
    """Close without running: what the plan left in AWS is removed before the stacks are free (S7)."""
    move(change, to)
    change.secrets, change.waiting_for = "", ""
    change.cleanup = True
    take_up(change)
    wake(change)
    change.save()
    environment = change.environment
    if environment.status == EnvironmentStatus.REQUESTED:
        set_environment_status(environment, EnvironmentStatus.REMOVED)


def take_up(change: Change) -> None:
    """Workers may work on the change again, where it was set aside; the caller saves it."""
    change.set_aside_at, change.set_aside_because, change.claims = None, "", 0


def wake(change: Change) -> None:
    """Have a worker look at the change after the commit, unless it is set aside; the caller saves it."""
    if change.set_aside_at is not None:
        return
    change.wakes += 1
    change.next_check_at = timezone.now()
    ring(change.pk)
