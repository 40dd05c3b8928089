"""What people do to a job: cancel, resume, start anew, remove, download. Each calls one verb and answers."""

import uuid
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from portal.access import actor_of
from portal.errors import refused_page, say
from portal.item_jobs.access import access_job, address
from provisioning.actions.actor import Actor
from provisioning.actions.downloading import Download, do_make_ticket, do_use_ticket
from provisioning.actions.jobs import do_cancel_job, do_drop_job, do_resume_job, do_retry_job
from provisioning.actions.refusals import Refusal
from provisioning.models import ItemJob

GONE = 410
BLOCK = 64 * 1024  # bytes that are sent in one go


@require_POST
def cancel(request: HttpRequest, application: str, name: str, table: str, job_id: uuid.UUID) -> HttpResponse:
    """Have the job end at its next call."""
    return _act(request, access_job(request, application, name, table, job_id), do_cancel_job)


@require_POST
def resume(request: HttpRequest, application: str, name: str, table: str, job_id: uuid.UUID) -> HttpResponse:
    """Go on from where it stopped."""
    return _act(request, access_job(request, application, name, table, job_id), do_resume_job)


@require_POST
def again(request: HttpRequest, application: str, name: str, table: str, job_id: uuid.UUID) -> HttpResponse:
    """The same from the beginning, as a new job."""
    try:
        key = uuid.UUID(request.POST.get("key", ""))
    except ValueError:
        key = uuid.uuid4()

    def retry(actor: Actor, job: ItemJob) -> ItemJob:
        return do_retry_job(actor, job, key)

    return _act(request, access_job(request, application, name, table, job_id), retry)


@require_POST
def remove(request: HttpRequest, application: str, name: str, table: str, job_id: uuid.UUID) -> HttpResponse:
    """Remove what the job carries before its day is over."""

    def drop(actor: Actor, job: ItemJob) -> ItemJob:
        do_drop_job(actor, job)
        messages.success(request, "The file is removed.")
        return job

    return _act(request, access_job(request, application, name, table, job_id), drop)


def _act(request: HttpRequest, job: ItemJob, do: Callable[[Actor, ItemJob], ItemJob]) -> HttpResponse:
    try:
        job = do(actor_of(request), job)
    except Refusal as refusal:
        if refusal.forbidden:
            raise
        say(request, refusal)
    return redirect(address("item_job", job))


@require_POST
def download(request: HttpRequest, application: str, name: str, table: str, job_id: uuid.UUID) -> HttpResponse:
    """Make a ticket and go to the file with it (pitfall 43)."""
    job = access_job(request, application, name, table, job_id)
    try:
        ticket = do_make_ticket(actor_of(request), job, request.POST.get("form", ""))
    except Refusal as refusal:
        if refusal.forbidden:
            raise
        say(request, refusal)
        return redirect(address("item_job", job))
    return redirect(address("item_job_file", job, ticket=ticket))


@require_GET
@never_cache
def file(
    request: HttpRequest, *, application: str, name: str, table: str, job_id: uuid.UUID, ticket: str
) -> HttpResponseBase:
    """The file that a ticket is good for, once: 404 for another person's, 410 for one that was used or is too old."""
    job = access_job(request, application, name, table, job_id)
    try:
        found = do_use_ticket(actor_of(request), job, ticket)
    except Refusal as refusal:
        return refused_page(request, refusal.sentence, GONE)
    if found is None:
        raise Http404("There is no such download.")
    return streamed(found)


def streamed(found: Download) -> StreamingHttpResponse:
    """A file as an answer that nothing keeps on the way."""
    pieces = in_blocks(found.pieces())
    first = next(pieces, b"")  # what cannot be read is said on a page, not in the middle of a file
    response = StreamingHttpResponse(chain([first], pieces), content_type=found.form.content_type)
    response["Content-Disposition"] = f'attachment; filename="{found.name}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store, private"
    return response


def in_blocks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in larger pieces."""
    block = bytearray()
    for piece in pieces:
        block += piece
        if len(block) >= BLOCK:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)
