"""Long work on items: exports, counts, comparisons, imports, copies and deletions, each with what it takes at most."""

import hashlib
import tempfile
import uuid
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from typing import IO, Literal

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from ninja import Body, Path, Query, Schema, Status
from pydantic import Field

from portal.access import actor_of
from portal.accounts.models import Scope
from portal.api.change_shapes import ChangeDetail
from portal.api.item_queries import ItemsAsked
from portal.api.item_shapes import Json
from portal.api.item_write_shapes import How
from portal.api.jobs import came_of, router
from portal.api.jobs_shapes import JobShape
from portal.api.operations import operation
from portal.api.problems import ProblemError
from portal.api.sending import once
from portal.api.tables import Where, table_of
from portal.api.text import Line, Name
from provisioning.actions.bulk_deleting import MOST_TICKED, do_freeze, do_freeze_ticked
from provisioning.actions.comparing_items import LARGEST_SAMPLE, Corner, counterpart, do_compare_all, price_of
from provisioning.actions.copying import MOST_ITEMS, Sample, copy_cost, destinations, do_copy_sample, do_request_copy
from provisioning.actions.exporting import RATES, do_count, do_export, estimate_of
from provisioning.actions.importing import Upload, do_check_import, most_bytes
from provisioning.actions.refusals import Refusal
from provisioning.actions.writing_in_prod import AskToWrite
from provisioning.engine.item_rows import key_types
from provisioning.items.values import BadValueError, check_item, key_token
from provisioning.models import Change, Environment, ItemJob, Table
from provisioning.planning.policy import writes_need_change

_TABLE = "/environments/{app}/{name}/tables/{table}"
FILES = ("application/x-ndjson", "application/json", "text/csv", "application/octet-stream")
_PIECE, _IN_MEMORY = 64 * 1024, 1024 * 1024  # bytes of a file as it comes; of one that is not put on the disk
WRITES = "write_capacity"


class ReadAsked(ItemsAsked):
    """What to read, at how many capacity units a second at most; null is what leaves the application its part."""

    rate: int | None = Field(None, ge=1, le=RATES[-1])


class CompareAsked(ReadAsked):
    """What to compare, with which environment of the application; `sample`: so many items of each side."""

    against: Name
    sample: int | None = Field(None, ge=1, le=LARGEST_SAMPLE)


class CopyAsked(ReadAsked, How):
    """So many of the items that are found, the first or some at random, into the same table of another environment.
    `mode` new leaves alone what is there, over writes over it."""

    into: Name
    count: int = Field(ge=1, le=MOST_ITEMS)
    random: bool = False
    mode: Literal["new", "over"] = "new"


class DeletionAsked(ReadAsked):
    """What to delete: all that is found, or the items with these whole keys."""

    keys: list[Json] = Field(default_factory=list, max_length=MOST_TICKED)


class FileNamed(Schema):
    """A file's name, and how its JSON is written: typed names every type; left out, that is found out."""

    file: Line = ""
    notation: Literal["", "typed", "plain"] = ""


@dataclass(frozen=True)
class Taken:
    """A file that was sent, at its beginning; `digest` is of all of it."""

    file: IO[bytes]
    size: int
    digest: str


@operation(
    router, "POST", f"{_TABLE}/exports", scope=Scope.READ, page="table_export", answers=JobShape, status=202,
    summary="Export items",
)  # fmt: skip
def export_items(
    request: HttpRequest, response: HttpResponse, where: Path[Where], sent: Body[ReadAsked]
) -> Status[JobShape | ChangeDetail]:
    """All that a query or scan finds, as a file to download once the job is over. Prod is exported by a query only."""
    environment, row = table_of(request, where)
    query, actor = sent.query(row), actor_of(request)
    rate = rate_of(sent.rate, row, estimate_of(row, query).rate)
    made = once(request, response, sent, lambda key: do_export(actor, environment, row, query, rate=rate, key=key))
    return came_of(request, response, made)


