"""Drift: what is not as the templates say, having it looked for, taking it as it is, and bringing it back."""

import uuid
from typing import Annotated, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Body, Path, Router
from pydantic import Field

from portal.access import actor_of
from portal.accounts.models import Scope
from portal.api.change_shapes import ChangeDetail, change_detail
from portal.api.drift_shapes import Drift, drift_told
from portal.api.operations import operation
from portal.api.sending import located, once, send
from portal.api.text import Line, Moment, Name, Sent, Value
from portal.drift.reading import DriftPage, Pick, read_drift, split_pick
from portal.environments.heading import access_with_stacks
from provisioning.actions.drifting import do_detect_drift, do_request_accept, do_request_repair
from provisioning.actions.refusals import Refusal
from provisioning.actions.requesting import Ask
from provisioning.lifecycle import ChangeKind, StackKind
from provisioning.models import Change

router = Router(tags=["Drift"])
Kind = Literal["data", "compute"]
Kinds = Annotated[list[Kind], Field(max_length=2)]


class Detection(Sent):
    """Which stacks to look into. One that cannot be is left out where the other can."""

    stacks: Kinds = Field(min_length=1)


class _Wanted(Sent):
    """What both requests say besides."""

    reason: Line = Field("", max_length=500)
    start_at: Moment | None = None
    replaces: uuid.UUID | None = None


class Repair(_Wanted):
    """Which stacks to bring back to their templates; all that differ unless said."""

    stacks: Kinds = Field(default_factory=list)


class Picked(Sent):
    """One property as it was read: `path` and `actual` are those of the answer to GET."""

    stack: Kind
    resource: Line = Field(min_length=1, max_length=255)
    path: Line = Field(min_length=1)
    actual: Value


class Acceptance(_Wanted):
    """Which properties to take as they are in AWS."""

    picks: list[Picked] = Field(min_length=1, max_length=200)


@operation(
    router, "GET", "/environments/{app}/{name}/drift", scope=Scope.READ, page="environment_drift", answers=Drift,
    summary="Show drift",
)  # fmt: skip
def show_drift(request: HttpRequest, app: Path[Name], name: Path[Name]) -> Drift:
    """What differs from the templates, property by property, as of the last check of each stack."""
    found = access_with_stacks(request, app, name)
    return drift_told(read_drift(actor_of(request), found))


@operation(
    router, "POST", "/environments/{app}/{name}/drift/detections", scope=Scope.CHANGE,
    page="environment_detect_drift", answers=Drift, status=202, summary="Look for drift",
)  # fmt: skip
def detect_drift(
    request: HttpRequest, response: HttpResponse, app: Path[Name], name: Path[Name], sent: Body[Detection]
) -> Drift:
    """Has CloudFormation compare the stacks with their templates. A check that runs already is the one that was asked
    for. Ask again for the drift until it is not `checking`."""
    actor, environment = actor_of(request), access_with_stacks(request, app, name)

    def detect(_: uuid.UUID | None) -> None:
        do_detect_drift(actor, environment, _kinds(sent.stacks))

    once(request, response, sent, detect)
    return drift_told(read_drift(actor, access_with_stacks(request, app, name)))


@operation(
    router, "POST", "/environments/{app}/{name}/drift/repairs", scope=Scope.CHANGE, page="environment_repair_drift",
    answers=ChangeDetail, status=202, summary="Repair drift",
)  # fmt: skip
def repair_drift(
    request: HttpRequest, response: HttpResponse, app: Path[Name], name: Path[Name], sent: Body[Repair]
) -> ChangeDetail:
    """Answers the change, whose plan has every property that it would bring back."""
    actor, environment = actor_of(request), access_with_stacks(request, app, name)

    def repair(key: uuid.UUID | None) -> Change:
        found = read_drift(actor, environment)
        kinds = _kinds(sent.stacks) or tuple(one.kind for one in found.repairable)
        _require_repairable(found, kinds)
        return do_request_repair(actor, environment, _asked(sent, ChangeKind.REPAIR_DRIFT, key), stacks=kinds)

    return _opened(response, send(request, response, sent, repair))


@operation(
    router, "POST", "/environments/{app}/{name}/drift/acceptances", scope=Scope.CHANGE,
    page="environment_accept_drift", answers=ChangeDetail, status=202, summary="Accept drift",
)  # fmt: skip
def accept_drift(
    request: HttpRequest, response: HttpResponse, app: Path[Name], name: Path[Name], sent: Body[Acceptance]
) -> ChangeDetail:
    """Answers the change. A property that has another value by now than the one that was read is not accepted: 409."""
    actor, environment = actor_of(request), access_with_stacks(request, app, name)

    def accept(key: uuid.UUID | None) -> Change:
        picks = _as_read(read_drift(actor, environment), sent.picks)
        return do_request_accept(actor, environment, _asked(sent, ChangeKind.ACCEPT_DRIFT, key), picks=picks)

    return _opened(response, send(request, response, sent, accept))


def _kinds(sent: list[Kind]) -> tuple[StackKind, ...]:
    return tuple(kind for kind in StackKind if kind.value in sent)


def _asked(sent: _Wanted, kind: ChangeKind, key: uuid.UUID | None) -> Ask:
    return Ask(kind, reason=sent.reason.strip(), key=key, start_at=sent.start_at, replaces=sent.replaces)


def _opened(response: HttpResponse, change: Change) -> ChangeDetail:
    located(response, change)
    return change_detail(change)


def _require_repairable(found: DriftPage, kinds: tuple[StackKind, ...]) -> None:
    """Refuse stacks that the page has no box for. Who may not repair at all is told so by the verb."""
    if found.why_not_repair:
        return
    if not kinds:
        raise Refusal(found.repair_blocked or "Nothing differs. Look for drift first.", "no-drift")
    able = {one.kind for one in found.repairable}
    for one in found.stacks:
        if one.kind in kinds and one.kind not in able:
            raise Refusal(one.why_not_repair or f"Nothing of {one.name} differs.", "no-drift")


def _as_read(found: DriftPage, picks: list[Picked]) -> tuple[Pick, ...]:
    """The picks, each of which differs now and has the value that was read. What differs no more, or cannot be
    accepted, is refused by the verb, in its own words."""
    lines = (line for stack in found.stacks for row in stack.resources for line in row.open)
    now = {split_pick(line.pick): line.actual for line in lines}
    wanted: list[Pick] = []
    for one in picks:
        pick = (StackKind(one.stack), one.resource, one.path)
        if now.get(pick, one.actual) != one.actual:
            sentence = f"{one.resource} {one.path} is {now[pick] or 'nothing'} by now. Look at it again."
            raise Refusal(sentence, "moved", fields={"picks": sentence})
        wanted.append(pick)
    return tuple(wanted)
