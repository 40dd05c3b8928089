"""The turns of a change's status that the engine makes, each with its audit entry, in one transaction each."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from provisioning.engine.claims import LeaseLostError, hold
from provisioning.engine.outcome import Problem
from provisioning.engine.starting_over import start_over
from provisioning.engine.steps import items, parameters
from provisioning.engine.surveying import survey_soon
from provisioning.engine.work import Work
from provisioning.lifecycle import (
    BESIDE_STACKS,
    CANCEL_LATE,
    UNDER_REVIEW,
    ChangeKind,
    ChangeStatus,
    EnvironmentStatus,
    StackKind,
    Verdict,
    move,
    set_environment_status,
    stack_status,
)
from provisioning.models import AuditEntry, Change, Decision, Environment, Event, Operation, Stack
from provisioning.planning.policy import approving_rule, latest_start, needed

PLAN_MOVED, EXPIRE, PLAN_AGAIN = "plan_moved", "expire", "plan_again"
MOST_MOVES = 5
_AFTER_THE_STACKS = frozenset(
    {
        ChangeKind.DELETE_DATA_STACK,
        ChangeKind.DELETE_DATA,
        ChangeKind.UNPROTECT,
        ChangeKind.PROTECT,
        ChangeKind.ADOPT,
        ChangeKind.RECOVER,
    }
)
_TABLES_CHANGE_HANDS = frozenset(
    {ChangeKind.DELETE_DATA_STACK, ChangeKind.DELETE_DATA, ChangeKind.ADOPT, ChangeKind.RECOVER}
)
NOTHING_SENT = "none"  # CloudFormation itself found nothing to change, or nothing is there any more
NOTHING = "Nothing to change: everything is already as asked."


def planned(work: Work) -> None:
    """After planning: nothing to do, somebody to ask, a rule that approves in nobody's stead, or straight on."""
    change, now = work.change, timezone.now()
    asked = needed(work.policy, change.kind, change.goal)
    change.held = change.sent_back = False
    rule = approving_rule(work.policy, change.kind, change.plan or {}) if asked.approvals > 0 else None
    if not any(operation.changes for operation in work.every_part()) and not _has_work(change):
        change.waiting_for = NOTHING
        _turn(work, ChangeStatus.SUCCEEDED, NOTHING)
    elif asked.approvals > 0 and rule is None:
        change.expires_at = now + timedelta(hours=asked.expires_hours)
        _turn(work, ChangeStatus.AWAITING_APPROVAL, f"{_what(change)}: planned, waits for approval")
    else:
        scheduled = change.start_at is not None and change.start_at > now
        change.start_at = change.start_at if scheduled else None
        change.expires_at = latest_start(change.start_at) if change.start_at else None
        if rule is not None:
            _approved(work, rule.name)
        else:
            _turn(work, ChangeStatus.QUEUED, f"{_what(change)}: planned, no approval asked at {asked.stage}")


def _approved(work: Work, rule: str) -> None:
    """A rule of the stage approves; its name stands where a person's would."""
    change = work.change
    with transaction.atomic():
        _turn(work, ChangeStatus.QUEUED, f"{_what(change)}: planned, approved by the rule “{rule}”")
        Decision.objects.create(
            change=change,
            plan_digest=change.plan_digest,
            rule=rule,
            verdict=Verdict.APPROVED,
            at=timezone.now(),
        )


def moved(work: Work, why: str) -> None:
    """What an approved plan rests on is no longer so: the approval is void, and a new plan is made and asked about.
    A plan that moves again and again ends the change, so that a person looks at what keeps moving."""
    change = work.change
    with transaction.atomic():
        _hold_still(change)
        _void(change, why)
        _audit(change, PLAN_MOVED, f"{_what(change)}: the plan moved, {why}")
        if AuditEntry.objects.filter(change=change, verb=PLAN_MOVED).count() % MOST_MOVES:
            _plan_again(change, f"The plan moved: {why}")
            return
        problem = Problem(
            f"The plan moved {MOST_MOVES} times before it could run; the last time {why}.",
            "an administrator",
            "Find out what keeps changing this stack outside Stackyard, then retry.",
            code=PLAN_MOVED,
        )
        fail(change, list(work.every_part()), problem, replan=True)


