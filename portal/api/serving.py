"""What every operation of the API has in common: how bodies are read, headers, ETags, and problems for what no
operation answers."""

import hashlib
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, patch_vary_headers
from ninja.parser import Parser

from portal.api import VERSION
from portal.api.problems import problem
from provisioning.items.values import parsed

View = Callable[..., HttpResponse]


class ExactParser(Parser):
    """Reads bodies so that nothing of them is lost in silence: each name once, no number that JSON does not know."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """The body's JSON. Raises BadValueError, and UnicodeDecodeError for what is no UTF-8."""
        found: dict[str, Any] = parsed(request.body.decode())
        return found


def served(view: View) -> View:
    """A view as the API serves it: for whoever has a token, without a session, a sign-in page or a CSRF check."""

    @wraps(view)
    def serve(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = _unusable(request) or view(request, *args, **kwargs)
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            response = _not_allowed(request, response["Allow"])
        if request.method == "GET" and response.status_code == HTTPStatus.OK and not response.streaming:
            response = _conditional(request, response)
        return _headed(request, response)

    serve.login_required = False  # type: ignore[attr-defined]  # read by Django's LoginRequiredMiddleware
    serve.csrf_exempt = True  # type: ignore[attr-defined]  # nothing here goes by a cookie
    return serve


def nothing_here(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Below the API's address, where no operation is."""
    return problem(HTTPStatus.NOT_FOUND, "not-found", "There is nothing at this address.")


def _unusable(request: HttpRequest) -> HttpResponse | None:
    """NUL is in no name and no text that there is, and no database takes it; a value without a name means nothing."""
    if "\0" in request.path or any("\0" in f"{name}{value}" for name, value in request.GET.items()):
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", "An address cannot hold the character NUL.")
    if "" in request.GET:
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", "Something in the address has no name before its =.")
    return None


def _not_allowed(request: HttpRequest, allow: str) -> HttpResponse:
    said = f"{request.method} does nothing at this address; it takes {allow}."
    return problem(HTTPStatus.METHOD_NOT_ALLOWED, "not-allowed-here", said, headers={"Allow": allow})


def _conditional(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The answer with its ETag, or 304 for whoever has it already."""
    if not response.has_header("ETag"):
        response["ETag"] = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    return get_conditional_response(request, etag=response["ETag"], response=response) or response


def _headed(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    rate = getattr(request, "rate", None)
    for name, value in (rate.headers if rate else {}).items():
        response[name] = value
    response["Stackyard-Version"] = VERSION
    response.setdefault("Cache-Control", "private, no-cache")
    patch_vary_headers(response, ["Authorization"])
    return response
