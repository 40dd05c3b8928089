"""The lifetime of an environment as pages show it: how near its end is, what happens then, what more time costs."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.urls import reverse
from django.utils import timezone

from portal.environments.acts import monthly_of
from provisioning.actions.actor import Actor
from provisioning.actions.lifetimes import why_not_extend
from provisioning.engine.lifetimes import parking, why_deferred
from provisioning.lifecycle import ChangeStatus, StackKind, stack_status
from provisioning.models import Environment
from provisioning.planning.lifetimes import EXTENSIONS, Expiry, expiry, price_of_days


@dataclass(frozen=True)
class Extension:
    """So many more days, and what they cost in US dollars; None when that is not known."""

    days: int
    price: Decimal | None

    @property
    def words(self) -> str:
        """What the button says."""
        return f"{self.days} more day{'' if self.days == 1 else 's'}"


@dataclass(frozen=True)
class Lifetime:
    """An end, and what is to be said about it: `happens` once it is over, `url` where that is. `seen` goes along with
    an extension, `why_not` says why this person may not extend."""

    expiry: Expiry
    happens: str
    url: str
    why_not: str
    extensions: tuple[Extension, ...]

    @property
    def seen(self) -> str:
        """The end that the page shows."""
        return self.expiry.at.isoformat()


def read_lifetime(actor: Actor, environment: Environment) -> Lifetime | None:
    """The lifetime of an environment whose compute is there; None for what stays or is parked. Needs the stacks."""
    at = expiry(environment.expires_at, timezone.now())
    compute = next((stack for stack in environment.stacks.all() if stack.kind == StackKind.COMPUTE), None)
    if at is None or compute is None or stack_status(compute.status).gone:
        return None
    happens, url = _after(environment) if at.over else ("", "")
    why_not = why_not_extend(actor, environment)
    monthly = None if why_not else monthly_of(environment, StackKind.COMPUTE)
    return Lifetime(
        expiry=at,
        happens=happens,
        url=url,
        why_not=why_not,
        extensions=tuple(Extension(days, price_of_days(monthly, days)) for days in EXTENSIONS),
    )


def seen_end(text: str) -> datetime | None:
    """The end that a form brought back; None when it is no time."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if timezone.is_aware(found) else None


def _after(environment: Environment) -> tuple[str, str]:
    """What becomes of it now that its time is over, and where to see that."""
    change = parking(environment)
    if change is None:
        return why_deferred(environment) or "Stackyard parks it within seconds.", ""
    status = ChangeStatus(change.status)
    words = f"Stackyard asked for parking it: {status.label.lower()}."
    if change.finished_at is not None:
        words += " It is not asked for again; extend it, or park it."
    return words, reverse("change", args=[change.pk])
