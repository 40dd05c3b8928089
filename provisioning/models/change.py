"""A change from request to result: its stacks, steps, decisions and events."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q


class Change(models.Model):
    """Anything that alters AWS. People write the goal; only the engine writes `status` after the request."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request_key = models.UUIDField(unique=True, null=True, help_text="One click, one change: sent by the form.")
    environment = models.ForeignKey("Environment", models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=24)
    status = models.CharField(max_length=20)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="changes")
    requested_at = models.DateTimeField()
    reason = models.TextField(blank=True)
    goal = models.JSONField(default=dict)
    secrets = models.TextField(blank=True, help_text="NoEcho parameter values, encrypted, until the change ends.")
    findings = models.JSONField(default=list)
    plan = models.JSONField(null=True, help_text="The plan as it stands; every sealed one is kept as a SealedPlan.")
    plan_digest = models.CharField(max_length=64, blank=True)
    expires_at = models.DateTimeField(null=True, help_text="Until when the plan may be decided about, or run.")
    start_at = models.DateTimeField(null=True, help_text="Not to run before; set by the requester or an approver.")
    held = models.BooleanField(default=False, help_text="Approved, and runs when somebody says so.")
    sent_back = models.BooleanField(default=False, help_text="An approver wants it changed; the requester's turn.")
    supersedes = models.OneToOneField("self", models.PROTECT, null=True, related_name="superseded_by")
    receipt = models.JSONField(null=True, help_text="What a deletion of data deleted, kept and skipped.")
    problem = models.JSONField(null=True)
    waiting_for = models.CharField(max_length=300, blank=True)
    attempt = models.PositiveIntegerField(default=1)
    tries = models.PositiveIntegerField(default=0, help_text="Ticks in a row that AWS could not serve.")
    served = models.TextField(blank=True, help_text="What AWS answered the step before it throttled, encrypted.")
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    cleanup = models.BooleanField(default=False, help_text="Change sets and empty shells are still to be removed.")
    next_check_at = models.DateTimeField(null=True)
    wakes = models.PositiveIntegerField(default=0, help_text="Rings heard; one during a tick is not lost.")
    claims = models.PositiveIntegerField(default=0, help_text="Claims in a row that no tick gave back.")
    set_aside_at = models.DateTimeField(null=True, help_text="No worker takes it up again until a person says so.")
    set_aside_because = models.CharField(max_length=300, blank=True)
    cancel_asked_at = models.DateTimeField(null=True, help_text="Somebody wants what runs to be rolled back (S10).")
    cancel_asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    lease_token = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        indexes = [
            models.Index(fields=["next_check_at"]),
            models.Index(fields=["status", "-requested_at"]),
            models.Index(fields=["environment", "-requested_at"]),
            models.Index(fields=["requested_by", "-requested_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id.hex[:8]}"


class Operation(models.Model):
    """One part of a change's work on one stack. Most changes have a single part; an adoption, or several index
    changes, take more than one, in order (R6, T2). Part 0, while open, keeps every other change off the stack (S29)."""

    change = models.ForeignKey(Change, models.CASCADE, related_name="operations")
    stack = models.ForeignKey("Stack", models.PROTECT, related_name="operations")
    part = models.PositiveSmallIntegerField(default=0)
    purpose = models.CharField(max_length=200, blank=True, help_text="What this part is for, when there are several.")
    is_open = models.BooleanField(default=True)
    action = models.CharField(max_length=12, blank=True)
    spared = models.JSONField(default=list, help_text="Logical ids that a way out skips or retains (S8, S11).")
    template = models.ForeignKey("Template", models.PROTECT, null=True, related_name="+")
    parameters = models.JSONField(default=dict)
    keep = models.JSONField(default=list, help_text="Parameters that keep their value without us knowing it.")
    imports = models.JSONField(default=list, help_text="Tables to take over: {logical_id, type, name} each.")
    rests_on = models.JSONField(default=dict, help_text="Of the stack when it was planned: {stack_id, status, at}.")
    change_set_id = models.CharField(max_length=300, blank=True)
    changes = models.JSONField(null=True, help_text="What the change set, or the template, says will happen.")
    read_from = models.CharField(max_length=12, blank=True, help_text="What `changes` was read from.")
    token = models.CharField(max_length=128, blank=True, help_text="Stored before the call; its events carry it.")
    called_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True, help_text="When CancelUpdateStack was called (S10).")
    finished_at = models.DateTimeField(null=True)
    result = models.CharField(max_length=60, blank=True, help_text="The stack status that ended it.")
    next_events_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["change", "stack", "part"], name="one_operation_per_part"),
            models.UniqueConstraint(
                fields=["stack"], condition=Q(is_open=True, part=0), name="one_open_change_per_stack"
            ),
        ]
        ordering = ["part"]

    def __str__(self) -> str:
        return f"{self.action or 'work'} on {self.stack}"


class Step(models.Model):
    """How far one step of the playbook got in one change."""

    change = models.ForeignKey(Change, models.CASCADE, related_name="steps")
    name = models.CharField(max_length=60)
    position = models.PositiveIntegerField()
    state = models.CharField(max_length=10)
    note = models.TextField(blank=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["change", "name"], name="one_row_per_step")]

    def __str__(self) -> str:
        return f"{self.name}: {self.state}"


class SealedPlan(models.Model):
    """A plan as it was sealed, kept for ever. `void_because` says why it was not the last one."""

    change = models.ForeignKey(Change, models.CASCADE, related_name="plans")
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    content = models.JSONField()
    sealed_at = models.DateTimeField()
    void_because = models.TextField(blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["change", "number"], name="one_plan_per_number")]

    def __str__(self) -> str:
        return f"plan {self.number} of {self.change_id}"


class Decision(models.Model):
    """What one person, or one rule of the stage's policy, decided about one plan. Nothing is overwritten: a person's
    newest decision about a plan is the one that counts."""

    change = models.ForeignKey(Change, models.CASCADE, related_name="decisions")
    plan_digest = models.CharField(max_length=64)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="decisions")
    rule = models.CharField(max_length=100, blank=True, help_text="The rule that approved, where no person did.")
    verdict = models.CharField(max_length=10)
    comment = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(by__isnull=False, rule="") | (Q(by__isnull=True) & ~Q(rule="")), name="a_person_or_a_rule"
            )
        ]

    def __str__(self) -> str:
        return f"{self.verdict} by {self.reviewer}"

    @property
    def reviewer(self) -> str:
        """Who decided, as people know them: a person, or the rule that did in nobody's stead."""
        return (self.by.get_full_name() or self.by.get_username()) if self.by else self.rule


class Event(models.Model):
    """One line of a change's story, from CloudFormation or from a step. The id grows, so a page can ask for
    what came after the last line it has."""

    change = models.ForeignKey(Change, models.CASCADE, related_name="events")
    stack = models.ForeignKey("Stack", models.CASCADE, null=True, related_name="events")
    aws_id = models.CharField(max_length=300, blank=True)
    token = models.CharField(max_length=128, blank=True, help_text="Of the operation that it belongs to (S20).")
    at = models.DateTimeField()
    logical_id = models.CharField(max_length=255, blank=True)
    physical_id = models.TextField(blank=True)
    type = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=60)
    reason = models.TextField(blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["stack", "aws_id"], condition=~Q(aws_id=""), name="one_row_per_aws_event")
        ]

    def __str__(self) -> str:
        return f"{self.logical_id} {self.status}"
