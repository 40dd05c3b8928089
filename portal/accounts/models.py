"""The person who signs in, and the keys that programs use in their name."""

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A person. What they may do follows from their groups: engineers, admins, auditors."""


class Scope(models.TextChoices):
    """What a token may be used for. It never allows more than its person's groups do."""

    READ = "read", "Read"
    CHANGE = "change", "Change"
    APPROVE = "approve", "Approve"


class ApiToken(models.Model):
    """A key that programs sign in with, in the name of one person. Of the secret only a SHA-256 is kept: it is 256
    random bits, which nobody finds by trying. `prefix` is its public part, which finds it and names it."""

    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=60)
    prefix = models.CharField(max_length=16, unique=True)
    digest = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", help_text="Null: by a command.")
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"


class ApiRequest(models.Model):
    """A request that came with an Idempotency-Key, so that sending it again answers what the first one made.
    `fingerprint` is a keyed hash of what was sent: the same key with something else is a mistake."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    key = models.UUIDField()
    fingerprint = models.CharField(max_length=64)
    change_id = models.UUIDField(null=True)
    job_id = models.UUIDField(null=True, help_text="The job on items that came of it, where that is no change.")
    schedule_id = models.BigIntegerField(null=True, help_text="The scheduled value that came of it.")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="one_request_per_key")]

    def __str__(self) -> str:
        return str(self.key)
