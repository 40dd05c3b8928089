"""What environments cost: days as Cost Explorer or Stackyard's own reckoning has them, how they were read, budgets."""

from django.conf import settings
from django.db import models


class CostDay(models.Model):
    """What one service cost on one day (UTC) under one pair of tags; empty tags are untagged spend.

    `source` is explorer or accrual: the two are never added. `environment` is the row that the tags mean, kept when
    the environment is gone.
    """

    account = models.ForeignKey("Account", models.PROTECT, related_name="costs")
    source = models.CharField(max_length=8)
    day = models.DateField()
    application = models.CharField(max_length=256, blank=True)
    environment_name = models.CharField(max_length=256, blank=True)
    environment = models.ForeignKey("Environment", models.SET_NULL, null=True, related_name="costs")
    service = models.CharField(max_length=120)
    record_type = models.CharField(max_length=40, default="Usage", help_text="Usage, Credit, Refund, Tax …")
    amount = models.DecimalField(max_digits=28, decimal_places=12)
    currency = models.CharField(max_length=3, default="USD")
    estimated = models.BooleanField(default=True, help_text="AWS may still change it.")
    as_of = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "source", "day", "application", "environment_name", "service", "record_type"],
                name="one_row_per_cost_day",
            )
        ]
        indexes = [
            models.Index(fields=["source", "day"]),
            models.Index(fields=["environment", "day"]),
            models.Index(fields=["application", "day"]),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.application}/{self.environment_name} {self.service}"


class CostRevision(models.Model):
    """An amount that AWS changed later: what it was, what it became. Nothing is overwritten in silence."""

    account = models.ForeignKey("Account", models.PROTECT, related_name="+")
    day = models.DateField(db_index=True)
    application = models.CharField(max_length=256, blank=True)
    environment_name = models.CharField(max_length=256, blank=True)
    service = models.CharField(max_length=120)
    record_type = models.CharField(max_length=40)
    before = models.DecimalField(max_digits=28, decimal_places=12)
    after = models.DecimalField(max_digits=28, decimal_places=12)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.day} {self.service}: {self.before} → {self.after}"


class CostTotal(models.Model):
    """The whole day's cost without groups, against which the groups are added up."""

    account = models.ForeignKey("Account", models.PROTECT, related_name="+")
    day = models.DateField()
    amount = models.DecimalField(max_digits=28, decimal_places=12)
    currency = models.CharField(max_length=3, default="USD")
    as_of = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "day"], name="one_total_per_day")]

    def __str__(self) -> str:
        return f"{self.day}: {self.amount}"


class CostRefresh(models.Model):
    """One reading of Cost Explorer: one at a time in an account. `position` is where it goes on after a fault."""

    account = models.ForeignKey("Account", models.PROTECT, related_name="cost_refreshes")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()
    status = models.CharField(max_length=12, db_index=True)
    first_day = models.DateField()
    end_day = models.DateField(help_text="Exclusive, as Cost Explorer has it.")
    position = models.JSONField(default=dict)
    changed = models.PositiveIntegerField(default=0, help_text="Amounts that differ from the reading before.")
    problem = models.CharField(max_length=300, blank=True)
    tries = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)
    next_check_at = models.DateTimeField(null=True, db_index=True)
    lease_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account"], condition=models.Q(status__in=("queued", "running")), name="one_refresh_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"costs of {self.account_id} from {self.first_day}"


class CostStage(models.Model):
    """A group that a reading has brought, kept aside until the reading is whole: half of one is never shown."""

    refresh = models.ForeignKey(CostRefresh, models.CASCADE, related_name="staged")
    question = models.PositiveIntegerField()
    day = models.DateField()
    application = models.CharField(max_length=256, blank=True)
    environment_name = models.CharField(max_length=256, blank=True)
    service = models.CharField(max_length=120, blank=True)
    record_type = models.CharField(max_length=40, blank=True)
    amount = models.DecimalField(max_digits=28, decimal_places=12)
    currency = models.CharField(max_length=3)
    estimated = models.BooleanField()

    def __str__(self) -> str:
        return f"{self.day} {self.service}"


class CostMeter(models.Model):
    """Until when a stack's cost was reckoned, where Cost Explorer is not there to tell."""

    stack = models.OneToOneField("Stack", models.CASCADE, related_name="meter")
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.stack} until {self.until}"


class CostCall(models.Model):
    """One page that was asked of Cost Explorer, with its price: each costs a cent (E1)."""

    account = models.ForeignKey("Account", models.PROTECT, related_name="+")
    refresh = models.ForeignKey(CostRefresh, models.SET_NULL, null=True, related_name="calls")
    operation = models.CharField(max_length=60)
    price = models.DecimalField(max_digits=8, decimal_places=4)
    at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.operation} at {self.at}"


class CostTag(models.Model):
    """One tag key that costs could be split by, and whether it is active for that (E6)."""

    account = models.ForeignKey("Account", models.PROTECT, related_name="+")
    key = models.CharField(max_length=128)
    status = models.CharField(max_length=12, help_text="Active, Inactive, or empty while nobody may say.")
    last_used_on = models.DateField(null=True)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "key"], name="one_row_per_cost_tag")]

    def __str__(self) -> str:
        return self.key


class Budget(models.Model):
    """What somebody wants to spend a month at most. `scope` is environment, application or owner (a team's or a
    person's), `subject` its name such as hello-erlang/dev."""

    scope = models.CharField(max_length=12)
    subject = models.CharField(max_length=120)
    monthly = models.DecimalField(max_digits=12, decimal_places=2)
    thresholds = models.JSONField(default=list, help_text="Per cent of it at which people are told.")
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    set_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "subject"], name="one_budget_per_subject")]

    def __str__(self) -> str:
        return f"{self.subject}: {self.monthly} a month"


class BudgetNotice(models.Model):
    """A threshold of a budget that was passed in a month: said once."""

    budget = models.ForeignKey(Budget, models.CASCADE, related_name="notices")
    month = models.DateField()
    threshold = models.PositiveIntegerField()
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["budget", "month", "threshold"], name="one_notice_per_threshold")
        ]

    def __str__(self) -> str:
        return f"{self.threshold} % of {self.budget}"


class CostCalibration(models.Model):
    """How the actual cost of environments of one application at one stage related to what was estimated."""

    application = models.SlugField(max_length=60)
    stage = models.CharField(max_length=12)
    factor = models.DecimalField(max_digits=10, decimal_places=4)
    samples = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["application", "stage"], name="one_calibration_per_stage")]

    def __str__(self) -> str:
        return f"{self.application} at {self.stage}: × {self.factor}"
