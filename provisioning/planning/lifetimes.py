"""How long an environment is meant to be there: until when, how much longer at most, and how near its end is. Pure.

A lifetime begins when an environment is created, and anew when it is woken. What ends with it is compute: the tables
stay. Production has none, whatever a blueprint says.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from provisioning.blueprints.model import StagePolicy
from provisioning.costs.model import daily

PROD = "prod"
ADMINS_MAX_DAYS = 365
EXTENSIONS = (1, 7, 14)  # days that are offered
SOON = timedelta(days=2)
# From when on a page says it more plainly, and how.
_WARNINGS = ((timedelta(minutes=30), "bad"), (timedelta(hours=2), "attention"), (SOON, "quiet"))


@dataclass(frozen=True)
class Expiry:
    """The end of a lifetime as it is shown. `tone` is how plainly, empty while it is far; `over` once it has passed."""

    at: datetime
    left: timedelta
    tone: str

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return self.left <= timedelta(0)


def expiry(at: datetime | None, now: datetime) -> Expiry | None:
    """How near the end is; None for what stays."""
    if at is None:
        return None
    left = at - now
    return Expiry(at, left, next((tone for within, tone in _WARNINGS if left <= within), ""))


def has_lifetime(policy: StagePolicy) -> bool:
    """Whether environments of a stage end by themselves."""
    return policy.lifetime_days is not None and policy.stage != PROD


def most_days(policy: StagePolicy, *, is_admin: bool) -> int:
    """How many days from its beginning an environment may last: the policy's own, longer for admins."""
    if is_admin:
        return ADMINS_MAX_DAYS
    return max(policy.lifetime_days or 0, policy.lifetime_max_days or 0)


def days_problem(policy: StagePolicy, days: int, *, is_admin: bool) -> str:
    """Why a new environment cannot have this many days; empty when it can. More than the stage's own is for admins."""
    most = ADMINS_MAX_DAYS if is_admin else policy.lifetime_days or 0
    if 1 <= days <= most:
        return ""
    return f"Choose 1 to {most} days." + ("" if is_admin else " An admin can give it more.")


def extension_problem(policy: StagePolicy, began: datetime, until: datetime, *, is_admin: bool, now: datetime) -> str:
    """Why an environment that began then may not last until then; empty when it may."""
    most = most_days(policy, is_admin=is_admin)
    if until <= now:
        return "Choose more days: that time has passed already."
    if until <= began + timedelta(days=most):
        return ""
    last = began + timedelta(days=most)
    return f"Environments of {policy.stage} last {most} days at most, this one until {last:%Y-%m-%d %H:%M} UTC." + (
        "" if is_admin else " An admin can extend it further."
    )


def price_of_days(monthly: Decimal | None, days: int) -> Decimal | None:
    """What that many more days cost in US dollars; None when the monthly price is not known."""
    return None if monthly is None else daily(monthly) * days
