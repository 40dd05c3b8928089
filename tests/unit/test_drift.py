"""What of a drift counts, what stays accepted, and which parameter may take a real value over."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.blueprints.template import parse
from provisioning.planning.drift import (
    TABLE,
    accepted_rows,
    counting,
    deciding_parameter,
    open_differences,
    values_taken,
)
from provisioning.planning.guard import dangers

TEMPLATE = parse("""
Parameters:
  Days: {Type: Number, Default: 7, AllowedValues: [7, 30, 90]}
  Mode: {Type: String, Default: PAY_PER_REQUEST}
  Secret: {Type: String, NoEcho: true}
  Names: {Type: CommaDelimitedList, Default: a}
  Told: {Type: String, Default: a}
  Own: {Type: String, Default: a}
Conditions:
  Fast: !Equals [!Ref Told, fast]
Resources:
  Log:
    Type: AWS::Logs::LogGroup
    Properties:
      RetentionInDays: !Ref Days
      LogGroupName: !Sub 'x-${AWS::StackName}'
      Tags: [{Key: Names, Value: !Ref Own}]
  One: {Type: 'AWS::DynamoDB::Table', Properties: {BillingMode: !Ref Mode, TableName: !Ref Told}}
  Two: {Type: 'AWS::DynamoDB::Table', Properties: {BillingMode: !Ref Mode, TableName: !Sub '${Mode}'}}
  Three: {Type: 'AWS::IAM::Role', Properties: {RoleName: !Ref Secret, Description: fixed, Path: !Ref Names}}
""")


def pick(logical_id: str, path: str, actual: str = "90", kind: str = "NOT_EQUAL") -> dict[str, Any]:
    return {
        "logical_id": logical_id,
        "physical_id": "",
        "type": TABLE,
        "path": path,
        "expected": "7",
        "actual": actual,
        "kind": kind,
    }


@pytest.mark.parametrize(
    ("type_", "path", "scaled", "counts"),
    [
        (TABLE, "/ProvisionedThroughput/ReadCapacityUnits", True, False),
        (TABLE, "/GlobalSecondaryIndexes/0/ProvisionedThroughput/WriteCapacityUnits", True, False),
        (TABLE, "/ProvisionedThroughput", True, False),
        (TABLE, "/ProvisionedThroughput/ReadCapacityUnits", False, True),
        (TABLE, "/BillingMode", True, True),
        (TABLE, "/DeletionProtectionEnabled", True, True),
        ("AWS::ECS::Service", "/DesiredCount", False, False),
        ("AWS::ECS::Service", "/TaskDefinition", False, True),
        ("AWS::AutoScaling::AutoScalingGroup", "/DesiredCapacity", False, False),
        ("AWS::AutoScaling::AutoScalingGroup", "/MaxSize", False, True),
        ("AWS::Other::Thing", "/DesiredCount", True, True),
    ],
)
def test_what_moves_by_itself_does_not_count(type_: str, path: str, *, scaled: bool, counts: bool) -> None:
    assert bool(counting(type_, [{"path": path}], scaled=scaled)) is counts


def test_protection_that_was_switched_off_knowingly_does_not_count() -> None:
    assert counting(TABLE, [{"path": "/DeletionProtectionEnabled"}], unprotected=True) == []


@given(st.lists(st.tuples(st.sampled_from(["/A", "/B"]), st.sampled_from("xyz")), max_size=6), st.integers(0, 6))
def test_what_was_accepted_is_never_told_again_unless_its_value_is_another(
    pairs: list[tuple[str, str]], cut: int
) -> None:
    told = [{"path": path, "actual": actual} for path, actual in pairs]
    left = open_differences(told, told[:cut])
    assert all(one in told for one in left)
    assert not any(one in told[:cut] for one in left)
    assert all(one in left or one in told[:cut] for one in told)


@pytest.mark.parametrize(
    ("logical_id", "path", "name"),
    [
        ("Log", "/RetentionInDays", "Days"),
        ("Log", "/Tags/0/Value", "Own"),
        ("Log", "/Tags/4/Value", ""),
        ("Log", "/LogGroupName", ""),
        ("One", "/BillingMode", "Mode"),
        ("Three", "/RoleName", ""),
        ("Three", "/Description", ""),
        ("Three", "/Path", ""),
        ("Nobody", "/BillingMode", ""),
    ],
)
def test_which_parameter_alone_decides_a_property(logical_id: str, path: str, name: str) -> None:
    assert deciding_parameter(TEMPLATE, logical_id, path) == name


@pytest.mark.parametrize(
    ("picks", "taken"),
    [
        ([pick("Log", "/RetentionInDays")], {"Days": "90"}),
        ([pick("Log", "/RetentionInDays", "60")], {}),
        ([pick("Log", "/RetentionInDays", "null", "REMOVE")], {}),
        ([pick("Log", "/Tags/0/Value", "b")], {}),
        ([pick("One", "/BillingMode", "PROVISIONED")], {}),
        ([pick("One", "/BillingMode", "PROVISIONED"), pick("Two", "/BillingMode", "PROVISIONED")], {}),
        ([pick("One", "/TableName", "b")], {}),
    ],
)
def test_a_value_is_taken_over_only_where_it_changes_nothing_else(
    picks: list[dict[str, Any]], taken: dict[str, str]
) -> None:
    """`Own` is Stackyard's to fill in; `Mode` stands in a name, and `Told` in a condition, too."""
    assert values_taken(TEMPLATE, {"Secret": "s"}, picks, {"Own"}) == taken


def test_two_properties_of_one_parameter_are_taken_over_together() -> None:
    both = parse(TEMPLATE.body.replace("!Sub '${Mode}'", "two"))
    picks = [pick("One", "/BillingMode", "PROVISIONED"), pick("Two", "/BillingMode", "PROVISIONED")]
    assert values_taken(both, {"Secret": "s"}, picks, set()) == {"Mode": "PROVISIONED"}
    assert values_taken(both, {"Secret": "s"}, picks[:1], set()) == {}
    picks[1]["actual"] = "OTHER"
    assert values_taken(both, {"Secret": "s"}, picks, set()) == {}


def test_accepting_is_no_danger_to_data() -> None:
    rows = accepted_rows([pick("One", "/BillingMode"), pick("One", "/AWS"), pick("Two", "/BillingMode")])
    assert [(row["logical_id"], [one["path"] for one in row["details"]]) for row in rows] == [
        ("One", ["/Properties/AWS", "/Properties/BillingMode"]),
        ("Two", ["/Properties/BillingMode"]),
    ]
    assert dangers(rows) == ()
