"""Domain and AWS errors become a written page or partial; nothing a person meets is a traceback."""

import sys
import uuid
from collections.abc import Callable

import structlog
from django.contrib import messages
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from provisioning.actions.refusals import Refusal
from provisioning.aws.errors import AwsError

log = structlog.get_logger(__name__)


class ProblemMiddleware:
    """Turns what a view raises into a page: refusals, AWS errors, and our own bugs with an incident number."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The page for an error, or None for those that Django itself words (404, 403)."""
        if isinstance(error, Refusal):
            return refused_page(request, error.sentence, 403 if error.forbidden else 409)
        if isinstance(error, AwsError):
            context = {"sentence": error.sentence, "raw": str(error), "code": error.code}
            return render(request, "errors/aws.html", context, status=502)
        return None


def refused_page(request: HttpRequest, sentence: str, status: int = 403) -> HttpResponse:
    """A page that says why something was not done."""
    return render(request, "errors/403.html", {"problem": sentence}, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler for a request that makes no sense."""
    return render(request, "errors/400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler for what somebody may not do."""
    return render(request, "errors/403.html", status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler for what is not there; our own sentence is shown, Django's list of addresses is not."""
    problem = str(exception) if exception and exception.args and isinstance(exception.args[0], str) else ""
    return render(request, "errors/404.html", {"problem": problem}, status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler for what nobody expected: an incident number that the log has too; or the database is away."""
    if isinstance(sys.exception(), OperationalError | InterfaceError):
        log.warning("database_away", path=request.path)
        return HttpResponse(render_to_string("errors/503.html"), status=503)  # who asks is not known without it
    incident = uuid.uuid4().hex[:8]
    log.error("page_crashed", incident=incident, path=request.path)
    return render(request, "errors/500.html", {"reference": incident}, status=500)


def say(request: HttpRequest, refusal: Refusal) -> None:
    """Put a refusal where the next page shows it, with the way to the change that is in the way."""
    messages.error(request, _sentence(refusal))


def _sentence(refusal: Refusal) -> str | SafeString:
    if not refusal.change_id:
        return refusal.sentence
    url = reverse("change", args=[refusal.change_id])
    return format_html('{} <a href="{}">See that change</a>', refusal.sentence, url)