def expired(work: Work) -> None:
    """Nobody decided, or nobody ran it, in time: the change ends, or is planned again, as the stage's policy says."""
    change = work.change
    decided = change.status == ChangeStatus.QUEUED
    why = f"it expired before {'it was run' if decided else 'enough people had decided'}"
    with transaction.atomic():
        _hold_still(change)
        _void(change, why)
        if work.policy.on_expiry == PLAN_AGAIN:
            _audit(change, EXPIRE, f"{_what(change)}: {why}, and is planned again")
            change.start_at = None
            _plan_again(change, f"Planned again: {why}")
            return
        _audit(change, EXPIRE, f"{_what(change)}: {why}")
        move(change, ChangeStatus.EXPIRED)
        change.secrets, change.waiting_for, change.cleanup = "", "", True
        _save(change)
        if change.environment.status == EnvironmentStatus.REQUESTED:
            set_environment_status(change.environment, EnvironmentStatus.REMOVED)


def _hold_still(change: Change) -> None:
    """Hold the change, and make sure that nobody has said meanwhile when it should run. Raises LeaseLostError."""
    hold(change)
    if not Change.objects.filter(
        pk=change.pk, held=change.held, start_at=change.start_at, expires_at=change.expires_at
    ).exists():
        raise LeaseLostError(str(change.pk))


def _void(change: Change, why: str) -> None:
    change.plans.filter(void_because="").update(void_because=why)


def _plan_again(change: Change, why: str) -> None:
    """Back to planning. What the old plan left in AWS is removed first; `cleaned` then starts over."""
    move(change, ChangeStatus.PLANNING)
    change.cleanup, change.plan, change.plan_digest = True, None, ""
    change.waiting_for, change.tries = why[:300], 0
    change.held = change.sent_back = False
    change.expires_at = None
    _save(change)
    change.save(update_fields=["plan", "plan_digest", "tries"])


def started(work: Work) -> None:
    """The engine begins to alter AWS."""
    with transaction.atomic():
        hold(work.change)
        move(work.change, ChangeStatus.RUNNING)
        work.change.save(update_fields=["status", "started_at", "finished_at"])
        _say(work.change, EnvironmentStatus.BUSY)


def succeeded(work: Work) -> None:
    """Every step is done. Where tables changed hands, the lists of them are due again."""
    if work.change.kind in _TABLES_CHANGE_HANDS or any(operation.imports for operation in work.every_part()):
        survey_soon(work.change.environment.account_id)
    _turn(work, ChangeStatus.SUCCEEDED, f"{_what(work.change)}: done")


def fail(change: Change, operations: Sequence[Operation], problem: Problem, *, replan: bool) -> None:
    """A step stopped: keep the problem on the change, free the stacks, say what there is now."""
    with transaction.atomic():
        hold(change)
        change.problem = {**problem.as_dict(), "replan": replan}
        move(change, ChangeStatus.FAILED)
        change.cleanup = replan and _left_behind(change, operations)
        _no_wish(change)
        _save(change)
        _close(change)
        _say(change, resting_status(change))
        _audit(change, "fail", f"{_what(change)}: failed. {problem.sentence}")


def _left_behind(change: Change, operations: Iterable[Operation]) -> bool:
    """Whether change sets that were never executed are to be removed before the stacks are free again (S7, C6)."""
    if change.goal.get("job"):
        return True  # what was held for it ends with it
    planned = (one for one in operations if one.called_at is None)
    return any(
        bool(change.supersedes_id) or one.change_set_id or one.action not in {"", "delete", "none"} for one in planned
    )


def _no_wish(change: Change) -> None:
    """Nobody waits for this change to be cancelled any more."""
    change.cancel_asked_at = change.cancel_asked_by = None
    change.save(update_fields=["cancel_asked_at", "cancel_asked_by"])


def cancelled(work: Work, sentence: str) -> None:
    """A person wanted what ran to be cancelled, and it is: `sentence` says what was undone and what stays."""
    change = work.change
    with transaction.atomic():
        hold(change)
        move(change, ChangeStatus.CANCELLED)
        change.secrets, change.waiting_for = "", sentence[:300]
        change.cleanup = _left_behind(change, work.every_part())
        _save(change)
        _close(change)
        there = resting_status(change)
        nothing = there == EnvironmentStatus.REQUESTED
        _say(change, EnvironmentStatus.REMOVED if nothing else there)
        _audit(change, str(ChangeStatus.CANCELLED), f"{_what(change)}: {sentence}")


