"""Long work on items that a worker does in the background: a job, its parts, and what it carries."""

import uuid

from django.conf import settings
from django.db import models


class ItemJob(models.Model):
    """An export, an import, a bulk deletion, a copy, a count or a comparison. The row is the queue.

    `goal` is what was asked for, `expected` what it was said to cost before the click, `report` what it came to.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request_key = models.UUIDField(unique=True, null=True, help_text="One click, one job: sent by the form.")
    environment = models.ForeignKey("Environment", models.PROTECT, related_name="item_jobs")
    table = models.CharField(max_length=255)
    kind = models.CharField(max_length=12)
    status = models.CharField(max_length=12, db_index=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="item_jobs")
    asked_at = models.DateTimeField()
    reason = models.TextField(blank=True)
    change = models.ForeignKey("Change", models.PROTECT, null=True, related_name="item_jobs")
    goal = models.JSONField(default=dict)
    expected = models.JSONField(default=dict, help_text="Items, bytes, capacity units and price, before the click.")
    rate = models.PositiveIntegerField(null=True, help_text="Capacity units a second at most; null for no limit.")
    done = models.BigIntegerField(default=0, help_text="Items that it is through with.")
    scanned = models.BigIntegerField(default=0)
    skipped = models.BigIntegerField(default=0)
    failed = models.BigIntegerField(default=0)
    capacity = models.DecimalField(max_digits=20, decimal_places=2, default=0)
    report = models.JSONField(default=dict)
    problem = models.JSONField(null=True)
    cancel_asked = models.BooleanField(default=False)
    tries = models.PositiveIntegerField(default=0, help_text="Ticks in a row that AWS could not serve.")
    waiting_for = models.CharField(max_length=300, blank=True, help_text="Why it goes on later only.")
    claims = models.PositiveIntegerField(default=0, help_text="Times a worker took it up and did not give it back.")
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True, help_text="When what it carries is removed.")
    next_check_at = models.DateTimeField(null=True, db_index=True)
    lease_token = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        indexes = [models.Index(fields=["environment", "table", "-asked_at"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.id.hex[:8]}"


class JobPart(models.Model):
    """One part of a job, such as a segment of a scan: how far it is. `position` is encrypted: it names keys."""

    job = models.ForeignKey(ItemJob, models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    position = models.TextField(blank=True)
    done = models.BooleanField(default=False)
    items = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="one_row_per_job_part")]

    def __str__(self) -> str:
        return f"part {self.number} of {self.job}"


class JobChunk(models.Model):
    """A piece of what a job carries, compressed and encrypted. `purpose` is what for: the result, an uploaded file,
    the frozen keys, what a deletion can be undone with, the lines of a report."""

    job = models.ForeignKey(ItemJob, models.CASCADE, related_name="chunks")
    purpose = models.CharField(max_length=8)
    part = models.PositiveIntegerField(default=0)
    number = models.PositiveIntegerField()
    items = models.PositiveIntegerField(default=0)
    content = models.BinaryField()

    class Meta:
        ordering = ["part", "number"]
        constraints = [
            models.UniqueConstraint(fields=["job", "purpose", "part", "number"], name="one_row_per_job_chunk")
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.part}/{self.number} of {self.job_id}"


class DownloadTicket(models.Model):
    """Leave to download what a job made: once, soon, and only by who asked for it."""

    job = models.ForeignKey(ItemJob, models.CASCADE, related_name="tickets")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"ticket for {self.job_id}"
