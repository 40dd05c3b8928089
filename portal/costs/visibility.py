"""Who sees which costs. Everybody sees all, unless COSTS_BY_OWNER is set: then an engineer sees what is theirs (22)."""

from collections.abc import Iterable

from django.conf import settings

from provisioning.actions.actor import ADMINS, AUDITORS, Actor
from provisioning.actions.refusals import Refusal
from provisioning.blueprints.loader import library
from provisioning.costs.spend import Line
from provisioning.models import Environment


def sees_all(actor: Actor) -> bool:
    """Whether nothing is kept from this person: admins and auditors always, engineers unless COSTS_BY_OWNER is set."""
    return not settings.COSTS_BY_OWNER or actor.in_any((ADMINS, AUDITORS))


def may_see(actor: Actor, application: str, owner: str) -> bool:
    """Whether this person may see what an environment costs: their own, or of an application that they own. The owner
    of an application is a person's or a group's name in its blueprint."""
    if sees_all(actor):
        return True
    if owner and owner == actor.name:
        return True
    blueprint = library().blueprints.get(application)
    return blueprint is not None and blueprint.owner in {actor.name, *actor.groups}


def require_sight(actor: Actor, environment: Environment) -> None:
    """Refuse whoever may not see what this environment costs (pitfall 22). Raises Refusal."""
    if not may_see(actor, environment.application, environment.owner.get_username()):
        sentence = f"What {environment} costs is shown to its owner, to auditors and to admins."
        raise Refusal(sentence, "costs-not-yours", forbidden=True)


def visible(actor: Actor, lines: Iterable[Line]) -> list[Line]:
    """The lines that this person may see. What has no tags is nobody's, and kept from who sees only what is theirs."""
    if sees_all(actor):
        return list(lines)
    return [line for line in lines if may_see(actor, line.application, line.owner)]
