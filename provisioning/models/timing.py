"""How long AWS took with resources, from our own events: what "usually" means."""

from django.db import models


class ResourceTime(models.Model):
    """How long one resource took once. `verb` is create, update or delete."""

    type = models.CharField(max_length=200)
    verb = models.CharField(max_length=8)
    seconds = models.FloatField()
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["type", "verb", "-at"])]

    def __str__(self) -> str:
        return f"{self.verb} {self.type}: {self.seconds:.0f} s"
