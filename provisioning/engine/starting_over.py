"""Back to the goal: what a plan and its running left on a change's rows is forgotten, so that a new plan is made."""

from provisioning.lifecycle import UNDER_REVIEW
from provisioning.models import Change, Operation, Stack


def start_over(change: Change, because: str) -> None:
    """Reset the rows of a change to before its planning; `because` says on its sealed plans why they are void.

    The caller holds the row, moves the status and saves the change: its columns are set here, not written. Another
    attempt gives every change set another name, so what the old ones left in AWS is never met (S20).
    """
    _one_part_each(change)
    change.operations.update(
        action="", changes=None, read_from="", change_set_id="", token="", imports=[], rests_on={}, purpose="",
        called_at=None, cancelled_at=None, finished_at=None, result="", next_events_at=None,
    )  # fmt: skip
    change.steps.all().delete()
    change.plans.filter(void_because="").update(void_because=because)
    Stack.objects.filter(operations__change=change, status=UNDER_REVIEW).update(status="")
    change.attempt, change.plan, change.plan_digest, change.findings = change.attempt + 1, None, "", []
    change.expires_at, change.held, change.sent_back = None, False, False
    change.cancel_asked_at = change.cancel_asked_by = None


def _one_part_each(change: Change) -> None:
    """The last part sends what the whole work on a stack is for; it becomes the only one."""
    for last in change.operations.filter(part__gt=0).order_by("part"):
        first = change.operations.filter(stack=last.stack_id, part=0)
        first.update(template=last.template_id, parameters=last.parameters, keep=last.keep)
    Operation.objects.filter(change=change, part__gt=0).delete()
