"""Budgets: set, changed, removed. Whose money it is may say: an environment's or a team's people their own, admins
everything."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from provisioning.actions.actor import Actor, audit
from provisioning.actions.refusals import Refusal
from provisioning.blueprints.loader import library
from provisioning.costs.limits import DEFAULT_THRESHOLDS, FORECAST, HIGHEST_THRESHOLD, MOST_THRESHOLDS, WHOLE
from provisioning.lifecycle import BudgetScope
from provisioning.models import AuditEntry, Budget, Environment

CENT = Decimal("0.01")
MOST = Decimal("9999999999.99")


@dataclass(frozen=True)
class AskBudget:
    """What somebody wants to spend a month at most, in US dollars; `subject` is app/name, an application, a person's
    or a group's name. `thresholds` are the per cents of it at which to tell."""

    scope: BudgetScope
    subject: str
    monthly: Decimal
    thresholds: tuple[int, ...] = DEFAULT_THRESHOLDS


def do_set_budget(actor: Actor, ask: AskBudget) -> Budget:
    """Set or change the budget of a subject; one that this person has set so already stays as it is. What was told in
    this month is forgotten where it is no longer so of the new amount, and can be told again. Raises Refusal."""
    monthly = _checked(ask)
    environment = _require_may_set(actor, ask.scope, ask.subject)
    thresholds = sorted(set(ask.thresholds))
    with transaction.atomic():
        known = Budget.objects.select_for_update().filter(scope=ask.scope, subject=ask.subject).first()
        if known and (known.monthly, known.thresholds, known.set_by_id) == (monthly, thresholds, actor.user_id):
            return known
        before = None if known is None else str(known.monthly)
        budget, _ = Budget.objects.update_or_create(
            scope=ask.scope,
            subject=ask.subject,
            defaults={
                "monthly": monthly,
                "thresholds": thresholds,
                "set_by_id": actor.user_id,
                "set_at": timezone.now(),
            },
        )
        _forget(budget)
        audit(
            actor,
            "set_budget",
            f"Set the budget of {ask.subject} to ${monthly} a month",
            environment=environment,
            detail={"scope": ask.scope.value, "subject": ask.subject, "before": before, "thresholds": thresholds},
        )
    return budget


def do_remove_budget(actor: Actor, budget_id: int) -> str:
    """Remove a budget with what was told of it; its subject's name. Raises Refusal, also when it is gone already."""
    with transaction.atomic():
        budget = Budget.objects.select_for_update().filter(pk=budget_id).first()
        if budget is None:
            raise Refusal("This budget is gone already.", "no-budget")
        environment = _require_may_set(actor, BudgetScope(budget.scope), budget.subject)
        audit(
            actor,
            "remove_budget",
            f"Removed the budget of {budget.subject}: ${budget.monthly} a month",
            environment=environment,
            detail={
                "budget": budget_id,
                "scope": budget.scope,
                "subject": budget.subject,
                "monthly": str(budget.monthly),
            },
        )
        subject = budget.subject
        budget.delete()
    return subject


def was_removed_by(actor: Actor, budget_id: int) -> bool:
    """Whether this person has removed that budget, so that asking again asks for what is so already."""
    removed = AuditEntry.objects.filter(by_id=actor.user_id, verb="remove_budget", detail__budget=budget_id)
    return removed.exists()


def why_not_set(actor: Actor, scope: BudgetScope, subject: str) -> str:
    """Why this person may not set or remove a budget of that subject; empty when they may."""
    try:
        _require_may_set(actor, scope, subject)
    except Refusal as refusal:
        return refusal.sentence
    return ""


def _checked(ask: AskBudget) -> Decimal:
    """The amount in whole cents. Raises Refusal for what is no budget."""
    fields: dict[str, str] = {}
    if not ask.monthly.is_finite() or not CENT <= ask.monthly <= MOST:
        fields["monthly"] = "An amount above zero."
    if not ask.thresholds or len(ask.thresholds) > MOST_THRESHOLDS:
        fields["thresholds"] = f"One to {MOST_THRESHOLDS} numbers."
    elif not all(0 < one <= HIGHEST_THRESHOLD for one in ask.thresholds):
        fields["thresholds"] = f"Per cents from 1 to {HIGHEST_THRESHOLD:,}."
    if fields:
        raise Refusal("This is no budget: see below.", "bad-budget", fields=fields)
    return ask.monthly.quantize(CENT)


def _require_may_set(actor: Actor, scope: BudgetScope, subject: str) -> Environment | None:
    """The environment, where the budget is of one. Raises Refusal for a subject that there is not, and for whoever may
    not say."""
    if not actor.may_change:
        raise Refusal("You may read everything here, but not change anything.", "not-allowed", forbidden=True)
    if scope == BudgetScope.ENVIRONMENT:
        application, _, name = subject.partition("/")
        environment = Environment.objects.select_related("owner").filter(application=application, name=name).first()
        if environment is None:
            raise _nothing_called(subject, "environment")
        _require(actor, environment.owner.get_username())
        return environment
    if scope == BudgetScope.APPLICATION:
        blueprint = library().blueprints.get(subject)
        if blueprint is None and not Environment.objects.filter(application=subject).exists():
            raise _nothing_called(subject, "application")
        _require(actor, blueprint.owner if blueprint else "")
        return None
    people, teams = get_user_model().objects.filter(username=subject), Group.objects.filter(name=subject)
    if not people.exists() and not teams.exists():
        raise _nothing_called(subject, "person or team")
    _require(actor, subject)
    return None


def _require(actor: Actor, owner: str) -> None:
    """Refuse whoever is neither the owner, nor in the group that is, nor an admin. The groups that rights come from
    are no teams."""
    if actor.is_admin or (owner and owner == actor.name) or owner in actor.groups - _ROLES:
        return
    whom = f"Ask {owner} or an admin." if owner else "Ask an admin."
    raise Refusal(f"This budget is not yours to set. {whom}", "not-yours", forbidden=True)


_ROLES: frozenset[str] = frozenset({"engineers", "admins", "auditors"})


def _nothing_called(subject: str, what: str) -> Refusal:
    return Refusal(
        f"There is no {what} called {subject}.", "no-subject", fields={"subject": f"No {what} is called so."}
    )


def _forget(budget: Budget) -> None:
    """Drop what was told and is not so any more."""
    wrong: Iterable[int] = [
        one.pk
        for one in budget.notices.all()
        if one.amount * WHOLE < budget.monthly * (one.threshold if one.threshold != FORECAST else WHOLE)
    ]
    budget.notices.filter(pk__in=wrong).delete()
