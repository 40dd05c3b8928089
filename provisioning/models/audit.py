"""Who did what, when, why, from where. Entries are added, never changed: triggers in the database refuse the rest.

The migration audit_guard puts the triggers up. Whatever an entry points at is protected, because emptying the
pointer would be a change too.
"""

from django.conf import settings
from django.db import models


class AuditEntry(models.Model):
    """One act of one person, or of Stackyard itself when `by` is empty."""

    at = models.DateTimeField(db_index=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="audit_entries")
    verb = models.CharField(max_length=40, db_index=True)
    environment = models.ForeignKey("Environment", models.PROTECT, null=True, related_name="audit_entries")
    change = models.ForeignKey("Change", models.PROTECT, null=True, related_name="audit_entries")
    summary = models.CharField(max_length=300)
    reason = models.TextField(blank=True)
    address = models.GenericIPAddressField(null=True)
    detail = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.summary
