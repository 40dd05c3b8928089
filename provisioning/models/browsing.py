"""What is remembered of reading tables: trails of pages, what reading may use, which columns somebody looks at."""

import uuid

from django.conf import settings
from django.db import models


class ReadTrail(models.Model):
    """One page that somebody can go to in one query, so that the way back shows the same rows (B3, pitfall 6).

    `start` is the key that the page begins after, encrypted; `before` is the page that led to it, null when that was
    the first. `shown` and `scanned` are items on the pages up to there. `query_digest` binds it to table, index and
    filters.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    environment = models.ForeignKey("Environment", models.CASCADE, related_name="+")
    table = models.CharField(max_length=255)
    query_digest = models.CharField(max_length=64)
    before = models.ForeignKey("self", models.CASCADE, null=True, related_name="after")
    page = models.PositiveIntegerField(default=2)
    shown = models.BigIntegerField(default=0)
    scanned = models.BigIntegerField(default=0)
    start = models.TextField()
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"trail of {self.user_id} through {self.table}"


class ReadBudget(models.Model):
    """What reading of items by one person, or of one table, may still use: as a CallBudget, in capacity units (B10).

    `free_at` is when it is full again, in seconds since the epoch; a read moves it on by what it consumed.
    """

    scope = models.CharField(max_length=300, unique=True)
    free_at = models.FloatField(default=0)
    used = models.DecimalField(max_digits=20, decimal_places=2, default=0)
    held_back = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return self.scope


class ColumnChoice(models.Model):
    """The columns that somebody chose for a table: those not to show, and the order of those that come first."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    application = models.SlugField(max_length=60)
    table = models.CharField(max_length=255, help_text="Its logical id, so that the choice holds in every environment.")
    shown = models.JSONField(default=list)
    hidden = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "application", "table"], name="one_choice_per_person_and_table")
        ]

    def __str__(self) -> str:
        return f"columns of {self.table}"
