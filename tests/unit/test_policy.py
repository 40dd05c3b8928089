"""Which plans a rule of a stage may approve, and what data asks for in prod whatever the policy says."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.blueprints.model import BY_RULE, NEVER_BY_RULE, AutoApproval, StagePolicy
from provisioning.lifecycle import ChangeKind
from provisioning.planning.changes import endangers_data
from provisioning.planning.policy import approving_rule, needed

TABLE, BALANCER, KEY = "AWS::DynamoDB::Table", "AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::KMS::Key"
ANY = AutoApproval("any", frozenset(BY_RULE), "any", replaces=True, deletes=True, monthly_increase=None)
STRICT = AutoApproval("strict", frozenset(BY_RULE))


def policy(
    *rules: AutoApproval, stage: str = "prod", approvals: int = 1, groups: tuple[str, ...] = ("leads",)
) -> StagePolicy:
    """A stage's policy with these rules."""
    return StagePolicy(
        stage, approvals, groups, protection=True, lifetime_days=None, personal=False, defaults={}, auto_approvals=rules
    )


def row(action: str = "Modify", kind: str = BALANCER, replacement: str = "", name: str = "A") -> dict[str, Any]:
    """One line of a plan."""
    head = {"logical_id": name, "physical_id": "", "type": kind, "action": action}
    return {**head, "replacement": replacement, "policy_action": "", "details": []}


def plan(*rows: dict[str, Any], delta: str | None = "0", **more: Any) -> dict[str, Any]:
    """A plan of one stack."""
    cost = None if delta is None else {"stacks": {}, "before": "10", "after": "10", "delta": delta}
    return {"stacks": [{"kind": "compute", "changes": list(rows)}], "findings": [], "cost": cost, **more}


def approves(rule: AutoApproval, of: dict[str, Any], kind: str = "update") -> bool:
    """Whether this one rule approves the plan."""
    return approving_rule(policy(rule), kind, of) == rule


def test_the_kinds_are_all_known_and_each_is_one_or_the_other() -> None:
    assert sorted((*BY_RULE, *NEVER_BY_RULE)) == sorted(ChangeKind)


@pytest.mark.parametrize(
    ("line", "what_it_takes"),
    [
        (row("Add"), {}),
        (row("Modify"), {}),
        (row("Modify", replacement="False"), {}),
        (row("Add", TABLE), {}),
        (row("Modify", TABLE), {"data": "any"}),
        (row("Modify", KEY), {"data": "any"}),
        (row("Import", TABLE), {"data": "any"}),
        (row("Keep", TABLE), {"data": "any"}),
        (row("Modify", replacement="True"), {"replaces": True}),
        (row("Modify", replacement="Conditional"), {"replaces": True}),
        (row("Modify") | {"policy_action": "ReplaceAndRetain"}, {"replaces": True}),
        (row("Remove"), {"deletes": True}),
        (row("Dynamic"), {"deletes": True, "replaces": True}),
    ],
)
def test_a_rule_covers_what_it_says_and_no_more(line: dict[str, Any], what_it_takes: dict[str, Any]) -> None:
    given_all = replace(STRICT, data="any", replaces=True, deletes=True)
    for missing in what_it_takes:
        assert not approves(replace(given_all, **{missing: getattr(STRICT, missing)}), plan(row("Add"), line))
    assert approves(replace(STRICT, **what_it_takes), plan(row("Add"), line))


@pytest.mark.parametrize(
    ("limit", "delta", "expected"),
    [
        (Decimal(0), "0", True),
        (Decimal(0), "-3.50", True),
        (Decimal(0), "0.0001", False),
        (Decimal(5), "5.0000", True),
        (Decimal(5), "5.0001", False),
        (Decimal(5), None, False),
        (None, "900", True),
        (None, None, True),
    ],
)
def test_the_price(limit: Decimal | None, delta: str | None, *, expected: bool) -> None:
    assert approves(replace(STRICT, monthly_increase=limit), plan(row("Add"), delta=delta)) is expected


