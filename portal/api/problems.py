"""What went wrong, as problem+json (RFC 9457): a stable code for programs, a sentence for people, fields where it is
about some of what was sent."""

import uuid
from collections.abc import Mapping
from http import HTTPStatus
from itertools import takewhile
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI, Schema
from ninja.errors import HttpError, ValidationError
from pydantic import Field

from provisioning.actions.refusals import Refusal
from provisioning.aws.errors import AwsError, Busy
from provisioning.items.values import BadValueError

MEDIA_TYPE = "application/problem+json"
UNUSABLE = "Some of what was sent cannot be used. Nothing was done."
RETRY_AFTER = 5  # seconds, where nobody can say how long it takes
# Refusals that name a field and are still about how things stand, not about what was sent.
_CONFLICTS = frozenset({"change-open", "exists", "wrong-order", "race", "moved", "plan-moved", "no-plan", "quick-flip"})
# What is wrong with what was sent, where no one field is.
_INVALID = frozenset({"bad-cursor", "bad-item", "bad-key", "none-ticked", "too-many"})
_STATUSES = {
    "aws-failed": HTTPStatus.BAD_GATEWAY,
    "held-back": HTTPStatus.TOO_MANY_REQUESTS,
    "not-known": HTTPStatus.SERVICE_UNAVAILABLE,
    "not-written": HTTPStatus.SERVICE_UNAVAILABLE,
    "used-ticket": HTTPStatus.GONE,
}
_LATER = frozenset({HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS})
log = structlog.get_logger(__name__)


class Place(Schema):
    """One place of an item where two were at: what was read, what this request wants, what is there. Null is nothing;
    `read` is null also where a request only named the version that it had read."""

    path: str
    read: dict[str, Any] | None = None
    mine: dict[str, Any] | None = None
    theirs: dict[str, Any] | None = None


class Conflict(Schema):
    """Both sides, where somebody else was quicker. `item` is what is there now, null for nothing, and `etag` its
    version; `places` are those that both are about."""

    item: dict[str, Any] | None
    etag: str | None
    places: list[Place]


class Problem(Schema):
    """Why it was not done. `fields` names what of the request it is about; `change` is a change that is in the way;
    `conflict` has both sides of an item; `incident` is what an administrator finds in the log."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str
    fields: dict[str, str] = Field(default_factory=dict)
    change: uuid.UUID | None = None
    conflict: Conflict | None = None
    incident: str | None = None


class ProblemError(Exception):
    """Ends an operation with this answer."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        *,
        fields: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        conflict: Conflict | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.conflict = status, code, detail, conflict
        self.fields, self.headers = dict(fields or {}), dict(headers or {})


def problem(
    status: HTTPStatus, code: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any
) -> HttpResponse:
    """The answer; of `more` only what says something is in it."""
    body = {"type": "about:blank", "title": status.phrase, "status": int(status), "code": code, "detail": detail}
    body |= {name: value for name, value in more.items() if value}
    return JsonResponse(body, status=status, content_type=MEDIA_TYPE, headers=dict(headers or {}))


def answer(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    """The answer for whatever an operation raised; what nobody expected gets an incident number that the log has."""
    match error:
        case ProblemError():
            both = error.conflict.model_dump(mode="json") if error.conflict else None
            more = {"fields": error.fields, "conflict": both}
            return problem(error.status, error.code, error.detail, headers=error.headers, **more)
        case Refusal():
            return _refused(error)
        case ValidationError():
            fields = _fields(error.errors)
            return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", UNUSABLE, fields=fields)
        case HttpError(status_code=400):
            wrong = error.__cause__
            said = wrong.sentence if isinstance(wrong, BadValueError) else "It is not JSON."
            return problem(HTTPStatus.BAD_REQUEST, "unreadable", f"The body cannot be read. {said}")
        case Http404():
            said = str(error) or "There is nothing at this address."
            return problem(HTTPStatus.NOT_FOUND, "not-found", said)
        case AwsError():
            return _aws(error)
        case OperationalError() | InterfaceError():
            log.warning("database_away", path=request.path)
            return _later("database-away", "The database does not answer. Nothing was done; try again.")
    incident = uuid.uuid4().hex[:8]
    log.error("api_crashed", incident=incident, path=request.path, exc_info=error)
    said = f"Something went wrong that nobody expected. An administrator finds it in the log as {incident}."
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "unexpected", said, incident=incident)


def answers_problems(api: NinjaAPI) -> None:
    """Have every error of these operations answered by `answer`."""
    for kind in (Exception, Http404, HttpError, ValidationError):
        api.add_exception_handler(kind, answer)


def _refused(refusal: Refusal) -> HttpResponse:
    status = _status_of(refusal)
    headers = {"Retry-After": str(refusal.retry_after or RETRY_AFTER)} if status in _LATER else {}
    more = {"fields": refusal.fields, "change": refusal.change_id}
    return problem(status, refusal.code, refusal.sentence, headers=headers, **more)


def _status_of(refusal: Refusal) -> HTTPStatus:
    if refusal.forbidden:
        return HTTPStatus.FORBIDDEN
    if refusal.code in _STATUSES:
        return _STATUSES[refusal.code]
    if refusal.code.startswith("busy-"):
        return HTTPStatus.SERVICE_UNAVAILABLE
    if refusal.code in _INVALID:
        return HTTPStatus.UNPROCESSABLE_ENTITY
    if refusal.change_id or refusal.code in _CONFLICTS or not refusal.fields:
        return HTTPStatus.CONFLICT
    return HTTPStatus.UNPROCESSABLE_ENTITY


def _aws(error: AwsError) -> HttpResponse:
    if isinstance(error, Busy):
        return _later("aws-busy", error.sentence)
    return problem(HTTPStatus.BAD_GATEWAY, "aws-failed", error.sentence)


def _later(code: str, detail: str) -> HttpResponse:
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, code, detail, headers={"Retry-After": str(RETRY_AFTER)})


def _fields(errors: list[dict[str, Any]]) -> dict[str, str]:
    """Each wrong field under its path, without where it was sent: `parameters.data.Size`."""
    found: dict[str, str] = {}
    for error in errors:
        where = [str(part) for part in error["loc"][1:]]
        if where[:1] in (["sent"], ["wanted"], ["where"]):  # what operations call the body, the query and the path
            where = where[1:]
        where = list(takewhile(lambda part: "[" not in part, where))  # which way of several it was tried to be read
        found.setdefault(".".join(where) or "body", _said(error))
    return found


def _said(error: Mapping[str, Any]) -> str:
    """What is wrong with one, in a sentence: of words that are taken, those that say something; of our own checks, what
    they say."""
    said = str(error["msg"]).removeprefix("Value error, ").replace("be '', ", "be ")
    return f"{said.rstrip('.')}."
