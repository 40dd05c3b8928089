"""The approvals page: what waits, with what a decision needs at a glance, and what was decided lately."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from portal.approvals.waiting import decidable_by, waiting_changes
from portal.changes.deciding import given
from portal.changes.plans import plan_counts, sentence_of_parameters
from portal.changes.prices import difference
from portal.changes.rights import stage_policy
from portal.changes.standing import Standing, names, standing_of
from portal.changes.states import State, change_state
from provisioning.actions.actor import Actor
from provisioning.blueprints.model import StagePolicy
from provisioning.engine.steps.sealing import ensure_plan_sealed
from provisioning.lifecycle import BESIDE_STACKS, ChangeKind, ChangeStatus, Verdict
from provisioning.models import Change, Decision, Step

SHOWN, RECENT = 50, 15


@dataclass(frozen=True)
class Waiting:
    """One change that waits. `delta` is dollars a month, None when it has no price. `given` says how many have agreed
    where more than one has to; `what` says which parameters it sets; `expires_at` and `start_at` are None where nothing
    ends or begins by itself."""

    change: Change
    kind: str
    since: datetime
    delta: Decimal | None
    impact: str
    tone: str
    counts: dict[str, int]
    asks: str
    given: str
    state: State
    expires_at: datetime | None
    start_at: datetime | None
    comment: str
    own: bool
    what: str = ""
    reverts: bool = False

    @property
    def of_stacks(self) -> bool:
        """Whether it is about resources of stacks, and what they cost."""
        return self.change.kind not in BESIDE_STACKS

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
    outcome: State


@dataclass(frozen=True)
class Approvals:
    """The page, at most 50 of each."""

    mine: tuple[Waiting, ...]
    sent_back: tuple[Waiting, ...]
    others: tuple[Waiting, ...]
    to_run: tuple[Waiting, ...]
    decided: tuple[Decided, ...]


def read_approvals(actor: Actor) -> Approvals:
    """What waits for this person, for its requester, for somebody else, or to be run; and the last decisions."""
    mine = _listed(actor, decidable_by(actor))
    shown = [one.change.pk for one in mine]
    rest = waiting_changes().exclude(pk__in=shown)
    return Approvals(
        mine=mine,
        sent_back=_listed(actor, rest.filter(sent_back=True)),
        others=_listed(actor, rest.filter(sent_back=False)),
        to_run=_listed(actor, _to_run()),
        decided=_decided(),
    )


def _to_run() -> QuerySet[Change]:
    """What is approved and does not run yet: the rule of `changing.waits_to_run`, as one query."""
    later = Q(held=True) | Q(start_at__gt=timezone.now())
    return Change.objects.filter(later, status=ChangeStatus.QUEUED).select_related("environment", "requested_by")


def _listed(actor: Actor, found: QuerySet[Change]) -> tuple[Waiting, ...]:
    """The longest wait first, counted from the moment the plan was sealed."""
    sealed = Step.objects.filter(change=OuterRef("pk"), name=ensure_plan_sealed.__name__).values("finished_at")[:1]
    asked = found.annotate(asked_at=Coalesce(Subquery(sealed), "requested_at")).order_by("asked_at")
    decided = asked.prefetch_related(Prefetch("decisions", Decision.objects.select_related("by")))
    return tuple(_waiting(actor, change, change.asked_at) for change in decided[:SHOWN])


def _waiting(actor: Actor, change: Change, since: datetime) -> Waiting:
    plan, policy = change.plan or {}, stage_policy(change)
    standing = standing_of(change, change.decisions.all())
    impact, parameters = plan.get("impact", {}), plan.get("parameters") or {}
    return Waiting(
        change=change,
        kind=ChangeKind(change.kind).label,
        since=since,
        delta=difference(plan.get("cost")),
        impact=impact.get("sentence", ""),
        tone=impact.get("tone", "quiet"),
        counts=plan_counts(plan),
        asks=" or ".join(policy.approver_groups) if policy else "",
        given=_given(change, policy, standing),
        state=change_state(change),
        expires_at=change.expires_at,
        start_at=change.start_at,
        comment=standing.sent_back.comment if change.sent_back and standing.sent_back else "",
        own=change.requested_by_id == actor.user_id,
        what=sentence_of_parameters(parameters) if parameters else "",
        reverts=bool(parameters.get("reverts")),
    )


def _given(change: Change, policy: StagePolicy | None, standing: Standing) -> str:
    """Who has approved so far; nothing where one approval is enough and nobody has."""
    if change.status != ChangeStatus.AWAITING_APPROVAL:
        return f"Approved by {names(standing.approvals)}" if standing.approvals else ""
    return f"Approved: {given(policy, standing)}" if policy and policy.approvals > 1 else ""


def _decided() -> tuple[Decided, ...]:
    newest = Decision.objects.select_related("by", "change__environment", "change__requested_by").order_by("-at")
    return tuple(
        Decided(
            decision=decision,
            kind=ChangeKind(decision.change.kind).label,
            verdict=State(Verdict(decision.verdict).label, Verdict(decision.verdict).tone),
            outcome=change_state(decision.change),
        )
        for decision in newest[:RECENT]
    )
