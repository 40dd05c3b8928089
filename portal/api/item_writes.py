"""Writing items: each on the version that was looked at, kept with what was there before, and taken back.

In prod nothing is written at once: the same request answers, with 202, the change that a second person decides about.
"""

import uuid
from collections.abc import Callable
from http import HTTPStatus

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Body, Path, Query, Status

from portal.access import access_environment, actor_of
from portal.accounts.models import Scope
from portal.api.change_shapes import ChangeDetail, change_detail
from portal.api.item_conflicts import conflict, looked_at, parts, whole, with_parts
from portal.api.item_shapes import Json, unkept
from portal.api.item_write_shapes import (
    How,
    ItemCopy,
    ItemPatch,
    NewItem,
    Undoing,
    WriteBriefList,
    WriteList,
    Written,
    write_brief,
    write_line,
    written,
)
from portal.api.items import ONE, Place, Which, place_of, router
from portal.api.operations import operation
from portal.api.paging import Paged, moment, number, page_of_rows
from portal.api.problems import ProblemError
from portal.api.sending import located, once
from portal.api.tables import Where, table_of
from portal.api.text import Name, Value
from provisioning.actions.editing import (
    ItemChanged,
    ProdNeedsChange,
    do_copy_item,
    do_create_item,
    do_delete_item,
    do_edit_item,
    do_undo_write,
)
from provisioning.actions.item_history import tell, writes_of_environment, writes_of_table
from provisioning.actions.writing_in_prod import AskToWrite, do_request_writes
from provisioning.engine.item_rows import key_digest
from provisioning.items.values import BadValueError, check_item, same_item
from provisioning.models import Change, ItemWrite
from provisioning.planning.policy import writes_need_change

WRITES = "/environments/{app}/{name}/tables/{table}/writes"
ASKED = {202: ChangeDetail}
Act = Callable[[uuid.UUID | None], ItemWrite | None]


class WriteWhere(Where):
    """Which write of which table."""

    write: int


class Deleted(Which, How):
    """Which item, and why."""


class WritesWanted(Paged):
    """Which writes: those of one item, where a key is given."""

    key: Value = ""


@operation(
    router, "PUT", ONE, scope=Scope.CHANGE, page="table_item_edit", answers=Written,
    besides={201: Written, **ASKED}, summary="Write a whole item",
)  # fmt: skip
def put_item(
    request: HttpRequest, response: HttpResponse, where: Path[Where], which: Query[Which], sent: Body[NewItem]
) -> Status[Written | ChangeDetail]:
    """With If-Match the item becomes what was sent: only what differs is. With `If-None-Match: *` it is a new one,
    which never takes the place of another."""
    place = place_of(request, where, which)
    _require_key(place, sent.item)
    if request.headers.get("If-None-Match") == "*":

        def create(key: uuid.UUID | None) -> ItemWrite:
            return do_create_item(*place.where, sent.item, reason=sent.reason, request_key=key)

        return done(request, response, place, sent, create, status=HTTPStatus.CREATED)

    def edit(key: uuid.UUID | None) -> ItemWrite | None:
        opened = looked_at(request, place, whole(sent.item))
        return do_edit_item(*place.where, place.key, sent.item, token=opened.token, reason=sent.reason, request_key=key)

    return done(request, response, place, sent, edit)


@operation(
    router, "PATCH", ONE, scope=Scope.CHANGE, page="table_item_edit", answers=Written, besides=ASKED,
    summary="Alter some of an item",
)  # fmt: skip
def patch_item(
    request: HttpRequest, response: HttpResponse, where: Path[Where], which: Query[Which], sent: Body[ItemPatch]
) -> Status[Written | ChangeDetail]:
    """Takes If-Match. Only what is named is sent, so what an index does not carry, or is hidden, stays."""
    place, edits = place_of(request, where, which), parts(sent.set, sent.remove)

    def edit(key: uuid.UUID | None) -> ItemWrite | None:
        opened = looked_at(request, place, lambda _: edits)
        made = with_parts(opened.shown, edits)
        return do_edit_item(*place.where, place.key, made, token=opened.token, reason=sent.reason, request_key=key)

    return done(request, response, place, sent, edit)


@operation(
    router, "DELETE", ONE, scope=Scope.CHANGE, page="table_item_delete", answers=Written, besides=ASKED,
    summary="Delete an item",
)  # fmt: skip
def delete_item(
    request: HttpRequest, response: HttpResponse, where: Path[Where], wanted: Query[Deleted]
) -> Status[Written | ChangeDetail]:
    """Takes If-Match. It can be taken back while nobody has made another under its key."""
    place = place_of(request, where, wanted)

    def delete(key: uuid.UUID | None) -> ItemWrite:
        opened = looked_at(request, place, lambda _: ())
        return do_delete_item(*place.where, place.key, token=opened.token, reason=wanted.reason, request_key=key)

    return done(request, response, place, wanted, delete)


