"""Where a page about a parameter is: its environment, path and key, what is declared of it, and who looks."""

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone

from portal.access import access_environment, actor_of
from portal.environments.heading import why_not_act
from portal.flags.showing import belongs
from portal.requesting.asking import Asks, asks_of
from provisioning.actions.actor import Actor
from provisioning.actions.refusals import Refusal
from provisioning.actions.setting import asked_of, declared
from provisioning.blueprints.loader import library
from provisioning.blueprints.model import Blueprint, Flag
from provisioning.flags.rules import STRING, store_type
from provisioning.lifecycle import ChangeKind
from provisioning.models import Change, Environment, Parameter

NEWEST = 20  # changes that are looked through for the one that is about a parameter


@dataclass(frozen=True)
class Place:
    """A key below an environment's path. `row` is None for one that was never stored; `change` is the newest that is
    about it, if there is one."""

    actor: Actor
    environment: Environment
    blueprint: Blueprint
    path: str
    key: str
    row: Parameter | None
    flag: Flag | None
    change: Change | None

    @property
    def where(self) -> tuple[str, str]:
        """The parts of an address of its environment."""
        return self.environment.application, self.environment.name

    @property
    def there(self) -> Parameter | None:
        """Its row while it is stored."""
        return self.row if self.row is not None and self.row.gone_at is None else None

    @property
    def full_name(self) -> str:
        """Its name in Parameter Store."""
        return f"{self.path}{self.key}"

    @property
    def stale(self) -> bool:
        """Whether the day has come on which people are to be asked if it is still used."""
        day = self.flag.stale_after if self.flag else None
        return day is not None and day <= timezone.now().date()

    @property
    def type(self) -> str:
        """Parameter Store's type: the one it has, or would get."""
        if self.row is not None:
            return self.row.type
        return store_type(self.flag.type) if self.flag else STRING

    @property
    def kind(self) -> str:
        """How it is edited: as its flag declares, else by its type."""
        if self.flag is not None:
            return self.flag.type
        return {"StringList": "list", "SecureString": "secret"}.get(self.type, "text")

    @property
    def owned(self) -> str:
        """The stack resource that makes it, if one does."""
        return self.there.owned_by if self.there else ""

    @property
    def why_not(self) -> str:
        """Why this person cannot set it; empty when they can."""
        if self.owned:
            return (
                f"A stack of {self.environment} makes it, as {self.owned}. It says what there is, and is no switch: it"
                " changes with an update of the stack."
            )
        return why_not_act(self.actor, self.environment)

    def asks(self, *, reverts: bool = False) -> Asks | None:
        """Who decides about setting it, and until when; None where nobody does, or where that cannot be told."""
        try:
            return asks_of(asked_of(self.environment, reverts=reverts), self.actor.user_id)
        except Refusal:
            return None

    def address(self, name: str, **more: object) -> str:
        """An address of this parameter."""
        application, environment = self.where
        return reverse(name, kwargs={"application": application, "name": environment, "key": self.key, **more})

    def context(self, **more: Any) -> dict[str, Any]:
        """What every page about a parameter shows around its content."""
        return {
            "place": self,
            "environment": self.environment,
            "row": self.row,
            "flag": self.flag,
            "prod_strip": self.environment.stage == "prod",
            "why_not": self.why_not,
            "decided_by": self.asks(),
            "url": self.address("parameter"),
            "history_url": self.address("parameter_history"),
            **more,
        }


def place_of(request: HttpRequest, application: str, name: str, key: str) -> Place:
    """The place of an address. Raises Http404 for a key that is neither stored, declared nor asked for."""
    environment = access_environment(request, application, name)
    blueprint, path = path_or_404(environment)
    row = Parameter.objects.filter(environment=environment, key=key).first()
    if row is not None and not belongs(path, row.name):
        row = None
    flag, change = declared(blueprint, key), _newest(environment, key)
    if row is None and flag is None and change is None:
        raise Http404(f"{environment} has no parameter {key}.")
    return Place(actor_of(request), environment, blueprint, path, key, row, flag, change)


def path_or_404(environment: Environment) -> tuple[Blueprint, str]:
    """The blueprint of an environment and its parameter path. Raises Http404 where there is none."""
    blueprint = library().blueprints.get(environment.application)
    path = blueprint.path(environment.name) if blueprint else None
    if blueprint is None or path is None:
        raise Http404(f"{environment} has no parameters.")
    return blueprint, path


def _newest(environment: Environment, key: str) -> Change | None:
    """The newest change that is about a key, with what it asks for."""
    changes = Change.objects.filter(environment=environment, kind=ChangeKind.SET_PARAMETERS).defer("plan", "findings")
    newest = changes.select_related("requested_by").order_by("-requested_at")[:NEWEST]
    return next((one for one in newest if any(wish["key"] == key for wish in one.goal.get("sets", ()))), None)
