"""Environments as they are told, and the two requests that are sent about them."""

import uuid
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal

from django.urls import reverse
from ninja import Schema
from pydantic import Field

from portal.api.problems import ProblemError
from portal.api.text import Line, Moment, Name, Sent, Value
from provisioning.actions.requesting import Values
from provisioning.costs.model import Scenario
from provisioning.costs.usage import DEFAULT, BadUsageError, Usage, read_usage
from provisioning.lifecycle import EnvironmentStatus, StackKind
from provisioning.models import Change, Environment, Stack

# The kinds that this request opens. The others need more than a few words, and have requests of their own.
Kind = Literal[
    "update", "park", "wake", "delete_compute", "delete_data_stack", "delete_data", "protect", "unprotect",
    "redeploy", "deploy", "roll_back",
]  # fmt: skip
Parameters = dict[Literal["data", "compute"], dict[Name, Value]]
Stacks = Annotated[list[Literal["data", "compute"]], Field(max_length=2)]
Figure = Literal[
    "reads", "writes", "item_bytes", "stored_gb", "backup_gb", "stream_reads", "lcu", "log_gb", "nat_gb",
    "parameter_calls",
]  # fmt: skip


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


class UsageSent(Sent):
    """How much it will be used, which its price rests on. Figures that are left out are the scenario's own; `free_tier`
    deducts what AWS gives away, which is right for an account that uses it for nothing else."""

    scenario: Scenario = DEFAULT
    figures: dict[Figure, Annotated[Line, Field(max_length=24)]] = Field(default_factory=dict)
    free_tier: bool = False


class NewEnvironment(Sent):
    """What to create: both stacks, or those in `stacks`. Parameters that are left out have the stage's defaults.
    `lifetime_days`, or `expires_at` rounded up to whole days, where environments of the stage end by themselves.
    `usage` is what its plan is priced on."""

    application: Name
    name: Name
    parameters: Parameters = Field(default_factory=dict)
    stacks: Stacks = Field(default_factory=list)
    lifetime_days: int | None = Field(None, ge=1, le=366)
    expires_at: Moment | None = None
    reason: Line = ""
    start_at: Moment | None = None
    replaces: uuid.UUID | None = None
    usage: UsageSent | None = None


class NewChange(Sent):
    """A change of an environment. `confirm` is its name, where something is deleted; `release` is a number, for
    roll_back only; `artifact` is what deploy deploys; `stacks` are those that an update is about, both unless said;
    `replaces` is a change that waits and that this one is sent instead of; `usage` is what an update is priced on."""

    kind: Kind
    parameters: Parameters = Field(default_factory=dict)
    stacks: Stacks = Field(default_factory=list)
    reason: Line = ""
    confirm: Line = ""
    start_at: Moment | None = None
    replaces: uuid.UUID | None = None
    artifact: Line = Field("", max_length=300)
    usage: UsageSent | None = None
    release: int | None = Field(None, ge=1, le=2**31 - 1)


def values_of(parameters: Parameters) -> Values:
    """Parameters as a request of a change takes them."""
    return {str(kind): values for kind, values in parameters.items()}


def stacks_of(stacks: Stacks) -> tuple[StackKind, ...]:
    """Stacks as a request of a change takes them: each once, data first; none where both are meant."""
    return tuple(kind for kind in StackKind if str(kind) in stacks)


def usage_of(sent: UsageSent | None) -> Usage:
    """What is assumed of the use; the usual where nothing was said. Raises ProblemError for figures that are none."""
    try:
        return read_usage(sent.model_dump() if sent else None)
    except BadUsageError as wrong:
        fields = {f"usage.{name}": sentence for name, sentence in wrong.fields.items()}
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad-usage", str(wrong), fields=fields) from None


def usage_in_goal(sent: UsageSent | None) -> dict[str, Any]:
    """The same as the goal of a change keeps it; nothing where nothing was said. Raises ProblemError."""
    return {"usage": usage_of(sent).as_dict()} if sent else {}


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
