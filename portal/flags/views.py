"""The flags page of an application, and the tab of one environment. Rendering asks no AWS; looking has it read."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.access import access_environment, actor_of
from portal.environments.heading import access_with_stacks, page_context
from portal.flags.forms import DIFFERS, FlagFilter, TabFilter
from portal.flags.reading import Board, application_of, environments_of, read_board
from portal.late import Late
from provisioning.actions.looking_at_parameters import do_look_at_parameters
from provisioning.blueprints.loader import library
from provisioning.blueprints.model import Blueprint
from provisioning.models import Environment


@require_safe
@never_cache
def flags(request: HttpRequest) -> HttpResponse:
    """Parameters of one application by environment."""
    form = FlagFilter(request.GET)
    blueprint = application_of(form.wanted["application"])
    context: dict[str, Any] = {"form": form, "blueprint": blueprint}
    if blueprint is not None and blueprint.parameter_path is not None:
        context |= _matrix(request, blueprint, form)
    return Late().render(request, "flags/flags.html", context)


@require_safe
@never_cache
def flags_live(request: HttpRequest) -> HttpResponse:
    """How old it is, and the matrix, where it is not what the page shows (`seen`) any more."""
    form = FlagFilter(request.GET)
    blueprint = application_of(form.wanted["application"])
    if "HX-Request" not in request.headers or blueprint is None or blueprint.parameter_path is None:
        return redirect(f"{reverse('flags')}?{_query(request)}")
    return _live(request, _matrix(request, blueprint, form))


@require_safe
@never_cache
def of_environment(request: HttpRequest, application: str, name: str) -> HttpResponse:
    """The parameters of one environment."""
    environment = access_with_stacks(request, application, name)
    form = TabFilter(request.GET)
    context = page_context(request, environment, "environment_flags") | {"form": form}
    blueprint = library().blueprints.get(application)
    context["blueprint"] = blueprint
    if blueprint is not None and blueprint.parameter_path is not None:
        context |= _tab(request, environment, form)
    return Late().render(request, "flags/environment.html", context)


@require_safe
@never_cache
def of_environment_live(request: HttpRequest, application: str, name: str) -> HttpResponse:
    """The part of it that moves."""
    environment = access_environment(request, application, name)
    if "HX-Request" not in request.headers:
        return redirect("environment_flags", application, name)
    return _live(request, _tab(request, environment, TabFilter(request.GET)))


def _live(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    board: Board = context["board"]
    moved = request.GET.get("seen") != board.seen
    response = Late().render(request, "flags/_looked.html", context | {"moved": moved})
    patch_vary_headers(response, ["HX-Request"])
    return response


def _matrix(request: HttpRequest, blueprint: Blueprint, form: FlagFilter) -> dict[str, Any]:
    wanted, actor = form.wanted, actor_of(request)
    environments, left_out = environments_of(blueprint.slug, actor, wanted["columns"])
    asked = do_look_at_parameters(environments)
    board = read_board(
        blueprint, environments, wanted, page=request.GET.get("page", "1"), left_out=left_out, asked=asked
    )
    return {
        "blueprint": blueprint,
        "board": board,
        "live_url": f"{reverse('flags_live')}?{_query(request)}",
        "filtered": any(wanted[name] for name in ("q", "only", "view")),
        "compared": wanted["view"] == DIFFERS,
        "clear_url": f"{reverse('flags')}?application={blueprint.slug}",
        "is_admin": actor.is_admin,
    }


def _tab(request: HttpRequest, environment: Environment, form: TabFilter) -> dict[str, Any]:
    where = (environment.application, environment.name)
    asked = do_look_at_parameters([environment])
    board = read_board(
        library().blueprints.get(environment.application),
        [environment],
        form.wanted,
        page=request.GET.get("page", "1"),
        asked=asked,
    )
    return {
        "environment": environment,
        "board": board,
        "live_url": f"{reverse('environment_flags_live', args=where)}?{_query(request)}",
        "filtered": any(form.wanted.values()),
        "clear_url": reverse("environment_flags", args=where),
        "is_admin": actor_of(request).is_admin,
        "single": True,
    }


def _query(request: HttpRequest) -> str:
    """The query of the page, without what only its parts say to each other."""
    query = request.GET.copy()
    query.pop("seen", None)
    return query.urlencode()
