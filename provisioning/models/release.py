"""Releases: what ran in an environment together, so that it can be put back together."""

from django.conf import settings
from django.db import models


class Release(models.Model):
    """What a deployment brought up: template, its parameters, image or artifact, and the versions of the environment's
    parameters. `good` is null until it was proved, by health and by what the running backend reports."""

    environment = models.ForeignKey("Environment", models.CASCADE, related_name="releases")
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    change = models.ForeignKey("Change", models.SET_NULL, null=True, related_name="releases")
    template = models.ForeignKey("Template", models.PROTECT, null=True, related_name="+")
    stack_parameters = models.JSONField(default=dict)
    artifact = models.CharField(max_length=300, blank=True, help_text="The image or artifact that runs.")
    versions = models.JSONField(default=dict, help_text="By key: {version, generation, digest} of each parameter.")
    good = models.BooleanField(null=True)
    proved_at = models.DateTimeField(null=True)
    proof = models.JSONField(default=dict)
    restores = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["environment", "number"], name="one_release_per_number")]

    def __str__(self) -> str:
        return f"release {self.number} of {self.environment}"
