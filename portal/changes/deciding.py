"""The card of the decision: who may decide, who has, until when, and what each button would do or why it is off."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from portal.changes.ends import utc
from portal.changes.rights import reason, stage_policy
from portal.changes.standing import Standing, names, standing_of
from portal.changes.states import State, change_state
from provisioning.actions.actor import Actor
from provisioning.actions.changing import waits_to_run
from provisioning.actions.deciding import why_not_decide, why_not_reject
from provisioning.blueprints.model import StagePolicy
from provisioning.lifecycle import OPEN_CHANGES, ChangeStatus, Verdict
from provisioning.models import Change, Decision

PLAN_AGAIN = "plan_again"
# Ended, and yet somebody may come to decide: the buttons stay, off, with the reason.
_TOO_LATE = frozenset({ChangeStatus.EXPIRED, ChangeStatus.REJECTED})


@dataclass(frozen=True)
class DecisionLine:
    """One decision, of a person or of a rule; `earlier` when it was about a plan that is no longer this one."""

    reviewer: str
    by_rule: bool
    verdict: State
    comment: str
    at: datetime
    earlier: bool


@dataclass(frozen=True)
class DecisionCard:
    """What the card shows. The reasons are empty where the button is on; `own` says what the reader decided before.

    `offered` is whether there are buttons of a decision at all, on or off.
    """

    state: State
    asks: str
    given: str
    expires_at: datetime | None
    at_expiry: str
    start_at: datetime | None
    held: bool
    awaiting: bool
    waits_to_run: bool
    offered: bool
    own: str
    approve_label: str
    why_not: str
    why_not_reject: str
    lines: tuple[DecisionLine, ...]
    earlier: tuple[DecisionLine, ...]

    @property
    def shown(self) -> bool:
        """Whether there is anything to say about a decision."""
        return bool(self.awaiting or self.waits_to_run or self.offered or self.lines or self.earlier)

    @property
    def to_read(self) -> bool:
        """Whether the plan is still to be read by somebody, so that it stands unfolded."""
        return self.awaiting or self.waits_to_run


def decision_card(actor: Actor, change: Change, decisions: Sequence[Decision]) -> DecisionCard:
    """The card of a change for one person."""
    policy, standing = stage_policy(change), standing_of(change, decisions)
    lines = tuple(decision_line(change, decision) for decision in decisions)
    waits, awaiting = waits_to_run(change), change.status == ChangeStatus.AWAITING_APPROVAL
    offered = actor.may_change and _offered(change, policy, decisions)
    later = change.start_at if change.start_at and change.start_at > timezone.now() else None
    return DecisionCard(
        state=change_state(change),
        asks=_asks(policy),
        given=given(policy, standing),
        expires_at=change.expires_at if waits or awaiting else None,
        at_expiry=_at_expiry(change, policy),
        start_at=later,
        held=change.held,
        awaiting=awaiting,
        waits_to_run=waits,
        offered=offered,
        own=_own(standing.verdict_of(actor.user_id)) if awaiting else "",
        approve_label=f"Approve; it starts {utc(later)}" if later else "Approve and run now",
        why_not=reason(why_not_decide, actor, change) if offered else "",
        why_not_reject=reason(why_not_reject, actor, change) if offered else "",
        lines=tuple(line for line in lines if not line.earlier),
        earlier=tuple(line for line in lines if line.earlier),
    )


def decision_line(change: Change, decision: Decision) -> DecisionLine:
    """One decision as the page shows it."""
    verdict = Verdict(decision.verdict)
    return DecisionLine(
        reviewer=decision.reviewer,
        by_rule=decision.by_id is None,
        verdict=State(verdict.label, verdict.tone),
        comment=decision.comment,
        at=decision.at,
        earlier=decision.plan_digest != change.plan_digest,
    )


def given(policy: StagePolicy | None, standing: Standing) -> str:
    """How many have agreed so far, and who."""
    if policy is None or policy.approvals == 0:
        return ""
    given = standing.approvals
    return f"{len(given)} of {policy.approvals}{f', by {names(given)}' if given else ''}"


def _offered(change: Change, policy: StagePolicy | None, decisions: Sequence[Decision]) -> bool:
    """Buttons belong to a change that somebody was asked about, from its first plan until nobody can be late."""
    if change.status == ChangeStatus.PLANNING:
        return bool(decisions)
    asked = bool(decisions) or policy is None or policy.approvals > 0
    return asked and (change.status in OPEN_CHANGES or change.status in _TOO_LATE)


def _asks(policy: StagePolicy | None) -> str:
    """Who has to agree, such as "2 approvals by admins or leads"."""
    if policy is None or policy.approvals == 0:
        return ""
    count = "1 approval" if policy.approvals == 1 else f"{policy.approvals} approvals"
    return f"{count} by {' or '.join(policy.approver_groups)}"


def _at_expiry(change: Change, policy: StagePolicy | None) -> str:
    if policy is not None and policy.on_expiry == PLAN_AGAIN:
        return "Then a new plan is made, and it is asked again."
    if change.status == ChangeStatus.AWAITING_APPROVAL:
        return "If nobody has decided by then, it ends and nothing is altered."
    return "If it has not begun by then, it ends and nothing is altered."


def _own(verdict: str) -> str:
    if not verdict:
        return ""
    return f"You have {Verdict(verdict).label.lower()} this plan. Your newest decision is the one that counts."
