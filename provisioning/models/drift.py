"""What differs between a stack's template and reality, as drift detection last found it."""

from django.conf import settings
from django.db import models


class DriftCheck(models.Model):
    """The newest drift detection of one stack. `result` is AWS's word for what is left once capacity that scales by
    itself is put aside; empty before the first."""

    stack = models.OneToOneField("Stack", models.CASCADE, related_name="drift")
    detection_id = models.CharField(max_length=100, blank=True, help_text="Of the detection that runs now.")
    asked_at = models.DateTimeField(null=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    looking_until = models.DateTimeField(null=True, editable=False, help_text="While a worker looks, until when.")
    due_at = models.DateTimeField(null=True, db_index=True, help_text="When it is to be looked at, or into, next.")
    result = models.CharField(max_length=20, blank=True)
    reason = models.TextField(blank=True, help_text="Why the last detection did not come to its end.")
    seen_at = models.DateTimeField(null=True, help_text="When the last detection ended.")

    def __str__(self) -> str:
        return f"{self.stack}: {self.result or 'not checked'}"


class DriftedResource(models.Model):
    """One resource that is not as its template says. `differences` are {path, expected, actual, kind} each;
    `accepted` are those of them that a change accepted, with the very values that were accepted."""

    check_of = models.ForeignKey(DriftCheck, models.CASCADE, related_name="resources")
    logical_id = models.CharField(max_length=255)
    physical_id = models.TextField(blank=True)
    type = models.CharField(max_length=200)
    status = models.CharField(max_length=20)
    differences = models.JSONField(default=list)
    accepted = models.JSONField(default=list)
    accepted_by = models.ForeignKey("Change", models.SET_NULL, null=True, related_name="+")
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["check_of", "logical_id"], name="one_row_per_drifted_resource")]

    def __str__(self) -> str:
        return f"{self.logical_id}: {self.status}"
