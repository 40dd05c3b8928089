"""Which changes wait for this person: asked by somebody else, of a kind and at a stage they decide about, in time, not
sent back, not approved by them yet."""

from collections import defaultdict
from collections.abc import Iterator

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone

from portal.access import actor_of
from provisioning.actions.actor import Actor
from provisioning.blueprints.loader import library
from provisioning.lifecycle import ChangeKind, ChangeStatus, Verdict
from provisioning.models import Change, Decision
from provisioning.planning.policy import GUARDIANS, needed

# A way out that one person alone may not take, whatever the stage asks for: `policy.takes_two`, as a query.
TAKES_TWO = Q(kind=ChangeKind.RECOVER, goal__second_person=True)


def waiting_changes() -> QuerySet[Change]:
    """Every change that somebody has to decide about, the one that waits longest first."""
    return (
        Change.objects.filter(status=ChangeStatus.AWAITING_APPROVAL)
        .select_related("environment", "requested_by")
        .order_by("requested_at")
    )


def decidable_by(actor: Actor) -> QuerySet[Change]:
    """The changes that wait for this person now: the rule of `deciding.is_asked`, as one query."""
    here = Q()
    for application, stage, kinds in _decides_about(actor):
        here |= Q(environment__application=application, environment__stage=stage, kind__in=kinds) & ~TAKES_TWO
    if actor.in_any(GUARDIANS):
        here |= TAKES_TWO
    if not here:
        return Change.objects.none()
    mine = Decision.objects.filter(change=OuterRef("pk"), plan_digest=OuterRef("plan_digest"), by_id=actor.user_id)
    in_time = Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now())
    return (
        waiting_changes()
        .filter(here, in_time, sent_back=False)
        .exclude(requested_by_id=actor.user_id)
        .annotate(mine=Subquery(mine.order_by("-at", "-id").values("verdict")[:1]))
        .filter(Q(mine__isnull=True) | ~Q(mine=Verdict.APPROVED))
    )


def waiting_count(request: HttpRequest) -> int:
    """How many decisions wait for the person who asks. One query at most, once a request."""
    known: int | None = getattr(request, "waiting_count", None)
    if known is None:
        known = decidable_by(actor_of(request)).order_by().count()
        request.waiting_count = known  # type: ignore[attr-defined]  # a note on the request, for one request
    return known


def _decides_about(actor: Actor) -> Iterator[tuple[str, str, list[str]]]:
    """Application, stage and kinds of change that this person decides about by the stages' policies."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for slug, blueprint in library().blueprints.items():
        for stage, policy in blueprint.stages.items():
            for kind in ChangeKind:
                if actor.in_any(needed(policy, kind).approver_groups):
                    found[slug, stage].append(kind)
    for (slug, stage), kinds in found.items():
        yield slug, stage, kinds
