"""Values, a small application, and rows brought to where a verb finds them. Nothing in here calls AWS."""

from typing import Any

from django.db.models import Model
from django.utils import timezone
from engine import vault

from provisioning.actions.actor import Actor
from provisioning.actions.requesting import Ask, do_request_create
from provisioning.lifecycle import ChangeKind, ChangeStatus, EnvironmentStatus, StackKind
from provisioning.models import AuditEntry, Change, Decision, Environment, Event, Operation, Stack, Step

NETWORK = {"VpcId": "vpc-1", "SubnetIds": "subnet-1,subnet-2", "KeyName": "key", "ImageId": "ami-12345678"}
VALUES = {"data": {"Alarms": "true"}, "compute": NETWORK}
PASSWORD, PIN = "correct-horse-battery", "4711-2903"
HIDDEN = {"data": {"Pin": PIN}, "compute": {"Password": PASSWORD}}
DIGEST = "d" * 64

BLUEPRINT = vault.BLUEPRINT.replace("approvals: 1, approvers: [admins]", "approvals: 2, approvers: [admins, engineers]")
DATA = """\
Parameters:
  Environment: {Type: String}
  Pin: {Type: String, NoEcho: true, MinLength: 4}
Resources:
  Things:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      TableName: !Sub vault-${Environment}-things
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
"""
COMPUTE = """\
Parameters:
  Data: {Type: String}
  Password: {Type: String, NoEcho: true, MinLength: 8}
  Size: {Type: String, Default: small, AllowedValues: [small, large]}
Resources:
  Group:
    Type: AWS::AutoScaling::AutoScalingGroup
    Properties: {MinSize: '1', MaxSize: '1'}
"""


def everything() -> dict[str, list[dict[str, Any]]]:
    """Every row that a verb could write, to see that a refusal wrote none."""
    kept: tuple[type[Model], ...] = (Environment, Stack, Change, Operation, Step, Decision, Event, AuditEntry)
    return {model.__name__: list(model._default_manager.order_by("pk").values()) for model in kept}


def asked_for(actor: Actor, name: str) -> Change:
    """A request of hello-erlang under that name, as the engine would find it."""
    return do_request_create(actor, "hello-erlang", name, Ask(ChangeKind.CREATE, VALUES))


def at(change: Change, status: ChangeStatus, **columns: Any) -> Change:
    """The change as the engine would have left it; one that ended has let go of its stacks."""
    over = status not in {"planning", "awaiting_approval", "queued", "running"}
    columns = {"status": status, "finished_at": timezone.now() if over else None, **columns}
    Change.objects.filter(pk=change.pk).update(**columns)
    change.operations.update(is_open=not over)
    change.refresh_from_db()
    return change


def awaiting(change: Change) -> Change:
    """The change, planned and sealed."""
    return at(change, ChangeStatus.AWAITING_APPROVAL, plan={"stacks": []}, plan_digest=DIGEST)


def brought_up(change: Change) -> Environment:
    """The environment once this create has succeeded."""
    at(change, ChangeStatus.SUCCEEDED, secrets="")
    for operation in change.operations.select_related("stack"):
        stack = operation.stack
        stack.status, stack.stack_id = "CREATE_COMPLETE", f"arn:{stack.name}"
        stack.template, stack.parameters = operation.template, operation.parameters
        stack.save()
    Environment.objects.filter(pk=change.environment_id).update(status=EnvironmentStatus.READY)
    return Environment.objects.select_related("owner", "account").get(pk=change.environment_id)


def without(environment: Environment, *kinds: StackKind) -> Environment:
    """The environment after these stacks were deleted."""
    environment.stacks.filter(kind__in=kinds).update(status="DELETE_COMPLETE")
    return environment
