"""Plans: rows of changes, what they do to data, counters, findings, and the seal over all of it."""

import copy
import itertools
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from provisioning.aws.cloudformation import ChangeSet, PropertyChange, ResourceChange
from provisioning.blueprints.shapes import Resolved, ResolvedResource
from provisioning.models import StackResource
from provisioning.planning.changes import (
    DATA_TYPES,
    counters,
    endangers_data,
    from_change_set,
    from_deletion,
    from_template,
)
from provisioning.planning.findings import Finding, errors, with_new
from provisioning.planning.plan import NO_TABLE, build, data_impact, digest

TABLE, BALANCER = "AWS::DynamoDB::Table", "AWS::ElasticLoadBalancingV2::LoadBalancer"
ACTIONS = ("Add", "Modify", "Remove", "Import", "Dynamic", "Keep")
REPLACEMENTS = ("", "False", "Conditional", "True")


def row(action: str = "Modify", kind: str = TABLE, *, replacement: str = "", name: str = "T") -> dict[str, Any]:
    """One line of a plan."""
    return {
        "logical_id": name,
        "physical_id": f"dev-{name.lower()}" if action != "Add" else "",
        "type": kind,
        "action": action,
        "replacement": replacement,
        "policy_action": "",
        "details": [],
    }


def a_change_set(*changes: ResourceChange) -> ChangeSet:
    """A change set that is ready, of these changes."""
    return ChangeSet(
        change_set_id="arn:set", name="plan", stack_id="arn:stack", stack_name="s", status="CREATE_COMPLETE",
        execution_status="AVAILABLE", reason="", changes=changes, parameters={}, tags={}, created_at=None,
        capabilities=(),
    )  # fmt: skip


def test_rows_of_a_change_set_keep_what_a_reviewer_needs() -> None:
    detail = PropertyChange("/Properties/BillingMode", "Properties", "A", "B", "Never", "Static", "Direct", "x")
    plain = PropertyChange("", "Tags", None, None, "Never", "Static", "Direct")
    change = ResourceChange("T", "dev-t", TABLE, "Modify", "False", "", ("Properties",), (detail, plain))
    other = ResourceChange("A", "", BALANCER, "Add", "", "", (), ())
    rows = from_change_set(a_change_set(change, other))
    assert [one["logical_id"] for one in rows] == ["A", "T"], "sorted: the digest must not depend on AWS's order"
    assert rows[1]["details"] == [
        {
            "path": "/Properties/BillingMode",
            "before": "A",
            "after": "B",
            "requires_recreation": "Never",
            "cause": "Direct",
        },
        {"path": "Tags", "before": None, "after": None, "requires_recreation": "Never", "cause": "Direct"},
    ]
    assert set(rows[0]) == set(row())


def test_rows_of_a_template_are_all_additions() -> None:
    resources = (ResolvedResource("B", BALANCER, {}), ResolvedResource("A", TABLE, {}))
    rows = from_template(Resolved(resources, (), {}))
    assert [(one["logical_id"], one["type"], one["action"]) for one in rows] == [
        ("A", TABLE, "Add"),
        ("B", BALANCER, "Add"),
    ]


def test_rows_of_a_deletion_tell_what_stays() -> None:
    """The stack's own row is not one of its resources."""
    resources = [
        StackResource(logical_id="T", physical_id="dev-t", type=TABLE),
        StackResource(logical_id="B", physical_id="b-1", type=BALANCER),
        StackResource(logical_id="stack", physical_id="arn", type="AWS::CloudFormation::Stack"),
    ]
    rows = from_deletion(resources, keeps=frozenset({"T"}))
    assert [(one["logical_id"], one["action"], one["policy_action"]) for one in rows] == [
        ("T", "Keep", "Retain"),
        ("B", "Remove", "Delete"),
    ]


@pytest.mark.parametrize(("action", "replacement"), list(itertools.product(ACTIONS, REPLACEMENTS)))
def test_what_endangers_data(action: str, replacement: str) -> None:
    """Deleted, replaced, perhaps replaced, or not said: each is a danger; new, kept or taken over is none (C8)."""
    safe = action in {"Add", "Keep", "Import"} or (action == "Modify" and replacement in {"", "False"})
    assert endangers_data(row(action, replacement=replacement)) is not safe
    assert not endangers_data(row(action, BALANCER, replacement=replacement))


