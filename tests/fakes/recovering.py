# ruff: noqa: N803  (botocore spells its arguments so)
"""CloudFormation's calls that get a stuck stack out of where it is, in botocore's shape."""

from collections.abc import Sequence

from .operations import Run
from .service import Answer
from .stacks import Stacks
from .world import Stack

UNDOABLE = {"CREATE_FAILED", "UPDATE_FAILED"}


class Recovering(Stacks):
    """Deleting with something left behind, or by force, is in `Stacks`."""

    def continue_update_rollback(
        self, StackName: str, ClientRequestToken: str, ResourcesToSkip: Sequence[str] = (), RoleARN: str = ""
    ) -> Answer:
        """Go on with a roll-back that got stuck; what is skipped stays as it is, and counts as updated (S11)."""
        operation = "ContinueUpdateRollback"
        stack = self._found(StackName, operation)
        self._once(stack, ClientRequestToken, operation)
        if stack.status != "UPDATE_ROLLBACK_FAILED":
            text = f"Stack [{stack.stack_id}] is in {stack.status} state and cannot continue its update rollback"
            raise self._invalid(operation, text)
        failed = {one.logical_id for one in stack.resources.values() if one.status == "UPDATE_FAILED"}
        others = sorted(set(ResourcesToSkip) - failed)
        if others:
            text = f"The following resources cannot be skipped, since they are not in UPDATE_FAILED state: {others}"
            raise self._invalid(operation, text)
        run = self._undone(stack)
        run.skips = frozenset(ResourcesToSkip)
        self._start(stack, run.undo("User Initiated"), ClientRequestToken)
        return {}

    def rollback_stack(self, StackName: str, ClientRequestToken: str, *, RetainExceptOnCreate: bool = False) -> Answer:
        """Roll back what was left where it failed; a stack that was never stable goes (S12)."""
        operation = "RollbackStack"
        stack = self._found(StackName, operation)
        self._once(stack, ClientRequestToken, operation)
        if stack.status not in UNDOABLE:
            text = f"Stack [{stack.stack_id}] is in {stack.status} state and cannot be rolled back"
            raise self._invalid(operation, text)
        if stack.status == "CREATE_FAILED" or not _was_stable(stack):
            run = Run(self.world, stack, None, keep_failed=False, clear_created=RetainExceptOnCreate)
            motion = run.delete()
        else:
            run = self._undone(stack)
            run.clear_created = RetainExceptOnCreate
            motion = run.undo("User Initiated")
        self._start(stack, motion, ClientRequestToken)
        return {"StackId": stack.stack_id}

    def _undone(self, stack: Stack) -> Run:
        """The update that is undone. A stack that a test forced into its status has nothing to undo."""
        found: Run | None = stack.undoing
        return found or Run(self.world, stack, None, keep_failed=False, clear_created=False)


def _was_stable(stack: Stack) -> bool:
    own = (event["ResourceStatus"] for event in stack.events if event["PhysicalResourceId"] == stack.stack_id)
    return any(status in {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"} for status in own)
