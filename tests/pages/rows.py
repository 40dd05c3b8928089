"""Environments as the engine leaves them, for pages to show; and the text of a page."""

from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from portal.accounts.models import User
from provisioning.blueprints.loader import library
from provisioning.lifecycle import ChangeKind, ChangeStatus, EnvironmentStatus, StackKind
from provisioning.models import Account, Change, Environment, Operation, Stack, StackResource, Template


def page(client: Client, path: str, status: int = 200, **headers: str) -> str:
    """The text of a page, tags and all."""
    response = client.get(path, headers=headers or None)
    assert response.status_code == status
    return response.content.decode()


def environment(owner: User, name: str, application: str = "hello-erlang", **columns: Any) -> Environment:
    """An environment that is ready, with both stacks, unless `columns` say otherwise."""
    stage = name if name in {"dev", "staging", "prod"} else "dev"
    columns = {"stage": stage, "status": EnvironmentStatus.READY, "changed_at": timezone.now(), **columns}
    made = Environment.objects.create(
        account=Account.objects.get(), application=application, name=name, owner=owner, **columns
    )
    blueprint = library().blueprints[application]
    for kind in StackKind:
        template = blueprint.stacks[kind].template
        row, _ = Template.objects.get_or_create(digest=template.digest, defaults={"body": template.body})
        stack_name = blueprint.stacks[kind].stack_name(name)
        Stack.objects.create(
            environment=made,
            kind=kind,
            name=stack_name,
            status="CREATE_COMPLETE",
            stack_id=f"arn:aws:cloudformation:us-east-1:123456789012:stack/{stack_name}/1",
            template=row,
            blueprint_version=blueprint.version,
            parameters={"Environment": name},
            observed_at=timezone.now(),
        )
    return made


def without(made: Environment, *kinds: StackKind) -> Environment:
    """The environment after these stacks were deleted."""
    made.stacks.filter(kind__in=kinds).update(status="DELETE_COMPLETE", outputs=[])
    return made


def outputs(made: Environment, kind: StackKind, **values: str) -> None:
    """Give a stack these outputs."""
    found = [{"key": key, "value": value, "description": "", "export": f"x-{key}"} for key, value in values.items()]
    made.stacks.filter(kind=kind).update(outputs=found)


def resource(made: Environment, kind: StackKind, logical_id: str, type_: str, physical_id: str, **columns: Any) -> None:
    """Put a resource into a stack."""
    now = timezone.now()
    columns = {"status": "CREATE_COMPLETE", "started_at": now, "updated_at": now, **columns}
    StackResource.objects.create(
        stack=made.stacks.get(kind=kind), logical_id=logical_id, type=type_, physical_id=physical_id, **columns
    )


def change(
    made: Environment, by: User, status: ChangeStatus, kind: ChangeKind = ChangeKind.UPDATE, **columns: Any
) -> Change:
    """A change in that status; while it is open it holds both stacks. `ago` is when it was asked for, in seconds."""
    ago = columns.pop("ago", 0)
    found = Change.objects.create(
        environment=made,
        kind=kind,
        status=status,
        requested_by=by,
        requested_at=timezone.now() - timedelta(seconds=ago),
        **columns,
    )
    if status in {"planning", "awaiting_approval", "queued", "running"}:
        Operation.objects.bulk_create(Operation(change=found, stack=stack) for stack in made.stacks.all())
    return found
