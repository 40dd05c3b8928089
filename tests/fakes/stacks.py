# ruff: noqa: N803  (botocore spells its arguments so)
"""CloudFormation's calls about stacks, in botocore's shape, and what brings a moving stack forward."""

import json
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import timedelta

from .describing import described, summary
from .exports import importers
from .operations import Run
from .script import client_error
from .service import Answer, Service, page
from .world import Pace, Stack, World

# In any other status an operation is under way that has to come to rest first (the table of statuses, S1).
DELETABLE = frozenset(
    {
        "REVIEW_IN_PROGRESS",
        "CREATE_IN_PROGRESS",
        "CREATE_COMPLETE",
        "CREATE_FAILED",
        "ROLLBACK_IN_PROGRESS",
        "ROLLBACK_COMPLETE",
        "ROLLBACK_FAILED",
        "UPDATE_COMPLETE",
        "UPDATE_FAILED",
        "UPDATE_ROLLBACK_COMPLETE",
        "UPDATE_ROLLBACK_FAILED",
        "DELETE_FAILED",
        "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
        "IMPORT_ROLLBACK_FAILED",
    }
)


class Stacks(Service):
    """Every look at a moving stack brings it forward, as the world's pace says."""

    def describe_stacks(self, StackName: str) -> Answer:
        """One stack: by name while it is there, by id also after (S9)."""
        stack = self._stack(StackName)
        if stack is None:
            raise self._invalid("DescribeStacks", f"Stack with id {StackName} does not exist")
        self.look(stack)
        if stack.status == "DELETE_COMPLETE" and StackName != stack.stack_id:
            raise self._invalid("DescribeStacks", f"Stack with id {StackName} does not exist")
        return {"Stacks": [described(stack)]}

    def list_stacks(self, StackStatusFilter: Sequence[str], NextToken: str = "") -> Answer:
        """Stacks by status, a hundred a page (Q4)."""
        if not NextToken:
            moving = [one for status in StackStatusFilter for one in self.world.by_status.get(status, {}).values()]
            for stack in moving + list(self.world.late.values()):
                self.look(stack)
        found = [one for status in StackStatusFilter for one in self.world.by_status.get(status, {}).values()]
        return page("StackSummaries", [summary(stack) for stack in found], NextToken)

    def describe_stack_events(self, StackName: str, NextToken: str = "") -> Answer:
        """The events of a stack, newest first (S24)."""
        stack = self._found(StackName, "DescribeStackEvents")
        return page("StackEvents", stack.events[::-1], NextToken)

    def list_stack_resources(self, StackName: str, NextToken: str = "") -> Answer:
        """What is in a stack."""
        stack = self._found(StackName, "ListStackResources")
        rows = [
            {
                "LogicalResourceId": one.logical_id,
                "PhysicalResourceId": one.physical_id,
                "ResourceType": one.type,
                "ResourceStatus": one.status,
                "LastUpdatedTimestamp": one.updated_at,
            }
            for one in stack.resources.values()
        ]
        return page("StackResourceSummaries", rows, NextToken)

    def describe_stack_resources(self, PhysicalResourceId: str) -> Answer:
        """The resources of the stack that has this one."""
        for stack in self.world.stacks.values():
            if any(one.physical_id == PhysicalResourceId for one in stack.resources.values()):
                own = {"StackId": stack.stack_id, "StackName": stack.name}
                rows = [row | own for row in self.list_stack_resources(stack.stack_id)["StackResourceSummaries"]]
                return {"StackResources": rows}
        raise self._invalid("DescribeStackResources", f"Stack for {PhysicalResourceId} does not exist")

    def get_template(self, StackName: str, TemplateStage: str = "Original") -> Answer:
        """The template as it was sent; boto3 reads one that was sent as JSON."""
        body = self._found(StackName, "GetTemplate").body
        return {"TemplateBody": json.loads(body) if body.startswith("{") else body}

    def delete_stack(
        self,
        StackName: str,
        ClientRequestToken: str,
        RoleARN: str = "",
        RetainResources: Sequence[str] = (),
        DeletionMode: str = "STANDARD",
    ) -> Answer:
        """Start deleting a stack. One that is gone, or going, counts as done (D1, X2)."""
        operation = "DeleteStack"
        stack = self._stack(StackName)
        if stack is None or stack.status in {"DELETE_COMPLETE", "DELETE_IN_PROGRESS"}:
            return {}
        self._once(stack, ClientRequestToken, operation)
        plain = not RetainResources and DeletionMode == "STANDARD"
        self._refuse_delete(stack, plain=plain, retained=RetainResources)
        if stack.protected:
            text = f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
            raise self._invalid(operation, text)
        for output in stack.outputs:
            users = importers(self.world, output.get("ExportName", ""))
            if users:
                text = f"Export {output['ExportName']} cannot be deleted as it is in use by {' and '.join(users)}"
                raise self._invalid(operation, text)
        self._drop_change_sets(stack)
        run = Run(self.world, stack, None, keep_failed=False, clear_created=False)
        run.leaves, run.forced = frozenset(RetainResources), DeletionMode == "FORCE_DELETE_STACK"
        self._start(stack, run.delete(), ClientRequestToken)
        return {}

    def _refuse_delete(self, stack: Stack, *, plain: bool, retained: Sequence[str]) -> None:
        """What a status does not allow: any deletion, or one that leaves something behind (S8)."""
        operation = "DeleteStack"
        if stack.status not in DELETABLE:
            text = f"Stack [{stack.stack_id}] cannot be deleted while in status {stack.status}"
            raise self._invalid(operation, text)
        if not plain and stack.status != "DELETE_FAILED":
            text = "Invalid operation on stack [{}]. To retain or force, the stack must be in the DELETE_FAILED state"
            raise self._invalid(operation, text.format(stack.stack_id))
        unknown = sorted(set(retained) - stack.resources.keys())
        if unknown:
            raise self._invalid(operation, f"The following resources to retain do not exist: {unknown}")

    def cancel_update_stack(self, StackName: str, ClientRequestToken: str) -> Answer:
        """Send an update back (S10)."""
        stack = self._found(StackName, "CancelUpdateStack")
        self._once(stack, ClientRequestToken, "CancelUpdateStack")
        if stack.status != "UPDATE_IN_PROGRESS":
            text = f"CancelUpdateStack cannot be called from current stack status {stack.status}"
            raise self._invalid("CancelUpdateStack", text)
        stack.cancelled = ClientRequestToken
        if self.world.retry_safe_tokens:
            stack.tokens.add(ClientRequestToken)
        return {}

    def update_termination_protection(self, StackName: str, *, EnableTerminationProtection: bool) -> Answer:
        """Switch termination protection (D1)."""
        stack = self._found(StackName, "UpdateTerminationProtection")
        if stack.status in {"DELETE_COMPLETE", "DELETE_IN_PROGRESS"}:
            text = f"Stack [{stack.name}] is in {stack.status} state"
            raise self._invalid("UpdateTerminationProtection", text)
        stack.protected = EnableTerminationProtection
        return {"StackId": stack.stack_id}

    def set_stack_policy(self, StackName: str, StackPolicyBody: str) -> Answer:
        """Replace the stack policy (D3)."""
        self._found(StackName, "SetStackPolicy").policy = StackPolicyBody
        return {}

    def get_stack_policy(self, StackName: str) -> Answer:
        """The stack policy, when one was set."""
        policy = self._found(StackName, "GetStackPolicy").policy
        return {"StackPolicyBody": policy} if policy else {}

    def look(self, stack: Stack) -> None:
        """Bring a moving stack as far forward as this look, or the clock, allows."""
        pace = self.world.pace
        if stack.motion is None:
            return
        for _ in range(_beats(self.world, stack, pace)):
            if next(stack.motion, "ended") == "ended":
                stack.motion = None
                return

    def _start(self, stack: Stack, motion: Iterator[None], token: str) -> None:
        stack.token, stack.motion, stack.cancelled, stack.looks = token, motion, "", 0
        stack.tokens.add(token)
        pace = self.world.pace
        stack.next_beat = self.world.now() + timedelta(seconds=pace.seconds)
        if pace.lag:
            stack.motion = _late(pace.lag, motion)
            self.world.late[stack.stack_id] = stack
        elif pace.looks or pace.seconds:
            next(motion)
        else:
            deque(motion, maxlen=0)
            stack.motion = None

    def _drop_change_sets(self, stack: Stack, keep: str = "") -> None:
        for other in [one for one in stack.change_sets.values() if one.arn != keep]:
            del stack.change_sets[other.name], self.world.change_sets[other.arn]

    def _once(self, stack: Stack, token: str, operation: str) -> None:
        if token in stack.tokens:
            text = f"Operation with token {token} already exists"
            raise client_error("TokenAlreadyExistsException", text, operation)

    def _stack(self, name_or_id: str) -> Stack | None:
        return self.world.stacks.get(self.world.names.get(name_or_id, name_or_id))

    def _found(self, name_or_id: str, operation: str) -> Stack:
        stack = self._stack(name_or_id)
        if stack is None:
            raise self._invalid(operation, f"Stack [{name_or_id}] does not exist")
        return stack

    @staticmethod
    def _invalid(operation: str, message: str) -> Exception:
        return client_error("ValidationError", message, operation)


def _late(lag: int, motion: Iterator[None]) -> Iterator[None]:
    for _ in range(lag):
        yield
    yield from motion


def _beats(world: World, stack: Stack, pace: Pace) -> int:
    """How many beats are due."""
    if not pace.seconds or stack.next_beat is None:
        stack.looks += 1
        return 1 if stack.looks % pace.looks == 0 else 0
    count = 0
    while stack.next_beat <= world.now():
        stack.next_beat += timedelta(seconds=pace.seconds)
        count += 1
    return count
