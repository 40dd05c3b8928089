"""The seal over a plan (C15): it breaks when anything that was reviewed changes, and only then."""

import copy
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from provisioning.aws.cloudformation import StackState
from provisioning.planning.plan import build, digest, same_changes, stack_facts

Plan = dict[str, Any]
texts = st.text(max_size=8)


def row(name: str = "Messages", **other: Any) -> Plan:
    """One changed resource, with two changed properties."""
    details = [
        {"path": f"/Properties/{path}", "before": "1", "after": "2", "requires_recreation": "Never", "cause": ""}
        for path in ("BillingMode", "Tags")
    ]
    return {
        "logical_id": name, "physical_id": f"dev-{name}", "name": f"dev-{name}", "type": "AWS::DynamoDB::Table",
        "action": "Modify", "replacement": "False", "policy_action": "", "details": details,
    } | other  # fmt: skip


def part(number: int = 0, **other: Any) -> Plan:
    """One part of a stack's work."""
    return {
        "kind": "data", "name": "hello-data-dev", "part": number, "parts": 2, "purpose": "", "action": "update",
        "read_from": "change_set", "template": "d1", "parameters": {"A": "1", "B": "2"}, "parameters_before": {},
        "keep": [], "tags": {"Owner": "alice", "Stage": "dev"},
        "imports": [{"logical_id": one, "type": "AWS::DynamoDB::Table", "name": one} for one in ("T", "U")],
        "stack": {"stack_id": "arn:stack", "status": "CREATE_COMPLETE", "at": "2026-05-04T09:00:00+00:00"},
        "change_set": f"arn:set-{number}", "changes": [row(), row("Sessions")],
    } | other  # fmt: skip


def a_plan(**other: Any) -> Plan:
    """A plan with everything in it."""
    line = {"what": "Partition key", "template": "id", "table": "id", "same": True}
    more = {
        "attempt": 1,
        "adoption": [
            {"table": name, "fits": True, "reason": "", "items": 4, "created_at": "2026-01", "lines": [line]}
            for name in ("t", "u")
        ],
        "deletion": {"tables": [{"name": name, "items": 4, "bytes": 9, "backup": True} for name in ("t", "u")]},
        "stage_below": None,
        "flags": [{"name": f"/app/{key}", "key": key, "value": "on", "title": "A flag"} for key in ("a", "b")],
    }  # fmt: skip
    made = build(kind="update", stacks=[part(), part(1)], findings=[], cost=None, more=more)
    return {**made, **other}


INGREDIENTS: dict[str, Callable[[Plan], Any]] = {
    "kind": lambda plan: plan.update(kind="create"),
    "another attempt": lambda plan: plan.update(attempt=2),
    "template": lambda plan: plan["stacks"][1].update(template="d2"),
    "a value": lambda plan: plan["stacks"][0]["parameters"].update(A="3"),
    "a value more": lambda plan: plan["stacks"][0]["parameters"].update(C="3"),
    "a value less": lambda plan: plan["stacks"][0]["parameters"].pop("A"),
    "a kept value": lambda plan: plan["stacks"][0]["keep"].append("Password"),
    "a tag": lambda plan: plan["stacks"][0]["tags"].update(Owner="bob"),
    "an import": lambda plan: plan["stacks"][0]["imports"][0].update(name="other"),
    "an import less": lambda plan: plan["stacks"][0]["imports"].pop(),
    "the change set": lambda plan: plan["stacks"][1].update(change_set="arn:other"),
    "what happens": lambda plan: plan["stacks"][1]["changes"][0].update(action="Remove"),
    "a replacement": lambda plan: plan["stacks"][1]["changes"][0].update(replacement="True"),
    "a new value": lambda plan: plan["stacks"][1]["changes"][0]["details"][0].update(after="3"),
    "a change more": lambda plan: plan["stacks"][1]["changes"].append(row("Other")),
    "a change less": lambda plan: plan["stacks"][0]["changes"].pop(),
    "a part less": lambda plan: plan["stacks"].pop(),
    "the order of parts": lambda plan: plan["stacks"].reverse(),
    "the stack itself": lambda plan: plan["stacks"][0]["stack"].update(stack_id="arn:other"),
    "its status": lambda plan: plan["stacks"][0]["stack"].update(status="UPDATE_COMPLETE"),
    "its last update": lambda plan: plan["stacks"][0]["stack"].update(at="2026-05-04T09:00:01+00:00"),
    "a key of a kept table": lambda plan: plan["adoption"][0].update(lines=[]),
    "when a kept table was made": lambda plan: plan["adoption"][1].update(created_at="2026-02"),
    "a table to take over less": lambda plan: plan["adoption"].pop(),
    "a table to delete": lambda plan: plan["deletion"]["tables"][0].update(name="v"),
    "a flag's value": lambda plan: plan["flags"][0].update(value="off"),
    "a flag less": lambda plan: plan["flags"].pop(),
    "a table to delete more": lambda plan: plan["deletion"]["tables"].append({"name": "v"}),
}
ADVICE: dict[str, Callable[[Plan], Any]] = {
    "price": lambda plan: plan.update(cost={"after": "9"}),
    "findings": lambda plan: plan.update(findings=[{"severity": "warning"}]),
    "counters": lambda plan: plan.update(counters={}),
    "impact": lambda plan: plan.update(impact={}),
    "stage below": lambda plan: plan.update(stage_below={"there": False}),
    "items of a kept table": lambda plan: plan["adoption"][0].update(items=5, bytes=10, reason="Fits."),
    "items to delete": lambda plan: plan["deletion"]["tables"][0].update(items=5, bytes=10, backup=False),
}
ORDERS: dict[str, Callable[[Plan], Any]] = {
    "rows": lambda plan: plan["stacks"][0]["changes"].reverse(),
    "details": lambda plan: plan["stacks"][0]["changes"][0]["details"].reverse(),
    "imports": lambda plan: plan["stacks"][0]["imports"].reverse(),
    "kept tables": lambda plan: plan["adoption"].reverse(),
    "tables to delete": lambda plan: plan["deletion"]["tables"].reverse(),
    "flags": lambda plan: plan["flags"].reverse(),
}


