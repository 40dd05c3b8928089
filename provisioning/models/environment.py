"""Environments, their two stacks, what is in them, and what was found when somebody looked."""

from django.conf import settings
from django.db import models


class Environment(models.Model):
    """One application at one stage under a name: `dev`, `prod`, `dev-alice`. One row for its whole history."""

    application = models.SlugField(max_length=60)
    name = models.CharField(max_length=40)
    stage = models.CharField(max_length=12)
    account = models.ForeignKey("Account", models.PROTECT, related_name="environments")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="environments")
    status = models.CharField(max_length=16, db_index=True)
    data_protected = models.BooleanField(default=True, help_text="Whether its data may not be deleted.")
    unprotected_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    unprotected_at = models.DateTimeField(null=True)
    unprotected_because = models.TextField(blank=True)
    expires_at = models.DateTimeField(null=True, db_index=True, help_text="When it is parked; null: it stays.")
    monthly_cost = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "application", "name"], name="one_environment_per_name")
        ]
        indexes = [models.Index(fields=["owner", "-changed_at"]), models.Index(fields=["application", "stage"])]

    def __str__(self) -> str:
        return f"{self.application}/{self.name}"


class Template(models.Model):
    """A template body that was used, kept under its digest so that any change can be run or read again."""

    digest = models.CharField(max_length=64, primary_key=True)
    body = models.TextField()
    lint = models.JSONField(null=True, help_text="What cfn-lint found, as a list; null until it ran.")
    first_seen_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.digest[:12]


class Stack(models.Model):
    """What is known of one CloudFormation stack. `status` is AWS's own word, empty when there is no stack."""

    environment = models.ForeignKey(Environment, models.CASCADE, related_name="stacks")
    kind = models.CharField(max_length=8)
    name = models.CharField(max_length=128, db_index=True)
    stack_id = models.CharField(max_length=300, blank=True, db_index=True)
    status = models.CharField(max_length=60, blank=True, db_index=True)
    status_reason = models.TextField(blank=True)
    template = models.ForeignKey(Template, models.PROTECT, null=True, related_name="+")
    blueprint_version = models.CharField(max_length=40, blank=True)
    parameters = models.JSONField(default=dict)
    outputs = models.JSONField(default=list)
    tags = models.JSONField(default=dict)
    termination_protection = models.BooleanField(default=False)
    update_policy = models.BooleanField(default=False, help_text="Whether its stack policy protects its tables (D3).")
    protection_seen_at = models.DateTimeField(null=True)
    adopted_at = models.DateTimeField(null=True, help_text="When it was taken over from outside Stackyard.")
    skipped = models.JSONField(default=list, help_text="Resources a roll-back skipped: not as the template says (S11).")
    outside = models.CharField(max_length=12, blank=True, help_text="What somebody did to it outside Stackyard.")
    outside_at = models.DateTimeField(null=True, help_text="When that was noticed.")
    look_due_at = models.DateTimeField(null=True, db_index=True, help_text="When it is to be looked at by itself.")
    created_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(null=True)
    observed_at = models.DateTimeField(null=True)
    last_event_id = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["environment", "kind"], name="one_stack_per_kind")]

    def __str__(self) -> str:
        return self.name


class StackResource(models.Model):
    """The newest state of one resource of a stack, folded from its events."""

    stack = models.ForeignKey(Stack, models.CASCADE, related_name="resources")
    logical_id = models.CharField(max_length=255)
    physical_id = models.TextField(blank=True)
    type = models.CharField(max_length=200)
    status = models.CharField(max_length=60)
    reason = models.TextField(blank=True)
    started_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stack", "logical_id"], name="one_row_per_resource")]

    def __str__(self) -> str:
        return self.logical_id


class Check(models.Model):
    """One line of the checklist from reality: what the blueprint promises against what was found."""

    environment = models.ForeignKey(Environment, models.CASCADE, related_name="checks")
    position = models.PositiveIntegerField()
    group = models.CharField(max_length=255)
    label = models.CharField(max_length=200)
    outcome = models.CharField(max_length=10)
    detail = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["environment", "position"], name="one_line_per_position")]

    def __str__(self) -> str:
        return f"{self.label}: {self.outcome}"