@operation(
    router, "POST", f"{_TABLE}/counts", scope=Scope.READ, page="table_count", answers=JobShape, status=202,
    summary="Count items exactly",
)  # fmt: skip
def count_items(
    request: HttpRequest, response: HttpResponse, where: Path[Where], sent: Body[ReadAsked]
) -> Status[JobShape | ChangeDetail]:
    """Reads all that a query or scan finds; `done` of the job is the count."""
    environment, row = table_of(request, where)
    query, actor = sent.query(row), actor_of(request)
    rate = rate_of(sent.rate, row, estimate_of(row, query).rate)
    made = once(request, response, sent, lambda key: do_count(actor, environment, row, query, rate=rate, key=key))
    return came_of(request, response, made)


@operation(
    router, "POST", f"{_TABLE}/comparisons", scope=Scope.READ, page="table_compare_job", answers=JobShape, status=202,
    summary="Compare items with another environment",
)  # fmt: skip
def compare_items(
    request: HttpRequest, response: HttpResponse, where: Path[Where], sent: Body[CompareAsked]
) -> Status[JobShape | ChangeDetail]:
    """The same query on both sides; what differs is a file to download, and is counted in `found`."""
    environment, row = table_of(request, where)
    here, there = Corner(environment, row), counterpart_named(environment, row, sent.against)
    query, actor = sent.query(row), actor_of(request)
    rate = rate_of(sent.rate, row, price_of(here, there, query).rate)

    def compare(key: uuid.UUID | None) -> ItemJob:
        return do_compare_all(actor, here, there, query, rate=rate, sample=sent.sample, key=key)

    return came_of(request, response, once(request, response, sent, compare))


@operation(
    router, "POST", f"{_TABLE}/copies", scope=Scope.CHANGE, page="table_copy_items", answers=JobShape | ChangeDetail,
    status=202, summary="Copy items into another environment",
)  # fmt: skip
def copy_items(
    request: HttpRequest, response: HttpResponse, where: Path[Where], sent: Body[CopyAsked]
) -> Status[JobShape | ChangeDetail]:
    """What is hidden has stand-ins there. Into prod it is a change, which needs a reason."""
    environment, row = table_of(request, where)
    into = destination(environment, row, sent.into)
    sample = Sample(environment, row, sent.query(row), sent.count, sent.random, sent.mode)
    actor, target = actor_of(request), into.table
    rate = rate_of(sent.rate, target, copy_cost(sample, target)[0].rate, of=WRITES)
    asks = writes_need_change(into.environment.stage)

    def copy(key: uuid.UUID | None) -> ItemJob | Change:
        if asks:
            return do_request_copy(actor, sample, target, rate=rate, ask=asked(sent, key))
        return do_copy_sample(actor, sample, target, rate=rate, key=key)

    return came_of(request, response, once(request, response, sent, copy))


@operation(
    router, "POST", f"{_TABLE}/deletions", scope=Scope.CHANGE, page="table_delete_items", answers=JobShape, status=202,
    summary="List items that are to be deleted",
)  # fmt: skip
def freeze_items(
    request: HttpRequest, response: HttpResponse, where: Path[Where], sent: Body[DeletionAsked]
) -> Status[JobShape | ChangeDetail]:
    """Reads and keeps their list. Nothing is deleted before the job is run, with its count or the environment's
    name."""
    environment, row = table_of(request, where)
    query, actor = sent.query(row), actor_of(request)
    if sent.keys and sent.model_fields_set - {"keys", "rate"}:
        raise _refused("keys", "Ask for items by their keys or by a query, not by both.")
    tokens = [_token(row, place, key) for place, key in enumerate(sent.keys)]
    rate = rate_of(sent.rate, row, estimate_of(row, query).rate)

    def freeze(key: uuid.UUID | None) -> ItemJob:
        if tokens:
            return do_freeze_ticked(actor, environment, row, tokens, key=key)
        return do_freeze(actor, environment, row, query, rate=rate, key=key)

    return came_of(request, response, once(request, response, sent, freeze))


