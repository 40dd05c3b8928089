"""Releases: what ran in an environment together, so that it can be put back together; and how it was brought up."""

import uuid

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
    promoted_from = models.ForeignKey(
        "self", models.SET_NULL, null=True, related_name="promotions", help_text="Of another environment: its artifact."
    )

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["environment", "number"], name="one_release_per_number")]

    def __str__(self) -> str:
        return f"release {self.number} of {self.environment}"


class Rollout(models.Model):
    """One redeploy of one change: number 0 goes forward, number 1 is the way back after that one failed.

    The row is the intent: it is written before the call, and `before` holds what AWS listed then, so that a call whose
    answer was lost is found as the one that was not there. Its id is what receivers of a webhook know it by.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    environment = models.ForeignKey("Environment", models.CASCADE, related_name="rollouts")
    change = models.ForeignKey("Change", models.CASCADE, related_name="rollouts")
    attempt = models.PositiveIntegerField(default=1)
    number = models.PositiveSmallIntegerField(default=0)
    method = models.CharField(max_length=20)
    state = models.CharField(max_length=10)
    before = models.JSONField(default=list, help_text="Ids of deployments that were there before the call.")
    versions = models.JSONField(default=dict, help_text="As in a release: what was stored when it was decided.")
    wanted = models.CharField(max_length=300, blank=True, help_text="The task definition that should run.")
    aws_id = models.CharField(max_length=300, blank=True, help_text="Of the deployment, refresh or command.")
    asked_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, help_text="When the call was answered, or found to have landed.")
    finished_at = models.DateTimeField(null=True)
    on = models.PositiveIntegerField(default=0, help_text="How many of what runs are new.")
    of = models.PositiveIntegerField(default=0, help_text="How many run.")
    tries = models.PositiveIntegerField(default=0, help_text="Calls of a webhook that did not go through.")
    unwell_since = models.DateTimeField(null=True, help_text="Since when it is not well, while it is watched.")
    note = models.CharField(max_length=300, blank=True)
    problem = models.TextField(blank=True)
    proof = models.JSONField(default=dict, help_text="What was seen of it once it was over.")

    class Meta:
        ordering = ["asked_at"]
        constraints = [
            models.UniqueConstraint(fields=["change", "attempt", "number"], name="one_rollout_per_change_and_way")
        ]

    def __str__(self) -> str:
        return f"rollout {self.number} of {self.change_id}"
