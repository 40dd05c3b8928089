"""Changes with a plan, with events of CloudFormation, with a failure; and the parts that htmx asks for."""

import re
import uuid
from typing import Any

from django.test import Client
from django.utils import timezone

from portal.accounts.models import User
from provisioning.lifecycle import ChangeKind, ChangeStatus, StackKind
from provisioning.models import Change, Environment, Event
from provisioning.planning import plan as planning

from . import rows

HTMX = {"HX-Request": "true"}
PROBLEM = {
    "sentence": "Group could not be created.",
    "turn": "you",
    "advice": "Choose a key pair that exists.",
    "raw": "CREATE_FAILED Group: no such key",
    "replan": True,
}


def part(client: Client, path: str, status: int = 200) -> str:
    """The text of a part of a page, as htmx asks for it."""
    return rows.page(client, path, status, **HTMX)


def resource(name: str, action: str = "Add", **more: Any) -> dict[str, Any]:
    """A row of a plan."""
    row = {"logical_id": name, "physical_id": "", "type": "AWS::DynamoDB::Table", "action": action}
    return {**row, "replacement": "", "policy_action": "", "details": [], **more}


def planned(change: Change, *resources: dict[str, Any], findings: list[dict[str, str]] | None = None) -> Change:
    """Give the change a sealed plan for its data stack."""
    stack = {
        "kind": "data",
        "name": "hello-erlang-data-dev-alice",
        "action": "update",
        "template": "",
        "parameters": {"BillingMode": "PROVISIONED"},
        "change_set": "arn:aws:cloudformation:set",
        "changes": list(resources),
    }
    change.plan = planning.build(kind=change.kind, stacks=[stack], findings=findings or [], cost=None)
    change.plan_digest = planning.digest(change.plan)
    change.save()
    return change


def under_way(environment: Environment, by: User) -> Change:
    """A create that works on both stacks now."""
    change = rows.change(environment, by, ChangeStatus.RUNNING, ChangeKind.CREATE, started_at=timezone.now())
    change.operations.update(called_at=timezone.now(), action="create", changes=[])
    return planned(change, resource("MessagesTable"))


def event(change: Change, name: str, status: str, reason: str = "", *, of_stack: bool = False) -> Event:
    """CloudFormation tells something of the compute stack."""
    stack = change.environment.stacks.get(kind=StackKind.COMPUTE)
    return Event.objects.create(
        change=change,
        stack=stack,
        aws_id=uuid.uuid4().hex,
        at=timezone.now(),
        logical_id=stack.name if of_stack else name,
        type="AWS::CloudFormation::Stack" if of_stack else "AWS::EC2::Instance",
        status=status,
        reason=reason,
    )


def shown_ids(text: str) -> list[int]:
    """The lines of a story, in order."""
    return [int(found) for found in re.findall(r'id="event-(\d+)"', text)]
