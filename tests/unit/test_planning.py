"""Plans: rows of changes, what they do to data, counters, findings."""

import itertools
from typing import Any

import pytest
from hypothesis import given
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
from provisioning.planning.plan import build

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


def test_a_plan_sums_up_its_stacks() -> None:
    finding = Finding("warning", "data", "Careful.").as_dict()
    stacks = [{"kind": "data", "changes": [row("Add")]}, {"kind": "compute", "changes": [row("Add", BALANCER)]}]
    made = build(kind="create", stacks=stacks, findings=[finding], cost={"after": "1"})
    assert made["counters"]["add"] == 2
    assert made["impact"]["sentence"] == "1 table is created, none is touched."
    assert (made["findings"], made["cost"], made["kind"]) == ([finding], {"after": "1"}, "create")


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
