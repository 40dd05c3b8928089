"""Asking again: with other values instead of a change that waits, and for a change that was set aside."""

import uuid
from typing import cast

from django.http import HttpRequest, HttpResponse
from ninja import Body, Router
from pydantic import Field

from portal.access import access_change, actor_of
from portal.accounts.models import Scope
from portal.api.change_shapes import ChangeDetail, change_detail
from portal.api.environment_shapes import Parameters, Stacks, UsageSent, usage_in_goal, values_of
from portal.api.environments import require_known
from portal.api.listed import refuse_values, require_listed
from portal.api.operations import operation
from portal.api.sending import located, send
from portal.api.text import Line, Moment, Sent
from portal.catalogue.reading import access_blueprint
from portal.requesting.starting import values_to_repeat
from provisioning.actions.actor import Actor
from provisioning.actions.refusals import Refusal
from provisioning.actions.requesting import Ask, Values, do_request, do_request_create
from provisioning.actions.setting_aside import do_take_up
from provisioning.lifecycle import ChangeKind, StackKind
from provisioning.models import Change

router = Router(tags=["Changes"])
_WITH_VALUES = frozenset({ChangeKind.CREATE, ChangeKind.UPDATE})


class Edit(Sent):
    """What is to be otherwise than it was asked for. Parameters that are left out stay; without a `reason` it is the
    one that was given. Hidden values are not kept: a create wants them again."""

    parameters: Parameters = Field(default_factory=dict)
    lifetime_days: int | None = Field(None, ge=1, le=366)
    usage: UsageSent | None = None
    reason: Line = ""
    start_at: Moment | None = None


class TakenUp(Sent):
    """What was found, or mended."""

    reason: Line


@operation(
    router, "POST", "/changes/{uuid:change_id}/edit", scope=Scope.CHANGE, page="request_update", answers=ChangeDetail,
    status=202, summary="Edit a change and ask again",
)  # fmt: skip
def edit_change(request: HttpRequest, response: HttpResponse, change_id: uuid.UUID, sent: Body[Edit]) -> ChangeDetail:
    """Answers a new change with the values of one that waits, or was sent back, and what is edited of them. It is sent
    instead of that one, which ends as superseded. Creates and updates only."""
    old, actor = access_change(request, change_id), actor_of(request)
    if old.kind not in _WITH_VALUES:
        said = f"{ChangeKind(old.kind).label} has no values to edit. Ask for what you want instead of it (replaces)."
        raise Refusal(said, "no-values")
    if old.kind == ChangeKind.UPDATE and sent.lifetime_days:
        refuse_values({"lifetime_days": "An update does not alter how long an environment lasts."})
    kinds, given = _stacks(old), values_of(sent.parameters)
    app = old.environment.application
    require_known(app, sent.parameters, cast("Stacks", [kind.value for kind in kinds]))
    require_listed(app, given, old.environment if old.kind == ChangeKind.UPDATE else None)
    before = values_to_repeat(access_blueprint(app), old)
    values = {kind.value: {**before.get(kind, {}), **given.get(kind, {})} for kind in kinds}
    change = send(request, response, sent, lambda key: _ask(actor, old, sent, values, key))
    located(response, change)
    return change_detail(change)


@operation(
    router, "POST", "/changes/{uuid:change_id}/take_up", scope=Scope.CHANGE, page="change_take_up",
    answers=ChangeDetail, summary="Take up a change that was set aside",
)  # fmt: skip
def take_up_change(
    request: HttpRequest, response: HttpResponse, change_id: uuid.UUID, sent: Body[TakenUp]
) -> ChangeDetail:
    """Has workers go on with a change at which they kept ending. For admins, with what was found."""
    change, actor = access_change(request, change_id), actor_of(request)
    return change_detail(send(request, response, sent, lambda _: do_take_up(actor, change, reason=sent.reason)))


def _stacks(old: Change) -> tuple[StackKind, ...]:
    """The stacks that the change is about."""
    there = {one.stack.kind for one in old.operations.select_related("stack")}
    return tuple(kind for kind in StackKind if kind in there)


def _ask(actor: Actor, old: Change, sent: Edit, values: Values, key: uuid.UUID | None) -> Change:
    """The same kind of change of the same environment, instead of the old one."""
    kept = {name: old.goal[name] for name in ("usage", "lifetime_days") if old.goal.get(name)}
    stacks = tuple(StackKind(kind) for kind in values)
    ask = Ask(
        ChangeKind(old.kind),
        values,
        reason=sent.reason.strip() or old.reason,
        key=key,
        replaces=old.pk,
        start_at=sent.start_at,
        # One stack by itself stays so; both are what a create or an update is about anyway.
        stacks=stacks if len(stacks) == 1 else (),
        goal=kept | usage_in_goal(sent.usage) | ({"lifetime_days": sent.lifetime_days} if sent.lifetime_days else {}),
    )
    if old.kind == ChangeKind.CREATE:
        return do_request_create(actor, old.environment.application, old.environment.name, ask)
    return do_request(actor, old.environment, ask)
