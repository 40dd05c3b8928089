"""What every page of an environment starts with: status, tabs, the production strip, and what one may do."""

import uuid
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects
from django.http import HttpRequest
from django.urls import reverse

from portal.access import access_environment, actor_of
from portal.requesting.replacing import open_change
from provisioning.actions.actor import Actor, require_change_right
from provisioning.actions.refusals import Refusal
from provisioning.lifecycle import EnvironmentStatus, StackKind, stack_status
from provisioning.models import Environment, Stack

TABS = (
    ("Overview", "environment"),
    ("Activity", "environment_activity"),
    ("Connect", "environment_connect"),
    ("Settings", "environment_settings"),
)


def access_with_stacks(request: HttpRequest, application: str, name: str) -> Environment:
    """The environment with its stacks at hand. Raises Http404."""
    environment = access_environment(request, application, name)
    # The data stack first.
    prefetch_related_objects([environment], Prefetch("stacks", Stack.objects.order_by("-kind")))
    return environment


def why_not_act(actor: Actor, environment: Environment) -> str:
    """Why this person may not alter this environment; empty when they may."""
    try:
        require_change_right(actor, environment)
    except Refusal as refusal:
        return refusal.sentence
    return ""


def is_there(environment: Environment, kind: StackKind) -> bool:
    """Whether that stack exists, as last seen."""
    return any(stack.kind == kind and not stack_status(stack.status).gone for stack in environment.stacks.all())


def page_context(request: HttpRequest, environment: Environment, here: str) -> dict[str, Any]:
    """The context of the heading; `here` is the URL name of the page that is open."""
    arguments = (environment.application, environment.name)
    return {
        "environment": environment,
        "status": EnvironmentStatus(environment.status),
        "prod_strip": environment.stage == "prod",
        "why_not": why_not_act(actor_of(request), environment),
        "open_change": open_change(environment),
        "data_there": is_there(environment, StackKind.DATA),
        "compute_there": is_there(environment, StackKind.COMPUTE),
        "key": uuid.uuid4(),
        "tabs": [
            {"label": label, "url": reverse(name, args=arguments), "active": name == here} for label, name in TABS
        ],
    }
