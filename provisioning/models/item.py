"""What people did to items, kept so that it can be told and taken back."""

from django.conf import settings
from django.db import models


class ItemWrite(models.Model):
    """One write of one item: written down before the call, so that none is forgotten.

    `content` holds what becomes of each item of it as typed JSON, encrypted: key, before and after; before is null for
    a new item, after for a deleted one. `state` is sent until AWS has answered: a worker or server that ended in
    between leaves it so, until a sweep has looked at the item.
    """

    environment = models.ForeignKey("Environment", models.PROTECT, related_name="item_writes")
    request_key = models.UUIDField(unique=True, null=True, help_text="One request, one write; null for a form's.")
    table = models.CharField(max_length=255)
    key_digest = models.CharField(max_length=64, help_text="Finds the writes of one item without telling its key.")
    verb = models.CharField(max_length=12)
    state = models.CharField(max_length=8)
    content = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="item_writes")
    at = models.DateTimeField()
    reason = models.TextField(blank=True)
    problem = models.CharField(max_length=300, blank=True)
    change = models.ForeignKey("Change", models.PROTECT, null=True, related_name="item_writes")
    number = models.PositiveSmallIntegerField(null=True, help_text="Which of its change's writes it is, from 0.")
    job = models.ForeignKey("ItemJob", models.PROTECT, null=True, related_name="writes")
    undoes = models.OneToOneField("self", models.PROTECT, null=True, related_name="undone_by")

    class Meta:
        indexes = [
            models.Index(fields=["environment", "table", "-at"]),
            models.Index(fields=["environment", "table", "key_digest"]),
            models.Index(fields=["at"], condition=models.Q(state="sent"), name="writes_without_an_answer"),
        ]
        constraints = [
            # However often a worker ends on the way, a write of a change is sent once, unless it was refused.
            models.UniqueConstraint(
                fields=["change", "number"],
                condition=models.Q(number__isnull=False) & ~models.Q(state="refused"),
                name="one_write_per_place_of_a_change",
            )
        ]

    def __str__(self) -> str:
        return f"{self.verb} in {self.table}"
