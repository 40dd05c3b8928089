"""Deciding about a planned change: approving, rejecting, sending back. Decisions are added, never overwritten; of each
person the newest one about the plan counts."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from django.db import transaction
from django.utils import timezone

from provisioning.actions.actor import Actor, audit
from provisioning.actions.changing import clock, end, is_expired, locked, require_start, waits_to_run, wake, what, word
from provisioning.actions.refusals import Refusal
from provisioning.blueprints.loader import library
from provisioning.blueprints.model import StagePolicy
from provisioning.lifecycle import ChangeStatus, Verdict, move
from provisioning.models import Change, Decision
from provisioning.planning.policy import latest_start, needed

Run = Literal["now", "later"]
_WITHOUT_DECISION = frozenset({ChangeStatus.CANCELLED, ChangeStatus.SUPERSEDED})


def policy_of(change: Change) -> StagePolicy:
    """What is asked for this change. Raises Refusal when its blueprint is gone."""
    blueprint = library().blueprints.get(change.environment.application)
    if blueprint is None:
        raise Refusal("The blueprint of this application cannot be read any more. Ask an admin.", "no-application")
    return needed(blueprint.stages[change.environment.stage], change.kind, change.goal)


def standing(change: Change) -> list[Decision]:
    """The decisions about the plan as it stands that count: the newest of each person or rule, oldest first."""
    return newest(change.decisions.filter(plan_digest=change.plan_digest).select_related("by"))


def newest(decisions: Iterable[Decision]) -> list[Decision]:
    """Of decisions about one plan, in the order they were made, the newest of each person or rule, oldest first."""
    found: dict[tuple[int | None, str], Decision] = {}
    for decision in decisions:
        found.pop((decision.by_id, decision.rule), None)
        found[decision.by_id, decision.rule] = decision
    return list(found.values())


def approvals(change: Change) -> list[Decision]:
    """The approvals of the plan that count, oldest first. The requester's never does, whatever the role."""
    return [
        decision
        for decision in standing(change)
        if decision.verdict == Verdict.APPROVED and decision.by_id != change.requested_by_id
    ]


def is_asked(actor: Actor, change: Change) -> bool:
    """Whether the change waits for this person: they may decide, have not approved it yet, and it is nobody's turn
    but the approvers'."""
    if change.sent_back or _obstacle(actor, change):
        return False
    return actor.user_id not in {decision.by_id for decision in approvals(change)}


def why_not_decide(actor: Actor, change: Change) -> str:
    """Why this person cannot approve or send back the change now, as the verbs would say; empty when they can."""
    refusal = _obstacle(actor, change)
    return refusal.sentence if refusal else ""


def why_not_reject(actor: Actor, change: Change) -> str:
    """Why this person cannot reject the change now: unlike the rest, that goes on while it waits to run."""
    refusal = _obstacle(actor, change, rejects=True)
    return refusal.sentence if refusal else ""


def do_approve(
    actor: Actor, change: Change, *, digest: str, comment: str = "", run: Run = "now", start_at: datetime | None = None
) -> Change:
    """Approve the plan with this digest. The last approval that is needed says when it runs: now, later (when
    somebody says so) or not before `start_at`; a start that the requester asked for stays, unless another is chosen.

    Saying it twice changes nothing and writes nothing. Raises Refusal; a lost race says who decided.
    """
    if start_at is not None:
        require_start(start_at)
    with transaction.atomic():
        found = locked(change)
        _guard(actor, found)
        if digest != found.plan_digest:
            raise Refusal("The plan moved: it is not the one you looked at. Read it again, then decide.", "plan-moved")
        enough = policy_of(found).approvals
        known = approvals(found)
        if actor.user_id in {decision.by_id for decision in known} and len(known) < enough:
            return found
        _decide(actor, found, Verdict.APPROVED, comment)
        audit(
            actor,
            "approve",
            f"Approved: {what(found)}",
            environment=found.environment,
            change=found,
            reason=comment,
            detail={"plan": digest},
        )
        if len(approvals(found)) >= enough and not found.sent_back:
            _queue(found, run, start_at)
        found.save()
    return found


def do_reject(actor: Actor, change: Change, *, comment: str) -> Change:
    """Reject the plan; it will not run, not even when it was approved for later. Needs a reason. Raises Refusal."""
    _need(comment, "Say why, so that the requester can act on it.")
    with transaction.atomic():
        found = locked(change)
        _guard(actor, found, rejects=True)
        _decide(actor, found, Verdict.REJECTED, comment)
        end(found, ChangeStatus.REJECTED)
        audit(
            actor,
            "reject",
            f"Rejected: {what(found)}",
            environment=found.environment,
            change=found,
            reason=comment,
            detail={"plan": found.plan_digest},
        )
    return found


