"""Which changes wait for this person: asked by somebody else, at a stage they decide about, not decided by them yet."""

from collections import defaultdict

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest

from portal.access import actor_of
from provisioning.actions.actor import Actor
from provisioning.blueprints.loader import library
from provisioning.lifecycle import ChangeStatus
from provisioning.models import Change, Decision


def waiting_changes() -> QuerySet[Change]:
    """Every change that somebody has to decide about, the one that waits longest first."""
    return (
        Change.objects.filter(status=ChangeStatus.AWAITING_APPROVAL)
        .select_related("environment", "requested_by")
        .order_by("requested_at")
    )


def decidable_by(actor: Actor) -> QuerySet[Change]:
    """The changes that this person may decide about now: the rule of `why_not_decide`, as one query."""
    stages = _stages(actor)
    if not stages:
        return Change.objects.none()
    here = Q()
    for application, names in stages.items():
        here |= Q(environment__application=application, environment__stage__in=names)
    mine = Decision.objects.filter(change=OuterRef("pk"), plan_digest=OuterRef("plan_digest"), by_id=actor.user_id)
    return waiting_changes().filter(here, ~Exists(mine)).exclude(requested_by_id=actor.user_id)


def waiting_count(request: HttpRequest) -> int:
    """How many decisions wait for the person who asks. One query at most, once a request."""
    known: int | None = getattr(request, "waiting_count", None)
    if known is None:
        known = decidable_by(actor_of(request)).order_by().count()
        request.waiting_count = known  # type: ignore[attr-defined]  # a note on the request, for one request
    return known


def _stages(actor: Actor) -> dict[str, list[str]]:
    """The stages, by application, whose policy lets this person decide."""
    found: dict[str, list[str]] = defaultdict(list)
    for slug, blueprint in library().blueprints.items():
        for stage, policy in blueprint.stages.items():
            if actor.in_any(policy.approver_groups):
                found[slug].append(stage)
    return found
