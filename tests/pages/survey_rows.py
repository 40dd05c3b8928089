"""What a survey leaves: stacks that somebody made by hand, and tables that no stack owns."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from portal.accounts.models import User
from provisioning.lifecycle import ChangeKind, ChangeStatus, EnvironmentStatus, StackKind
from provisioning.models import Account, Environment, FoundStack, Table

from . import rows


def found(name: str = "dev", *kinds: StackKind, **columns: Any) -> None:
    """What a survey has found of hello-erlang."""
    columns = {"status": "CREATE_COMPLETE", "made_at": timezone.now(), "tags": {"Owner": "ops"}, **columns}
    for kind in kinds or tuple(StackKind):
        stack_name = f"hello-erlang-data-{name}" if kind == StackKind.DATA else f"hello-erlang-{name}"
        FoundStack.objects.create(
            account=Account.objects.get(),
            name=stack_name,
            stack_id=f"arn:{stack_name}",
            kind=kind,
            application="hello-erlang",
            environment_name=name,
            seen_at=timezone.now(),
            **columns,
        )


def kept(name: str, environment: str = "dev-bob", application: str = "hello-erlang", **columns: Any) -> Table:
    """A table that no stack owns, unless `columns` say otherwise."""
    columns = {"item_count": 41_203, "size_bytes": 5_000_000, "monthly_cost": "0.0012", **columns}
    return Table.objects.create(
        account=Account.objects.get(),
        name=name,
        arn=f"arn:aws:dynamodb:us-east-1:123456789012:table/{name}",
        application=application,
        environment_name=environment,
        seen_at=timezone.now(),
        **columns,
    )


def removed(owner: User, name: str) -> Environment:
    """An environment whose data stack was deleted an hour ago."""
    made = rows.without(rows.environment(owner, name, status=EnvironmentStatus.REMOVED), *StackKind)
    hour_ago = timezone.now() - timedelta(hours=1)
    rows.change(made, owner, ChangeStatus.SUCCEEDED, ChangeKind.DELETE_DATA_STACK, finished_at=hour_ago)
    return made
