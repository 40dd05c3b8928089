"""Proof that a redeploy is live: the values read back, and well for as long as the blueprint wants it watched."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from provisioning.engine.claims import hold
from provisioning.engine.deploying.artifacts import wanted
from provisioning.engine.deploying.health import Health, health_of
from provisioning.engine.deploying.live import mark_all, mark_reported, mark_unseen
from provisioning.engine.deploying.target import Target
from provisioning.engine.outcome import Wait
from provisioning.engine.work import Work
from provisioning.lifecycle import LiveFrom, RolloutState
from provisioning.models import Rollout

# Until something that is not well has to be well: a machine is set up for some minutes before it answers, and whoever
# is told to deploy takes the time that a pipeline takes.
PATIENCE = timedelta(seconds=90)
MACHINES, PIPELINES = timedelta(minutes=6), timedelta(minutes=30)
TOLD = frozenset({"webhook", "github"})
LOOK_AGAIN, WATCH = 5.0, 30.0  # seconds between two looks


def prove(work: Work, target: Target, rollout: Rollout, *, watch: bool) -> Wait | None:
    """Look at what runs, keep what was seen; None once it is decided. Then the rollout is DONE or BLIND, or FAILED,
    with the reason."""
    now = timezone.now()
    health = health_of(work, target, rollout)
    wrong, late = [*health.bad, *_values(work, rollout, health)], _late(work, rollout, health)
    ended = rollout.finished_at or now
    # The local AWS shows no health, so there is nothing to watch.
    until = ended + timedelta(minutes=target.deploy.watch_minutes if watch and not target.emulated else 0)
    if wrong or late:
        return _unwell(work, rollout, health, [*wrong, *late], now)
    rollout.unwell_since = None
    if health.is_well and now < until:
        left = (until - now).total_seconds()
        rollout.note = f"well: {health.good[0]}; watched until {until:%H:%M} UTC"[:300]
        _store(work, rollout)
        return Wait(rollout.note, min(WATCH, left))
    rollout.proof = _proof(rollout, health, target, now)
    _store(work, rollout)
    return None


def _values(work: Work, rollout: Rollout, health: Health) -> list[str]:
    """Which value what runs has, written on the rows; how it differs from what is stored."""
    with transaction.atomic():
        hold(work.change)
        if rollout.state == RolloutState.BLIND or not rollout.of:
            mark_unseen(rollout.environment)
        else:
            mark_all(rollout.environment, rollout.versions, rollout.of)
        if health.report is None:
            return []
        return mark_reported(rollout.environment, health.report, rollout.of)


def _late(work: Work, rollout: Rollout, health: Health) -> list[str]:
    """What the backend says that it runs, where that is not what should run."""
    says, should = health.report.artifact if health.report else "", wanted(work, rollout.number)
    return [f"the backend runs {says}, not {should}"] if says and should and says != should else []


def _patience(rollout: Rollout, health: Health) -> timedelta:
    if rollout.method in TOLD and not health.bad:
        return PIPELINES
    return MACHINES if rollout.method == "instance_refresh" else PATIENCE


def _unwell(work: Work, rollout: Rollout, health: Health, wrong: list[str], now: datetime) -> Wait | None:
    since = rollout.unwell_since or now
    rollout.unwell_since = since
    said = "; ".join(wrong)
    if not health.over and now - since < _patience(rollout, health):
        rollout.note = f"not well yet: {said}"[:300]
        _store(work, rollout)
        return Wait(rollout.note, LOOK_AGAIN)
    rollout.state, rollout.problem, rollout.note = RolloutState.FAILED, f"{said[:1].upper()}{said[1:]}.", said[:300]
    rollout.proof = {"healthy": False, "lines": wrong, "from": "", "seconds": _seconds(rollout, now)}
    _store(work, rollout)
    return None


def _proof(rollout: Rollout, health: Health, target: Target, now: datetime) -> dict[str, Any]:
    """What was seen, as a release keeps it."""
    reported = health.report is not None and bool(health.report.parameters)
    seen = LiveFrom.REPORTED if reported else LiveFrom.STARTED if rollout.of else LiveFrom.UNSEEN
    return {
        "healthy": health.is_well,
        "lines": [rollout.note, *health.good] if rollout.of else health.good,
        "blind": list(dict.fromkeys(health.blind)),
        "from": str(seen),
        "seconds": _seconds(rollout, now),
        "images": list(health.images),
        "watched_minutes": target.deploy.watch_minutes if health.is_well and not target.emulated else 0,
    }


def _seconds(rollout: Rollout, now: datetime) -> int:
    return round((now - (rollout.sent_at or rollout.asked_at)).total_seconds())


def _store(work: Work, rollout: Rollout) -> None:
    with transaction.atomic():
        hold(work.change)
        rollout.save()