@pytest.mark.parametrize(
    "kind", [TABLE, "AWS::DynamoDB::GlobalTable", "AWS::S3::Bucket", "AWS::RDS::DBInstance", "AWS::KMS::Key"]
)
def test_everything_that_holds_data_is_guarded(kind: str) -> None:
    assert kind in DATA_TYPES
    assert endangers_data(row("Remove", kind))


def test_counters() -> None:
    rows = [
        row("Add"), row("Import"), row("Remove"), row("Keep"), row(), row(replacement="False"),
        row(replacement="True"), row(replacement="Conditional"),
    ]  # fmt: skip
    assert counters(rows) == {"add": 2, "change": 2, "replace": 2, "delete": 1, "keep": 1}
    assert counters([]) == {"add": 0, "change": 0, "replace": 0, "delete": 0, "keep": 0}


@given(st.lists(st.builds(row, st.sampled_from(ACTIONS), replacement=st.sampled_from(REPLACEMENTS))))
def test_every_row_is_counted_once(rows: list[dict[str, Any]]) -> None:
    assert sum(counters(rows).values()) == len(rows)


@pytest.mark.parametrize(
    ("rows", "tone", "sentence"),
    [
        ([], "good", NO_TABLE),
        ([row("Remove", BALANCER)], "good", NO_TABLE),
        ([row("Add")], "good", "1 table is created, none is touched."),
        ([row("Add"), row("Add", name="U")], "good", "2 tables are created, none is touched."),
        ([row("Keep")], "good", "1 table is kept with all items."),
        ([row("Keep"), row("Keep", name="U")], "good", "2 tables are kept with all items."),
        ([row()], "attention", "1 table is changed in place with all items."),
        ([row(), row(name="U")], "attention", "2 tables are changed in place with all items."),
        ([row("Remove")], "bad", "Data would be lost: dev-t."),
        ([row("Add"), row(replacement="True", name="U")], "bad", "Data would be lost: dev-u."),
        ([row("Remove"), row("Dynamic", name="U")], "bad", "Data would be lost: dev-t, dev-u."),
    ],
)
def test_one_sentence_about_data(rows: list[dict[str, Any]], tone: str, sentence: str) -> None:
    impact = data_impact(rows)
    assert (impact["tone"], impact["sentence"]) == (tone, sentence)


def test_each_thing_that_holds_data_has_a_line() -> None:
    rows = [
        row("Add", name="A"), row("Keep", name="B"), row("Import", name="C"), row(name="D"), row("Remove", name="E"),
        row("Add", BALANCER, name="F"),
    ]  # fmt: skip
    assert data_impact(rows)["lines"] == [
        {"name": "A", "effect": "is created, empty"},
        {"name": "dev-b", "effect": "is kept with its items"},
        {"name": "dev-c", "effect": "is taken over with its items"},
        {"name": "dev-d", "effect": "is changed in place, items stay"},
        {"name": "dev-e", "effect": "would be deleted or replaced"},
    ]


@given(
    st.lists(
        st.builds(
            row,
            st.sampled_from(ACTIONS),
            st.sampled_from((TABLE, BALANCER)),
            replacement=st.sampled_from(REPLACEMENTS),
        ),
        max_size=6,
    )
)
def test_the_sentence_is_bad_exactly_when_data_is_in_danger(rows: list[dict[str, Any]]) -> None:
    impact = data_impact(rows)
    assert (impact["tone"] == "bad") is any(endangers_data(one) for one in rows)
    assert (impact["sentence"] == NO_TABLE) is not any(one["type"] in DATA_TYPES for one in rows)


def a_plan(stacks: list[dict[str, Any]] | None = None, kind: str = "update") -> dict[str, Any]:
    """A sealed-looking plan of one stack."""
    stack = {
        "kind": "data", "name": "s", "action": "update", "template": "d1", "parameters": {"A": "1", "B": "2"},
        "change_set": "arn:set", "changes": [row()],
    }  # fmt: skip
    return build(kind=kind, stacks=[stack] if stacks is None else stacks, findings=[], cost=None)