@pytest.mark.parametrize(("priced", "expected"), [("A", False), ("Another", True)])
def test_a_price_that_is_not_known_is_no_price(priced: str, *, expected: bool) -> None:
    """Only where the plan touches what has none."""
    lines = [{"logical_id": priced, "delta": None}, {"logical_id": "B", "delta": "0"}]
    cost = {"stacks": {"compute": {"lines": lines}}, "before": "1", "after": "1", "delta": "0"}
    assert approves(replace(STRICT, monthly_increase=Decimal(100)), plan(row("Add")) | {"cost": cost}) is expected


def test_a_rule_speaks_for_its_kinds_only() -> None:
    wakes = replace(ANY, kinds=frozenset({"wake"}))
    assert approves(wakes, plan(row("Add")), "wake")
    assert not approves(wakes, plan(row("Add")), "update")


@pytest.mark.parametrize("kind", NEVER_BY_RULE)
def test_some_kinds_are_never_a_rules(kind: str) -> None:
    """Even if a policy got one past the checks."""
    assert not approves(replace(ANY, kinds=frozenset(ChangeKind)), plan(row("Add")), kind)


@pytest.mark.parametrize(
    "of",
    [
        plan(findings=[{"severity": "error", "about": "", "sentence": "", "fix": ""}]),
        plan(deletion={"tables": []}),
        plan(row("Remove", TABLE)),
        plan(row("Modify", TABLE, "Conditional")),
    ],
)
def test_what_no_rule_approves(of: dict[str, Any]) -> None:
    assert not approves(ANY, of)


def test_the_first_rule_that_fits_is_the_reviewer() -> None:
    rules = (STRICT, replace(ANY, name="second"), ANY)
    assert approving_rule(policy(*rules), "update", plan(row("Remove"))) == rules[1]
    assert approving_rule(policy(), "update", plan()) is None


ROWS = st.builds(
    row,
    st.sampled_from(["Add", "Modify", "Remove", "Import", "Dynamic", "Keep"]),
    st.sampled_from([TABLE, BALANCER, KEY]),
    st.sampled_from(["", "False", "Conditional", "True"]),
)


@given(st.lists(ROWS, max_size=6), st.sampled_from(list(ChangeKind)), st.booleans())
def test_no_rule_ever_lets_data_go(rows: list[dict[str, Any]], kind: ChangeKind, strict: bool) -> None:  # noqa: FBT001  (drawn)
    rule = replace(STRICT if strict else ANY, kinds=frozenset(ChangeKind))
    if approving_rule(policy(rule), kind, plan(*rows)):
        assert kind not in NEVER_BY_RULE
        assert not any(endangers_data(one) for one in rows)
        assert not strict or all(one["action"] == "Add" for one in rows if one["type"] in {TABLE, KEY})


@pytest.mark.parametrize("kind", ChangeKind)
@pytest.mark.parametrize("stage", ["dev", "staging", "prod"])
def test_in_prod_data_and_what_runs_ask_for_a_second_person_whatever_the_policy(stage: str, kind: ChangeKind) -> None:
    nobody = policy(ANY, stage=stage, approvals=0, groups=())
    asked = needed(nobody, kind)
    if stage == "prod" and kind in {"delete_data", "unprotect", "write_items", "set_parameters", "deploy"}:
        assert (asked.approvals, asked.approver_groups, asked.auto_approvals) == (1, ("admins",), ())
    else:
        assert asked == nobody


def test_what_a_policy_asks_beyond_that_stays() -> None:
    asked = needed(policy(ANY, approvals=3, groups=("leads", "owners")), ChangeKind.DELETE_DATA)
    assert (asked.approvals, asked.approver_groups) == (3, ("leads", "owners"))


def test_a_way_back_of_parameters_asks_nobody_only_where_the_stage_says_so() -> None:
    strict, eased = policy(stage="prod"), replace(policy(stage="prod"), revert_without_approval=True)
    back, forward = {"reverts": True}, {"reverts": False}
    assert needed(eased, ChangeKind.SET_PARAMETERS, back).approvals == 0
    assert needed(eased, ChangeKind.SET_PARAMETERS, forward).approvals >= 1
    assert needed(strict, ChangeKind.SET_PARAMETERS, back).approvals >= 1
    assert needed(eased, ChangeKind.SET_PARAMETERS).approvals >= 1
