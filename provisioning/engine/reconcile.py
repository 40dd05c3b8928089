"""One tick of a change: claim it, run its playbook from the top, record, release.

Any tick may die anywhere; the next one starts from what the database and AWS say. Steps that are recorded as done
in this attempt are not run again, so a tick costs only the calls of the step it stands at.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.utils import timezone

from provisioning.engine import ending
from provisioning.engine.before_running import UNTIL_IT_RUNS, until_it_runs
from provisioning.engine.claims import MOST_CLAIMS, LeaseLostError, claim_change, release_change
from provisioning.engine.guarded import guarded
from provisioning.engine.loading import NoBlueprintError, work_for
from provisioning.engine.outcome import Cancelled, Done, Outcome, Stop, Wait
from provisioning.engine.playbooks import CLEANUP, PLAYBOOKS, PlaybookStep
from provisioning.engine.reaching import AwsFor, default_aws
from provisioning.engine.setting_aside import set_aside
from provisioning.engine.steps.sealing import ensure_plan_sealed
from provisioning.engine.work import Work
from provisioning.lifecycle import OPEN_CHANGES, ChangeStatus, StepState
from provisioning.models import Change, Event, Step

log = structlog.get_logger(__name__)
CLEANUP_PAUSE = 60.0


@dataclass(frozen=True)
class Tick:
    """What should follow: ring again in so many seconds (None: not by itself), let the observer look at an account."""

    again_in: float | None = None
    look_at: int | None = None


def reconcile(change_id: uuid.UUID, aws_for: AwsFor = default_aws) -> Tick:
    """Bring one change as far as it goes now. Safe to call at any time, any number of times, by anyone."""
    change = claim_change(change_id)
    if change is None:
        return Tick()
    try:
        if change.claims > MOST_CLAIMS:
            set_aside(change)
            return Tick()
        outcome = _run(change, aws_for)
    except LeaseLostError:
        log.warning("lease_lost", change=str(change_id))
        return Tick(again_in=0.0) if release_change(change, timezone.now()) else Tick()
    if outcome is None and change.cleanup and change.status != ChangeStatus.SUPERSEDED:
        outcome = Wait("Tidying up", 0.0)
    return _release(change, outcome)


def _run(change: Change, aws_for: AwsFor) -> Wait | None:
    try:
        work = work_for(change, aws_for)
    except NoBlueprintError as missing:
        if change.status not in OPEN_CHANGES:
            return Wait(f"Tidying up: {missing.problem.sentence}", CLEANUP_PAUSE) if change.cleanup else None
        ending.fail(change, [], missing.problem, replan=True)
        return None
    if change.cleanup:
        return _clean_up(work) if change.status != ChangeStatus.SUPERSEDED else None
    rows = {row.name: row for row in change.steps.all()}
    playbook = PLAYBOOKS[change.kind]
    sealed_now = change.status == ChangeStatus.PLANNING and not _is_done(rows, ensure_plan_sealed.__name__)
    if change.status == ChangeStatus.PLANNING:
        waiting = _walk(work, playbook.planning, rows)
        if waiting is not None or change.status != ChangeStatus.PLANNING:
            return waiting
        ending.planned(work)
    if change.status in UNTIL_IT_RUNS:
        waiting = until_it_runs(work, sealed_now=sealed_now)
        if waiting is not None or change.status != ChangeStatus.QUEUED:
            return waiting
        ending.started(work)
    if change.status == ChangeStatus.RUNNING:
        waiting = _walk(work, playbook.running, rows, first=len(playbook.planning))
        if waiting is not None or change.status != ChangeStatus.RUNNING:
            return waiting
        ending.succeeded(work)
    return None


def _clean_up(work: Work) -> Wait | None:
    """Remove what a change that will not run left in AWS. A refusal does not end it: it is tried again later."""
    for step in CLEANUP:
        outcome = guarded(work, step)
        if isinstance(outcome, Stop):
            return Wait(f"Tidying up: {outcome.problem.sentence}", CLEANUP_PAUSE)
        if isinstance(outcome, Wait):
            return outcome
    ending.cleaned(work)
    return Wait("Planning again", 0.0) if work.change.status == ChangeStatus.PLANNING else None


def _walk(work: Work, steps: Iterable[PlaybookStep], rows: dict[str, Step], *, first: int = 0) -> Wait | None:
    """Run steps in order until one waits or stops; None when all are done or the change ended. `rows` are those of
    the steps that were begun, by name."""
    for position, step in enumerate(steps, first):
        if _is_done(rows, step.name):
            continue
        row = rows.setdefault(step.name, Step(change=work.change, name=step.name, state=StepState.PENDING))
        outcome = guarded(work, step)
        row.position = position
        _record(work, step, row, outcome)
        if isinstance(outcome, Wait):
            return outcome
        if isinstance(outcome, Stop):
            ending.fail(work.change, list(work.every_part()), outcome.problem, replan=outcome.replan)
            return None
        if isinstance(outcome, Cancelled):
            ending.cancelled(work, outcome.sentence)
            return None
    return None


def _is_done(rows: Mapping[str, Step], name: str) -> bool:
    return name in rows and rows[name].state in {StepState.DONE, StepState.SKIPPED}


def _record(work: Work, step: PlaybookStep, row: Step, outcome: Outcome) -> None:
    """Write what the step found, in one short transaction, while the lease holds."""
    state, note = _state(outcome)
    change, now = work.change, timezone.now()
    with work.recording():
        if row.state != state and not (isinstance(outcome, Done) and outcome.skipped):
            Event.objects.create(change=change, at=now, logical_id=step.label, status=f"step_{state}", reason=note)
        row.note, row.state = note, state
        row.started_at = row.started_at or now
        row.finished_at = None if isinstance(outcome, Wait) else now
        row.save()
        for operation in work.every_part():
            work.save(operation)
        change.waiting_for = note[:300] if isinstance(outcome, Wait) else ""
        work.write(change, ["findings", "plan", "plan_digest", "tries", "served", "waiting_for"])
        if change.plan is not None and work.cost is not None:
            work.write(change.environment, ["monthly_cost"])


def _state(outcome: Outcome) -> tuple[StepState, str]:
    if isinstance(outcome, Wait):
        return StepState.WAITING, outcome.reason
    if isinstance(outcome, Stop):
        return StepState.FAILED, outcome.problem.sentence
    if isinstance(outcome, Cancelled):
        return StepState.CANCELLED, outcome.sentence
    return (StepState.SKIPPED if outcome.skipped else StepState.DONE), outcome.note


def _release(change: Change, waiting: Wait | None) -> Tick:
    due = None if waiting is None else timezone.now() + timedelta(seconds=waiting.again_in)
    rang = release_change(change, due)
    if rang:
        return Tick(again_in=0.0, look_at=_look(change, waiting))
    return Tick(again_in=waiting.again_in if waiting else None, look_at=_look(change, waiting))


def _look(change: Change, waiting: Wait | None) -> int | None:
    return change.environment.account_id if waiting is not None and waiting.look else None
