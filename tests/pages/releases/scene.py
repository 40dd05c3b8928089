"""Releases of an environment: a flag that was switched off, and a secret that changed as well."""

import re
import uuid
from datetime import timedelta
from html import unescape
from typing import Any

from django.test import Client
from django.utils import timezone

from portal.accounts.models import User
from provisioning.flags.sealing import digest, kept
from provisioning.lifecycle import LiveFrom, ParameterVerb, StackKind, WriteState
from provisioning.models import Environment, Parameter, ParameterVersion, Release

CANARY = "hunter2-canary"


def words(text: str) -> str:
    """A page as people read it."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", text)))


def parameter(environment: Environment, key: str, *values: str, kind: str = "String", owned: str = "") -> Parameter:
    """A parameter with a version for each value."""
    newest = values[-1]
    row = Parameter.objects.create(
        environment=environment,
        key=key,
        name=f"/fileshare/{environment.name}/{key}",
        type=kind,
        value=kept(kind, newest),
        digest=digest(newest),
        version=len(values),
        owned_by=owned,
    )
    for number, value in enumerate(values, 1):
        ParameterVersion.objects.create(
            parameter=row,
            version=number,
            type=kind,
            value=kept(kind, value),
            digest=digest(value),
            verb=ParameterVerb.EDIT,
            state=WriteState.DONE,
            at=timezone.now(),
        )
    return row


def release(environment: Environment, number: int, by: User, *, good: bool = True, **columns: Any) -> Release:
    """A release of what runs now, unless columns say otherwise."""
    stack = environment.stacks.get(kind=StackKind.COMPUTE)
    columns = {
        "template": stack.template,
        "stack_parameters": stack.parameters,
        "artifact": "nginx:stable",
        "proof": {"healthy": good, "lines": ["2 of 2 tasks run"], "from": str(LiveFrom.STARTED), "seconds": 41},
        **columns,
    }
    now = timezone.now() - timedelta(hours=10 - number)
    return Release.objects.create(environment=environment, number=number, at=now, by=by, good=good, **columns)


def versions(**numbers: tuple[int, str]) -> dict[str, dict[str, Any]]:
    """What a release keeps of parameters."""
    return {
        key: {"version": number, "generation": 1, "digest": digest(value)} for key, (number, value) in numbers.items()
    }


def toggled(environment: Environment, by: User) -> Environment:
    """The flag was switched off since release 1; there is a secret, which changed as well."""
    parameter(environment, "use_dynamodb", "true", "false")
    parameter(environment, "token", CANARY, f"{CANARY}-two", kind="SecureString")
    parameter(environment, "table_name", "one", owned="TableName")
    release(environment, 1, by, versions=versions(use_dynamodb=(1, "true"), token=(1, CANARY), table_name=(1, "one")))
    release(
        environment,
        2,
        by,
        versions=versions(use_dynamodb=(2, "false"), token=(2, f"{CANARY}-two"), table_name=(1, "one")),
    )
    return environment


def toggled_again(environment: Environment, by: User) -> None:
    """The flag holds a third value now, so that release 2 is the last good one that differs."""
    row = Parameter.objects.get(environment=environment, key="use_dynamodb")
    ParameterVersion.objects.create(
        parameter=row,
        version=3,
        digest=digest("maybe"),
        value="maybe",
        type="String",
        verb=ParameterVerb.EDIT,
        state=WriteState.DONE,
        at=timezone.now(),
    )
    Parameter.objects.filter(pk=row.pk).update(value="maybe", digest=digest("maybe"), version=3)


def sent(client: Client, path: str, **values: Any) -> Any:
    """A form, as the page sends it."""
    return client.post(path, {"key": str(uuid.uuid4()), **values})
