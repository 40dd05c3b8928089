"""The approvals page: what waits, with what a decision needs at a glance, and what was decided lately."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from portal.approvals.waiting import decidable_by, waiting_changes
from portal.changes.prices import difference
from portal.changes.rights import stage_policy
from portal.changes.states import State
from provisioning.actions.actor import Actor
from provisioning.engine.steps.change_sets import ensure_plan_sealed
from provisioning.lifecycle import ChangeKind, ChangeStatus, Verdict
from provisioning.models import Change, Decision, Step

SHOWN, RECENT = 50, 15


@dataclass(frozen=True)
class Waiting:
    """One change that waits. `delta` is dollars a month, None when it has no price."""

    change: Change
    kind: str
    since: datetime
    delta: Decimal | None
    impact: str
    tone: str
    counts: dict[str, int]
    asks: str
    own: bool

    @property
    def more(self) -> bool:
        """Whether it would cost more each month."""
        return self.delta is not None and self.delta > 0


@dataclass(frozen=True)
class Decided:
    """One decision of the last ones."""

    decision: Decision
    kind: str
    verdict: State
    outcome: ChangeStatus


@dataclass(frozen=True)
class Approvals:
    """The page, at most 50 of each."""

    mine: tuple[Waiting, ...]
    others: tuple[Waiting, ...]
    decided: tuple[Decided, ...]


def read_approvals(actor: Actor) -> Approvals:
    """What waits for this person, what waits for somebody else, and the last decisions."""
    mine = _listed(actor, decidable_by(actor))
    shown = [one.change.pk for one in mine]
    return Approvals(
        mine=mine,
        others=_listed(actor, waiting_changes().exclude(pk__in=shown)),
        decided=_decided(),
    )


def _listed(actor: Actor, found: QuerySet[Change]) -> tuple[Waiting, ...]:
    """The longest wait first, counted from the moment the plan was sealed."""
    sealed = Step.objects.filter(change=OuterRef("pk"), name=ensure_plan_sealed.__name__).values("finished_at")[:1]
    asked = found.annotate(asked_at=Coalesce(Subquery(sealed), "requested_at")).order_by("asked_at")
    return tuple(_waiting(actor, change, change.asked_at) for change in asked[:SHOWN])


def _waiting(actor: Actor, change: Change, since: datetime) -> Waiting:
    plan, policy = change.plan or {}, stage_policy(change)
    impact = plan.get("impact", {})
    return Waiting(
        change=change,
        kind=ChangeKind(change.kind).label,
        since=since,
        delta=difference(plan.get("cost")),
        impact=impact.get("sentence", ""),
        tone=impact.get("tone", "quiet"),
        counts=plan.get("counters", {}),
        asks=" or ".join(policy.approver_groups) if policy else "",
        own=change.requested_by_id == actor.user_id,
    )


def _decided() -> tuple[Decided, ...]:
    newest = Decision.objects.select_related("by", "change__environment", "change__requested_by").order_by("-at")
    return tuple(
        Decided(
            decision=decision,
            kind=ChangeKind(decision.change.kind).label,
            verdict=State(
                Verdict(decision.verdict).label, "good" if decision.verdict == Verdict.APPROVED else "attention"
            ),
            outcome=ChangeStatus(decision.change.status),
        )
        for decision in newest[:RECENT]
    )
