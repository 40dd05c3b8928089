"""Setting aside: a change at which one worker after the other ended is left alone until a person has looked (L17)."""

from collections.abc import Iterator

from django.db import transaction
from django.utils import timezone

from provisioning.engine.claims import MOST_CLAIMS, hold
from provisioning.engine.playbooks import CLEANUP, PLAYBOOKS, REREAD, PlaybookStep
from provisioning.lifecycle import ChangeKind, ChangeStatus, StepState
from provisioning.models import AuditEntry, Change

SET_ASIDE = "set_aside"


def set_aside(change: Change) -> None:
    """Give the lease back for good: no worker takes the change up, and its stacks stay locked, until somebody says
    so. Raises LeaseLostError."""
    because = f"Workers ended {MOST_CLAIMS} times in a row at “{_step_that_was_up(change).label}”."
    with transaction.atomic():
        hold(change)
        Change.objects.filter(pk=change.pk).update(
            set_aside_at=timezone.now(),
            set_aside_because=because,
            next_check_at=None,
            lease_token=None,
            lease_until=None,
        )
        AuditEntry.objects.create(
            at=timezone.now(),
            verb=SET_ASIDE,
            environment=change.environment,
            change=change,
            summary=f"Set aside: {ChangeKind(change.kind).label} {change.environment}. {because}"[:300],
            detail={"attempt": change.attempt},
        )


def _step_that_was_up(change: Change) -> PlaybookStep:
    """The first that is not recorded as done; after the last one, that one: what came after it is its record."""
    over = set(change.steps.filter(state__in=[StepState.DONE, StepState.SKIPPED]).values_list("name", flat=True))
    steps = list(_steps(change))
    return next((step for step in steps if step.name not in over), steps[-1])


def _steps(change: Change) -> Iterator[PlaybookStep]:
    if change.cleanup:
        yield CLEANUP[-1]
    elif change.status == ChangeStatus.PLANNING:
        yield from PLAYBOOKS[change.kind].planning
    elif change.status == ChangeStatus.RUNNING:
        yield from PLAYBOOKS[change.kind].running
    else:
        yield REREAD
