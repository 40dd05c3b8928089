"""Stuck stacks and their ways out; looking again at what the stacks are now."""

import uuid
from datetime import datetime
from typing import Annotated, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Body, Path, Router, Schema
from pydantic import Field

from portal.access import actor_of
from portal.accounts.models import Scope
from portal.api.change_shapes import ChangeDetail, change_detail
from portal.api.operations import operation
from portal.api.sending import located, once, send
from portal.api.text import Line, Moment, Name, Sent
from portal.environments.heading import access_with_stacks
from portal.environments.seen import read_seen
from portal.recovering.reading import Doctor, read_doctors
from provisioning.actions.looking import do_look_at
from provisioning.actions.recovering import do_request_recover
from provisioning.actions.requesting import Ask
from provisioning.lifecycle import ChangeKind, StackKind
from provisioning.models import Change, Environment
from provisioning.planning.ways_out import FORCE

router = Router(tags=["Environments"])


class Sparable(Schema):
    """A resource that the way out may skip or leave behind, and what AWS said of it."""

    logical_id: str
    type: str
    reason: str


class StuckStack(Schema):
    """One stuck stack and its one way out, `what`: retry, delete, roll_back, continue, retain or force, empty where
    there is none from here. `spares` are the resources to choose from, all of them `proposed` or none. With `retry`
    the failed change itself is tried again. `names`: the environment's name is asked for; `second_person`: somebody
    else has to agree, with `continue` once something is spared. `why_not` says why you cannot ask for it now."""

    kind: StackKind
    name: str
    status: str
    condition: str
    cause: str
    what: str
    label: str
    sentence: str
    spares: list[Sparable]
    proposed: bool
    names: bool
    second_person: bool
    retry: uuid.UUID | None
    why_not: str


class Recovery(Schema):
    """The stacks of an environment that are stuck, the data stack first; none where all is well."""

    stacks: list[StuckStack]


class NewRecovery(Sent):
    """The way out as it was read. `spared` are logical ids to skip (`continue`) or to leave behind (`retain`);
    `confirm` is the environment's name, for `force`."""

    stack: Literal["data", "compute"]
    what: Literal["delete", "roll_back", "continue", "retain", "force"]
    spared: Annotated[list[Line], Field(max_length=500)] = Field(default_factory=list)
    reason: Line = Field("", max_length=500)
    confirm: Line = ""
    start_at: Moment | None = None
    replaces: uuid.UUID | None = None


class Look(Schema):
    """When the stacks were last seen, null where one never was. `looking`: a look is due or under way; `why_not` says
    why none can be asked for now."""

    at: datetime | None
    looking: bool
    why_not: str


@operation(
    router, "GET", "/environments/{app}/{name}/recovery", scope=Scope.READ, page="environment_recover",
    answers=Recovery, summary="Show stuck stacks",
)  # fmt: skip
def show_recovery(request: HttpRequest, app: Path[Name], name: Path[Name]) -> Recovery:
    """What is wrong with each, and the one way out."""
    found = access_with_stacks(request, app, name)
    return Recovery(stacks=[_stuck(one) for one in read_doctors(actor_of(request), found)])


@operation(
    router, "POST", "/environments/{app}/{name}/recoveries", scope=Scope.CHANGE, page="request_act",
    answers=ChangeDetail, status=202, summary="Get a stack out of where it is stuck",
)  # fmt: skip
def recover_stack(
    request: HttpRequest, response: HttpResponse, app: Path[Name], name: Path[Name], sent: Body[NewRecovery]
) -> ChangeDetail:
    """Answers the change. It has to be the way out as it is now; a way out that is a retry is one of the change."""
    environment = access_with_stacks(request, app, name)

    def recover(key: uuid.UUID | None) -> Change:
        ask = Ask(
            ChangeKind.RECOVER,
            reason=sent.reason.strip(),
            key=key,
            confirm=sent.confirm,
            replaces=sent.replaces,
            start_at=sent.start_at,
        )
        spared = tuple(sent.spared)
        kind = StackKind(sent.stack)
        return do_request_recover(actor_of(request), environment, ask, stack=kind, what=sent.what, spared=spared)

    change = send(request, response, sent, recover)
    located(response, change)
    return change_detail(change)


@operation(
    router, "GET", "/environments/{app}/{name}/look", scope=Scope.READ, page="environment_look_again", answers=Look,
    summary="Show how old what is known is",
)  # fmt: skip
def show_look(request: HttpRequest, app: Path[Name], name: Path[Name]) -> Look:
    """When somebody last looked at the stacks."""
    return _look(access_with_stacks(request, app, name))


@operation(
    router, "POST", "/environments/{app}/{name}/look", scope=Scope.READ, page="environment_look_again", answers=Look,
    status=202, summary="Look at the stacks again",
)  # fmt: skip
def look_again(request: HttpRequest, response: HttpResponse, app: Path[Name], name: Path[Name]) -> Look:
    """Has AWS asked about both stacks now; nothing is altered. Ask again until it is not `looking`."""
    environment = access_with_stacks(request, app, name)
    once(request, response, None, lambda _: do_look_at(actor_of(request), environment))
    return _look(access_with_stacks(request, app, name))


def _look(environment: Environment) -> Look:
    seen = read_seen(environment)
    return Look(at=seen.at, looking=seen.looking, why_not=seen.why_not)


def _stuck(one: Doctor) -> StuckStack:
    found, way = one.stuck, one.stuck.way_out
    return StuckStack(
        kind=one.kind,
        name=found.stack.name,
        status=found.stack.status,
        condition=way.condition,
        cause=found.cause,
        what=way.what,
        label=way.label,
        sentence=way.sentence,
        spares=[Sparable(logical_id=each.logical_id, type=each.type, reason=each.reason) for each in way.proposals],
        proposed=way.ticked,
        names=way.what == FORCE,
        second_person=way.second_person,
        retry=found.change.pk if way.retry and found.change else None,
        why_not=one.blocked,
    )