@operation(
    router, "POST", f"{ONE}/copy", scope=Scope.CHANGE, page="table_item_copy", answers=Written, besides=ASKED,
    summary="Put an item under another key",
)  # fmt: skip
def copy_item(
    request: HttpRequest, response: HttpResponse, where: Path[Where], which: Query[Which], sent: Body[ItemCopy]
) -> Status[Written | ChangeDetail]:
    """Takes If-Match. In one transaction; without `keep` it is not under its old key any more."""
    place = place_of(request, where, which)

    def copy(key: uuid.UUID | None) -> ItemWrite:
        token = looked_at(request, place, lambda _: ()).token
        where, reason = (*place.where, place.key, sent.new_key), sent.reason
        return do_copy_item(*where, token=token, keep=sent.keep, reason=reason, request_key=key)

    return done(request, response, place, sent, copy)


@operation(
    router, "GET", WRITES, scope=Scope.READ, page="table_writes", answers=WriteList, summary="List writes of items",
)  # fmt: skip
def list_writes(
    request: HttpRequest, response: HttpResponse, where: Path[Where], wanted: Query[WritesWanted]
) -> WriteList:
    """Of a table or of one item, with what was there before and after; without what is hidden."""
    environment, row = table_of(request, where)
    found = writes_of_table(environment, row)
    if wanted.key:
        place = place_of(request, where, Which(key=wanted.key))
        found = found.filter(key_digest=key_digest(environment.pk, row.name, place.key))
    rows, after = page_of_rows(found, ("-at", "-id"), wanted, (moment, number))
    unkept(response)
    return WriteList(items=[write_line(one) for one in tell(environment, row, rows)], next=after)


@operation(
    router, "GET", "/environments/{app}/{name}/writes", scope=Scope.READ, page="environment_tables",
    answers=WriteBriefList, summary="List writes of items in an environment",
)  # fmt: skip
def list_environment_writes(
    request: HttpRequest, app: Path[Name], name: Path[Name], wanted: Query[Paged]
) -> WriteBriefList:
    """In any of its tables, those that are gone among them; a table's own list tells what became of each item."""
    found = writes_of_environment(access_environment(request, app, name))
    rows, after = page_of_rows(found, ("-at", "-id"), wanted, (moment, number))
    return WriteBriefList(items=[write_brief(one) for one in rows], next=after)


@operation(
    router, "POST", f"{WRITES}/{{int:write}}/undo", scope=Scope.CHANGE, page="table_write_undo", answers=Written,
    besides=ASKED, summary="Take a write of an item back",
)  # fmt: skip
def undo_write(
    request: HttpRequest, response: HttpResponse, where: Path[WriteWhere], sent: Body[Undoing]
) -> Status[Written | ChangeDetail]:
    """While its items still are as it left them; otherwise 409, with both sides."""
    environment, row = table_of(request, where)
    found = writes_of_table(environment, row).filter(pk=where.write).first() if where.write < 2**63 else None
    if found is None:
        raise Http404(f"{row.name} has no write of this number.")
    place, write = Place(actor_of(request), environment, row, {}), found

    def undo(key: uuid.UUID | None) -> ItemWrite:
        try:
            return do_undo_write(*place.where, write, reason=sent.reason, request_key=key)
        except ItemChanged as changed:
            raise conflict(changed, HTTPStatus.CONFLICT) from None

    return done(request, response, place, sent, undo)


def done(
    request: HttpRequest,
    response: HttpResponse,
    place: Place,
    how: How,
    act: Act,
    *,
    status: HTTPStatus = HTTPStatus.OK,
) -> Status[Written | ChangeDetail]:
    """Do it once and tell what came of it: the write, or in prod the change that was asked for. Raises ProblemError."""
    _require_meant(place, how)

    def write_or_ask(key: uuid.UUID | None) -> Change | ItemWrite | None:
        try:
            return act(key)
        except ProdNeedsChange as needs:
            ask = AskToWrite(how.reason, key, how.start_at, how.replaces)
            return do_request_writes(place.actor, place.environment, [needs.intent], ask)
        except ItemChanged as changed:
            raise conflict(changed) from None

    made = once(request, response, how, write_or_ask)
    unkept(response)
    if isinstance(made, Change):
        located(response, made)
        return Status(HTTPStatus.ACCEPTED, change_detail(made))
    told = written(place, made if isinstance(made, ItemWrite) else None, request.headers.get("If-Match"))
    if told.etag:
        response["ETag"] = told.etag
    return Status(status if told.write else HTTPStatus.OK, told)


def _require_meant(place: Place, how: How) -> None:
    """Refuse what is about changes where none is needed: it would be ignored, and somebody meant something by it."""
    if writes_need_change(place.environment.stage):
        return
    given = [name for name in ("start_at", "replaces") if getattr(how, name) is not None]
    if given:
        fields = dict.fromkeys(given, f"Items of {place.environment} are written at once.")
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad-values", fields[given[0]], fields=fields)


def _require_key(place: Place, sent: Json) -> None:
    """A body is never written under another key than that of its address (pitfall 31)."""
    named = {name: sent[name] for name in place.key if name in sent}
    try:
        same = same_item(check_item(named), place.key)
    except BadValueError:
        same = False
    if not same:
        said = "The item has another key than its address. Copy it to put it under another key."
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "other-key", said, fields={"item": said})
