"""Environments: the list, one of them, and asking for changes of it."""

import math
import uuid
from typing import Literal

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Body, Path, Query, Router
from pydantic import Field

from portal.access import actor_of
from portal.accounts.models import Scope
from portal.api.change_shapes import ChangeDetail, change_detail
from portal.api.environment_shapes import (
    EnvironmentDetail,
    EnvironmentLine,
    EnvironmentList,
    NewChange,
    NewEnvironment,
    Parameters,
    Stacks,
    environment_detail,
    environment_line,
    stacks_of,
    usage_in_goal,
    values_of,
)
from portal.api.listed import refuse_values, require_listed
from portal.api.operations import operation
from portal.api.paging import Paged, number, page_of_rows
from portal.api.sending import located, send
from portal.api.text import Line, Name
from portal.catalogue.reading import access_blueprint
from portal.environments.heading import access_with_stacks
from portal.requesting.replacing import open_change
from provisioning.actions.actor import Actor
from provisioning.actions.deploying import AskToDeploy, do_deploy
from provisioning.actions.requesting import Ask, do_request, do_request_create
from provisioning.actions.rolling_back import AskToRedeploy, AskToRollBack, do_redeploy, do_roll_back
from provisioning.lifecycle import ChangeKind, EnvironmentStatus, StackKind
from provisioning.models import Change, Environment

router = Router(tags=["Environments"])
_ORDER, _KINDS = ("application", "name", "id"), (str, str, number)
_DAY = 24 * 3600


class EnvironmentWanted(Paged):
    """Which environments; without a status, all but those that are removed."""

    application: Line = ""
    stage: Literal["", "dev", "staging", "prod"] = ""
    status: EnvironmentStatus | Literal["", "any"] = ""
    owner: Line = Field("", description="A username.")
    q: Line = Field("", description="In names and owners.")


@operation(
    router, "GET", "/environments", scope=Scope.READ, page="environments", answers=EnvironmentList,
    summary="List environments",
)  # fmt: skip
def list_environments(request: HttpRequest, wanted: Query[EnvironmentWanted]) -> EnvironmentList:
    """By application and name."""
    rows, after = page_of_rows(_filtered(wanted), _ORDER, wanted, _KINDS)
    return EnvironmentList(items=[EnvironmentLine(**environment_line(row)) for row in rows], next=after)


@operation(
    router, "POST", "/environments", scope=Scope.CHANGE, page="request_create", answers=ChangeDetail, status=202,
    summary="Create an environment",
)  # fmt: skip
def create_environment(request: HttpRequest, response: HttpResponse, sent: Body[NewEnvironment]) -> ChangeDetail:
    """Answers the change that creates it. It is planned and, where the stage asks for it, approved before it runs."""
    require_known(sent.application, sent.parameters, sent.stacks)
    require_listed(sent.application, values_of(sent.parameters))
    days, usage = _days(sent), usage_in_goal(sent.usage)

    def create(key: uuid.UUID | None) -> Change:
        ask = Ask(
            ChangeKind.CREATE,
            values_of(sent.parameters),
            reason=sent.reason.strip(),
            key=key,
            replaces=sent.replaces,
            start_at=sent.start_at,
            stacks=stacks_of(sent.stacks),
            goal=usage | ({"lifetime_days": days} if days else {}),
        )
        return do_request_create(actor_of(request), sent.application, sent.name, ask)

    return _opened(response, send(request, response, sent, create))


@operation(
    router, "GET", "/environments/{app}/{name}", scope=Scope.READ, page="environment", answers=EnvironmentDetail,
    summary="Show an environment",
)  # fmt: skip
def show_environment(request: HttpRequest, app: Path[Name], name: Path[Name]) -> EnvironmentDetail:
    """With its stacks as last seen."""
    found = access_with_stacks(request, app, name)
    return environment_detail(found, open_change(found))


@operation(
    router, "POST", "/environments/{app}/{name}/changes", scope=Scope.CHANGE, page="request_act",
    answers=ChangeDetail, status=202, summary="Ask for a change",
)  # fmt: skip
def request_change(
    request: HttpRequest, response: HttpResponse, app: Path[Name], name: Path[Name], sent: Body[NewChange]
) -> ChangeDetail:
    """Answers the change, which is planned and, where the stage asks for it, approved before it runs."""
    found = access_with_stacks(request, app, name)
    _require_meant(sent)
    require_known(app, sent.parameters, sent.stacks)
    require_listed(app, values_of(sent.parameters), found)
    actor = actor_of(request)
    return _opened(response, send(request, response, sent, lambda key: _ask(actor, found, sent, key)))


