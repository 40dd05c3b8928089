# ruff: noqa: N803  (botocore spells its arguments so)
"""CloudFormation's calls, in botocore's shape. What they set going is in `operations`."""

import copy
import uuid
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from . import differences
from .describing import described, summary
from .naming import NoExportError, parsed, resolved
from .operations import Run, importers, turn
from .resources import name_taken
from .script import client_error
from .service import Answer, Service, page
from .world import ChangeSet, Pace, Stack, World

UPDATABLE = frozenset(
    {
        "CREATE_COMPLETE",
        "CREATE_FAILED",
        "UPDATE_COMPLETE",
        "UPDATE_FAILED",
        "UPDATE_ROLLBACK_COMPLETE",
        "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
    }
)
EXISTS = (
    "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]."
    " To troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information."
)
Pairs = Sequence[Mapping[str, Any]]


class CloudFormation(Service):
    """The client. Every look at a moving stack brings it forward, as the world's pace says."""

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

    def get_template(self, StackName: str, TemplateStage: str = "Original") -> Answer:
        """The template as it was sent."""
        return {"TemplateBody": self._found(StackName, "GetTemplate").body}

    def create_change_set(self, **asked: Any) -> Answer:
        """Make a change set, and for CREATE the empty stack around it (S6, C1, C2, C14)."""
        operation, world = "CreateChangeSet", self.world
        stack = self._stack(asked["StackName"])
        kind, name = asked["ChangeSetType"], asked["ChangeSetName"]
        known = stack.change_sets.get(name) if stack else None
        if stack is not None and known is not None:
            if world.retry_safe_tokens and known.token == asked["ClientToken"]:
                return {"Id": known.arn, "StackId": stack.stack_id}
            raise client_error("AlreadyExistsException", f"ChangeSet {name} already exists", operation)
        self._refuse(stack, kind, asked)
        if stack is None:
            stack = self._new_stack(asked["StackName"])
        found = self._change_set(stack, kind, asked)
        stack.change_sets[name] = found
        return {"Id": found.arn, "StackId": stack.stack_id}

    def _refuse(self, stack: Stack | None, kind: str, asked: Mapping[str, Any]) -> None:
        operation, name = "CreateChangeSet", asked["StackName"]
        if kind == "UPDATE" and (stack is None or stack.status == "REVIEW_IN_PROGRESS"):
            raise self._invalid(operation, f"Stack [{name}] does not exist")
        if stack is not None and kind == "CREATE" and stack.status != "REVIEW_IN_PROGRESS":
            text = f"Stack [{name}] already exists and cannot be created again with the changeSet"
            raise self._invalid(operation, f"{text} [{asked['ChangeSetName']}].")
        if stack is not None and stack.status not in UPDATABLE | {"REVIEW_IN_PROGRESS"}:
            text = f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated."
            raise self._invalid(operation, text)
        template = parsed(asked["TemplateBody"])
        if template.capabilities - set(asked.get("Capabilities", [])):
            text = f"Requires capabilities : {sorted(template.capabilities)}"
            raise client_error("InsufficientCapabilitiesException", text, operation)
        there = sum(len(one) for status, one in self.world.by_status.items() if status != "DELETE_COMPLETE")
        if stack is None and there >= self.world.stack_limit:
            text = f"Limit for stack has been exceeded ({self.world.stack_limit})."
            raise client_error("LimitExceededException", text, operation)
        sent = {one["ParameterKey"] for one in asked.get("Parameters", [])}
        missing = [key for key, one in template.parameters.items() if one.default is None and key not in sent]
        if missing:
            raise self._invalid(operation, f"Parameters: [{', '.join(missing)}] must have values")

    def _new_stack(self, name: str) -> Stack:
        world, uid = self.world, str(uuid.uuid4())
        stack = Stack(world.arn("cloudformation", f"stack/{name}/{uid}"), name, uid, world.now())
        world.stacks[stack.stack_id] = stack
        world.names[name] = stack.stack_id
        turn(world, stack, "REVIEW_IN_PROGRESS", "User Initiated")
        return stack

    def _change_set(self, stack: Stack, kind: str, asked: Mapping[str, Any]) -> ChangeSet:
        world, name = self.world, asked["ChangeSetName"]
        parameters = _parameters(stack, asked)
        tags = {tag["Key"]: tag["Value"] for tag in asked.get("Tags", [])}
        changes, reason = self._changes(stack, kind, asked["TemplateBody"], parameters, tags)
        made = ChangeSet(
            arn=world.arn("cloudformation", f"changeSet/{name}/{uuid.uuid4()}"),
            name=name,
            kind=kind,
            token=asked["ClientToken"],
            body=asked["TemplateBody"],
            parameters=parameters,
            tags=tags,
            capabilities=list(asked.get("Capabilities", [])),
            created_at=world.now(),
            changes=changes,
            status="CREATE_PENDING",
            reason=reason,
            looks_left=world.pace.change_set_looks,
        )
        if made.looks_left == 0:
            _ready(made)
        world.change_sets[made.arn] = stack.stack_id, name
        return made

    def _changes(
        self, stack: Stack, kind: str, body: str, parameters: dict[str, str], tags: dict[str, str]
    ) -> tuple[list[differences.Row], str]:
        try:
            wanted, _ = resolved(self.world, stack, body, parameters)
        except NoExportError as missing:
            return [], str(missing).removesuffix(" Rollback requested by user.")
        if kind == "IMPORT":
            return differences.imports(self.world, stack, wanted), ""
        rows = differences.differences(self.world, stack, wanted, tags)
        added = {row["ResourceChange"]["LogicalResourceId"] for row in rows if row["ResourceChange"]["Action"] == "Add"}
        if any(name_taken(self.world, one) for one in wanted.resources if one.logical_id in added):
            return [], EXISTS
        return rows, "" if rows else self.world.empty_wording

    def describe_change_set(
        self, ChangeSetName: str, StackName: str = "", NextToken: str = "", *, IncludePropertyValues: bool = False
    ) -> Answer:
        """A change set, ten changes a page (C9)."""
        stack, found = self._found_change_set(ChangeSetName, StackName, "DescribeChangeSet")
        if found.looks_left > 0:
            found.looks_left -= 1
            found.status = "CREATE_IN_PROGRESS"
            if found.looks_left == 0:
                _ready(found)
        settled = found.status in {"CREATE_COMPLETE", "FAILED"}
        rows = copy.deepcopy(found.changes) if settled else []
        answer = page("Changes", rows if IncludePropertyValues else differences.without_values(rows), NextToken)
        return answer | {
            "ChangeSetId": found.arn,
            "ChangeSetName": found.name,
            "StackId": stack.stack_id,
            "StackName": stack.name,
            "Status": found.status,
            "ExecutionStatus": found.execution,
            "StatusReason": found.reason if settled else "",
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in found.parameters.items()],
            "Tags": [{"Key": key, "Value": value} for key, value in found.tags.items()],
            "CreationTime": found.created_at,
            "Capabilities": found.capabilities,
        }

    def delete_change_set(self, ChangeSetName: str, StackName: str = "") -> Answer:
        """Forget a change set; the stack it made stays (S7)."""
        stack, found = self._found_change_set(ChangeSetName, StackName, "DeleteChangeSet")
        del stack.change_sets[found.name], self.world.change_sets[found.arn]
        return {}

    def execute_change_set(
        self, ChangeSetName: str, ClientRequestToken: str, *, DisableRollback: bool, RetainExceptOnCreate: bool = False
    ) -> Answer:
        """Start what the change set says; the others of the stack are gone from then on (C5)."""
        operation = "ExecuteChangeSet"
        stack, found = self._found_change_set(ChangeSetName, "", operation)
        self._once(stack, ClientRequestToken, operation)
        if found.execution != "AVAILABLE":
            text = f"ChangeSet [{found.arn}] cannot be executed in its current execution status of [{found.execution}]"
            raise client_error("InvalidChangeSetStatus", text, operation)
        if stack.motion is not None:
            text = f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated."
            raise self._invalid(operation, text)
        for other in [one for one in stack.change_sets.values() if one is not found]:
            del stack.change_sets[other.name], self.world.change_sets[other.arn]
        found.execution = "EXECUTE_COMPLETE"
        run = Run(self.world, stack, found, keep_failed=DisableRollback, clear_created=RetainExceptOnCreate)
        motion = {"CREATE": run.create, "UPDATE": run.update, "IMPORT": run.take_over}[found.kind]
        stack.executed += 1
        self._start(stack, motion(), ClientRequestToken)
        return {}

    def delete_stack(self, StackName: str, ClientRequestToken: str, RoleARN: str = "") -> Answer:
        """Start deleting a stack. One that is gone, or going, counts as done (D1, X2)."""
        operation = "DeleteStack"
        stack = self._stack(StackName)
        if stack is None or stack.status in {"DELETE_COMPLETE", "DELETE_IN_PROGRESS"}:
            return {}
        self._once(stack, ClientRequestToken, operation)
        if stack.protected:
            text = f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
            raise self._invalid(operation, text)
        for output in stack.outputs:
            users = importers(self.world, output.get("ExportName", ""))
            if users:
                text = f"Export {output['ExportName']} cannot be deleted as it is in use by {' and '.join(users)}"
                raise self._invalid(operation, text)
        for other in list(stack.change_sets.values()):
            del stack.change_sets[other.name], self.world.change_sets[other.arn]
        run = Run(self.world, stack, None, keep_failed=False, clear_created=False)
        self._start(stack, run.delete(), ClientRequestToken)
        return {}

    def cancel_update_stack(self, StackName: str, ClientRequestToken: str) -> Answer:
        """Send an update back (S10)."""
        stack = self._found(StackName, "CancelUpdateStack")
        self._once(stack, ClientRequestToken, "CancelUpdateStack")
        if stack.status != "UPDATE_IN_PROGRESS":
            text = f"CancelUpdateStack cannot be called from current stack status {stack.status}"
            raise self._invalid("CancelUpdateStack", text)
        stack.cancelled = True
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

    def list_exports(self, NextToken: str = "") -> Answer:
        """Every export of the account (X4)."""
        rows = [
            {"Name": name, "Value": value, "ExportingStackId": owner}
            for name, (owner, value) in sorted(self.world.exports.items())
        ]
        return page("Exports", rows, NextToken)

    def list_imports(self, ExportName: str, NextToken: str = "") -> Answer:
        """Who imports an export (X3)."""
        users = importers(self.world, ExportName)
        if not users:
            raise self._invalid("ListImports", f"Export '{ExportName}' is not imported by any stack.")
        return page("Imports", users, NextToken)

    def describe_account_limits(self, NextToken: str = "") -> Answer:
        """Quotas (Q1)."""
        return page("AccountLimits", [{"Name": "StackLimit", "Value": self.world.stack_limit}], NextToken)

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
        stack.token, stack.motion, stack.cancelled, stack.looks = token, motion, False, 0
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

    def _found_change_set(self, name_or_arn: str, stack_name: str, operation: str) -> tuple[Stack, ChangeSet]:
        stack = self._stack(stack_name) if stack_name else None
        name = name_or_arn
        if name_or_arn in self.world.change_sets:
            stack_id, name = self.world.change_sets[name_or_arn]
            stack = self.world.stacks[stack_id]
        if stack is None or name not in stack.change_sets:
            raise client_error("ChangeSetNotFound", f"ChangeSet [{name_or_arn}] does not exist", operation, 404)
        return stack, stack.change_sets[name]

    @staticmethod
    def _invalid(operation: str, message: str) -> Exception:
        return client_error("ValidationError", message, operation)


def _ready(found: ChangeSet) -> None:
    found.status = "FAILED" if found.reason else "CREATE_COMPLETE"
    found.execution = "UNAVAILABLE" if found.reason else "AVAILABLE"


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


def _parameters(stack: Stack, asked: Mapping[str, Any]) -> dict[str, str]:
    """The values that count: given, kept, or the template's default (P2)."""
    values = {
        name: one.default for name, one in parsed(asked["TemplateBody"]).parameters.items() if one.default is not None
    }
    for one in asked.get("Parameters", []):
        key = one["ParameterKey"]
        values[key] = stack.parameters[key] if one.get("UsePreviousValue") else one["ParameterValue"]
    return values
