"""Change sets: the one way Stackyard alters what a stack holds, and what a person reviews before it does."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from provisioning.aws.clients import Clients
from provisioning.aws.cloudformation.changes import PropertyChange, ResourceChange, read_changes, united
from provisioning.aws.errors import Missing, Refused, translated

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import ParameterTypeDef

__all__ = [
    "ChangeSet",
    "ChangeSetRef",
    "ChangeSetSummary",
    "ImportTarget",
    "PropertyChange",
    "ResourceChange",
    "create_change_set",
    "delete_change_set",
    "describe_change_set",
    "execute_change_set",
    "list_change_sets",
]

SERVICE = "cloudformation"
MOVING = frozenset({"CREATE_PENDING", "CREATE_IN_PROGRESS", "DELETE_PENDING", "DELETE_IN_PROGRESS"})
REVERT_DRIFT = "REVERT_DRIFT"
EMPTY_WORDINGS = ("didn't contain changes", "no updates are to be performed")

ChangeSetKind = Literal["CREATE", "UPDATE", "IMPORT"]


@dataclass(frozen=True)
class ChangeSetRef:
    """A change set just asked for: its own ARN and its stack's."""

    change_set_id: str
    stack_id: str


@dataclass(frozen=True)
class ChangeSetSummary:
    """One line of ListChangeSets."""

    change_set_id: str
    name: str
    status: str
    execution_status: str
    created_at: datetime | None


@dataclass(frozen=True)
class ImportTarget:
    """A resource to take into a stack; a table's identifier is {"TableName": name} (R5)."""

    type: str
    logical_id: str
    identifier: Mapping[str, str]


@dataclass(frozen=True)
class ChangeSet:
    """A change set, read whole: every page, with and without property values (C9)."""

    change_set_id: str
    name: str
    stack_id: str
    stack_name: str
    status: str
    execution_status: str
    reason: str
    changes: tuple[ResourceChange, ...]
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    created_at: datetime | None
    capabilities: tuple[str, ...]
    deployment_mode: str = ""

    @property
    def reverts_drift(self) -> bool:
        """Whether it compares with what is really there, and brings that back to the template (C13). An endpoint that
        does not have this leaves the mode out of its answer."""
        return self.deployment_mode == REVERT_DRIFT

    @property
    def is_ready(self) -> bool:
        """Whether it can be executed (C1)."""
        return self.status == "CREATE_COMPLETE" and self.execution_status == "AVAILABLE"

    @property
    def is_moving(self) -> bool:
        """Whether AWS is still making, executing or deleting it (C1)."""
        return self.status in MOVING or self.execution_status == "EXECUTE_IN_PROGRESS"

    @property
    def is_empty(self) -> bool:
        """Whether it failed only because there is nothing to change, in either of AWS's wordings (C2)."""
        return self.status == "FAILED" and any(words in self.reason.lower() for words in EMPTY_WORDINGS)


def create_change_set(
    aws: Clients,
    *,
    stack: str,
    change_set_name: str,
    kind: ChangeSetKind,
    template_body: str,
    parameters: Mapping[str, str],
    tags: Mapping[str, str],
    capabilities: Collection[str],
    token: str,
    keep: Collection[str] = (),
    role_arn: str = "",
    description: str = "",
    resources_to_import: Sequence[ImportTarget] = (),
    revert_drift: bool = False,
) -> ChangeSetRef:
    """Ask for a change set; it is made in the background.

    `keep` names the parameters that stay as they are; a given value wins over it (P2). `tags` is the full
    set, since an update drops the tags it does not name (E11). CREATE is for a stack that does not exist or
    only waits in REVIEW_IN_PROGRESS (S6). What happens on failure is said at execution: the two exclude each
    other (C11). `revert_drift` asks for an UPDATE that brings reality back to the template (C13). Raises Conflict
    when the name is taken on that stack, Missing when an UPDATE finds no stack, else Refused.
    """
    request: dict[str, Any] = {
        "StackName": stack,
        "ChangeSetName": change_set_name,
        "ChangeSetType": kind,
        "ClientToken": token,
        "TemplateBody": template_body,
        "Parameters": _parameters(parameters, keep),
        "Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())],
        "Capabilities": sorted(capabilities),
        "Description": description,
        "RoleARN": role_arn,
        "DeploymentMode": REVERT_DRIFT if revert_drift else "",
        "ResourcesToImport": [
            {
                "ResourceType": target.type,
                "LogicalResourceId": target.logical_id,
                "ResourceIdentifier": dict(target.identifier),
            }
            for target in resources_to_import
        ],
    }
    # Tags are always sent, even none; the others only when they say something.
    sent = {key: value for key, value in request.items() if value or key == "Tags"}
    with translated(SERVICE, "CreateChangeSet"):
        answer = aws.cloudformation.create_change_set(**sent)
        return ChangeSetRef(answer["Id"], answer["StackId"])


