"""Deciding about a planned change, taking it back, and trying again."""

from django.db import transaction
from django.utils import timezone

from provisioning.actions.actor import Actor, audit, require_change_right
from provisioning.actions.refusals import Refusal
from provisioning.blueprints.loader import library
from provisioning.blueprints.model import StagePolicy
from provisioning.lifecycle import (
    CANCELLABLE_CHANGES,
    UNDER_REVIEW,
    ChangeKind,
    ChangeStatus,
    EnvironmentStatus,
    StepState,
    Verdict,
    move,
    set_environment_status,
)
from provisioning.models import Change, Decision, Operation, Stack
from provisioning.tasks import ring


def policy_of(change: Change) -> StagePolicy:
    """The policy of the change's stage. Raises Refusal when its blueprint is gone."""
    blueprint = library().blueprints.get(change.environment.application)
    if blueprint is None:
        raise Refusal("The blueprint of this application cannot be read any more. Ask an admin.", "no-application")
    return blueprint.stages[change.environment.stage]


def why_not_decide(actor: Actor, change: Change) -> str:
    """Why this person cannot decide about this change now; empty when they can. Never the requester."""
    if change.status != ChangeStatus.AWAITING_APPROVAL:
        return f"This change is {ChangeStatus(change.status).label.lower()}; there is nothing to decide."
    if change.requested_by_id == actor.user_id:
        return "You asked for this change, so somebody else decides."
    groups = policy_of(change).approver_groups
    if not actor.in_any(groups):
        return f"Only {' or '.join(groups)} decide about {change.environment.stage}."
    return ""


def do_approve(actor: Actor, change: Change, *, digest: str, comment: str = "") -> Change:
    """Approve the plan with this digest, and let it run. Raises Refusal; a lost race says who decided."""
    with transaction.atomic():
        locked = _locked(change)
        _guard(actor, locked)
        if digest != locked.plan_digest:
            raise Refusal("The plan is not the one you looked at. Read it again, then decide.", "plan-moved")
        _decide(actor, locked, Verdict.APPROVED, comment)
        audit(
            actor,
            "approve",
            f"Approved: {ChangeKind(locked.kind).label} {locked.environment}",
            environment=locked.environment,
            change=locked,
            reason=comment,
            detail={"plan": digest},
        )
        approvals = locked.decisions.filter(plan_digest=digest, verdict=Verdict.APPROVED).count()
        if approvals >= policy_of(locked).approvals:
            move(locked, ChangeStatus.QUEUED)
            _ring(locked)
        locked.save()
    return locked


def do_reject(actor: Actor, change: Change, *, comment: str) -> Change:
    """Reject the plan; it will not run. Needs a reason. Raises Refusal."""
    if not comment.strip():
        raise Refusal("Say why, so that the requester can act on it.", "no-reason", fields={"comment": "Say why."})
    with transaction.atomic():
        locked = _locked(change)
        _guard(actor, locked)
        _decide(actor, locked, Verdict.REJECTED, comment)
        _end(locked, ChangeStatus.REJECTED)
        audit(
            actor,
            "reject",
            f"Rejected: {ChangeKind(locked.kind).label} {locked.environment}",
            environment=locked.environment,
            change=locked,
            reason=comment,
        )
    return locked


def do_cancel(actor: Actor, change: Change) -> Change:
    """Take a change back before it alters anything. Raises Refusal once it runs."""
    require_change_right(actor, change.environment)
    with transaction.atomic():
        locked = _locked(change)
        if locked.status not in CANCELLABLE_CHANGES:
            raise Refusal(
                f"This change is {ChangeStatus(locked.status).label.lower()}; it cannot be taken back any more.",
                "too-late",
            )
        _end(locked, ChangeStatus.CANCELLED)
        audit(
            actor,
            "cancel",
            f"Cancelled: {ChangeKind(locked.kind).label} {locked.environment}",
            environment=locked.environment,
            change=locked,
        )
    return locked


def do_retry(actor: Actor, change: Change) -> Change:
    """Try a failed change again from where it stopped; what was done stays done. Raises Refusal."""
    require_change_right(actor, change.environment)
    with transaction.atomic():
        locked = _locked(change)
        if locked.status != ChangeStatus.FAILED:
            raise Refusal("Only a failed change can be tried again.", "not-failed")
        if locked.cleanup:
            raise Refusal("Stackyard is still tidying up after the failure. Try again in a moment.", "tidying")
        newer = Change.objects.filter(environment=locked.environment, requested_at__gt=locked.requested_at)
        if newer.exists():
            raise Refusal("A newer change of this environment exists; this one is history.", "newer-change")
        _start_again(locked)
        audit(
            actor,
            "retry",
            f"Tried again: {ChangeKind(locked.kind).label} {locked.environment}",
            environment=locked.environment,
            change=locked,
            detail={"attempt": locked.attempt},
        )
    return locked


def _locked(change: Change) -> Change:
    return Change.objects.select_for_update(of=("self",)).select_related("environment__owner").get(pk=change.pk)


def _guard(actor: Actor, change: Change) -> None:
    last = change.decisions.select_related("by").last()
    if last is not None and change.status != ChangeStatus.AWAITING_APPROVAL and not _was_taken_back(change):
        raise Refusal(f"{last.reviewer} has {Verdict(last.verdict).label.lower()} this already.", "decided")
    why = why_not_decide(actor, change)
    if why:
        raise Refusal(why, "not-yours-to-decide", forbidden=change.status == ChangeStatus.AWAITING_APPROVAL)


def _was_taken_back(change: Change) -> bool:
    return change.status in {ChangeStatus.CANCELLED, ChangeStatus.EXPIRED, ChangeStatus.SUPERSEDED}


def _decide(actor: Actor, change: Change, verdict: Verdict, comment: str) -> None:
    Decision.objects.update_or_create(
        change=change,
        plan_digest=change.plan_digest,
        by_id=actor.user_id,
        defaults={"verdict": verdict, "comment": comment, "at": timezone.now()},
    )


def _end(change: Change, to: ChangeStatus) -> None:
    """Close without running: what the plan left in AWS is removed before the stacks are free (S7)."""
    move(change, to)
    change.secrets, change.waiting_for = "", ""
    change.cleanup = True
    _ring(change)
    change.save()
    environment = change.environment
    if environment.status == EnvironmentStatus.REQUESTED:
        set_environment_status(environment, EnvironmentStatus.REMOVED)


def _ring(change: Change) -> None:
    change.wakes += 1
    change.next_check_at = timezone.now()
    ring(change.pk)


def _start_again(change: Change) -> None:
    replan = (change.problem or {}).get("replan", True)
    failed_steps = change.steps.exclude(state__in=[StepState.DONE, StepState.SKIPPED])
    if replan:
        failed_steps = change.steps.all()
        change.operations.update(
            action="", changes=None, read_from="", change_set_id="", token="",
            called_at=None, finished_at=None, result="", next_events_at=None,
        )  # fmt: skip
        change.attempt, change.plan, change.plan_digest, change.findings = change.attempt + 1, None, "", []
    failed_steps.delete()
    Operation.objects.filter(change=change).update(is_open=True)
    Stack.objects.filter(operations__change=change, status=UNDER_REVIEW).update(status="")
    move(change, ChangeStatus.PLANNING if replan else ChangeStatus.QUEUED)
    change.problem = None
    change.tries = 0
    _ring(change)
    change.save()
