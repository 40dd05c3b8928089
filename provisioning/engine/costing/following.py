"""What follows when amounts have changed: budgets are looked at, estimates learn."""

from provisioning.engine.costing.budgeting import tell
from provisioning.engine.costing.calibrating import calibrate


def costs_changed() -> None:
    """Safe at any time by anybody, any number of times."""
    tell()
    calibrate()
