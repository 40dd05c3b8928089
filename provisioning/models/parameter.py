"""Parameters of environments: as Parameter Store last showed them, every version that was seen or put, what waits."""

from django.conf import settings
from django.db import models


class ParameterPath(models.Model):
    """The path of one environment, and when it was last read: all who look share one read."""

    environment = models.OneToOneField("Environment", models.CASCADE, related_name="parameter_path")
    path = models.CharField(max_length=1011)
    read_at = models.DateTimeField(null=True)
    read_due_at = models.DateTimeField(null=True, db_index=True, help_text="Set while somebody wants it newer.")
    reading_until = models.DateTimeField(null=True, editable=False, help_text="While a worker reads, until when.")
    pages = models.BigIntegerField(default=0, help_text="Pages that were read of it, in all.")
    reads = models.BigIntegerField(default=0)
    problem = models.CharField(max_length=300, blank=True, help_text="Why the last reading did not end.")
    tries = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.path


class Parameter(models.Model):
    """One parameter. Three states: asked for, stored (`value` at `version`), live in what runs.

    Values of secrets are encrypted here; `digest` is a keyed hash, so that they can be compared. Versions start again
    at 1 when a name is deleted and made again: `generation` counts that.
    """

    environment = models.ForeignKey("Environment", models.CASCADE, related_name="parameters")
    name = models.CharField(max_length=1011)
    key = models.CharField(max_length=1011, help_text="The name below the environment's path.")
    type = models.CharField(max_length=12)
    value = models.TextField(blank=True)
    digest = models.CharField(max_length=64, blank=True)
    version = models.PositiveIntegerField(default=0)
    generation = models.PositiveIntegerField(default=1)
    modified_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    gone_at = models.DateTimeField(null=True, help_text="When it was deleted.")
    owned_by = models.CharField(max_length=255, blank=True, help_text="The stack resource that makes it, if one does.")
    outside_at = models.DateTimeField(null=True, help_text="When it was noticed that its version is nobody's here.")
    asked_value = models.TextField(blank=True, help_text="What the newest request wants; encrypted for a secret.")
    asked_at = models.DateTimeField(null=True)
    asked_by = models.ForeignKey("Change", models.SET_NULL, null=True, related_name="+")
    live_value = models.TextField(blank=True)
    live_version = models.PositiveIntegerField(null=True, help_text="The version that all of what runs has.")
    live_on = models.PositiveIntegerField(null=True, help_text="How many of what runs have the stored version.")
    live_of = models.PositiveIntegerField(null=True, help_text="How many run.")
    live_at = models.DateTimeField(null=True, help_text="When the running backend was last asked.")
    live_from = models.CharField(max_length=12, blank=True, help_text="How that is known: reported or started.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["environment", "key"], name="one_row_per_parameter")]

    def __str__(self) -> str:
        return self.name


class ParameterVersion(models.Model):
    """One version of a parameter, kept beyond the hundred that Parameter Store keeps (M4): who, when, why.

    One that Stackyard puts is written down before the call, with the state sent. `by` is empty for one that somebody
    put outside Stackyard.
    """

    parameter = models.ForeignKey(Parameter, models.CASCADE, related_name="versions")
    generation = models.PositiveIntegerField(default=1)
    version = models.PositiveIntegerField(null=True, help_text="Null until Parameter Store has said it.")
    type = models.CharField(max_length=12, blank=True)
    value = models.TextField(blank=True)
    digest = models.CharField(max_length=64, blank=True)
    verb = models.CharField(max_length=12)
    state = models.CharField(max_length=8)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    who = models.CharField(max_length=300, blank=True, help_text="AWS's name for who put it outside Stackyard.")
    at = models.DateTimeField()
    reason = models.TextField(blank=True)
    restores = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+")
    change = models.ForeignKey("Change", models.SET_NULL, null=True, related_name="parameter_versions")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["parameter", "generation", "version"],
                condition=models.Q(version__isnull=False),
                name="one_row_per_version",
            )
        ]

    def __str__(self) -> str:
        return f"{self.parameter} v{self.version}"


class ParameterSchedule(models.Model):
    """A value to be set at a time. It is suspended, with the reason, when the value has moved meanwhile.

    `change` is the change that it has opened. A way back (`back_of`) knows what it expects only once the value before
    it is stored; with `minutes`, that is when its time is reckoned, and `at` is a guess until then.
    """

    parameter = models.ForeignKey(Parameter, models.CASCADE, related_name="schedules")
    value = models.TextField(blank=True)
    at = models.DateTimeField(db_index=True)
    minutes = models.PositiveIntegerField(null=True, help_text="After the value before it was stored.")
    redeploy = models.BooleanField(default=False)
    back_of = models.OneToOneField("self", models.CASCADE, null=True, related_name="back")
    status = models.CharField(max_length=10)
    expected_version = models.PositiveIntegerField(null=True, help_text="Null until the change before it has run.")
    expected_generation = models.PositiveIntegerField(default=1)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    reason = models.TextField(blank=True)
    problem = models.CharField(max_length=300, blank=True)
    resumed_at = models.DateTimeField(null=True, help_text="When somebody took it up again on another value.")
    change = models.ForeignKey("Change", models.SET_NULL, null=True, related_name="schedules")

    class Meta:
        indexes = [models.Index(fields=["status", "at"], name="schedules_to_follow")]

    def __str__(self) -> str:
        return f"{self.parameter} at {self.at}"
