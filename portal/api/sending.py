"""Requests that alter something, each once: what a key was sent with, and the change that came of it."""

import re
import uuid
from collections.abc import Callable
from http import HTTPStatus
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from pydantic import BaseModel

from portal.accounts.models import ApiRequest, User
from portal.api.problems import ProblemError
from provisioning.flags.sealing import digest
from provisioning.models import Change

HEADER = "Idempotency-Key"
_KEY = re.compile(r"[!-~]{1,200}")
_NAMES = uuid.UUID("5d7f3f5e-6f0b-4b7e-9a53-3f3ad0d0c1b8")
Open = Callable[[uuid.UUID | None], Change]


def send(request: HttpRequest, response: HttpResponse, sent: BaseModel | None, act: Open) -> Change:
    """Do `act` with the key that two requests share, or answer what the first of them made. A key is a person's own,
    and is worth nothing with another request. Raises what `act` raises, and ProblemError for a wrong key."""
    text = request.headers.get(HEADER)
    if text is None:
        return act(None)
    if not _KEY.fullmatch(text):
        said = "An Idempotency-Key is 1 to 200 printable characters without spaces."
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad-key", said, fields={HEADER: said})
    row = _row(request, text, sent)
    if row.change_id is not None:
        response["Idempotent-Replayed"] = "true"
        return Change.objects.select_related("environment__owner", "requested_by").get(pk=row.change_id)
    try:
        change = act(row.key)
    except Exception:
        # Nothing came of it: once what was wrong is put right, the same key may be sent again.
        ApiRequest.objects.filter(pk=row.pk, change_id=None).delete()
        raise
    ApiRequest.objects.filter(pk=row.pk).update(change_id=change.pk)
    return change


def located(response: HttpResponse, change: Change) -> None:
    """Say where the change is."""
    response["Location"] = reverse("v1_show_change", args=[change.pk])


def _row(request: HttpRequest, text: str, sent: BaseModel | None) -> ApiRequest:
    user = cast("User", request.user)
    body = sent.model_dump_json() if sent is not None else ""
    fingerprint = digest(f"{request.method} {request.path}\n{body}")
    row, made = ApiRequest.objects.get_or_create(
        user=user,
        key=uuid.uuid5(_NAMES, f"{user.pk}:{text}"),
        defaults={"fingerprint": fingerprint, "at": timezone.now()},
    )
    if not made and row.fingerprint != fingerprint:
        said = "This Idempotency-Key was sent with another request. Use a new one."
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "key-reused", said, fields={HEADER: said})
    return row
