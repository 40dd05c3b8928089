"""Environments: what there is of one, what a check found, what somebody did outside."""

from collections.abc import Mapping

from django.db import models
from django.utils import timezone

from provisioning.models import Environment


class EnvironmentStatus(models.TextChoices):
    """What there is of an environment, as last seen."""

    REQUESTED = "requested", "Requested"
    BUSY = "busy", "Changing"
    READY = "ready", "Ready"
    PARKED = "parked", "Parked"
    DATA_ONLY = "data_only", "Data only"
    ATTENTION = "attention", "Needs attention"
    REMOVED = "removed", "Removed"

    @property
    def tone(self) -> str:
        """The colour family of its badge."""
        return _ENVIRONMENT_TONES[self]


_ENVIRONMENT_TONES: Mapping[str, str] = {
    EnvironmentStatus.REQUESTED: "quiet",
    EnvironmentStatus.BUSY: "busy",
    EnvironmentStatus.READY: "good",
    EnvironmentStatus.PARKED: "quiet",
    EnvironmentStatus.DATA_ONLY: "quiet",
    EnvironmentStatus.ATTENTION: "bad",
    EnvironmentStatus.REMOVED: "quiet",
}


class Outcome(models.TextChoices):
    """What a check found."""

    GOOD = "good", "As promised"
    BAD = "bad", "Not as promised"
    UNKNOWN = "unknown", "Cannot be checked here"

    @property
    def tone(self) -> str:
        """The colour family of its mark."""
        return {Outcome.GOOD: "good", Outcome.BAD: "bad", Outcome.UNKNOWN: "quiet"}[self]


class Outside(models.TextChoices):
    """What somebody did to a stack outside Stackyard, as a look found it."""

    DELETED = "deleted", "Deleted outside Stackyard"
    CHANGED = "changed", "Changed outside Stackyard"
    MOVING = "moving", "Being changed outside Stackyard"

    @property
    def tone(self) -> str:
        """The colour family of its badge."""
        return {Outside.DELETED: "bad", Outside.CHANGED: "attention", Outside.MOVING: "busy"}[self]


def set_environment_status(environment: Environment, status: EnvironmentStatus) -> None:
    """Write what there is of an environment now."""
    environment.status = status
    environment.changed_at = timezone.now()
    environment.save(update_fields=["status", "changed_at"])
