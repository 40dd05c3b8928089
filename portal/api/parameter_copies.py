"""Values of parameters copied from one environment to another: both sides first, then exactly what was looked at."""

import uuid
from collections.abc import Sequence
from http import HTTPStatus

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Body, Path, Query, Router, Schema
from pydantic import Field

from portal.access import access_environment, actor_of
from portal.accounts.models import Scope
from portal.api.change_shapes import ChangeDetail, change_detail
from portal.api.operations import operation
from portal.api.paging import Paged, page_of_list
from portal.api.problems import ProblemError
from portal.api.sending import located, send
from portal.api.text import Line, Moment, Name, Sent
from portal.copying_parameters.sources import sources_of
from portal.flags.showing import HIDDEN, shown
from provisioning.actions.copying_parameters import MOVED, Pair, Picked, State, compared, do_copy_parameters
from provisioning.actions.looking_at_parameters import do_look_at_parameters
from provisioning.actions.refusals import Refusal
from provisioning.actions.setting import MOST, AskToSet, asked_of, declared, path_of
from provisioning.blueprints.model import Blueprint
from provisioning.models import Change, Environment, Parameter

router = Router(tags=["Parameters"])
LARGEST = 2**31 - 1
_ALL = "/environments/{app}/{name}/parameter-copies"


class CopiesWanted(Paged):
    """From where."""

    source: Line = Field("", description="An environment of the application; else the first of `sources`.")


class Side(Schema):
    """What is stored on one side. `value` null: it is hidden."""

    value: str | None
    version: int
    type: str


class CopyLine(Schema):
    """One key on both sides; null where it is not. `why_not` says why it cannot be copied, empty where it can. Secrets
    are compared without being told."""

    key: str
    title: str
    state: State
    source: Side | None
    target: Side | None
    why_not: str


class CopyList(Schema):
    """A page of keys, and whose values they are. `source` null: there is nothing to copy from. `approvals_needed` of
    `approver_groups` have to agree."""

    source: str | None
    target: str
    sources: list[str]
    approvals_needed: int
    approver_groups: list[str]
    items: list[CopyLine]
    next: str | None


class PickedValue(Sent):
    """A key, and the versions that were looked at: `target` null where it was missing."""

    key: Line = Field(min_length=1)
    source: int = Field(ge=1, le=LARGEST)
    target: int | None = Field(None, ge=1, le=LARGEST)


class NewCopies(Sent):
    """What is copied from where. The rest is as in setting a value."""

    source: Name
    values: list[PickedValue] = Field(min_length=1, max_length=MOST)
    reason: Line = ""
    redeploy: bool | None = None
    start_at: Moment | None = None
    confirmed: bool = False


@operation(
    router, "GET", _ALL, scope=Scope.READ, page="copy_parameters", answers=CopyList,
    summary="Compare parameters with another environment",
)  # fmt: skip
def list_copies(request: HttpRequest, app: Path[Name], name: Path[Name], wanted: Query[CopiesWanted]) -> CopyList:
    """By key: what differs, what is missing here, what is the same, and what cannot be copied and why. `name` is where
    values would go. Asking has both sides read again, where that is 30 seconds ago."""
    target = access_environment(request, app, name)
    blueprint, _ = path_of(target)
    sources = sources_of(target)
    source = _source(target, sources, wanted.source)
    do_look_at_parameters([one for one in (source, target) if one is not None])
    pairs = compared(source, target) if source else ()
    found, after = page_of_list(pairs, lambda pair: (pair.key, ""), wanted)
    policy = asked_of(target)
    return CopyList(
        source=str(source) if source else None,
        target=str(target),
        sources=[str(one) for one in sources],
        approvals_needed=policy.approvals,
        approver_groups=list(policy.approver_groups),
        items=[_line(pair, blueprint) for pair in found],
        next=after,
    )


@operation(
    router, "POST", _ALL, scope=Scope.CHANGE, page="copy_parameters", answers=ChangeDetail, status=202,
    summary="Copy parameters from another environment",
)  # fmt: skip
def copy_parameters(
    request: HttpRequest, response: HttpResponse, app: Path[Name], name: Path[Name], sent: Body[NewCopies]
) -> ChangeDetail:
    """One change for all of them, on the versions that were looked at: 412 when a side has moved since, and then
    nothing is copied. Secrets are copied without being told; those of prod stay in prod."""
    target = access_environment(request, app, name)
    source = _source(target, sources_of(target), sent.source)
    picked = [Picked(one.key, one.source, one.target) for one in sent.values]

    def copy(key: uuid.UUID | None) -> Change:
        ask = AskToSet(
            reason=sent.reason.strip(),
            key=key,
            start_at=sent.start_at,
            redeploy=sent.redeploy,
            confirmed=sent.confirmed,
        )
        if source is None:
            raise Http404(f"There is no environment of {app} whose values could be copied.")
        try:
            return do_copy_parameters(actor_of(request), source, target, picked, ask)
        except Refusal as refusal:
            raise _as_things_stand(refusal) from refusal

    change = send(request, response, sent, copy)
    located(response, change)
    return change_detail(change)


def _source(target: Environment, sources: Sequence[Environment], name: str) -> Environment | None:
    """The one that was named, else the first. Raises Http404 for one that values cannot be copied from."""
    if not name:
        return sources[0] if sources else None
    found = next((one for one in sources if name in {one.name, str(one)}), None)
    if found is None:
        raise Http404(f"{name} is no other environment of {target.application} whose parameters are known.")
    return found


def _as_things_stand(refusal: Refusal) -> Exception:
    """What was so when it was looked at, and is not any more: nothing is wrong with what was sent."""
    status = {MOVED: HTTPStatus.PRECONDITION_FAILED, "left-out": HTTPStatus.CONFLICT}.get(refusal.code)
    return ProblemError(status, refusal.code, refusal.sentence, fields=refusal.fields) if status else refusal


def _line(pair: Pair, blueprint: Blueprint) -> CopyLine:
    flag = declared(blueprint, pair.key)

    def side(row: Parameter | None) -> Side | None:
        if row is None:
            return None
        hidden = shown(row.type, "", flag) is HIDDEN
        return Side(value=None if hidden else row.value, version=row.version, type=row.type)

    return CopyLine(
        key=pair.key,
        title=flag.title if flag else "",
        state=pair.state,
        source=side(pair.source),
        target=side(pair.target),
        why_not=pair.why_not,
    )
