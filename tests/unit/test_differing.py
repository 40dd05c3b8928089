"""What runs against what was reviewed: which rows make a difference, and values that no plan may show."""

from typing import Any

import pytest

from provisioning.planning.changes import differing, hiding, tagged

TABLE, ALARM = "AWS::DynamoDB::Table", "AWS::CloudWatch::Alarm"


def row(name: str, action: str = "Modify", kind: str = ALARM, *, cause: str = "", **more: Any) -> dict[str, Any]:
    """A row with one property that changes, because of something else when a cause is given."""
    detail = {"path": "/Properties/X", "before": "1", "after": "2", "requires_recreation": "Never", "cause": cause}
    known = {"logical_id": name, "physical_id": "", "type": kind, "action": action, "policy_action": ""}
    return {**known, "replacement": "False" if action == "Modify" else "", "details": [detail], **more}


REVIEWED = [row("Table", kind=TABLE), row("New", "Add")]


@pytest.mark.parametrize(
    ("real", "expected"),
    [
        (REVIEWED, []),
        ([*REVIEWED, row("Other", "Add")], ["Other"]),
        ([*REVIEWED, row("Other")], ["Other"]),
        ([*REVIEWED, row("Other", "Remove", cause="ResourceAttribute Table.Arn")], ["Other"]),
        (REVIEWED[:1], ["New"]),
        ([row("Table", "Remove", TABLE), REVIEWED[1]], ["Table"]),
        ([*REVIEWED, row("Other", cause="ResourceAttribute Table.Arn")], []),
        ([*REVIEWED, row("Other", cause="ResourceAttribute Else.Arn")], ["Other"]),
        ([*REVIEWED, row("Other", cause="ResourceAttribute Table.Arn", replacement="True")], ["Other"]),
        ([*REVIEWED, row("Other", cause="ResourceAttribute Table.Arn", details=[])], ["Other"]),
        ([row("Table", kind=TABLE, replacement="True"), REVIEWED[1]], ["Table"]),
        ([row("Table", kind=TABLE, replacement="Conditional"), REVIEWED[1]], ["Table"]),
        ([row("Table", kind=TABLE, replacement="Conditional", in_place=True), REVIEWED[1]], []),
        ([*REVIEWED, row("Other", kind=TABLE, cause="ResourceAttribute Table.Arn")], ["Other"]),
    ],
)
def test_only_what_leans_on_a_reviewed_row_and_stays_may_come_on_top(
    real: list[dict[str, Any]], expected: list[str]
) -> None:
    assert differing(REVIEWED, real) == expected


def test_tags_that_are_there_already_are_no_difference() -> None:
    reviewed = [tagged(row("Table", "Add", TABLE)), row("New", "Add")]
    assert differing(reviewed, [row("New", "Add")]) == []
    assert differing(reviewed, reviewed) == []
    assert differing(reviewed, [row("Table", "Remove", TABLE), row("New", "Add")]) == ["Table"]


def test_hidden_values_are_unreadable_wherever_they_stand() -> None:
    details = [{"path": "/Properties/Value", "before": None, "after": 'token="s3"cret" and s3"cret'}]
    (found,) = hiding([row("Note", details=details)], ['s3"cret', ""])
    assert found["details"] == [{"path": "/Properties/Value", "before": None, "after": 'token="****" and ****'}]
    listed = [{"path": "/Properties/Value", "before": '["s3\\"cret"]', "after": None}]
    (found,) = hiding([row("Note", details=listed)], ['s3"cret'])
    assert found["details"][0]["before"] == '["****"]'
