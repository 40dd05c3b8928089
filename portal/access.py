"""Fetching with permission: what does not exist, or is not for this person, is a 404; a missing right is a 403."""

import uuid

from django.db.models import F
from django.http import Http404, HttpRequest

from portal.pages import groups_of
from provisioning.actions.actor import Actor
from provisioning.models import Change, Environment, Table


def actor_of(request: HttpRequest) -> Actor:
    """Who acts: the signed-in person, with their groups and address, and the token of a program that acts in their
    name. Raises Http404 for nobody."""
    if not request.user.is_authenticated:
        raise Http404
    return Actor(
        request.user.pk,
        request.user.get_username(),
        groups_of(request),
        request.META.get("REMOTE_ADDR"),
        getattr(request, "token_name", ""),
    )


def access_environment(request: HttpRequest, application: str, name: str) -> Environment:
    """The environment of that application and name, which everybody who signs in may read. Raises Http404."""
    if not request.user.is_authenticated:
        raise Http404
    environment = (
        Environment.objects.select_related("owner", "account").filter(application=application, name=name).first()
    )
    if environment is None:
        raise Http404(f"There is no environment {application}/{name}.")
    return environment


def access_change(request: HttpRequest, change_id: uuid.UUID) -> Change:
    """The change with that id, which everybody who signs in may read. Raises Http404."""
    if not request.user.is_authenticated:
        raise Http404
    change = (
        Change.objects.select_related("environment__owner", "environment__account", "requested_by")
        .filter(pk=change_id)
        .first()
    )
    if change is None:
        raise Http404("There is no such change.")
    return change


def access_table(request: HttpRequest, application: str, name: str, table: str) -> tuple[Environment, Table]:
    """A table of that environment, with its environment. A table is reached through its own environment only: another
    one's name is a 404, whether Stackyard could read it or not. Raises Http404."""
    own = Table.objects.select_related("environment__owner", "environment__account").filter(
        environment__application=application, environment__name=name, account=F("environment__account"), name=table
    )
    found = own.first() if request.user.is_authenticated else None
    if found is None or found.environment is None:
        environment = access_environment(request, application, name)
        raise Http404(f"{environment} has no table {table}.")
    return found.environment, found
