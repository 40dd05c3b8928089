"""Environments as they are told, and the two requests that are sent about them."""

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

from django.urls import reverse
from ninja import Schema
from pydantic import Field

from portal.api.text import Line, Moment, Name, Sent, Value
from provisioning.actions.requesting import Values
from provisioning.lifecycle import EnvironmentStatus, StackKind
from provisioning.models import Change, Environment, Stack

# The kinds that this request opens. The others need more than a few words, and have requests of their own.
Kind = Literal[
    "update", "park", "wake", "delete_compute", "delete_data_stack", "delete_data", "protect", "unprotect",
    "redeploy", "deploy", "roll_back",
]  # fmt: skip
Parameters = dict[Literal["data", "compute"], dict[Name, Value]]
Stacks = Annotated[list[Literal["data", "compute"]], Field(max_length=2)]


class EnvironmentLine(Schema):
    """One environment of the list. `monthly_cost` is an estimate in US dollars; `url` is its page."""

    application: str
    name: str
    stage: str
    owner: str
    status: EnvironmentStatus
    protected: bool
    expires_at: datetime | None
    monthly_cost: str | None
    changed_at: datetime
    url: str


class EnvironmentList(Schema):
    """A page of environments, by application and name."""

    items: list[EnvironmentLine]
    next: str | None


class Output(Schema):
    """One output of a stack; `export` is empty where it is not exported."""

    key: str
    value: str
    description: str
    export: str


class StackShape(Schema):
    """One stack as last seen. `status` is CloudFormation's own word, empty when there is none. Hidden values are not
    among the parameters."""

    kind: StackKind
    name: str
    status: str
    status_reason: str
    stack_id: str
    blueprint_version: str
    parameters: dict[str, str]
    outputs: list[Output]
    outside: str
    observed_at: datetime | None


class EnvironmentDetail(EnvironmentLine):
    """One environment with its stacks. `open_change` keeps others away until it is over."""

    id: int
    region: str
    created_at: datetime
    stacks: list[StackShape]
    open_change: uuid.UUID | None


class NewEnvironment(Sent):
    """What to create: both stacks, or those in `stacks`. Parameters that are left out have the stage's defaults.
    `lifetime_days`, or `expires_at` rounded up to whole days, where environments of the stage end by themselves."""

    application: Name
    name: Name
    parameters: Parameters = Field(default_factory=dict)
    stacks: Stacks = Field(default_factory=list)
    lifetime_days: int | None = Field(None, ge=1, le=366)
    expires_at: Moment | None = None
    reason: Line = ""
    start_at: Moment | None = None
    replaces: uuid.UUID | None = None


class NewChange(Sent):
    """A change of an environment. `confirm` is its name, where something is deleted; `release` is a number, for
    roll_back only; `artifact` is what deploy deploys; `stacks` are those that an update is about, both unless said;
    `replaces` is a change that waits and that this one is sent instead of."""

    kind: Kind
    parameters: Parameters = Field(default_factory=dict)
    stacks: Stacks = Field(default_factory=list)
    reason: Line = ""
    confirm: Line = ""
    start_at: Moment | None = None
    replaces: uuid.UUID | None = None
    artifact: Line = Field("", max_length=300)
    release: int | None = Field(None, ge=1, le=2**31 - 1)


def values_of(parameters: Parameters) -> Values:
    """Parameters as a request of a change takes them."""
    return {str(kind): values for kind, values in parameters.items()}


def stacks_of(stacks: Stacks) -> tuple[StackKind, ...]:
    """Stacks as a request of a change takes them: each once, data first; none where both are meant."""
    return tuple(kind for kind in StackKind if str(kind) in stacks)


def environment_line(found: Environment) -> dict[str, Any]:
    """What the list says of an environment. Needs its owner at hand."""
    return {
        "application": found.application,
        "name": found.name,
        "stage": found.stage,
        "owner": found.owner.get_username(),
        "status": EnvironmentStatus(found.status),
        "protected": found.data_protected,
        "expires_at": found.expires_at,
        "monthly_cost": None if found.monthly_cost is None else f"{found.monthly_cost:.2f}",
        "changed_at": found.changed_at,
        "url": reverse("environment", args=[found.application, found.name]),
    }


def environment_detail(found: Environment, change: Change | None) -> EnvironmentDetail:
    """The whole of one. Needs its stacks at hand."""
    return EnvironmentDetail(
        **environment_line(found),
        id=found.pk,
        region=found.account.region,
        created_at=found.created_at,
        stacks=[_stack(stack) for stack in found.stacks.all()],
        open_change=change.pk if change else None,
    )


def _stack(stack: Stack) -> StackShape:
    return StackShape(
        kind=StackKind(stack.kind),
        name=stack.name,
        status=stack.status,
        status_reason=stack.status_reason,
        stack_id=stack.stack_id,
        blueprint_version=stack.blueprint_version,
        parameters={name: str(value) for name, value in stack.parameters.items()},
        outputs=[_output(one) for one in stack.outputs],
        outside=stack.outside,
        observed_at=stack.observed_at,
    )


def _output(one: dict[str, Any]) -> Output:
    texts = {name: str(one.get(name) or "") for name in ("key", "value", "description", "export")}
    return Output(**texts)
