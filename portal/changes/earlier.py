"""The sealed plans of a change: the one that counts, and those before it, with why each is void."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import Http404

from provisioning.models import Change, SealedPlan


@dataclass(frozen=True)
class EarlierPlan:
    """A plan that is no longer the one of its change."""

    number: int
    digest: str
    sealed_at: datetime
    void_because: str


def sealed_plans(change: Change) -> list[SealedPlan]:
    """Every sealed plan, oldest first, without what is in it."""
    return list(change.plans.defer("content"))


def earlier_plans(change: Change, plans: Sequence[SealedPlan]) -> tuple[EarlierPlan, ...]:
    """The plans that came before the one of now, newest first."""
    return tuple(
        EarlierPlan(plan.number, plan.digest, plan.sealed_at, plan.void_because)
        for plan in reversed(plans)
        if plan.void_because or plan.digest != change.plan_digest
    )


def access_plan(change: Change, number: int) -> SealedPlan:
    """The plan of that number, whole. Raises Http404."""
    plan = change.plans.filter(number=number).first()
    if plan is None:
        raise Http404(f"This change has no plan {number}.")
    return plan
