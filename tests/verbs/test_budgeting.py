"""Budgets: who may set and remove which, what is no budget, and what was told of one that changed."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from provisioning.actions.actor import Actor
from provisioning.actions.budgeting import AskBudget, do_remove_budget, do_set_budget, why_not_set
from provisioning.actions.refusals import Refusal
from provisioning.costs.limits import FORECAST
from provisioning.lifecycle import BudgetScope
from provisioning.models import AuditEntry, Budget, BudgetNotice, Environment

ASK = AskBudget(BudgetScope.ENVIRONMENT, "hello-erlang/dev-alice", Decimal("40.00"))


def kept() -> list[Any]:
    """Every budget, to see that a refusal left them."""
    return list(Budget.objects.order_by("pk").values())


def told(budget: Budget, threshold: int, amount: str) -> None:
    BudgetNotice.objects.create(
        budget=budget, month=date(2026, 5, 1), threshold=threshold, amount=Decimal(amount), at=timezone.now()
    )


def test_its_owner_sets_changes_and_removes_it_and_each_is_audited(live: Environment, alice: Actor) -> None:
    budget = do_set_budget(alice, ASK)
    assert (budget.monthly, budget.thresholds, budget.set_by_id) == (Decimal("40.00"), [50, 80, 100], alice.user_id)
    again = do_set_budget(alice, replace(ASK, monthly=Decimal("60.005"), thresholds=(100, 90, 90)))
    assert (again.pk, again.monthly, again.thresholds) == (budget.pk, Decimal("60.00"), [90, 100])
    assert do_remove_budget(alice, budget.pk) == ASK.subject
    assert not kept()
    entries = AuditEntry.objects.filter(verb__in=("set_budget", "remove_budget")).order_by("id")
    assert [(one.verb, one.environment, one.by_id, one.address) for one in entries] == [
        ("set_budget", live, alice.user_id, alice.address),
        ("set_budget", live, alice.user_id, alice.address),
        ("remove_budget", live, alice.user_id, alice.address),
    ]
    assert [one.detail.get("before") for one in entries] == [None, "40.00", None]


def test_others_and_auditors_may_not_admins_may(
    live: Environment, alice: Actor, bob: Actor, ada: Actor, audrey: Actor
) -> None:
    budget = do_set_budget(alice, ASK)
    before = kept()
    for actor in (bob, audrey):
        for attempt in (lambda who=actor: do_set_budget(who, ASK), lambda who=actor: do_remove_budget(who, budget.pk)):
            with pytest.raises(Refusal) as refused:
                attempt()
            assert refused.value.forbidden
            assert why_not_set(actor, ASK.scope, ASK.subject) == refused.value.sentence
    assert kept() == before
    assert do_set_budget(ada, replace(ASK, monthly=Decimal(1))).monthly == 1


@pytest.mark.parametrize(
    ("scope", "subject", "may"),
    [
        (BudgetScope.APPLICATION, "hello-erlang", {"ada"}),
        (BudgetScope.OWNER, "alice", {"alice", "ada"}),
        (BudgetScope.OWNER, "platform", {"bob", "ada"}),
        (BudgetScope.OWNER, "engineers", {"ada"}),
    ],
)
def test_whose_money_it_is_may_say(
    *, live: Environment, alice: Actor, bob: Actor, ada: Actor, scope: BudgetScope, subject: str, may: set[str]
) -> None:
    Group.objects.create(name="platform")
    people = [alice, replace(bob, groups=bob.groups | {"platform"}), ada]
    assert {actor.name for actor in people if not why_not_set(actor, scope, subject)} == may


@pytest.mark.parametrize(
    ("scope", "subject"),
    [
        (BudgetScope.ENVIRONMENT, "hello-erlang/dev-nobody"),
        (BudgetScope.ENVIRONMENT, "hello-erlang"),
        (BudgetScope.APPLICATION, "nothing"),
        (BudgetScope.OWNER, "nobody"),
    ],
)
def test_of_nothing_there_is_none(live: Environment, ada: Actor, scope: BudgetScope, subject: str) -> None:
    with pytest.raises(Refusal) as refused:
        do_set_budget(ada, AskBudget(scope, subject, Decimal(1)))
    assert (refused.value.code, list(refused.value.fields), refused.value.forbidden) == (
        "no-subject",
        ["subject"],
        False,
    )
    assert not kept()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"monthly": Decimal(0)}, "monthly"),
        ({"monthly": Decimal("-1")}, "monthly"),
        ({"monthly": Decimal("0.001")}, "monthly"),
        ({"monthly": Decimal("NaN")}, "monthly"),
        ({"monthly": Decimal("Infinity")}, "monthly"),
        ({"monthly": Decimal(10) ** 11}, "monthly"),
        ({"thresholds": ()}, "thresholds"),
        ({"thresholds": (0, 50)}, "thresholds"),
        ({"thresholds": (1_001,)}, "thresholds"),
        ({"thresholds": tuple(range(1, 12))}, "thresholds"),
    ],
)
def test_what_is_no_budget_is_refused_beside_its_field(
    live: Environment, alice: Actor, wrong: dict[str, Any], field: str
) -> None:
    with pytest.raises(Refusal) as refused:
        do_set_budget(alice, replace(ASK, **wrong))
    assert (refused.value.code, list(refused.value.fields)) == ("bad-budget", [field])
    assert not kept()


def test_what_was_told_is_forgotten_where_it_is_no_longer_so(live: Environment, alice: Actor) -> None:
    budget = do_set_budget(alice, ASK)  # $40
    for threshold, amount in ((50, "25"), (80, "33"), (100, "41"), (FORECAST, "90")):
        told(budget, threshold, amount)
    do_set_budget(alice, replace(ASK, monthly=Decimal(50)))
    assert sorted(budget.notices.values_list("threshold", flat=True)) == [FORECAST, 50]
    do_set_budget(alice, replace(ASK, monthly=Decimal(50)))
    assert sorted(budget.notices.values_list("threshold", flat=True)) == [FORECAST, 50]
    do_set_budget(alice, replace(ASK, monthly=Decimal(100)))
    assert not budget.notices.exists()


def test_what_is_gone_cannot_be_removed_again(live: Environment, alice: Actor) -> None:
    budget = do_set_budget(alice, ASK)
    do_remove_budget(alice, budget.pk)
    with pytest.raises(Refusal) as refused:
        do_remove_budget(alice, budget.pk)
    assert refused.value.code == "no-budget"
