"""How fast a job may read or write: so many capacity units a second, fed by what calls consumed (pitfall 35).

Nobody waits in here: when the rate is used up the tick ends, and the job is due again when there is room. The state is
one number in the job's report, so that it holds from tick to tick and from worker to worker.
"""

from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone

from provisioning.models import ItemJob

STATE = "free_at"
BURST = 1.0  # seconds' worth of units that may be used at once
SAVED = 2.0  # seconds' worth that a pause between two ticks leaves for later
TYPICAL = Decimal(128)  # units of a page of 1 MB, as long as nothing better is known


@dataclass
class Pace:
    """The budget of one job. `free_at` is when it is full again, in seconds since the epoch."""

    rate: int | None
    free_at: float = 0.0
    typical: Decimal = TYPICAL

    @classmethod
    def of(cls, job: ItemJob) -> "Pace":
        """As the job's last tick left it."""
        return cls(job.rate, float(job.report.get(STATE, 0.0)))

    def seconds_until_free(self, in_flight: int = 0) -> float:
        """0 when one more call may go out while so many are under way; else in how many seconds."""
        if not self.rate:
            return 0.0
        now = timezone.now().timestamp()
        begun = max(self.free_at, now - SAVED) + in_flight * float(self.typical) / self.rate
        return begun - now if begun > now + BURST else 0.0

    def spend(self, capacity: Decimal, job: ItemJob) -> None:
        """Take note of what a call consumed, in the report of the job too."""
        self.typical = capacity or self.typical
        if self.rate:
            now = timezone.now().timestamp()
            self.free_at = max(self.free_at, now - SAVED) + float(capacity) / self.rate
            job.report[STATE] = round(self.free_at, 3)