def do_send_back(actor: Actor, change: Change, *, comment: str) -> Change:
    """Ask the requester for something else; the plan stays, and this person may decide about it after all.

    Needs a comment. Raises Refusal.
    """
    _need(comment, "Say what should be different, so that the requester can act on it.")
    with transaction.atomic():
        found = locked(change)
        _guard(actor, found)
        _decide(actor, found, Verdict.SENT_BACK, comment)
        audit(
            actor,
            "send_back",
            f"Sent back: {what(found)}",
            environment=found.environment,
            change=found,
            reason=comment,
            detail={"plan": found.plan_digest},
        )
        found.save()
    return found


def _need(comment: str, sentence: str) -> None:
    if not comment.strip():
        raise Refusal(sentence, "no-reason", fields={"comment": "Say why."})


def _guard(actor: Actor, change: Change, *, rejects: bool = False) -> None:
    refusal = _obstacle(actor, change, rejects=rejects)
    if refusal:
        raise refusal


def _obstacle(actor: Actor, change: Change, *, rejects: bool = False) -> Refusal | None:
    """What keeps this person from deciding: the change's state first, then who they are, then the plan's age."""
    if change.status != ChangeStatus.AWAITING_APPROVAL and not (rejects and waits_to_run(change)):
        return _over(change)
    if change.requested_by_id == actor.user_id:
        sentence = "You asked for this change, so somebody else decides."
        return Refusal(sentence, "not-yours-to-decide", forbidden=True)
    groups = policy_of(change).approver_groups
    if not actor.in_any(groups):
        return Refusal(_only(groups, change), "not-yours-to-decide", forbidden=True)
    if is_expired(change):
        return expired(change)
    return _sent_back(actor, change) if change.sent_back else None


def _only(groups: tuple[str, ...], change: Change) -> str:
    if not groups:
        return f"Nobody decides about {change.environment.stage} by its policy. Ask an admin to look at it."
    return f"Only {' or '.join(groups)} decide about {change.environment.stage}."


def expired(change: Change) -> Refusal:
    """What to say once the change's time is over. Raises ValueError for one that has no such time."""
    if change.expires_at is None:
        raise ValueError(f"{change} does not expire")
    late = "nobody ran it in time" if change.held or waits_to_run(change) else "nobody decided in time"
    return Refusal(f"Expired {clock(change.expires_at)}: {late}.", "too-old")


def _over(change: Change) -> Refusal:
    """What has become of a change that waits for no decision, and by whom."""
    if change.status == ChangeStatus.EXPIRED and change.expires_at is not None:
        return expired(change)
    if change.status == ChangeStatus.PLANNING and change.plans.exclude(void_because="").exists():
        return Refusal("The plan moved: a new one is being made. Read that, then decide.", "plan-moved")
    decisions = [] if change.status in _WITHOUT_DECISION else standing(change)
    if not decisions or change.status == ChangeStatus.PLANNING:
        return Refusal(f"This change is {word(change)}; there is nothing to decide.", "nothing-to-decide")
    last = decisions[-1]
    return Refusal(f"{last.reviewer} has {Verdict(last.verdict).label.lower()} this already.", "decided")


def _sent_back(actor: Actor, change: Change) -> Refusal | None:
    """Who sent it back may decide after all; for everybody else it is the requester's turn."""
    by = {decision.by_id: decision for decision in standing(change) if decision.verdict == Verdict.SENT_BACK}
    if not by or actor.user_id in by:
        return None
    who = " and ".join(decision.reviewer for decision in by.values())
    return Refusal(f"{who} sent this back: it is {change.requested_by.get_username()}'s turn.", "sent-back")


def _decide(actor: Actor, change: Change, verdict: Verdict, comment: str) -> None:
    """Add the decision; the change stays sent back as long as it is so for somebody."""
    Decision.objects.create(
        change=change,
        plan_digest=change.plan_digest,
        by_id=actor.user_id,
        verdict=verdict,
        comment=comment,
        at=timezone.now(),
    )
    change.sent_back = any(decision.verdict == Verdict.SENT_BACK for decision in standing(change))


def _queue(change: Change, run: Run, start_at: datetime | None) -> None:
    """Approved: it runs now, when somebody says so, or from a given time on."""
    asked = change.start_at if change.start_at and change.start_at > timezone.now() else None
    move(change, ChangeStatus.QUEUED)
    change.held = run == "later" and start_at is None
    change.start_at = None if change.held else start_at or asked
    if not change.held:
        change.expires_at = latest_start(change.start_at) if change.start_at else None
    wake(change)
