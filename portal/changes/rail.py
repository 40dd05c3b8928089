"""The rail of a change: every stop of its playbook with how far it is and how long it took."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.changes.ends import utc
from portal.changes.standing import Standing, names, standing_of
from provisioning.actions.changing import waits_to_run
from provisioning.blueprints.model import StagePolicy
from provisioning.engine.playbooks import APPROVE, PLAN, PLAYBOOKS
from provisioning.lifecycle import MOVING_CHANGES, OPEN_CHANGES, ChangeStatus, StepState
from provisioning.models import Change, Decision, Step

COMPLETE = frozenset({StepState.DONE, StepState.SKIPPED})
NOT_REACHED = "Not reached"


@dataclass(frozen=True)
class Stop:
    """One stop: `state` is a word of pieces/rail.html, `elapsed` and `usual` are seconds."""

    label: str
    state: str
    elapsed: int | None = None
    usual: int | None = None
    note: str = ""


@dataclass(frozen=True)
class Record:
    """What is kept of a change's way so far. `policy` is None when its blueprint cannot be read any more."""

    change: Change
    steps: Sequence[Step]
    decisions: Sequence[Decision]
    policy: StagePolicy | None


def rail(record: Record, *, now: datetime, usual: Mapping[str, int] | None = None) -> tuple[Stop, ...]:
    """All stops in order. `usual` maps a stop to the seconds it takes on most days."""
    change, playbook = record.change, PLAYBOOKS[record.change.kind]
    rows = {step.name: step for step in record.steps}
    stops: list[Stop] = []
    for label in playbook.stops:
        if label == APPROVE:
            stops.append(_approval(record, rows.get(playbook.planning[-1].name), now))
            continue
        steps = playbook.planning if label == PLAN else playbook.running
        names = [step.name for step in steps if step.stop == label]
        here = _phase(change) == (label == PLAN) and not any(_unfinished(stop) for stop in stops)
        found = [rows[name] for name in names if name in rows]
        expected = (usual or {}).get(label)
        stops.append(_worked(change, label, found, len(names), here=here, now=now, usual=expected))
    return tuple(stops)


def _phase(change: Change) -> bool | None:
    """True while planning, False while running, None when nothing moves."""
    if change.status not in MOVING_CHANGES or waits_to_run(change):
        return None
    return change.status == ChangeStatus.PLANNING


def _unfinished(stop: Stop) -> bool:
    return stop.label != APPROVE and stop.state not in {"done", "skipped"}


def _worked(
    change: Change, label: str, found: Sequence[Step], planned: int, *, here: bool, now: datetime, usual: int | None
) -> Stop:
    states = {step.state for step in found}
    elapsed = _elapsed(change, label, found, now if here else None)
    if StepState.FAILED in states:
        return Stop(label, "failed", elapsed)
    if StepState.CANCELLED in states:
        return Stop(label, "skipped", elapsed, note="Cancelled")
    if len(found) == planned and states <= COMPLETE:
        if states == {StepState.SKIPPED}:
            return Stop(label, "skipped", note="Not needed")
        return Stop(label, "done", elapsed, usual)
    if here:
        return Stop(label, "waiting" if change.tries else "running", elapsed, usual)
    if change.status == ChangeStatus.SUCCEEDED:
        return Stop(label, "skipped", note="Nothing to do")
    ended = change.status not in OPEN_CHANGES
    return Stop(label, "pending", usual=None if ended else usual, note=NOT_REACHED if ended else "")


def _elapsed(change: Change, label: str, found: Sequence[Step], now: datetime | None) -> int | None:
    """Seconds from the first step's start to the last one's end, or until now."""
    starts = [step.started_at for step in found if step.started_at]
    if label == PLAN and change.attempt == 1:
        starts.append(change.requested_at)
    ends = [step.finished_at for step in found if step.finished_at]
    end = now or max(ends, default=None)
    return _seconds(min(starts), end) if starts and end else None


def _seconds(start: datetime, end: datetime) -> int:
    return max(0, round((end - start).total_seconds()))


def _approval(record: Record, sealed: Step | None, now: datetime) -> Stop:
    change, policy = record.change, record.policy
    standing = standing_of(change, record.decisions)
    asked_at = sealed.finished_at if sealed else None
    if change.status == ChangeStatus.AWAITING_APPROVAL:
        elapsed = _seconds(asked_at, now) if asked_at else None
        return Stop(APPROVE, "waiting", elapsed, note=_asked(policy, standing))
    if change.status == ChangeStatus.EXPIRED:
        return Stop(
            APPROVE, "skipped", note="Nobody ran it in time" if standing.approvals else "Nobody decided in time"
        )
    if change.status == ChangeStatus.SUPERSEDED:
        return Stop(APPROVE, "skipped", note="Overtaken by another change")
    if standing.decisions and change.plan_digest:
        return _decided(change, standing, asked_at)
    if policy is not None and policy.approvals == 0:
        return Stop(APPROVE, "skipped", note=f"Not asked at {policy.stage}")
    if change.status == ChangeStatus.SUCCEEDED:
        return Stop(APPROVE, "skipped", note="Nothing to decide")
    ended = change.status not in OPEN_CHANGES
    return Stop(APPROVE, "pending", note=NOT_REACHED if ended else _asked(policy, standing))


def _decided(change: Change, standing: Standing, asked_at: datetime | None) -> Stop:
    elapsed = _seconds(asked_at, standing.decisions[-1].at) if asked_at else None
    if standing.rejection:
        return Stop(APPROVE, "failed", elapsed, note=f"Rejected by {names([standing.rejection])}")
    by = f"By {names(standing.approvals or standing.decisions)}"
    if not waits_to_run(change):
        return Stop(APPROVE, "done", elapsed, note=by)
    rest = "held until somebody runs it" if change.held or not change.start_at else f"starts {utc(change.start_at)}"
    return Stop(APPROVE, "waiting", note=f"{by}; {rest}")


def _asked(policy: StagePolicy | None, standing: Standing) -> str:
    if standing.sent_back:
        return f"Sent back by {names([standing.sent_back])}"
    if policy is None:
        return ""
    if policy.approvals > 1:
        return f"{len(standing.approvals)} of {policy.approvals} given"
    return f"Asks {' or '.join(policy.approver_groups)}"