def test_a_plan_sums_up_its_stacks() -> None:
    finding = Finding("warning", "data", "Careful.").as_dict()
    stacks = [{"kind": "data", "changes": [row("Add")]}, {"kind": "compute", "changes": [row("Add", BALANCER)]}]
    made = build(kind="create", stacks=stacks, findings=[finding], cost={"after": "1"})
    assert made["counters"]["add"] == 2
    assert made["impact"]["sentence"] == "1 table is created, none is touched."
    assert (made["findings"], made["cost"], made["kind"]) == ([finding], {"after": "1"}, "create")


texts = st.text(max_size=8)
some_rows = st.lists(
    st.builds(
        row,
        st.sampled_from(ACTIONS),
        st.sampled_from((TABLE, BALANCER)),
        replacement=st.sampled_from(REPLACEMENTS),
        name=texts,
    ),
    max_size=3,
)
some_stacks = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(("data", "compute")),
            "name": texts,
            "action": texts,
            "template": texts,
            "parameters": st.dictionaries(texts, texts, max_size=3),
            "change_set": texts,
            "changes": some_rows,
        }
    ),
    max_size=2,
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [place for key in value for place in _places(value[key], (*path, key))]
    if isinstance(value, list):
        return [place for index, one in enumerate(value) for place in _places(one, (*path, index))]
    return [path]


def _changed(plan: dict[str, Any], place: tuple[Any, ...]) -> dict[str, Any]:
    other = copy.deepcopy(plan)
    inner: Any = other
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = f"{inner[place[-1]]}!"
    return other


@given(some_stacks, texts, st.data())
def test_the_seal_breaks_when_anything_reviewed_changes(
    stacks: list[dict[str, Any]], kind: str, data: st.DataObject
) -> None:
    """Kind, names, templates, parameters, every change: whichever word differs, the digest does."""
    plan = a_plan(stacks, kind)
    reviewed = {"kind": plan["kind"], "stacks": plan["stacks"]}
    place = data.draw(st.sampled_from(_places(reviewed)))
    assert digest(_changed(plan, place)) != digest(plan)


@given(some_stacks, texts, some_stacks, texts)
def test_different_plans_have_different_seals(
    one: list[dict[str, Any]], kind: str, other: list[dict[str, Any]], other_kind: str
) -> None:
    assume((one, kind) != (other, other_kind))
    assert digest(a_plan(one, kind)) != digest(a_plan(other, other_kind))


@pytest.mark.parametrize("lost", [("stacks", 0), ("stacks", 0, "changes", 0), ("stacks", 0, "parameters", "A")])
def test_the_seal_breaks_when_something_is_left_out(lost: tuple[Any, ...]) -> None:
    plan = a_plan()
    other = copy.deepcopy(plan)
    inner: Any = other
    for key in lost[:-1]:
        inner = inner[key]
    del inner[lost[-1]]
    assert digest(other) != digest(plan)


def _backwards(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _backwards(value[key]) for key in reversed(value)}
    return [_backwards(one) for one in value] if isinstance(value, list) else value


@given(some_stacks, texts)
def test_the_seal_does_not_depend_on_the_order_of_keys(stacks: list[dict[str, Any]], kind: str) -> None:
    plan = a_plan(stacks, kind)
    assert digest(_backwards(plan)) == digest(plan)
    assert len(digest(plan)) == 64


def test_a_price_that_moved_does_not_void_a_decision() -> None:
    """Prices and advice help to decide; what is executed is stacks, and those are sealed."""
    plan = a_plan()
    assert digest({**plan, "cost": {"after": "9"}, "findings": [{}]}) == digest(plan)


def test_only_errors_stop() -> None:
    found = [Finding(severity, "data", severity).as_dict() for severity in ("error", "warning", "info", "error")]
    assert errors(found) == [found[0], found[3]]
    assert errors([]) == []


def test_a_finding_is_kept_once() -> None:
    one, two = Finding("error", "a", "One.", "Fix."), Finding("warning", "a", "Two.")
    kept = with_new([], [one])
    again = with_new(kept, [one, two, two])
    assert again == [one.as_dict(), two.as_dict()]
    assert kept == [one.as_dict()], "what was kept is not altered"
