"""Changes: the list, one of them, its story, and what people do to it. Each act is the verb that the page calls."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Body, Query, Router, Schema
from pydantic import Field

from portal.access import access_change, actor_of
from portal.accounts.models import Scope
from portal.api.change_shapes import ChangeDetail, ChangeLine, ChangeList, change_detail, change_line
from portal.api.operations import operation
from portal.api.paging import MOST, Limit, Paged, moment, page_of_rows
from portal.api.sending import send
from portal.api.text import Line, Moment, Sent
from portal.approvals.waiting import decidable_by
from portal.changes.listing import NEWEST, listed
from provisioning.actions.actor import Actor
from provisioning.actions.deciding import do_approve, do_reject, do_send_back
from provisioning.actions.retrying import do_retry
from provisioning.actions.running import do_run
from provisioning.actions.taking_back import do_cancel
from provisioning.lifecycle import ChangeKind, ChangeStatus
from provisioning.models import Change, Event

router = Router(tags=["Changes"])
Comment = Annotated[Line, Field(max_length=1000)]
_ORDER, _KINDS = ("-requested_at", "-id"), (moment, uuid.UUID)
_LARGEST = 2**63 - 1


class ChangeWanted(Paged):
    """Which changes. `environment` is a name, or application/name."""

    whose: Literal["", "mine"] = ""
    waits_for: Literal["", "me"] = Field("", description="me: those that I can decide about now.")
    application: Line = ""
    environment: Line = ""
    kind: ChangeKind | Literal[""] = ""
    status: ChangeStatus | Literal["", "open"] = Field("", description="A status, or open for all that are not over.")
    q: Line = Field("", description="In reasons, names, people; or the beginning of an id.")


class EventsWanted(Schema):
    """Which lines of a story."""

    after: int = Field(0, ge=0, le=_LARGEST, description="The `last` of the answer before.")
    limit: Limit = MOST


class EventLine(Schema):
    """One line of a change's story."""

    id: int
    at: datetime
    stack: str | None
    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str


class EventList(Schema):
    """The lines after the one asked for. `last` is the `after` of the next question; `over` that none will come."""

    items: list[EventLine]
    last: int
    over: bool


class Approval(Sent):
    """Consent to the plan with this digest. `run` says when it runs where this is the last approval that is needed."""

    digest: Line = Field(max_length=64)
    comment: Comment = ""
    run: Literal["now", "later"] = "now"
    start_at: Moment | None = None


class Objection(Sent):
    """Why not."""

    comment: Comment


@operation(router, "GET", "/changes", scope=Scope.READ, page="changes", answers=ChangeList, summary="List changes")
def list_changes(request: HttpRequest, wanted: Query[ChangeWanted]) -> ChangeList:
    """The newest first: everybody's, mine, or what waits for me."""
    named, actor = wanted.model_dump(exclude={"cursor", "limit", "waits_for"}), actor_of(request)
    chosen = {name: str(value) for name, value in named.items() if str(value).strip()}
    found = listed(chosen, person=actor.user_id, sort=NEWEST)
    if wanted.waits_for:
        found = found.filter(pk__in=decidable_by(actor).order_by().values("pk"))
    rows, after = page_of_rows(found, _ORDER, wanted, _KINDS)
    return ChangeList(items=[ChangeLine(**change_line(row)) for row in rows], next=after)


@operation(
    router, "GET", "/changes/{uuid:change_id}", scope=Scope.READ, page="change", answers=ChangeDetail,
    summary="Show a change",
)  # fmt: skip
def show_change(request: HttpRequest, change_id: uuid.UUID) -> ChangeDetail:
    """With its plan, its digest, its steps and the decisions about it."""
    return change_detail(access_change(request, change_id))


