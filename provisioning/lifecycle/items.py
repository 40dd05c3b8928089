"""Work on items: writes, and jobs."""

from collections.abc import Mapping

from django.db import models


class JobStatus(models.TextChoices):
    """Where long work on items is."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    SUCCEEDED = "succeeded", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"

    @property
    def tone(self) -> str:
        """The colour family of its badge."""
        return _JOB_TONES[self]


_JOB_TONES: Mapping[str, str] = {
    JobStatus.QUEUED: "busy",
    JobStatus.RUNNING: "busy",
    JobStatus.SUCCEEDED: "good",
    JobStatus.FAILED: "bad",
    JobStatus.CANCELLED: "quiet",
}
MOVING_JOBS = frozenset({JobStatus.QUEUED, JobStatus.RUNNING})


class JobKind(models.TextChoices):
    """What long work on items does; the label is the verb on its button."""

    EXPORT = "export", "Export"
    IMPORT = "import", "Import"
    DELETE = "delete", "Delete items"
    COPY = "copy", "Copy a sample"
    COUNT = "count", "Count"
    COMPARE = "compare", "Compare"


class WriteVerb(models.TextChoices):
    """What was done to an item."""

    CREATE = "create", "Created"
    EDIT = "edit", "Edited"
    DELETE = "delete", "Deleted"
    COPY = "copy", "Copied to another key"
    UNDO = "undo", "Put back"


class WriteState(models.TextChoices):
    """How far a write of an item is. One that stays sent may or may not have landed: look at the item."""

    SENT = "sent", "Sent, no answer"
    DONE = "done", "Done"
    REFUSED = "refused", "Refused"
