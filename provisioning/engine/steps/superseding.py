"""Before a change that was sent instead of another one is planned: what the other one left in AWS goes first."""

from collections.abc import Iterator

from django.utils import timezone

from provisioning.engine.outcome import Done, Outcome, Wait
from provisioning.engine.steps.stacks import without_change_sets
from provisioning.engine.work import Work
from provisioning.lifecycle import StackKind, StepState
from provisioning.models import Change, Operation

LETTING_GO = 1.0


def ensure_superseded_gone(work: Work) -> Outcome:
    """Remove the change sets, and the empty shell, of the change that this one replaces, and of those that it had
    replaced itself without having come to this step (S6, S7). A worker that still held one of them lets go first."""
    if work.change.supersedes is None:
        return Done(skipped=True)
    for old in _replaced(work.change):
        if old.lease_until is not None and old.lease_until > timezone.now():
            return Wait("The change that this one replaces is still letting go", LETTING_GO)
        without_change_sets(work, _operations(work, old))
    return Done("What the replaced change had planned is gone")


def _replaced(change: Change) -> Iterator[Change]:
    old = change.supersedes
    while old is not None:
        yield old
        tidied = old.steps.filter(name=ensure_superseded_gone.__name__, state=StepState.DONE).exists()
        old = None if tidied else old.supersedes


def _operations(work: Work, old: Change) -> Iterator[Operation]:
    """The other change's work, on this tick's view of the stacks."""
    for operation in old.operations.select_related("stack"):
        operation.change, operation.stack = old, work.stacks[StackKind(operation.stack.kind)]
        yield operation
