"""The configuration of one environment: on a page, as a file, and as a file with its secrets."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from portal.access import actor_of
from portal.connecting.formats import FORMATS, LOCAL
from portal.connecting.forms import SecretsForm
from portal.environments.heading import access_with_stacks, page_context
from provisioning.actions.delivering import (
    Configuration,
    do_deliver_configuration,
    do_deliver_secrets,
    read_configuration,
)
from provisioning.actions.refusals import Refusal
from provisioning.models import Environment


@require_safe
@never_cache
def connect(request: HttpRequest, application: str, name: str) -> HttpResponse:
    """What the application needs to know to run against this environment, ready to copy."""
    return _page(request, access_with_stacks(request, application, name))


@require_safe
@never_cache
def configuration(request: HttpRequest, application: str, name: str, format: str) -> HttpResponse:  # noqa: A002  of the URL
    """The configuration as a file. Taking it away is written down."""
    found = access_with_stacks(request, application, name)
    if format not in FORMATS:
        raise Http404("There is no such format.")
    try:
        read = do_deliver_configuration(actor_of(request), found, format)
    except Refusal as refusal:
        messages.error(request, refusal.sentence)
        return redirect("environment_connect", application, name)
    return _file(read, format)


@require_POST
@never_cache
def secrets(request: HttpRequest, application: str, name: str) -> HttpResponse:
    """The configuration as a file with its secrets, for a reason that the audit keeps."""
    found = access_with_stacks(request, application, name)
    form = SecretsForm(request.POST, FORMATS)
    if not form.is_valid():
        return _page(request, found, form, status=400)
    wanted = form.cleaned_data["format"]
    try:
        read = do_deliver_secrets(actor_of(request), found, wanted, reason=form.cleaned_data["reason"])
    except Refusal as refusal:
        if refusal.forbidden:
            raise
        form.add_error("reason" if "reason" in refusal.fields else "format", refusal.sentence)
        return _page(request, found, form, status=400)
    return _file(read, wanted)


def _page(
    request: HttpRequest, environment: Environment, form: SecretsForm | None = None, *, status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = page_context(request, environment, "environment_connect")
    try:
        read = read_configuration(environment)
    except Refusal as refusal:
        return render(request, "connecting/connect.html", context | {"refused": refusal.sentence}, status=status)
    context["configuration"] = read
    files = [{"name": name, "format": FORMATS[name], "text": FORMATS[name].render(read)} for name in read.formats]
    context["files"] = [one for one in files if one["name"] in LOCAL]
    context["more"] = [one for one in files if one["name"] not in LOCAL]
    context["form"] = form or SecretsForm(None, read.formats)
    return render(request, "connecting/connect.html", context, status=status)


def _file(read: Configuration, wanted: str) -> HttpResponse:
    file = FORMATS[wanted]
    response = HttpResponse(file.render(read), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{file.filename}"'
    return response
