"""What every page of an environment starts with: status, tabs, the production strip, and what one may do."""

import uuid
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects
from django.http import HttpRequest
from django.urls import reverse

from portal.access import access_environment, actor_of
from portal.budgets.reading import notice_of, told_threshold
from portal.environments.acts import monthly_of
from portal.environments.lifetimes import read_lifetime
from portal.environments.outside import outside_notes
from portal.environments.seen import read_seen
from portal.releases.further import deploys
from portal.requesting.replacing import open_change
from provisioning.actions.actor import Actor, require_change_right
from provisioning.actions.order import why_not_now
from provisioning.actions.refusals import Refusal
from provisioning.blueprints.loader import library
from provisioning.engine.drifting import drifted
from provisioning.lifecycle import ChangeKind, EnvironmentStatus, StackKind, stack_status
from provisioning.models import Environment, Parameter, Stack

DRIFT = "environment_drift"
FLAGS = "environment_flags"
TABS = (
    ("Overview", "environment"),
    ("Activity", "environment_activity"),
    ("Tables", "environment_tables"),
    ("Costs", "environment_costs"),
    ("Flags", FLAGS),
    ("Releases", "releases"),
    ("Drift", DRIFT),
    ("Connect", "environment_connect"),
    ("Settings", "environment_settings"),
)


def access_with_stacks(request: HttpRequest, application: str, name: str) -> Environment:
    """The environment with its stacks at hand. Raises Http404."""
    environment = access_environment(request, application, name)
    # The data stack first.
    stacks = Stack.objects.select_related("drift__asked_by").order_by("-kind")
    stacks = stacks.annotate(told=told_threshold(environment))
    prefetch_related_objects([environment], Prefetch("stacks", stacks))
    return environment


def why_not_act(actor: Actor, environment: Environment | None) -> str:
    """Why this person may not alter this environment, or one that is not there yet; empty when they may."""
    try:
        require_change_right(actor, environment)
    except Refusal as refusal:
        return refusal.sentence
    return ""


def is_there(environment: Environment, kind: StackKind) -> bool:
    """Whether that stack exists, as last seen."""
    return any(stack.kind == kind and not stack_status(stack.status).gone for stack in environment.stacks.all())


def troubled(environment: Environment) -> Stack | None:
    """The first stack that takes no update: it is stuck, or something works on it. Needs the stacks at hand."""
    known = ((stack, stack_status(stack.status)) for stack in environment.stacks.all())
    return next((stack for stack, status in known if not (status.gone or (status.updatable and status.live))), None)


def _told(environment: Environment) -> int | None:
    """The highest threshold of its budget that was told this month: it came along with the stacks."""
    return next((getattr(stack, "told", None) for stack in environment.stacks.all()), None)


def page_context(request: HttpRequest, environment: Environment, here: str) -> dict[str, Any]:
    """The context of the heading; `here` is the URL name of the page that is open."""
    arguments = (environment.application, environment.name)
    data, compute = (is_there(environment, kind) for kind in StackKind)
    wakes = data and not compute and not why_not_now(environment, ChangeKind.WAKE)
    seen, differing = read_seen(environment), len(drifted(environment))
    counts = {DRIFT: differing, FLAGS: _set_outside(environment)}
    back = request.get_full_path() if request.method in {"GET", "HEAD"} else reverse(here, args=arguments)
    return {
        "environment": environment,
        "status": EnvironmentStatus(environment.status),
        "prod_strip": environment.stage == "prod",
        "why_not": why_not_act(actor_of(request), environment),
        "open_change": open_change(environment),
        "data_there": data,
        "compute_there": compute,
        "deploys": deploys(environment),
        "wakes": wakes,
        "wake_costs": monthly_of(environment, StackKind.COMPUTE) if wakes else None,
        "key": uuid.uuid4(),
        "troubled": troubled(environment),
        "seen": seen,
        "known": seen.known,
        "back": back,
        "outside": outside_notes(environment),
        "lifetime": read_lifetime(actor_of(request), environment),
        "differing": differing,
        "budget_told": notice_of(actor_of(request), environment, _told(environment)),
        "tabs": [
            {
                "label": label,
                "url": reverse(name, args=arguments),
                "active": name == here,
                "count": counts.get(name) or "",
            }
            for label, name in TABS
        ],
    }


def _set_outside(environment: Environment) -> int:
    """How many of its parameters have a value that somebody set outside Stackyard; nobody is asked where there are
    none by its blueprint."""
    blueprint = library().blueprints.get(environment.application)
    if blueprint is None or blueprint.parameter_path is None:
        return 0
    return Parameter.objects.filter(environment=environment, outside_at__isnull=False, gone_at__isnull=True).count()
