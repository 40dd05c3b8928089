"""Declaring an operation: who may, what it answers, what it is called. The list of all of them is what tests walk."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, Literal, TypeVar

from django.http import HttpRequest
from ninja import Router

from portal.accounts.models import Scope
from portal.api.addresses import names_asked, refuse_unknown
from portal.api.auth import Token

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
View = TypeVar("View", bound=Callable[..., Any])

KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
    "description": "One key, one request: sent again, it answers what the first one made.",
}
NONE_MATCH = {
    "in": "header",
    "name": "If-None-Match",
    "required": False,
    "schema": {"type": "string"},
    "description": "The ETag of what you have: answered by 304 while it is still so.",
}
MATCH = {
    "in": "header",
    "name": "If-Match",
    "required": False,
    "schema": {"type": "string"},
    "description": "The version that was looked at: the ETag of an item, the Parameter-Version of a parameter.",
}
NEW = {
    "in": "header",
    "name": "If-None-Match",
    "required": False,
    "schema": {"type": "string"},
    "description": "* for a new one, in nobody's place.",
}
_HEADERS = {
    "GET": [NONE_MATCH],
    "POST": [KEY],
    "PUT": [KEY, MATCH, NEW],
    "PATCH": [KEY, MATCH],
    "DELETE": [KEY, MATCH],
}


@dataclass(frozen=True)
class Operation:
    """One operation. `page` is the URL name of the page that does the same: who may open that may use this."""

    method: Method
    path: str
    name: str
    scope: Scope
    page: str


OPERATIONS: list[Operation] = []


def operation(
    router: Router,
    method: Method,
    path: str,
    *,
    scope: Scope,
    page: str,
    answers: Any,
    status: int = 200,
    summary: str,
    media_type: str | Sequence[str] = "",
    besides: Mapping[int, Any] | None = None,
    takes: Sequence[str] = (),
    versioned: bool = True,
    on: Sequence[Mapping[str, Any]] = (),
) -> Callable[[View], View]:
    """Put a view under `path`, for tokens with `scope` of those who may open `page`. It answers `answers` with
    `status`, or what `besides` has with the status there; `media_type` is a second way, or are others, to answer it as
    text. `takes` are the types of a file that is its body; what is not `versioned` knows no If-Match. `on` are
    headers besides, that say upon what it is done."""
    auth = Token(scope, page)
    extra: dict[str, Any] = {
        "x-scope": str(scope),
        "x-groups": sorted(auth.page.groups),
        "parameters": [*(one for one in _HEADERS[method] if versioned or one is not MATCH), *on],
    }
    if media_type:
        kinds = [media_type] if isinstance(media_type, str) else media_type
        extra["responses"] = {status: {"content": {kind: {"schema": {"type": "string"}} for kind in kinds}}}
    if takes:
        content = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in takes}
        extra["requestBody"] = {"required": True, "content": content}

    def put(view: View) -> View:
        known = names_asked(view)

        @wraps(view)
        def asked(request: HttpRequest, *args: Any, **sent: Any) -> Any:
            refuse_unknown(request, known)
            return view(request, *args, **sent)

        OPERATIONS.append(Operation(method, path, view.__name__, scope, page))
        declared = router.api_operation(
            [method],
            path,
            auth=auth,
            response={status: answers, **(besides or {})},
            operation_id=view.__name__,
            summary=summary,
            openapi_extra=extra,
        )
        declared(asked)
        return view

    return put
