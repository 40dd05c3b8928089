"""What stands beside a request form: the application's environments, and how old an environment's templates are."""

from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest

from provisioning.blueprints.model import Blueprint
from provisioning.lifecycle import EnvironmentStatus, StackKind, stack_status
from provisioning.models import Account, Change, Environment, Stack

SHOWN = 5


@dataclass(frozen=True)
class TemplateAge:
    """One stack of an environment, and whether the library has a newer template for it."""

    label: str
    name: str
    version: str
    is_old: bool


@dataclass(frozen=True)
class Neighbours:
    """The newest environments of an application, and how many there are."""

    environments: tuple[Environment, ...]
    count: int

    @property
    def others(self) -> int:
        """How many are not shown."""
        return self.count - len(self.environments)


def default_account() -> Account | None:
    """The account that environments are made in; None before there is one."""
    return Account.objects.order_by("pk").first()


def neighbours(application: str) -> Neighbours:
    """What there is of an application, so that a person sees it before asking for more."""
    found = Environment.objects.filter(application=application).exclude(status=EnvironmentStatus.REMOVED)
    newest = tuple(found.select_related("owner").order_by("-changed_at")[:SHOWN])
    return Neighbours(newest, found.count() if len(newest) == SHOWN else len(newest))


def repeated_change(request: HttpRequest, application: str) -> Change | None:
    """The change that `?from=` names, None without one. Raises Http404 for one that is not of this application."""
    wanted = request.GET.get("from", "")
    if not wanted:
        return None
    try:
        change = Change.objects.select_related("environment", "requested_by").get(
            pk=wanted, environment__application=application
        )
    except (Change.DoesNotExist, ValidationError) as missing:
        raise Http404("There is no such change of this application.") from missing
    return change


def living_stacks(environment: Environment) -> dict[str, Stack]:
    """The stacks that can be updated, by kind."""
    stacks = {stack.kind: stack for stack in environment.stacks.all() if not stack_status(stack.status).gone}
    return {kind: stacks[kind] for kind in StackKind.values if kind in stacks}


def template_ages(blueprint: Blueprint, stacks: dict[str, Stack]) -> tuple[TemplateAge, ...]:
    """Each stack's template version against the library's."""
    return tuple(
        TemplateAge(
            StackKind(kind).label,
            stack.name,
            stack.blueprint_version or "unknown",
            stack.template_id is not None and stack.template_id != blueprint.stacks[kind].template.digest,
        )
        for kind, stack in stacks.items()
    )


def monthly_now(application: str, name: str) -> Decimal | None:
    """What the environment of that name costs a month as it is, None when there is nothing of it."""
    environment = Environment.objects.filter(application=application, name=name).prefetch_related("stacks").first()
    if environment is None or not living_stacks(environment):
        return None
    return environment.monthly_cost