def describe_change_set(aws: Clients, change_set_id: str, *, stack: str = "", values: bool = True) -> ChangeSet:
    """The change set by its ARN, or by its name within `stack`, every page; raises Missing.

    Without `values` it is read once: which resources change, not what in them. Otherwise a finished one is read
    twice, with and without property values, and both answers are united: a reading with values can leave out a
    whole changed resource, and one without has no values (C8-C10).
    """
    if not values:
        return _change_set(*_read(aws, change_set_id, stack, values=False))
    try:
        head, detailed = _read(aws, change_set_id, stack, values=True)
        if head["Status"] in MOVING or head["Status"] == "FAILED":
            return _change_set(head, united(detailed, ()))
    except Refused:
        # Not every AWS-compatible endpoint knows property values; a real mistake is refused again below.
        detailed = ()
    head, plain = _read(aws, change_set_id, stack, values=False)
    return _change_set(head, united(detailed, plain))


def list_change_sets(aws: Clients, stack_id: str) -> tuple[ChangeSetSummary, ...]:
    """The change sets that wait on a stack, whoever made them; executing one deletes the others (C5).

    Raises Missing when there is no such stack.
    """
    with translated(SERVICE, "ListChangeSets"):
        pages = aws.cloudformation.get_paginator("list_change_sets").paginate(StackName=stack_id)
        return tuple(
            ChangeSetSummary(
                change_set_id=found["ChangeSetId"],
                name=found["ChangeSetName"],
                status=found.get("Status", ""),
                execution_status=found.get("ExecutionStatus", ""),
                created_at=found.get("CreationTime"),
            )
            for page in pages
            for found in page["Summaries"]
        )


def execute_change_set(aws: Clients, change_set_id: str, *, token: str, retain_except_on_create: bool) -> None:
    """Start what the change set says; a failure rolls back.

    Rollback is asked for in words, since AWS documents the opposite default (C11). `retain_except_on_create`
    deletes what a rolled-back create made, whatever its deletion policy (R3). Raises Refused when it cannot
    be executed, Missing when it is gone, Conflict with `token_used` when it was started before (S21).
    """
    with translated(SERVICE, "ExecuteChangeSet"):
        aws.cloudformation.execute_change_set(
            ChangeSetName=change_set_id,
            ClientRequestToken=token,
            DisableRollback=False,
            RetainExceptOnCreate=retain_except_on_create,
        )


def delete_change_set(aws: Clients, change_set_id: str) -> None:
    """Delete a change set by its ARN; one that is gone counts as deleted.

    The stack a CREATE change set made stays behind in REVIEW_IN_PROGRESS and is deleted on its own (S7).
    """
    try:
        with translated(SERVICE, "DeleteChangeSet"):
            aws.cloudformation.delete_change_set(ChangeSetName=change_set_id)
    except Missing:
        return


def _parameters(values: Mapping[str, str], keep: Collection[str]) -> "list[ParameterTypeDef]":
    given: list[ParameterTypeDef] = [
        {"ParameterKey": name, "ParameterValue": value} for name, value in sorted(values.items())
    ]
    kept: list[ParameterTypeDef] = [
        {"ParameterKey": name, "UsePreviousValue": True} for name in sorted(set(keep) - set(values))
    ]
    return given + kept


def _read(
    aws: Clients, change_set_id: str, stack: str, *, values: bool
) -> tuple[Mapping[str, Any], tuple[ResourceChange, ...]]:
    """The first page, which holds the head, and the changes of all pages."""
    request: dict[str, Any] = {"ChangeSetName": change_set_id}
    if stack:
        request["StackName"] = stack
    if values:
        request["IncludePropertyValues"] = True
    head: Mapping[str, Any] = {}
    changes: list[Any] = []
    while True:
        with translated(SERVICE, "DescribeChangeSet"):
            page = aws.cloudformation.describe_change_set(**request)
        head = head or page
        changes += page.get("Changes", [])
        if not page.get("NextToken"):
            return head, read_changes(changes)
        request["NextToken"] = page["NextToken"]


def _change_set(head: Mapping[str, Any], changes: tuple[ResourceChange, ...]) -> ChangeSet:
    return ChangeSet(
        change_set_id=head["ChangeSetId"],
        name=head["ChangeSetName"],
        stack_id=head["StackId"],
        stack_name=head["StackName"],
        status=head["Status"],
        execution_status=head.get("ExecutionStatus", ""),
        reason=head.get("StatusReason", ""),
        changes=changes,
        parameters={p["ParameterKey"]: p.get("ParameterValue", "") for p in head.get("Parameters", [])},
        tags={tag["Key"]: tag["Value"] for tag in head.get("Tags", [])},
        created_at=head.get("CreationTime"),
        capabilities=tuple(head.get("Capabilities", [])),
        deployment_mode=head.get("DeploymentMode", ""),
    )
