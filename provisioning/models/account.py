"""AWS accounts that environments live in, and the heartbeat of the workers."""

from django.db import models


class Account(models.Model):
    """One AWS account in one region. `slug` is what people and settings call it."""

    slug = models.SlugField(unique=True)
    region = models.CharField(max_length=32)
    account_id = models.CharField(max_length=12, blank=True)
    role_arn = models.CharField(max_length=200, blank=True)
    external_id = models.CharField(max_length=120, blank=True)
    stack_limit = models.PositiveIntegerField(null=True)
    stack_count = models.PositiveIntegerField(null=True)
    facts_at = models.DateTimeField(null=True)
    observer_token = models.UUIDField(null=True, editable=False)
    observer_until = models.DateTimeField(null=True, editable=False)
    surveyed_at = models.DateTimeField(null=True, help_text="When its tables and stacks were last listed whole.")
    survey_due_at = models.DateTimeField(null=True)
    survey_until = models.DateTimeField(null=True, editable=False, help_text="While a worker lists, until when.")
    survey_problem = models.CharField(max_length=300, blank=True, help_text="Why the last listing did not end.")
    next_look_at = models.DateTimeField(null=True, editable=False)
    compare_due_at = models.DateTimeField(null=True, help_text="When that is due next; in a round, since when.")
    compared_at = models.DateTimeField(null=True, help_text="When all its stacks were last held against what is known.")
    comparing_until = models.DateTimeField(null=True, editable=False, help_text="While a worker does that, until when.")

    def __str__(self) -> str:
        return f"{self.slug} ({self.account_id or 'not seen yet'}, {self.region})"


class CallBudget(models.Model):
    """The token bucket of one account and region for one kind of call, shared by all workers (Q2).

    `free_at` is when the bucket is full again, in seconds since the epoch: a call moves it on by the time that one
    token takes to come back, and is held back when that would lie too far ahead.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="budgets")
    kind = models.CharField(max_length=12)
    free_at = models.FloatField(default=0)
    taken = models.BigIntegerField(default=0)
    held_back = models.BigIntegerField(default=0)
    throttled = models.BigIntegerField(default=0)
    throttled_at = models.DateTimeField(null=True)
    next_slot = models.FloatField(default=0, help_text="When the next caller that is held back is asked to come back.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "kind"], name="one_budget_per_kind")]

    def __str__(self) -> str:
        return f"{self.kind} in {self.account.slug}"


class HintQueue(models.Model):
    """The queue that AWS puts hints into, and how listening to it went (Q5). Hints are never more than that: what is
    true is read from AWS."""

    url = models.CharField(max_length=300, unique=True)
    until = models.DateTimeField(null=True, editable=False, help_text="While a worker listens, until when.")
    listened_at = models.DateTimeField(null=True, help_text="When the queue last answered.")
    pause_until = models.DateTimeField(null=True, help_text="After trouble: not before then.")
    tries = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=300, blank=True, help_text="Why it could not be listened to.")
    hint_at = models.DateTimeField(null=True, help_text="When a hint last spoke of a stack of ours.")
    ours = models.BigIntegerField(default=0)
    foreign = models.BigIntegerField(default=0, help_text="Messages about stacks that are nobody's here.")
    unreadable = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return self.url


class Heartbeat(models.Model):
    """When a part of Stackyard last finished its work: liveness is work done, not a process id (L7)."""

    name = models.CharField(max_length=40, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.at}"
