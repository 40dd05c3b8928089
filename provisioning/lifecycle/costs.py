"""Costs: where an amount comes from, and where a reading is."""

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
