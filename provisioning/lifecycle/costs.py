"""Costs: where an amount comes from, where a reading is, what a budget is of."""

from django.db import models


class CostSource(models.TextChoices):
    """Where an amount comes from: AWS's bill, or Stackyard's own reckoning. The two are never added."""

    EXPLORER = "explorer", "Cost Explorer"
    ACCRUAL = "accrual", "Stackyard's own reckoning"


class RefreshStatus(models.TextChoices):
    """Where a reading of Cost Explorer is."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Reading"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CAPPED = "capped", "Stopped at the monthly cap"


class BudgetScope(models.TextChoices):
    """What a budget is of. An owner is a person, or a group of people for a team."""

    ENVIRONMENT = "environment", "Environment"
    APPLICATION = "application", "Application"
    OWNER = "owner", "Owner or team"
