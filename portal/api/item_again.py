"""Asking again for some of the writes of a change that was sent back."""

import uuid
from http import HTTPStatus

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Body, Router
from pydantic import Field

from portal.access import access_change, actor_of
from portal.accounts.models import Scope
from portal.api.change_shapes import ChangeDetail, change_detail
from portal.api.operations import operation
from portal.api.problems import ProblemError
from portal.api.sending import located, send
from portal.api.text import Line, Moment, Sent
from provisioning.actions.asking_again import do_request_again
from provisioning.actions.writing_in_prod import MOST_WRITES, AskToWrite
from provisioning.lifecycle import ChangeKind
from provisioning.models import Change

router = Router(tags=["Items"])


class Again(Sent):
    """Which of its writes, by the numbers that the plan gives them in `items.writes`, and why."""

    writes: list[int] = Field(min_length=1, max_length=MOST_WRITES)
    reason: Line
    start_at: Moment | None = None


@operation(
    router, "POST", "/changes/{uuid:change_id}/items_again", scope=Scope.CHANGE, page="change_items_again",
    answers=ChangeDetail, status=202, summary="Ask again for writes of items",
)  # fmt: skip
def ask_items_again(
    request: HttpRequest, response: HttpResponse, change_id: uuid.UUID, sent: Body[Again]
) -> ChangeDetail:
    """As a new change, instead of this one, which ends. A job's change is asked for anew by its own request, with
    `replaces`."""
    change = access_change(request, change_id)
    writes = ((change.plan or {}).get("items") or {}).get("writes", [])
    known = {int(one["number"]) for one in writes}
    if change.kind != ChangeKind.WRITE_ITEMS or not known:
        raise Http404("There are no writes in this change.")
    unknown = sorted(set(sent.writes) - known)
    if unknown:
        said = f"It has no write {', '.join(map(str, unknown))}; it has {', '.join(map(str, sorted(known)))}."
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad-values", said, fields={"writes": said})

    def ask(key: uuid.UUID | None) -> Change:
        again = AskToWrite(sent.reason, key, sent.start_at, replaces=change.pk)
        return do_request_again(actor_of(request), change, sent.writes, again)

    new = send(request, response, sent, ask)
    located(response, new)
    return change_detail(new)