@operation(
    router, "POST", f"{_TABLE}/imports", scope=Scope.CHANGE, page="table_import", answers=JobShape, status=202,
    takes=FILES, summary="Check a file of items",
)  # fmt: skip
def import_items(
    request: HttpRequest, response: HttpResponse, where: Path[Where], named: Query[FileNamed]
) -> Status[JobShape | ChangeDetail]:
    """The body is the file itself: JSON lines, JSON or CSV. Nothing is written: the job is a dry run, whose report says
    what is wrong with which line. Run it to write what it found."""
    environment, row = table_of(request, where)
    actor, name = actor_of(request), named.file or _usual_name(request)
    taken = _take_in(request)
    with closing(taken.file):

        def check(key: uuid.UUID | None) -> ItemJob:
            upload = Upload(name, taken.size, taken.file)
            return do_check_import(actor, environment, row, upload, notation=named.notation, key=key)

        return came_of(request, response, once(request, response, taken.digest, check))


def destination(environment: Environment, row: Table, named: str) -> Corner:
    """The same table of the environment that items are to be copied into. Raises ProblemError."""
    for one in destinations(environment, row):
        if one.environment is not None and one.environment.name == named:
            return Corner(one.environment, one)
    said = f"{named} is no environment of {environment.application} that has this table with the same keys."
    raise _refused("into", said)


def counterpart_named(environment: Environment, row: Table, named: str) -> Corner:
    """The same table of the environment that is compared with. Raises ProblemError."""
    try:
        return counterpart(environment, row, named)
    except Refusal as refusal:
        raise _refused("against", refusal.sentence) from None


def asked(how: How, key: uuid.UUID | None) -> AskToWrite:
    """What comes with a request for a change."""
    return AskToWrite(how.reason, key, how.start_at, how.replaces)


def rate_of(wanted: int | None, row: Table, usual: int, *, of: str = "read_capacity") -> int:
    """Capacity units a second; of provisioned ones never more than there are. Raises ProblemError."""
    provisioned = int(row.described.get(of) or 0) if row.described.get("billing_mode") == "PROVISIONED" else 0
    if wanted and provisioned and wanted > provisioned:
        raise _refused("rate", f"{row.name} has {provisioned:,} units a second.")
    return wanted or usual


def _token(row: Table, place: int, sent: Json) -> str:
    types = key_types(row)
    try:
        key = check_item(sent)
    except BadValueError as wrong:
        raise _refused(f"keys.{place}", str(wrong)) from None
    if {name: next(iter(value)) for name, value in key.items()} != types:
        wanted = " and ".join(f"{name} ({kind})" for name, kind in types.items())
        raise _refused(f"keys.{place}", f"The key of this table is {wanted}.")
    return key_token({name: key[name] for name in types})


def _usual_name(request: HttpRequest) -> str:
    return "items.csv" if (request.content_type or "").startswith("text/csv") else "items"


def _take_in(request: HttpRequest) -> Taken:
    """The body as a file, as far as an import takes it. Raises ProblemError for one that is larger, or breaks off."""
    if (request.content_type or "").startswith("multipart/"):
        raise _refused("file", "Send the file itself as the body, not a form with it.")
    file: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  closed by the caller
    size, digest = 0, hashlib.sha256()
    try:
        while piece := request.read(_PIECE):
            size += len(piece)
            if size > most_bytes():
                raise _refused("file", f"The file is larger than {settings.IMPORT_MOST_MIB} MiB. Split it.")
            digest.update(piece)
            file.write(piece)
    except UnreadablePostError:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "unreadable", "The file broke off on its way.") from None
    file.seek(0)
    return Taken(file, size, digest.hexdigest())


def _refused(field: str, said: str) -> ProblemError:
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad-values", said, fields={field: said})
