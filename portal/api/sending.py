"""Requests that alter something, each once: what a key was sent with, and what came of it."""

import re
import uuid
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from pydantic import BaseModel

from portal.access import actor_of
from portal.accounts.models import ApiRequest, User
from portal.api.problems import ProblemError
from provisioning.actions.editing import write_of_request
from provisioning.flags.sealing import digest
from provisioning.models import Change, CostRefresh, ItemJob, ItemWrite, ParameterSchedule

HEADER = "Idempotency-Key"
_KEY = re.compile(r"[!-~]{1,200}")
_NAMES = uuid.UUID("5d7f3f5e-6f0b-4b7e-9a53-3f3ad0d0c1b8")
Made = Change | CostRefresh | ItemJob | ItemWrite | ParameterSchedule
Open = Callable[[uuid.UUID | None], Change]


def send(request: HttpRequest, response: HttpResponse, sent: BaseModel | None, act: Open) -> Change:
    """Do `act` with the key that two requests share, or answer what the first of them made. A key is a person's own,
    and is worth nothing with another request. Raises what `act` raises, and ProblemError for a wrong key."""
    return cast("Change", once(request, response, sent, act))


def once(
    request: HttpRequest,
    response: HttpResponse,
    sent: BaseModel | str | None,
    act: Callable[[uuid.UUID | None], Made | None],
    *,
    made_at: Callable[[datetime], Made | None] = lambda _: None,
) -> Made | None:
    """The same for whatever comes of it: a change, a job on items, a write of one, a scheduled value, or nothing, which
    is not kept. A text that was `sent` stands for a file. `made_at` finds what a request of that time has made, where
    it does not know of its key. Raises as `send`, and Refusal while nobody knows what came of the first."""
    text = request.headers.get(HEADER)
    if text is None:
        return act(None)
    if not _KEY.fullmatch(text):
        said = "An Idempotency-Key is 1 to 200 printable characters without spaces."
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad-key", said, fields={HEADER: said})
    row, is_new = _row(request, text, sent)
    known = _made_by(request, row) or (None if is_new else made_at(row.at))
    if known is not None:
        response["Idempotent-Replayed"] = "true"
        return known
    try:
        made = act(row.key)
    except Exception:
        _forget(row)
        raise
    _keep(row, made)
    return made


def _made_by(request: HttpRequest, row: ApiRequest) -> Made | None:
    if row.change_id is not None:
        return Change.objects.select_related("environment__owner", "requested_by").get(pk=row.change_id)
    if row.job_id is not None:
        return ItemJob.objects.select_related("environment__owner", "asked_by").get(pk=row.job_id)
    if row.schedule_id is not None:
        return ParameterSchedule.objects.filter(pk=row.schedule_id).first()
    return write_of_request(actor_of(request), row.key)


def _keep(row: ApiRequest, made: Made | None) -> None:
    mine = ApiRequest.objects.filter(pk=row.pk)
    if isinstance(made, Change):
        mine.update(change_id=made.pk)
    elif isinstance(made, ItemJob):
        mine.update(job_id=made.pk)
    elif isinstance(made, ParameterSchedule):
        mine.update(schedule_id=made.pk)
    elif made is None:
        _forget(row)


def _forget(row: ApiRequest) -> None:
    """Nothing came of it: once what was wrong is put right, the same key may be sent again. What AWS has not answered
    is not nothing."""
    if not ItemWrite.objects.filter(request_key=row.key).exists():
        ApiRequest.objects.filter(pk=row.pk, change_id=None, job_id=None, schedule_id=None).delete()


def located(response: HttpResponse, change: Change) -> None:
    """Say where the change is."""
    response["Location"] = reverse("v1_show_change", args=[change.pk])


def _row(request: HttpRequest, text: str, sent: BaseModel | str | None) -> tuple[ApiRequest, bool]:
    """What the key was sent with, and whether that is now."""
    user = cast("User", request.user)
    body = sent.model_dump_json() if isinstance(sent, BaseModel) else sent or ""
    fingerprint = digest(f"{request.method} {request.get_full_path()}\n{body}")
    row, made = ApiRequest.objects.get_or_create(
        user=user,
        key=uuid.uuid5(_NAMES, f"{user.pk}:{text}"),
        defaults={"fingerprint": fingerprint, "at": timezone.now()},
    )
    if not made and row.fingerprint != fingerprint:
        said = "This Idempotency-Key was sent with another request. Use a new one."
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "key-reused", said, fields={HEADER: said})
    return row, made
