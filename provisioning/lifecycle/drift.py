"""What drift detection says (D4, D5)."""

from collections.abc import Mapping

from django.db import models


class DriftStatus(models.TextChoices):
    """What drift detection says of a stack, or of one of its resources (D4, D5): AWS's own words."""

    IN_SYNC = "IN_SYNC", "As its template says"
    DRIFTED = "DRIFTED", "Not as its template says"
    MODIFIED = "MODIFIED", "Changed outside Stackyard"
    DELETED = "DELETED", "Deleted outside Stackyard"
    NOT_CHECKED = "NOT_CHECKED", "Not checked"
    UNKNOWN = "UNKNOWN", "Could not be read"
    UNSUPPORTED = "UNSUPPORTED", "Cannot be checked by AWS"

    @property
    def tone(self) -> str:
        """The colour family of its badge."""
        return _DRIFT_TONES[self]


_DRIFT_TONES: Mapping[str, str] = {
    DriftStatus.IN_SYNC: "good",
    DriftStatus.DRIFTED: "attention",
    DriftStatus.MODIFIED: "attention",
    DriftStatus.DELETED: "bad",
    DriftStatus.NOT_CHECKED: "quiet",
    DriftStatus.UNKNOWN: "quiet",
    DriftStatus.UNSUPPORTED: "quiet",
}


DRIFT_CHECKED = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED"})
