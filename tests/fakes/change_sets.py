# ruff: noqa: N803  (botocore spells its arguments so)
"""CloudFormation's calls about change sets, in botocore's shape. What they set going is in `operations`."""

import copy
import uuid
from collections.abc import Mapping
from typing import Any

from provisioning.blueprints.shapes import ResolvedResource

from . import differences, reverting
from .importing import REVIEW, frozen, ill_named, more_than_import, not_importable
from .naming import NoExportError, parsed, resolved
from .operations import Run, turn
from .resources import name_taken
from .script import client_error
from .service import Answer, page
from .stacks import Stacks
from .world import ChangeSet, Stack

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


class ChangeSets(Stacks):
    """What is reviewed before it is done."""

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
        if kind == "IMPORT":
            self._refuse_import(stack, asked)
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

    def _refuse_import(self, stack: Stack | None, asked: Mapping[str, Any]) -> None:
        """Importing into a stack, or a new one, may do nothing else (R6)."""
        there = stack or Stack("", asked["StackName"], "", self.world.now())
        body = asked["TemplateBody"]
        wanted, _ = resolved(self.world, there, body, _parameters(there, asked))
        before = parsed(there.body).outputs if there.body else {}
        tags = {tag["Key"]: tag["Value"] for tag in asked.get("Tags", [])}
        problem = (
            frozen(there, tags, outputs_differ=parsed(body).outputs != before)
            or ill_named(asked.get("ResourcesToImport", []), wanted)
            or more_than_import(there, asked.get("ResourcesToImport", []), wanted, parsed(body))
        )
        if problem:
            raise self._invalid("CreateChangeSet", problem)

    def list_change_sets(self, StackName: str, NextToken: str = "") -> Answer:
        """The change sets of a stack."""
        stack = self._found(StackName, "ListChangeSets")
        rows = [
            {
                "ChangeSetId": one.arn,
                "ChangeSetName": one.name,
                "StackId": stack.stack_id,
                "Status": one.status,
                "ExecutionStatus": one.execution,
                "CreationTime": one.created_at,
            }
            for one in stack.change_sets.values()
        ]
        return page("Summaries", rows, NextToken)

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
        changes, reason = self._changes(stack, asked, parameters, tags)
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
            note=REVIEW if kind == "IMPORT" else "",
            looks_left=world.pace.change_set_looks,
            reverts=self._reverts(asked),
        )
        if made.looks_left == 0:
            _ready(made)
        world.change_sets[made.arn] = stack.stack_id, name
        return made

    def _reverts(self, asked: Mapping[str, Any]) -> bool:
        """Whether it is to bring reality back (C13); an endpoint that cannot ignores that it is asked to."""
        return self.world.reverts_drift and asked.get("DeploymentMode") == "REVERT_DRIFT"

    def _changes(
        self, stack: Stack, asked: Mapping[str, Any], parameters: dict[str, str], tags: dict[str, str]
    ) -> tuple[list[differences.Row], str]:
        try:
            wanted, _ = resolved(self.world, stack, asked["TemplateBody"], parameters)
        except NoExportError as missing:
            return [], str(missing).removesuffix(" Rollback requested by user.")
        if asked["ChangeSetType"] == "IMPORT":
            targets = asked["ResourcesToImport"]
            problem = not_importable(self.world, targets)
            return ([], problem) if problem else (differences.imports(targets), "")
        rows = differences.differences(stack, wanted, tags)
        if self._reverts(asked):
            rows = reverting.with_drift(self.world, stack, wanted, rows)
        added = {
            row["ResourceChange"]["LogicalResourceId"]
            for row in rows
            if row["ResourceChange"]["Action"] == "Add" and "ResourceDriftStatus" not in row["ResourceChange"]
        }
        taken = [one for one in wanted.resources if one.logical_id in added and name_taken(self.world, one)]
        if self.world.early_validation and taken:
            self._tell_of_taken(stack, taken[0], asked["ChangeSetName"])
            return [], EXISTS
        return rows, "" if rows else self.world.empty_wording

    def _tell_of_taken(self, stack: Stack, taken: ResolvedResource, change_set: str) -> None:
        """The detail that the change set itself does not have (C3)."""
        self.world.told.append(
            {
                "EventId": f"validation-{self.world.number()}",
                "StackId": stack.stack_id,
                "ChangeSetName": change_set,
                "EventType": "VALIDATION_ERROR",
                "LogicalResourceId": taken.logical_id,
                "ResourceType": taken.type,
                "Timestamp": self.world.now(),
                "ValidationFailureMode": "FAIL",
                "ValidationName": "NAME_CONFLICT_VALIDATION",
                "ValidationStatus": "FAILED",
                "ValidationStatusReason": f"Resource of type '{taken.type}' with this name already exists.",
                "ValidationPath": f"/Resources/{taken.logical_id}/Properties/TableName",
            }
        )

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
            "StatusReason": (found.reason or found.note) if settled else "",
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in found.parameters.items()],
            "Tags": [{"Key": key, "Value": value} for key, value in found.tags.items()],
            "CreationTime": found.created_at,
            "Capabilities": found.capabilities,
            **({"DeploymentMode": "REVERT_DRIFT"} if found.reverts else {}),
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
        self._drop_change_sets(stack, keep=found.arn)
        found.execution = "EXECUTE_COMPLETE"
        keep_failed = DisableRollback or self.world.disable_rollback
        run = Run(self.world, stack, found, keep_failed=keep_failed, clear_created=RetainExceptOnCreate)
        motion = {"CREATE": run.create, "UPDATE": run.update, "IMPORT": run.take_over}[found.kind]
        stack.executed += 1
        self._start(stack, motion(), ClientRequestToken)
        return {}

    def _found_change_set(self, name_or_arn: str, stack_name: str, operation: str) -> tuple[Stack, ChangeSet]:
        stack = self._stack(stack_name) if stack_name else None
        name = name_or_arn
        if name_or_arn in self.world.change_sets:
            stack_id, name = self.world.change_sets[name_or_arn]
            stack = self.world.stacks[stack_id]
        if stack is None or name not in stack.change_sets:
            raise client_error("ChangeSetNotFound", f"ChangeSet [{name_or_arn}] does not exist", operation, 404)
        return stack, stack.change_sets[name]


def _ready(found: ChangeSet) -> None:
    found.status = "FAILED" if found.reason else "CREATE_COMPLETE"
    found.execution = "UNAVAILABLE" if found.reason else "AVAILABLE"


def _parameters(stack: Stack, asked: Mapping[str, Any]) -> dict[str, str]:
    """The values that count: given, kept, or the template's default (P2)."""
    values = {
        name: one.default for name, one in parsed(asked["TemplateBody"]).parameters.items() if one.default is not None
    }
    for one in asked.get("Parameters", []):
        key = one["ParameterKey"]
        values[key] = stack.parameters[key] if one.get("UsePreviousValue") else one["ParameterValue"]
    return values