@operation(
    router, "GET", "/changes/{uuid:change_id}/events", scope=Scope.READ, page="change_events", answers=EventList,
    summary="Read a change's story",
)  # fmt: skip
def list_events(request: HttpRequest, change_id: uuid.UUID, wanted: Query[EventsWanted]) -> EventList:
    """What happened after the line `after`, oldest first. Ask again with `last` until `over`."""
    change = access_change(request, change_id)
    found = Event.objects.filter(change=change, pk__gt=wanted.after).select_related("stack").order_by("pk")
    events = list(found[: wanted.limit + 1])
    told = events[: wanted.limit]
    return EventList(
        items=[_event(one) for one in told],
        last=told[-1].pk if told else wanted.after,
        # Read before the events: a change that was over then has none to come.
        over=change.finished_at is not None and not change.cleanup and len(events) <= wanted.limit,
    )


@operation(
    router, "POST", "/changes/{uuid:change_id}/approve", scope=Scope.APPROVE, page="change_approve",
    answers=ChangeDetail, summary="Approve a plan",
)  # fmt: skip
def approve_change(
    request: HttpRequest, response: HttpResponse, change_id: uuid.UUID, sent: Body[Approval]
) -> ChangeDetail:
    """Takes the digest that was looked at: when the plan has moved meanwhile, nothing is approved."""

    def approve(actor: Actor, change: Change) -> Change:
        return do_approve(actor, change, digest=sent.digest, comment=sent.comment, run=sent.run, start_at=sent.start_at)

    return _act(request, response, change_id, sent, approve)


@operation(
    router, "POST", "/changes/{uuid:change_id}/reject", scope=Scope.APPROVE, page="change_reject",
    answers=ChangeDetail, summary="Reject a plan",
)  # fmt: skip
def reject_change(
    request: HttpRequest, response: HttpResponse, change_id: uuid.UUID, sent: Body[Objection]
) -> ChangeDetail:
    """It will not run. Needs a comment."""
    return _act(
        request, response, change_id, sent, lambda actor, change: do_reject(actor, change, comment=sent.comment)
    )


@operation(
    router, "POST", "/changes/{uuid:change_id}/send_back", scope=Scope.APPROVE, page="change_send_back",
    answers=ChangeDetail, summary="Ask for something else",
)  # fmt: skip
def send_back_change(
    request: HttpRequest, response: HttpResponse, change_id: uuid.UUID, sent: Body[Objection]
) -> ChangeDetail:
    """The plan stays; it is the requester's turn. Needs a comment."""
    return _act(
        request, response, change_id, sent, lambda actor, change: do_send_back(actor, change, comment=sent.comment)
    )


@operation(
    router, "POST", "/changes/{uuid:change_id}/cancel", scope=Scope.CHANGE, page="change_cancel",
    answers=ChangeDetail, summary="Cancel a change",
)  # fmt: skip
def cancel_change(request: HttpRequest, response: HttpResponse, change_id: uuid.UUID) -> ChangeDetail:
    """Takes it back, or has what runs rolled back where that is possible."""
    return _act(request, response, change_id, None, do_cancel)


@operation(
    router, "POST", "/changes/{uuid:change_id}/retry", scope=Scope.CHANGE, page="change_retry",
    answers=ChangeDetail, summary="Try a failed change again",
)  # fmt: skip
def retry_change(request: HttpRequest, response: HttpResponse, change_id: uuid.UUID) -> ChangeDetail:
    """What was done stays done."""
    return _act(request, response, change_id, None, do_retry)


@operation(
    router, "POST", "/changes/{uuid:change_id}/run", scope=Scope.CHANGE, page="change_run",
    answers=ChangeDetail, summary="Run an approved change now",
)  # fmt: skip
def run_change(request: HttpRequest, response: HttpResponse, change_id: uuid.UUID) -> ChangeDetail:
    """One that was held, or whose time has not come."""
    return _act(request, response, change_id, None, do_run)


def _act(
    request: HttpRequest,
    response: HttpResponse,
    change_id: uuid.UUID,
    sent: Sent | None,
    verb: Callable[[Actor, Change], Change],
) -> ChangeDetail:
    change = access_change(request, change_id)
    return change_detail(send(request, response, sent, lambda _: verb(actor_of(request), change)))


def _event(one: Event) -> EventLine:
    return EventLine(
        id=one.pk,
        at=one.at,
        stack=one.stack.name if one.stack else None,
        logical_id=one.logical_id,
        physical_id=one.physical_id,
        type=one.type,
        status=one.status,
        reason=one.reason,
    )