def cancel_late(work: Work, why: str) -> None:
    """The wish to cancel could not be met any more: it is answered in the change's story, and the change goes on."""
    change, now = work.change, timezone.now()
    sentence = f"Cancelling came too late: {why}. The change goes on."
    with transaction.atomic():
        hold(change)
        _no_wish(change)
        Event.objects.create(change=change, at=now, logical_id="Cancel", status=CANCEL_LATE, reason=sentence)
        _audit(change, CANCEL_LATE, f"{_what(change)}: {sentence}")


def cleaned(work: Work) -> None:
    """What the plan left in AWS is gone: the stacks are free for another change, or for this one's next plan."""
    change = work.change
    with transaction.atomic():
        hold(change)
        change.cleanup = False
        if change.status == ChangeStatus.PLANNING:
            start_over(change, "it was planned again")
            change.save(update_fields=["attempt", "plan", "plan_digest", "findings"])
        _save(change)
        _close(change)


def _turn(work: Work, to: ChangeStatus, summary: str) -> None:
    change = work.change
    with transaction.atomic():
        hold(change)
        move(change, to)
        if change.finished_at is not None:
            change.secrets = ""
        _save(change)
        _close(change)
        if to is ChangeStatus.SUCCEEDED:
            _as_asked(change)
        if change.finished_at is not None:
            _say(change, resting_status(change))
        _audit(change, str(to), summary)


def _has_work(change: Change) -> bool:
    return items.has_work(change) or parameters.has_work(change)


def _say(change: Change, status: EnvironmentStatus) -> None:
    """Write what there is of the environment now: a change beside stacks says nothing of it."""
    if change.kind not in BESIDE_STACKS:
        set_environment_status(change.environment, status)


def _as_asked(change: Change) -> None:
    """The stacks that this change sent something to are as somebody here asked: no mark of an outsider stays."""
    sent = Q(operations__finished_at__isnull=False) | Q(operations__action=NOTHING_SENT)
    Stack.objects.filter(sent, operations__change=change).exclude(outside="").update(outside="", outside_at=None)


def _save(change: Change) -> None:
    change.save(
        update_fields=[
            *("status", "problem", "cleanup", "started_at", "finished_at", "secrets", "waiting_for"),
            *("expires_at", "start_at", "held", "sent_back"),
        ]
    )


def _close(change: Change) -> None:
    if change.finished_at is not None and not change.cleanup:
        change.operations.update(is_open=False)


def _what(change: Change) -> str:
    return f"{ChangeKind(change.kind).label} {change.environment}"


def _audit(change: Change, verb: str, summary: str) -> None:
    AuditEntry.objects.create(
        at=timezone.now(),
        verb=verb,
        environment=change.environment,
        change=change,
        summary=summary[:300],
        detail={"attempt": change.attempt},
    )


def resting_status(change: Change) -> EnvironmentStatus:
    """What there is of the environment, from its stacks (S5: a failed update can leave a healthy environment)."""
    stacks = {StackKind(stack.kind): stack for stack in Stack.objects.filter(environment=change.environment)}
    data = stack_status(stacks[StackKind.DATA].status)
    compute = stack_status(stacks[StackKind.COMPUTE].status)
    failed = change.status == ChangeStatus.FAILED
    if failed and change.kind in {ChangeKind.CREATE, ChangeKind.WAKE}:
        return EnvironmentStatus.ATTENTION
    if not all(status.live or status.gone or status.name == UNDER_REVIEW for status in (data, compute)):
        return EnvironmentStatus.ATTENTION
    if data.live and compute.live:
        return EnvironmentStatus.READY
    if data.live:
        return without_compute(change.environment)
    if compute.live:
        return EnvironmentStatus.ATTENTION
    return EnvironmentStatus.REMOVED if change.kind in _AFTER_THE_STACKS else EnvironmentStatus.REQUESTED


def without_compute(environment: Environment) -> EnvironmentStatus:
    """What an environment is whose data stack is there alone: the newest change that took its compute away says
    whether it was parked; so does a way out that brought such a change to its end."""
    kinds = [ChangeKind.PARK, ChangeKind.DELETE_COMPUTE]
    taken = Change.objects.filter(
        Q(kind__in=kinds) | Q(kind=ChangeKind.RECOVER, goal__finishes__in=kinds),
        environment=environment,
        status=ChangeStatus.SUCCEEDED,
    ).order_by("-finished_at")
    newest = taken.first()
    parked = newest is not None and ChangeKind.PARK in {newest.kind, newest.goal.get("finishes")}
    return EnvironmentStatus.PARKED if parked else EnvironmentStatus.DATA_ONLY
