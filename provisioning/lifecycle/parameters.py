"""Parameters: how versions come about, roll-outs of what reads them, scheduled values."""

from collections.abc import Mapping

from django.db import models


class ParameterVerb(models.TextChoices):
    """How a version of a parameter came about."""

    FOUND = "found", "Found as it was"
    CREATE = "create", "Created"
    EDIT = "edit", "Set"
    DELETE = "delete", "Deleted"
    RESTORE = "restore", "Set back"
    COPY = "copy", "Copied from another environment"
    STACK = "stack", "Set by its stack"
    OUTSIDE = "outside", "Set outside Stackyard"
    GONE = "gone", "Deleted outside Stackyard"


class RolloutState(models.TextChoices):
    """How far a redeploy is. `intended` is written down before the call; `blind` is over without anything to see."""

    INTENDED = "intended", "To be sent"
    ROLLING = "rolling", "Rolling"
    DONE = "done", "Done"
    BLIND = "blind", "Sent, cannot be seen"
    FAILED = "failed", "Failed"

    @property
    def tone(self) -> str:
        """The colour family of its badge."""
        return _ROLLOUT_TONES[self]


_ROLLOUT_TONES: Mapping[str, str] = {
    RolloutState.INTENDED: "busy",
    RolloutState.ROLLING: "busy",
    RolloutState.DONE: "good",
    RolloutState.BLIND: "quiet",
    RolloutState.FAILED: "bad",
}
MOVING_ROLLOUTS = frozenset({RolloutState.INTENDED, RolloutState.ROLLING})


class LiveFrom(models.TextChoices):
    """How it is known which value what runs has."""

    REPORTED = "reported", "Reported by the backend"
    STARTED = "started", "Started after it was stored"
    UNSEEN = "unseen", "Cannot be seen"


class ScheduleStatus(models.TextChoices):
    """Where a scheduled value is."""

    WAITING = "waiting", "Waiting"
    DONE = "done", "Done"
    SUSPENDED = "suspended", "Suspended"
    CANCELLED = "cancelled", "Cancelled"

    @property
    def tone(self) -> str:
        """The colour family of its badge."""
        return _SCHEDULE_TONES[self]


_SCHEDULE_TONES: Mapping[str, str] = {
    ScheduleStatus.WAITING: "busy",
    ScheduleStatus.DONE: "good",
    ScheduleStatus.SUSPENDED: "attention",
    ScheduleStatus.CANCELLED: "quiet",
}
