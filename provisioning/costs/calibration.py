"""What earlier environments say about an estimate: their actual cost over what had been estimated (pitfall 20)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from provisioning.costs.model import to_money
from provisioning.costs.scenarios import number_words
from provisioning.models import CostCalibration

LEARNT_AFTER_DAYS = 14
# By application and stage.
Calibrations = Mapping[tuple[str, str], CostCalibration]


@dataclass(frozen=True)
class Calibrated:
    """An estimate corrected by experience, in US dollars a month. It stands beside the list price, never instead."""

    monthly: Decimal
    factor: Decimal
    samples: int

    @property
    def words(self) -> str:
        """How it comes about: "× 1.12 after 14 days of 3 environments"."""
        many = f"{self.samples} environment{'' if self.samples == 1 else 's'}"
        return f"× {number_words(self.factor.quantize(Decimal('0.01')))} after {LEARNT_AFTER_DAYS} days of {many}"


def calibrations() -> Calibrations:
    """Every calibration there is: one query, for a page with many prices."""
    return {(row.application, row.stage): row for row in CostCalibration.objects.all()}


def calibrated(application: str, stage: str, monthly: Decimal, known: Calibrations) -> Calibrated | None:
    """A list price as earlier environments of this application and stage correct it; None while none has."""
    row = known.get((application, stage))
    if row is None or not row.samples:
        return None
    return Calibrated(to_money(monthly * row.factor), row.factor, row.samples)