def _filtered(wanted: EnvironmentWanted) -> QuerySet[Environment]:
    found = Environment.objects.select_related("owner")
    if wanted.application:
        found = found.filter(application=wanted.application)
    if wanted.stage:
        found = found.filter(stage=wanted.stage)
    if wanted.owner:
        found = found.filter(owner__username=wanted.owner)
    if not wanted.status:
        found = found.exclude(status=EnvironmentStatus.REMOVED)
    elif wanted.status != "any":
        found = found.filter(status=wanted.status)
    for word in wanted.q.replace("/", " ").split()[:10]:
        found = found.filter(
            Q(application__icontains=word) | Q(name__icontains=word) | Q(owner__username__icontains=word)
        )
    return found


def _opened(response: HttpResponse, change: Change) -> ChangeDetail:
    located(response, change)
    return change_detail(change)


def _ask(actor: Actor, environment: Environment, sent: NewChange, key: uuid.UUID | None) -> Change:
    kind, reason = ChangeKind(sent.kind), sent.reason.strip()
    if kind is ChangeKind.REDEPLOY:
        return do_redeploy(actor, environment, AskToRedeploy(reason, key))
    if kind is ChangeKind.DEPLOY:
        return do_deploy(actor, environment, AskToDeploy(sent.artifact, reason, key, start_at=sent.start_at))
    if kind is ChangeKind.ROLL_BACK:
        return do_roll_back(actor, environment, AskToRollBack(reason, key, sent.release))
    ask = Ask(
        kind,
        values_of(sent.parameters),
        reason=reason,
        key=key,
        confirm=sent.confirm,
        replaces=sent.replaces,
        start_at=sent.start_at,
        stacks=stacks_of(sent.stacks),
        goal=usage_in_goal(sent.usage),
    )
    return do_request(actor, environment, ask)


def _require_meant(sent: NewChange) -> None:
    """Refuse what a kind has no use for: it would be ignored, and somebody meant something by it."""
    beside_plans = sent.kind in {"redeploy", "roll_back"}
    brings_up = beside_plans or sent.kind == "deploy"
    unused = {
        "parameters": bool(sent.parameters) and sent.kind != "update",
        "stacks": bool(sent.stacks) and sent.kind != "update",
        "usage": sent.usage is not None and sent.kind != "update",
        "release": sent.release is not None and sent.kind != "roll_back",
        "artifact": bool(sent.artifact) and sent.kind != "deploy",
        "start_at": sent.start_at is not None and beside_plans,
        "replaces": sent.replaces is not None and brings_up,
    }
    refuse_values({name: f"A change of kind {sent.kind} takes no {name}." for name, is_so in unused.items() if is_so})


def require_known(application: str, parameters: Parameters, named: Stacks) -> None:
    """Refuse parameters that no template has, or that are of a stack that is not meant, which would be left out in
    silence. Raises Http404 for an application that is not there."""
    if not parameters:
        return
    stacks = access_blueprint(application).stacks
    wrong = {
        f"parameters.{kind}.{name}": f"The {kind} stack has no parameter {name}."
        for kind, values in parameters.items()
        for name in values
        if name not in stacks[kind].template.parameters
    }
    refuse_values(wrong)
    left_out = [kind for kind in parameters if named and kind not in named]
    refuse_values({f"parameters.{kind}": f"This is not about the {kind} stack." for kind in left_out})


def _days(sent: NewEnvironment) -> int | None:
    if stacks_of(sent.stacks) == (StackKind.DATA,) and (sent.expires_at or sent.lifetime_days):
        refuse_values({"expires_at": "Data stays: compute has a lifetime, once there is one."})
    if sent.expires_at is None:
        return sent.lifetime_days
    if sent.lifetime_days is not None:
        refuse_values({"expires_at": "Give lifetime_days or expires_at, not both."})
    start = max(timezone.now(), sent.start_at or timezone.now())
    days = math.ceil((sent.expires_at - start).total_seconds() / _DAY)
    if days < 1:
        refuse_values({"expires_at": "That is before it begins."})
    return days