@pytest.mark.parametrize("what", INGREDIENTS)
def test_each_ingredient_is_sealed(what: str) -> None:
    other = a_plan()
    INGREDIENTS[what](other)
    assert digest(other) != digest(a_plan())


@pytest.mark.parametrize("what", ADVICE)
def test_what_only_helps_to_decide_is_not(what: str) -> None:
    """Counts and prices change by themselves; what is executed does not."""
    other = a_plan()
    ADVICE[what](other)
    assert other != a_plan()
    assert digest(other) == digest(a_plan())


@pytest.mark.parametrize("what", ORDERS)
def test_the_order_in_which_aws_lists_things_says_nothing(what: str) -> None:
    other = a_plan()
    ORDERS[what](other)
    assert other != a_plan()
    assert digest(other) == digest(a_plan())


def _backwards(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _backwards(value[key]) for key in reversed(value)}
    return [_backwards(one) for one in value] if isinstance(value, list) else value


some_rows = st.lists(st.builds(row, texts, action=texts, physical_id=texts), max_size=2)
some_part = st.builds(
    part,
    st.integers(0, 3),
    template=texts,
    parameters=st.dictionaries(texts, texts, max_size=3),
    tags=st.dictionaries(texts, texts, max_size=3),
    changes=some_rows,
)
some_parts = st.lists(some_part, min_size=1, max_size=2)


@given(some_parts)
def test_the_order_of_keys_says_nothing(parts: list[Plan]) -> None:
    plan = a_plan(stacks=parts)
    assert digest(_backwards(plan)) == digest(plan)
    assert len(digest(plan)) == 64


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [place for key in value for place in _places(value[key], (*path, key))]
    if isinstance(value, list):
        return [place for index, one in enumerate(value) for place in _places(one, (*path, index))]
    return [path]


@given(some_parts, st.data())
def test_whichever_word_of_a_stack_differs_the_seal_breaks(parts: list[Plan], data: st.DataObject) -> None:
    plan = a_plan(stacks=parts)
    place = data.draw(st.sampled_from(_places(parts)))
    other = copy.deepcopy(plan)
    inner: Any = other["stacks"]
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = f"{inner[place[-1]]}!"
    assert digest(other) != digest(plan)


@given(some_rows, some_rows)
def test_the_same_changes_have_the_same_seal_and_no_others(one: list[Plan], other: list[Plan]) -> None:
    assert same_changes(one, one[::-1])
    assume(sorted(map(repr, one)) != sorted(map(repr, other)))
    assert not same_changes(one, other)


def test_a_plan_of_an_earlier_version_can_be_read() -> None:
    assert len(digest({"kind": "create", "stacks": [{"kind": "data", "name": "s", "changes": None}]})) == 64


def a_stack(status: str, updated: datetime | None) -> StackState:
    """A stack as AWS describes it."""
    return StackState(
        stack_id="arn:stack", name="s", status=status, status_reason="", detailed_status="", parameters={},
        outputs=(), tags={}, capabilities=(), termination_protection=False, created_at=datetime(2026, 5, 4, tzinfo=UTC),
        updated_at=updated, last_operations=(), role_arn="", description="", change_set_id="",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("state", "facts"),
    [
        (None, ("", "", "")),
        (a_stack("REVIEW_IN_PROGRESS", None), ("arn:stack", "REVIEW_IN_PROGRESS", "")),
        (a_stack("CREATE_COMPLETE", None), ("arn:stack", "CREATE_COMPLETE", "2026-05-04T00:00:00+00:00")),
        (
            a_stack("UPDATE_COMPLETE", datetime(2026, 5, 5, 1, 2, 3, tzinfo=UTC)),
            ("arn:stack", "UPDATE_COMPLETE", "2026-05-05T01:02:03+00:00"),
        ),
    ],
)
def test_how_a_stack_stands(state: StackState | None, facts: tuple[str, str, str]) -> None:
    assert stack_facts(state) == dict(zip(("stack_id", "status", "at"), facts, strict=True))
